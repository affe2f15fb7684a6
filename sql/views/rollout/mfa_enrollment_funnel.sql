-- mfa_enrollment_funnel
--
-- From the account over the first sign-in, the guided set-up and the first factor to the second and to a way back in: who got how far, and when.
--
-- Counts enabled, human accounts whose tier asks for an enrolment, each once in every step it reached, on the day it did. Steps:
-- account           it exists, on the day it was created
-- first_signin      its first interactive sign-in that went through
-- guided_setup      it began to set up a method (mfa_enrollment_attempts)
-- factor_1, factor_2 its first and second active factor that its tier accepts; one that was removed since does not count
-- recovery          its first recovery method, a backup code or a temporary pass, as the policy counts them
-- Whoever reached a factor had a first sign-in and a set-up, although logs that begin later do not show them: such an account is in
-- `implied_accounts` too, on the earliest later day that is known. Days are NULL where nobody knows since when.
-- So sum(accounts) by step never rises up to factor_2; recovery is apart, since not every tier asks for one: see `is_required`.
-- Shares are of the accounts at the same step of the same people.
--
-- @area      rollout
-- @reads     mfa_enrollment_state, mfa_enrollment_attempts, mfa_account_factors, mfa_placed_signins, mfa_policy_in_force
-- @grain     one row per day, step, provider, wave, population, tier, department, region
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    day             DATE    UTC, on which the step was reached; NULL is unknown
-- @column    place           BIGINT  order of the step, from 1
-- @column    step            VARCHAR account, first_signin, guided_setup, factor_1, factor_2 or recovery
-- @column    is_required     BOOLEAN whether the tier asks for it; NULL is unknown
-- @column    provider        VARCHAR which directory the accounts are in
-- @column    wave            VARCHAR wave of the roll-out; NULL is none
-- @column    population      VARCHAR workforce, contractor, partner, guest, break_glass, shared or unknown
-- @column    tier            VARCHAR tier of the policy
-- @column    department      VARCHAR department
-- @column    region          VARCHAR region
-- @column    accounts        BIGINT  accounts that reached the step on that day
-- @column    implied_accounts BIGINT of them, of which only a later step is on record
-- @example   select place, step, sum(accounts) as accounts from mfa_enrollment_funnel where is_required group by place, step order by place

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
        created_at
    from mfa_enrollment_state
    where is_enabled
        and is_human
        and coalesce(enrolment, 'unknown') <> 'not_applicable'
),

tiers as (
    select
        need.tier as tier,
        max(need.min_factors) as min_factors,
        max(need.min_recovery) as min_recovery
    from (select unnest(mfa_policy_requirements(document, $as_of)) as need from mfa_policy_in_force) as needs
    group by need.tier
),

signins as (
    select
        account_provider as provider,
        account_id as identity_id,
        min(event_time) as reached_at
    from mfa_placed_signins
    where outcome = 'success'
        and is_interactive
        and account_id is not null
    group by
        account_provider,
        account_id
),

setups as (
    select
        account_provider as provider,
        account_id as identity_id,
        min(coalesce(started_at, last_step_at)) as reached_at
    from mfa_enrollment_attempts
    where account_id is not null
    group by
        account_provider,
        account_id
),

held as (
    select
        f.provider,
        f.identity_id,
        f.registered_at,
        f.method in ('backup_code', 'temp_pass') as is_recovery,
        row_number() over (
            partition by f.provider, f.identity_id, f.method in ('backup_code', 'temp_pass')
            order by f.registered_at asc nulls last, f.method asc nulls last
        ) as place
    from mfa_account_factors as f
    inner join members as m
        on m.provider = f.provider
        and m.identity_id = f.identity_id
    where f.status = 'active'
        and f.removed_at is null
        and (f.method in ('backup_code', 'temp_pass') or list_contains(m.allowed_methods, f.method))
),

registered as (
    select
        provider,
        identity_id,
        count(*) filter (where not is_recovery) as factors,
        count(*) filter (where is_recovery) as recoveries,
        min(registered_at) filter (where not is_recovery and place = 1) as first_at,
        min(registered_at) filter (where not is_recovery and place = 2) as second_at,
        min(registered_at) filter (where is_recovery and place = 1) as recovery_at
    from held
    group by
        provider,
        identity_id
),

known as (
    select
        m.provider,
        m.identity_id,
        m.wave,
        m.population,
        m.tier,
        m.department,
        m.region,
        m.created_at,
        s.reached_at as signin_at,
        u.reached_at as setup_at,
        s.identity_id is not null as has_signin,
        u.identity_id is not null as has_setup,
        coalesce(r.factors, 0) as factors,
        coalesce(r.recoveries, 0) as recoveries,
        r.first_at,
        r.second_at,
        r.recovery_at,
        t.min_factors,
        t.min_recovery
    from members as m
    left join signins as s
        on s.provider = m.provider
        and s.identity_id = m.identity_id
    left join setups as u
        on u.provider = m.provider
        and u.identity_id = m.identity_id
    left join registered as r
        on r.provider = m.provider
        and r.identity_id = m.identity_id
    left join tiers as t
        on t.tier = m.tier
),

steps as (
    select
        1 as place, 'account' as step, true as is_required, provider, wave, population, tier, department, region,
        created_at as reached_at,
        false as is_implied
    from known
    union all
    select
        2 as place, 'first_signin' as step, true as is_required, provider, wave, population, tier, department, region,
        case when has_signin then signin_at else least(setup_at, first_at) end as reached_at,
        not has_signin as is_implied
    from known
    where has_signin or has_setup or factors > 0
    union all
    select
        3 as place, 'guided_setup' as step, true as is_required, provider, wave, population, tier, department, region,
        case when has_setup then setup_at else first_at end as reached_at,
        not has_setup as is_implied
    from known
    where has_setup or factors > 0
    union all
    select
        4 as place, 'factor_1' as step, min_factors >= 1 as is_required, provider, wave, population, tier, department, region,
        first_at as reached_at,
        false as is_implied
    from known
    where factors > 0
    union all
    select
        5 as place, 'factor_2' as step, min_factors >= 2 as is_required, provider, wave, population, tier, department, region,
        second_at as reached_at,
        false as is_implied
    from known
    where factors > 1
    union all
    select
        6 as place, 'recovery' as step, min_recovery >= 1 as is_required, provider, wave, population, tier, department, region,
        recovery_at as reached_at,
        false as is_implied
    from known
    where recoveries > 0
)

select
    cast(reached_at at time zone 'UTC' as date) as day,
    cast(place as bigint) as place,
    step,
    is_required,
    provider,
    wave,
    population,
    tier,
    department,
    region,
    count(*) as accounts,
    count(*) filter (where is_implied) as implied_accounts
from steps
group by
    cast(reached_at at time zone 'UTC' as date),
    cast(place as bigint),
    step,
    is_required,
    provider,
    wave,
    population,
    tier,
    department,
    region
