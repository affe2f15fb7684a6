-- mfa_evidence_index
--
-- What evidence there is, kind by kind and month by month, and what it proves.
--
-- Every item is in one state: items = satisfied + required_failed + not_required + excluded + no_evidence. What cannot be told is
-- no_evidence, never satisfied. A kind of which nothing is loaded has one row without a month and with 0 items, so that what is missing shows.
-- policy_version    by its start: approved, and the document is the one on record; failed: changed since, cannot be read, or
--                   rejected and not approved
-- policy_approval   by its date: approved a version there is; failed: rejected, or of a document with another hash; who is
--                   only named beside the document left no date, which is no evidence
-- exception         by its start: holds by the policy, or is over and was approved; failed: unapproved, forbidden or too long;
--                   not required: not begun yet
-- exception_ticket  by the start of the exception: whether it names a ticket
-- attestation       by its date: confirmed or revoked by somebody else; excluded: by the beneficiary
-- help_desk_ticket  by its opening: closed with a solution noted; failed: closed without; not required: open
-- enforcement_event by its date: a step somebody is on record for; excluded: rests on an exception
-- control_test      by its date: passed; failed; undecided is no evidence
-- access_review     by its decision: decided by somebody
-- training          by its assignment: done; failed: past its end and not done; not required: not due yet
-- gap               by the first snapshot of mfa_gaps without it: resolved; failed, by the last snapshot: still there
-- signin            by its day: the states of mfa_effective_coverage, of interactive sign-ins of people
--
-- @area      evidence
-- @reads     mfa_policy_history, mfa_policies, mfa_policy_approvals, mfa_exceptions_status, mfa_exception_beneficiaries, mfa_attestations, mfa_tickets, mfa_enforcement_events, mfa_control_tests, mfa_access_reviews, mfa_training_assignments, mfa_snapshots, mfa_effective_coverage
-- @grain     one row per kind and month; of a kind without anything, one without a month
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    kind            VARCHAR     kind of evidence, one of those above
-- @column    month           DATE        first day of the month, UTC; NULL is not dated, or nothing there
-- @column    items           BIGINT      pieces of evidence
-- @column    satisfied       BIGINT      of them, that prove what they should
-- @column    required_failed BIGINT      of them, that prove the contrary
-- @column    not_required    BIGINT      of them, of which nothing is asked yet
-- @column    excluded        BIGINT      of them, that do not count
-- @column    no_evidence     BIGINT      of them, that cannot be told
-- @column    first_seen      TIMESTAMPTZ first of them; NULL is not dated
-- @column    last_seen       TIMESTAMPTZ last of them
-- @example   select kind, sum(items) as items, sum(satisfied) as satisfied, sum(no_evidence) as no_evidence from mfa_evidence_index group by kind

with

kinds as (
    select k.kind
    from (values
        ('policy_version'),
        ('policy_approval'),
        ('exception'),
        ('exception_ticket'),
        ('attestation'),
        ('help_desk_ticket'),
        ('enforcement_event'),
        ('control_test'),
        ('access_review'),
        ('training'),
        ('gap'),
        ('signin')
    ) as k(kind)
),

hashes as (
    select
        policy_id,
        version as version_id,
        max(computed_hash) as computed_hash
    from mfa_policy_history
    group by
        policy_id,
        version
),

-- snapshots of the gaps, in turn
takes as (
    select
        taken_at,
        lead(taken_at) over (order by taken_at asc nulls first) as next_taken_at
    from (
        select distinct cast(taken_at as timestamptz) as taken_at
        from mfa_snapshots
        where view_name = 'mfa_gaps'
            and taken_at <= $as_of
    ) as s
),

snapshot_gaps as (
    select
        row_id,
        max(cast(taken_at as timestamptz)) as last_taken_at
    from mfa_snapshots
    where view_name = 'mfa_gaps'
        and taken_at <= $as_of
        and row_id is not null
    group by row_id
),

