-- bypasses_without_exception
--
-- Which bypasses does no exception allow, and which exceptions does nobody use?
--
-- @title     Bypasses without exception
-- @audience  analyst
-- @reads     mfa_bypass_reconciliation
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     detection_days INTEGER 30  days before as_of that are looked at
-- @param     unused_days INTEGER 30  days after which an exception is called unused
-- @column    reconciliation VARCHAR     covered, no_exception, outside_exception or never_used
-- @column    user_principal VARCHAR     login name, lower case
-- @column    exception_id   VARCHAR     exception that allows it, or that was not used; NULL is none
-- @column    signins        BIGINT      bypasses; 0 for an exception that was not used
-- @column    last_seen      TIMESTAMPTZ last bypass, or end of the exception
-- @column    remediation    VARCHAR     what to do

select
    reconciliation,
    user_principal,
    exception_id,
    signins,
    last_seen,
    remediation
from mfa_bypass_reconciliation
where reconciliation <> 'covered'
order by
    reconciliation asc nulls last,
    signins desc nulls last,
    user_principal asc nulls last,
    exception_id asc nulls last;
