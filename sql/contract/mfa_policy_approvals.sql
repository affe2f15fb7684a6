-- mfa_policy_approvals
--
-- Who decided on a version of the policy.
--
-- @optional
-- @key     policy_id, version, approver, decided_at
-- @references policy_id, version -> mfa_policies
-- @references approver -> mfa_identities (user_principal)
-- @grain   one row per decision of one approver on one version
-- @loads   create table mfa_policy_approvals as from read_csv('policy_approvals.csv')
-- @column  policy_id     VARCHAR     Id of the document
-- @column  version       VARCHAR     Version of the document
-- @column  approver      VARCHAR     Login name of whoever decided, lower case
-- @column  role          VARCHAR     Role they decided in
-- @column  decided_at    TIMESTAMPTZ When they decided
-- @column  decision      VARCHAR     approved or rejected
-- @column  document_hash VARCHAR     Hash of what they decided on
-- @column  ticket        VARCHAR     Ticket it was decided in

create table mfa_policy_approvals (
    policy_id VARCHAR,
    version VARCHAR,
    approver VARCHAR,
    role VARCHAR,
    decided_at TIMESTAMPTZ,
    decision VARCHAR,
    document_hash VARCHAR,
    ticket VARCHAR
);
