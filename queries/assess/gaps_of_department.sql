-- gaps_of_department
--
-- Who in one department has to do what?
--
-- @title     Gaps of one department
-- @audience  app owner
-- @reads     mfa_gaps
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days INTEGER     30     days of sign-ins before it
-- @column    severity        VARCHAR     critical, high, medium or low
-- @column    user_principal  VARCHAR     login name
-- @column    rule            VARCHAR     what is missing
-- @column    provider        VARCHAR     which directory or log it comes from
-- @column    app_name        VARCHAR     application of the sign-ins
-- @column    signins         BIGINT      sign-ins it rests on
-- @column    last_seen       TIMESTAMPTZ the last of them
-- @column    remediation     VARCHAR     what to do

with

asked as (
    -- the department
    select 'finance' as department
)

select
    g.severity,
    g.user_principal,
    g.rule,
    g.provider,
    coalesce(g.evidence.app_name, g.app_id) as app_name,
    g.evidence.signins as signins,
    g.last_seen,
    g.remediation
from mfa_gaps as g
inner join asked as a
    on a.department = lower(g.department)
order by
    case g.severity when 'critical' then 1 when 'high' then 2 when 'medium' then 3 else 4 end asc nulls last,
    g.user_principal asc nulls last,
    g.rule asc nulls last;
