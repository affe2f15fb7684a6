-- when_text_messages_end
--
-- When will nobody depend on text messages any more?
--
-- @title     When text messages end
-- @audience  executive
-- @reads     mfa_sms_phase_out
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     curve_days INTEGER 365  days before the last one
-- @param     trend_days INTEGER 30  days the trend is taken from
-- @column    tier                 VARCHAR     tier of the policy
-- @column    users                BIGINT      enabled people of the tier today that existed on that day
-- @column    sms_users            BIGINT      of them, with an active text message or call
-- @column    sms_only_users       BIGINT      of them, with nothing better
-- @column    zero_day             DATE        when it reaches nothing at that pace; NULL is never
-- @column    days_to_provider_end BIGINT      days from the last day to 2027-02-01

select
    tier,
    users,
    sms_users,
    sms_only_users,
    zero_day,
    days_to_provider_end
from mfa_sms_phase_out
qualify row_number() over (partition by tier order by day desc nulls last) = 1
order by tier asc nulls last;
