-- mfa_support_coverage_gaps
--
-- Days around a cutover on which people asked for help and nobody was on duty, or on which nobody will be.
--
-- Looks at `cutover_days` days before and after every cutover of the policy in force, in the regions of the people it concerns
-- and in those that tickets and shifts name. A day belongs to the cutover nearest to it. Listed are the days with a ticket
-- that was opened outside staffed time, and the day of a cutover in a region whose people it concerns, without anybody on duty. Of a
-- region of which no shift is known at all that is unknown, which is listed too.
-- tickets = staffed + unstaffed + unknown. A ticket without a region is of the person's; a shift of nobody staffs nothing.
--
-- @area      support
-- @reads     mfa_tickets, mfa_support_coverage, mfa_enrollment_state, mfa_policy_in_force
-- @grain     one row per region and day, UTC
-- @param     as_of           TIMESTAMPTZ now()  last instant of tickets; days ahead are looked at too
-- @param     cutover_days    INTEGER     14     days before and after a cutover
-- @column    region          VARCHAR     region, lower case; NULL is unknown
-- @column    day             DATE        UTC
-- @column    wave            VARCHAR     wave whose cutover is nearest; NULL is that of those who are in no wave
-- @column    cutover_at      TIMESTAMPTZ that cutover
-- @column    days_from_cutover BIGINT    days from it; negative before it
-- @column    gap             VARCHAR     unstaffed_tickets, unknown_coverage or unstaffed_cutover, the first that applies
-- @column    tickets         BIGINT      tickets opened on the day
-- @column    staffed         BIGINT      of them, within staffed time
-- @column    unstaffed       BIGINT      of them, outside it
-- @column    unknown         BIGINT      of them, where no shift of the region is known
-- @column    urgent_unstaffed BIGINT     of the unstaffed ones, of high or urgent priority
-- @column    shifts          BIGINT      shifts that touch the day
-- @column    extended_shifts BIGINT      of them, outside the usual hours
-- @column    people          BIGINT      enabled people of the region in the wave
-- @example   select wave, region, sum(unstaffed) as unstaffed, sum(tickets) as tickets from mfa_support_coverage_gaps group by wave, region

with

cutovers as (
    select
        w.wave.wave as wave,
        coalesce(w.wave.wave, '') as wave_key,
        w.wave.enforce_from as enforce_from,
        cast(w.wave.enforce_from at time zone 'UTC' as date) as cutover_day
    from (select unnest(mfa_policy_waves(document)) as wave from mfa_policy_in_force) as w
    where w.wave.enforce_from is not null
),

accounts as (
    select
        user_principal,
        coalesce(wave, '') as wave_key,
        lower(region) as region,
        is_enabled,
        is_human,
        row_number() over (
            partition by user_principal
            order by
                case when is_privileged then 0 else 1 end asc nulls last,
                case when is_enabled then 0 else 1 end asc nulls last,
                provider asc nulls last,
                identity_id asc nulls last
        ) as turn
    from mfa_enrollment_state
),

people as (
    select
        wave_key,
        coalesce(region, '') as region_key,
        count(*) as people
    from accounts
    where is_enabled
        and is_human
    group by
        wave_key,
        coalesce(region, '')
),

offsets as (
    select unnest(generate_series(0, 2 * $cutover_days)) as offset_days
),

days as (
    select
        c.cutover_day + (cast(o.offset_days as integer) - cast($cutover_days as integer)) as day,
        c.wave,
        c.wave_key,
        c.enforce_from,
        cast(o.offset_days as bigint) - cast($cutover_days as bigint) as days_from_cutover
    from cutovers as c
    cross join offsets as o
    qualify row_number() over (
        partition by c.cutover_day + (cast(o.offset_days as integer) - cast($cutover_days as integer))
        order by
            abs(cast(o.offset_days as bigint) - cast($cutover_days as bigint)) asc nulls last,
            c.enforce_from asc nulls last,
            c.wave asc nulls last
    ) = 1
),

