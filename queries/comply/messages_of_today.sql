-- messages_of_today
--
-- Whom do we write to today?
--
-- @title     Messages of today
-- @audience  help desk
-- @reads     mfa_nudges_due
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     reminder_days INTEGER 7  days between messages
-- @param     escalation_days INTEGER 14  days after the first message from which the manager is in copy
-- @column    template       VARCHAR     enrolment, reminder or escalation
-- @column    channel        VARCHAR     mail, or portal where there is no login name with an address
-- @column    messages       BIGINT      messages
-- @column    first_deadline TIMESTAMPTZ nearest deadline among them

select
    template,
    channel,
    count(*) as messages,
    min(deadline) as first_deadline
from mfa_nudges_due
group by
    template,
    channel
order by
    template asc nulls last,
    channel asc nulls last;
