-- over_and_still_at_work
--
-- Which exceptions are over and still let people through?
--
-- @title     Over and still at work
-- @audience  auditor
-- @reads     mfa_expired_in_effect
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    exception_id VARCHAR     id of the exception
-- @column    effect       VARCHAR     used_after_expiry or code_outlives
-- @column    subject      VARCHAR     whom or what it exempts, lower case
-- @column    ended_at     TIMESTAMPTZ when it ended: its end, or when it was ended by hand
-- @column    last_seen    TIMESTAMPTZ last sign-in let through, or how long the code works; NULL is without end
-- @column    times        BIGINT      sign-ins, or codes

select
    exception_id,
    effect,
    subject,
    ended_at,
    last_seen,
    times
from mfa_expired_in_effect
order by
    last_seen desc nulls last,
    exception_id asc nulls last;
