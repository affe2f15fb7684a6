-- who_decides_nothing
--
-- For what has nobody the say?
--
-- @title     Nobody decides
-- @audience  executive
-- @reads     mfa_owners_gaps
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    decision   VARCHAR     policy, exception or remediation
-- @column    scope_kind VARCHAR     department, region, population or app
-- @column    scopes     BIGINT      departments, regions, populations or applications
-- @column    accounts   HUGEINT     accounts in them

select
    decision,
    scope_kind,
    count(*) as scopes,
    sum(accounts) as accounts
from mfa_owners_gaps
group by
    decision,
    scope_kind
order by
    decision asc nulls last,
    scope_kind asc nulls last;
