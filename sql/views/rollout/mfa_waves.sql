-- mfa_waves
--
-- The waves of the roll-out: their dates, and how far the people of each department and region in them are.
--
-- Dates are those of the policy in force. `accounts` are enabled, human accounts whose tier asks for an enrolment:
-- accounts = compliant + in_grace + overdue + excepted + unknown. Accounts whose tier asks for nothing are apart, in
-- `not_applicable`. A wave without any account has one row without a department, and those who are in no wave the NULL wave.
-- Accounts add up over departments, regions and waves.
--
-- @area      rollout
-- @reads     mfa_policy_in_force, mfa_enrollment_state
-- @grain     one row per wave, department, region
-- @param     as_of           TIMESTAMPTZ now()  instant they are counted at
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    department      VARCHAR     department; NULL is unknown
-- @column    region          VARCHAR     region; NULL is unknown
-- @column    report_only_from TIMESTAMPTZ first instant at which decisions are reported; NULL is not said
-- @column    enforce_from    TIMESTAMPTZ the cutover, first instant at which they are enforced; NULL is never
-- @column    status          VARCHAR     enforced, report_only, planned or unscheduled, by the dates
-- @column    days_to_cutover BIGINT      whole days left; negative after it; NULL is never
-- @column    accounts        BIGINT      enabled human accounts whose tier asks for an enrolment
-- @column    compliant       BIGINT      of them, with all that their tier asks for
-- @column    in_grace        BIGINT      of them, not yet, and within their grace
-- @column    overdue         BIGINT      of them, past it
-- @column    excepted        BIGINT      of them, exempted by an exception that holds
-- @column    unknown         BIGINT      of them, of whom it is unknown
-- @column    not_applicable  BIGINT      enabled human accounts whose tier asks for no enrolment
-- @example   select wave, days_to_cutover, sum(compliant) * 1.0 / nullif(sum(accounts), 0) as share from mfa_waves group by wave, days_to_cutover order by days_to_cutover nulls last

with

waves as (
    select
        w.wave.wave as wave,
        coalesce(w.wave.wave, '') as wave_key,
        w.wave.report_only_from as report_only_from,
        w.wave.enforce_from as enforce_from
    from (select unnest(mfa_policy_waves(document)) as wave from mfa_policy_in_force) as w
),

counted as (
    select
        coalesce(wave, '') as wave_key,
        department,
        region,
        count(*) filter (where enrolment <> 'not_applicable') as accounts,
        count(*) filter (where enrolment = 'compliant') as compliant,
        count(*) filter (where enrolment = 'in_grace') as in_grace,
        count(*) filter (where enrolment = 'overdue') as overdue,
        count(*) filter (where enrolment = 'excepted') as excepted,
        count(*) filter (where enrolment = 'unknown') as unknown_accounts,
        count(*) filter (where enrolment = 'not_applicable') as not_applicable
    from (
        select wave, department, region, coalesce(enrolment, 'unknown') as enrolment
        from mfa_enrollment_state
        where is_enabled
            and is_human
    ) as people
    group by
        coalesce(wave, ''),
        department,
        region
)

select
    w.wave,
    c.department,
    c.region,
    w.report_only_from,
    w.enforce_from,
    case
        when w.enforce_from <= $as_of then 'enforced'
        when w.report_only_from <= $as_of then 'report_only'
        when w.enforce_from is not null or w.report_only_from is not null then 'planned'
        else 'unscheduled'
    end as status,
    cast(floor((extract(epoch from w.enforce_from) - extract(epoch from $as_of)) / 86400) as bigint) as days_to_cutover,
    coalesce(c.accounts, 0) as accounts,
    coalesce(c.compliant, 0) as compliant,
    coalesce(c.in_grace, 0) as in_grace,
    coalesce(c.overdue, 0) as overdue,
    coalesce(c.excepted, 0) as excepted,
    coalesce(c.unknown_accounts, 0) as unknown,
    coalesce(c.not_applicable, 0) as not_applicable
from waves as w
left join counted as c
    on c.wave_key = w.wave_key
