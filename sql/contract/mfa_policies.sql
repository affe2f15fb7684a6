-- mfa_policies
--
-- Policy documents and the instant each takes effect.
--
-- @optional
-- @key     policy_id, version
-- @grain   one row per version of a policy document
-- @loads   create table mfa_policies as select 'corp-mfa' as policy_id, '1' as version, timestamptz '2026-11-01 00:00:00+00' as effective_from, content as document, mfa_policy_hash(content) as hash, ['ciso@example.com'] as approved_by, 'CHG-1042' as ticket from read_text('policy.toml')
-- @column  policy_id      VARCHAR     Id of the document
-- @column  version        VARCHAR     Version of the document
-- @column  effective_from TIMESTAMPTZ First instant it holds
-- @column  document       VARCHAR     The document, TOML or JSON
-- @column  hash           VARCHAR     Hash of its canonical form, as mfa_policy_hash computes it
-- @column  approved_by    VARCHAR[]   Login names of whoever approved it, lower case
-- @column  ticket         VARCHAR     Ticket it was approved in

create table mfa_policies (
    policy_id VARCHAR,
    version VARCHAR,
    effective_from TIMESTAMPTZ,
    document VARCHAR,
    hash VARCHAR,
    approved_by VARCHAR[],
    ticket VARCHAR
);
