-- mfa_policy_diff
--
-- Who and which sign-ins would be decided otherwise by the proposed policy than by the one in force.
--
-- Both documents are asked the same at as_of, whatever their effective_from: about every account (axis `account`), and about the
-- sign-ins of the last `diff_days` that went through, interactively or by a legacy protocol, replayed with the factors and
-- exceptions of now and an MFA of the age it had (axis `signins`). Only what changes is listed: a policy against itself, and no
-- proposed policy, give no rows. `accounts` is 1 on the row of an account and 0 on those of sign-ins, `signins` the other way
-- round, so both add up: sum(accounts) is the number of accounts that change.
--
-- @area      policy
-- @reads     mfa_policy_in_force, mfa_proposed_policy, mfa_account_inputs, mfa_signin_contexts
-- @grain     one row per account that changes, and one per provider of the sign-ins, account, and pair of answers that its sign-ins change between
-- @param     as_of           TIMESTAMPTZ now()  instant both are asked at
-- @param     diff_days       INTEGER     30     days of sign-ins before it
-- @column    axis            VARCHAR     account or signins
-- @column    provider        VARCHAR     directory of the account, or log of the sign-ins
-- @column    account_provider VARCHAR    directory of the account; NULL is none found
-- @column    identity_id     VARCHAR     identity_id of the account there
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    population      VARCHAR     population
-- @column    department      VARCHAR     department
-- @column    region          VARCHAR     region
-- @column    is_enabled      BOOLEAN     false when the account is known to be disabled
-- @column    old_tier        VARCHAR     tier now
-- @column    new_tier        VARCHAR     tier then
-- @column    old_wave        VARCHAR     wave now
-- @column    new_wave        VARCHAR     wave then
-- @column    old_enrolment   VARCHAR     enrolment now; NULL on rows of sign-ins
-- @column    new_enrolment   VARCHAR     enrolment then; NULL on rows of sign-ins
-- @column    old_session     VARCHAR     session now; NULL on rows of accounts
-- @column    new_session     VARCHAR     session then; NULL on rows of accounts
-- @column    old_decision    VARCHAR     decision now
-- @column    new_decision    VARCHAR     decision then
-- @column    old_would_decision VARCHAR  decision now if it were enforced
-- @column    new_would_decision VARCHAR  decision then if it were enforced
-- @column    old_deadline    TIMESTAMPTZ end of the grace now; NULL on rows of sign-ins
-- @column    new_deadline    TIMESTAMPTZ end of the grace then; NULL on rows of sign-ins
-- @column    reasons_gained  VARCHAR[]   reasons only the proposed policy has
-- @column    reasons_lost    VARCHAR[]   reasons only the one in force has
-- @column    accounts        BIGINT      1 on rows of accounts, else 0
-- @column    signins         BIGINT      sign-ins that change; 0 on rows of accounts
-- @example   select old_would_decision, new_would_decision, sum(accounts) as accounts, sum(signins) as signins from mfa_policy_diff group by 1, 2

with

documents as (
    select
        p.document as old_document,
        q.document as new_document
    from mfa_policy_in_force as p
    -- as a scalar, so that a second row is an error
    cross join (select (select document from mfa_proposed_policy) as document) as q
    where q.document is not null
),

inputs as (
    select
        provider,
        identity_id,
        user_principal,
        population,
        department,
        region,
        is_enabled,
        subject,
        factors,
        exceptions
    from mfa_account_inputs
),

accounts as (
    select
        i.provider,
        i.identity_id,
        i.user_principal,
        i.population,
        i.department,
        i.region,
        i.is_enabled,
        mfa_evaluate(
            i.subject,
            i.factors,
            cast(null as struct(id varchar, sensitivity varchar)),
            cast(null as struct(signals varchar[], protocol varchar)),
            i.exceptions,
            $as_of,
            d.old_document
        ) as before,
        mfa_evaluate(
            i.subject,
            i.factors,
            cast(null as struct(id varchar, sensitivity varchar)),
            cast(null as struct(signals varchar[], protocol varchar)),
            i.exceptions,
            $as_of,
            d.new_document
        ) as after
    from inputs as i
    cross join documents as d
),

