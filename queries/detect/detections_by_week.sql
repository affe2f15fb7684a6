-- detections_by_week
--
-- Is there more or less to detect than before?
--
-- @title     Detections by week
-- @audience  executive
-- @reads     mfa_detections
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    week     DATE        Monday of the ISO week, UTC
-- @column    severity VARCHAR     critical, high, medium or low
-- @column    findings BIGINT      findings that began in it

select
    cast(date_trunc('week', first_seen at time zone 'UTC') as date) as week,
    severity,
    count(*) as findings
from mfa_detections
group by
    cast(date_trunc('week', first_seen at time zone 'UTC') as date),
    severity
order by
    week asc nulls last,
    severity asc nulls last;
