-- mfa_anonymizer_signins
--
-- Sign-ins that went through from a proxy, VPN or TOR exit.
--
-- The provider says so: `ip_anonymizer`, or a risk signal for an anonymous, anonymized, malicious or TOR address. One row
-- per identity, address and day; a failed sign-in from such an address is no finding.
--
-- @area      detect
-- @reads     mfa_signins
-- @grain     one row per provider, identity, address and day
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     anonymizer_signin
-- @column    severity       VARCHAR     medium
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ first such sign-in of the day
-- @column    last_seen      TIMESTAMPTZ last
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) events: sign-ins; detail: the risk signals
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1090.003 Proxy: Multi-hop Proxy
-- @mitre     T1078.004 Valid Accounts: Cloud Accounts
-- @equivalent sigma:bde30855-5c53-4c18-ae90-1ff79ebc9578 "Okta User Session Start Via An Anonymising Proxy Service" - Okta only, and one alert for each start of a session, refused ones as well; here sign-ins that went through, of every log that calls an address anonymous, once a day
-- @equivalent panther:Okta.Anonymizing.VPN.Login - Okta only, one alert for each start of a session; here once a day for an address, since one session is many events
-- @example   select provider, count(*) as findings from mfa_anonymizer_signins group by provider order by provider

with

seen as (
    select
        provider,
        identity_id,
        user_principal,
        coalesce(identity_id, user_principal) as who,
        event_time,
        cast(event_time at time zone 'UTC' as date) as day,
        event_id,
        ip,
        country,
        app_id,
        array_to_string(risk_signals, ', ') as signals
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and outcome = 'success'
        and (
            ip_anonymizer
            or lower(array_to_string(risk_signals, ' ')) like '%anonym%'
            or lower(array_to_string(risk_signals, ' ')) like '%maliciousip%'
            or (' ' || lower(array_to_string(risk_signals, ' ')) || ' ') like '% tor %'
            or lower(array_to_string(risk_signals, ' ')) like '%tor_exit%'
        )
),

days as (
    select
        provider,
        who,
        day,
        ip,
        max(identity_id) as identity_id,
        max(user_principal) as user_principal,
        min(event_time) as first_seen,
        max(event_time) as last_seen,
        count(*) as events,
        max(event_id) as event_id,
        max(country) as country,
        max(app_id) as app_id,
        max(signals) as signals
    from seen
    group by
        provider,
        who,
        day,
        ip
)

select
    md5('anonymizer_signin' || '|' || coalesce(provider, '') || '|' || coalesce(who, '') || '|' || coalesce(ip, '') || '|' || cast(day as varchar)) as finding_id,
    'anonymizer_signin' as rule,
    'medium' as severity,
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
        'detail': signals
    } as evidence,
    'ask the person; block anonymous networks for those who need none' as remediation,
    provider,
    user_principal
from days
