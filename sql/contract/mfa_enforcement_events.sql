-- mfa_enforcement_events
--
-- Steps of the enforcement that were carried out.
--
-- @optional
-- @key     event_id
-- @references provider, identity_id -> mfa_identities
-- @references exception_id -> mfa_exceptions
-- @references actor -> mfa_identities (user_principal)
-- @grain   one row per step and identity
-- @loads   create table mfa_enforcement_events as from read_csv('enforcement_events.csv')
-- @column  event_id       VARCHAR     Id of the event
-- @column  event_time     TIMESTAMPTZ When it was carried out, in UTC
-- @column  provider       VARCHAR     Provider it was carried out at
-- @column  identity_id    VARCHAR     The provider's id of the identity
-- @column  user_principal VARCHAR     Login name, lower case
-- @column  from_stage     BIGINT      Stage before; 0 is none
-- @column  to_stage       BIGINT      Stage after
-- @column  effect         VARCHAR     remind, limit, block or lift
-- @column  reason         VARCHAR     Why
-- @column  actor          VARCHAR     Login name of whoever did it, lower case
-- @column  exception_id   VARCHAR     Exception it rests on

create table mfa_enforcement_events (
    event_id VARCHAR,
    event_time TIMESTAMPTZ,
    provider VARCHAR,
    identity_id VARCHAR,
    user_principal VARCHAR,
    from_stage BIGINT,
    to_stage BIGINT,
    effect VARCHAR,
    reason VARCHAR,
    actor VARCHAR,
    exception_id VARCHAR
);
