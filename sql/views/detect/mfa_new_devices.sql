-- mfa_new_devices
--
-- Sign-ins from a device that the person has not used before.
--
-- A device is new when the person did not sign in from it in the `device_memory_days` before; sign-ins older than that are not
-- read, so memory and cost are bounded. Only identities that are known for `new_device_days`, and used another device in that
-- time, can have a new one: somebody's first days are no finding. With a factor registered in the hours before, it is
-- new_device_after_enrolment.
--
-- @area      detect
-- @reads     mfa_signins, mfa_factor_events
-- @grain     one row per identity and new device
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @param     device_memory_days     INTEGER     90     days for which a device is remembered
-- @param     new_device_days        INTEGER     14     days for which an identity has to be known, and to have used another device
-- @param     new_method_hours       INTEGER     24     hours after an enrolment in which a new device is suspicious
-- @param     preset                 VARCHAR     null   whose published thresholds are the defaults: elastic, panther, sentinel or splunk
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     new_device or new_device_after_enrolment
-- @column    severity       VARCHAR     high for new_device_after_enrolment, else low
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first sign-in from it
-- @column    last_seen      TIMESTAMPTZ the same
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) related_at: when a factor was enrolled before it; detail: the device
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1078.004 Valid Accounts: Cloud Accounts
-- @mitre     T1098.005 Account Manipulation: Device Registration
-- @equivalent elastic:72c91fc0-4ac0-11f0-811f-f661ea17fbcd - a device is forgotten after 7 days; here after 90, as below
-- @equivalent elastic:1502a836-84b2-11ef-b026-f661ea17fbcc "Successful Application SSO from Rare Unknown Client Device" - Okta only, a device is forgotten after 14 days; here after 90, since whoever comes back from a holiday has no new device, and only for whoever used another one in the last 14
-- @equivalent sentinel:f05271b6-26a5-49cf-ad73-4a202fba6eb6 "Cisco Duo - New access device" - Duo only, 14 days; here 90, and a device that follows an enrolment is worse
-- @preset     elastic  device_memory_days 14 - 1502a836-84b2-11ef-b026-f661ea17fbcc: 14 days
-- @preset     sentinel device_memory_days 14 - f05271b6-26a5-49cf-ad73-4a202fba6eb6: 14 days
-- @example   select rule, count(*) as devices from mfa_new_devices group by rule order by rule

with

seen as (
    select
        provider,
        coalesce(identity_id, user_principal) as who,
        identity_id,
        user_principal,
        event_time,
        extract(epoch from event_time) / 86400.0 as day_number,
        event_id,
        app_id,
        ip,
        country,
        device_id
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - (($detection_days + $device_memory_days + $new_device_days) * 24 || ' hours')::interval
        and outcome = 'success'
        and device_id <> ''
),

uses as (
    select
        provider,
        who,
        identity_id,
        user_principal,
        event_time,
        event_id,
        app_id,
        ip,
        country,
        device_id,
        lag(event_time) over (
            partition by provider, who, device_id
            order by event_time asc nulls first, event_id asc nulls first
        ) as last_use,
        max(event_time) over (
            partition by provider, who
            order by day_number asc nulls first
            -- before, by a second
            range between $new_device_days preceding and 0.00001 preceding
        ) as other_use,
        min(event_time) over (partition by provider, who) as known_since
    from seen
),

fresh as (
    select
        provider,
        who,
        identity_id,
        user_principal,
        event_time,
        event_id,
        app_id,
        ip,
        country,
        device_id
    from uses
    where event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and coalesce(last_use < event_time - ($device_memory_days * 24 || ' hours')::interval, true)
        and other_use is not null
        and known_since <= event_time - ($new_device_days * 24 || ' hours')::interval
),

enrolled as (
    select
        f.provider,
        f.who,
        f.device_id,
        f.event_time,
        max(e.event_time) as enrolled_at
    from fresh as f
    inner join mfa_factor_events as e
        on e.provider = f.provider
        and coalesce(e.identity_id, e.user_principal) = f.who
    where e.event_type = 'completed'
        and coalesce(e.outcome, 'success') = 'success'
        and e.event_time <= f.event_time
        and e.event_time > f.event_time - ($new_method_hours || ' hours')::interval
    group by
        f.provider,
        f.who,
        f.device_id,
        f.event_time
),

findings as (
    select
        case when e.enrolled_at is null then 'new_device' else 'new_device_after_enrolment' end as rule,
        f.provider,
        f.who,
        f.identity_id,
        f.user_principal,
        f.event_time as first_seen,
        f.event_id,
        f.app_id,
        f.ip,
        f.country,
        f.device_id,
        e.enrolled_at
    from fresh as f
    left join enrolled as e
        on e.provider = f.provider
        and e.who = f.who
        and e.device_id = f.device_id
        and e.event_time = f.event_time
)

select
    md5(rule || '|' || coalesce(provider, '') || '|' || coalesce(who, '') || '|' || device_id || '|' || cast(cast(floor(extract(epoch from first_seen) * 1000) as bigint) as varchar)) as finding_id,
    rule as rule,
    case rule when 'new_device_after_enrolment' then 'high' else 'low' end as severity,
    identity_id as identity_id,
    app_id as app_id,
    first_seen as first_seen,
    first_seen as last_seen,
    {
        'events': cast(1 as bigint),
        'event_id': event_id,
        'related_at': enrolled_at,
        'ip': ip,
        'country': country,
        'methods': cast(null as varchar[]),
        'measure': cast(null as double),
        'detail': device_id
    } as evidence,
    'ask the person whether the device is theirs' as remediation,
    provider,
    user_principal
from findings
