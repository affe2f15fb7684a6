-- mfa_enforcement_impact
--
-- What would break if the policy in force were enforced on everybody at `as_of`.
--
-- The sign-ins of the last `impact_days` replayed (mfa_signin_replay), those of accounts disabled since left out.
-- signins = allowed + stepped_up + limited + blocked + indeterminate. Allowed are also those with a reminder, an exception or
-- nothing asked of them. A step-up can be passed at the keyboard by whoever has the factor; limited and blocked ones cannot.
-- People do not add up over applications, sign-ins do: `identities` counts each account once, on the row of the application
-- that stands for its worst decision, and its decision then is the worst of all its sign-ins.
--
-- @area      rollout
-- @reads     mfa_signin_replay
-- @grain     one row per provider, app_id, population, tier, department, region, wave
-- @param     as_of           TIMESTAMPTZ now()  instant of the enforcement
-- @param     impact_days     INTEGER     14     days of sign-ins before it
-- @column    provider        VARCHAR which log the sign-ins come from
-- @column    app_id          VARCHAR the provider's id of the application
-- @column    app_name        VARCHAR name of the application
-- @column    sensitivity     VARCHAR critical, normal or low, from mfa_apps; NULL is unknown
-- @column    population      VARCHAR population
-- @column    tier            VARCHAR tier of the policy
-- @column    department      VARCHAR department; NULL is unknown
-- @column    region          VARCHAR region
-- @column    wave            VARCHAR wave of the roll-out; NULL is none
-- @column    signins         BIGINT  sign-ins in the window
-- @column    allowed_signins BIGINT  of them, let in
-- @column    stepped_up_signins BIGINT of them, asked for more
-- @column    limited_signins BIGINT  of them, kept out of this application
-- @column    blocked_signins BIGINT  of them, kept out
-- @column    indeterminate_signins BIGINT of them, where a value is missing that could change the decision
-- @column    identities      BIGINT  accounts, each counted on one row
-- @column    allowed_identities BIGINT of them, whose every sign-in is let in
-- @column    stepped_up_identities BIGINT of them, asked for more at worst
-- @column    limited_identities BIGINT of them, limited at worst
-- @column    blocked_identities BIGINT of them, blocked at some sign-in
-- @column    indeterminate_identities BIGINT of them, where a value is missing at worst
-- @example   select department, sum(blocked_signins) * 1.0 / nullif(sum(signins), 0) as blocked_share from mfa_enforcement_impact group by department

with

replayed as (
    select
        provider,
        app_id,
        app_name,
        sensitivity,
        population,
        tier,
        department,
        region,
        wave,
        coalesce(account_provider, provider) as identity_provider,
        coalesce(account_id, user_principal) as identity,
        case would_decision
            when 'block' then 5
            when 'indeterminate' then 4
            when 'limit' then 3
            when 'step_up' then 2
            else 1
        end as severity
    from mfa_signin_replay
    where event_time > $as_of - ($impact_days * 24 || ' hours')::interval
        and is_enabled
),

uses as (
    select
        provider,
        app_id,
        population,
        tier,
        department,
        region,
        wave,
        identity_provider,
        identity,
        max(app_name) as app_name,
        max(sensitivity) as sensitivity,
        max(severity) as severity,
        count(*) as signins,
        count(*) filter (where severity = 1) as allowed_signins,
        count(*) filter (where severity = 2) as stepped_up_signins,
        count(*) filter (where severity = 3) as limited_signins,
        count(*) filter (where severity = 4) as indeterminate_signins,
        count(*) filter (where severity = 5) as blocked_signins
    from replayed
    group by
        provider,
        app_id,
        population,
        tier,
        department,
        region,
        wave,
        identity_provider,
        identity
),

placed as (
    select
        provider,
        app_id,
        population,
        tier,
        department,
        region,
        wave,
        app_name,
        sensitivity,
        signins,
        allowed_signins,
        stepped_up_signins,
        limited_signins,
        indeterminate_signins,
        blocked_signins,
        severity,
        row_number() over (
            partition by identity_provider, identity
            order by severity desc nulls last, signins desc nulls last, provider asc nulls last, app_id asc nulls last
        ) as place
    from uses
)

select
    provider,
    app_id,
    max(app_name) as app_name,
    max(sensitivity) as sensitivity,
    population,
    tier,
    department,
    region,
    wave,
    cast(sum(signins) as bigint) as signins,
    cast(sum(allowed_signins) as bigint) as allowed_signins,
    cast(sum(stepped_up_signins) as bigint) as stepped_up_signins,
    cast(sum(limited_signins) as bigint) as limited_signins,
    cast(sum(blocked_signins) as bigint) as blocked_signins,
    cast(sum(indeterminate_signins) as bigint) as indeterminate_signins,
    count(*) filter (where place = 1) as identities,
    count(*) filter (where place = 1 and severity = 1) as allowed_identities,
    count(*) filter (where place = 1 and severity = 2) as stepped_up_identities,
    count(*) filter (where place = 1 and severity = 3) as limited_identities,
    count(*) filter (where place = 1 and severity = 5) as blocked_identities,
    count(*) filter (where place = 1 and severity = 4) as indeterminate_identities
from placed
group by
    provider,
    app_id,
    population,
    tier,
    department,
    region,
    wave
