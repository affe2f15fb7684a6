-- mfa_adoption_curve
--
-- Who registered their first accepted factor when, day by day and wave by wave: the S-curve of a roll-out.
--
-- The denominator, `users`, is the one of mfa_registration_coverage: enabled, human accounts whose tier asks for an
-- enrolment, from the day each was created; of whom nothing is known counts as not registered. Each account is counted
-- once: `users` stands on the rows without a method, and a registration on the row of the method that came first, so that
-- sums over any columns are right. Once adopted is adopted: a factor removed later does not take the account off the
-- curve, mfa_registration_coverage does. A factor without a registration day enters `registered_users` on the last day and
-- is never newly registered; `undated_users` says how many there are.
--
-- @area      rollout
-- @reads     mfa_enrollment_state, mfa_factor_periods
-- @grain     one row per day, provider, wave, population, tier, department, region, method
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     curve_days      INTEGER     365    days before the last one
-- @column    day             DATE    UTC; the counts are those of its end
-- @column    provider        VARCHAR which directory the accounts are in
-- @column    wave            VARCHAR wave of the roll-out; NULL is none
-- @column    population      VARCHAR workforce, contractor, partner, guest, break_glass, shared or unknown
-- @column    tier            VARCHAR tier of the policy
-- @column    department      VARCHAR department
-- @column    region          VARCHAR region
-- @column    method          VARCHAR accepted method registered first; NULL on the rows that carry `users`
-- @column    newly_registered_users BIGINT accounts whose first accepted factor was registered on that day
-- @column    registered_users BIGINT accounts that had registered one by that day
-- @column    undated_users   BIGINT  of them, without a registration day; on the last day only
-- @column    users           BIGINT  enabled people on that day
-- @example   select day, wave, sum(registered_users) * 1.0 / nullif(sum(users), 0) as share from mfa_adoption_curve group by day, wave order by wave nulls last, day

with

members as (
    select
        provider,
        identity_id,
        wave,
        population,
        tier,
        department,
        region,
        allowed_methods,
        has_allowed,
        cast(created_at at time zone 'UTC' as date) as created_day
    from mfa_enrollment_state
    where is_enabled
        and is_human
        and coalesce(enrolment, 'unknown') <> 'not_applicable'
),

bounds as (
    select
        cast($as_of at time zone 'UTC' as date) as last_day,
        cast($as_of at time zone 'UTC' as date) - cast($curve_days as integer) as first_day
),

ranked as (
    select
        m.provider,
        m.wave,
        m.population,
        m.tier,
        m.department,
        m.region,
        p.method,
        p.valid_from is null as is_undated,
        greatest(coalesce(cast(p.valid_from at time zone 'UTC' as date), b.last_day), m.created_day) as day,
        row_number() over (
            partition by m.provider, m.identity_id
            order by p.valid_from asc nulls last, p.method asc nulls last
        ) as place
    from mfa_factor_periods as p
    inner join members as m
        on m.provider = p.provider
        and m.identity_id = p.identity_id
    cross join bounds as b
    where m.has_allowed is not null
        and list_contains(m.allowed_methods, p.method)
        -- what ended before the account was created is not its own
        and (p.valid_to is null or m.created_day is null or cast(p.valid_to at time zone 'UTC' as date) >= m.created_day)
),

changes as (
    select
        greatest(m.created_day, b.first_day) as day,
        m.provider,
        m.wave,
        m.population,
        m.tier,
        m.department,
        m.region,
        cast(null as varchar) as method,
        0 as newly_registered_users,
        0 as registered_users,
        0 as undated_users,
        1 as users
    from members as m
    cross join bounds as b
    union all
    select
        greatest(r.day, b.first_day) as day,
        r.provider,
        r.wave,
        r.population,
        r.tier,
        r.department,
        r.region,
        r.method,
        case when r.is_undated or r.day < b.first_day then 0 else 1 end as newly_registered_users,
        1 as registered_users,
        case when r.is_undated then 1 else 0 end as undated_users,
        0 as users
    from ranked as r
    cross join bounds as b
    where r.place = 1
),

days as (
    select b.first_day + cast(n.offset_days as integer) as day
    from (select unnest(generate_series(0, $curve_days)) as offset_days) as n
    cross join bounds as b
),

cells as (
    select
        d.day,
        g.provider,
        g.wave,
        g.population,
        g.tier,
        g.department,
        g.region,
        g.method,
        0 as newly_registered_users,
        0 as registered_users,
        0 as undated_users,
        0 as users
    from (select distinct provider, wave, population, tier, department, region, method from changes) as g
    cross join days as d
    union all
    select
        day,
        provider,
        wave,
        population,
        tier,
        department,
        region,
        method,
        newly_registered_users,
        registered_users,
        undated_users,
        users
    from changes
),

daily as (
    select
        day,
        provider,
        wave,
        population,
        tier,
        department,
        region,
        method,
        sum(newly_registered_users) as newly_registered_users,
        sum(registered_users) as registered_users,
        sum(undated_users) as undated_users,
        sum(users) as users
    from cells
    group by
        day,
        provider,
        wave,
        population,
        tier,
        department,
        region,
        method
),

totals as (
    select
        day,
        provider,
        wave,
        population,
        tier,
        department,
        region,
        method,
        cast(newly_registered_users as bigint) as newly_registered_users,
        cast(sum(registered_users) over running as bigint) as registered_users,
        cast(undated_users as bigint) as undated_users,
        cast(sum(users) over running as bigint) as users
    from daily
    window running as (
        partition by provider, wave, population, tier, department, region, method
        order by day asc nulls first
        rows between unbounded preceding and current row
    )
)

select
    day,
    provider,
    wave,
    population,
    tier,
    department,
    region,
    method,
    newly_registered_users,
    registered_users,
    undated_users,
    users
from totals
where users > 0
    or registered_users > 0
