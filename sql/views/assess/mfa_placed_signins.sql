-- mfa_placed_signins
--
-- Every attempt to sign in, and the account it belongs to.
--
-- An account is found by the identity id of the log, else by the login name: logs of a provider whose accounts are not
-- loaded, such as a VPN's, belong to the account of that login elsewhere. Of several accounts with the same login it is a
-- privileged one, then an enabled one, then the first by provider and id.
--
-- @area      assess
-- @reads     mfa_signin_attempts, mfa_accounts
-- @grain     one row per attempt of mfa_signin_attempts
-- @column    event_time      TIMESTAMPTZ when it went through, or when its last event was
-- @column    day             DATE        the same as a day in UTC
-- @column    provider        VARCHAR     which log it comes from
-- @column    event_id        VARCHAR     the provider's id of the event, the last one of the attempt
-- @column    session_id      VARCHAR     the provider's session id
-- @column    identity_id     VARCHAR     the id of the identity in the log
-- @column    user_principal  VARCHAR     login name in the log, lower case
-- @column    population_hint VARCHAR     population the log suggests, lower case
-- @column    app_id          VARCHAR     the provider's id of the application
-- @column    app_name        VARCHAR     name of the application
-- @column    outcome         VARCHAR     success, failure, challenge, interrupted or unknown
-- @column    is_interactive  BOOLEAN     whether a person was at the keyboard
-- @column    is_legacy       BOOLEAN     whether the client could not be asked for a second factor
-- @column    protocol        VARCHAR     protocol, when one event carries it
-- @column    mfa_requirement VARCHAR     required, not_required or unknown
-- @column    mfa_met_by      VARCHAR     performed, remembered, claim, federated, bypass, trusted_location, none or unknown
-- @column    methods         VARCHAR[]   canonical methods of the events that went through; NULL when the log does not say
-- @column    is_modern       BOOLEAN     whether the client is known to be one that can be asked
-- @column    risk_words      VARCHAR     risk signals as logged, with spaces between; NULL is none reported
-- @column    ip_anonymizer   BOOLEAN     whether the provider called the address a proxy, VPN or TOR exit
-- @column    account_provider VARCHAR    directory of the account; NULL is none found
-- @column    account_id      VARCHAR     identity_id of the account there
-- @example   select provider, account_provider, count(*) as attempts from mfa_placed_signins group by provider, account_provider

with

accounts as (
    select
        provider,
        identity_id
    from mfa_accounts
),

logins as (
    select
        user_principal,
        provider,
        identity_id
    from mfa_accounts
    where user_principal is not null
    qualify row_number() over (
        partition by user_principal
        order by
            case when is_privileged then 0 else 1 end asc nulls last,
            case when is_enabled then 0 else 1 end asc nulls last,
            provider asc nulls last,
            identity_id asc nulls last
    ) = 1
)

select
    s.event_time,
    s.day,
    s.provider,
    s.event_id,
    s.session_id,
    s.identity_id,
    s.user_principal,
    s.population_hint,
    s.app_id,
    s.app_name,
    s.outcome,
    s.is_interactive,
    s.is_legacy,
    s.protocol,
    s.mfa_requirement,
    s.mfa_met_by,
    s.methods,
    s.is_modern,
    s.risk_words,
    s.ip_anonymizer,
    coalesce(a.provider, l.provider) as account_provider,
    coalesce(a.identity_id, l.identity_id) as account_id
from mfa_signin_attempts as s
left join accounts as a
    on a.provider = s.provider
    and a.identity_id = s.identity_id
left join logins as l
    on l.user_principal = case when a.identity_id is null then lower(s.user_principal) end
