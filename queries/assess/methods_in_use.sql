-- methods_in_use
--
-- Which methods do people have, and may they use them?
--
-- @title     Methods in use
-- @audience  analyst
-- @reads     mfa_user_methods
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    method     VARCHAR     canonical method; NULL is unknown
-- @column    is_allowed BOOLEAN     whether the tier accepts it; NULL is unknown
-- @column    accounts   BIGINT      enabled accounts that have it

select
    method,
    is_allowed,
    count(*) as accounts
from mfa_user_methods
where status = 'active'
    and is_enabled
group by
    method,
    is_allowed
order by
    accounts desc nulls last,
    method asc nulls last,
    is_allowed asc nulls last;
