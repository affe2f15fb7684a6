-- mfa_sms_phase_out
--
-- The retirement of text messages and calls: how many accounts still depend on them, day by day, and when that ends.
--
-- An account depends on them while a text message or call is active and nothing better is. `trend_per_day` is the slope of
-- the last `trend_days` of the tier; `zero_day` the day on which it reaches nothing at that pace: NULL when it does not
-- fall. Microsoft ends its own text messages and calls on 2027-02-01: `days_to_provider_end` counts down to that.
--
-- @area      hardening
-- @reads     mfa_enrollment_state, mfa_factor_periods
-- @grain     one row per day and tier
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     curve_days             INTEGER     365    days before the last one
-- @param     trend_days             INTEGER     30     days the trend is taken from
-- @column    day                  DATE        UTC
-- @column    tier                 VARCHAR     tier of the policy
-- @column    users                BIGINT      enabled people of the tier today that existed on that day
-- @column    sms_users            BIGINT      of them, with an active text message or call
-- @column    sms_only_users       BIGINT      of them, with nothing better
-- @column    trend_per_day        DOUBLE      change of sms_only_users a day over the last trend_days; NULL with fewer than two days
-- @column    zero_day             DATE        when it reaches nothing at that pace; NULL is never
-- @column    days_to_provider_end BIGINT      days from the last day to 2027-02-01
-- @example   select day, tier, sms_only_users, zero_day from mfa_sms_phase_out order by day desc nulls last, tier nulls last limit 10

with

bounds as (
    select
        cast($as_of at time zone 'UTC' as date) as last_day,
        cast($as_of at time zone 'UTC' as date) - cast($curve_days as integer) as first_day
),

days as (
    select b.first_day + cast(n.offset_days as integer) as day
    from (select unnest(generate_series(0, $curve_days)) as offset_days) as n
    cross join bounds as b
),

members as (
    select
        provider,
        identity_id,
        tier,
        coalesce(cast(created_at at time zone 'UTC' as date), date '1970-01-01') as created_day
    from mfa_enrollment_state
    where is_enabled
        and is_human
        and coalesce(enrolment, 'unknown') <> 'not_applicable'
),

periods as (
    select
        m.tier,
        m.provider,
        m.identity_id,
        case when p.method in ('sms_otp', 'voice') then 1 else 0 end as is_sms,
        greatest(coalesce(cast(p.valid_from at time zone 'UTC' as date), b.first_day), b.first_day) as from_day,
        coalesce(cast(p.valid_to at time zone 'UTC' as date), date '9999-12-31') as to_day
    from mfa_factor_periods as p
    inner join members as m
        on m.provider = p.provider
        and m.identity_id = p.identity_id
    cross join bounds as b
    where p.method in (
        'sms_otp', 'voice', 'totp', 'otp_hw', 'push', 'push_number', 'phone_signin', 'u2f', 'passkey_sync', 'passkey_dev', 'platform',
        'fido2_key', 'smartcard', 'cert_mfa', 'cert_sf'
    )
),

-- the days of an account on which it had either kind
held as (
    select
        d.day,
        p.tier,
        p.provider,
        p.identity_id,
        max(p.is_sms) as has_sms,
        min(p.is_sms) as has_only_sms
    from periods as p
    inner join days as d
        on d.day >= p.from_day
        and d.day < p.to_day
    group by
        d.day,
        p.tier,
        p.provider,
        p.identity_id
),

dependent as (
    select
        day,
        tier,
        sum(has_sms) as sms_users,
        sum(has_only_sms) as sms_only_users
    from held
    group by
        day,
        tier
),

people as (
    select
        d.day,
        m.tier,
        count(*) as users
    from days as d
    inner join members as m
        on m.created_day <= d.day
    group by
        d.day,
        m.tier
),

curve as (
    select
        p.day,
        p.tier,
        p.users,
        coalesce(s.sms_users, 0) as sms_users,
        coalesce(s.sms_only_users, 0) as sms_only_users,
        cast((extract(epoch from p.day) - extract(epoch from b.last_day)) / 86400 as double) as offset_days
    from people as p
    cross join bounds as b
    left join dependent as s
        on s.day = p.day
        and s.tier is not distinct from p.tier
),

trends as (
    select
        tier,
        regr_slope(cast(sms_only_users as double), offset_days) as slope,
        max(case when offset_days = 0 then sms_only_users end) as left_over
    from curve
    where offset_days > -cast($trend_days as double)
    group by tier
)

select
    c.day,
    c.tier,
    c.users,
    cast(c.sms_users as bigint) as sms_users,
    cast(c.sms_only_users as bigint) as sms_only_users,
    t.slope as trend_per_day,
    case
        when t.left_over = 0 then b.last_day
        when t.slope < 0 and cast(t.left_over as double) / nullif(-t.slope, 0) < 36500 then b.last_day + cast(ceil(cast(t.left_over as double) / nullif(-t.slope, 0)) as integer)
    end as zero_day,
    cast((extract(epoch from date '2027-02-01') - extract(epoch from b.last_day)) / 86400 as bigint) as days_to_provider_end
from curve as c
cross join bounds as b
left join trends as t
    on t.tier is not distinct from c.tier
