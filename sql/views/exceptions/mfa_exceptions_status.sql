-- mfa_exceptions_status
--
-- The register of exceptions: which hold, which do not and why, and which go on without being renewed.
--
-- An exception is `active` only when it holds by the policy in force: begun, not over (as_of < expires_at), under a listed
-- criterion, for somebody who may have one, with enough approvals by the roles that count and none by its beneficiary, no
-- longer than allowed, attested in time; one just begun counts as attested, one whose last attestation was revoked does not. The status is the first reason it does not:
-- closed, expired, incomplete (no subject, start or end: unknown is never a pass), pending, forbidden (criterion or
-- subject), unapproved, too_long, attestation_overdue. `reasons` has all of them, as mfa_evaluate names them.
--
-- @area      exceptions
-- @reads     mfa_exception_versions, mfa_exception_events, mfa_enrollment_state, mfa_policy_in_force, mfa_exception_beneficiaries, mfa_exception_approvals, mfa_attestations
-- @grain     one row per exception, its latest version
-- @param     as_of               TIMESTAMPTZ now()  instant it is judged at
-- @column    exception_id        VARCHAR     id of the exception
-- @column    status              VARCHAR     active, closed, expired, incomplete, pending, forbidden, unapproved, too_long or attestation_overdue
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
-- @column    last_attested_at    TIMESTAMPTZ last attestation by somebody else than the beneficiary; NULL when the last word revoked it
-- @column    reasons             VARCHAR[]   what speaks against it now, by the policy; empty is nothing
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
        lower(role) as role,
        decision,
        row_number() over (
            partition by exception_id, lower(approver)
            order by cast(decided_at as timestamptz) desc nulls last, decision desc nulls last
        ) as place
    from mfa_exception_approvals
    where cast(decided_at as timestamptz) <= $as_of
),

approvals as (
    select
        d.exception_id,
        count(*) filter (where d.decision = 'approved' and n.name is null) as approvals,
        count(*) filter (where d.decision = 'approved' and n.name is not null) as self_approvals,
        count(*) filter (where d.decision = 'rejected' and n.name is null) as rejections,
        array_agg(d.role || ':' || d.approver order by d.approver) filter (
            where d.decision = 'approved' and n.name is null and d.role is not null
        ) as approvers
    from decisions as d
    left join mfa_exception_beneficiaries as n
        on n.exception_id = d.exception_id
        and n.name = d.approver
    where d.place = 1
    group by d.exception_id
),

-- the last word on each exception; whoever it exempts may give it up, but not confirm it
attested as (
    select
        a.exception_id,
        cast(a.attested_at as timestamptz) as attested_at,
        coalesce(a.decision, 'confirmed') = 'revoked' as is_revoked,
        row_number() over (
            partition by a.exception_id
            order by
                cast(a.attested_at as timestamptz) desc nulls last,
                case when a.decision = 'revoked' then 0 else 1 end asc nulls last
        ) as place
    from mfa_attestations as a
    left join mfa_exception_beneficiaries as n
        on n.exception_id = a.exception_id
        and n.name = lower(a.manager)
    where cast(a.attested_at as timestamptz) <= $as_of
        and (n.name is null or a.decision = 'revoked')
),

attestations as (
    select
        exception_id,
        is_revoked,
        case when not is_revoked then attested_at end as last_attested_at
    from attested
    where place = 1
),

marks as (
    select
        exception_id,
        array_agg(distinct pattern order by pattern) filter (where event = 'silently_renewed') as silent_renewals,
        cast(sum(signins) as bigint) as signins_after_expiry,
        max(last_at) as last_used_after_expiry
    from mfa_exception_events
    where event in ('silently_renewed', 'used_after_expiry')
    group by exception_id
),

