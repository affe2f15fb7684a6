-- messages_that_did_not_go_out
--
-- Which messages about MFA were late, or never reached those they were for?
--
-- @title     Messages late or not sent
-- @audience  analyst
-- @reads     mfa_change_plan
-- @param     as_of           TIMESTAMPTZ now()  instant it is judged at
-- @param     late_hours      INTEGER     24     hours after which a message went out late
-- @column    message_id      VARCHAR     id of the message
-- @column    kind            VARCHAR     announcement, enrolment, reminder, escalation or cutover
-- @column    wave            VARCHAR     wave of the recipients; NULL is none or unknown
-- @column    planned_day     DATE        UTC; NULL is not planned
-- @column    recipients      BIGINT      recipients
-- @column    sent            BIGINT      of them, to whom it went out
-- @column    sent_late       BIGINT      of the sent ones, after its time
-- @column    late_unsent     BIGINT      of those that are due, to whom it did not go out
-- @column    unplanned       BIGINT      not sent, and not planned
-- @column    opened_share    DOUBLE      known to have been opened in sent

select
    message_id,
    kind,
    wave,
    planned_day,
    cast(sum(recipients) as bigint) as recipients,
    cast(sum(sent) as bigint) as sent,
    cast(sum(sent_late) as bigint) as sent_late,
    cast(sum(late_unsent) as bigint) as late_unsent,
    cast(sum(unplanned) as bigint) as unplanned,
    round(cast(sum(opened) as double) / nullif(sum(sent), 0), 4) as opened_share
from mfa_change_plan
group by
    message_id,
    kind,
    wave,
    planned_day
having sum(sent_late) + sum(late_unsent) + sum(unplanned) > 0
order by
    late_unsent desc nulls last,
    sent_late desc nulls last,
    message_id asc nulls last,
    wave asc nulls last,
    kind asc nulls last,
    planned_day asc nulls last;
