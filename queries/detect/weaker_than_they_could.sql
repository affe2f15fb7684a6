-- weaker_than_they_could
--
-- Who signs in with a weaker method than they have?
--
-- @title     Weaker than they could
-- @audience  red team
-- @reads     mfa_factor_downgrades
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     detection_days INTEGER 30  days before as_of that are looked at
-- @param     downgrade_days INTEGER 30  days for which the better method must have been there
-- @column    user_principal VARCHAR     login name, lower case
-- @column    severity       VARCHAR     critical, high, medium or low
-- @column    methods        VARCHAR[]   the one used and the best one held
-- @column    signins        BIGINT      sign-ins with the weaker one
-- @column    last_seen      TIMESTAMPTZ last

select
    user_principal,
    severity,
    f.evidence.methods as methods,
    f.evidence.events as signins,
    last_seen
from mfa_factor_downgrades as f
order by
    signins desc nulls last,
    user_principal asc nulls last,
    coalesce(array_to_string(f.evidence.methods, ' '), '') asc nulls last;
