-- behind_the_plan
--
-- Which accounts should be enforced by now and are not?
--
-- @title     Behind the plan
-- @audience  analyst
-- @reads     mfa_enforcement_stage
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @column    wave        VARCHAR     wave of the roll-out
-- @column    stage       BIGINT      stage by the policy; 0 is none
-- @column    carried_out BIGINT      stage that was carried out; 0 is none
-- @column    standing    VARCHAR     as_planned, behind, ahead, or unknown where the policy cannot decide
-- @column    accounts    BIGINT      accounts

select
    wave,
    stage,
    carried_out,
    standing,
    count(*) as accounts
from mfa_enforcement_stage
group by
    wave,
    stage,
    carried_out,
    standing
order by
    wave asc nulls last,
    stage asc nulls last,
    carried_out asc nulls last,
    standing asc nulls last;
