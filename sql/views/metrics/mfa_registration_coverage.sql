-- mfa_registration_coverage
--
-- How many people have a registered factor that their tier accepts, day by day.
--
-- The denominator, `users`, is the accounts that are enabled (not known to be disabled) and human (every population but
-- service) and whose tier asks for an enrolment, from the day each was created. Guests, partners, break-glass and shared
-- accounts stay apart in `population`. Accounts whose tier asks for nothing are in `not_applicable_users`, not in `users`.
-- Nobody is covered for lack of data: `no_evidence_users`, part of `users`, are those of whom it is unknown what they have
-- registered. So users = registered_users + no_evidence_users + those known to lack an accepted factor.
-- Being registered is not being protected, and a policy that only reports does not change these counts: see
-- mfa_effective_coverage for sign-ins.
-- The accounts and the policy are those of `as_of`: what is accepted then, a fallback within its time included, is accepted
-- on every day, and accounts disabled since are gone from every day. A factor without a
-- registration day counts on the last day only, where `undated_users` says how many rest on one.
--
-- @area      metrics
-- @reads     mfa_enrollment_state, mfa_factor_periods
-- @grain     one row per day, provider, population, tier, department, region; days without a single account are left out
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     curve_days      INTEGER     365    days before the last one
-- @column    day             DATE    UTC; the counts are those of its end
-- @column    provider        VARCHAR which directory the accounts are in
-- @column    population      VARCHAR workforce, contractor, partner, guest, break_glass, shared or unknown
-- @column    tier            VARCHAR tier of the policy
-- @column    department      VARCHAR department
-- @column    region          VARCHAR region
-- @column    users           BIGINT  enabled people on that day
-- @column    registered_users BIGINT of them, with at least one factor their tier accepts
-- @column    no_evidence_users BIGINT of them, with factors unknown
-- @column    undated_users   BIGINT  of the registered, without a registration day; on the last day only
-- @column    not_applicable_users BIGINT enabled people whose tier asks for no enrolment
-- @example   select day, sum(registered_users) * 1.0 / nullif(sum(users), 0) as share from mfa_registration_coverage group by day order by day

with

members as (
    select
        provider,
        identity_id,
        population,
        tier,
        department,
        region,
        allowed_methods,
        has_allowed,
        is_undated,
        enrolment = 'not_applicable' as is_not_applicable,
        cast(created_at at time zone 'UTC' as date) as created_day
    from mfa_enrollment_state
    where is_enabled
        and is_human
),

bounds as (
    select
        cast($as_of at time zone 'UTC' as date) as last_day,
        cast($as_of at time zone 'UTC' as date) - cast($curve_days as integer) as first_day
),

-- an account is registered while it has any accepted factor: periods are merged before they are counted
accepted as (
    select
        m.provider,
        m.identity_id,
        greatest(coalesce(cast(p.valid_from at time zone 'UTC' as date), b.last_day), m.created_day) as from_day,
        max(coalesce(cast(p.valid_to at time zone 'UTC' as date), date '9999-12-31')) as to_day
    from mfa_factor_periods as p
    inner join members as m
        on m.provider = p.provider
        and m.identity_id = p.identity_id
    cross join bounds as b
    where m.has_allowed is not null
        and not coalesce(m.is_not_applicable, false)
        and list_contains(m.allowed_methods, p.method)
    group by
        m.provider,
        m.identity_id,
        greatest(coalesce(cast(p.valid_from at time zone 'UTC' as date), b.last_day), m.created_day)
    -- what ended before the account was created never counted
    having max(coalesce(cast(p.valid_to at time zone 'UTC' as date), date '9999-12-31'))
        >= greatest(coalesce(cast(p.valid_from at time zone 'UTC' as date), b.last_day), m.created_day)
),

reached as (
    select
        provider,
        identity_id,
        from_day,
        to_day,
        max(to_day) over (
            partition by provider, identity_id
            order by from_day asc nulls first
            rows between unbounded preceding and 1 preceding
        ) as reached_day
    from accepted
),

