-- worst_gaps
--
-- What is missing most, and how badly?
--
-- @title     Worst gaps
-- @audience  analyst
-- @reads     mfa_gaps
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days INTEGER     30     days of sign-ins before it
-- @column    severity        VARCHAR     critical, high, medium or low
-- @column    rule            VARCHAR     what is missing
-- @column    findings        BIGINT      findings
-- @column    identities      BIGINT      accounts they are about
-- @column    last_seen       TIMESTAMPTZ the last of them
-- @column    remediation     VARCHAR     what to do

select
    severity,
    rule,
    count(*) as findings,
    count(distinct provider || '|' || identity_id) as identities,
    max(last_seen) as last_seen,
    max(remediation) as remediation
from mfa_gaps
group by
    severity,
    rule
order by
    case severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end asc nulls last,
    findings desc nulls last,
    rule asc nulls last;
