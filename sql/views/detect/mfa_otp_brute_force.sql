-- mfa_otp_brute_force
--
-- One-time codes guessed: many wrong ones in a short time.
--
-- A code counts when the second factor was a one-time code, by app, hardware, text message, call or mail, and it failed. So does
-- a second factor that failed and that the log does not name (CloudTrail, the unified audit log): `methods` is unknown or NULL then.
-- `otp_failures` of them within `otp_minutes` make an incident, which may have to come from `otp_sessions` sessions, of which
-- an event without a number is none; it is worse when a code is then accepted.
--
-- @area      detect
-- @reads     mfa_signins
-- @grain     one row per incident
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @param     otp_failures           INTEGER     20     wrong codes that make an incident
-- @param     otp_minutes            INTEGER     10     minutes they must lie within
-- @param     otp_sessions           INTEGER     0      sessions the wrong codes of an incident must come from; 0 asks for none
-- @param     preset                 VARCHAR     null   whose published thresholds are the defaults: elastic, panther, sentinel or splunk
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     otp_brute_force or otp_brute_force_success
-- @column    severity       VARCHAR     critical for otp_brute_force_success, else high
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first wrong code
-- @column    last_seen      TIMESTAMPTZ last wrong code
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) events: wrong codes; related_at: when one was accepted
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1110 Brute Force
-- @equivalent elastic:3fac01b2-b811-11ef-b25b-f661ea17fbce - 20 events in 10 sessions or more; here 20 wrong codes in 10 minutes, in however many sessions (`otp_sessions`), since few logs number them
-- @equivalent panther:AWS.Unsuccessful.MFA.attempt - AWS only, 2 in 15 minutes; here 20 in 10, since a slip of the finger and a clock that drifts are 2, and not of a device that shows no codes, where the log names it
-- @preset     elastic  otp_failures 20, otp_sessions 10 - 3fac01b2-b811-11ef-b25b-f661ea17fbce: 20 in 10 sessions or more
-- @preset     panther  otp_failures 2, otp_minutes 15 - AWS.Unsuccessful.MFA.attempt: 2 in 15 minutes
-- @preset     sentinel otp_failures 11, otp_minutes 10 - 034f62b6-df51-49f3-831f-1e4cfd3c40d2: more than 10 in 10 minutes, by any factor
-- @preset     splunk   otp_failures 10, otp_minutes 5 - 826dbaae-a1e6-4c8c-b384-d16898956e73: 10 in 5 minutes, by any factor but the password
-- @example   select rule, count(*) as incidents from mfa_otp_brute_force group by rule order by rule

with

codes as (
    select
        event_time,
        extract(epoch from event_time) / 60.0 as minute_number,
        provider,
        event_id,
        coalesce(identity_id, user_principal) as who,
        identity_id,
        user_principal,
        ip,
        country,
        nullif(session_id, '') as session_id,
        second_factor,
        case when mfa_result in ('failed', 'denied') then 1 else 0 end as is_wrong,
        case when mfa_result = 'satisfied' and outcome = 'success' then 1 else 0 end as is_accepted
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and mfa_result in ('failed', 'denied', 'satisfied')
        and coalesce(second_factor, 'unknown') in ('totp', 'otp_hw', 'sms_otp', 'voice', 'email_otp', 'unknown')
),

counted as (
    select
        event_time,
        provider,
        event_id,
        who,
        identity_id,
        user_principal,
        ip,
        country,
        session_id,
        second_factor,
        is_wrong,
        is_accepted,
        sum(is_wrong) over recent as wrong_codes,
        max(case when is_wrong = 1 then event_time end) over before as previous_wrong
    from codes
    window
        recent as (
            partition by provider, who
            order by minute_number asc nulls first
            range between $otp_minutes preceding and current row
        ),
        before as (
            partition by provider, who
            order by event_time asc nulls first
            rows between unbounded preceding and 1 preceding
        )
),

numbered as (
    select
        event_time,
        provider,
        event_id,
        who,
        identity_id,
        user_principal,
        ip,
        country,
        session_id,
        second_factor,
        is_wrong,
        is_accepted,
        wrong_codes,
        sum(
            case
                when is_wrong = 1
                    and coalesce(previous_wrong <= event_time - ($otp_minutes || ' minutes')::interval, true)
                    then 1
                else 0
            end
        ) over (
            partition by provider, who
            order by event_time asc nulls first, is_wrong desc nulls last, event_id asc nulls first
            rows between unbounded preceding and current row
        ) as incident
    from counted
),

incidents as (
    select
        provider,
        who,
        incident,
        max(identity_id) as identity_id,
        max(user_principal) as user_principal,
        min(event_time) filter (where is_wrong = 1) as first_seen,
        max(event_time) filter (where is_wrong = 1) as last_seen,
        sum(is_wrong) as events,
        min(event_time) filter (where is_accepted = 1 and wrong_codes >= $otp_failures) as accepted_at,
        max(event_id) filter (where is_wrong = 1) as event_id,
        max(ip) filter (where is_wrong = 1) as ip,
        max(country) filter (where is_wrong = 1) as country,
        max(second_factor) filter (where is_wrong = 1) as method
    from numbered
    group by
        provider,
        who,
        incident
    having max(case when is_wrong = 1 then wrong_codes end) >= $otp_failures
        and count(distinct case when is_wrong = 1 then session_id end) >= $otp_sessions
),

named as (
    select
        case when accepted_at is null then 'otp_brute_force' else 'otp_brute_force_success' end as rule,
        provider,
        identity_id,
        user_principal,
        who,
        first_seen,
        last_seen,
        cast(events as bigint) as events,
        accepted_at,
        event_id,
        ip,
        country,
        method
    from incidents
)

select
    md5(rule || '|' || coalesce(provider, '') || '|' || coalesce(who, '') || '|' || cast(cast(floor(extract(epoch from first_seen) * 1000) as bigint) as varchar)) as finding_id,
    rule as rule,
    case rule when 'otp_brute_force_success' then 'critical' else 'high' end as severity,
    identity_id as identity_id,
    cast(null as varchar) as app_id,
    first_seen as first_seen,
    last_seen as last_seen,
    {
        'events': events,
        'event_id': event_id,
        'related_at': accepted_at,
        'ip': ip,
        'country': country,
        'methods': case when method is not null then [method] end,
        'measure': cast(null as double),
        'detail': cast(null as varchar)
    } as evidence,
    case rule
        when 'otp_brute_force_success' then 'end the sessions, reset the password, and move the account to a phishing-resistant method'
        else 'reset the password, and lock the factor after a few wrong codes'
    end as remediation,
    provider,
    user_principal
from named
