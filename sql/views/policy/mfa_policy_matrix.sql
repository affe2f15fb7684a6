-- mfa_policy_matrix
--
-- The policy in force as a table: what is required of whom, where and in which circumstance.
--
-- Each row joins the rules that hold there to the strictest; a rule without a condition holds everywhere. What else may
-- coincide, such as two circumstances, joins in the same way. `methods` are those the tier accepts at as_of that are strong
-- enough.
--
-- @area      policy
-- @reads     mfa_policy_in_force
-- @grain     one row per tier, app and circumstance
-- @param     as_of           TIMESTAMPTZ now()  instant for the policy, its phase-outs and its fallbacks
-- @column    place           BIGINT   order of the row in the document, from 1
-- @column    tier            VARCHAR  tier of the policy
-- @column    is_enrolled     BOOLEAN  whether the tier has something to register
-- @column    min_factors     BIGINT   accepted factors it needs
-- @column    min_recovery    BIGINT   recovery methods it needs
-- @column    grace           INTERVAL time it has to register
-- @column    app             VARCHAR  class of applications, the id of an app rule; NULL is any
-- @column    circumstance    VARCHAR  id of a step_up or context rule, or forbidden_protocol; NULL is an ordinary sign-in
-- @column    kind            VARCHAR  ordinary, step_up, context or protocol
-- @column    effect          VARCHAR  require, block, or none where nothing is required
-- @column    required_strength VARCHAR none, single, mfa, phishing_resistant or pr_hardware; NULL is nothing required
-- @column    max_age         INTERVAL greatest age of the MFA; NULL is any
-- @column    every_access    BOOLEAN  whether every access asks anew
-- @column    methods         VARCHAR[] methods of the tier that meet it
-- @example   select tier, app, circumstance, effect, required_strength, max_age from mfa_policy_matrix order by place

with

cells as (
    select unnest(mfa_policy_requirements(document, $as_of)) as cell
    from mfa_policy_in_force
)

select
    cell.place as place,
    cell.tier as tier,
    cell.is_enrolled as is_enrolled,
    case when cell.is_enrolled then cell.min_factors end as min_factors,
    case when cell.is_enrolled then cell.min_recovery end as min_recovery,
    case when cell.is_enrolled then cell.grace end as grace,
    cell.app as app,
    cell.circumstance as circumstance,
    cell.kind as kind,
    cell.effect as effect,
    cell.strength as required_strength,
    cell.max_age as max_age,
    coalesce(cell.max_age = interval '0 days', false) as every_access,
    cell.methods as methods
from cells
