-- tickets_around_cutovers
--
-- What do people ask the help desk about in the weeks around each cutover?
--
-- @title     Tickets around the cutovers
-- @audience  help desk
-- @reads     mfa_ticket_root_causes
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    cutover_wave    VARCHAR     wave whose cutover is nearest
-- @column    weeks_from_cutover BIGINT   whole weeks from it; negative before it
-- @column    root_cause      VARCHAR     root cause, or unknown
-- @column    tickets         BIGINT      tickets opened
-- @column    open            BIGINT      of them, open
-- @column    urgent          BIGINT      of them, of high or urgent priority
-- @column    repeated        BIGINT      of them, again by the same person for the same reason
-- @column    mean_hours      DOUBLE      mean time to solution of the closed ones

select
    cutover_wave,
    weeks_from_cutover,
    root_cause,
    cast(sum(tickets) as bigint) as tickets,
    cast(sum(t.open) as bigint) as open,
    cast(sum(urgent) as bigint) as urgent,
    cast(sum(repeated) as bigint) as repeated,
    round(cast(sum(seconds) as double) / 3600 / nullif(sum(timed), 0), 2) as mean_hours
from mfa_ticket_root_causes as t
where weeks_from_cutover between -2 and 3
group by
    cutover_wave,
    weeks_from_cutover,
    root_cause
order by
    cutover_wave asc nulls last,
    weeks_from_cutover asc nulls last,
    tickets desc nulls last,
    root_cause asc nulls last;
