-- mfa_bypass_codes
--
-- Bypass codes and temporary access passes that were issued.
--
-- @optional
-- @key     provider, code_id
-- @references provider, identity_id -> mfa_identities
-- @references exception_id -> mfa_exceptions
-- @references created_by -> mfa_identities (user_principal)
-- @grain   one row per code; never the code itself
-- @loads   create table mfa_bypass_codes as from read_csv('bypass_codes.csv')
-- @column  provider       VARCHAR     Which provider issued it
-- @column  code_id        VARCHAR     The provider's id of the code
-- @column  identity_id    VARCHAR     Identity it was issued to
-- @column  user_principal VARCHAR     Login name of that identity, lower case
-- @column  created_at     TIMESTAMPTZ When it was issued
-- @column  created_by     VARCHAR     Login name of whoever issued it, lower case
-- @column  expires_at     TIMESTAMPTZ First instant it no longer works
-- @column  reuse_count    BIGINT      How often it may be used; NULL is without limit
-- @column  used_count     BIGINT      How often it was used
-- @column  last_used_at   TIMESTAMPTZ When it was last used
-- @column  revoked_at     TIMESTAMPTZ When it was revoked
-- @column  exception_id   VARCHAR     Exception it was issued under
-- @column  ticket         VARCHAR     Ticket it was issued in

create table mfa_bypass_codes (
    provider VARCHAR,
    code_id VARCHAR,
    identity_id VARCHAR,
    user_principal VARCHAR,
    created_at TIMESTAMPTZ,
    created_by VARCHAR,
    expires_at TIMESTAMPTZ,
    reuse_count BIGINT,
    used_count BIGINT,
    last_used_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    exception_id VARCHAR,
    ticket VARCHAR
);
