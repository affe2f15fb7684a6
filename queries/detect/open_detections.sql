-- open_detections
--
-- What has been detected lately, worst first?
--
-- @title     Open detections
-- @audience  analyst
-- @reads     mfa_detections
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    severity       VARCHAR     critical, high, medium or low
-- @column    rule           VARCHAR     rule of the view it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @column    first_seen     TIMESTAMPTZ first event
-- @column    last_seen      TIMESTAMPTZ last event
-- @column    remediation    VARCHAR     what to do

select
    severity,
    rule,
    user_principal,
    first_seen,
    last_seen,
    remediation
from mfa_detections
where severity in ('critical', 'high')
order by
    case severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end asc nulls last,
    last_seen desc nulls last,
    rule asc nulls last,
    user_principal asc nulls last;
