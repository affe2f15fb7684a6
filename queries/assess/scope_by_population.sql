-- scope_by_population
--
-- How many accounts is the program about, and which are left out?
--
-- @title     Scope by population
-- @audience  executive
-- @reads     mfa_identity_scope
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    population VARCHAR     workforce, contractor, partner, guest, service, break_glass, shared or unknown
-- @column    scope      VARCHAR     in_scope, disabled, not_applicable or unclassified
-- @column    accounts   BIGINT      accounts

select
    population,
    scope,
    count(*) as accounts
from mfa_identity_scope
group by
    population,
    scope
order by
    population asc nulls last,
    scope asc nulls last;
