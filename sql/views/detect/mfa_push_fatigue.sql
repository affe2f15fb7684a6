-- mfa_push_fatigue
--
-- Pushes refused or not answered again and again: somebody else has the password.
--
-- A push counts when it was denied, reported as fraud, timed out or left without an answer; the provider's own words differ, the
-- contract's `mfa_result` does not. Where a log has the push that was sent (Okta, Auth0), it was left without an answer when
-- the next event of the person's pushes is another one that was sent, or comes after `push_answer_minutes`.
-- `fatigue_denies` of them within `fatigue_minutes` make an incident, which goes on as long as no such span of time passes
-- without one. Where a push is then accepted within that span the rule is push_fatigue_success. Sorted per identity; nothing
-- is compared pairwise.
--
-- @area      detect
-- @reads     mfa_signins
-- @grain     one row per incident
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @param     fatigue_denies         INTEGER     5      refusals that make an incident
-- @param     fatigue_minutes        INTEGER     10     minutes they must lie within
-- @param     push_answer_minutes    INTEGER     10     minutes in which a push is answered
-- @param     preset                 VARCHAR     null   whose published thresholds are the defaults: elastic, panther, sentinel or splunk
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     push_fatigue or push_fatigue_success
-- @column    severity       VARCHAR     critical for push_fatigue_success, else high
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first refusal
-- @column    last_seen      TIMESTAMPTZ last refusal
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) events: refusals; related_at: when one was accepted; detail: the results
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1621 Multi-Factor Authentication Request Generation
-- @equivalent elastic:8a0fbd26-867f-11ee-947c-f661ea17fbcd "Potential Okta MFA Bombing via Push Notifications" - Okta only, 5 refusals in 10 minutes; here the same numbers for every log, and a push that nobody answered counts
-- @equivalent elastic:97a8e584-fd3b-421f-9b9d-9c9d9e57e9d7 "Potentially Successful Okta MFA Bombing via Push Notifications" - the same and then a success; here push_fatigue_success
-- @equivalent sentinel:a8cc6d5c-4e7e-4b48-b4ac-d8a116c62a8b "MFA Spamming followed by Successful login" - Entra only, more than 10 and a success in 5 minutes from one address; here 5 in 10 minutes from any, since who asks and who answers are at different ones
-- @equivalent sentinel:c2697b81-7fe9-4f57-ba1d-de46c6f91f9c "MFA Fatigue (OKTA)" - Okta only, more than 10 pushes sent in an hour of a session; here pushes refused or not answered, since a push that is accepted tires nobody
-- @equivalent sentinel:034f62b6-df51-49f3-831f-1e4cfd3c40d2 "Cisco Duo - Multiple user login failures" - Duo only, more than 10 failures in 10 minutes, by whatever factor; here pushes, wrong codes are mfa_otp_brute_force
-- @equivalent splunk:826dbaae-a1e6-4c8c-b384-d16898956e73 - Okta only, 10 failures in 5 minutes, by any factor but the password; here pushes, and 5 in 10 minutes
-- @equivalent splunk:d0895c20-de71-4fd2-b56c-3fcdb888eba1 "Azure AD Multiple Denied MFA Requests For User" - Entra only, more than 9 in 10 minutes; here 5
-- @equivalent splunk:fd22124e-dbac-4744-a8ce-be10d8ec3e26 "O365 Multiple Failed MFA Requests For User" - the unified audit log, which does not name the factor; here its failures count in mfa_otp_brute_force, and refused pushes of the log of Entra here
-- @equivalent splunk:c1bc706a-0025-4814-ad30-288f38865036 "PingID Multiple Failed MFA Requests For User" - PingID only, 10 in 10 minutes; here 5
-- @equivalent chronicle:mr_61d8d679-bf4d-4441-bbbb-65f82a37e3c5 - more than 4 and then ALLOW in a session of 15 minutes; here push_fatigue_success, by identity, since few logs number sessions
-- @equivalent panther:Auth0.PushNotification.Fatigue - 5 pushes sent in 30 minutes; here pushes refused or not answered, as above
-- @equivalent panther:DUO.User.Denied.AnomalousPush - one push that Duo itself calls anomalous; here it is one refusal
-- @equivalent panther:DUO.User.Action.Fraudulent - one push reported as fraud; here it is one refusal
-- @equivalent sigma:e40f4962-b02b-4192-9bfe-245f7ece1f99 "Multifactor Authentication Denied" - one event; here it is one refusal, since one is a slip
-- @equivalent sigma:5496ff55-42ec-4369-81cb-00f417029e25 "Multifactor Authentication Interrupted" - one event; here it is at most one refusal
-- @preset     elastic  fatigue_denies 5, fatigue_minutes 10 - 8a0fbd26-867f-11ee-947c-f661ea17fbcd and 97a8e584-fd3b-421f-9b9d-9c9d9e57e9d7: 5 in 10 minutes
-- @preset     panther  fatigue_denies 5, fatigue_minutes 30 - Auth0.PushNotification.Fatigue: 5 in 30 minutes
-- @preset     sentinel fatigue_denies 11, fatigue_minutes 5 - a8cc6d5c-4e7e-4b48-b4ac-d8a116c62a8b: more than 10 in 5 minutes; that a success follows is push_fatigue_success
-- @preset     splunk   fatigue_denies 10, fatigue_minutes 10 - d0895c20-de71-4fd2-b56c-3fcdb888eba1 and fd22124e-dbac-4744-a8ce-be10d8ec3e26: more than 9 in 10 minutes; c1bc706a-0025-4814-ad30-288f38865036: 10 in 10 minutes
-- @example   select rule, count(*) as incidents from mfa_push_fatigue group by rule order by rule

