-- mfa_phase_tracker
--
-- Where each unit stands: assess, define, communicate, implement, monitor, support, enforce.
--
-- A phase is late when its planned end is past and it is not done, and blocked by its gate when it should end and the gate
-- is not met; an unknown gate is not met. `current_phase` is the first that is not done.
--
-- @area      assess
-- @reads     mfa_phases
-- @grain     one row per unit and phase
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @column    unit          VARCHAR     department, region or business unit
-- @column    phase         VARCHAR     assess, define, communicate, implement, monitor, support or enforce
-- @column    place         BIGINT      place in that order, from 1
-- @column    status        VARCHAR     not_started, in_progress, blocked or done
-- @column    planned_start DATE        planned first day
-- @column    planned_end   DATE        planned last day
-- @column    started_at    TIMESTAMPTZ when it began
-- @column    finished_at   TIMESTAMPTZ when it was finished
-- @column    gate          VARCHAR     what has to be true to leave it
-- @column    gate_met      BOOLEAN     whether it is; NULL is unknown
-- @column    is_late       BOOLEAN     whether the planned end is past and it is not done
-- @column    days_late     BIGINT      days since the planned end, of a late one; else NULL
-- @column    current_phase VARCHAR     first phase of the unit that is not done; NULL when all are
-- @column    unmet         VARCHAR     what is in the way: late, gate or owner; NULL is nothing
-- @column    owner         VARCHAR     who answers for it
-- @example   select unit, current_phase, count(*) filter (where is_late) as late_phases from mfa_phase_tracker group by unit, current_phase order by unit

with

ordered as (
    select
        unit,
        phase,
        case phase
            when 'assess' then 1
            when 'define' then 2
            when 'communicate' then 3
            when 'implement' then 4
            when 'monitor' then 5
            when 'support' then 6
            when 'enforce' then 7
        end as place,
        coalesce(status, 'not_started') as status,
        planned_start,
        planned_end,
        started_at,
        finished_at,
        gate,
        gate_met,
        owner,
        cast($as_of at time zone 'UTC' as date) as today
    from mfa_phases
),

firsts as (
    select
        unit,
        min(place) as place
    from ordered
    where status <> 'done'
    group by unit
)

select
    o.unit,
    o.phase,
    cast(o.place as bigint) as place,
    o.status,
    o.planned_start,
    o.planned_end,
    o.started_at,
    o.finished_at,
    o.gate,
    o.gate_met,
    coalesce(o.status <> 'done' and o.planned_end < o.today, false) as is_late,
    case
        when o.status <> 'done' and o.planned_end < o.today
            then cast((extract(epoch from o.today) - extract(epoch from o.planned_end)) / 86400 as bigint)
    end as days_late,
    case f.place
        when 1 then 'assess'
        when 2 then 'define'
        when 3 then 'communicate'
        when 4 then 'implement'
        when 5 then 'monitor'
        when 6 then 'support'
        when 7 then 'enforce'
    end as current_phase,
    case
        when o.status = 'done' then null
        when o.owner is null then 'owner'
        when o.planned_end <= o.today and o.gate is not null and not coalesce(o.gate_met, false) then 'gate'
        when o.planned_end < o.today then 'late'
    end as unmet,
    o.owner
from ordered as o
left join firsts as f
    on f.unit = o.unit
