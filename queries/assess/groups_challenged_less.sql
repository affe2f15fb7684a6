-- groups_challenged_less
--
-- Which groups are asked for MFA less than the rest, and is that chance?
--
-- @title     Groups challenged less
-- @audience  analyst
-- @reads     mfa_cohort_gaps
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days INTEGER 30  days of sign-ins before it
-- @param     cohort_min_signins INTEGER 30  sign-ins a group needs to be judged
-- @column    cohort_kind VARCHAR     region, department, population or protocol
-- @column    cohort      VARCHAR     the group; NULL is unknown
-- @column    signins     BIGINT      sign-ins of the group
-- @column    rate        DOUBLE      share
-- @column    other_rate  DOUBLE      their share
-- @column    p           DOUBLE      corrected p
-- @column    is_lower    BOOLEAN     whether the group is challenged significantly less; NULL for a small group

select
    cohort_kind,
    cohort,
    signins,
    rate,
    other_rate,
    p,
    is_lower
from mfa_cohort_gaps
where rate < other_rate
order by
    p asc nulls last,
    cohort_kind asc nulls last,
    cohort asc nulls last;
