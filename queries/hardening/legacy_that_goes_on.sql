-- legacy_that_goes_on
--
-- Which legacy protocols are still in use, and is that going away?
--
-- @title     Legacy that goes on
-- @audience  app owner
-- @reads     mfa_legacy_residual
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days INTEGER 30  days of sign-ins before it
-- @column    protocol  VARCHAR     protocol, else the client's name
-- @column    trend     VARCHAR     gone, falling, steady, rising or new
-- @column    accounts  BIGINT      accounts with such sign-ins
-- @column    signins   HUGEINT     in the last days
-- @column    last_seen TIMESTAMPTZ last one that went through

select
    protocol,
    trend,
    count(*) as accounts,
    sum(signins) as signins,
    max(last_seen) as last_seen
from mfa_legacy_residual
group by
    protocol,
    trend
order by
    signins desc nulls last,
    protocol asc nulls last;
