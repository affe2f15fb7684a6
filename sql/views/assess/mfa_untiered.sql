-- mfa_untiered
--
-- Roles, accounts and applications that nobody has placed: no tier, no population, no sensitivity.
--
-- What is not placed is not judged, and so neither a pass nor a gap. Applications are those that people signed in to in the
-- last `gap_window_days`.
--
-- @area      assess
-- @reads     mfa_enrollment_state, mfa_signins, mfa_apps
-- @grain     one row per kind and thing
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days        INTEGER     30     days of sign-ins before it
-- @column    kind     VARCHAR     account or app
-- @column    provider VARCHAR     where it is
-- @column    id       VARCHAR     identity_id or app_id
-- @column    name     VARCHAR     login name or name of the application
-- @column    missing  VARCHAR     tier, population, privilege, app or sensitivity
-- @column    signins  BIGINT      sign-ins to the application; NULL for accounts
-- @example   select kind, missing, count(*) as things from mfa_untiered group by kind, missing order by kind, missing

with

apps as (
    select
        app_id,
        max(sensitivity) as sensitivity
    from mfa_apps
    group by app_id
),

used as (
    select
        min(provider) as provider,
        app_id,
        max(app_name) as app_name,
        count(*) as signins
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($gap_window_days * 24 || ' hours')::interval
        and outcome = 'success'
        and app_id is not null
    group by app_id
),

accounts as (
    select
        provider,
        identity_id,
        user_principal,
        population,
        tier,
        is_privileged,
        is_human
    from mfa_enrollment_state
    where is_enabled
)

select 'account' as kind, provider, identity_id as id, user_principal as name, 'population' as missing, cast(null as bigint) as signins
from accounts
where coalesce(population, 'unknown') = 'unknown'
union all
select 'account' as kind, provider, identity_id as id, user_principal as name, 'tier' as missing, cast(null as bigint) as signins
from accounts
where tier is null
union all
select 'account' as kind, provider, identity_id as id, user_principal as name, 'privilege' as missing, cast(null as bigint) as signins
from accounts
where is_privileged is null
    and is_human
union all
select
    'app' as kind,
    u.provider,
    u.app_id as id,
    u.app_name as name,
    case when a.app_id is null then 'app' else 'sensitivity' end as missing,
    u.signins
from used as u
left join apps as a
    on a.app_id = u.app_id
where a.sensitivity is null