asked as (
    select
        c.provider,
        c.account_provider,
        c.account_id,
        c.user_principal,
        c.population_hint,
        c.app,
        c.replayed_context as context,
        d.old_document,
        d.new_document
    from mfa_signin_contexts as c
    cross join documents as d
    where c.outcome = 'success'
        and (c.is_interactive or c.is_legacy)
        and c.event_time > $as_of - ($diff_days * 24 || ' hours')::interval
),

signins as (
    select
        c.provider,
        c.account_provider,
        c.account_id,
        coalesce(i.user_principal, c.user_principal) as user_principal,
        coalesce(nullif(i.population, 'unknown'), c.population_hint, 'unknown') as population,
        i.department,
        i.region,
        coalesce(i.is_enabled, true) as is_enabled,
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
            c.context,
            coalesce(i.exceptions, []),
            $as_of,
            c.old_document
        ) as before,
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
            c.context,
            coalesce(i.exceptions, []),
            $as_of,
            c.new_document
        ) as after
    from asked as c
    left join inputs as i
        on i.provider = c.account_provider
        and i.identity_id = c.account_id
),

changed as (
    select
        'account' as axis,
        provider,
        provider as account_provider,
        identity_id,
        user_principal,
        population,
        department,
        region,
        is_enabled,
        before.tier as old_tier,
        after.tier as new_tier,
        before.wave as old_wave,
        after.wave as new_wave,
        before.enrolment as old_enrolment,
        after.enrolment as new_enrolment,
        cast(null as varchar) as old_session,
        cast(null as varchar) as new_session,
        before.decision as old_decision,
        after.decision as new_decision,
        before.would_decision as old_would_decision,
        after.would_decision as new_would_decision,
        before.grace_deadline as old_deadline,
        after.grace_deadline as new_deadline,
        before.reason_mask as old_mask,
        after.reason_mask as new_mask,
        1 as accounts,
        0 as signins
    from accounts
    where before.tier is distinct from after.tier
        or before.wave is distinct from after.wave
        or before.enrolment is distinct from after.enrolment
        or before.decision is distinct from after.decision
        or before.would_decision is distinct from after.would_decision
        or before.grace_deadline is distinct from after.grace_deadline
    union all
    select
        'signins' as axis,
        provider,
        account_provider,
        account_id as identity_id,
        max(user_principal) as user_principal,
        max(population) as population,
        max(department) as department,
        max(region) as region,
        bool_and(is_enabled) as is_enabled,
        before.tier as old_tier,
        after.tier as new_tier,
        before.wave as old_wave,
        after.wave as new_wave,
        cast(null as varchar) as old_enrolment,
        cast(null as varchar) as new_enrolment,
        before.session as old_session,
        after.session as new_session,
        before.decision as old_decision,
        after.decision as new_decision,
        before.would_decision as old_would_decision,
        after.would_decision as new_would_decision,
        cast(null as timestamptz) as old_deadline,
        cast(null as timestamptz) as new_deadline,
        before.reason_mask as old_mask,
        after.reason_mask as new_mask,
        0 as accounts,
        count(*) as signins
    from signins
    where before.session is distinct from after.session
        or before.decision is distinct from after.decision
        or before.would_decision is distinct from after.would_decision
    group by
        provider,
        account_provider,
        account_id,
        case when account_id is null then user_principal end,
        before.tier,
        after.tier,
        before.wave,
        after.wave,
        before.session,
        after.session,
        before.decision,
        after.decision,
        before.would_decision,
        after.would_decision,
        before.reason_mask,
        after.reason_mask
)

select
    axis,
    provider,
    account_provider,
    identity_id,
    user_principal,
    population,
    department,
    region,
    is_enabled,
    old_tier,
    new_tier,
    old_wave,
    new_wave,
    old_enrolment,
    new_enrolment,
    old_session,
    new_session,
    old_decision,
    new_decision,
    old_would_decision,
    new_would_decision,
    old_deadline,
    new_deadline,
    mfa_reasons(new_mask - (new_mask & old_mask)) as reasons_gained,
    mfa_reasons(old_mask - (new_mask & old_mask)) as reasons_lost,
    cast(accounts as bigint) as accounts,
    cast(signins as bigint) as signins
from changed
