-- impossible_journeys
--
-- Which two sign-ins of one person cannot both be theirs?
--
-- @title     Impossible journeys
-- @audience  analyst
-- @reads     mfa_impossible_travel
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     detection_days INTEGER 30  days before as_of that are looked at
-- @param     travel_km INTEGER 500  kilometres that are worth a look
-- @param     travel_kmh INTEGER 900  kilometres an hour that nobody travels
-- @param     travel_hours INTEGER 24  hours for which a place is remembered
-- @column    user_principal VARCHAR     login name, lower case
-- @column    first_seen     TIMESTAMPTZ the earlier sign-in
-- @column    last_seen      TIMESTAMPTZ the later one
-- @column    kilometres     DOUBLE      distance
-- @column    journey        VARCHAR     from, to and speed

select
    user_principal,
    first_seen,
    last_seen,
    round(f.evidence.measure) as kilometres,
    f.evidence.detail as journey
from mfa_impossible_travel as f
order by
    last_seen desc nulls last,
    user_principal asc nulls last;
