-- attestations_due
--
-- Which attestations are due this quarter?
--
-- @title     Attestations due
-- @audience  app owner
-- @reads     mfa_attestation_calendar
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     attestation_days INTEGER 92  days for which an attestation holds
-- @param     attestation_notice_days INTEGER 14  days before its end in which the next is due
-- @column    status           VARCHAR     done, due or overdue
-- @column    due_at           TIMESTAMPTZ when the next is due
-- @column    exception_id     VARCHAR     id of the exception
-- @column    subject          VARCHAR     whom or what it exempts, lower case
-- @column    last_attested_at TIMESTAMPTZ last attestation by somebody else than the beneficiary; NULL is none

select
    status,
    due_at,
    exception_id,
    subject,
    last_attested_at
from mfa_attestation_calendar
where status in ('due', 'overdue')
order by
    due_at asc nulls last,
    exception_id asc nulls last;
