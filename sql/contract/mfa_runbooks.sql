-- mfa_runbooks
--
-- Runbooks of the help desk.
--
-- @optional
-- @key     runbook_id
-- @references owner -> mfa_identities (user_principal)
-- @grain   one row per runbook
-- @loads   create table mfa_runbooks as from read_csv('runbooks.csv')
-- @column  runbook_id  VARCHAR     Id of the runbook
-- @column  title       VARCHAR     Title
-- @column  root_cause  VARCHAR     Root cause it answers, as mfa_tickets spells it
-- @column  method      VARCHAR     Canonical method it is about; NULL is any
-- @column  owner       VARCHAR     Login name of its owner, lower case
-- @column  url         VARCHAR     Where it is
-- @column  reviewed_at TIMESTAMPTZ When it was last reviewed

create table mfa_runbooks (
    runbook_id VARCHAR,
    title VARCHAR,
    root_cause VARCHAR,
    method VARCHAR,
    owner VARCHAR,
    url VARCHAR,
    reviewed_at TIMESTAMPTZ
);
