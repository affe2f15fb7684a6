-- mfa_gaps
--
-- What is missing, per account: the work list of the remediation.
--
-- Enrolment rules look at every enabled account whose tier asks for an enrolment, break-glass and shared accounts
-- included, whatever its grace, its wave or the mode of the policy: those decide when something happens, not whether it is
-- missing. They are steps, of which an account has at most one: no_factor (no active method but passwords, questions and
-- recovery), weak_only (all of them by text message, call or mail), weak_for_tier (better ones, none that the tier
-- accepts), second_factor_missing (accepted, but too few), no_recovery (enough, but no way back in).
-- Sign-in rules look at the sign-ins that went through in the last `gap_window_days`: legacy_signin (a client that cannot be
-- asked), bypass_signin, first_factor_only (a person, interactively, without MFA although it was required or the
-- application is in scope), service_account_interactive. A claim, a remembered device and another identity provider are
-- MFA; a failed challenge is no sign-in; a token refresh is not interactive; report-only policies require nothing.
-- What is unknown is no gap: accounts whose factors are unknown and sign-ins whose MFA is unknown are not listed, nor is
-- what depends on a tier that is unknown:
-- mfa_registration_coverage and mfa_effective_coverage count them as no_evidence.
--
-- @area      assess
-- @reads     mfa_enrollment_state, mfa_placed_signins, mfa_apps
-- @grain     one row per rule, provider and identity; for sign-in rules also per app_id
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days INTEGER     30     days of sign-ins before it
-- @column    finding_id      VARCHAR     stable hash of rule, provider, identity and application
-- @column    rule            VARCHAR     one of the nine above
-- @column    severity        VARCHAR     critical, high, medium or low
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    app_id          VARCHAR     the provider's id of the application; NULL for enrolment rules
-- @column    first_seen      TIMESTAMPTZ first such sign-in in the window, or since when the enrolment is that way; NULL is unknown
-- @column    last_seen       TIMESTAMPTZ last such sign-in, or as_of
-- @column    evidence        STRUCT(active_methods VARCHAR[], allowed_methods VARCHAR[], reasons VARCHAR[], enrolment VARCHAR, decision VARCHAR, grace_deadline TIMESTAMPTZ, signins BIGINT, app_name VARCHAR, protocol VARCHAR) what the finding rests on
-- @column    remediation     VARCHAR     what to do
-- @column    provider        VARCHAR     which directory or log it comes from
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    population      VARCHAR     population
-- @column    tier            VARCHAR     tier of the policy
-- @column    department      VARCHAR     department
-- @column    region          VARCHAR     region
-- @column    wave            VARCHAR     wave of the roll-out
-- @example   select rule, severity, count(*) as findings from mfa_gaps group by rule, severity order by findings desc nulls last

with

accounts as (
    select
        provider,
        identity_id,
        user_principal,
        population,
        is_privileged,
        tier,
        department,
        region,
        wave,
        is_enabled,
        created_at,
        active_methods,
        allowed_methods,
        has_unclear,
        has_allowed,
        reasons,
        enrolment,
        decision,
        grace_deadline,
        first_allowed_at,
        first_factor_at,
        list_has_any(active_methods, ['sms_otp', 'voice', 'email_otp']) as has_weak,
        list_has_any(active_methods, [
            'totp', 'otp_hw', 'push', 'push_number', 'phone_signin', 'u2f', 'passkey_sync', 'passkey_dev', 'platform',
            'fido2_key', 'smartcard', 'cert_mfa', 'cert_sf', 'fed_mfa'
        ]) as has_better
    from mfa_enrollment_state
),

steps as (
    select
        provider,
        identity_id,
        user_principal,
        population,
        is_privileged,
        tier,
        department,
        region,
        wave,
        active_methods,
        allowed_methods,
        reasons,
        enrolment,
        decision,
        grace_deadline,
        created_at,
        first_factor_at,
        first_allowed_at,
        case
            when not has_better and not has_weak then 'no_factor'
            when not has_better then 'weak_only'
            when has_allowed is null then null
            when not has_allowed then 'weak_for_tier'
            when list_contains(reasons, 'NEED_SECOND') then 'second_factor_missing'
            when list_contains(reasons, 'NO_RECOVERY') then 'no_recovery'
        end as rule
    from accounts
    where is_enabled
        and active_methods is not null
        and not has_unclear
        and coalesce(enrolment, 'unknown') <> 'not_applicable'
),

