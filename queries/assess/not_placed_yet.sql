-- not_placed_yet
--
-- What has nobody placed in a tier, population or sensitivity?
--
-- @title     Not placed yet
-- @audience  analyst
-- @reads     mfa_untiered
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days INTEGER 30  days of sign-ins before it
-- @column    kind        VARCHAR     account or app
-- @column    missing     VARCHAR     tier, population, privilege, app or sensitivity
-- @column    things      BIGINT      accounts or applications
-- @column    for_example VARCHAR     one of them

select
    kind,
    missing,
    count(*) as things,
    min(name) as for_example
from mfa_untiered
group by
    kind,
    missing
order by
    kind asc nulls last,
    missing asc nulls last;
