-- mfa_first_factor_only
--
-- People who opened an application in scope with a password alone.
--
-- An interactive sign-in that went through without MFA although the sign-in required it or the application is in scope
-- (`in_mfa_scope`). A claim, a remembered device and another identity provider are MFA; a trusted location is not, since
-- nothing was asked there. Service accounts are another finding; what the log does not say is none. One row per identity
-- and application.
--
-- @area      detect
-- @reads     mfa_placed_signins, mfa_accounts, mfa_apps
-- @grain     one row per provider, identity and application
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     first_factor_only
-- @column    severity       VARCHAR     critical for privileged accounts and critical applications, else high
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first such sign-in
-- @column    last_seen      TIMESTAMPTZ last
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) events: sign-ins; detail: why MFA was to be expected
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1078.004 Valid Accounts: Cloud Accounts
-- @equivalent elastic:921544bd-e2aa-44a6-9fb9-98629c342adf "Entra ID Conditional Access MFA Bypass with Unusual User, Client and Source ASN" - Entra only, and only what is unusual; here all that went through, usual or not, whatever should have asked for MFA
-- @equivalent splunk:a560e7f6-1711-4353-885b-40be53101fcd "Azure AD Successful Single-Factor Authentication" - Entra only, whatever the application; here applications in scope, and a claim, a remembered device or another provider is MFA
-- @equivalent splunk:98f6ad4f-4325-4096-9d69-45dc8e638e82 - here any log, by what became of MFA
-- @equivalent sigma:28eea407-28d7-4e42-b0be-575d5ba60b2c "Azure AD Only Single Factor Authentication Required" - Entra only, and asks what was required, not what was done; here what was done, where it was required or is in scope
-- @equivalent sigma:77caf516-34e5-4df9-b4db-20744fea0a60 "AWS Successful Console Login Without MFA" - asks for the value NO, which CloudTrail writes as No, and finds whoever came through another provider; here their MFA is unknown, not missing
-- @equivalent panther:AWS.Console.LoginWithoutMFA - leaves out accounts younger than 3 days; here none, since grace is a matter of the policy
-- @example   select app_id, count(*) as people from mfa_first_factor_only group by app_id order by people desc nulls last

with

apps as (
    select
        app_id,
        bool_or(in_mfa_scope) as in_mfa_scope,
        bool_or((lower(sensitivity) = 'critical')) as is_critical
    from mfa_apps
    group by app_id
),

accounts as (
    select
        provider,
        identity_id,
        is_human,
        is_privileged
    from mfa_accounts
),

seen as (
    select
        s.provider,
        coalesce(s.identity_id, s.user_principal) as who,
        s.identity_id,
        s.user_principal,
        s.app_id,
        s.event_time,
        s.event_id,
        case when s.mfa_requirement = 'required' then 'required by the sign-in' else 'application in scope' end as detail,
        a.is_privileged,
        p.is_critical
    from mfa_placed_signins as s
    left join accounts as a
        on a.provider = s.account_provider
        and a.identity_id = s.account_id
    left join apps as p
        on p.app_id = s.app_id
    where s.event_time <= $as_of
        and s.event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and s.outcome = 'success'
        and s.is_interactive
        and s.mfa_met_by in ('none', 'trusted_location')
        and (s.mfa_requirement = 'required' or coalesce(p.in_mfa_scope, false))
        and coalesce(a.is_human, s.population_hint <> 'service', true)
),

uses as (
    select
        provider,
        who,
        app_id,
        max(identity_id) as identity_id,
        max(user_principal) as user_principal,
        min(event_time) as first_seen,
        max(event_time) as last_seen,
        count(*) as events,
        max(event_id) as event_id,
        max(detail) as detail,
        bool_or(is_privileged) as is_privileged,
        bool_or(is_critical) as is_critical
    from seen
    group by
        provider,
        who,
        app_id
)

select
    md5('first_factor_only' || '|' || coalesce(provider, '') || '|' || coalesce(who, '') || '|' || coalesce(app_id, '')) as finding_id,
    'first_factor_only' as rule,
    case when is_privileged or is_critical then 'critical' else 'high' end as severity,
    identity_id as identity_id,
    app_id as app_id,
    first_seen as first_seen,
    last_seen as last_seen,
    {
        'events': events,
        'event_id': event_id,
        'related_at': cast(null as timestamptz),
        'ip': cast(null as varchar),
        'country': cast(null as varchar),
        'methods': cast(null as varchar[]),
        'measure': cast(null as double),
        'detail': detail
    } as evidence,
    'put the application and the account under an enforced MFA policy' as remediation,
    provider,
    user_principal
from uses
