-- program_in_a_dozen_lines
--
-- How does the program stand?
--
-- @title     The program in a dozen lines
-- @audience  executive
-- @reads     mfa_executive_summary
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days INTEGER 30  days of sign-ins before it
-- @column    measure     VARCHAR     name of the measure
-- @column    numerator   BIGINT      what is counted
-- @column    denominator BIGINT      out of how many; NULL for counts
-- @column    share       DOUBLE      numerator by denominator; NULL for counts and for nothing by nothing
-- @column    better      VARCHAR     higher or lower
-- @column    description VARCHAR     what it is, in a sentence

select
    measure,
    numerator,
    denominator,
    share,
    better,
    description
from mfa_executive_summary
order by place asc nulls last;
