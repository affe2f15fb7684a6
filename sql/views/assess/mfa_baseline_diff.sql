-- mfa_baseline_diff
--
-- What changed between two snapshots of the baseline.
--
-- The snapshots are those of mfa_snapshots with the view_name mfa_baseline: the last one at or before `baseline_from` and
-- the last one at or before as_of. A row that only one of them has counts as 0 in the other. Without two different snapshots
-- there are no rows.
--
-- @area      assess
-- @reads     mfa_snapshots
-- @grain     one row per row_id that either snapshot has
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     baseline_from          TIMESTAMPTZ now() - interval '2160 hours' the earlier snapshot is the last one at or before it
-- @column    row_id     VARCHAR     key of the row in mfa_baseline
-- @column    provider   VARCHAR     which directory
-- @column    measure    VARCHAR     measure
-- @column    from_at    TIMESTAMPTZ when the earlier snapshot was taken
-- @column    to_at      TIMESTAMPTZ when the later one was taken
-- @column    from_value DOUBLE      count then
-- @column    to_value   DOUBLE      count now
-- @column    change     DOUBLE      difference
-- @example   select measure, sum(change) as change from mfa_baseline_diff group by measure order by measure

with

kept as (
    select
        taken_at,
        row_id,
        provider,
        measure,
        value
    from mfa_snapshots
    where view_name = 'mfa_baseline'
        and taken_at <= $as_of
),

ends as (
    select
        max(taken_at) filter (where taken_at <= $baseline_from) as from_at,
        max(taken_at) as to_at
    from kept
),

pairs as (
    select
        k.row_id,
        max(k.provider) as provider,
        max(k.measure) as measure,
        e.from_at,
        e.to_at,
        coalesce(sum(k.value) filter (where k.taken_at = e.from_at), 0) as from_value,
        coalesce(sum(k.value) filter (where k.taken_at = e.to_at), 0) as to_value
    from kept as k
    cross join ends as e
    where e.from_at < e.to_at
        and k.taken_at in (e.from_at, e.to_at)
    group by
        k.row_id,
        e.from_at,
        e.to_at
)

select
    row_id,
    provider,
    measure,
    from_at,
    to_at,
    from_value,
    to_value,
    to_value - from_value as change
from pairs
