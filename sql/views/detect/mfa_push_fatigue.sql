-- mfa_push_fatigue
--
-- Pushes refused or not answered again and again: somebody else has the password.
--
-- A push counts when it was denied, reported as fraud, timed out or left without an answer; the provider's own words differ, the
-- contract's `mfa_result` does not. `fatigue_denies` of them within `fatigue_minutes` make an incident, which goes on as
-- long as no such span of time passes without one. Where a push is then accepted within that span the rule is
-- push_fatigue_success. One sort per identity; nothing is compared pairwise.
--
-- @area      detect
-- @reads     mfa_signins
-- @grain     one row per incident
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @param     fatigue_denies         INTEGER     5      refusals that make an incident
-- @param     fatigue_minutes        INTEGER     10     minutes they must lie within
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     push_fatigue or push_fatigue_success
-- @column    severity       VARCHAR     critical, high, medium or low
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first refusal
-- @column    last_seen      TIMESTAMPTZ last refusal
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) events: refusals; related_at: when one was accepted; detail: the results
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @example   select rule, count(*) as incidents from mfa_push_fatigue group by rule order by rule

with

pushes as (
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
        mfa_result,
        case
            when mfa_result in ('denied', 'timed_out', 'fraud_reported', 'failed') then 1
            else 0
        end as is_refused,
        case when mfa_result = 'satisfied' and outcome = 'success' then 1 else 0 end as is_accepted
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and second_factor in ('push', 'push_number', 'phone_signin')
        and mfa_result in ('denied', 'timed_out', 'fraud_reported', 'failed', 'satisfied')
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
