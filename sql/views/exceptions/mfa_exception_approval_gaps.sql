-- mfa_exception_approval_gaps
--
-- Exceptions that are being used without the approvals, criterion or end they need.
--
-- Exceptions that are over or ended by hand are left out: nothing is to be done about them. One exception can have several
-- gaps. self_approved is an approval by whoever it exempts, under any of their names; rejected one that an approver refused.
--
-- @area      exceptions
-- @reads     mfa_exceptions_status
-- @grain     one row per exception and gap
-- @column    exception_id   VARCHAR     id of the exception
-- @column    gap            VARCHAR     unapproved, self_approved, rejected, forbidden, too_long, attestation_overdue, incomplete or no_ticket
-- @column    severity       VARCHAR     high, medium or low
-- @column    subject_kind   VARCHAR     identity, group, app or protocol
-- @column    subject        VARCHAR     whom or what it exempts, lower case
-- @column    kind           VARCHAR     exemption, temporary_bypass or excluded_from_policy
-- @column    criterion      VARCHAR     criterion it is granted under
-- @column    starts_at      TIMESTAMPTZ first instant it holds
-- @column    expires_at     TIMESTAMPTZ first instant it no longer holds
-- @column    approvals      BIGINT      people who approved it, the beneficiary not counted
-- @column    self_approvals BIGINT      approvals by the beneficiary
-- @column    rejections     BIGINT      people who rejected it
-- @column    requested_by   VARCHAR     who asked
-- @column    ticket         VARCHAR     ticket it was granted in
-- @column    remediation    VARCHAR     what to do
-- @example   select gap, count(*) as exceptions from mfa_exception_approval_gaps group by gap order by exceptions desc nulls last

with

open_exceptions as (
    select
        exception_id,
        status,
        reasons,
        subject_kind,
        subject,
        kind,
        criterion,
        starts_at,
        expires_at,
        approvals,
        self_approvals,
        rejections,
        requested_by,
        ticket
    from mfa_exceptions_status
    where status not in ('expired', 'closed')
),

gaps as (
    select exception_id, 'unapproved' as gap, 'high' as severity, 'have it decided by the roles that count, or end it' as remediation
    from open_exceptions
    where list_contains(reasons, 'EXC_UNAPPROVED')
    union all
    select exception_id, 'self_approved' as gap, 'high' as severity, 'have it decided by somebody else than its beneficiary' as remediation
    from open_exceptions
    where self_approvals > 0
    union all
    select exception_id, 'rejected' as gap, 'high' as severity, 'end it: an approver refused it' as remediation
    from open_exceptions
    where rejections > 0
    union all
    select exception_id, 'forbidden' as gap, 'high' as severity, 'end it: the policy grants none for this criterion or subject' as remediation
    from open_exceptions
    where list_contains(reasons, 'EXC_FORBIDDEN')
    union all
    select exception_id, 'too_long' as gap, 'medium' as severity, 'shorten it to what the policy allows, and renew it with approvals' as remediation
    from open_exceptions
    where list_contains(reasons, 'EXC_TOO_LONG')
    union all
    select exception_id, 'attestation_overdue' as gap, 'medium' as severity, 'have the manager attest that it is still needed, or end it' as remediation
    from open_exceptions
    where list_contains(reasons, 'EXC_ATTEST_OVERDUE')
    union all
    select exception_id, 'incomplete' as gap, 'high' as severity, 'record subject, start and end' as remediation
    from open_exceptions
    where status = 'incomplete'
    union all
    select exception_id, 'no_ticket' as gap, 'low' as severity, 'record the ticket it was granted in' as remediation
    from open_exceptions
    where nullif(ticket, '') is null
)

select
    e.exception_id,
    g.gap,
    g.severity,
    e.subject_kind,
    e.subject,
    e.kind,
    e.criterion,
    e.starts_at,
    e.expires_at,
    e.approvals,
    e.self_approvals,
    e.rejections,
    e.requested_by,
    e.ticket,
    g.remediation
from open_exceptions as e
inner join gaps as g
    on g.exception_id = e.exception_id
