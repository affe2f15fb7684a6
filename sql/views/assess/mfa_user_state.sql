-- mfa_user_state
--
-- Every account today: methods, last challenge, last failure, how it stands.
--
-- Attempts of the last `gap_window_days`. A failed enrolment is a verify_failed or abandoned step of that time. What the
-- account may do next says mfa_compliance.
--
-- @area      assess
-- @reads     mfa_enrollment_state, mfa_placed_signins, mfa_enrollment_events, mfa_factor_events
-- @grain     one row per provider and identity
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days        INTEGER     30     days of sign-ins before it
-- @column    provider          VARCHAR     which directory the account is in
-- @column    identity_id       VARCHAR     the provider's id of the identity
-- @column    user_principal    VARCHAR     login name, lower case
-- @column    population        VARCHAR     population
-- @column    tier              VARCHAR     tier of the policy
-- @column    department        VARCHAR     department
-- @column    region            VARCHAR     region
-- @column    is_enabled        BOOLEAN     false when the account is known to be disabled
-- @column    enrolment         VARCHAR     compliant, in_grace, overdue, excepted, not_applicable or unknown
-- @column    methods           VARCHAR[]   active methods; empty is none, NULL is unknown
-- @column    strength          VARCHAR     what the account is worth; NULL is none or unknown
-- @column    signins           BIGINT      interactive sign-ins that went through
-- @column    protected_signins BIGINT      of them, with MFA
-- @column    failed_signins    BIGINT      attempts that failed
-- @column    last_signin_at    TIMESTAMPTZ last interactive sign-in
-- @column    last_challenge_at TIMESTAMPTZ last time MFA was performed
-- @column    last_failure_at   TIMESTAMPTZ last failed attempt
-- @column    failed_enrolments BIGINT      steps of an enrolment that failed or were given up
-- @column    evidence          VARCHAR     satisfied, required_failed, not_required, excluded or no_evidence
-- @example   select evidence, count(*) as accounts from mfa_user_state where is_enabled group by evidence order by accounts desc nulls last

with

attempts as (
    select
        account_provider as provider,
        account_id as identity_id,
        count(*) filter (where outcome = 'success' and is_interactive) as signins,
        count(*) filter (
            where outcome = 'success'
                and is_interactive
                and mfa_met_by in ('performed', 'remembered', 'claim', 'federated')
        ) as protected_signins,
        count(*) filter (where outcome = 'failure') as failed_signins,
        max(event_time) filter (where outcome = 'success' and is_interactive) as last_signin_at,
        max(event_time) filter (where outcome = 'success' and mfa_met_by = 'performed') as last_challenge_at,
        max(event_time) filter (where outcome = 'failure') as last_failure_at
    from mfa_placed_signins
    where event_time <= $as_of
        and event_time > $as_of - ($gap_window_days * 24 || ' hours')::interval
        and account_id is not null
    group by
        account_provider,
        account_id
),

steps as (
    select provider, identity_id, event_time
    from mfa_enrollment_events
    where step in ('verify_failed', 'abandoned')
    union all
    select provider, identity_id, event_time
    from mfa_factor_events
    where event_type in ('verify_failed', 'abandoned')
),

failures as (
    select
        provider,
        identity_id,
        count(*) as failed_enrolments
    from steps
    where event_time <= $as_of
        and event_time > $as_of - ($gap_window_days * 24 || ' hours')::interval
    group by
        provider,
        identity_id
)

select
    e.provider,
    e.identity_id,
    e.user_principal,
    e.population,
    e.tier,
    e.department,
    e.region,
    e.is_enabled,
    e.enrolment,
    e.active_methods as methods,
    e.strength,
    coalesce(a.signins, 0) as signins,
    coalesce(a.protected_signins, 0) as protected_signins,
    coalesce(a.failed_signins, 0) as failed_signins,
    a.last_signin_at,
    a.last_challenge_at,
    a.last_failure_at,
    coalesce(f.failed_enrolments, 0) as failed_enrolments,
    case
        when e.enrolment = 'not_applicable' then 'not_required'
        when e.enrolment = 'excepted' then 'excluded'
        when coalesce(a.signins, 0) = 0 or coalesce(e.enrolment, 'unknown') = 'unknown' then 'no_evidence'
        when a.protected_signins = a.signins and e.enrolment = 'compliant' then 'satisfied'
        else 'required_failed'
    end as evidence
from mfa_enrollment_state as e
left join attempts as a
    on a.provider = e.provider
    and a.identity_id = e.identity_id
left join failures as f
    on f.provider = e.provider
    and f.identity_id = e.identity_id
