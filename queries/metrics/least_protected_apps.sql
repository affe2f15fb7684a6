-- least_protected_apps
--
-- At which applications that MFA is meant to protect do people sign in without it?
--
-- @title     Least protected applications
-- @audience  app owner
-- @reads     mfa_effective_coverage
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    app_name        VARCHAR     name of the application, or its id
-- @column    sensitivity     VARCHAR     critical, normal or low
-- @column    signins         BIGINT      successful, interactive, human, in the last 30 days
-- @column    required_failed BIGINT      of them, with a single factor although it should have been more
-- @column    excluded        BIGINT      of them, let through by a bypass or a location
-- @column    no_evidence     BIGINT      of them, where the log does not say
-- @column    protected_share DOUBLE      protected in sign-ins

with

latest as (
    select max(day) as day
    from mfa_effective_coverage
)

select
    coalesce(max(c.app_name), c.app_id) as app_name,
    max(c.sensitivity) as sensitivity,
    cast(sum(c.signins) as bigint) as signins,
    cast(sum(c.required_failed) as bigint) as required_failed,
    cast(sum(c.excluded) as bigint) as excluded,
    cast(sum(c.no_evidence) as bigint) as no_evidence,
    round(cast(sum(c.satisfied) as double) / nullif(sum(c.signins), 0), 4) as protected_share
from mfa_effective_coverage as c
cross join latest as l
where c.in_mfa_scope
    and c.day > l.day - cast(30 as integer)
group by c.app_id
having sum(c.signins) > sum(c.satisfied)
order by
    required_failed desc nulls last,
    protected_share asc nulls last,
    app_name asc nulls last;
