-- nobody_on_duty
--
-- When did people around a cutover ask for help while nobody was on duty, and at which cutover will nobody be?
--
-- @title     Nobody on duty around a cutover
-- @audience  help desk
-- @reads     mfa_support_coverage_gaps
-- @param     as_of           TIMESTAMPTZ now()  last instant of tickets; days ahead are looked at too
-- @param     cutover_days    INTEGER     14     days before and after a cutover
-- @column    day             DATE        UTC
-- @column    region          VARCHAR     region, lower case; NULL is unknown
-- @column    wave            VARCHAR     wave whose cutover is nearest
-- @column    days_from_cutover BIGINT    days from it; negative before it
-- @column    gap             VARCHAR     unstaffed_tickets, unknown_coverage or unstaffed_cutover
-- @column    tickets         BIGINT      tickets opened on the day
-- @column    unanswered      BIGINT      of them, outside staffed time or where no shift is known
-- @column    people          BIGINT      enabled people of the region in the wave

select
    day,
    region,
    wave,
    days_from_cutover,
    gap,
    tickets,
    unstaffed + unknown as unanswered,
    people
from mfa_support_coverage_gaps
order by
    day asc nulls last,
    region asc nulls last;
