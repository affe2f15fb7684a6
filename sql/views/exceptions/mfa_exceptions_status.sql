-- mfa_exceptions_status
--
-- The register of exceptions: which hold, which do not and why, and which go on without being renewed.
--
-- An exception is `active` only when everything it needs is there: begun, not over (as_of < expires_at), enough approvals,
-- none of them by its beneficiary, no longer than allowed, attested in time. The status is the first reason it is not:
-- closed, expired, incomplete (no subject, start or end: unknown is never a pass), pending, unapproved, too_long,
-- attestation_overdue. Whether a criterion is listed and an approver's role counts is the policy's to say: mfa_evaluate.
--
-- @area      exceptions
-- @reads     mfa_exception_versions, mfa_exception_events, mfa_exception_beneficiaries, mfa_exception_approvals, mfa_attestations
-- @grain     one row per exception, its latest version
-- @param     as_of               TIMESTAMPTZ now()  instant it is judged at
-- @param     exception_approvals INTEGER     2      approvals an exception needs
-- @param     exception_max_days  INTEGER     90     longest an exception may last
-- @param     attest_every_days   INTEGER     92     how often its need is to be attested
-- @column    exception_id        VARCHAR     id of the exception
-- @column    status              VARCHAR     active, closed, expired, incomplete, pending, unapproved, too_long or attestation_overdue
-- @column    subject_kind        VARCHAR     identity, group, app or protocol
-- @column    subject             VARCHAR     whom or what it exempts, lower case
-- @column    scope               VARCHAR     enrolment, session or what it is limited to
-- @column    kind                VARCHAR     exemption, temporary_bypass or excluded_from_policy
-- @column    criterion           VARCHAR     criterion it is granted under
-- @column    risk                VARCHAR     risk accepted with it
-- @column    starts_at           TIMESTAMPTZ first instant it holds
-- @column    expires_at          TIMESTAMPTZ first instant it no longer holds
-- @column    closed_at           TIMESTAMPTZ when it was ended by hand
-- @column    days_to_expiry      BIGINT      whole days left; negative after the end
-- @column    approvals           BIGINT      people who approved it, the beneficiary not counted
-- @column    self_approvals      BIGINT      approvals by the beneficiary
-- @column    rejections          BIGINT      people who rejected it
-- @column    last_attested_at    TIMESTAMPTZ last attestation by somebody else than the beneficiary
-- @column    attestation_due_at  TIMESTAMPTZ when the next one is due
-- @column    is_attestation_overdue BOOLEAN  whether it is overdue, of exceptions that are not over
-- @column    is_too_long         BOOLEAN     whether it lasts longer than allowed
-- @column    signins_after_expiry BIGINT     sign-ins let through after its end
-- @column    last_used_after_expiry TIMESTAMPTZ the last of them
-- @column    silent_renewals     VARCHAR[]   patterns of mfa_exception_events it shows; empty is none
-- @column    versions            BIGINT      versions recorded
-- @column    renewed_from        VARCHAR     exception it openly renews
-- @column    justification       VARCHAR     why
-- @column    requested_by        VARCHAR     who asked
-- @column    ticket              VARCHAR     ticket it was granted in
-- @column    remediation_action  VARCHAR     what will make it unnecessary
-- @example   select status, count(*) as exceptions from mfa_exceptions_status group by status order by exceptions desc nulls last

with

latest as (
    select
        exception_id,
        version,
        subject_kind,
        subject,
        scope,
        kind,
        criterion,
        justification,
        requested_by,
        ticket,
        renewed_from,
        remediation_action,
        risk,
        starts_at,
        expires_at,
        closed_at
    from mfa_exception_versions
    where is_latest
),

-- the last word of each approver
decisions as (
    select
        exception_id,
        lower(approver) as approver,
        decision,
        row_number() over (
            partition by exception_id, lower(approver)
            order by cast(decided_at as timestamptz) desc nulls last
        ) as place
    from mfa_exception_approvals
    where cast(decided_at as timestamptz) <= $as_of
),

