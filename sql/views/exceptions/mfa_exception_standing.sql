-- mfa_exception_standing
--
-- What was known of every exception, and who stood for it, from when to when.
--
-- A span begins with every version, start, decision, attestation and closure. In each the last word of every approver counts, and
-- the last attestation. The beneficiary of an exception, under any of their names, neither approves nor confirms it; they
-- may give it up.
--
-- @area      exceptions
-- @reads     mfa_exception_versions, mfa_exception_beneficiaries, mfa_exception_approvals, mfa_attestations
-- @grain     one row per exception and span in which nothing about it changed; one of them is current
-- @param     as_of            TIMESTAMPTZ now()  last instant counted
-- @column    exception_id     VARCHAR     id of the exception
-- @column    version          BIGINT      number of the version
-- @column    valid_from       TIMESTAMPTZ first instant of the span; NULL is unknown
-- @column    valid_to         TIMESTAMPTZ first instant after it; NULL where it is current
-- @column    is_current       BOOLEAN     whether it holds at as_of
-- @column    subject_kind     VARCHAR     identity, group, app or protocol
-- @column    subject          VARCHAR     whom or what it exempts, lower case
-- @column    scope            VARCHAR     enrolment, session or what it is limited to
-- @column    criterion        VARCHAR     criterion it is granted under
-- @column    starts_at        TIMESTAMPTZ first instant it holds
-- @column    expires_at       TIMESTAMPTZ first instant it no longer holds
-- @column    is_closed        BOOLEAN     whether it was ended by hand
-- @column    approvals        BIGINT      people who approved it, the beneficiary not counted
-- @column    self_approvals   BIGINT      approvals by the beneficiary
-- @column    rejections       BIGINT      people who rejected it
-- @column    approvers        VARCHAR[]   who approved it, as role:name, as mfa_evaluate takes them
-- @column    last_attested_at TIMESTAMPTZ last attestation by somebody else than the beneficiary; NULL when the last word revoked it
-- @column    attested_at      TIMESTAMPTZ the instant to judge it by: the last attestation, else its start; 1970 when it was revoked
-- @example   select exception_id, approvals, last_attested_at from mfa_exception_standing where is_current and not is_closed

with

versions as (
    select
        exception_id,
        version,
        subject_kind,
        subject,
        scope,
        criterion,
        starts_at,
        expires_at,
        closed_at,
        recorded_at
    from mfa_exception_versions
),

decisions as (
    select
        d.exception_id,
        lower(d.approver) as approver,
        lower(d.role) as role,
        d.decision,
        cast(d.decided_at as timestamptz) as decided_at,
        b.name is not null as is_own
    from mfa_exception_approvals as d
    left join mfa_exception_beneficiaries as b
        on b.exception_id = d.exception_id
        and b.name = lower(d.approver)
    where cast(d.decided_at as timestamptz) <= $as_of
),

-- whoever it exempts may give it up, but not confirm it
attestations as (
    select
        a.exception_id,
        cast(a.attested_at as timestamptz) as attested_at,
        coalesce(a.decision, 'confirmed') = 'revoked' as is_revoked
    from mfa_attestations as a
    left join mfa_exception_beneficiaries as b
        on b.exception_id = a.exception_id
        and b.name = lower(a.manager)
    where cast(a.attested_at as timestamptz) <= $as_of
        and (b.name is null or a.decision = 'revoked')
),

changes as (
    select exception_id, recorded_at as begins_at from versions
    union
    select exception_id, starts_at as begins_at from versions where starts_at <= $as_of
    union
    select exception_id, closed_at as begins_at from versions where closed_at <= $as_of
    union
    select exception_id, decided_at as begins_at from decisions
    union
    select exception_id, attested_at as begins_at from attestations
),

spans as (
    select
        exception_id,
        begins_at,
        lead(begins_at) over (partition by exception_id order by begins_at asc nulls first) as ends_at,
        row_number() over (partition by exception_id order by begins_at desc nulls last) = 1 as is_current
    from changes
),

-- the version of each span
described as (
    select
        s.exception_id,
        s.begins_at,
        s.ends_at,
        s.is_current,
        v.version,
        v.subject_kind,
        v.subject,
        v.scope,
        v.criterion,
        v.starts_at,
        v.expires_at,
        coalesce(v.closed_at <= s.begins_at, false) as is_closed
    from spans as s
    inner join versions as v
        on v.exception_id = s.exception_id
    where v.recorded_at is null
        or v.recorded_at <= s.begins_at
    qualify row_number() over (
        partition by s.exception_id, s.begins_at
        order by v.version desc nulls last
    ) = 1
),

-- the last word of each approver in each span
words as (
    select
        s.exception_id,
        s.begins_at,
        d.approver,
        d.role,
        d.decision,
        d.is_own
    from spans as s
    inner join decisions as d
        on d.exception_id = s.exception_id
        and d.decided_at <= s.begins_at
    qualify row_number() over (
        partition by s.exception_id, s.begins_at, d.approver
        order by d.decided_at desc nulls last, d.decision desc nulls last
    ) = 1
),

approvals as (
    select
        exception_id,
        begins_at,
        count(*) filter (where decision = 'approved' and not is_own) as approvals,
        count(*) filter (where decision = 'approved' and is_own) as self_approvals,
        count(*) filter (where decision = 'rejected' and not is_own) as rejections,
        array_agg(role || ':' || approver order by approver nulls last) filter (
            where decision = 'approved' and not is_own and role is not null
        ) as approvers
    from words
    group by
        exception_id,
        begins_at
),

-- the last word on each in each span
attested as (
    select
        s.exception_id,
        s.begins_at,
        a.attested_at,
        a.is_revoked
    from spans as s
    inner join attestations as a
        on a.exception_id = s.exception_id
        and a.attested_at <= s.begins_at
    qualify row_number() over (
        partition by s.exception_id, s.begins_at
        order by
            a.attested_at desc nulls last,
            a.is_revoked desc nulls last
    ) = 1
)

select
    d.exception_id,
    d.version,
    d.begins_at as valid_from,
    d.ends_at as valid_to,
    d.is_current,
    d.subject_kind,
    d.subject,
    d.scope,
    d.criterion,
    d.starts_at,
    d.expires_at,
    d.is_closed,
    coalesce(a.approvals, 0) as approvals,
    coalesce(a.self_approvals, 0) as self_approvals,
    coalesce(a.rejections, 0) as rejections,
    coalesce(a.approvers, []) as approvers,
    case when not t.is_revoked then t.attested_at end as last_attested_at,
    case
        -- no longer needed: overdue whatever the policy allows
        when t.is_revoked then timestamptz '1970-01-01 00:00:00+00'
        else coalesce(t.attested_at, d.starts_at)
    end as attested_at
from described as d
left join approvals as a
    on a.exception_id = d.exception_id
    and a.begins_at = d.begins_at
left join attested as t
    on t.exception_id = d.exception_id
    and t.begins_at = d.begins_at
