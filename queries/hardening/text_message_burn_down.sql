-- text_message_burn_down
--
-- How many accounts still have text messages or voice calls registered, week by week and tier by tier?
--
-- @title     Burn-down of text messages
-- @audience  executive
-- @reads     mfa_registration_coverage, mfa_factor_periods, mfa_enrollment_state
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     curve_days      INTEGER     365    days before the last one
-- @column    week            DATE        Monday, UTC, and the last day
-- @column    tier            VARCHAR     tier of the policy
-- @column    accounts        BIGINT      enabled people with a text message or a call registered on that day
-- @column    undated         BIGINT      of them, since an unknown day: counted on every day

with

weeks as (
    select distinct day as week
    from mfa_registration_coverage
    where day = cast(date_trunc('week', day) as date)
        or day = (select max(day) from mfa_registration_coverage)
),

holders as (
    select
        s.tier,
        p.provider,
        p.identity_id,
        cast(p.valid_from at time zone 'UTC' as date) as from_day,
        cast(p.valid_to at time zone 'UTC' as date) as to_day
    from mfa_factor_periods as p
    inner join mfa_enrollment_state as s
        on s.provider = p.provider
        and s.identity_id = p.identity_id
    where p.method in ('sms_otp', 'voice')
        and s.is_enabled
        and s.is_human
)

select
    w.week,
    h.tier,
    count(distinct h.provider || '|' || h.identity_id) as accounts,
    count(distinct case when h.from_day is null then h.provider || '|' || h.identity_id end) as undated
from weeks as w
inner join holders as h
    on coalesce(h.from_day, w.week) <= w.week
    and coalesce(h.to_day, date '9999-12-31') > w.week
group by
    w.week,
    h.tier
order by
    w.week asc nulls last,
    h.tier asc nulls last;
