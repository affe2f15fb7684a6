-- mfa_effective_coverage
--
-- How many sign-ins were protected by MFA, and how.
--
-- The denominator, `signins`, is successful, interactive, human sign-ins: token refreshes, failures, interrupts and
-- unanswered challenges are not in it, nor are service accounts and accounts known to be disabled, which have measures
-- of their own. Guests, partners, break-glass and shared accounts stay apart in `population`. `protected_signins` counts
-- what happened: MFA performed, remembered on the device, carried in by a claim, or done by another identity provider
-- (`federated_signins` marks those, so that they can be taken off). A policy that only reports protects nothing.
-- signins = protected + single_factor + bypass + trusted_location + unknown, and, seen by evidence,
-- signins = satisfied + required_failed + not_required + excluded + no_evidence.
-- A person without sign-ins is not covered either: `no_evidence_users` counts them, once, on the last day and without an
-- application. Other counts of people would not add up over days and are left to the query.
--
-- @area      metrics
-- @reads     mfa_placed_signins, mfa_successful_signins, mfa_enrollment_state, mfa_apps
-- @grain     one row per day, provider, population, tier, department, region, app_id
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    day             DATE    UTC
-- @column    provider        VARCHAR which log the sign-ins come from
-- @column    population      VARCHAR of the account, else what the log suggests, else unknown
-- @column    tier            VARCHAR tier of the policy; NULL for accounts that are not in mfa_identities
-- @column    department      VARCHAR department
-- @column    region          VARCHAR region
-- @column    app_id          VARCHAR the provider's id of the application
-- @column    app_name        VARCHAR name of the application
-- @column    sensitivity     VARCHAR critical, normal or low, from mfa_apps
-- @column    in_mfa_scope    BOOLEAN whether MFA is meant to protect it, from mfa_apps
-- @column    signins         BIGINT  successful, interactive, human
-- @column    protected_signins BIGINT of them, protected by MFA
-- @column    performed_signins BIGINT of the protected, MFA performed, or satisfied with no word on how
-- @column    claim_signins   BIGINT  of the protected, by a claim of an earlier MFA
-- @column    remembered_signins BIGINT of the protected, on a remembered device
-- @column    federated_signins BIGINT of the protected, by another identity provider
-- @column    single_factor_signins BIGINT of the sign-ins, known to be without MFA
-- @column    bypass_signins  BIGINT  of the sign-ins, let through by a bypass
-- @column    trusted_location_signins BIGINT of the sign-ins, let through by where they came from
-- @column    unknown_signins BIGINT  of the sign-ins, where the log does not say
-- @column    satisfied       BIGINT  evidence: protected
-- @column    required_failed BIGINT  evidence: single-factor although required, or although the application is in scope
-- @column    not_required    BIGINT  evidence: single-factor, and nothing is known to require more
-- @column    excluded        BIGINT  evidence: let through by a bypass or a location
-- @column    no_evidence     BIGINT  evidence: the log does not say
-- @column    service_signins BIGINT  interactive sign-ins of service accounts, not in signins
-- @column    disabled_signins BIGINT interactive sign-ins of accounts disabled since, not in signins
-- @column    no_evidence_users BIGINT enabled people without a single sign-in; on the last day, without an application
-- @example   select day, sum(protected_signins) * 1.0 / nullif(sum(signins), 0) as share from mfa_effective_coverage group by day order by day

with

accounts as (
    select
        provider,
        identity_id,
        population,
        tier,
        department,
        region,
        is_enabled,
        is_human
    from mfa_enrollment_state
),

