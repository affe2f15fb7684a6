-- why_sign_ins_fail
--
-- Why do sign-ins fail, and do people get in after all?
--
-- @title     Why sign-ins fail
-- @audience  help desk
-- @reads     mfa_failure_analytics
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days INTEGER 30  days of sign-ins before it
-- @column    failure_category VARCHAR     bad_credentials, mfa_denied, mfa_timeout, mfa_failed, …; NULL is unknown
-- @column    method           VARCHAR     second factor; NULL is none or unknown
-- @column    failed_signins   HUGEINT     attempts that failed
-- @column    retried_signins  HUGEINT     of them, followed by a success within an hour
-- @column    dropped_signins  HUGEINT     of them, not

select
    failure_category,
    method,
    sum(failed_signins) as failed_signins,
    sum(retried_signins) as retried_signins,
    sum(dropped_signins) as dropped_signins
from mfa_failure_analytics
group by
    failure_category,
    method
order by
    failed_signins desc nulls last,
    failure_category asc nulls last,
    method asc nulls last;
