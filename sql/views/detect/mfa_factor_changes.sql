-- mfa_factor_changes
--
-- Resets, removals and new methods that follow each other as an attacker would have them.
--
-- - reset_then_enrolled: somebody else (help desk, administrator, system or unknown) reset or removed a method, and a new
--   one was registered within `reset_minutes`.
-- - removed_not_replaced: a method was removed and none was registered within `replace_hours`; half of all "MFA disabled"
--   alerts are phone swaps, which do register one, or leave another. Only accounts that are left without a method that
--   counts are listed, and a removal younger than that is not judged yet. Questions and recovery do not count.
-- - temporary_pass_issued: a temporary access pass was created.
-- One row per reset, removal or pass.
--
-- @area      detect
-- @reads     mfa_factor_events, mfa_account_factors
-- @grain     one row per reset, removal or temporary pass
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @param     reset_minutes          INTEGER     60     minutes after a reset in which a new method is suspicious
-- @param     replace_hours          INTEGER     12     hours in which a removed method should be replaced
-- @param     preset                 VARCHAR     null   whose published thresholds are the defaults: elastic, panther, sentinel or splunk
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     reset_then_enrolled, removed_not_replaced or temporary_pass_issued
-- @column    severity       VARCHAR     high for reset_then_enrolled, medium for removed_not_replaced, else low
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ the reset or removal
-- @column    last_seen      TIMESTAMPTZ the enrolment, or the same
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) related_at: the enrolment; methods: removed and new; detail: who did it
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1556.006 Modify Authentication Process: Multi-Factor Authentication
-- @mitre     T1098.005 Account Manipulation: Device Registration
-- @equivalent elastic:cd89602e-9db0-48e3-9391-ae3bf241acd8 "MFA Deactivation with no Re-Activation for Okta User Account" - Okta only, 12 hours, without security questions; here (removed_not_replaced) the same for every log, and not while another method that counts is left
-- @equivalent elastic:5610b192-7f18-11ee-825b-f661ea17fbcd - a sign-in within 12 hours of a reset; here (reset_then_enrolled) a new method within an hour of it, since whoever is reset signs in again
-- @equivalent elastic:d0088204-675b-4175-bf07-1665da2d4810 - a temporary access pass was created; here (temporary_pass_issued) the same, of low severity: it is how people without a method are helped
-- @equivalent splunk:2fcbce12-cffa-4c84-b70c-192604d201d0 "PingID New MFA Method After Credential Reset" - PingID only, less than 3600 seconds; here the same hour for every log, and only where somebody else did the reset
-- @equivalent sigma:50e068d7-1e6b-4054-87e5-0a592c40c7e0 "Okta MFA Reset or Deactivated" - Okta only, every one; here one that nothing replaces, or that somebody follows up, since half of them are new telephones
-- @equivalent sigma:fa84aaf5-8142-43cd-9ec2-78cfebf878ce "Temporary Access Pass Added To An Account" - Entra only, high; here temporary_pass_issued
-- @equivalent panther:Okta.User.MFA.Reset.All - every reset of all methods; here one that is followed by a new method, or that leaves none
-- @equivalent panther:Okta.User.MFA.Factor.Suspend - a suspended method; not looked at here, since it comes back
-- @equivalent panther:GSuite.TwoStepVerification - 2-step verification turned off; here removed_not_replaced, after the hours in which it may come back
-- @equivalent panther:OneLogin.AuthFactorRemoved - every removal; here removed_not_replaced
-- @preset     elastic  replace_hours 12 - cd89602e-9db0-48e3-9391-ae3bf241acd8: 12 hours
-- @preset     splunk   reset_minutes 60 - 2fcbce12-cffa-4c84-b70c-192604d201d0: less than 3600 seconds
-- @example   select rule, count(*) as findings from mfa_factor_changes group by rule order by rule

with

