-- resets_to_call_about
--
-- Which resets were followed by a new method so soon that somebody should call?
--
-- @title     Resets to call about
-- @audience  help desk
-- @reads     mfa_factor_changes
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     detection_days INTEGER 30  days before as_of that are looked at
-- @param     reset_minutes INTEGER 60  minutes after a reset in which a new method is suspicious
-- @param     replace_hours INTEGER 12  hours in which a removed method should be replaced
-- @column    user_principal VARCHAR     login name, lower case
-- @column    reset_at       TIMESTAMPTZ when the method was reset
-- @column    enrolled_at    TIMESTAMPTZ when the new one was registered
-- @column    done_by        VARCHAR     who did the reset
-- @column    methods        VARCHAR[]   what was reset; NULL in it is all

select
    user_principal,
    first_seen as reset_at,
    last_seen as enrolled_at,
    f.evidence.detail as done_by,
    f.evidence.methods as methods
from mfa_factor_changes as f
where rule = 'reset_then_enrolled'
order by
    reset_at desc nulls last,
    user_principal asc nulls last;
