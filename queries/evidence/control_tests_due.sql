-- control_tests_due
--
-- Which emergency accounts and critical applications are to be tested, and did the last test leave a trace in the logs?
--
-- @title     Control tests due
-- @audience  auditor
-- @reads     mfa_control_test_calendar
-- @param     as_of           TIMESTAMPTZ now()  instant it is judged at
-- @param     control_test_days INTEGER    90     days for which a control test holds
-- @param     due_soon_days   INTEGER     14     days before a test is due in which it is due soon
-- @param     drill_hours     INTEGER     24     hours between a drill and its record
-- @column    status          VARCHAR     due_soon, overdue, failed, undecided or never_tested
-- @column    subject_kind    VARCHAR     break_glass or app
-- @column    subject_name    VARCHAR     login name of the account, or name of the application
-- @column    due_at          TIMESTAMPTZ when the next one is due; NULL when none ever passed
-- @column    days_overdue    BIGINT      whole days since then; negative before it
-- @column    last_tested_at  TIMESTAMPTZ last test; NULL is never
-- @column    last_tested_by  VARCHAR     who tested
-- @column    reconciliation  VARCHAR     seen, not_seen, no_logs or not_tested
-- @column    misuses         BIGINT      days of use without a test or a ticket, of late

select
    status,
    subject_kind,
    coalesce(subject_name, subject_id) as subject_name,
    due_at,
    days_overdue,
    last_tested_at,
    last_tested_by,
    reconciliation,
    misuses
from mfa_control_test_calendar
where status <> 'tested'
order by
    days_overdue desc nulls first,
    subject_kind asc nulls last,
    subject_name asc nulls last;
