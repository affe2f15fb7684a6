-- renewed_without_decision
--
-- Which exceptions just remain in place?
--
-- @title     Renewed without a decision
-- @audience  auditor
-- @reads     mfa_silent_renewals
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    exception_id         VARCHAR     exception that goes on; of a re-issue, the new one
-- @column    pattern              VARCHAR     one of the six
-- @column    subject              VARCHAR     whom or what it exempts, lower case
-- @column    first_at             TIMESTAMPTZ when first
-- @column    related_exception_id VARCHAR     the one it renews, of a re-issue
-- @column    remediation          VARCHAR     what to do

select
    exception_id,
    pattern,
    subject,
    first_at,
    related_exception_id,
    remediation
from mfa_silent_renewals
order by
    first_at desc nulls last,
    exception_id asc nulls last,
    pattern asc nulls last;
