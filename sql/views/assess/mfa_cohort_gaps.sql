-- mfa_cohort_gaps
--
-- Groups that are challenged less than the rest: by region, department, device and population.
--
-- Of the interactive sign-ins that went through and of which it is known how MFA was met, how many performed it. Each group
-- is compared with all others of its kind: the rate with its 95 % Wilson interval, the z of a two-proportion test, and its
-- two-sided p, corrected for the number of groups compared (Bonferroni). `is_lower` is a rate that is significantly below
-- that of the others at 5 %. Groups below `cohort_min_signins` are listed and never called lower. Who has many sign-ins
-- counts many times: this is about sign-ins, not people.
--
-- @area      assess
-- @reads     mfa_placed_signins, mfa_accounts
-- @grain     one row per kind of group and group
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days        INTEGER     30     days of sign-ins before it
-- @param     cohort_min_signins     INTEGER     30     sign-ins a group needs to be judged
-- @column    cohort_kind        VARCHAR     region, department, population or protocol
-- @column    cohort             VARCHAR     the group; NULL is unknown
-- @column    signins            BIGINT      sign-ins of the group
-- @column    challenged_signins BIGINT      of them, with MFA performed
-- @column    rate               DOUBLE      share
-- @column    rate_low           DOUBLE      lower end of its interval
-- @column    rate_high          DOUBLE      upper end
-- @column    other_signins      BIGINT      sign-ins of the others
-- @column    other_rate         DOUBLE      their share
-- @column    z                  DOUBLE      test statistic; NULL where it cannot be computed
-- @column    p                  DOUBLE      corrected p
-- @column    is_lower           BOOLEAN     whether the group is challenged significantly less; NULL for a small group
-- @example   select cohort_kind, cohort, rate, other_rate from mfa_cohort_gaps where is_lower

with

accounts as (
    select
        provider,
        identity_id,
        region,
        department,
        population
    from mfa_accounts
    where is_human
),

signins as (
    select
        a.region,
        a.department,
        a.population,
        s.protocol,
        case when s.mfa_met_by = 'performed' then 1 else 0 end as is_challenged
    from mfa_placed_signins as s
    inner join accounts as a
        on a.provider = s.account_provider
        and a.identity_id = s.account_id
    where s.event_time <= $as_of
        and s.event_time > $as_of - ($gap_window_days * 24 || ' hours')::interval
        and s.outcome = 'success'
        and s.is_interactive
        and s.mfa_met_by <> 'unknown'
),

cohorts as (
    select 'region' as cohort_kind, region as cohort, count(*) as signins, sum(is_challenged) as challenged
    from signins
    group by region
    union all
    select 'department' as cohort_kind, department as cohort, count(*) as signins, sum(is_challenged) as challenged
    from signins
    group by department
    union all
    select 'population' as cohort_kind, population as cohort, count(*) as signins, sum(is_challenged) as challenged
    from signins
    group by population
    union all
    select 'protocol' as cohort_kind, protocol as cohort, count(*) as signins, sum(is_challenged) as challenged
    from signins
    group by protocol
),

against as (
    select
        cohort_kind,
        cohort,
        cast(signins as double) as n,
        cast(challenged as double) as x,
        cast(sum(signins) over (partition by cohort_kind) as double) as all_n,
        cast(sum(challenged) over (partition by cohort_kind) as double) as all_x,
        cast(count(*) over (partition by cohort_kind) as double) as groups
    from cohorts
),

rates as (
    select
        cohort_kind,
        cohort,
        n,
        x,
        all_n - n as other_n,
        groups,
        x / nullif(n, 0) as rate,
        (all_x - x) / nullif(all_n - n, 0) as other_rate,
        all_x / nullif(all_n, 0) as pooled
    from against
),

tests as (
    select
        cohort_kind,
        cohort,
        n,
        x,
        other_n,
        groups,
        rate,
        other_rate,
        (rate - other_rate) / nullif(sqrt(pooled * (1 - pooled) * (1 / nullif(n, 0) + 1 / nullif(other_n, 0))), 0) as z
    from rates
),

-- erf after Abramowitz and Stegun 7.1.26, good to 1.5e-7
steps as (
    select
        cohort_kind,
        cohort,
        n,
        x,
        other_n,
        groups,
        rate,
        other_rate,
        z,
        abs(z) / sqrt(2.0) as y,
        1 / nullif(1 + 0.3275911 * abs(z) / sqrt(2.0), 0) as t
    from tests
),

corrected as (
    select
        cohort_kind,
        cohort,
        n,
        x,
        other_n,
        rate,
        other_rate,
        z,
        least(
            1.0,
            groups * ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * exp(-y * y)
        ) as p
    from steps
)

select
    cohort_kind,
    cohort,
    cast(n as bigint) as signins,
    cast(x as bigint) as challenged_signins,
    rate,
    greatest(0.0, (rate + 1.9207 / nullif(n, 0) - 1.96 * sqrt(rate * (1 - rate) / nullif(n, 0) + 0.9604 / nullif(n * n, 0))) / nullif(1 + 3.8416 / nullif(n, 0), 0)) as rate_low,
    least(1.0, (rate + 1.9207 / nullif(n, 0) + 1.96 * sqrt(rate * (1 - rate) / nullif(n, 0) + 0.9604 / nullif(n * n, 0))) / nullif(1 + 3.8416 / nullif(n, 0), 0)) as rate_high,
    cast(other_n as bigint) as other_signins,
    other_rate,
    z,
    p,
    case when n >= $cohort_min_signins then coalesce(z < 0 and p < 0.05, false) end as is_lower
from corrected
