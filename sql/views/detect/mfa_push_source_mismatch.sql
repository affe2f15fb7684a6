-- mfa_push_source_mismatch
--
-- Pushes that were asked for at one address and answered at another.
--
-- Where the log has the push that was sent and the answer to it as events of one attempt or session, both carry the address
-- of the client they came from. An answer from elsewhere is what adversary-in-the-middle kits look like. Pushes whose answer
-- carries no address are not judged.
--
-- @area      detect
-- @reads     mfa_signins
-- @grain     one row per answered push
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @param     push_answer_minutes    INTEGER     10     minutes in which a push is answered
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     push_source_mismatch
-- @column    severity       VARCHAR     high
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ the push
-- @column    last_seen      TIMESTAMPTZ the answer
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) ip: where it was answered; detail: where it was asked for
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1621 Multi-Factor Authentication Request Generation
-- @mitre     T1557 Adversary-in-the-Middle
-- @equivalent splunk:8085b79b-9b85-4e67-ad63-351c9e9a5e9a "Okta Mismatch Between Source and Response for Verify Push Request" - Okta only, and asks for its behaviours beside; here addresses alone, of any log that has the push and the answer
-- @example   select user_principal, evidence.ip, evidence.detail from mfa_push_source_mismatch order by last_seen

with

pushes as (
    select
        event_time,
        provider,
        event_id,
        coalesce(identity_id, user_principal) as who,
        identity_id,
        user_principal,
        app_id,
        ip,
        country,
        coalesce(nullif(correlation_id, ''), nullif(session_id, '')) as attempt,
        case when event_kind = 'other' and outcome = 'challenge' then 1 else 0 end as is_sent
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and second_factor in ('push', 'push_number', 'phone_signin')
        and ip <> ''
        and (
            (event_kind = 'other' and outcome = 'challenge')
            or (event_kind = 'second_factor' and outcome = 'success' and mfa_result = 'satisfied')
        )
),

in_turn as (
    select
        event_time,
        provider,
        event_id,
        who,
        identity_id,
        user_principal,
        app_id,
        ip,
        country,
        is_sent,
        lag(is_sent) over turn as earlier_is_sent,
        lag(ip) over turn as sent_ip,
        lag(event_time) over turn as sent_at
    from pushes
    where attempt is not null
    window turn as (
        partition by provider, who, attempt
        order by event_time asc nulls first, is_sent desc nulls last, event_id asc nulls first
    )
),

findings as (
    select
        provider,
        who,
        identity_id,
        user_principal,
        app_id,
        event_id,
        ip,
        country,
        sent_ip,
        sent_at as first_seen,
        event_time as last_seen
    from in_turn
    where is_sent = 0
        and earlier_is_sent = 1
        and sent_ip <> ip
        and sent_at >= event_time - ($push_answer_minutes || ' minutes')::interval
)

select
    md5('push_source_mismatch' || '|' || coalesce(provider, '') || '|' || coalesce(who, '') || '|' || coalesce(event_id, cast(cast(floor(extract(epoch from last_seen) * 1000) as bigint) as varchar))) as finding_id,
    'push_source_mismatch' as rule,
    'high' as severity,
    identity_id as identity_id,
    app_id as app_id,
    first_seen as first_seen,
    last_seen as last_seen,
    {
        'events': cast(1 as bigint),
        'event_id': event_id,
        'related_at': first_seen,
        'ip': ip,
        'country': country,
        'methods': cast(null as varchar[]),
        'measure': cast(null as double),
        'detail': sent_ip
    } as evidence,
    'ask the person; if it was not them, end the sessions and reset the password' as remediation,
    provider,
    user_principal
from findings
