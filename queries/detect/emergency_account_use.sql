-- emergency_account_use
--
-- When were emergency accounts used, and was it a drill?
--
-- @title     Emergency account use
-- @audience  auditor
-- @reads     mfa_break_glass_use
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     detection_days INTEGER 30  days before as_of that are looked at
-- @param     drill_hours INTEGER 24  hours between a drill and its record
-- @column    first_seen     TIMESTAMPTZ first sign-in of the day
-- @column    user_principal VARCHAR     login name, lower case
-- @column    rule           VARCHAR     break_glass_drill, break_glass_emergency or break_glass_misuse
-- @column    severity       VARCHAR     critical, high, medium or low
-- @column    record         VARCHAR     who tested, or the ticket; NULL is neither

select
    first_seen,
    user_principal,
    rule,
    severity,
    f.evidence.detail as record
from mfa_break_glass_use as f
order by
    first_seen desc nulls last,
    user_principal asc nulls last;
