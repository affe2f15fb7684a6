-- changes_under_the_proposed_policy
--
-- Who would be decided otherwise under the proposed policy, from what to what, and why?
--
-- @title     Changes under the proposed policy
-- @audience  analyst
-- @reads     mfa_policy_diff
-- @param     as_of           TIMESTAMPTZ now()  instant both policies are asked at
-- @param     policy          VARCHAR     null   policy document; default the one in force in mfa_policies, else the one shipped
-- @param     diff_days       INTEGER     30     days of sign-ins before it
-- @column    department      VARCHAR     department
-- @column    user_principal  VARCHAR     login name
-- @column    axis            VARCHAR     account, or signins of that person
-- @column    provider        VARCHAR     directory of the account, or log of the sign-ins
-- @column    from_decision   VARCHAR     what is decided now if it is enforced
-- @column    to_decision     VARCHAR     what would be decided then
-- @column    because         VARCHAR     reasons that are new
-- @column    no_longer       VARCHAR     reasons that are gone
-- @column    signins         BIGINT      sign-ins that change

select
    department,
    user_principal,
    axis,
    provider,
    old_would_decision as from_decision,
    new_would_decision as to_decision,
    coalesce(array_to_string(reasons_gained, ', '), '') as because,
    coalesce(array_to_string(reasons_lost, ', '), '') as no_longer,
    cast(sum(signins) as bigint) as signins
from mfa_policy_diff
where is_enabled
group by
    department,
    user_principal,
    axis,
    provider,
    old_would_decision,
    new_would_decision,
    array_to_string(reasons_gained, ', '),
    array_to_string(reasons_lost, ', ')
order by
    department asc nulls last,
    user_principal asc nulls last,
    axis asc nulls last,
    provider asc nulls last,
    from_decision asc nulls last,
    to_decision asc nulls last,
    because asc nulls last,
    no_longer asc nulls last;