tickets as (
    select
        row_number() over (order by t.opened_at asc nulls last, t.ticket_id asc nulls last) as ticket,
        cast(t.opened_at as timestamptz) as asked_at,
        cast(t.opened_at at time zone 'UTC' as date) as day,
        coalesce(lower(t.region), a.region, '') as region_key,
        coalesce(t.priority in ('high', 'urgent'), false) as is_urgent
    from mfa_tickets as t
    left join (select user_principal, region from accounts where turn = 1 and user_principal is not null) as a
        on a.user_principal = lower(t.user_principal)
    where t.opened_at <= $as_of
),

shifts as (
    select
        lower(region) as region_key,
        cast(starts_at as timestamptz) as begins_at,
        cast(ends_at as timestamptz) as stops_at,
        coalesce(is_extended, false) as is_extended
    from mfa_support_coverage
    where region is not null
        and starts_at < ends_at
        and coalesce(agents, 1) > 0
),

known_regions as (
    select distinct region_key
    from shifts
),

answered as (
    select distinct t.ticket
    from tickets as t
    inner join shifts as s
        on s.region_key = t.region_key
    where s.begins_at <= t.asked_at
        and s.stops_at > t.asked_at
),

asked as (
    select
        t.region_key,
        t.day,
        count(*) as tickets,
        count(a.ticket) as staffed,
        count(*) filter (where a.ticket is null and k.region_key is not null) as unstaffed,
        count(*) filter (where k.region_key is null) as unknown_tickets,
        count(*) filter (where a.ticket is null and k.region_key is not null and t.is_urgent) as urgent_unstaffed
    from tickets as t
    left join answered as a
        on a.ticket = t.ticket
    left join known_regions as k
        on k.region_key = t.region_key
    group by
        t.region_key,
        t.day
),

duty as (
    select
        s.region_key,
        d.day,
        count(*) as shifts,
        count(*) filter (where s.is_extended) as extended_shifts
    from days as d
    cross join shifts as s
    where cast(s.begins_at at time zone 'UTC' as date) <= d.day
        and cast((s.stops_at - interval '1 microsecond') at time zone 'UTC' as date) >= d.day
    group by
        s.region_key,
        d.day
),

regions as (
    select region_key from people
    union
    select region_key from asked
    union
    select region_key from known_regions
),

joined as (
    select
        r.region_key,
        d.day,
        d.wave,
        d.enforce_from,
        d.days_from_cutover,
        coalesce(q.tickets, 0) as tickets,
        coalesce(q.staffed, 0) as staffed,
        coalesce(q.unstaffed, 0) as unstaffed,
        coalesce(q.unknown_tickets, 0) as unknown_tickets,
        coalesce(q.urgent_unstaffed, 0) as urgent_unstaffed,
        coalesce(u.shifts, 0) as shifts,
        coalesce(u.extended_shifts, 0) as extended_shifts,
        coalesce(p.people, 0) as people,
        k.region_key is not null as has_shifts
    from days as d
    cross join regions as r
    left join known_regions as k
        on k.region_key = r.region_key
    left join asked as q
        on q.region_key = r.region_key
        and q.day = d.day
    left join duty as u
        on u.region_key = r.region_key
        and u.day = d.day
    left join people as p
        on p.region_key = r.region_key
        and p.wave_key = d.wave_key
)

select
    nullif(region_key, '') as region,
    day,
    wave,
    enforce_from as cutover_at,
    days_from_cutover,
    case
        when unstaffed > 0 then 'unstaffed_tickets'
        when not has_shifts then 'unknown_coverage'
        else 'unstaffed_cutover'
    end as gap,
    tickets,
    staffed,
    unstaffed,
    unknown_tickets as unknown,
    urgent_unstaffed,
    shifts,
    extended_shifts,
    people
from joined
where unstaffed > 0
    or unknown_tickets > 0
    or (days_from_cutover = 0 and shifts = 0 and people > 0)