enrolment_findings as (
    select
        rule,
        provider,
        identity_id,
        user_principal,
        population,
        is_privileged,
        tier,
        department,
        region,
        wave,
        cast(null as varchar) as app_id,
        cast(null as varchar) as sensitivity,
        case rule
            when 'no_factor' then created_at
            when 'weak_only' then first_factor_at
            when 'weak_for_tier' then first_factor_at
            else first_allowed_at
        end as first_seen,
        $as_of as last_seen,
        active_methods,
        allowed_methods,
        reasons,
        enrolment,
        decision,
        grace_deadline,
        cast(null as bigint) as signins,
        cast(null as varchar) as app_name,
        cast(null as varchar) as protocol
    from steps
    where rule is not null
),

recent as (
    select
        event_time,
        provider,
        coalesce(identity_id, user_principal) as identity_id,
        account_provider,
        account_id,
        user_principal,
        population_hint,
        app_id,
        app_name,
        protocol,
        is_legacy,
        is_interactive,
        mfa_met_by = 'bypass' as is_bypass,
        is_interactive and mfa_met_by in ('none', 'trusted_location') as is_first_factor_only,
        is_interactive and mfa_met_by in ('none', 'trusted_location') and mfa_requirement = 'required' as is_required_missed
    from mfa_placed_signins
    where outcome = 'success'
        and event_time > $as_of - ($gap_window_days * 24 || ' hours')::interval
),