approvals as (
    select
        d.exception_id,
        count(*) filter (where d.decision = 'approved' and n.name is null) as approvals,
        count(*) filter (where d.decision = 'approved' and n.name is not null) as self_approvals,
        count(*) filter (where d.decision = 'rejected' and n.name is null) as rejections
    from decisions as d
    left join mfa_exception_beneficiaries as n
        on n.exception_id = d.exception_id
        and n.name = d.approver
    where d.place = 1
    group by d.exception_id
),

attestations as (
    select
        a.exception_id,
        max(cast(a.attested_at as timestamptz)) as last_attested_at
    from mfa_attestations as a
    left join mfa_exception_beneficiaries as n
        on n.exception_id = a.exception_id
        and n.name = lower(a.manager)
    where coalesce(a.decision, 'confirmed') <> 'revoked'
        and cast(a.attested_at as timestamptz) <= $as_of
        and n.name is null
    group by a.exception_id
),

marks as (
    select
        exception_id,
        array_agg(distinct pattern order by pattern) filter (where event = 'silently_renewed') as silent_renewals,
        max(signins) as signins_after_expiry,
        max(last_at) as last_used_after_expiry
    from mfa_exception_events
    where event in ('silently_renewed', 'used_after_expiry')
    group by exception_id
),

judged as (
    select
        l.exception_id,
        l.version,
        l.subject_kind,
        l.subject,
        l.scope,
        l.kind,
        l.criterion,
        l.justification,
        l.requested_by,
        l.ticket,
        l.renewed_from,
        l.remediation_action,
        l.risk,
        l.starts_at,
        l.expires_at,
        l.closed_at,
        coalesce(a.approvals, 0) as approvals,
        coalesce(a.self_approvals, 0) as self_approvals,
        coalesce(a.rejections, 0) as rejections,
        t.last_attested_at,
        coalesce(t.last_attested_at, l.starts_at) + ($attest_every_days * 24 || ' hours')::interval as attestation_due_at,
        l.expires_at > l.starts_at + ($exception_max_days * 24 || ' hours')::interval as is_too_long,
        coalesce(l.closed_at <= $as_of, false) as is_closed,
        coalesce(l.expires_at <= $as_of, false) as is_expired
    from latest as l
    left join approvals as a
        on a.exception_id = l.exception_id
    left join attestations as t
        on t.exception_id = l.exception_id
)

select
    j.exception_id,
    case
        when j.is_closed then 'closed'
        when j.is_expired then 'expired'
        when j.subject is null or j.starts_at is null or j.expires_at is null then 'incomplete'
        when j.starts_at > $as_of then 'pending'
        when j.approvals < $exception_approvals then 'unapproved'
        when j.is_too_long then 'too_long'
        when j.attestation_due_at <= $as_of then 'attestation_overdue'
        else 'active'
    end as status,
    j.subject_kind,
    j.subject,
    j.scope,
    j.kind,
    j.criterion,
    j.risk,
    j.starts_at,
    j.expires_at,
    j.closed_at,
    cast(floor((extract(epoch from j.expires_at) - extract(epoch from $as_of)) / 86400) as bigint) as days_to_expiry,
    j.approvals,
    j.self_approvals,
    j.rejections,
    j.last_attested_at,
    j.attestation_due_at,
    not j.is_closed and not j.is_expired and j.attestation_due_at <= $as_of as is_attestation_overdue,
    j.is_too_long,
    coalesce(m.signins_after_expiry, 0) as signins_after_expiry,
    m.last_used_after_expiry,
    coalesce(m.silent_renewals, []) as silent_renewals,
    j.version as versions,
    j.renewed_from,
    j.justification,
    j.requested_by,
    j.ticket,
    j.remediation_action
from judged as j
left join marks as m
    on m.exception_id = j.exception_id
