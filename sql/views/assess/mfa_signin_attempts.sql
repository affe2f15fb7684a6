-- mfa_signin_attempts
--
-- Every attempt to sign in, each once, how it ended and how MFA was met.
--
-- Most providers log a whole sign-in as one event. Where the primary factor, the second factor and the application are
-- events of their own, the events of one attempt (same identity and correlation_id) are one sign-in here: it went through when an
-- application was opened, when the second factor passed, or when the primary factor passed and nothing more was asked.
-- So a failed challenge is not a skipped one, and a password event is never counted as a single-factor sign-in beside
-- its own second factor. Of an attempt that did not go through, the words of its events count that say most: failure, then
-- challenge, interrupted, unknown. An application opened later in a session takes over what is known of that session: a
-- claim when it has passed MFA, none when a password is all there was. What the log does not say stays `unknown`: it is
-- neither a pass nor a gap.
--
-- @area      assess
-- @reads     mfa_signins
-- @grain     one row per attempt, token refreshes included (they are never interactive)
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    event_time      TIMESTAMPTZ when it went through, or when its last event was
-- @column    day             DATE        the same as a day in UTC
-- @column    provider        VARCHAR     which log it comes from
-- @column    event_id        VARCHAR     the provider's id of the event, the last one of the attempt
-- @column    session_id      VARCHAR     the provider's session id
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    user_principal  VARCHAR     login name, lower case
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
-- @example   select outcome, count(*) as attempts from mfa_signin_attempts where is_interactive group by outcome

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
        methods,
        case
            when is_legacy_auth is not null then not is_legacy_auth
            when surface in ('browser', 'mobile', 'desktop') or is_interactive then true
        end as is_modern,
        risk_signals,
        ip_anonymizer,
        outcome,
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
        first_factor,
        second_factor,
        case
            when is_legacy_auth is not null then not is_legacy_auth
            when surface in ('browser', 'mobile', 'desktop') or is_interactive then true
        end as is_modern,
        array_to_string(risk_signals, ' ') as risk_words,
        ip_anonymizer,
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
        max(event_time) as last_event_time,
        max(event_time) filter (where outcome = 'success') as event_time,
        max(event_id) as last_event_id,
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
        -- names, not lists: a list for every attempt would cost more than all the rest; more than two second factors are rare
        max(first_factor) filter (where outcome = 'success') as first_factor,
        min(second_factor) filter (where outcome = 'success') as second_factor,
        max(second_factor) filter (where outcome = 'success') as other_factor,
        bool_or(is_modern) as is_modern,
        max(risk_words) as risk_words,
        bool_or(ip_anonymizer) as ip_anonymizer,
        -- the word that says most
        case min(case outcome when 'failure' then 1 when 'challenge' then 2 when 'interrupted' then 3 end)
            when 1 then 'failure'
            when 2 then 'challenge'
            when 3 then 'interrupted'
            else 'unknown'
        end as failed_outcome,
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

ended as (
    select
        event_time,
        last_event_time,
        provider,
        event_id,
        last_event_id,
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
        first_factor,
        second_factor,
        other_factor,
        is_modern,
        risk_words,
        ip_anonymizer,
        failed_outcome,
        has_opened_app or has_passed_second or (has_passed_primary and not was_challenged) as is_through,
        met_rank
    from attempts
),

joined as (
    select
        case when is_through then event_time else last_event_time end as event_time,
        provider,
        case when is_through then event_id else last_event_id end as event_id,
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
        first_factor,
        second_factor,
        other_factor,
        is_modern,
        risk_words,
        ip_anonymizer,
        case when is_through then 'success' else failed_outcome end as outcome,
        case when is_through then met_rank else 7 end as met_rank
    from ended
),

sessions as (
    select
        provider,
        session_id,
        min(event_time) filter (where met_rank <= 4) as met_at,
        min(event_time) filter (where met_rank = 7) as not_met_at
    from joined
    where session_id is not null
        and outcome = 'success'
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
        j.first_factor,
        j.second_factor,
        j.other_factor,
        j.is_modern,
        j.risk_words,
        j.ip_anonymizer,
        j.outcome,
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
        methods,
        is_modern,
        array_to_string(risk_signals, ' ') as risk_words,
        ip_anonymizer,
        outcome,
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
        case
            when first_factor is null and second_factor is null then null
            when first_factor is null and second_factor = other_factor then [second_factor]
            when first_factor is null then [second_factor, other_factor]
            when second_factor is null then [first_factor]
            when second_factor = other_factor then [first_factor, second_factor]
            else [first_factor, second_factor, other_factor]
        end as methods,
        is_modern,
        risk_words,
        ip_anonymizer,
        outcome,
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
    coalesce(outcome, 'unknown') as outcome,
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
    end as mfa_met_by,
    methods,
    is_modern,
    risk_words,
    ip_anonymizer
from signins
