-- began_and_not_done
--
-- Who began to enrol and is not done, what stopped them, and is anybody on it?
--
-- @title     Began to enrol and not done
-- @audience  help desk
-- @reads     mfa_incomplete_enrollments
-- @param     as_of           TIMESTAMPTZ now()  instant it is judged at
-- @column    deadline        TIMESTAMPTZ until when the enrolment may be incomplete; NULL is unknown
-- @column    provider        VARCHAR     directory of the account, else the log
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    kind            VARCHAR     failed, abandoned, open or partial
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    missing         VARCHAR     what is missing; NULL is unknown
-- @column    failure_reason  VARCHAR     why the last verification failed, as logged
-- @column    tries           BIGINT      attempts that were not completed
-- @column    reminder        VARCHAR     scheduled, late, none or unknown
-- @column    fallback        VARCHAR     ticket_open, ticket_closed, bypass_code or none

select
    deadline,
    provider,
    user_principal,
    kind,
    wave,
    case when missing is not null then coalesce(array_to_string(missing, ', '), '') end as missing,
    failure_reason,
    tries,
    reminder,
    fallback
from mfa_incomplete_enrollments
order by
    deadline asc nulls last,
    provider asc nulls last,
    user_principal asc nulls last;
