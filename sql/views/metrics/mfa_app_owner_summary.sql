-- mfa_app_owner_summary
--
-- Every application for its owner: who signs in, how it is protected, what is open.
--
-- Sign-ins of the last `gap_window_days` that went through. Applications that are listed and not used are in it with zeros,
-- applications that are used and not listed without an owner.
--
-- @area      metrics
-- @reads     mfa_placed_signins, mfa_apps, mfa_gaps
-- @grain     one row per application
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days        INTEGER     30     days of sign-ins before it
-- @column    app_id              VARCHAR     application
-- @column    app_name            VARCHAR     its name
-- @column    owner               VARCHAR     login name of its owner; NULL is nobody
-- @column    business_unit       VARCHAR     business unit
-- @column    sensitivity         VARCHAR     critical, normal, low; NULL is unknown
-- @column    in_mfa_scope        BOOLEAN     whether MFA is meant to protect it; NULL is unknown
-- @column    users               BIGINT      accounts that signed in
-- @column    signins             BIGINT      interactive sign-ins
-- @column    protected_signins   BIGINT      of them, with MFA
-- @column    unprotected_signins BIGINT      of them, without
-- @column    unknown_signins     BIGINT      of them, of which the log does not say
-- @column    legacy_signins      BIGINT      sign-ins with a client that cannot be asked
-- @column    protected_share     DOUBLE      protected by protected and unprotected; NULL without either
-- @column    open_gaps           BIGINT      gaps of mfa_gaps at the application
-- @column    last_seen           TIMESTAMPTZ last sign-in
-- @example   select owner, app_name, protected_share, open_gaps from mfa_app_owner_summary order by open_gaps desc nulls last, owner, app_name limit 10

with

apps as (
    select
        app_id,
        max(app_name) as app_name,
        max(owner) as owner,
        max(business_unit) as business_unit,
        case max(case lower(sensitivity) when 'critical' then 3 when 'normal' then 2 when 'low' then 1 end)
            when 3 then 'critical'
            when 2 then 'normal'
            when 1 then 'low'
        end as sensitivity,
        bool_or(in_mfa_scope) as in_mfa_scope
    from mfa_apps
    where app_id is not null
    group by app_id
),

uses as (
    select
        app_id,
        max(app_name) as app_name,
        count(distinct coalesce(account_id, identity_id, user_principal)) as users,
        count(*) filter (where is_interactive) as signins,
        count(*) filter (where is_interactive and mfa_met_by in ('performed', 'remembered', 'claim', 'federated')) as protected_signins,
        count(*) filter (where is_interactive and mfa_met_by in ('none', 'bypass', 'trusted_location')) as unprotected_signins,
        count(*) filter (where is_interactive and mfa_met_by = 'unknown') as unknown_signins,
        count(*) filter (where is_legacy) as legacy_signins,
        max(event_time) as last_seen
    from mfa_placed_signins
    where event_time <= $as_of
        and event_time > $as_of - ($gap_window_days * 24 || ' hours')::interval
        and outcome = 'success'
        and app_id is not null
    group by app_id
),

gaps as (
    select
        app_id,
        count(*) as open_gaps
    from mfa_gaps
    where app_id is not null
    group by app_id
),

everything as (
    select app_id from apps
    union
    select app_id from uses
)

select
    e.app_id,
    coalesce(a.app_name, u.app_name) as app_name,
    a.owner,
    a.business_unit,
    a.sensitivity,
    a.in_mfa_scope,
    coalesce(u.users, 0) as users,
    coalesce(u.signins, 0) as signins,
    coalesce(u.protected_signins, 0) as protected_signins,
    coalesce(u.unprotected_signins, 0) as unprotected_signins,
    coalesce(u.unknown_signins, 0) as unknown_signins,
    coalesce(u.legacy_signins, 0) as legacy_signins,
    cast(u.protected_signins as double) / nullif(cast(u.protected_signins + u.unprotected_signins as double), 0) as protected_share,
    coalesce(g.open_gaps, 0) as open_gaps,
    u.last_seen
from everything as e
left join apps as a
    on a.app_id = e.app_id
left join uses as u
    on u.app_id = e.app_id
left join gaps as g
    on g.app_id = e.app_id
