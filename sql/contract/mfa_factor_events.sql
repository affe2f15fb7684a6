-- mfa_factor_events
--
-- The life of the registered methods: enrolled, removed, reset, changed, and by whom.
--
-- @optional
-- @key     provider, event_id
-- @references provider, identity_id, factor_id -> mfa_factors
-- @references provider, identity_id -> mfa_identities
-- @references actor_principal -> mfa_identities (user_principal)
-- @grain   one row per lifecycle event of one method, or of all methods of an identity when method is NULL
-- @loads   create table mfa_factor_events as from read_entra_audits('audits.json')
-- @column  event_time         TIMESTAMPTZ When it happened, in UTC
-- @column  provider           VARCHAR     Which log it comes from
-- @column  event_id           VARCHAR     The provider's id of the event
-- @column  correlation_id     VARCHAR     Joins the events of one enrolment
-- @column  identity_id        VARCHAR     The provider's id of the identity whose method it is
-- @column  user_principal     VARCHAR     Login name of that identity, lower case
-- @column  event_type         VARCHAR     started, method_selected, verify_failed, completed, abandoned, removed, reset, changed, suspended or resumed
-- @column  event_type_raw     VARCHAR     The provider's own event name
-- @column  factor_id          VARCHAR     The provider's id of the factor; NULL when it names none
-- @column  method             VARCHAR     Canonical method; NULL when it names none or means all of them
-- @column  method_raw         VARCHAR     The provider's own name of the method
-- @column  outcome            VARCHAR     success, failure or unknown
-- @column  failure_code       VARCHAR     The provider's error code; NULL on success
-- @column  failure_reason_raw VARCHAR     The provider's own words for it
-- @column  actor_id           VARCHAR     The provider's id of whoever did it
-- @column  actor_principal    VARCHAR     Login name of whoever did it, lower case
-- @column  actor_kind         VARCHAR     self, admin, helpdesk, system or unknown
-- @column  ip                 VARCHAR     Source address
-- @column  user_agent         VARCHAR     User agent
-- @column  source_file        VARCHAR     File the record was read from
-- @column  source_record      BIGINT      Number of the record in that file, from 1

create table mfa_factor_events (
    event_time TIMESTAMPTZ,
    provider VARCHAR,
    event_id VARCHAR,
    correlation_id VARCHAR,
    identity_id VARCHAR,
    user_principal VARCHAR,
    event_type VARCHAR,
    event_type_raw VARCHAR,
    factor_id VARCHAR,
    method VARCHAR,
    method_raw VARCHAR,
    outcome VARCHAR,
    failure_code VARCHAR,
    failure_reason_raw VARCHAR,
    actor_id VARCHAR,
    actor_principal VARCHAR,
    actor_kind VARCHAR,
    ip VARCHAR,
    user_agent VARCHAR,
    source_file VARCHAR,
    source_record BIGINT
);
