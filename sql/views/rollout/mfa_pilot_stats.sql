-- mfa_pilot_stats
--
-- How long it takes people to set up a method and what stops them, wave by wave: what a pilot is for.
--
-- Counts the attempts of mfa_enrollment_attempts on the day they began. The pilot is the wave that is enforced first.
-- Attempts are apart by their outcome and, where a verification failed, by the reason of its last failure; `failures` are also those of
-- attempts that were completed in the end. Times are of the attempts that were both started and completed on record,
-- `timed_attempts`: mean time is sum(seconds) / sum(timed_attempts). A set-up that a portal and the provider both log is on
-- rows of both sources, so add up within one.
--
-- @area      rollout
-- @reads     mfa_enrollment_attempts, mfa_enrollment_state, mfa_policy_in_force
-- @grain     one row per source, day, provider, wave, department, region, method, outcome, failure_reason
-- @column    source          VARCHAR provider or portal
-- @column    day             DATE    UTC, of the start, else of the last step
-- @column    provider        VARCHAR provider the person enrols at
-- @column    wave            VARCHAR wave of the roll-out; NULL is none
-- @column    is_pilot        BOOLEAN whether it is the wave that is enforced first
-- @column    department      VARCHAR department; NULL is unknown
-- @column    region          VARCHAR region; NULL is unknown
-- @column    method          VARCHAR canonical method chosen last; NULL is none known
-- @column    outcome         VARCHAR completed, failed, abandoned or open
-- @column    failure_reason  VARCHAR why the last verification that failed did, as logged; NULL is none or unknown
-- @column    attempts        BIGINT  attempts
-- @column    failures        BIGINT  verifications that failed
-- @column    timed_attempts  BIGINT  of the attempts, whose time from start to completion is known
-- @column    seconds         BIGINT  their time, in all
-- @column    within_5_minutes BIGINT of the timed ones, at most that long
-- @column    within_1_hour   BIGINT  of the timed ones, at most that long
-- @column    within_1_day    BIGINT  of the timed ones, at most that long
-- @example   select method, sum(seconds) / 60.0 / nullif(sum(timed_attempts), 0) as mean_minutes from mfa_pilot_stats where is_pilot group by method

with

waves as (
    select
        w.wave.wave as wave,
        w.wave.enforce_from as enforce_from
    from (select unnest(mfa_policy_waves(document)) as wave from mfa_policy_in_force) as w
),

pilots as (
    select
        wave,
        true as is_pilot
    from waves
    where wave is not null
        and enforce_from is not null
    qualify row_number() over (order by enforce_from asc nulls last, wave asc nulls last) = 1
)

select
    t.source,
    cast(coalesce(t.started_at, t.last_step_at) at time zone 'UTC' as date) as day,
    t.provider,
    e.wave,
    coalesce(p.is_pilot, false) as is_pilot,
    e.department,
    e.region,
    t.method,
    t.outcome,
    t.failure_reason,
    count(*) as attempts,
    cast(sum(t.failures) as bigint) as failures,
    count(t.seconds) as timed_attempts,
    cast(coalesce(sum(t.seconds), 0) as bigint) as seconds,
    count(*) filter (where t.seconds <= 300) as within_5_minutes,
    count(*) filter (where t.seconds <= 3600) as within_1_hour,
    count(*) filter (where t.seconds <= 86400) as within_1_day
from mfa_enrollment_attempts as t
left join mfa_enrollment_state as e
    on e.provider = t.account_provider
    and e.identity_id = t.account_id
left join pilots as p
    on p.wave = e.wave
group by
    t.source,
    cast(coalesce(t.started_at, t.last_step_at) at time zone 'UTC' as date),
    t.provider,
    e.wave,
    coalesce(p.is_pilot, false),
    e.department,
    e.region,
    t.method,
    t.outcome,
    t.failure_reason
