-- mfa_gap_register
--
-- Every gap with its life: when first seen, how long open, closed, opened again.
--
-- Gaps of today are those of mfa_gaps; earlier ones come from snapshots kept in mfa_snapshots with the view_name mfa_gaps
-- and the finding_id as row_id: insert into mfa_snapshots (taken_at, view_name, row_id, provider, identity_id, app_id, rule,
-- severity) select … from mfa_gaps. A gap that a snapshot has and a later one or today has not was closed by then; one that
-- comes back was reopened. Without snapshots every gap is new.
--
-- @area      assess
-- @reads     mfa_gaps, mfa_snapshots, mfa_owners
-- @grain     one row per finding that is open or was in a snapshot
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @column    finding_id   VARCHAR     stable hash of rule, provider, identity and application
-- @column    rule         VARCHAR     rule
-- @column    severity     VARCHAR     critical, high, medium or low, as last seen
-- @column    provider     VARCHAR     which directory or log
-- @column    identity_id  VARCHAR     the provider's id of the identity
-- @column    app_id       VARCHAR     application; NULL is none
-- @column    department   VARCHAR     department, of an open one
-- @column    owner        VARCHAR     who decides on remediation of the department, else of all; NULL is nobody
-- @column    status       VARCHAR     open, reopened or closed
-- @column    first_seen   TIMESTAMPTZ first snapshot that has it, or as_of
-- @column    last_seen    TIMESTAMPTZ last snapshot that has it, or as_of
-- @column    closed_at    TIMESTAMPTZ first snapshot after that, or as_of; NULL is open
-- @column    times_closed BIGINT      how often it was gone and came back, or is gone
-- @column    days_open    BIGINT      whole days from first_seen to closed_at or as_of
-- @example   select status, severity, count(*) as gaps from mfa_gap_register group by status, severity order by status, severity

with

today as (
    select
        finding_id,
        rule,
        severity,
        provider,
        identity_id,
        app_id,
        department
    from mfa_gaps
),

takes as (
    select distinct taken_at
    from mfa_snapshots
    where view_name = 'mfa_gaps'
        and taken_at < $as_of
    union
    select $as_of as taken_at
),

numbered as (
    select
        taken_at,
        row_number() over (order by taken_at asc nulls first) as take,
        lead(taken_at) over (order by taken_at asc nulls first) as next_at
    from takes
),

seen as (
    select
        row_id as finding_id,
        taken_at,
        max(rule) as rule,
        max(severity) as severity,
        max(provider) as provider,
        max(identity_id) as identity_id,
        max(app_id) as app_id
    from mfa_snapshots
    where view_name = 'mfa_gaps'
        and taken_at < $as_of
    group by
        row_id,
        taken_at
    union all
    select finding_id, $as_of as taken_at, rule, severity, provider, identity_id, app_id
    from today
),

placed as (
    select
        s.finding_id,
        s.taken_at,
        s.rule,
        s.severity,
        s.provider,
        s.identity_id,
        s.app_id,
        n.take,
        n.next_at,
        lag(n.take) over (
            partition by s.finding_id
            order by n.take asc nulls first
        ) as earlier_take
    from seen as s
    inner join numbered as n
        on n.taken_at = s.taken_at
),

lives as (
    select
        finding_id,
        max(rule) as rule,
        (array_agg(severity order by take desc nulls last))[1] as severity,
        max(provider) as provider,
        max(identity_id) as identity_id,
        max(app_id) as app_id,
        min(taken_at) as first_seen,
        max(taken_at) as last_seen,
        (array_agg(next_at order by take desc nulls last))[1] as gone_at,
        count(*) filter (where take > earlier_take + 1) as returns
    from placed
    group by finding_id
),

owners as (
    select
        lower(scope_kind) as scope_kind,
        lower(scope) as scope,
        min(owner) as owner
    from mfa_owners
    where decision = 'remediation'
        and coalesce(valid_from <= $as_of, true)
        and coalesce(valid_until > $as_of, true)
    group by
        lower(scope_kind),
        lower(scope)
),

general as (
    select min(owner) as owner
    from owners
    where scope_kind = 'all'
)

select
    l.finding_id,
    l.rule,
    l.severity,
    l.provider,
    l.identity_id,
    l.app_id,
    t.department,
    coalesce(o.owner, g.owner) as owner,
    case
        when l.last_seen < $as_of then 'closed'
        when l.returns > 0 then 'reopened'
        else 'open'
    end as status,
    l.first_seen,
    l.last_seen,
    case when l.last_seen < $as_of then l.gone_at end as closed_at,
    l.returns + case when l.last_seen < $as_of then 1 else 0 end as times_closed,
    cast(floor((extract(epoch from case when l.last_seen < $as_of then l.gone_at else $as_of end) - extract(epoch from l.first_seen)) / 86400) as bigint) as days_open
from lives as l
left join today as t
    on t.finding_id = l.finding_id
left join owners as o
    on o.scope_kind = 'department'
    and o.scope = lower(t.department)
cross join general as g
