-- mfa_enrollment_state
--
-- Every account as the policy sees it: what it has registered, what its tier asks for, and what is missing.
--
-- The policy is asked once per account, without an application and without a session, so this is the enrolment alone.
-- Which document that is says mfa_policy_in_force.
-- What an account is and what it has registered say mfa_accounts and mfa_account_inputs, which exceptions it has
-- mfa_exempted_accounts.
--
-- @area      policy
-- @reads     mfa_account_inputs, mfa_account_factors, mfa_policy_in_force
-- @grain     one row per provider and identity, disabled accounts and service accounts included
-- @param     as_of           TIMESTAMPTZ now()  instant the policy is asked at
-- @column    provider        VARCHAR     which directory it comes from
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    population      VARCHAR     workforce, contractor, partner, guest, service, break_glass, shared or unknown
-- @column    is_privileged   BOOLEAN     whether it, or a role it holds, is administrative; NULL is unknown
-- @column    department      VARCHAR     department
-- @column    region          VARCHAR     region
-- @column    is_enabled      BOOLEAN     false when the account is known to be disabled
-- @column    is_human        BOOLEAN     false for service accounts
-- @column    created_at      TIMESTAMPTZ when the account was created; NULL is unknown
-- @column    active_methods  VARCHAR[]   canonical methods that are active; empty is none, NULL is unknown
-- @column    has_unclear     BOOLEAN     whether some factor has an unknown method or an unknown status
-- @column    tier            VARCHAR     tier of the policy
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    enrolment       VARCHAR     compliant, in_grace, overdue, excepted, not_applicable or unknown
-- @column    decision        VARCHAR     what the policy decides; report_only enforces nothing
-- @column    would_decision  VARCHAR     what it would decide if it were enforced
-- @column    reason_mask     UINTEGER    reasons, as a mask
-- @column    reasons         VARCHAR[]   reasons, by name
-- @column    stage           UTINYINT    stage of the enforcement that was reached; NULL is none
-- @column    matched_rule_id VARCHAR     rule of the document that decided
-- @column    strength        VARCHAR     what the account is worth: its weakest accepted factor; NULL is none or unknown
-- @column    policy_hash     VARCHAR     hash of the document
-- @column    grace_deadline  TIMESTAMPTZ until when the enrolment may be incomplete
-- @column    required_mask   UINTEGER    methods the tier accepts, as a mask
-- @column    allowed_methods VARCHAR[]   methods the tier accepts, by name
-- @column    has_allowed     BOOLEAN     whether an active method is one of them; NULL is unknown
-- @column    allowed_count   BIGINT      active factors that are one of them
-- @column    is_undated      BOOLEAN     whether a method that is accepted is active and none says since when
-- @column    first_allowed_at TIMESTAMPTZ when the first of the active ones was registered; NULL is none or unknown
-- @column    first_factor_at TIMESTAMPTZ when the first active factor was registered; NULL is none or unknown
-- @example   select tier, enrolment, count(*) as accounts from mfa_enrollment_state where is_enabled group by tier, enrolment

with

asked as (
    select
        i.provider,
        i.identity_id,
        i.user_principal,
        i.population,
        i.is_privileged,
        i.department,
        i.region,
        i.is_enabled,
        i.is_human,
        i.created_at,
        i.active_methods,
        i.has_unclear,
        i.first_factor_at,
        mfa_evaluate(
            i.subject,
            i.factors,
            cast(null as struct(id varchar, sensitivity varchar)),
            cast(null as struct(signals varchar[], protocol varchar)),
            i.exceptions,
            $as_of,
            p.document
        ) as answer
    from mfa_account_inputs as i
    cross join mfa_policy_in_force as p
),

answered as (
    select
        provider,
        identity_id,
        user_principal,
        population,
        is_privileged,
        department,
        region,
        is_enabled,
        is_human,
        created_at,
        active_methods,
        has_unclear,
        first_factor_at,
        answer,
        mfa_methods(answer.required_mask) as allowed_methods
    from asked
),

allowed as (
    select
        a.provider,
        a.identity_id,
        count(*) as allowed_count,
        min(f.registered_at) as first_allowed_at
    from answered as a
    inner join mfa_account_factors as f
        on f.provider = a.provider
        and f.identity_id = a.identity_id
    where f.status = 'active'
        and f.removed_at is null
        and list_contains(a.allowed_methods, f.method)
    group by
        a.provider,
        a.identity_id
)

select
    a.provider,
    a.identity_id,
    a.user_principal,
    a.population,
    a.is_privileged,
    a.department,
    a.region,
    a.is_enabled,
    a.is_human,
    a.created_at,
    a.active_methods,
    a.has_unclear,
    a.answer.tier as tier,
    a.answer.wave as wave,
    a.answer.enrolment as enrolment,
    a.answer.decision as decision,
    a.answer.would_decision as would_decision,
    a.answer.reason_mask as reason_mask,
    mfa_reasons(a.answer.reason_mask) as reasons,
    a.answer.stage as stage,
    a.answer.matched_rule_id as matched_rule_id,
    a.answer.strength as strength,
    a.answer.policy_hash as policy_hash,
    a.answer.grace_deadline as grace_deadline,
    a.answer.required_mask as required_mask,
    a.allowed_methods,
    case
        when w.identity_id is not null then true
        when a.answer.tier is not null and a.active_methods is not null and not a.has_unclear then false
    end as has_allowed,
    coalesce(w.allowed_count, 0) as allowed_count,
    w.identity_id is not null and w.first_allowed_at is null as is_undated,
    w.first_allowed_at,
    a.first_factor_at
from answered as a
left join allowed as w
    on w.provider = a.provider
    and w.identity_id = a.identity_id
