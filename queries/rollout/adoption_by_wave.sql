-- adoption_by_wave
--
-- How fast does each wave of the roll-out register an accepted factor?
--
-- @title     Adoption curve by wave
-- @audience  executive
-- @reads     mfa_adoption_curve
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     curve_days      INTEGER     365    days before the last one
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    day             DATE        UTC
-- @column    newly_registered BIGINT     accounts whose first accepted factor was registered on that day
-- @column    registered      BIGINT      accounts that had registered one by that day
-- @column    users           BIGINT      enabled accounts of people on that day, one for each provider
-- @column    share           DOUBLE      registered in users

select
    wave,
    day,
    cast(sum(newly_registered_users) as bigint) as newly_registered,
    cast(sum(registered_users) as bigint) as registered,
    cast(sum(users) as bigint) as users,
    round(cast(sum(registered_users) as double) / nullif(sum(users), 0), 4) as share
from mfa_adoption_curve
group by
    wave,
    day
order by
    wave asc nulls last,
    day asc nulls last;
