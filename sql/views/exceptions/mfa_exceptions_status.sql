-- mfa_exceptions_status
--
-- The register of exceptions: which hold, which do not and why, and which go on without being renewed.
--
-- An exception is `active` only when it holds by the policy in force: begun, not over (as_of < expires_at), under a listed
-- criterion, for somebody who may have one, with enough approvals by the roles that count and none by its beneficiary, no
-- longer than allowed, attested in time; one just begun counts as attested, one whose last attestation was revoked does not.
-- The status is the first reason it does not: closed, expired, incomplete (no subject, start or end: unknown is never a
-- pass), pending, forbidden (criterion or subject), unapproved, too_long, attestation_overdue. `reasons` has all of them, as
-- mfa_evaluate names them.
--
-- @area      exceptions
-- @reads     mfa_exception_versions, mfa_exception_events, mfa_exception_standing, mfa_accounts, mfa_policy_in_force
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

standing as (
    select
        exception_id,
        approvals,
        self_approvals,
        rejections,
        approvers,
        last_attested_at,
        -- one that has not begun cannot be overdue
        least(attested_at, $as_of) as attested_at
    from mfa_exception_standing
    where is_current
),

marks as (
    select
        exception_id,
        array_agg(distinct pattern order by pattern nulls last) filter (where event = 'silently_renewed') as silent_renewals,
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
        select user_principal as subject, population, is_privileged from mfa_accounts
        union all
        select lower(identity_id) as subject, population, is_privileged from mfa_accounts
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
                'approvers': t.approvers,
                'attested_at': t.attested_at,
                'scope': l.scope
            }],
            $as_of,
            p.document
        ) as answer
    from latest as l
    cross join mfa_policy_in_force as p
    left join subjects as s
        on s.subject = case when l.subject_kind = 'identity' then l.subject end
    left join standing as t
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
    t.approvals,
    t.self_approvals,
    t.rejections,
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
left join standing as t
    on t.exception_id = l.exception_id
left join marks as m
    on m.exception_id = l.exception_id
