-- mfa_impossible_travel
--
-- Two sign-ins of one person that are too far apart for the time between them.
--
-- Successful sign-ins with a place are taken in the order of time, over all providers of a login name, each beside the one
-- before within `travel_hours`. At least `travel_km` apart and faster than `travel_kmh` is impossible. The same address
-- twice, and addresses the provider calls a proxy, VPN or TOR exit, say nothing about where a person is and are left out.
-- Token refreshes are left out. What the provider itself reports (impossible travel, unlikely travel) is
-- impossible_travel_reported.
--
-- @area      detect
-- @reads     mfa_signins
-- @grain     one row per pair of sign-ins, and one per sign-in that the provider reports
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @param     travel_km              INTEGER     500    kilometres that are worth a look
-- @param     travel_kmh             INTEGER     900    kilometres an hour that nobody travels
-- @param     travel_hours           DOUBLE      24     hours for which a place is remembered
-- @param     preset                 VARCHAR     null   whose published thresholds are the defaults: elastic, panther, sentinel or splunk
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     impossible_travel or impossible_travel_reported
-- @column    severity       VARCHAR     high
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ the earlier sign-in
-- @column    last_seen      TIMESTAMPTZ the later one
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) measure: kilometres; detail: from and to, and the speed
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1078.004 Valid Accounts: Cloud Accounts
-- @equivalent panther:Standard.ImpossibleTravel.Login - 900 km/h and a day like here, without a least distance, and with lists of VPN and relay networks of its own; here 500 km, since the places of addresses are imprecise, and what the log calls a proxy is left out
-- @equivalent elastic:bc9f5144-0ead-476e-ba6e-cef295601195 "Microsoft Entra ID Impossible Travel Sign-in" - Entra only, 500 km and 800 km/h within 90 minutes; here all providers of a login name, and a day, since long flights are where 90 minutes end too soon
-- @equivalent sentinel:2954d424-f786-4677-9ffc-c24c44c6e7d5 "User Login from Different Countries within 3 hours" - Okta only, two countries in 3 hours; here speed, since countries are not: a border is crossed on foot, and a country can be wider than an ocean
-- @equivalent sigma:1a41023f-1e70-4026-921a-4d9341a9038e "Atypical Travel" - the risk unlikelyTravel of Entra; here impossible_travel_reported, with the other names of it
-- @preset     elastic  travel_km 500, travel_kmh 800, travel_hours 1.5 - bc9f5144-0ead-476e-ba6e-cef295601195: 500 km and 800 km/h within 90 minutes
-- @preset     panther  travel_km 0, travel_kmh 900, travel_hours 24 - Standard.ImpossibleTravel.Login: 900 km/h within a day, whatever the distance
-- @example   select user_principal, evidence.detail from mfa_impossible_travel order by last_seen desc nulls last limit 10

with

places as (
    select
        event_time,
        provider,
        event_id,
        lower(coalesce(user_principal, identity_id)) as who,
        identity_id,
        user_principal,
        app_id,
        ip,
        country,
        coalesce(city, region, country) as place,
        latitude,
        longitude
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and outcome = 'success'
        and coalesce(event_kind, 'combined') in ('primary', 'second_factor', 'combined', 'sso')
        and coalesce(is_interactive, true)
        and latitude between -90 and 90
        and longitude between -180 and 180
        -- a place nobody is at: how logs write that they do not know
        and not (latitude = 0 and longitude = 0)
        and not coalesce(ip_anonymizer, false)
),

pairs as (
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
        place,
        latitude,
        longitude,
        lag(event_time) over in_turn as earlier_time,
        lag(ip) over in_turn as earlier_ip,
        lag(place) over in_turn as earlier_place,
        lag(latitude) over in_turn as earlier_latitude,
        lag(longitude) over in_turn as earlier_longitude
    from places
    window in_turn as (
        partition by who
        order by event_time asc nulls first, provider asc nulls first, event_id asc nulls first
    )
),

distances as (
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
        place,
        earlier_time,
        earlier_place,
        mfa_distance_km(earlier_latitude, earlier_longitude, latitude, longitude) as km,
        -- two events of the same instant are a third of a second apart
        greatest((extract(epoch from event_time) - extract(epoch from earlier_time)) / 3600.0, 0.0001) as hours
    from pairs
    where earlier_time >= event_time - ($travel_hours || ' hours')::interval
        and coalesce(earlier_ip <> ip, true)
),

reported as (
    select
        provider,
        event_id,
        lower(coalesce(user_principal, identity_id)) as who,
        identity_id,
        user_principal,
        app_id,
        ip,
        country,
        event_time,
        array_to_string(risk_signals, ', ') as signals
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($detection_days * 24 || ' hours')::interval
        and (
            lower(array_to_string(risk_signals, ' ')) like '%impossibletravel%'
            or lower(array_to_string(risk_signals, ' ')) like '%impossible_travel%'
            or lower(array_to_string(risk_signals, ' ')) like '%impossible travel%'
            or lower(array_to_string(risk_signals, ' ')) like '%unlikelytravel%'
        )
),

findings as (
    select
        'impossible_travel' as rule,
        provider,
        event_id,
        who,
        identity_id,
        user_principal,
        app_id,
        ip,
        country,
        earlier_time as first_seen,
        event_time as last_seen,
        km,
        coalesce(earlier_place, '?') || ' to ' || coalesce(place, '?') || ', '
            || cast(cast(least(round(km / nullif(hours, 0)), 1000000) as bigint) as varchar) || ' km/h' as detail
    from distances
    where km >= $travel_km
        and km / nullif(hours, 0) > $travel_kmh
    union all
    select
        'impossible_travel_reported' as rule,
        provider,
        event_id,
        who,
        identity_id,
        user_principal,
        app_id,
        ip,
        country,
        event_time as first_seen,
        event_time as last_seen,
        cast(null as double) as km,
        signals as detail
    from reported
)

select
    md5(rule || '|' || coalesce(provider, '') || '|' || coalesce(who, '') || '|' || coalesce(event_id, cast(cast(floor(extract(epoch from last_seen) * 1000) as bigint) as varchar))) as finding_id,
    rule as rule,
    'high' as severity,
    identity_id as identity_id,
    app_id as app_id,
    first_seen as first_seen,
    last_seen as last_seen,
    {
        'events': cast(case rule when 'impossible_travel' then 2 else 1 end as bigint),
        'event_id': event_id,
        'related_at': first_seen,
        'ip': ip,
        'country': country,
        'methods': cast(null as varchar[]),
        'measure': km,
        'detail': detail
    } as evidence,
    'ask the person; if it was not them, end the sessions, reset the password and the factors' as remediation,
    provider,
    user_principal
from findings
