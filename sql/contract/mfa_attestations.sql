-- mfa_attestations
--
-- Who confirmed that an exception is still needed.
--
-- @optional
-- @key     exception_id, manager, attested_at
-- @references exception_id -> mfa_exceptions
-- @references manager -> mfa_identities (user_principal)
-- @grain   one row per attestation of one exception
-- @loads   create table mfa_attestations as from read_csv('attestations.csv')
-- @column  exception_id VARCHAR     Exception attested
-- @column  manager      VARCHAR     Login name or identity_id of whoever attested, lower case
-- @column  attested_at  TIMESTAMPTZ When they attested
-- @column  decision     VARCHAR     confirmed or revoked
-- @column  period       VARCHAR     Period it covers, for example 2026-Q3

create table mfa_attestations (
    exception_id VARCHAR,
    manager VARCHAR,
    attested_at TIMESTAMPTZ,
    decision VARCHAR,
    period VARCHAR
);
