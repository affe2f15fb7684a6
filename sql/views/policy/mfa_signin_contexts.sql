-- mfa_signin_contexts
--
-- Every attempt to sign in as mfa_evaluate takes it: the application, and what is known of the session.
--
-- What counts as MFA: where it was performed, the methods of the attempt at the time of the attempt. Where it was met by a
-- claim, a remembered device or something the log does not say, the last MFA that was performed before in the same session;
-- where no such event is known, methods and time are NULL, which is unknown and never a pass. Where another identity provider
-- did it, `fed_mfa` at an unknown time. Where MFA was not met, or met by a bypass or a location, the methods of the attempt,
-- else the password. An attempt that did not go through brings nothing. Signals are the words policies use, for what the log
-- reports: anonymizer, tor, impossible_travel, new_device, new_location, unfamiliar_features, malicious_ip,
-- leaked_credentials; none reported is none. Travel is not computed from places here. A client known to be no legacy one has
-- the protocol `modern` when the log names none, a legacy one `basic_auth`. Tokens that service principals fetch for
-- themselves are no session: app and context are NULL.
--
-- @area      policy
-- @reads     mfa_placed_signins, mfa_signin_attempts, mfa_apps
-- @grain     one row per attempt of mfa_signin_attempts
-- @param     as_of           TIMESTAMPTZ now()  instant it is replayed at
-- @column    event_time      TIMESTAMPTZ when it went through, or when its last event was
-- @column    provider        VARCHAR     which log it comes from
-- @column    event_id        VARCHAR     the provider's id of the event, the last one of the attempt
-- @column    identity_id     VARCHAR     the id of the identity in the log
-- @column    user_principal  VARCHAR     login name in the log, lower case
-- @column    population_hint VARCHAR     population the log suggests, lower case
-- @column    account_provider VARCHAR    directory of the account; NULL is none found
-- @column    account_id      VARCHAR     identity_id of the account there
-- @column    app_id          VARCHAR     the provider's id of the application
-- @column    app_name        VARCHAR     name of the application
-- @column    sensitivity     VARCHAR     critical, normal or low, from mfa_apps; the strictest of several rows; NULL is unknown
-- @column    outcome         VARCHAR     success, failure, challenge, interrupted or unknown
-- @column    is_interactive  BOOLEAN     whether a person was at the keyboard
-- @column    is_legacy       BOOLEAN     whether the client could not be asked for a second factor
-- @column    mfa_met_by      VARCHAR     performed, remembered, claim, federated, bypass, trusted_location, none or unknown
-- @column    mfa_at          TIMESTAMPTZ when the session authenticated that way; NULL is unknown
-- @column    app             STRUCT(id VARCHAR, sensitivity VARCHAR) third argument
-- @column    context         STRUCT(signals VARCHAR[], protocol VARCHAR, transaction VARCHAR, used_methods VARCHAR[], mfa_at TIMESTAMPTZ, federated BOOLEAN, federation_attested BOOLEAN) fourth argument, at event_time
-- @column    replayed_context STRUCT(signals VARCHAR[], protocol VARCHAR, transaction VARCHAR, used_methods VARCHAR[], mfa_at TIMESTAMPTZ, federated BOOLEAN, federation_attested BOOLEAN) the same as if it happened at as_of, with an MFA of the same age
-- @example   select context.used_methods, count(*) as signins from mfa_signin_contexts where outcome = 'success' group by 1

with

apps as (
    select
        app_id,
        -- the strictest
        case max(case lower(sensitivity) when 'critical' then 3 when 'normal' then 2 when 'low' then 1 end)
            when 3 then 'critical'
            when 2 then 'normal'
            when 1 then 'low'
        end as sensitivity
    from mfa_apps
    where app_id is not null
    group by app_id
),

-- each performed MFA of a session, until the next
performed as (
    select
        provider,
        session_id,
        event_time,
        methods,
        coalesce(
            lead(event_time) over (partition by provider, session_id order by event_time asc nulls first),
            timestamptz '9999-12-31 00:00:00+00'
        ) as next_time
    from mfa_signin_attempts
    where outcome = 'success'
        and mfa_met_by = 'performed'
        and session_id is not null
),

