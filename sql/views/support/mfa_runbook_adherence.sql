-- mfa_runbook_adherence
--
-- The runbooks and whether the help desk follows them: for every root cause and method, which one answers it and how many tickets used it.
--
-- A runbook answers a ticket of its root cause, and of its method unless it names none. Where several do, the row names one of
-- the ticket's method, then the one reviewed last; following any of them counts. tickets = followed + other_runbook + no_runbook.
-- A ticket that names a runbook which is not in mfa_runbooks followed another. A method nobody noted fits every runbook of the root cause.
-- Runbooks that are named on no such row have one of their own, without tickets.
--
-- @area      support
-- @reads     mfa_tickets, mfa_runbooks
-- @grain     one row per root_cause and method of tickets, and one per runbook that is named on none of them
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     support_days    INTEGER     90     days of tickets before it
-- @param     runbook_days    INTEGER     365    days after its review for which a runbook is current
-- @column    root_cause      VARCHAR     root cause; unknown where the ticket has none
-- @column    method          VARCHAR     canonical method; NULL is none or unknown, of a runbook any
-- @column    runbook_id      VARCHAR     runbook that answers it; NULL is none
-- @column    title           VARCHAR     its title
-- @column    owner           VARCHAR     its owner
-- @column    reviewed_at     TIMESTAMPTZ when it was last reviewed
-- @column    status          VARCHAR     current, stale, never_reviewed or missing
-- @column    tickets         BIGINT      tickets opened
-- @column    followed        BIGINT      of them, with a runbook that answers them
-- @column    other_runbook   BIGINT      of them, with one that does not
-- @column    no_runbook      BIGINT      of them, without one
-- @column    closed          BIGINT      of the tickets, closed
-- @column    closed_followed BIGINT      of the followed ones, closed
-- @column    seconds         BIGINT      time to solution of the closed ones, in all
-- @column    seconds_followed BIGINT     of the closed ones that followed
-- @example   select root_cause, status, sum(followed) * 1.0 / nullif(sum(tickets), 0) as share from mfa_runbook_adherence group by root_cause, status

with

runbooks as (
    select
        runbook_id,
        title,
        lower(root_cause) as cause,
        method,
        owner,
        cast(reviewed_at as timestamptz) as reviewed_at
    from mfa_runbooks
    where runbook_id is not null
    qualify row_number() over (
        partition by runbook_id
        order by reviewed_at desc nulls last, title asc nulls last
    ) = 1
),

tickets as (
    select
        coalesce(lower(root_cause), 'unknown') as cause,
        method,
        runbook_id,
        case
            when closed_at <= $as_of and closed_at >= opened_at
                then floor(extract(epoch from closed_at) - extract(epoch from opened_at))
        end as seconds,
        coalesce(closed_at <= $as_of, false) as is_closed
    from mfa_tickets
    where opened_at <= $as_of
        and opened_at > $as_of - ($support_days * 24 || ' hours')::interval
),

judged as (
    select
        t.cause,
        t.method,
        coalesce(t.method, '') as method_key,
        t.seconds,
        t.is_closed,
        t.runbook_id is not null as has_runbook,
        coalesce(r.cause = t.cause and coalesce(r.method = t.method, true), false) as is_followed
    from tickets as t
    left join runbooks as r
        on r.runbook_id = t.runbook_id
),

causes as (
    select
        cause,
        method,
        method_key,
        count(*) as tickets,
        count(*) filter (where is_followed) as followed,
        count(*) filter (where has_runbook and not is_followed) as other_runbook,
        count(*) filter (where not has_runbook) as no_runbook,
        count(*) filter (where is_closed) as closed,
        count(*) filter (where is_closed and is_followed) as closed_followed,
        cast(coalesce(sum(seconds), 0) as bigint) as seconds,
        cast(coalesce(sum(case when is_followed then seconds end), 0) as bigint) as seconds_followed
    from judged
    group by
        cause,
        method,
        method_key
),

answers as (
    select
        c.cause,
        c.method_key,
        r.runbook_id,
        r.title,
        r.owner,
        r.reviewed_at
    from causes as c
    inner join runbooks as r
        on r.cause = c.cause
    where coalesce(r.method = c.method, true)
    qualify row_number() over (
        partition by c.cause, c.method_key
        order by
            case when r.method = c.method then 0 when r.method is null then 1 else 2 end asc nulls last,
            r.reviewed_at desc nulls last,
            r.runbook_id asc nulls last
    ) = 1
),

listed as (
    select
        c.cause,
        c.method,
        a.runbook_id,
        a.title,
        a.owner,
        a.reviewed_at,
        c.tickets,
        c.followed,
        c.other_runbook,
        c.no_runbook,
        c.closed,
        c.closed_followed,
        c.seconds,
        c.seconds_followed
    from causes as c
    left join answers as a
        on a.cause = c.cause
        and a.method_key = c.method_key
    union all
    select
        r.cause,
        r.method,
        r.runbook_id,
        r.title,
        r.owner,
        r.reviewed_at,
        0 as tickets,
        0 as followed,
        0 as other_runbook,
        0 as no_runbook,
        0 as closed,
        0 as closed_followed,
        0 as seconds,
        0 as seconds_followed
    from runbooks as r
    left join (select distinct runbook_id from answers) as n
        on n.runbook_id = r.runbook_id
    where n.runbook_id is null
)

select
    cause as root_cause,
    method,
    runbook_id,
    title,
    owner,
    reviewed_at,
    case
        when runbook_id is null then 'missing'
        when reviewed_at is null then 'never_reviewed'
        when reviewed_at > $as_of - ($runbook_days * 24 || ' hours')::interval then 'current'
        else 'stale'
    end as status,
    tickets,
    followed,
    other_runbook,
    no_runbook,
    closed,
    closed_followed,
    seconds,
    seconds_followed
from listed
