-- mfa_control_tests
--
-- Tests of emergency accounts and critical applications.
--
-- @optional
-- @key     subject_kind, subject_id, tested_at
-- @references subject_id -> mfa_identities (identity_id)
-- @references subject_id -> mfa_apps (app_id)
-- @references tested_by -> mfa_identities (user_principal)
-- @grain   one row per test of one account or application
-- @loads   create table mfa_control_tests as from read_csv('control_tests.csv')
-- @column  subject_kind VARCHAR     break_glass or app
-- @column  subject_id   VARCHAR     identity_id or login name of the account, or app_id
-- @column  tested_at    TIMESTAMPTZ When it was tested
-- @column  tested_by    VARCHAR     Login name of whoever tested, lower case
-- @column  result       VARCHAR     passed, failed or unknown
-- @column  evidence_ref VARCHAR     Where the evidence is kept

create table mfa_control_tests (
    subject_kind VARCHAR,
    subject_id VARCHAR,
    tested_at TIMESTAMPTZ,
    tested_by VARCHAR,
    result VARCHAR,
    evidence_ref VARCHAR
);
