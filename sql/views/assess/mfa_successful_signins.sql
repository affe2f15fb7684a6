-- mfa_successful_signins
--
-- Sign-ins that went through, each once, with how MFA was met.
--
-- The attempts of mfa_signin_attempts that went through; what an attempt is and when it went through is said there. What the
-- log does not say stays `unknown`: it is neither a pass nor a gap.
--
-- @area      assess
-- @reads     mfa_signin_attempts
-- @grain     one row per sign-in that went through, token refreshes included (they are never interactive)
-- @column    event_time      TIMESTAMPTZ when it went through
-- @column    day             DATE        the same as a day in UTC
-- @column    provider        VARCHAR     which log it comes from
-- @column    event_id        VARCHAR     the provider's id of the event, the last one of the attempt
-- @column    session_id      VARCHAR     the provider's session id
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    population_hint VARCHAR     population the log suggests, lower case
-- @column    app_id          VARCHAR     the provider's id of the application
-- @column    app_name        VARCHAR     name of the application
-- @column    is_interactive  BOOLEAN     whether a person was at the keyboard
-- @column    is_legacy       BOOLEAN     whether the client could not be asked for a second factor
-- @column    protocol        VARCHAR     protocol, when one event carries it
-- @column    mfa_requirement VARCHAR     required, not_required or unknown
-- @column    mfa_met_by      VARCHAR     performed, remembered, claim, federated, bypass, trusted_location, none or unknown
-- @example   select mfa_met_by, count(*) as signins from mfa_successful_signins where is_interactive group by mfa_met_by

select
    event_time,
    day,
    provider,
    event_id,
    session_id,
    identity_id,
    user_principal,
    population_hint,
    app_id,
    app_name,
    is_interactive,
    is_legacy,
    protocol,
    mfa_requirement,
    mfa_met_by
from mfa_signin_attempts
where outcome = 'success'
