-- coverage_by_department
--
-- Which share of each department has a registered factor that its tier accepts today?
--
-- @title     Coverage today, by department
-- @audience  executive
-- @reads     mfa_registration_coverage
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    department      VARCHAR     department
-- @column    users           BIGINT      enabled accounts of people, one for each provider
-- @column    registered      BIGINT      of them, with at least one accepted factor
-- @column    no_evidence     BIGINT      of them, with factors unknown; they count as not registered
-- @column    share           DOUBLE      registered in users

with

latest as (
    select max(day) as day
    from mfa_registration_coverage
)

select
    c.department,
    cast(sum(c.users) as bigint) as users,
    cast(sum(c.registered_users) as bigint) as registered,
    cast(sum(c.no_evidence_users) as bigint) as no_evidence,
    round(cast(sum(c.registered_users) as double) / nullif(sum(c.users), 0), 4) as share
from mfa_registration_coverage as c
inner join latest as l
    on l.day = c.day
group by c.department
order by
    share asc nulls first,
    users desc nulls last,
    c.department asc nulls last;
