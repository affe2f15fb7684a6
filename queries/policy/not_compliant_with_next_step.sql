-- not_compliant_with_next_step
--
-- Who does not have what the policy asks for, or signed in without it, and what is each to do next?
--
-- @title     Not compliant, with the next step
-- @audience  help desk
-- @reads     mfa_compliance
-- @param     as_of           TIMESTAMPTZ now()  instant the policy is asked at
-- @param     policy          VARCHAR     null   policy document; default the one in force in mfa_policies, else the one shipped
-- @column    next_step       VARCHAR     what to do
-- @column    deadline        TIMESTAMPTZ until when the enrolment may be incomplete
-- @column    department      VARCHAR     department
-- @column    provider        VARCHAR     which directory the account is in
-- @column    user_principal  VARCHAR     login name
-- @column    enrolment       VARCHAR     compliant, in_grace, overdue or unknown
-- @column    session         VARCHAR     of the last sign-in; NULL without one
-- @column    methods         VARCHAR     what is registered; empty is nothing, NULL is unknown
-- @column    reasons         VARCHAR     what is missing

select
    next_step,
    deadline,
    department,
    provider,
    user_principal,
    enrolment,
    session,
    case when methods is not null then coalesce(array_to_string(methods, ', '), '') end as methods,
    coalesce(array_to_string(list_concat(reasons, coalesce(session_reasons, [])), ', '), '') as reasons
from mfa_compliance
where next_step <> 'none'
order by
    deadline asc nulls last,
    next_step asc nulls last,
    department asc nulls last,
    user_principal asc nulls last,
    provider asc nulls last;
