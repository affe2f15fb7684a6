-- mfa_signin_replay
--
-- What the policy in force would say, enforced, if the sign-ins of late happened again at `as_of`.
--
-- Sign-ins that went through and that a person, or a client that cannot be asked, made: interactive ones and legacy
-- protocols; what an application fetches with a token and token refreshes are not among them. Each is judged with the
-- factors and exceptions its account has at as_of and with an MFA of the age it had. Whether the policy is only reported makes
-- no difference to `would_decision`.
--
-- @area      policy
-- @reads     mfa_signin_contexts, mfa_account_inputs, mfa_policy_in_force
-- @grain     one row per sign-in
-- @param     as_of           TIMESTAMPTZ now()  instant they are replayed at
-- @column    event_time      TIMESTAMPTZ when it went through
-- @column    provider        VARCHAR     which log it comes from
-- @column    event_id        VARCHAR     the provider's id of the event, the last one of the attempt
-- @column    account_provider VARCHAR    directory of the account; NULL is none found
-- @column    account_id      VARCHAR     identity_id of the account there
-- @column    user_principal  VARCHAR     login name in the log, lower case
-- @column    population      VARCHAR     of the account, else what the log suggests, else unknown
-- @column    department      VARCHAR     department
-- @column    region          VARCHAR     region
-- @column    is_enabled      BOOLEAN     false when the account is known to be disabled since
-- @column    app_id          VARCHAR     the provider's id of the application
-- @column    app_name        VARCHAR     name of the application
-- @column    sensitivity     VARCHAR     critical, normal or low, from mfa_apps; NULL is unknown
-- @column    tier            VARCHAR     tier of the policy
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    decision        VARCHAR     what the policy would decide in its mode
-- @column    would_decision  VARCHAR     what it would decide if it were enforced
-- @column    enrolment       VARCHAR     compliant, in_grace, overdue, excepted, not_applicable or unknown
-- @column    session         VARCHAR     satisfied, step_up, blocked or unknown
-- @column    reason_mask     UINTEGER    reasons, as a mask
-- @example   select wave, would_decision, count(*) as signins from mfa_signin_replay group by wave, would_decision

with

judged as (
    select
        c.event_time,
        c.provider,
        c.event_id,
        c.account_provider,
        c.account_id,
        c.user_principal,
        coalesce(nullif(i.population, 'unknown'), c.population_hint, 'unknown') as population,
        i.department,
        i.region,
        coalesce(i.is_enabled, true) as is_enabled,
        c.app_id,
        c.app_name,
        c.sensitivity,
        mfa_evaluate(
            coalesce(
                i.subject,
                {
                    'id': c.user_principal,
                    'population': c.population_hint,
                    'roles': cast(null as varchar[]),
                    'privileged': cast(null as boolean),
                    'department': cast(null as varchar),
                    'region': cast(null as varchar),
                    'created_at': cast(null as timestamptz),
                    'fallback_started_at': cast(null as timestamptz)
                }
            ),
            i.factors,
            c.app,
            c.replayed_context,
            coalesce(i.exceptions, []),
            $as_of,
            p.document
        ) as answer
    from mfa_signin_contexts as c
    cross join mfa_policy_in_force as p
    left join mfa_account_inputs as i
        on i.provider = c.account_provider
        and i.identity_id = c.account_id
    where c.outcome = 'success'
        and (c.is_interactive or c.is_legacy)
)

select
    event_time,
    provider,
    event_id,
    account_provider,
    account_id,
    user_principal,
    population,
    department,
    region,
    is_enabled,
    app_id,
    app_name,
    sensitivity,
    answer.tier as tier,
    answer.wave as wave,
    answer.decision as decision,
    answer.would_decision as would_decision,
    answer.enrolment as enrolment,
    answer.session as session,
    answer.reason_mask as reason_mask
from judged
