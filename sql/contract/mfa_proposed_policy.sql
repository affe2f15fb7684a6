-- mfa_proposed_policy
--
-- The version of the policy that is proposed, to be held against the one in force.
--
-- @optional
-- @key     document
-- @grain   exactly one row: the proposed document
-- @loads   create table mfa_proposed_policy as select content as document from read_text('proposed.toml')
-- @column  document VARCHAR The document, TOML or JSON

create table mfa_proposed_policy (
    document VARCHAR
);
