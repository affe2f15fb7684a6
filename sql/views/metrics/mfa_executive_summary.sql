-- mfa_executive_summary
--
-- The program in a dozen lines: each a measure with its numerator and denominator.
--
-- Shares are numerator by denominator; a measure without a denominator is a count. `better` says which way is good. Measures
-- whose input is not loaded have no rows, or a NULL share, never a zero.
--
-- @area      metrics
-- @reads     mfa_enrollment_state, mfa_effective_coverage, mfa_gaps, mfa_exceptions_status, mfa_bypass_rates, mfa_detections
-- @grain     one row per measure
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days        INTEGER     30     days of sign-ins before it
-- @column    place       BIGINT      place in the list
-- @column    measure     VARCHAR     name of the measure
-- @column    numerator   BIGINT      what is counted
-- @column    denominator BIGINT      out of how many; NULL for counts
-- @column    share       DOUBLE      numerator by denominator; NULL for counts and for nothing by nothing
-- @column    better      VARCHAR     higher or lower
-- @column    description VARCHAR     what it is, in a sentence
-- @example   select measure, share, numerator, denominator from mfa_executive_summary order by place

with

accounts as (
    select
        enrolment,
        has_allowed,
        is_privileged,
        strength,
        active_methods
    from mfa_enrollment_state
    where is_enabled
        and is_human
        and coalesce(enrolment, 'unknown') <> 'not_applicable'
),

coverage as (
    select
        cast(sum(protected_signins) as bigint) as protected_signins,
        cast(sum(signins) as bigint) as signins
    from mfa_effective_coverage
    where day > cast($as_of at time zone 'UTC' as date) - cast($gap_window_days as integer)
),

bypasses as (
    select
        cast(sum(bypass_signins) as bigint) as bypass_signins,
        cast(sum(signins) as bigint) as signins
    from mfa_bypass_rates
),

gaps as (
    select
        count(*) filter (where severity = 'critical') as critical_gaps,
        count(*) filter (where severity = 'high') as high_gaps
    from mfa_gaps
),

exceptions as (
    select
        count(*) filter (where status not in ('expired', 'closed')) as open_exceptions,
        count(*) filter (where status in ('unapproved', 'forbidden', 'too_long', 'attestation_overdue', 'incomplete')) as faulty_exceptions,
        count(*) filter (where signins_after_expiry > 0) as used_after_end
    from mfa_exceptions_status
),

detections as (
    select count(*) filter (where severity = 'critical') as critical_detections
    from mfa_detections
),

measures as (
    select
        1 as place,
        'registration_coverage' as measure,
        count(*) filter (where has_allowed) as numerator,
        count(*) as denominator,
        'higher' as better,
        'enabled people with a method that their tier accepts' as description
    from accounts
    union all
    select 2, 'compliance', count(*) filter (where enrolment = 'compliant'), count(*), 'higher', 'enabled people with everything that their tier asks for'
    from accounts
    union all
    select 3, 'effective_coverage', protected_signins, signins, 'higher', 'interactive sign-ins of people that MFA protected'
    from coverage
    union all
    select 4, 'admins_phishing_resistant', count(*) filter (where strength in ('phishing_resistant', 'pr_hardware')), count(*), 'higher', 'administrators whose weakest accepted method is phishing resistant'
    from accounts
    where is_privileged
    union all
    select 5, 'overdue', count(*) filter (where enrolment = 'overdue'), count(*), 'lower', 'enabled people whose grace is over'
    from accounts
    union all
    select 6, 'unknown', count(*) filter (where coalesce(enrolment, 'unknown') = 'unknown'), count(*), 'lower', 'enabled people of whom too little is known to judge'
    from accounts
    union all
    select 7, 'bypass_rate', bypass_signins, signins, 'lower', 'interactive sign-ins let through by a bypass'
    from bypasses
    union all
    select 8, 'open_critical_gaps', critical_gaps, cast(null as bigint), 'lower', 'gaps of critical severity'
    from gaps
    union all
    select 9, 'open_high_gaps', high_gaps, cast(null as bigint), 'lower', 'gaps of high severity'
    from gaps
    union all
    select 10, 'faulty_exceptions', faulty_exceptions, open_exceptions, 'lower', 'open exceptions that lack approval, criterion, attestation or an allowed end'
    from exceptions
    union all
    select 11, 'exceptions_used_after_end', used_after_end, cast(null as bigint), 'lower', 'exceptions that are over and still at work'
    from exceptions
    union all
    select 12, 'critical_detections', critical_detections, cast(null as bigint), 'lower', 'detections of critical severity in the last days'
    from detections
)

select
    cast(place as bigint) as place,
    measure,
    cast(numerator as bigint) as numerator,
    cast(denominator as bigint) as denominator,
    cast(numerator as double) / nullif(cast(denominator as double), 0) as share,
    better,
    description
from measures
