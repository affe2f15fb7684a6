-- mfa_exception_trends
--
-- Week by week: exceptions opened, ended, renewed openly or silently, and used after their end.
--
-- Every count is of events within the week and adds up over weeks, kinds and criteria, except two that add up over kinds
-- and criteria only: `open_at_end`, how many had begun and were not over at the end of the week, rightly approved or not,
-- and `used_after_expiry`, how many were used in that week after their end: one used in three weeks is in each of them.
-- The week of as_of ends at as_of. Events are those of mfa_exception_events; an exception renewed silently in two patterns
-- counts in both. silently_renewed is the sum of the six columns after it.
--
-- @area      exceptions
-- @reads     mfa_exception_events
-- @grain     one row per ISO week, criterion, kind; from the week of the first event
-- @param     as_of          TIMESTAMPTZ now()  last instant counted
-- @column    week           DATE    Monday of the ISO week, UTC
-- @column    criterion      VARCHAR criterion the exceptions are granted under
-- @column    kind           VARCHAR exemption, temporary_bypass or excluded_from_policy
-- @column    opened         BIGINT  exceptions that began
-- @column    closed         BIGINT  exceptions ended by hand
-- @column    expired        BIGINT  exceptions that reached their end
-- @column    renewed        BIGINT  renewals that were declared and, where the end was moved, approved
-- @column    silently_renewed BIGINT renewals in one of the silent patterns
-- @column    end_moved      BIGINT  of them, end moved without approval
-- @column    overlapping_reissue BIGINT of them, issued anew before the old one ended
-- @column    same_ticket    BIGINT  of them, issued anew in the same ticket
-- @column    same_justification BIGINT of them, issued anew with the same justification
-- @column    bypass_after_expiry BIGINT of them, a bypass seen after the end for the first time
-- @column    attested_by_beneficiary BIGINT of them, attested by the beneficiary
-- @column    used_after_expiry BIGINT exceptions used after their end
-- @column    open_at_end    BIGINT  exceptions that had begun and were not over at the end of the week
-- @example   select week, sum(opened) as opened, sum(silently_renewed) as silently_renewed, sum(open_at_end) as open_at_end from mfa_exception_trends group by week order by week

with

events as (
    select
        exception_id,
        cast(date_trunc('week', cast(event_at at time zone 'UTC' as date)) as date) as week,
        event_at,
        event,
        pattern,
        criterion,
        kind
    from mfa_exception_events
),

-- an exception is over once, whichever of closing and expiring comes first; one that ended before it began never was open
ends as (
    select
        o.criterion,
        o.kind,
        cast(date_trunc('week', cast(greatest(o.event_at, e.event_at) at time zone 'UTC' as date)) as date) as week
    from (select exception_id, event_at, criterion, kind from events where event = 'opened') as o
    inner join (
        select exception_id, min(event_at) as event_at
        from events
        where event in ('closed', 'expired')
        group by exception_id
    ) as e
        on e.exception_id = o.exception_id
),

bounds as (
    select
        min(week) as first_week,
        cast(cast(cast(date_trunc('week', cast($as_of at time zone 'UTC' as date)) as date) - min(week) as double) / 7 as bigint) as weeks
    from events
),

weeks as (
    select first_week + cast(n * 7 as integer) as week
    from (select first_week, unnest(generate_series(0, weeks)) as n from bounds) as s
),

cells as (
    select
        week,
        criterion,
        kind,
        case when event = 'opened' then 1 else 0 end as opened,
        case when event = 'closed' then 1 else 0 end as closed,
        case when event = 'expired' then 1 else 0 end as expired,
        case when event = 'renewed' then 1 else 0 end as renewed,
        case when event = 'silently_renewed' then 1 else 0 end as silently_renewed,
        case when pattern = 'end_moved' then 1 else 0 end as end_moved,
        case when pattern = 'overlapping_reissue' then 1 else 0 end as overlapping_reissue,
        case when pattern = 'same_ticket' then 1 else 0 end as same_ticket,
        case when pattern = 'same_justification' then 1 else 0 end as same_justification,
        case when pattern = 'bypass_after_expiry' then 1 else 0 end as bypass_after_expiry,
        case when pattern = 'attested_by_beneficiary' then 1 else 0 end as attested_by_beneficiary,
        case when event = 'used_after_expiry' then 1 else 0 end as used_after_expiry,
        case when event = 'opened' then 1 else 0 end as step
    from events
    union all
    select
        week,
        criterion,
        kind,
        0 as opened,
        0 as closed,
        0 as expired,
        0 as renewed,
        0 as silently_renewed,
        0 as end_moved,
        0 as overlapping_reissue,
        0 as same_ticket,
        0 as same_justification,
        0 as bypass_after_expiry,
        0 as attested_by_beneficiary,
        0 as used_after_expiry,
        -1 as step
    from ends
    union all
    select
        w.week,
        g.criterion,
        g.kind,
        0 as opened,
        0 as closed,
        0 as expired,
        0 as renewed,
        0 as silently_renewed,
        0 as end_moved,
        0 as overlapping_reissue,
        0 as same_ticket,
        0 as same_justification,
        0 as bypass_after_expiry,
        0 as attested_by_beneficiary,
        0 as used_after_expiry,
        0 as step
    from (select distinct criterion, kind from events) as g
    cross join weeks as w
),

weekly as (
    select
        week,
        criterion,
        kind,
        sum(opened) as opened,
        sum(closed) as closed,
        sum(expired) as expired,
        sum(renewed) as renewed,
        sum(silently_renewed) as silently_renewed,
        sum(end_moved) as end_moved,
        sum(overlapping_reissue) as overlapping_reissue,
        sum(same_ticket) as same_ticket,
        sum(same_justification) as same_justification,
        sum(bypass_after_expiry) as bypass_after_expiry,
        sum(attested_by_beneficiary) as attested_by_beneficiary,
        sum(used_after_expiry) as used_after_expiry,
        sum(step) as step
    from cells
    group by
        week,
        criterion,
        kind
)

select
    week,
    criterion,
    kind,
    cast(opened as bigint) as opened,
    cast(closed as bigint) as closed,
    cast(expired as bigint) as expired,
    cast(renewed as bigint) as renewed,
    cast(silently_renewed as bigint) as silently_renewed,
    cast(end_moved as bigint) as end_moved,
    cast(overlapping_reissue as bigint) as overlapping_reissue,
    cast(same_ticket as bigint) as same_ticket,
    cast(same_justification as bigint) as same_justification,
    cast(bypass_after_expiry as bigint) as bypass_after_expiry,
    cast(attested_by_beneficiary as bigint) as attested_by_beneficiary,
    cast(used_after_expiry as bigint) as used_after_expiry,
    cast(
        sum(step) over (
            partition by criterion, kind
            order by week asc nulls first
            rows between unbounded preceding and current row
        ) as bigint
    ) as open_at_end
from weekly