uses as (
    select
        provider,
        identity_id,
        app_id,
        max(account_provider) as account_provider,
        max(account_id) as account_id,
        max(user_principal) as user_principal,
        max(population_hint) as population_hint,
        max(app_name) as app_name,
        max(protocol) filter (where is_legacy) as legacy_protocol,
        count(*) filter (where is_legacy) as legacy_signins,
        min(event_time) filter (where is_legacy) as legacy_first,
        max(event_time) filter (where is_legacy) as legacy_last,
        count(*) filter (where is_bypass) as bypass_signins,
        min(event_time) filter (where is_bypass) as bypass_first,
        max(event_time) filter (where is_bypass) as bypass_last,
        count(*) filter (where is_first_factor_only) as single_signins,
        min(event_time) filter (where is_first_factor_only) as single_first,
        max(event_time) filter (where is_first_factor_only) as single_last,
        count(*) filter (where is_required_missed) as missed_signins,
        min(event_time) filter (where is_required_missed) as missed_first,
        max(event_time) filter (where is_required_missed) as missed_last,
        count(*) filter (where is_interactive) as interactive_signins,
        min(event_time) filter (where is_interactive) as interactive_first,
        max(event_time) filter (where is_interactive) as interactive_last
    from recent
    group by
        provider,
        identity_id,
        app_id
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

placed as (
    select
        u.provider,
        u.identity_id,
        coalesce(a.user_principal, u.user_principal) as user_principal,
        coalesce(nullif(a.population, 'unknown'), u.population_hint, 'unknown') as population,
        a.is_privileged,
        a.tier,
        a.department,
        a.region,
        a.wave,
        u.app_id,
        m.sensitivity,
        coalesce(m.in_mfa_scope, false) as in_mfa_scope,
        a.active_methods,
        a.allowed_methods,
        a.reasons,
        a.enrolment,
        a.decision,
        a.grace_deadline,
        u.app_name,
        u.legacy_protocol,
        u.legacy_signins,
        u.legacy_first,
        u.legacy_last,
        u.bypass_signins,
        u.bypass_first,
        u.bypass_last,
        u.single_signins,
        u.single_first,
        u.single_last,
        u.missed_signins,
        u.missed_first,
        u.missed_last,
        u.interactive_signins,
        u.interactive_first,
        u.interactive_last
    from uses as u
    left join accounts as a
        on a.provider = u.account_provider
        and a.identity_id = u.account_id
    left join apps as m
        on m.app_id = u.app_id
    where coalesce(a.is_enabled, true)
),

signin_findings as (
    select
        'legacy_signin' as rule,
        provider,
        identity_id,
        user_principal,
        population,
        is_privileged,
        tier,
        department,
        region,
        wave,
        app_id,
        sensitivity,
        legacy_first as first_seen,
        legacy_last as last_seen,
        active_methods,
        allowed_methods,
        reasons,
        enrolment,
        decision,
        grace_deadline,
        legacy_signins as signins,
        app_name,
        legacy_protocol as protocol
    from placed
    where legacy_signins > 0
    union all
    select
        'bypass_signin' as rule,
        provider,
        identity_id,
        user_principal,
        population,
        is_privileged,
        tier,
        department,
        region,
        wave,
        app_id,
        sensitivity,
        bypass_first as first_seen,
        bypass_last as last_seen,
        active_methods,
        allowed_methods,
        reasons,
        enrolment,
        decision,
        grace_deadline,
        bypass_signins as signins,
        app_name,
        cast(null as varchar) as protocol
    from placed
    where bypass_signins > 0
    union all
    select
        'first_factor_only' as rule,
        provider,
        identity_id,
        user_principal,
        population,
        is_privileged,
        tier,
        department,
        region,
        wave,
        app_id,
        sensitivity,
        case when in_mfa_scope then single_first else missed_first end as first_seen,
        case when in_mfa_scope then single_last else missed_last end as last_seen,
        active_methods,
        allowed_methods,
        reasons,
        enrolment,
        decision,
        grace_deadline,
        case when in_mfa_scope then single_signins else missed_signins end as signins,
        app_name,
        cast(null as varchar) as protocol
    from placed
    where population <> 'service'
        and case when in_mfa_scope then single_signins else missed_signins end > 0
    union all
    select
        'service_account_interactive' as rule,
        provider,
        identity_id,
        user_principal,
        population,
        is_privileged,
        tier,
        department,
        region,
        wave,
        app_id,
        sensitivity,
        interactive_first as first_seen,
        interactive_last as last_seen,
        active_methods,
        allowed_methods,
        reasons,
        enrolment,
        decision,
        grace_deadline,
        interactive_signins as signins,
        app_name,
        cast(null as varchar) as protocol
    from placed
    where population = 'service'
        and interactive_signins > 0
),

findings as (
    select
        rule,
        provider,
        identity_id,
        user_principal,
        population,
        coalesce(is_privileged, false) or population = 'break_glass' as is_exposed,
        tier,
        department,
        region,
        wave,
        app_id,
        sensitivity,
        first_seen,
        last_seen,
        active_methods,
        allowed_methods,
        reasons,
        enrolment,
        decision,
        grace_deadline,
        signins,
        app_name,
        protocol
    from enrolment_findings
    union all
    select
        rule,
        provider,
        identity_id,
        user_principal,
        population,
        coalesce(is_privileged, false) or population = 'break_glass' as is_exposed,
        tier,
        department,
        region,
        wave,
        app_id,
        sensitivity,
        first_seen,
        last_seen,
        active_methods,
        allowed_methods,
        reasons,
        enrolment,
        decision,
        grace_deadline,
        signins,
        app_name,
        protocol
    from signin_findings
)

select
    md5(rule || '|' || coalesce(provider, '') || '|' || coalesce(identity_id, '') || '|' || coalesce(app_id, '')) as finding_id,
    rule,
    case
        when rule in ('no_factor', 'bypass_signin', 'first_factor_only') and is_exposed then 'critical'
        when rule in ('bypass_signin', 'first_factor_only') and sensitivity = 'critical' then 'critical'
        when rule in ('no_factor', 'legacy_signin', 'bypass_signin', 'first_factor_only', 'service_account_interactive') then 'high'
        when rule in ('weak_only', 'weak_for_tier') and is_exposed then 'high'
        when rule in ('weak_only', 'weak_for_tier') then 'medium'
        when rule = 'second_factor_missing' and is_exposed then 'medium'
        else 'low'
    end as severity,
    identity_id,
    app_id,
    first_seen,
    last_seen,
    {
        'active_methods': active_methods,
        'allowed_methods': allowed_methods,
        'reasons': reasons,
        'enrolment': enrolment,
        'decision': decision,
        'grace_deadline': grace_deadline,
        'signins': signins,
        'app_name': app_name,
        'protocol': protocol
    } as evidence,
    case rule
        when 'no_factor' then 'register a first factor that the tier accepts'
        when 'weak_only' then 'replace text message, call or mail by a method that the tier accepts'
        when 'weak_for_tier' then 'register one of the methods in evidence.allowed_methods'
        when 'second_factor_missing' then 'register another accepted factor, so that losing one does not lock the account'
        when 'no_recovery' then 'register a recovery method'
        when 'legacy_signin' then 'move the client to modern authentication, then block the legacy protocol'
        when 'bypass_signin' then 'end the bypass, or record an exception with an end date for it'
        when 'first_factor_only' then 'put the application and the account under an enforced MFA policy'
        when 'service_account_interactive' then 'block interactive sign-in, use a workload identity, rotate the credential'
    end as remediation,
    provider,
    user_principal,
    population,
    tier,
    department,
    region,
    wave
from findings