apps as (
    select
        app_id,
        -- the strictest
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

attributed as (
    select
        s.day,
        s.provider,
        coalesce(nullif(a.population, 'unknown'), s.population_hint, 'unknown') as population,
        a.tier,
        a.department,
        a.region,
        s.app_id,
        s.app_name,
        coalesce(a.is_enabled, true) as is_enabled,
        s.mfa_requirement,
        s.mfa_met_by
    from mfa_placed_signins as s
    left join accounts as a
        on a.provider = s.account_provider
        and a.identity_id = s.account_id
    where s.is_interactive
        and s.outcome = 'success'
),

uses as (
    select
        day,
        provider,
        population,
        tier,
        department,
        region,
        app_id,
        is_enabled,
        max(app_name) as app_name,
        count(*) as signins,
        count(*) filter (where mfa_met_by = 'performed') as performed_signins,
        count(*) filter (where mfa_met_by = 'claim') as claim_signins,
        count(*) filter (where mfa_met_by = 'remembered') as remembered_signins,
        count(*) filter (where mfa_met_by = 'federated') as federated_signins,
        count(*) filter (where mfa_met_by = 'none') as single_factor_signins,
        count(*) filter (where mfa_met_by = 'none' and mfa_requirement = 'required') as required_failed,
        count(*) filter (where mfa_met_by = 'bypass') as bypass_signins,
        count(*) filter (where mfa_met_by = 'trusted_location') as trusted_location_signins,
        count(*) filter (where mfa_met_by = 'unknown') as unknown_signins
    from attributed
    group by
        day,
        provider,
        population,
        tier,
        department,
        region,
        app_id,
        is_enabled
),

placed as (
    select
        u.day,
        u.provider,
        u.population,
        u.tier,
        u.department,
        u.region,
        u.app_id,
        u.app_name,
        m.sensitivity,
        m.in_mfa_scope,
        u.is_enabled,
        u.signins,
        u.performed_signins,
        u.claim_signins,
        u.remembered_signins,
        u.federated_signins,
        u.single_factor_signins,
        case when m.in_mfa_scope then u.single_factor_signins else u.required_failed end as required_failed,
        u.bypass_signins,
        u.trusted_location_signins,
        u.unknown_signins
    from uses as u
    left join apps as m
        on m.app_id = u.app_id
),

seen as (
    select distinct
        provider,
        identity_id
    from mfa_successful_signins
    where is_interactive
),

counted as (
    select
        day,
        provider,
        population,
        tier,
        department,
        region,
        app_id,
        app_name,
        sensitivity,
        in_mfa_scope,
        signins,
        performed_signins,
        claim_signins,
        remembered_signins,
        federated_signins,
        single_factor_signins,
        required_failed,
        bypass_signins,
        trusted_location_signins,
        unknown_signins,
        0 as service_signins,
        0 as disabled_signins,
        0 as no_evidence_users
    from placed
    where is_enabled
        and population <> 'service'
    union all
    select
        day,
        provider,
        population,
        tier,
        department,
        region,
        app_id,
        app_name,
        sensitivity,
        in_mfa_scope,
        0 as signins,
        0 as performed_signins,
        0 as claim_signins,
        0 as remembered_signins,
        0 as federated_signins,
        0 as single_factor_signins,
        0 as required_failed,
        0 as bypass_signins,
        0 as trusted_location_signins,
        0 as unknown_signins,
        case when is_enabled then signins else 0 end as service_signins,
        case when is_enabled then 0 else signins end as disabled_signins,
        0 as no_evidence_users
    from placed
    where not is_enabled
        or population = 'service'
    union all
    select
        cast($as_of at time zone 'UTC' as date) as day,
        a.provider,
        a.population,
        a.tier,
        a.department,
        a.region,
        cast(null as varchar) as app_id,
        cast(null as varchar) as app_name,
        cast(null as varchar) as sensitivity,
        cast(null as boolean) as in_mfa_scope,
        0 as signins,
        0 as performed_signins,
        0 as claim_signins,
        0 as remembered_signins,
        0 as federated_signins,
        0 as single_factor_signins,
        0 as required_failed,
        0 as bypass_signins,
        0 as trusted_location_signins,
        0 as unknown_signins,
        0 as service_signins,
        0 as disabled_signins,
        1 as no_evidence_users
    from accounts as a
    left join seen as u
        on u.provider = a.provider
        and u.identity_id = a.identity_id
    where a.is_enabled
        and a.is_human
        and u.identity_id is null
)

select
    day,
    provider,
    population,
    tier,
    department,
    region,
    app_id,
    max(app_name) as app_name,
    max(sensitivity) as sensitivity,
    bool_or(in_mfa_scope) as in_mfa_scope,
    cast(sum(signins) as bigint) as signins,
    cast(sum(performed_signins + claim_signins + remembered_signins + federated_signins) as bigint) as protected_signins,
    cast(sum(performed_signins) as bigint) as performed_signins,
    cast(sum(claim_signins) as bigint) as claim_signins,
    cast(sum(remembered_signins) as bigint) as remembered_signins,
    cast(sum(federated_signins) as bigint) as federated_signins,
    cast(sum(single_factor_signins) as bigint) as single_factor_signins,
    cast(sum(bypass_signins) as bigint) as bypass_signins,
    cast(sum(trusted_location_signins) as bigint) as trusted_location_signins,
    cast(sum(unknown_signins) as bigint) as unknown_signins,
    cast(sum(performed_signins + claim_signins + remembered_signins + federated_signins) as bigint) as satisfied,
    cast(sum(required_failed) as bigint) as required_failed,
    cast(sum(single_factor_signins - required_failed) as bigint) as not_required,
    cast(sum(bypass_signins + trusted_location_signins) as bigint) as excluded,
    cast(sum(unknown_signins) as bigint) as no_evidence,
    cast(sum(service_signins) as bigint) as service_signins,
    cast(sum(disabled_signins) as bigint) as disabled_signins,
    cast(sum(no_evidence_users) as bigint) as no_evidence_users
from counted
group by
    day,
    provider,
    population,
    tier,
    department,
    region,
    app_id