events as (
    select
        event_time,
        provider,
        event_id,
        coalesce(identity_id, user_principal) as who,
        identity_id,
        user_principal,
        event_type,
        method,
        ip,
        coalesce(actor_kind, 'unknown') as done_by,
        case
            when event_type in ('removed', 'reset') and coalesce(method, '') not in ('question', 'backup_code', 'email_otp', 'temp_pass')
                then 1
            else 0
        end as is_loss,
        case
            when event_type = 'completed' and coalesce(method, '') not in ('question', 'backup_code', 'temp_pass')
                then event_time
        end as enrolled_time
    from mfa_factor_events
    where event_time <= $as_of
        and event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and coalesce(outcome, 'success') = 'success'
        and event_type in ('removed', 'reset', 'completed')
),

followed as (
    select
        event_time,
        provider,
        event_id,
        who,
        identity_id,
        user_principal,
        event_type,
        method,
        ip,
        done_by,
        is_loss,
        min(enrolled_time) over (
            partition by provider, who
            order by event_time asc nulls first
            range between current row and unbounded following
        ) as enrolled_at
    from events
),

-- who still has a method that counts
equipped as (
    select distinct
        provider,
        identity_id
    from mfa_account_factors
    where status = 'active'
        and removed_at is null
        and mfa_method_strength(method) in ('mfa', 'phishing_resistant', 'pr_hardware')
),

judged as (
    select
        f.event_time,
        f.provider,
        f.event_id,
        f.who,
        f.identity_id,
        f.user_principal,
        f.method,
        f.ip,
        f.done_by,
        f.enrolled_at,
        q.identity_id is not null as is_equipped
    from followed as f
    left join equipped as q
        on q.provider = f.provider
        and q.identity_id = f.identity_id
    where f.is_loss = 1
),

findings as (
    select
        case
            when enrolled_at <= event_time + ($reset_minutes || ' minutes')::interval and done_by <> 'self' then 'reset_then_enrolled'
            when coalesce(enrolled_at > event_time + ($replace_hours || ' hours')::interval, true)
                and event_time <= $as_of - ($replace_hours || ' hours')::interval
                and not is_equipped
                then 'removed_not_replaced'
        end as rule,
        event_time,
        provider,
        event_id,
        who,
        identity_id,
        user_principal,
        method,
        ip,
        done_by,
        enrolled_at
    from judged
    union all
    select
        'temporary_pass_issued' as rule,
        event_time,
        provider,
        event_id,
        who,
        identity_id,
        user_principal,
        method,
        ip,
        done_by,
        cast(null as timestamptz) as enrolled_at
    from events
    where event_type = 'completed'
        and method = 'temp_pass'
),

kept as (
    select
        rule,
        event_time,
        provider,
        event_id,
        who,
        identity_id,
        user_principal,
        method,
        ip,
        done_by,
        case when rule = 'reset_then_enrolled' then enrolled_at end as enrolled_at
    from findings
    where rule is not null
)

select
    md5(rule || '|' || coalesce(provider, '') || '|' || coalesce(who, '') || '|' || coalesce(event_id, cast(cast(floor(extract(epoch from event_time) * 1000) as bigint) as varchar))) as finding_id,
    rule as rule,
    case rule when 'reset_then_enrolled' then 'high' when 'removed_not_replaced' then 'medium' else 'low' end as severity,
    identity_id as identity_id,
    cast(null as varchar) as app_id,
    event_time as first_seen,
    coalesce(enrolled_at, event_time) as last_seen,
    {
        'events': cast(1 as bigint),
        'event_id': event_id,
        'related_at': enrolled_at,
        'ip': ip,
        'country': cast(null as varchar),
        'methods': [method],
        'measure': cast(null as double),
        'detail': done_by
    } as evidence,
    case rule
        when 'reset_then_enrolled' then 'ask the person by another way whether they asked for the reset; if not, revoke the new method and the sessions'
        when 'removed_not_replaced' then 'have the person register a method'
        else 'check that the pass was asked for, and that it was used once'
    end as remediation,
    provider,
    user_principal
from kept
