-- runbooks_not_followed
--
-- For which root causes is there no runbook, an old one, or one that nobody follows?
--
-- @title     Runbooks missing, stale or not followed
-- @audience  help desk
-- @reads     mfa_runbook_adherence
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     support_days    INTEGER     90     days of tickets before it
-- @param     runbook_days    INTEGER     365    days after its review for which a runbook is current
-- @column    root_cause      VARCHAR     root cause, or unknown
-- @column    method          VARCHAR     canonical method; NULL is none or unknown, of a runbook any
-- @column    runbook_id      VARCHAR     runbook that answers it; NULL is none
-- @column    status          VARCHAR     current, stale, never_reviewed or missing
-- @column    tickets         BIGINT      tickets opened
-- @column    followed        BIGINT      of them, with a runbook that answers them
-- @column    followed_share  DOUBLE      followed in tickets
-- @column    mean_hours      DOUBLE      mean time to solution of the closed ones

select
    root_cause,
    method,
    runbook_id,
    status,
    tickets,
    followed,
    round(cast(followed as double) / nullif(tickets, 0), 4) as followed_share,
    round(cast(seconds as double) / 3600 / nullif(closed, 0), 2) as mean_hours
from mfa_runbook_adherence
where status <> 'current'
    or followed < tickets
order by
    tickets - followed desc nulls last,
    root_cause asc nulls last,
    method asc nulls last,
    runbook_id asc nulls last;
