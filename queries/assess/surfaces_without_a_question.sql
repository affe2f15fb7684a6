-- surfaces_without_a_question
--
-- Where do people sign in with clients that cannot ask for MFA?
--
-- @title     Surfaces without a question
-- @audience  red team
-- @reads     mfa_signin_surfaces
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days INTEGER 30  days of sign-ins before it
-- @column    provider  VARCHAR     which log it comes from
-- @column    surface   VARCHAR     browser, mobile, desktop, vpn, legacy_protocol, api or unknown
-- @column    protocol  VARCHAR     protocol; NULL is unknown
-- @column    app_name  VARCHAR     its name
-- @column    signins   BIGINT      sign-ins that went through
-- @column    users     BIGINT      identities
-- @column    last_seen TIMESTAMPTZ last of them

select
    provider,
    surface,
    protocol,
    app_name,
    signins,
    users,
    last_seen
from mfa_signin_surfaces
where not is_mfa_capable
order by
    signins desc nulls last,
    app_name asc nulls last;
