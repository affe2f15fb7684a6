-- mfa_service_account_signins
--
-- Service accounts that somebody used at a keyboard.
--
-- An interactive sign-in that went through with an account of population service. One row per account and application.
--
-- @area      detect
-- @reads     mfa_placed_signins, mfa_accounts
-- @grain     one row per account and application
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     service_account_interactive
-- @column    severity       VARCHAR     high
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first such sign-in
-- @column    last_seen      TIMESTAMPTZ last
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) events: sign-ins; detail: how MFA was met
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1078.004 Valid Accounts: Cloud Accounts
-- @equivalent none - a rule over a log does not know which accounts are service accounts; the directory does
-- @example   select user_principal, evidence.events from mfa_service_account_signins order by user_principal

with

accounts as (
    select
        provider,
        identity_id,
        user_principal
    from mfa_accounts
    where population = 'service'
),

uses as (
    select
        a.provider,
        a.identity_id,
        a.user_principal,
        s.app_id,
        min(s.event_time) as first_seen,
        max(s.event_time) as last_seen,
        count(*) as events,
        max(s.event_id) as event_id,
        max(s.mfa_met_by) as met_by
    from mfa_placed_signins as s
    inner join accounts as a
        on a.provider = s.account_provider
        and a.identity_id = s.account_id
    where s.event_time <= $as_of
        and s.event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and s.outcome = 'success'
        and s.is_interactive
    group by
        a.provider,
        a.identity_id,
        a.user_principal,
        s.app_id
)

select
    md5('service_account_interactive' || '|' || coalesce(provider, '') || '|' || coalesce(identity_id, '') || '|' || coalesce(app_id, '')) as finding_id,
    'service_account_interactive' as rule,
    'high' as severity,
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
        'detail': met_by
    } as evidence,
    'block interactive sign-in, use a workload identity, rotate the credential' as remediation,
    provider,
    user_principal
from uses