-- a service account is asked to enrol nothing; its exceptions are judged as anybody's
subjects as (
    select
        subject,
        case
            -- in parentheses: one engine reads name = value as a named argument
            when bool_or((population = 'break_glass')) then 'break_glass'
            else coalesce(max(population) filter (where population <> 'service'), 'unknown')
        end as population,
        bool_or(coalesce(is_privileged, false)) as is_privileged
    from (
        select user_principal as subject, population, is_privileged from mfa_enrollment_state
        union all
        select lower(identity_id) as subject, population, is_privileged from mfa_enrollment_state
    ) as names
    group by subject
),

-- asked of somebody without any factor, so that only the exception speaks
asked as (
    select
        l.exception_id,
        mfa_evaluate(
            {
                'id': l.subject,
                'population': coalesce(s.population, 'unknown'),
                'privileged': coalesce(s.is_privileged, false),
                'roles': cast([] as varchar[])
            },
            [{'method': 'password', 'status': 'active'}],
            cast(null as struct(id varchar, sensitivity varchar)),
            cast(null as struct(signals varchar[], protocol varchar)),
            [{
                'id': l.exception_id,
                'criterion': l.criterion,
                'starts_at': l.starts_at,
                'expires_at': l.expires_at,
                'approvers': coalesce(a.approvers, []),
                'attested_at': case
                    -- no longer needed: overdue whatever the policy allows
                    when t.is_revoked then timestamptz '1970-01-01 00:00:00+00'
                    -- One that has not begun cannot be overdue.
                    when coalesce(t.last_attested_at, l.starts_at) > $as_of then $as_of
                    else coalesce(t.last_attested_at, l.starts_at)
                end,
                'scope': l.scope
            }],
            $as_of,
            p.document
        ) as answer
    from latest as l
    cross join mfa_policy_in_force as p
    left join subjects as s
        on s.subject = case when l.subject_kind = 'identity' then l.subject end
    left join approvals as a
        on a.exception_id = l.exception_id
    left join attestations as t
        on t.exception_id = l.exception_id
),

answered as (
    select
        exception_id,
        answer.enrolment as enrolment,
        mfa_reasons(answer.reason_mask) as reasons
    from asked
)

select
    l.exception_id,
    case
        when l.closed_at <= $as_of then 'closed'
        when l.expires_at <= $as_of then 'expired'
        when l.subject is null or l.starts_at is null or l.expires_at is null then 'incomplete'
        when l.starts_at > $as_of then 'pending'
        when list_contains(j.reasons, 'EXC_FORBIDDEN') then 'forbidden'
        when list_contains(j.reasons, 'EXC_UNAPPROVED') then 'unapproved'
        when list_contains(j.reasons, 'EXC_TOO_LONG') then 'too_long'
        when list_contains(j.reasons, 'EXC_ATTEST_OVERDUE') then 'attestation_overdue'
        when j.enrolment = 'excepted' then 'active'
        else 'incomplete'
    end as status,
    l.subject_kind,
    l.subject,
    l.scope,
    l.kind,
    l.criterion,
    l.risk,
    l.starts_at,
    l.expires_at,
    l.closed_at,
    cast(floor((extract(epoch from l.expires_at) - extract(epoch from $as_of)) / 86400) as bigint) as days_to_expiry,
    coalesce(a.approvals, 0) as approvals,
    coalesce(a.self_approvals, 0) as self_approvals,
    coalesce(a.rejections, 0) as rejections,
    t.last_attested_at,
    list_sort(list_intersect(j.reasons, [
        'EXC_EXPIRED', 'EXC_UNAPPROVED', 'EXC_ATTEST_OVERDUE', 'EXC_TOO_LONG', 'EXC_FORBIDDEN'
    ])) as reasons,
    coalesce(m.signins_after_expiry, 0) as signins_after_expiry,
    m.last_used_after_expiry,
    coalesce(m.silent_renewals, []) as silent_renewals,
    l.version as versions,
    l.renewed_from,
    l.justification,
    l.requested_by,
    l.ticket,
    l.remediation_action
from latest as l
left join answered as j
    on j.exception_id = l.exception_id
left join approvals as a
    on a.exception_id = l.exception_id
left join attestations as t
    on t.exception_id = l.exception_id
left join marks as m
    on m.exception_id = l.exception_id
