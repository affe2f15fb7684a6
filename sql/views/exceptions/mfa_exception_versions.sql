-- mfa_exception_versions
--
-- Every version of every exception: how long it held, and whether the version that moved its end was approved.
--
-- An edit of an exception is a later row of the same exception_id. A later end than the last one known is a renewal, and no
-- end is later than any. It needs approvals of its own, as many and by the roles the policy in force asks for: decided after
-- the version before was recorded, at most `approval_lead_days` before the new one, and before the next; the last word of
-- each approver in that time counts. The beneficiary of an exception never approves it, under any of their names.
--
-- @area      exceptions
-- @reads     mfa_exceptions, mfa_exception_approvals, mfa_exception_beneficiaries, mfa_policy_in_force
-- @grain     one row per exception and version
-- @param     as_of               TIMESTAMPTZ now()  last instant counted
-- @param     approval_lead_days  INTEGER     30     how long before a renewal its approvals may be given
-- @column    exception_id        VARCHAR     id of the exception
-- @column    version             BIGINT      number of the version, from 1
-- @column    is_latest           BOOLEAN     whether it is the last one as of as_of
-- @column    subject_kind        VARCHAR     identity, group, app or protocol
-- @column    subject             VARCHAR     whom or what it exempts, lower case
-- @column    scope               VARCHAR     enrolment, session or what it is limited to
-- @column    kind                VARCHAR     exemption, temporary_bypass or excluded_from_policy
-- @column    criterion           VARCHAR     criterion it is granted under
-- @column    justification       VARCHAR     why
-- @column    requested_by        VARCHAR     who asked
-- @column    ticket              VARCHAR     ticket it was granted in
-- @column    renewed_from        VARCHAR     exception it openly renews
-- @column    remediation_action  VARCHAR     what will make it unnecessary
-- @column    risk                VARCHAR     risk accepted with it
-- @column    starts_at           TIMESTAMPTZ first instant it holds
-- @column    expires_at          TIMESTAMPTZ first instant it no longer holds
-- @column    closed_at           TIMESTAMPTZ when it was ended by hand
-- @column    closed_reason       VARCHAR     why it was ended
-- @column    ends_at             TIMESTAMPTZ the earlier of the two; NULL is open
-- @column    recorded_at         TIMESTAMPTZ when the version was recorded; NULL is unknown
-- @column    previous_expires_at TIMESTAMPTZ the last end known before the version
-- @column    moved_approvers     VARCHAR[]   who approved the move, as role:name, when the version moves the end to later; else NULL
-- @column    is_moved            BOOLEAN     whether it moves the end to later
-- @column    is_moved_silently   BOOLEAN     whether it does so without the approvals that needs
-- @example   select exception_id, version, previous_expires_at, expires_at from mfa_exception_versions where is_moved_silently

with

versions as (
    -- A data frame column without a value has no type of its own, hence the casts.
    select
        cast(exception_id as varchar) as exception_id,
        coalesce(cast(subject_kind as varchar), 'identity') as subject_kind,
        lower(cast(subject as varchar)) as subject,
        cast(scope as varchar) as scope,
        cast(kind as varchar) as kind,
        cast(criterion as varchar) as criterion,
        cast(justification as varchar) as justification,
        cast(requested_by as varchar) as requested_by,
        cast(ticket as varchar) as ticket,
        cast(renewed_from as varchar) as renewed_from,
        cast(remediation_action as varchar) as remediation_action,
        cast(risk as varchar) as risk,
        cast(starts_at as timestamptz) as starts_at,
        cast(expires_at as timestamptz) as expires_at,
        cast(closed_at as timestamptz) as closed_at,
        cast(closed_reason as varchar) as closed_reason,
        cast(recorded_at as timestamptz) as recorded_at
    from mfa_exceptions
    where exception_id is not null
        and (recorded_at is null or cast(recorded_at as timestamptz) <= $as_of)
),

numbered as (
    select
        exception_id,
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
        closed_at,
        closed_reason,
        recorded_at,
        row_number() over (
            partition by exception_id
            order by recorded_at asc nulls first, expires_at asc nulls last
        ) as version,
        row_number() over (
            partition by exception_id
            order by recorded_at desc nulls last, expires_at desc nulls first
        ) as version_from_last,
        lag(expires_at) over (
            partition by exception_id
            order by recorded_at asc nulls first, expires_at asc nulls last
        ) as before_expires_at,
        -- how many versions had an end so far, this one included
        count(expires_at) over (
            partition by exception_id
            order by recorded_at asc nulls first, expires_at asc nulls last
            rows between unbounded preceding and current row
        ) as known_ends,
        lag(coalesce(recorded_at, starts_at)) over (
            partition by exception_id
            order by recorded_at asc nulls first, expires_at asc nulls last
        ) as previous_recorded_at,
        lead(recorded_at) over (
            partition by exception_id
            order by recorded_at asc nulls first, expires_at asc nulls last
        ) as next_recorded_at
    from versions
),

