-- ready_to_enforce
--
-- Is the wave ready to be enforced, by what the policy itself asks for?
--
-- @title     Ready to enforce, by wave
-- @audience  executive
-- @reads     mfa_enforce_gate
-- @param     as_of           TIMESTAMPTZ now()  instant of the report
-- @param     policy          VARCHAR     null   policy document; default the one in force in mfa_policies, else the one shipped
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    enforce_from    TIMESTAMPTZ first instant at which it is enforced; NULL is never
-- @column    verdict         VARCHAR     ready, not_ready, too_few_signins, no_gate or already_enforced
-- @column    success_rate    DOUBLE      share of sign-ins that would be let in as they were
-- @column    rate_low        DOUBLE      lower end of its interval at 95 %
-- @column    rate_high       DOUBLE      upper end
-- @column    required_rate   DOUBLE      rate the policy asks for
-- @column    signins         BIGINT      sign-ins in the window
-- @column    required_signins BIGINT     sign-ins the policy asks for
-- @column    stepped_up      BIGINT      of the sign-ins, that would be asked for more
-- @column    blocked         BIGINT      of the sign-ins, that would be blocked or limited
-- @column    indeterminate   BIGINT      of the sign-ins, where the log does not say enough

select
    wave,
    enforce_from,
    verdict,
    round(success_rate, 4) as success_rate,
    round(rate_low, 4) as rate_low,
    round(rate_high, 4) as rate_high,
    required_rate,
    signins,
    required_signins,
    stepped_up,
    blocked + limited as blocked,
    indeterminate
from mfa_enforce_gate
order by
    enforce_from asc nulls last,
    wave asc nulls last;
