-- mfa_bypass_use
--
-- Sign-ins that went through because MFA was bypassed.
--
-- bypass_code_used: a code of the help desk or a backup code was the second factor. bypass_status: the account, group or
-- policy is excused, and nothing was asked. A user whose status is "bypass" did not use a code. trusted_location: the
-- network was taken for a second factor. Whether an exception allows it says mfa_bypass_reconciliation.
--
-- @area      detect
-- @reads     mfa_signins
-- @grain     one row per rule, provider, identity and application
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     bypass_code_used, bypass_status or trusted_location
-- @column    severity       VARCHAR     high for bypass_status, else medium
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first such sign-in
-- @column    last_seen      TIMESTAMPTZ last
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) events: sign-ins; methods: what was used
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1556.006 Modify Authentication Process: Multi-Factor Authentication
-- @mitre     T1078.004 Valid Accounts: Cloud Accounts
-- @equivalent sigma:6f7e1c10-2dc9-4312-adb6-9574ff09a5c8 "Cisco Duo Successful MFA Authentication Via Bypass Code" - asks for the reason bypass_user, which is the status of a user and no code; here that is bypass_status, and bypass_code_used asks for a code as the second factor
-- @equivalent panther:DUO.User.BypassCode.Used - asks for the same reason, and differs in the same way
-- @equivalent elastic:3805c3dc-f82c-4f8d-891e-63c24d3102b0 "Attempted Bypass of Okta MFA" - every attempt that Okta logs; here only one that went through, as bypass_status: what was refused is no bypass
-- @example   select rule, count(*) as findings from mfa_bypass_use group by rule order by rule

with

seen as (
    select
        case
            when second_factor in ('bypass_code', 'backup_code') then 'bypass_code_used'
            when mfa_satisfied_by = 'trusted_location' then 'trusted_location'
            else 'bypass_status'
        end as rule,
        provider,
        coalesce(identity_id, user_principal) as who,
        identity_id,
        user_principal,
        app_id,
        event_time,
        event_id,
        ip,
        country,
        second_factor
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and outcome = 'success'
        and (
            second_factor in ('bypass_code', 'backup_code')
            or mfa_satisfied_by in ('bypass', 'trusted_location')
            or mfa_result = 'bypassed'
        )
),

uses as (
    select
        rule,
        provider,
        who,
        app_id,
        max(identity_id) as identity_id,
        max(user_principal) as user_principal,
        min(event_time) as first_seen,
        max(event_time) as last_seen,
        count(*) as events,
        max(event_id) as event_id,
        max(ip) as ip,
        max(country) as country,
        max(second_factor) as second_factor
    from seen
    group by
        rule,
        provider,
        who,
        app_id
)

select
    md5(rule || '|' || coalesce(provider, '') || '|' || coalesce(who, '') || '|' || coalesce(app_id, '')) as finding_id,
    rule as rule,
    case rule when 'bypass_status' then 'high' else 'medium' end as severity,
    identity_id as identity_id,
    app_id as app_id,
    first_seen as first_seen,
    last_seen as last_seen,
    {
        'events': events,
        'event_id': event_id,
        'related_at': cast(null as timestamptz),
        'ip': ip,
        'country': country,
        'methods': case when second_factor is not null then [second_factor] end,
        'measure': cast(null as double),
        'detail': cast(null as varchar)
    } as evidence,
    case rule
        when 'bypass_code_used' then 'check that the code was asked for; have the person register a method'
        when 'trusted_location' then 'take the location out of the exclusions of the policy'
        else 'end the bypass, or record an exception with an end date for it'
    end as remediation,
    provider,
    user_principal
from uses
