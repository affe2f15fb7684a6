-- mfa_enrollment_events
--
-- Steps of the guided set-up, where a portal or a campaign logs them apart from the provider.
--
-- @optional
-- @key     event_id
-- @references provider, identity_id -> mfa_identities
-- @grain   one row per step one person reached
-- @loads   create table mfa_enrollment_events as from read_csv('enrollment_events.csv')
-- @column  event_id       VARCHAR     Id of the event
-- @column  event_time     TIMESTAMPTZ When it happened, in UTC
-- @column  provider       VARCHAR     Provider the person enrols at
-- @column  identity_id    VARCHAR     The provider's id of the identity
-- @column  user_principal VARCHAR     Login name, lower case
-- @column  step           VARCHAR     invited, opened, started, method_selected, verify_failed, factor_1, factor_2, recovery, completed or abandoned
-- @column  method         VARCHAR     Canonical method; NULL when the step names none
-- @column  failure_reason VARCHAR     Why the step failed; NULL when it did not
-- @column  channel        VARCHAR     portal, prompt, helpdesk or campaign

create table mfa_enrollment_events (
    event_id VARCHAR,
    event_time TIMESTAMPTZ,
    provider VARCHAR,
    identity_id VARCHAR,
    user_principal VARCHAR,
    step VARCHAR,
    method VARCHAR,
    failure_reason VARCHAR,
    channel VARCHAR
);
