-- mfa_factors
--
-- The authentication methods that are registered.
--
-- @optional
-- @key     provider, identity_id, factor_id
-- @references provider, identity_id -> mfa_identities
-- @grain   one row per identity and registered method instance
-- @loads   create table mfa_factors as from read_entra_registration('registration.json', rows := 'factors')
-- @column  provider        VARCHAR     Which directory it comes from
-- @column  identity_id     VARCHAR     The provider's id of the identity
-- @column  factor_id       VARCHAR     The provider's id of the factor; built from the identity and the method where it gives none
-- @column  user_principal  VARCHAR     Login name of the identity, lower case
-- @column  method          VARCHAR     Canonical method
-- @column  method_raw      VARCHAR     The provider's own name of the method
-- @column  status          VARCHAR     active, pending, suspended or revoked
-- @column  registered_at   TIMESTAMPTZ When it was registered
-- @column  last_used_at    TIMESTAMPTZ When it was last used
-- @column  attested        BOOLEAN     Whether the authenticator's make was proven
-- @column  aaguid          VARCHAR     Model of the authenticator
-- @column  number_matching BOOLEAN     Whether its push asks for a number
-- @column  shows_location  BOOLEAN     Whether its push shows where the request comes from
-- @column  is_default      BOOLEAN     Whether it is the identity's default
-- @column  is_recovery     BOOLEAN     Whether it only serves recovery
-- @column  device          VARCHAR     Device it lives on
-- @column  phone_region    VARCHAR     Country of the telephone number
-- @column  source_file     VARCHAR     File the record was read from
-- @column  source_record   BIGINT      Number of the record in that file, from 1

create table mfa_factors (
    provider VARCHAR,
    identity_id VARCHAR,
    factor_id VARCHAR,
    user_principal VARCHAR,
    method VARCHAR,
    method_raw VARCHAR,
    status VARCHAR,
    registered_at TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ,
    attested BOOLEAN,
    aaguid VARCHAR,
    number_matching BOOLEAN,
    shows_location BOOLEAN,
    is_default BOOLEAN,
    is_recovery BOOLEAN,
    device VARCHAR,
    phone_region VARCHAR,
    source_file VARCHAR,
    source_record BIGINT
);
