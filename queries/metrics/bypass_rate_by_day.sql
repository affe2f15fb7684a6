-- bypass_rate_by_day
--
-- What share of sign-ins goes past MFA, day by day?
--
-- @title     Bypass rate by day
-- @audience  executive
-- @reads     mfa_bypass_rates
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days INTEGER 30  days of sign-ins before it
-- @column    day                   DATE        UTC
-- @column    signins               HUGEINT     interactive sign-ins that went through
-- @column    bypass_signins        HUGEINT     of them, by a bypass
-- @column    single_factor_signins HUGEINT     of them, with nothing but a password
-- @column    unknown_signins       HUGEINT     of them, of which the log does not say how MFA was met

select
    day,
    sum(signins) as signins,
    sum(bypass_signins) as bypass_signins,
    sum(single_factor_signins) as single_factor_signins,
    sum(unknown_signins) as unknown_signins
from mfa_bypass_rates
group by day
order by day asc nulls last;
