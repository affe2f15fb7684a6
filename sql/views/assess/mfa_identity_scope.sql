-- mfa_identity_scope
--
-- Every account with its population and tier: the register of what the program is about.
--
-- `scope` says why an account counts or not: in_scope, disabled, not_applicable (the tier asks for no enrolment) or
-- unclassified (population or tier unknown: somebody has to say what it is). An account is never left out for being unknown.
--
-- @area      assess
-- @reads     mfa_enrollment_state
-- @grain     one row per provider and identity
-- @column    provider       VARCHAR     which directory the account is in
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    user_principal VARCHAR     login name, lower case
-- @column    population     VARCHAR     workforce, contractor, partner, guest, service, break_glass, shared or unknown
-- @column    is_privileged  BOOLEAN     whether it, or a role it holds, is administrative; NULL is unknown
-- @column    tier           VARCHAR     tier of the policy; NULL is none
-- @column    wave           VARCHAR     wave of the roll-out
-- @column    department     VARCHAR     department
-- @column    region         VARCHAR     region
-- @column    is_enabled     BOOLEAN     false when the account is known to be disabled
-- @column    created_at     TIMESTAMPTZ when the account was created
-- @column    scope          VARCHAR     in_scope, disabled, not_applicable or unclassified
-- @example   select population, scope, count(*) as accounts from mfa_identity_scope group by population, scope order by population, scope

select
    provider,
    identity_id,
    user_principal,
    population,
    is_privileged,
    tier,
    wave,
    department,
    region,
    is_enabled,
    created_at,
    case
        when not is_enabled then 'disabled'
        when coalesce(population, 'unknown') = 'unknown' or tier is null then 'unclassified'
        when enrolment = 'not_applicable' then 'not_applicable'
        else 'in_scope'
    end as scope
from mfa_enrollment_state