with

-- a push that was sent, and the event that follows it
turns as (
    select
        event_time,
        provider,
        event_id,
        coalesce(identity_id, user_principal) as who,
        identity_id,
        user_principal,
        ip,
        country,
        outcome,
        mfa_result,
        case when event_kind = 'other' and outcome = 'challenge' then 1 else 0 end as is_sent,
        lead(event_kind = 'other' and outcome = 'challenge') over turn as is_sent_again,
        lead(event_time) over turn as next_time
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and second_factor in ('push', 'push_number', 'phone_signin')
        and (
            mfa_result in ('denied', 'timed_out', 'fraud_reported', 'failed', 'satisfied')
            or (event_kind = 'other' and outcome = 'challenge')
        )
    window turn as (
        partition by provider, coalesce(identity_id, user_principal)
        order by event_time asc nulls first, event_kind asc nulls first, event_id asc nulls first
    )
),

pushes as (
    select
        event_time,
        extract(epoch from event_time) / 60.0 as minute_number,
        provider,
        event_id,
        who,
        identity_id,
        user_principal,
        ip,
        country,
        case when is_sent = 1 then 'timed_out' else mfa_result end as mfa_result,
        case
            when is_sent = 1 or mfa_result in ('denied', 'timed_out', 'fraud_reported', 'failed') then 1
            else 0
        end as is_refused,
        case when is_sent = 0 and mfa_result = 'satisfied' and outcome = 'success' then 1 else 0 end as is_accepted
    from turns
    where is_sent = 0
        or is_sent_again
        or coalesce(next_time, $as_of) > event_time + ($push_answer_minutes || ' minutes')::interval
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
        mfa_result,
        is_refused,
        is_accepted,
        sum(is_refused) over recent as refusals,
        min(case when is_refused = 1 then event_time end) over recent as since,
        max(case when is_refused = 1 then event_time end) over before as previous_refusal
    from pushes
    window
        recent as (
            partition by provider, who
            order by minute_number asc nulls first
            range between $fatigue_minutes preceding and current row
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
        mfa_result,
        is_refused,
        is_accepted,
        refusals,
        since,
        -- a new incident begins with a refusal that none precedes within the span
        sum(
            case
                when is_refused = 1
                    and coalesce(previous_refusal <= event_time - ($fatigue_minutes || ' minutes')::interval, true)
                    then 1
                else 0
            end
        ) over (
            partition by provider, who
            order by event_time asc nulls first, is_refused desc nulls last, event_id asc nulls first
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
        min(event_time) filter (where is_refused = 1) as first_seen,
        max(event_time) filter (where is_refused = 1) as last_seen,
        sum(is_refused) as events,
        max(refusals) as most_at_once,
        min(event_time) filter (where is_accepted = 1 and refusals >= $fatigue_denies) as accepted_at,
        max(event_id) filter (where is_refused = 1) as event_id,
        max(ip) filter (where is_refused = 1) as ip,
        max(country) filter (where is_refused = 1) as country,
        string_agg(distinct case when is_refused = 1 then mfa_result end, ', ' order by case when is_refused = 1 then mfa_result end asc nulls last) as results
    from numbered
    group by
        provider,
        who,
        incident
    having max(case when is_refused = 1 then refusals end) >= $fatigue_denies
),

named as (
    select
        case when accepted_at is null then 'push_fatigue' else 'push_fatigue_success' end as rule,
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
        results
    from incidents
)

select
    md5(rule || '|' || coalesce(provider, '') || '|' || coalesce(who, '') || '|' || cast(cast(floor(extract(epoch from first_seen) * 1000) as bigint) as varchar)) as finding_id,
    rule as rule,
    case rule when 'push_fatigue_success' then 'critical' else 'high' end as severity,
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
        'methods': cast(null as varchar[]),
        'measure': cast(null as double),
        'detail': results
    } as evidence,
    case rule
        when 'push_fatigue_success' then 'end the sessions, reset the password, and move the account to number matching or a phishing-resistant method'
        else 'reset the password, and move the account to number matching or a phishing-resistant method'
    end as remediation,
    provider,
    user_principal
from named
