-- mfa_factor_downgrades
--
-- Sign-ins with a weaker second factor than the person has had for a while.
--
-- An account that has held an active method of a better class for `downgrade_days` and still signs in with a weaker one
-- offers an attacker the weaker one. Classes are those of mfa_method_strength: single, mfa, phishing_resistant, pr_hardware.
-- Worse for privileged accounts. Only methods whose class is known are compared; a password alone is another finding.
--
-- @area      detect
-- @reads     mfa_placed_signins, mfa_account_factors, mfa_accounts
-- @grain     one row per account and weaker method
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @param     downgrade_days         INTEGER     30     days for which the better method must have been there
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     factor_downgrade
-- @column    severity       VARCHAR     high for privileged accounts, else medium
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first such sign-in
-- @column    last_seen      TIMESTAMPTZ last
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) events: sign-ins; methods: the weaker one and the best held; related_at: since when that is held
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1111 Multi-Factor Authentication Interception
-- @mitre     T1078.004 Valid Accounts: Cloud Accounts
-- @equivalent none - no rule for Entra or Okta compares what was used with what the person holds, which is not in the log of sign-ins
-- @example   select evidence.methods, count(*) as accounts from mfa_factor_downgrades group by evidence.methods

with

classes as (
    select
        provider,
        identity_id,
        method,
        registered_at,
        case mfa_method_strength(method)
            when 'single' then 1
            when 'mfa' then 2
            when 'phishing_resistant' then 3
            when 'pr_hardware' then 4
        end as class
    from mfa_account_factors
    where status = 'active'
        and removed_at is null
        and registered_at is not null
),

best as (
    select
        provider,
        identity_id,
        method,
        registered_at,
        class
    from classes
    where class is not null
    qualify row_number() over (
        partition by provider, identity_id
        order by class desc nulls last, registered_at asc nulls last, method asc nulls last
    ) = 1
),

accounts as (
    select
        provider,
        identity_id,
        user_principal,
        is_privileged
    from mfa_accounts
),

used as (
    select
        s.account_provider as provider,
        s.account_id as identity_id,
        s.event_time,
        s.event_id,
        s.app_id,
        s.methods[-1] as method
    from mfa_placed_signins as s
    where s.event_time <= $as_of
        and s.event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and s.outcome = 'success'
        and s.mfa_met_by = 'performed'
        and s.account_id is not null
        and s.methods is not null
),

weaker as (
    select
        u.provider,
        u.identity_id,
        u.method,
        b.method as best_method,
        b.registered_at,
        count(*) as events,
        min(u.event_time) as first_seen,
        max(u.event_time) as last_seen,
        max(u.event_id) as event_id
    from used as u
    inner join best as b
        on b.provider = u.provider
        and b.identity_id = u.identity_id
    where b.registered_at <= u.event_time - ($downgrade_days * 24 || ' hours')::interval
        and case mfa_method_strength(u.method)
            when 'single' then 1
            when 'mfa' then 2
            when 'phishing_resistant' then 3
            when 'pr_hardware' then 4
        end < b.class
    group by
        u.provider,
        u.identity_id,
        u.method,
        b.method,
        b.registered_at
),

findings as (
    select
        w.provider,
        w.identity_id,
        a.user_principal,
        a.is_privileged,
        w.method,
        w.best_method,
        w.registered_at,
        w.events,
        w.first_seen,
        w.last_seen,
        w.event_id
    from weaker as w
    left join accounts as a
        on a.provider = w.provider
        and a.identity_id = w.identity_id
)

select
    md5('factor_downgrade' || '|' || coalesce(provider, '') || '|' || coalesce(identity_id, '') || '|' || method) as finding_id,
    'factor_downgrade' as rule,
    case when is_privileged then 'high' else 'medium' end as severity,
    identity_id as identity_id,
    cast(null as varchar) as app_id,
    first_seen as first_seen,
    last_seen as last_seen,
    {
        'events': events,
        'event_id': event_id,
        'related_at': registered_at,
        'ip': cast(null as varchar),
        'country': cast(null as varchar),
        'methods': [method, best_method],
        'measure': cast(null as double),
        'detail': cast(null as varchar)
    } as evidence,
    'remove the weaker method, or ask for the better one by policy' as remediation,
    provider,
    user_principal
from findings
