-- mfa_factor_periods
--
-- From when to when each method was registered.
--
-- What is registered now comes from mfa_factors, the snapshot; what was registered once and has been removed or reset
-- comes from mfa_factor_events. A method of the snapshot without a registration day takes it from the last enrolment in
-- the events; without one its start stays NULL: known to exist, not since when. Where a provider has no snapshot, an
-- enrolment that was never undone counts as still there.
--
-- @area      assess
-- @reads     mfa_factors, mfa_factor_events
-- @grain     one row per provider, identity, method and period; periods of one method may overlap
-- @param     as_of          TIMESTAMPTZ now()  last instant counted
-- @column    provider       VARCHAR     which directory it comes from
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    method         VARCHAR     canonical method; a push that asks for a number is push_number
-- @column    valid_from     TIMESTAMPTZ when it was registered; NULL is unknown
-- @column    valid_to       TIMESTAMPTZ when it was removed; NULL is still there
-- @column    source         VARCHAR     snapshot or events
-- @example   select method, count(*) as registered from mfa_factor_periods where valid_to is null group by method

with

snapshot as (
    select
        provider,
        identity_id,
        case when method = 'push' and number_matching then 'push_number' else method end as method,
        method as event_method,
        min(cast(registered_at as timestamptz)) as registered_at
    from mfa_factors
    where status = 'active'
        and method is not null
        and identity_id is not null
    group by
        provider,
        identity_id,
        case when method = 'push' and number_matching then 'push_number' else method end,
        method
),

snapshot_providers as (
    select distinct provider
    from mfa_factors
),

steps as (
    select
        provider,
        identity_id,
        method,
        cast(event_time as timestamptz) as event_time,
        event_type = 'completed' as is_start,
        event_type <> 'completed' and method is null as is_end_of_all
    from mfa_factor_events
    where identity_id is not null
        and event_time is not null
        and event_type in ('completed', 'removed', 'reset')
        and coalesce(outcome, 'success') <> 'failure'
),

ends as (
    select
        provider,
        identity_id,
        method,
        event_time,
        is_start,
        min(case when is_end_of_all then event_time end) over (
            partition by provider, identity_id
            order by event_time asc nulls first, is_start asc nulls first
            rows between 1 following and unbounded following
        ) as all_removed_at,
        min(case when not is_start then event_time end) over (
            partition by provider, identity_id, method
            order by event_time asc nulls first, is_start asc nulls first
            rows between 1 following and unbounded following
        ) as removed_at
    from steps
),

enrolments as (
    select
        provider,
        identity_id,
        method,
        event_time as valid_from,
        least(all_removed_at, removed_at) as valid_to
    from ends
    where is_start
        and method is not null
),

last_enrolments as (
    select
        provider,
        identity_id,
        method,
        max(valid_from) as valid_from
    from enrolments
    where valid_to is null
    group by
        provider,
        identity_id,
        method
),

periods as (
    select
        s.provider,
        s.identity_id,
        s.method,
        coalesce(s.registered_at, e.valid_from) as valid_from,
        cast(null as timestamptz) as valid_to,
        'snapshot' as source
    from snapshot as s
    left join last_enrolments as e
        on e.provider = s.provider
        and e.identity_id = s.identity_id
        and e.method = s.event_method
    union all
    select
        e.provider,
        e.identity_id,
        e.method,
        e.valid_from,
        e.valid_to,
        'events' as source
    from enrolments as e
    left join snapshot_providers as p
        on p.provider = e.provider
    where e.valid_to is not null
        or p.provider is null
)

select
    provider,
    identity_id,
    method,
    valid_from,
    case when valid_to <= $as_of then valid_to end as valid_to,
    source
from periods
where valid_from is null
    or valid_from <= $as_of
