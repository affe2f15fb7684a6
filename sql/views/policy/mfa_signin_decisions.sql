-- mfa_signin_decisions
--
-- What the policy said about every sign-in at the time.
--
-- Each is judged at its event_time by the document that decided then, with the factors and exceptions the account had then
-- (mfa_account_states) and what is known of the session (mfa_signin_contexts). A sign-in without an account is judged by the
-- population the log suggests and by nothing else, which is mostly indeterminate. An attempt that did not go through is judged as
-- one without any method; filter on `outcome` to count sign-ins. Every attempt is on one row: count(*) adds up.
--
-- @area      policy
-- @reads     mfa_signin_contexts, mfa_account_states, mfa_policy_versions
-- @grain     one row per attempt of mfa_signin_attempts
-- @column    event_time      TIMESTAMPTZ when it went through, or when its last event was
-- @column    provider        VARCHAR     which log it comes from
-- @column    event_id        VARCHAR     the provider's id of the event, the last one of the attempt
-- @column    identity_id     VARCHAR     the id of the identity in the log
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    account_provider VARCHAR    directory of the account; NULL is none found
-- @column    account_id      VARCHAR     identity_id of the account there
-- @column    population      VARCHAR     of the account, else what the log suggests, else unknown
-- @column    department      VARCHAR     department
-- @column    region          VARCHAR     region
-- @column    app_id          VARCHAR     the provider's id of the application
-- @column    app_name        VARCHAR     name of the application
-- @column    sensitivity     VARCHAR     critical, normal or low, from mfa_apps; NULL is unknown
-- @column    outcome         VARCHAR     success, failure, challenge, interrupted or unknown
-- @column    is_interactive  BOOLEAN     whether a person was at the keyboard
-- @column    mfa_met_by      VARCHAR     performed, remembered, claim, federated, bypass, trusted_location, none or unknown
-- @column    mfa_at          TIMESTAMPTZ when the session authenticated that way; NULL is unknown
-- @column    decision        VARCHAR     what the policy decided; report_only enforced nothing
-- @column    would_decision  VARCHAR     what it would have decided if it were enforced
-- @column    enrolment       VARCHAR     compliant, in_grace, overdue, excepted, not_applicable or unknown
-- @column    session         VARCHAR     satisfied, step_up, blocked or unknown; NULL is no session
-- @column    matched_rule_id VARCHAR     rule of the document that decided
-- @column    reason_mask     UINTEGER    reasons, as a mask
-- @column    reasons         VARCHAR[]   reasons, by name
-- @column    stage           UTINYINT    stage of the enforcement that was reached; NULL is none
-- @column    tier            VARCHAR     tier of the policy
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    policy_version  VARCHAR     version of the document, from mfa_policies; NULL is set by hand or shipped
-- @column    policy_hash     VARCHAR     hash of the document
-- @example   select would_decision, count(*) as signins from mfa_signin_decisions where outcome = 'success' group by would_decision

with

-- without NULLs, so that the joins compare columns and nothing else
versions as (
    select
        version,
        document,
        coalesce(valid_from, timestamptz '0001-01-01 00:00:00+00') as valid_from,
        coalesce(valid_to, timestamptz '9999-12-31 00:00:00+00') as valid_to
    from mfa_policy_versions
),

states as (
    select
        provider,
        identity_id,
        subject,
        factors,
        exceptions,
        coalesce(valid_from, timestamptz '0001-01-01 00:00:00+00') as valid_from,
        coalesce(valid_to, timestamptz '9999-12-31 00:00:00+00') as valid_to
    from mfa_account_states
),

judged as (
    select
        c.event_time,
        c.provider,
        c.event_id,
        c.identity_id,
        c.user_principal,
        c.account_provider,
        c.account_id,
        coalesce(nullif(s.subject.population, 'unknown'), c.population_hint, 'unknown') as population,
        s.subject.department as department,
        s.subject.region as region,
        c.app_id,
        c.app_name,
        c.sensitivity,
        c.outcome,
        c.is_interactive,
        c.mfa_met_by,
        c.mfa_at,
        mfa_evaluate(
            coalesce(
                s.subject,
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
            s.factors,
            c.app,
            c.context,
            coalesce(s.exceptions, []),
            c.event_time,
            p.document
        ) as answer,
        p.version as policy_version
    from mfa_signin_contexts as c
    inner join versions as p
        on p.valid_from <= c.event_time
        and p.valid_to > c.event_time
    left join states as s
        on s.provider = c.account_provider
        and s.identity_id = c.account_id
        and s.valid_from <= c.event_time
        and s.valid_to > c.event_time
)

select
    event_time,
    provider,
    event_id,
    identity_id,
    user_principal,
    account_provider,
    account_id,
    population,
    department,
    region,
    app_id,
    app_name,
    sensitivity,
    outcome,
    is_interactive,
    mfa_met_by,
    mfa_at,
    answer.decision as decision,
    answer.would_decision as would_decision,
    answer.enrolment as enrolment,
    answer.session as session,
    answer.matched_rule_id as matched_rule_id,
    answer.reason_mask as reason_mask,
    mfa_reasons(answer.reason_mask) as reasons,
    answer.stage as stage,
    answer.tier as tier,
    answer.wave as wave,
    policy_version,
    answer.policy_hash as policy_hash
from judged
