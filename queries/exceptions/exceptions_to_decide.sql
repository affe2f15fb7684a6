-- exceptions_to_decide
--
-- Which exceptions run without the approval, criterion or attestation they need?
--
-- @title     Exceptions to decide
-- @audience  auditor
-- @reads     mfa_exception_approval_gaps
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    gap          VARCHAR     unapproved, self_approved, rejected, forbidden, too_long, attestation_overdue, incomplete or no_ticket
-- @column    severity     VARCHAR     high, medium or low
-- @column    exception_id VARCHAR     id of the exception
-- @column    subject      VARCHAR     whom or what it exempts, lower case
-- @column    expires_at   TIMESTAMPTZ first instant it no longer holds
-- @column    remediation  VARCHAR     what to do

select
    gap,
    severity,
    exception_id,
    subject,
    expires_at,
    remediation
from mfa_exception_approval_gaps
order by
    case severity when 'high' then 1 when 'medium' then 2 else 3 end asc nulls last,
    gap asc nulls last,
    exception_id asc nulls last;
