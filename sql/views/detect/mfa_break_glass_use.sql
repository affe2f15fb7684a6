-- mfa_break_glass_use
--
-- Every use of an emergency account: a drill, an emergency, or misuse.
--
-- A use is all sign-ins of a break-glass account on one day, failed ones as well. It is a drill when a control test of the
-- account is on record within `drill_hours` of it, an emergency when a ticket names the account on that day or the day
-- before, and else break_glass_misuse. Which accounts those are says the directory (population break_glass), not a guess by
-- name.
--
-- @area      detect
-- @reads     mfa_signins, mfa_accounts, mfa_control_tests, mfa_tickets
-- @grain     one row per account and day with sign-ins
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @param     drill_hours            INTEGER     24     hours between a drill and its record
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     break_glass_drill, break_glass_emergency or break_glass_misuse
-- @column    severity       VARCHAR     critical for break_glass_misuse, high for break_glass_emergency, else low
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first sign-in of the day
-- @column    last_seen      TIMESTAMPTZ last
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) events: sign-ins; related_at: the test or the ticket; detail: tester or ticket
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1078.004 Valid Accounts: Cloud Accounts
-- @equivalent sentinel:8c047697-ad35-4d9b-97b5-008a5d51c3e9 - here the directory says which accounts those are, and a use that a control test or a ticket explains is told from misuse
-- @equivalent panther:AWS.Console.RootLogin - the root user of AWS only; here it is one of the emergency accounts, as the credential report has it
-- @example   select rule, user_principal, first_seen from mfa_break_glass_use order by first_seen

with

accounts as (
    select
        provider,
        identity_id,
        user_principal
    from mfa_accounts
    where population = 'break_glass'
),

seen as (
    select
        a.provider,
        a.identity_id,
        a.user_principal,
        cast(s.event_time at time zone 'UTC' as date) as day,
        s.event_time,
        s.event_id,
        s.ip,
        s.country,
        s.outcome
    from mfa_signins as s
    inner join accounts as a
        on a.provider = s.provider
        and a.identity_id = s.identity_id
    where s.event_time <= $as_of
        and s.event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and coalesce(s.event_kind, 'combined') <> 'token'
    union all
    select
        a.provider,
        a.identity_id,
        a.user_principal,
        cast(s.event_time at time zone 'UTC' as date) as day,
        s.event_time,
        s.event_id,
        s.ip,
        s.country,
        s.outcome
    from mfa_signins as s
    inner join accounts as a
        on a.user_principal = lower(s.user_principal)
    where s.event_time <= $as_of
        and s.event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and coalesce(s.event_kind, 'combined') <> 'token'
        and coalesce(s.provider <> a.provider or s.identity_id <> a.identity_id, true)
),

days as (
    select
        provider,
        identity_id,
        user_principal,
        day,
        min(event_time) as first_seen,
        max(event_time) as last_seen,
        count(*) as events,
        max(event_id) as event_id,
        max(ip) as ip,
        max(country) as country
    from seen
    group by
        provider,
        identity_id,
        user_principal,
        day
),

tests as (
    select
        d.provider,
        d.identity_id,
        d.day,
        min(t.tested_at) as tested_at,
        min(t.tested_by) as tested_by
    from days as d
    inner join mfa_control_tests as t
        on lower(t.subject_id) in (lower(d.identity_id), d.user_principal)
    where t.subject_kind = 'break_glass'
        and t.tested_at >= d.first_seen - ($drill_hours || ' hours')::interval
        and t.tested_at <= d.last_seen + ($drill_hours || ' hours')::interval
    group by
        d.provider,
        d.identity_id,
        d.day
),

tickets as (
    select
        d.provider,
        d.identity_id,
        d.day,
        min(t.opened_at) as opened_at,
        min(t.ticket_id) as ticket_id
    from days as d
    inner join mfa_tickets as t
        on lower(t.user_principal) = d.user_principal
    where t.opened_at >= d.first_seen - interval '24 hours'
        and t.opened_at <= d.last_seen + interval '24 hours'
    group by
        d.provider,
        d.identity_id,
        d.day
),

findings as (
    select
        case
            when t.tested_at is not null then 'break_glass_drill'
            when k.ticket_id is not null then 'break_glass_emergency'
            else 'break_glass_misuse'
        end as rule,
        d.provider,
        d.identity_id,
        d.user_principal,
        d.day,
        d.first_seen,
        d.last_seen,
        d.events,
        d.event_id,
        d.ip,
        d.country,
        coalesce(t.tested_at, k.opened_at) as related_at,
        coalesce(t.tested_by, k.ticket_id) as detail
    from days as d
    left join tests as t
        on t.provider = d.provider
        and t.identity_id = d.identity_id
        and t.day = d.day
    left join tickets as k
        on k.provider = d.provider
        and k.identity_id = d.identity_id
        and k.day = d.day
)

select
    md5(rule || '|' || coalesce(provider, '') || '|' || coalesce(identity_id, '') || '|' || cast(day as varchar)) as finding_id,
    rule as rule,
    case rule when 'break_glass_misuse' then 'critical' when 'break_glass_emergency' then 'high' else 'low' end as severity,
    identity_id as identity_id,
    cast(null as varchar) as app_id,
    first_seen as first_seen,
    last_seen as last_seen,
    {
        'events': events,
        'event_id': event_id,
        'related_at': related_at,
        'ip': ip,
        'country': country,
        'methods': cast(null as varchar[]),
        'measure': cast(null as double),
        'detail': detail
    } as evidence,
    case rule
        when 'break_glass_misuse' then 'find out who signed in and why, then change the credential'
        when 'break_glass_emergency' then 'review what was done, then change the credential'
        else 'keep the record of the test'
    end as remediation,
    provider,
    user_principal
from findings
