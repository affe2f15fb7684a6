-- gaps_by_age
--
-- How long have gaps been open, and who owns them?
--
-- @title     Gaps by age
-- @audience  executive
-- @reads     mfa_gap_register
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    owner       VARCHAR     who decides on remediation of the department, else of all; NULL is nobody
-- @column    severity    VARCHAR     critical, high, medium or low, as last seen
-- @column    status      VARCHAR     open, reopened or closed
-- @column    gaps        BIGINT      findings
-- @column    oldest_days BIGINT      days the oldest has been open

select
    owner,
    severity,
    status,
    count(*) as gaps,
    max(days_open) as oldest_days
from mfa_gap_register
group by
    owner,
    severity,
    status
order by
    owner asc nulls last,
    severity asc nulls last,
    status asc nulls last;
