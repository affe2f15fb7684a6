-- mfa_exception_approvals
--
-- Who decided on an exception.
--
-- @optional
-- @key     exception_id, approver, decided_at
-- @references exception_id -> mfa_exceptions
-- @references approver -> mfa_identities (user_principal)
-- @grain   one row per decision of one approver on one exception
-- @loads   create table mfa_exception_approvals as from read_csv('exception_approvals.csv')
-- @column  exception_id VARCHAR     Exception decided on
-- @column  approver     VARCHAR     Login name or identity_id of whoever decided, lower case
-- @column  role         VARCHAR     Role they decided in: manager, security, …
-- @column  decided_at   TIMESTAMPTZ When they decided
-- @column  decision     VARCHAR     approved or rejected

create table mfa_exception_approvals (
    exception_id VARCHAR,
    approver VARCHAR,
    role VARCHAR,
    decided_at TIMESTAMPTZ,
    decision VARCHAR
);