signins as (
    select
        s.event_time,
        s.provider,
        s.event_id,
        s.identity_id,
        s.user_principal,
        s.population_hint,
        s.account_provider,
        s.account_id,
        s.app_id,
        s.app_name,
        m.sensitivity,
        s.outcome,
        s.is_interactive,
        s.is_legacy,
        s.mfa_met_by,
        case
            when s.outcome <> 'success' then cast([] as varchar[])
            when s.mfa_met_by = 'performed' and s.methods = ['password'] then null
            when s.mfa_met_by = 'performed' then nullif(s.methods, cast([] as varchar[]))
            when s.mfa_met_by in ('none', 'bypass', 'trusted_location')
                then coalesce(nullif(s.methods, cast([] as varchar[])), ['password'])
            when p.event_time is not null and p.methods <> ['password'] then nullif(p.methods, cast([] as varchar[]))
            when s.mfa_met_by = 'federated' then ['fed_mfa']
        end as used_methods,
        case
            when s.outcome <> 'success' then null
            when s.mfa_met_by = 'performed' then s.event_time
            -- the password, or what stood in for MFA, is given each time
            when s.mfa_met_by in ('none', 'bypass', 'trusted_location')
                then case when s.is_interactive or s.is_legacy then s.event_time end
            else p.event_time
        end as mfa_at,
        s.mfa_met_by = 'federated' as is_federated,
        case
            when s.protocol is not null then s.protocol
            when s.is_legacy then 'basic_auth'
            when s.is_modern then 'modern'
        end as protocol,
        case
            when coalesce(s.risk_words, '') = '' and not coalesce(s.ip_anonymizer, false) then cast([] as varchar[])
            else list_concat(
                case when s.ip_anonymizer or lower(s.risk_words) like '%anonym%' then ['anonymizer'] else [] end,
                case when ' ' || lower(s.risk_words) || ' ' like '% tor %' then ['tor'] else [] end,
                case
                    when lower(s.risk_words) like '%travel%' or lower(s.risk_words) like '%velocity%' then ['impossible_travel']
                    else []
                end,
                case
                    when lower(s.risk_words) like '%new device%' or lower(s.risk_words) like '%anomalous device%' then ['new_device']
                    else []
                end,
                case
                    when lower(s.risk_words) like '%newcountry%'
                        or lower(s.risk_words) like '%new geo%'
                        or lower(s.risk_words) like '%new country%'
                        or lower(s.risk_words) like '%new city%'
                        or lower(s.risk_words) like '%new state%'
                        or lower(s.risk_words) like '%anomalous location%'
                        then ['new_location']
                    else []
                end,
                case when lower(s.risk_words) like '%unfamiliar%' then ['unfamiliar_features'] else [] end,
                case when lower(s.risk_words) like '%malicious%' then ['malicious_ip'] else [] end,
                case when lower(s.risk_words) like '%leakedcredentials%' then ['leaked_credentials'] else [] end
            )
        end as signals,
        -- in parentheses: one engine reads name = value as a named argument
        coalesce((s.population_hint = 'service' and not s.is_interactive), false) as is_app_only
    from mfa_placed_signins as s
    left join apps as m
        on m.app_id = s.app_id
    left join performed as p
        on p.provider = s.provider
        and p.session_id = case
            when s.mfa_met_by in ('claim', 'remembered', 'federated', 'unknown') and s.outcome = 'success' then s.session_id
        end
        and p.event_time <= s.event_time
        and p.next_time > s.event_time
)

select
    event_time,
    provider,
    event_id,
    identity_id,
    user_principal,
    population_hint,
    account_provider,
    account_id,
    app_id,
    app_name,
    sensitivity,
    outcome,
    is_interactive,
    is_legacy,
    mfa_met_by,
    mfa_at,
    case when not is_app_only then {'id': app_id, 'sensitivity': sensitivity} end as app,
    case
        when not is_app_only then {
            'signals': signals,
            'protocol': protocol,
            'transaction': 'sign_in',
            'used_methods': used_methods,
            'mfa_at': mfa_at,
            'federated': is_federated,
            'federation_attested': cast(null as boolean)
        }
    end as context,
    case
        when not is_app_only then {
            'signals': signals,
            'protocol': protocol,
            'transaction': 'sign_in',
            'used_methods': used_methods,
            'mfa_at': case
                when mfa_at = event_time then $as_of
                -- by arithmetic: a difference of instants is a number of days of the session's time zone
                else $as_of - ((extract(epoch from event_time) - extract(epoch from mfa_at)) || ' seconds')::interval
            end,
            'federated': is_federated,
            'federation_attested': cast(null as boolean)
        }
    end as replayed_context
from signins
