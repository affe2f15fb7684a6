-- access_review_extract
--
-- What does a manager need to see for the access review?
--
-- @title     Access review extract
-- @audience  auditor
-- @reads     mfa_access_review
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    department        VARCHAR     department
-- @column    mfa_status        VARCHAR     protected, exempt, unprotected or unknown
-- @column    is_privileged     BOOLEAN     whether it is administrative; NULL is unknown
-- @column    accounts          BIGINT      enabled accounts
-- @column    reviewed_accounts BIGINT      of them, decided on in this quarter

select
    department,
    mfa_status,
    is_privileged,
    count(*) as accounts,
    count(*) filter (where is_reviewed) as reviewed_accounts
from mfa_access_review
group by
    department,
    mfa_status,
    is_privileged
order by
    department asc nulls last,
    mfa_status asc nulls last,
    is_privileged asc nulls last;