items as (
    select
        'policy_version' as kind,
        effective_from as seen_at,
        case
            when hash_status in ('mismatch', 'invalid_document') then 'required_failed'
            when approvals = 0 and rejections > 0 then 'required_failed'
            when approvals > 0 and hash_status = 'match' then 'satisfied'
            else 'no_evidence'
        end as state
    from mfa_policy_history
    where coalesce(effective_from <= $as_of, true)
    union all
    select
        'policy_approval' as kind,
        cast(a.decided_at as timestamptz) as seen_at,
        case
            when a.decision = 'rejected' then 'required_failed'
            when a.decision = 'approved' and h.computed_hash <> lower(a.document_hash) then 'required_failed'
            when a.decision = 'approved' and a.approver is not null and a.decided_at is not null and h.version_id is not null then 'satisfied'
            else 'no_evidence'
        end as state
    from mfa_policy_approvals as a
    left join hashes as h
        on h.policy_id = a.policy_id
        and h.version_id = cast(a.version as varchar)
    where coalesce(a.decided_at <= $as_of, true)
    union all
    -- named beside the document, without a date: the day it took effect stands for it
    select
        'policy_approval' as kind,
        named_from as seen_at,
        'no_evidence' as state
    from (select cast(effective_from as timestamptz) as named_from, unnest(approved_by) as named from mfa_policies) as b
    where named is not null
        and coalesce(named_from <= $as_of, true)
    union all
    select
        'exception' as kind,
        starts_at as seen_at,
        case
            when status = 'pending' then 'not_required'
            when status = 'incomplete' or starts_at is null then 'no_evidence'
            when list_has_any(reasons, ['EXC_UNAPPROVED', 'EXC_FORBIDDEN', 'EXC_TOO_LONG']) then 'required_failed'
            when status in ('active', 'attestation_overdue') then 'satisfied'
            when approvals > 0 then 'satisfied'
            when approvals = 0 then 'required_failed'
            else 'no_evidence'
        end as state
    from mfa_exceptions_status
    union all
    select
        'exception_ticket' as kind,
        starts_at as seen_at,
        case when nullif(ticket, '') is not null then 'satisfied' else 'required_failed' end as state
    from mfa_exceptions_status
    union all
    select
        'attestation' as kind,
        cast(t.attested_at as timestamptz) as seen_at,
        case
            when b.name is not null then 'excluded'
            when t.decision in ('confirmed', 'revoked') and t.manager is not null and t.attested_at is not null then 'satisfied'
            else 'no_evidence'
        end as state
    from mfa_attestations as t
    left join (select distinct exception_id, name from mfa_exception_beneficiaries) as b
        on b.exception_id = t.exception_id
        and b.name = lower(t.manager)
    where coalesce(t.attested_at <= $as_of, true)
    union all
    select
        'help_desk_ticket' as kind,
        cast(opened_at as timestamptz) as seen_at,
        case
            when opened_at is null then 'no_evidence'
            when coalesce(closed_at > $as_of, true) then 'not_required'
            when nullif(resolution, '') is not null then 'satisfied'
            else 'required_failed'
        end as state
    from mfa_tickets
    where coalesce(opened_at <= $as_of, true)
    union all
    select
        'enforcement_event' as kind,
        cast(event_time as timestamptz) as seen_at,
        case
            when exception_id is not null then 'excluded'
            when actor is not null and effect is not null and event_time is not null then 'satisfied'
            else 'no_evidence'
        end as state
    from mfa_enforcement_events
    where coalesce(event_time <= $as_of, true)
    union all
    select
        'control_test' as kind,
        cast(tested_at as timestamptz) as seen_at,
        case
            when result = 'passed' and tested_by is not null and tested_at is not null then 'satisfied'
            when result = 'failed' then 'required_failed'
            else 'no_evidence'
        end as state
    from mfa_control_tests
    where coalesce(tested_at <= $as_of, true)
    union all
    select
        'access_review' as kind,
        cast(decided_at as timestamptz) as seen_at,
        case
            when decision in ('keep', 'remove', 'reduce') and reviewer is not null and decided_at is not null then 'satisfied'
            else 'no_evidence'
        end as state
    from mfa_access_reviews
    where coalesce(decided_at <= $as_of, true)
    union all
    select
        'training' as kind,
        cast(assigned_at as timestamptz) as seen_at,
        case
            when completed_at <= $as_of then 'satisfied'
            when due_at <= $as_of then 'required_failed'
            when due_at > $as_of then 'not_required'
            else 'no_evidence'
        end as state
    from mfa_training_assignments
    where coalesce(assigned_at <= $as_of, true)
    union all
    select
        'gap' as kind,
        coalesce(t.next_taken_at, t.taken_at) as seen_at,
        case when t.next_taken_at is not null then 'satisfied' else 'required_failed' end as state
    from snapshot_gaps as g
    inner join takes as t
        on t.taken_at = g.last_taken_at
),

counted as (
    select
        kind,
        cast(date_trunc('month', seen_at at time zone 'UTC') as date) as month_begin,
        count(*) as items,
        count(*) filter (where state = 'satisfied') as satisfied,
        count(*) filter (where state = 'required_failed') as required_failed,
        count(*) filter (where state = 'not_required') as not_required,
        count(*) filter (where state = 'excluded') as excluded,
        count(*) filter (where state = 'no_evidence') as no_evidence,
        min(seen_at) as first_seen,
        max(seen_at) as last_seen
    from items
    group by
        kind,
        cast(date_trunc('month', seen_at at time zone 'UTC') as date)
    union all
    select
        'signin' as kind,
        cast(date_trunc('month', day) as date) as month_begin,
        cast(sum(satisfied + required_failed + not_required + excluded + no_evidence) as bigint) as items,
        cast(sum(satisfied) as bigint) as satisfied,
        cast(sum(required_failed) as bigint) as required_failed,
        cast(sum(not_required) as bigint) as not_required,
        cast(sum(excluded) as bigint) as excluded,
        cast(sum(no_evidence) as bigint) as no_evidence,
        cast(min(cast(day as timestamp)) at time zone 'UTC' as timestamptz) as first_seen,
        cast(max(cast(day as timestamp)) at time zone 'UTC' as timestamptz) as last_seen
    from mfa_effective_coverage
    group by cast(date_trunc('month', day) as date)
    having sum(satisfied + required_failed + not_required + excluded + no_evidence) > 0
)

select
    k.kind,
    c.month_begin as month,
    coalesce(c.items, 0) as items,
    coalesce(c.satisfied, 0) as satisfied,
    coalesce(c.required_failed, 0) as required_failed,
    coalesce(c.not_required, 0) as not_required,
    coalesce(c.excluded, 0) as excluded,
    coalesce(c.no_evidence, 0) as no_evidence,
    c.first_seen,
    c.last_seen
from kinds as k
left join counted as c
    on c.kind = k.kind
