-- exception_trends_by_week
--
-- Do exceptions become fewer, and are they renewed in silence?
--
-- @title     Exception trends by week
-- @audience  auditor
-- @reads     mfa_exception_trends
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    week            DATE        Monday of the ISO week, UTC
-- @column    opened          BIGINT      exceptions that began
-- @column    ended           BIGINT      exceptions closed or expired
-- @column    renewed         BIGINT      renewals that were declared and approved
-- @column    silently_renewed BIGINT     renewals that were not
-- @column    used_after_expiry BIGINT    exceptions used after their end
-- @column    open_at_end     BIGINT      exceptions open at the end of the week

select
    week,
    cast(sum(opened) as bigint) as opened,
    cast(sum(closed + expired) as bigint) as ended,
    cast(sum(renewed) as bigint) as renewed,
    cast(sum(silently_renewed) as bigint) as silently_renewed,
    cast(sum(used_after_expiry) as bigint) as used_after_expiry,
    cast(sum(open_at_end) as bigint) as open_at_end
from mfa_exception_trends
group by week
order by week asc nulls last;
