-- mfa_legacy_signins
--
-- Sign-ins that went through with a client or protocol that cannot be asked for a second factor.
--
-- ropc_signin is a password handed to an application (grant type `password`), device_code_signin a code typed on another
-- device, legacy_signin any other client that cannot be asked. One row per identity, protocol and application.
--
-- @area      detect
-- @reads     mfa_signins
-- @grain     one row per provider, identity, rule, protocol and application
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     legacy_signin, ropc_signin or device_code_signin
-- @column    severity       VARCHAR     medium for device_code_signin, else high
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first such sign-in
-- @column    last_seen      TIMESTAMPTZ last
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) events: sign-ins; detail: the protocol
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1078.004 Valid Accounts: Cloud Accounts
-- @mitre     T1528 Steal Application Access Token
-- @equivalent sigma:60f6535a-760f-42a9-be3f-c9a0a025906e "Use of Legacy Authentication Protocols" - Entra only, by names of clients, some of which the log spells otherwise (IMAP4, Other clients), failed ones as well; here every client that cannot be asked, where it went through
-- @equivalent sigma:53bb4f7f-48a8-4475-ac30-5a82ddfdf6fc "Potential MFA Bypass Using Legacy Client Authentication" - the user agents BAV2ROPC, CBAinPROD and CBAinTAR; here these are ropc_signin, and so is the grant type password of any log
-- @equivalent panther:Azure.Audit.LegacyAuth - has a list of users who may; here an exception is a row of mfa_exceptions
-- @equivalent panther:Azure.Audit.ROPCLoginNoMFA - the same as ropc_signin, for Entra
-- @equivalent panther:Azure.Audit.DeviceCodeBrokerClient - device codes for the Microsoft Authentication Broker; here device_code_signin for any application
-- @equivalent scuba:MS.AAD.1.1v1 - a policy has to block legacy authentication; here the sign-ins that show that none does
-- @equivalent elastic:8d696bd0-5756-11f0-8e3b-f661ea17fbcd - here any log that says which grant or protocol was used
-- @example   select rule, count(*) as findings from mfa_legacy_signins group by rule order by rule

with

seen as (
    select
        case
            when protocol = 'ropc' or lower(user_agent) in ('bav2ropc', 'cbainprod', 'cbaintar') then 'ropc_signin'
            when protocol = 'device_code' then 'device_code_signin'
            else 'legacy_signin'
        end as rule,
        provider,
        identity_id,
        user_principal,
        coalesce(identity_id, user_principal) as who,
        coalesce(protocol, client_app_raw) as protocol,
        app_id,
        event_time,
        event_id,
        ip,
        country
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and outcome = 'success'
        and (
            is_legacy_auth
            or surface = 'legacy_protocol'
            or protocol in ('imap', 'pop', 'smtp_auth', 'basic_auth', 'ropc', 'device_code')
            or lower(user_agent) in ('bav2ropc', 'cbainprod', 'cbaintar')
        )
),

uses as (
    select
        rule,
        provider,
        who,
        protocol,
        app_id,
        max(identity_id) as identity_id,
        max(user_principal) as user_principal,
        min(event_time) as first_seen,
        max(event_time) as last_seen,
        count(*) as events,
        max(event_id) as event_id,
        max(ip) as ip,
        max(country) as country
    from seen
    group by
        rule,
        provider,
        who,
        protocol,
        app_id
)

select
    md5(rule || '|' || coalesce(provider, '') || '|' || coalesce(who, '') || '|' || coalesce(protocol, '') || '|' || coalesce(app_id, '')) as finding_id,
    rule as rule,
    case rule when 'device_code_signin' then 'medium' else 'high' end as severity,
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
        'methods': cast(null as varchar[]),
        'measure': cast(null as double),
        'detail': protocol
    } as evidence,
    case rule
        when 'ropc_signin' then 'move the application to an interactive grant, then block the password grant'
        when 'device_code_signin' then 'allow the device code flow only for the devices that need it'
        else 'move the client to modern authentication, then block the legacy protocol'
    end as remediation,
    provider,
    user_principal
from uses