numbered as (
    select
        provider,
        identity_id,
        from_day,
        to_day,
        sum(case when reached_day >= from_day then 0 else 1 end) over (
            partition by provider, identity_id
            order by from_day asc nulls first
            rows between unbounded preceding and current row
        ) as spell
    from reached
),

spells as (
    select
        provider,
        identity_id,
        min(from_day) as from_day,
        max(to_day) as to_day
    from numbered
    group by
        provider,
        identity_id,
        spell
),

turns as (
    select provider, identity_id, from_day as day, 1 as step from spells
    union all
    select provider, identity_id, to_day as day, -1 as step from spells where to_day < date '9999-12-31'
),

changes as (
    select
        greatest(m.created_day, b.first_day) as day,
        m.provider,
        m.population,
        m.tier,
        m.department,
        m.region,
        case when m.is_not_applicable then 0 else 1 end as users,
        0 as registered_users,
        case when m.has_allowed is null and not coalesce(m.is_not_applicable, false) then 1 else 0 end as no_evidence_users,
        case when m.is_not_applicable then 1 else 0 end as not_applicable_users
    from members as m
    cross join bounds as b
    union all
    select
        greatest(t.day, b.first_day) as day,
        m.provider,
        m.population,
        m.tier,
        m.department,
        m.region,
        0 as users,
        t.step as registered_users,
        0 as no_evidence_users,
        0 as not_applicable_users
    from turns as t
    inner join members as m
        on m.provider = t.provider
        and m.identity_id = t.identity_id
    cross join bounds as b
),

undated as (
    select
        b.last_day as day,
        m.provider,
        m.population,
        m.tier,
        m.department,
        m.region,
        count(*) as undated_users
    from members as m
    cross join bounds as b
    where m.is_undated
        and not coalesce(m.is_not_applicable, false)
    group by
        b.last_day,
        m.provider,
        m.population,
        m.tier,
        m.department,
        m.region
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
        g.population,
        g.tier,
        g.department,
        g.region,
        0 as users,
        0 as registered_users,
        0 as no_evidence_users,
        0 as undated_users,
        0 as not_applicable_users
    from (select distinct provider, population, tier, department, region from members) as g
    cross join days as d
    union all
    select
        day,
        provider,
        population,
        tier,
        department,
        region,
        users,
        registered_users,
        no_evidence_users,
        0 as undated_users,
        not_applicable_users
    from changes
    union all
    select
        day,
        provider,
        population,
        tier,
        department,
        region,
        0 as users,
        0 as registered_users,
        0 as no_evidence_users,
        undated_users,
        0 as not_applicable_users
    from undated
),

daily as (
    select
        day,
        provider,
        population,
        tier,
        department,
        region,
        sum(users) as users,
        sum(registered_users) as registered_users,
        sum(no_evidence_users) as no_evidence_users,
        sum(undated_users) as undated_users,
        sum(not_applicable_users) as not_applicable_users
    from cells
    group by
        day,
        provider,
        population,
        tier,
        department,
        region
),

totals as (
    select
        day,
        provider,
        population,
        tier,
        department,
        region,
        cast(sum(users) over running as bigint) as users,
        cast(sum(registered_users) over running as bigint) as registered_users,
        cast(sum(no_evidence_users) over running as bigint) as no_evidence_users,
        cast(undated_users as bigint) as undated_users,
        cast(sum(not_applicable_users) over running as bigint) as not_applicable_users
    from daily
    window running as (
        partition by provider, population, tier, department, region
        order by day asc nulls first
        rows between unbounded preceding and current row
    )
)

select
    day,
    provider,
    population,
    tier,
    department,
    region,
    users,
    registered_users,
    no_evidence_users,
    undated_users,
    not_applicable_users
from totals
where users > 0
    or not_applicable_users > 0
