-- mfa_attestation_calendar
--
-- When the manager of every open exception has to attest that it is still needed: done, due or overdue.
--
-- An attestation holds for `attestation_days`; the first is due that long after the start. The beneficiary cannot attest, and a
-- revocation makes one due at once. What is due within `attestation_notice_days` is `due`. Exceptions that are over, ended
-- by hand or not begun are left out.
--
-- @area      exceptions
-- @reads     mfa_exceptions_status
-- @grain     one row per open exception
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     attestation_days       INTEGER     92     days for which an attestation holds
-- @param     attestation_notice_days INTEGER     14     days before its end in which the next is due
-- @column    exception_id     VARCHAR     id of the exception
-- @column    subject          VARCHAR     whom or what it exempts, lower case
-- @column    subject_kind     VARCHAR     identity, group, app or protocol
-- @column    criterion        VARCHAR     criterion it is granted under
-- @column    last_attested_at TIMESTAMPTZ last attestation by somebody else than the beneficiary; NULL is none
-- @column    due_at           TIMESTAMPTZ when the next is due
-- @column    quarter          VARCHAR     calendar quarter it is due in, as 2026-Q3
-- @column    status           VARCHAR     done, due or overdue
-- @column    days_overdue     BIGINT      whole days since it was due; negative before
-- @example   select quarter, status, count(*) as exceptions from mfa_attestation_calendar group by quarter, status order by quarter nulls last, status

with

running as (
    select
        exception_id,
        subject,
        subject_kind,
        criterion,
        last_attested_at,
        coalesce(last_attested_at, starts_at) + ($attestation_days * 24 || ' hours')::interval as due_at
    from mfa_exceptions_status
    where status not in ('expired', 'closed', 'pending', 'incomplete')
)

select
    exception_id,
    subject,
    subject_kind,
    criterion,
    last_attested_at,
    due_at,
    cast(extract(year from cast(due_at at time zone 'UTC' as date)) as varchar) || '-Q'
        || cast(extract(quarter from cast(due_at at time zone 'UTC' as date)) as varchar) as quarter,
    case
        when due_at <= $as_of then 'overdue'
        when due_at <= $as_of + ($attestation_notice_days * 24 || ' hours')::interval then 'due'
        else 'done'
    end as status,
    cast(floor((extract(epoch from $as_of) - extract(epoch from due_at)) / 86400) as bigint) as days_overdue
from running
