-- still_to_register
--
-- Who has not yet registered what their tier asks for, and until when may they wait?
--
-- @title     Still to register, by deadline
-- @audience  help desk
-- @reads     mfa_enrollment_state
-- @param     as_of           TIMESTAMPTZ now()  instant the policy is asked at
-- @param     policy          VARCHAR     null   policy document; default the one in force in mfa_policies, else the one shipped
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    grace_deadline  TIMESTAMPTZ until when the enrolment may be incomplete; NULL is unknown
-- @column    provider        VARCHAR     which directory the account is in
-- @column    user_principal  VARCHAR     login name
-- @column    department      VARCHAR     department
-- @column    tier            VARCHAR     tier of the policy
-- @column    enrolment       VARCHAR     in_grace, overdue or excepted
-- @column    reasons         VARCHAR     what is missing

select
    wave,
    grace_deadline,
    provider,
    user_principal,
    department,
    tier,
    enrolment,
    coalesce(array_to_string(reasons, ', '), '') as reasons
from mfa_enrollment_state
where is_enabled
    and is_human
    and enrolment in ('in_grace', 'overdue', 'excepted')
order by
    grace_deadline asc nulls last,
    wave asc nulls last,
    department asc nulls last,
    user_principal asc nulls last;
