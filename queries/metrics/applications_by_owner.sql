-- applications_by_owner
--
-- How are my applications protected?
--
-- @title     Applications by owner
-- @audience  app owner
-- @reads     mfa_app_owner_summary
-- @param     as_of TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days INTEGER 30  days of sign-ins before it
-- @column    owner           VARCHAR     login name of its owner; NULL is nobody
-- @column    app_name        VARCHAR     its name
-- @column    sensitivity     VARCHAR     critical, normal, low; NULL is unknown
-- @column    users           BIGINT      accounts that signed in
-- @column    signins         BIGINT      interactive sign-ins
-- @column    protected_share DOUBLE      protected by protected and unprotected; NULL without either
-- @column    open_gaps       BIGINT      gaps of mfa_gaps at the application

select
    owner,
    app_name,
    sensitivity,
    users,
    signins,
    protected_share,
    open_gaps
from mfa_app_owner_summary
order by
    owner asc nulls last,
    open_gaps desc nulls last,
    app_name asc nulls last;