-- beside each version the last end known before it
ordered as (
    select
        n.exception_id,
        n.subject_kind,
        n.subject,
        n.scope,
        n.kind,
        n.criterion,
        n.justification,
        n.requested_by,
        n.ticket,
        n.renewed_from,
        n.remediation_action,
        n.risk,
        n.starts_at,
        n.expires_at,
        n.closed_at,
        n.closed_reason,
        n.recorded_at,
        n.version,
        n.version_from_last,
        n.previous_recorded_at,
        n.next_recorded_at,
        p.expires_at as previous_expires_at,
        coalesce(n.expires_at > p.expires_at, n.expires_at is null and n.before_expires_at is not null) as is_moved
    from numbered as n
    left join numbered as p
        on p.exception_id = n.exception_id
        and p.expires_at is not null
        and p.known_ends = n.known_ends - case when n.expires_at is null then 0 else 1 end
),

decisions as (
    select
        a.exception_id,
        lower(a.role) as role,
        lower(a.approver) as approver,
        a.decision,
        cast(a.decided_at as timestamptz) as decided_at
    from mfa_exception_approvals as a
    left join mfa_exception_beneficiaries as b
        on b.exception_id = a.exception_id
        and b.name = lower(a.approver)
    where cast(a.decided_at as timestamptz) <= $as_of
        and b.name is null
),

-- the last word of each approver on each move
words as (
    select
        o.exception_id,
        o.version,
        d.role || ':' || d.approver as approver,
        d.decision,
        row_number() over (
            partition by o.exception_id, o.version, d.approver
            order by d.decided_at desc nulls last, d.decision desc nulls last
        ) as place
    from ordered as o
    inner join decisions as d
        on d.exception_id = o.exception_id
        and d.decided_at > o.previous_recorded_at
        and (
            o.recorded_at is null
            or d.decided_at >= o.recorded_at - ($approval_lead_days * 24 || ' hours')::interval
        )
        and (o.next_recorded_at is null or d.decided_at < o.next_recorded_at)
),

moves as (
    select
        o.exception_id,
        o.version,
        o.subject,
        o.criterion,
        o.starts_at,
        o.expires_at,
        array_agg(a.approver order by a.approver nulls last) filter (where a.approver is not null) as approvers
    from ordered as o
    left join words as a
        on a.exception_id = o.exception_id
        and a.version = o.version
        and a.place = 1
        and a.decision = 'approved'
    where o.is_moved
    group by
        o.exception_id,
        o.version,
        o.subject,
        o.criterion,
        o.starts_at,
        o.expires_at
),

-- asked of somebody without any factor, so that only the exception speaks
judged as (
    select
        m.exception_id,
        m.version,
        coalesce(m.approvers, []) as moved_approvers,
        mfa_evaluate(
            {'id': m.subject, 'population': 'workforce', 'privileged': false, 'roles': cast([] as varchar[])},
            [{'method': 'password', 'status': 'active'}],
            cast(null as struct(id varchar, sensitivity varchar)),
            cast(null as struct(signals varchar[], protocol varchar)),
            [{
                'id': m.exception_id,
                'criterion': m.criterion,
                'starts_at': m.starts_at,
                'expires_at': m.expires_at,
                'approvers': coalesce(m.approvers, []),
                'attested_at': $as_of,
                'scope': cast(null as varchar)
            }],
            $as_of,
            p.document
        ) as answer
    from moves as m
    cross join mfa_policy_in_force as p
)

select
    o.exception_id,
    o.version,
    o.version_from_last = 1 as is_latest,
    o.subject_kind,
    o.subject,
    o.scope,
    o.kind,
    o.criterion,
    o.justification,
    o.requested_by,
    o.ticket,
    o.renewed_from,
    o.remediation_action,
    o.risk,
    o.starts_at,
    o.expires_at,
    o.closed_at,
    o.closed_reason,
    least(o.expires_at, o.closed_at) as ends_at,
    o.recorded_at,
    o.previous_expires_at,
    m.moved_approvers,
    o.is_moved,
    coalesce(list_contains(mfa_reasons(m.answer.reason_mask), 'EXC_UNAPPROVED'), false) as is_moved_silently
from ordered as o
left join judged as m
    on m.exception_id = o.exception_id
    and m.version = o.version
