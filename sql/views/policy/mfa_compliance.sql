-- mfa_compliance
--
-- Every account on both axes, with the one thing to do next.
--
-- Enrolment is judged at as_of (mfa_enrollment_state), the session of the last sign-in that counts at its own time, by the
-- policy in force at as_of: the last that went through, interactively or by a legacy protocol.
-- `next_step` is the first that applies: none for disabled accounts, accounts of applications and accounts an exception
-- holds for; approve_exception, attest_exception or renew_exception where an exception lacks just that; check_data where
-- something is unknown; enrol_factor, attest_factor, add_second_factor, replace_weak_method, add_recovery for what is
-- missing; of accounts that have enough, modernise_client where the last sign-in used a forbidden protocol and use_mfa where
-- its session was too weak or too old; else none.
--
-- @area      policy
-- @reads     mfa_enrollment_state, mfa_account_inputs, mfa_placed_signins, mfa_signin_contexts, mfa_policy_in_force
-- @grain     one row per provider and identity, disabled accounts and service accounts included
-- @column    provider        VARCHAR     which directory it comes from
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    population      VARCHAR     workforce, contractor, partner, guest, service, break_glass, shared or unknown
-- @column    department      VARCHAR     department
-- @column    region          VARCHAR     region
-- @column    is_enabled      BOOLEAN     false when the account is known to be disabled
-- @column    tier            VARCHAR     tier of the policy
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    enrolment       VARCHAR     compliant, in_grace, overdue, excepted, not_applicable or unknown
-- @column    session         VARCHAR     of the last sign-in: satisfied, step_up, blocked or unknown; NULL without one
-- @column    methods         VARCHAR[]   canonical methods that are active; empty is none, NULL is unknown
-- @column    strength        VARCHAR     what the account is worth: its weakest accepted factor; NULL is none or unknown
-- @column    last_challenge_at TIMESTAMPTZ last sign-in that went through with MFA performed; NULL is none known
-- @column    last_signin_at  TIMESTAMPTZ last sign-in that counts; NULL is none known
-- @column    last_app_name   VARCHAR     application of the last sign-in
-- @column    deadline        TIMESTAMPTZ until when the enrolment may be incomplete
-- @column    stage           UTINYINT    stage of the enforcement that was reached; NULL is none
-- @column    decision        VARCHAR     what the policy decides on the enrolment; report_only enforces nothing
-- @column    would_decision  VARCHAR     what it would decide if it were enforced
-- @column    reasons         VARCHAR[]   reasons of the enrolment, by name
-- @column    session_reasons VARCHAR[]   reasons of the last session, by name; NULL without one
-- @column    next_step       VARCHAR     what to do, a word of the list above
-- @column    policy_hash     VARCHAR     hash of the document
-- @column    matched_rule_id VARCHAR     rule of the document that decided
-- @example   select next_step, count(*) as accounts from mfa_compliance where is_enabled group by next_step order by accounts desc nulls last

with

seen as (
    select
        account_provider as provider,
        account_id as identity_id,
        max(event_time) filter (where mfa_met_by = 'performed') as last_challenge_at,
        max(event_time) filter (where is_interactive or is_legacy) as last_signin_at
    from mfa_placed_signins
    where outcome = 'success'
        and account_id is not null
    group by
        account_provider,
        account_id
),

last_signins as (
    select
        s.provider,
        s.identity_id,
        c.event_time,
        c.app_name,
        c.app,
        c.context
    from seen as s
    inner join mfa_signin_contexts as c
        on c.account_provider = s.provider
        and c.account_id = s.identity_id
        and c.event_time = s.last_signin_at
    where c.outcome = 'success'
        and (c.is_interactive or c.is_legacy)
    qualify row_number() over (
        partition by s.provider, s.identity_id
        order by c.provider asc nulls last, c.event_id asc nulls last
    ) = 1
),

sessions as (
    select
        l.provider,
        l.identity_id,
        l.app_name,
        mfa_evaluate(i.subject, i.factors, l.app, l.context, i.exceptions, l.event_time, p.document) as answer
    from last_signins as l
    inner join mfa_account_inputs as i
        on i.provider = l.provider
        and i.identity_id = l.identity_id
    cross join mfa_policy_in_force as p
),

judged as (
    select
        e.provider,
        e.identity_id,
        e.user_principal,
        e.population,
        e.department,
        e.region,
        e.is_enabled,
        e.tier,
        e.wave,
        e.enrolment,
        s.answer.session as session,
        e.active_methods,
        e.strength,
        n.last_challenge_at,
        n.last_signin_at,
        s.app_name,
        e.grace_deadline,
        e.stage,
        e.decision,
        e.would_decision,
        e.reasons,
        list_intersect(mfa_reasons(s.answer.reason_mask), [
            'SESSION_WEAK', 'SESSION_STALE', 'STEP_UP_APP', 'STEP_UP_TX', 'STEP_UP_CONTEXT', 'LEGACY_PROTOCOL', 'FED_NOT_ATTESTED'
        ]) as session_reasons,
        e.policy_hash,
        e.matched_rule_id
    from mfa_enrollment_state as e
    left join seen as n
        on n.provider = e.provider
        and n.identity_id = e.identity_id
    left join sessions as s
        on s.provider = e.provider
        and s.identity_id = e.identity_id
)

select
    provider,
    identity_id,
    user_principal,
    population,
    department,
    region,
    is_enabled,
    tier,
    wave,
    enrolment,
    session,
    active_methods as methods,
    strength,
    last_challenge_at,
    last_signin_at,
    app_name as last_app_name,
    grace_deadline as deadline,
    stage,
    decision,
    would_decision,
    reasons,
    list_sort(session_reasons) as session_reasons,
    case
        when not is_enabled or enrolment in ('excepted', 'not_applicable') then 'none'
        when enrolment in ('in_grace', 'overdue') and list_contains(reasons, 'EXC_UNAPPROVED') then 'approve_exception'
        when enrolment in ('in_grace', 'overdue') and list_contains(reasons, 'EXC_EXPIRED') then 'renew_exception'
        when enrolment in ('in_grace', 'overdue') and list_contains(reasons, 'EXC_ATTEST_OVERDUE') then 'attest_exception'
        when enrolment = 'unknown' then 'check_data'
        when enrolment in ('in_grace', 'overdue') and list_contains(reasons, 'NO_FACTOR') then 'enrol_factor'
        when enrolment in ('in_grace', 'overdue') and list_contains(reasons, 'NOT_ATTESTED') then 'attest_factor'
        when enrolment in ('in_grace', 'overdue') and list_contains(reasons, 'NEED_SECOND') then 'add_second_factor'
        when enrolment in ('in_grace', 'overdue')
            and list_has_any(reasons, ['WEAK_ONLY', 'NO_NUMBER_MATCH', 'PHASED_OUT', 'FALLBACK_EXPIRED'])
            then 'replace_weak_method'
        when enrolment in ('in_grace', 'overdue') and list_contains(reasons, 'NO_RECOVERY') then 'add_recovery'
        when enrolment in ('in_grace', 'overdue') then 'enrol_factor'
        when session = 'blocked' then 'modernise_client'
        when session = 'step_up' then 'use_mfa'
        else 'none'
    end as next_step,
    policy_hash,
    matched_rule_id
from judged
