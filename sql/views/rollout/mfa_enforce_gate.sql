-- mfa_enforce_gate
--
-- Is a wave ready to be enforced? A report by the policy's own promote_when; it changes nothing.
--
-- The sign-ins of the policy's window, replayed at as_of (mfa_signin_replay), those of accounts disabled since left out.
-- `success_rate` is the share that would be let in as they were: allow, allow_remind, allow_exception or exempt. A step-up is no
-- success, and neither is what cannot be decided. The interval is Wilson's at 95 %. A wave is `ready` with enough
-- sign-ins and a rate not below the one asked for; `too_few_signins` and `not_ready` say what is missing, `already_enforced`
-- that its enforcement has begun, `no_gate` that the policy asks for nothing.
--
-- @area      rollout
-- @reads     mfa_policy_in_force, mfa_signin_replay
-- @grain     one row per wave of the policy in force, and one with a NULL wave for those who are in none
-- @param     as_of           TIMESTAMPTZ now()  instant of the report
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    report_only_from TIMESTAMPTZ first instant at which decisions are reported
-- @column    enforce_from    TIMESTAMPTZ first instant at which they are enforced; NULL is never
-- @column    window_from     TIMESTAMPTZ sign-ins after it count
-- @column    signins         BIGINT      sign-ins in the window
-- @column    successes       BIGINT      of them, that would be let in as they were
-- @column    stepped_up      BIGINT      of them, that would be asked for more
-- @column    limited         BIGINT      of them, that would be kept out of the application
-- @column    blocked         BIGINT      of them, that would be kept out
-- @column    indeterminate   BIGINT      of them, where a value is missing that could change the decision
-- @column    success_rate    DOUBLE      successes in sign-ins; NULL without sign-ins
-- @column    rate_low        DOUBLE      lower end of the interval
-- @column    rate_high       DOUBLE      upper end of the interval
-- @column    required_rate   DOUBLE      rate the policy asks for
-- @column    required_signins BIGINT     sign-ins it asks for
-- @column    verdict         VARCHAR     ready, not_ready, too_few_signins, no_gate or already_enforced
-- @example   select wave, verdict, round(success_rate, 3) as success_rate, signins from mfa_enforce_gate order by enforce_from nulls last

with

waves as (
    select
        w.wave.wave as wave,
        w.wave.report_only_from as report_only_from,
        w.wave.enforce_from as enforce_from,
        w.wave.success_rate as required_rate,
        w.wave.min_signins as required_signins,
        -- in UTC: a day is 24 hours wherever the session is
        ($as_of at time zone 'UTC' - coalesce(w.wave.window, interval '14 days')) at time zone 'UTC' as window_from
    from (select unnest(mfa_policy_waves(document)) as wave from mfa_policy_in_force) as w
),

-- the same for every wave
bounds as (
    select max(window_from) as window_from
    from waves
),

counted as (
    select
        r.wave,
        count(*) as signins,
        count(*) filter (where r.would_decision in ('allow', 'allow_remind', 'allow_exception', 'exempt')) as successes,
        count(*) filter (where r.would_decision = 'step_up') as stepped_up,
        count(*) filter (where r.would_decision = 'limit') as limited,
        count(*) filter (where r.would_decision = 'block') as blocked,
        count(*) filter (where r.would_decision = 'indeterminate') as indeterminate
    from mfa_signin_replay as r
    cross join bounds as b
    where r.event_time > b.window_from
        and r.is_enabled
    group by r.wave
),

rated as (
    select
        w.wave,
        w.report_only_from,
        w.enforce_from,
        w.window_from,
        coalesce(c.signins, 0) as signins,
        coalesce(c.successes, 0) as successes,
        coalesce(c.stepped_up, 0) as stepped_up,
        coalesce(c.limited, 0) as limited,
        coalesce(c.blocked, 0) as blocked,
        coalesce(c.indeterminate, 0) as indeterminate,
        cast(c.successes as double) / nullif(c.signins, 0) as success_rate,
        w.required_rate,
        w.required_signins,
        -- 1.96 standard errors
        cast(3.8416 as double) / nullif(c.signins, 0) as z2_per_signin
    from waves as w
    left join counted as c
        on coalesce(c.wave, '') = coalesce(w.wave, '')
)

select
    wave,
    report_only_from,
    enforce_from,
    window_from,
    signins,
    successes,
    stepped_up,
    limited,
    blocked,
    indeterminate,
    success_rate,
    case
        when signins > 0 then greatest(
            0,
            (success_rate + z2_per_signin * 0.5
                - sqrt(z2_per_signin * (success_rate * (1 - success_rate) + z2_per_signin * 0.25))) / nullif(cast(1 + z2_per_signin as double), 0)
        )
    end as rate_low,
    case
        when signins > 0 then least(
            1,
            (success_rate + z2_per_signin * 0.5
                + sqrt(z2_per_signin * (success_rate * (1 - success_rate) + z2_per_signin * 0.25))) / nullif(cast(1 + z2_per_signin as double), 0)
        )
    end as rate_high,
    required_rate,
    required_signins,
    case
        when enforce_from <= $as_of then 'already_enforced'
        when required_rate is null then 'no_gate'
        when signins < required_signins or signins = 0 then 'too_few_signins'
        when success_rate >= required_rate then 'ready'
        else 'not_ready'
    end as verdict
from rated
