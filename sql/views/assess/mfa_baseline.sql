-- mfa_baseline
--
-- One number per measure and group: the snapshot to keep and to compare with.
--
-- Keep it with: insert into mfa_snapshots (taken_at, view_name, row_id, provider, measure, value) select as_of,
-- 'mfa_baseline', row_id, provider, measure, value from mfa_baseline. mfa_baseline_diff compares two. All measures are
-- counts, so that shares of any grouping are right.
--
-- @area      assess
-- @reads     mfa_enrollment_state, mfa_gaps
-- @grain     one row per measure, provider, population, tier and department
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @column    as_of      TIMESTAMPTZ instant of the snapshot
-- @column    row_id     VARCHAR     key of the row: its columns with bars between
-- @column    provider   VARCHAR     which directory
-- @column    population VARCHAR     population
-- @column    tier       VARCHAR     tier of the policy
-- @column    department VARCHAR     department
-- @column    measure    VARCHAR     accounts, compliant, overdue, in_grace, excepted, unknown, no_factor, phishing_resistant or gap:<rule>
-- @column    value      DOUBLE      count
-- @example   select measure, sum(value) as value from mfa_baseline group by measure order by measure

with

accounts as (
    select
        provider,
        population,
        tier,
        department,
        enrolment,
        active_methods,
        strength
    from mfa_enrollment_state
    where is_enabled
),

counts as (
    select provider, population, tier, department, 'accounts' as measure, count(*) as value
    from accounts
    group by provider, population, tier, department
    union all
    select provider, population, tier, department, coalesce(enrolment, 'unknown') as measure, count(*) as value
    from accounts
    group by provider, population, tier, department, coalesce(enrolment, 'unknown')
    union all
    select provider, population, tier, department, 'no_factor' as measure, count(*) as value
    from accounts
    where coalesce(cast(array_length(active_methods) as bigint), 0) = 0
        and active_methods is not null
        and coalesce(enrolment, 'unknown') <> 'not_applicable'
    group by provider, population, tier, department
    union all
    select provider, population, tier, department, 'phishing_resistant' as measure, count(*) as value
    from accounts
    where strength in ('phishing_resistant', 'pr_hardware')
    group by provider, population, tier, department
    union all
    select provider, population, tier, department, 'gap:' || rule as measure, count(*) as value
    from mfa_gaps
    group by provider, population, tier, department, 'gap:' || rule
)

select
    $as_of as as_of,
    coalesce(provider, '') || '|' || coalesce(population, '') || '|' || coalesce(tier, '') || '|' || coalesce(department, '') || '|' || measure as row_id,
    provider,
    population,
    tier,
    department,
    measure,
    cast(value as double) as value
from counts
