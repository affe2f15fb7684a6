-- mfa_successful_signins
--
-- Sign-ins that went through, each once, with how MFA was met.
--
-- Most providers log a whole sign-in as one event. Where the primary factor, the second factor and the application are
-- events of their own, the events of one attempt (same identity and correlation_id) are one sign-in here: it went through when an
-- application was opened, when the second factor passed, or when the primary factor passed and nothing more was asked.
-- So a failed challenge is not a skipped one, and a password event is never counted as a single-factor sign-in beside
-- its own second factor. An application opened later in a session takes over what is known of that session: a claim when it
-- has passed MFA, none when a password is all there was. What the log does not say stays `unknown`: it is neither a pass nor a gap.
--
-- @area      assess
-- @reads     mfa_signins
-- @grain     one row per sign-in that went through, token refreshes included (they are never interactive)
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
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

with

-- two passes over the log, each over its own kind of event: one shared list would have to be copied
whole as (
    select
        event_time,
        provider,
        event_id,
        session_id,
        identity_id,
        user_principal,
        coalesce(nullif(lower(population_hint), 'unknown'), case when is_guest then 'guest' end) as population_hint,
        app_id,
        app_name,
        case when event_kind = 'token' then false else is_interactive end as is_interactive,
        case
            when is_legacy_auth is not null then is_legacy_auth
            when surface = 'legacy_protocol' or protocol in ('imap', 'pop', 'smtp_auth', 'basic_auth') then true
            else false
        end as is_legacy,
        protocol,
        mfa_requirement,
        -- how MFA was met, best first; the smallest wins when several events make one sign-in
        case
            when second_factor = 'password' then 7
            when mfa_satisfied_by = 'performed' then 1
            when mfa_satisfied_by = 'remembered_device' then 2
            when mfa_satisfied_by = 'claim_in_token' then 3
            when mfa_satisfied_by = 'federated' then 4
            when mfa_satisfied_by = 'bypass' then 5
            when mfa_satisfied_by = 'trusted_location' then 6
            when mfa_satisfied_by = 'none' then 7
            when mfa_result = 'satisfied' then 1
            when mfa_result = 'bypassed' then 5
            when mfa_result = 'not_attempted' then 7
            when event_kind = 'primary' and first_factor = 'password' then 7
            else 8
        end as met_rank
    from mfa_signins
    where event_time <= $as_of
        and outcome = 'success'
        and (
            event_kind is null
            or event_kind in ('combined', 'token')
            or (event_kind in ('primary', 'second_factor', 'sso') and nullif(correlation_id, '') is null)
        )
),

parts as (
    select
        event_time,
        provider,
        event_id,
        event_kind,
        correlation_id,
        session_id,
        identity_id,
        user_principal,
        coalesce(nullif(lower(population_hint), 'unknown'), case when is_guest then 'guest' end) as population_hint,
        app_id,
        app_name,
        outcome,
        is_interactive,
        case
            when is_legacy_auth is not null then is_legacy_auth
            when surface = 'legacy_protocol' or protocol in ('imap', 'pop', 'smtp_auth', 'basic_auth') then true
            else false
        end as is_legacy,
        protocol,
        mfa_requirement,
        -- how MFA was met, best first; the smallest wins when several events make one sign-in
        case
            when second_factor = 'password' then 7
            when mfa_satisfied_by = 'performed' then 1
            when mfa_satisfied_by = 'remembered_device' then 2
            when mfa_satisfied_by = 'claim_in_token' then 3
            when mfa_satisfied_by = 'federated' then 4
            when mfa_satisfied_by = 'bypass' then 5
            when mfa_satisfied_by = 'trusted_location' then 6
            when mfa_satisfied_by = 'none' then 7
            when mfa_result = 'satisfied' then 1
            when mfa_result = 'bypassed' then 5
            when mfa_result = 'not_attempted' then 7
            when event_kind = 'primary' and first_factor = 'password' then 7
            else 8
        end as met_rank
    from mfa_signins
    where event_time <= $as_of
        and event_kind in ('primary', 'second_factor', 'sso')
        and correlation_id <> ''
),

attempts as (
    select
        provider,
        max(event_time) filter (where outcome = 'success') as event_time,
        max(event_id) filter (where outcome = 'success') as event_id,
        max(session_id) as session_id,
        max(identity_id) as identity_id,
        max(user_principal) as user_principal,
        max(population_hint) as population_hint,
        coalesce(max(app_id) filter (where event_kind = 'sso'), max(app_id)) as app_id,
        coalesce(max(app_name) filter (where event_kind = 'sso'), max(app_name)) as app_name,
        bool_or(is_interactive) as is_interactive,
        bool_or(is_legacy) as is_legacy,
        max(protocol) as protocol,
        -- 'required' sorts after 'not_required'; 'unknown' must not win over either
        max(nullif(mfa_requirement, 'unknown')) as mfa_requirement,
        min(met_rank) filter (where outcome = 'success') as met_rank,
        -- in parentheses: one engine reads name = value as a named argument
        bool_or((outcome = 'success' and event_kind = 'sso')) as has_opened_app,
        bool_or((outcome = 'success' and event_kind = 'second_factor')) as has_passed_second,
        bool_or((outcome = 'success' and event_kind = 'primary')) as has_passed_primary,
        bool_or((event_kind = 'second_factor' or outcome = 'challenge')) as was_challenged
    from parts
    group by
        provider,
        coalesce(identity_id, user_principal),
        correlation_id
),

joined as (
    select
        event_time,
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
        met_rank
    from attempts
    where has_opened_app
        or has_passed_second
        or (has_passed_primary and not was_challenged)
),

sessions as (
    select
        provider,
        session_id,
        min(event_time) filter (where met_rank <= 4) as met_at,
        min(event_time) filter (where met_rank = 7) as not_met_at
    from joined
    where session_id is not null
    group by
        provider,
        session_id
),

claimed as (
    select
        j.event_time,
        j.provider,
        j.event_id,
        j.session_id,
        j.identity_id,
        j.user_principal,
        j.population_hint,
        j.app_id,
        j.app_name,
        j.is_interactive,
        j.is_legacy,
        j.protocol,
        j.mfa_requirement,
        case
            when j.met_rank = 8 and s.met_at <= j.event_time then 3
            when j.met_rank = 8 and s.not_met_at <= j.event_time then 7
            else j.met_rank
        end as met_rank
    from joined as j
    left join sessions as s
        on s.provider = j.provider
        and s.session_id = j.session_id
),

signins as (
    select
        event_time,
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
        met_rank
    from whole
    union all
    select
        event_time,
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
        met_rank
    from claimed
)

select
    event_time,
    -- by arithmetic: several times faster than a time zone conversion, and the same in every session
    date '1970-01-01' + cast(floor(extract(epoch from event_time) / 86400) as integer) as day,
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
    coalesce(mfa_requirement, 'unknown') as mfa_requirement,
    case met_rank
        when 1 then 'performed'
        when 2 then 'remembered'
        when 3 then 'claim'
        when 4 then 'federated'
        when 5 then 'bypass'
        when 6 then 'trusted_location'
        when 7 then 'none'
        else 'unknown'
    end as mfa_met_by
from signins
