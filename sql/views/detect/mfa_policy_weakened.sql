-- mfa_policy_weakened
--
-- Access policies of the provider that ask for less than they did.
--
-- Each export of a policy is compared with the one before: it is switched off or to report-only, it no longer asks for MFA
-- or an authentication strength, it holds for fewer people or applications (no longer for `All`, or for a shorter list), or
-- leaves more of them, or more locations, out. One row per policy, export and way. Report-only counts as not enforced. A list
-- that is NULL is unknown and compared with nothing; an export without `exported_at` is not compared; roles are not in the input.
--
-- @area      detect
-- @reads     mfa_ca_policies
-- @grain     one row per rule, policy and export
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @column    finding_id     VARCHAR     stable hash of what the finding is about
-- @column    rule           VARCHAR     policy_disabled, policy_report_only, policy_mfa_dropped, policy_exclusions_added or policy_scope_reduced
-- @column    severity       VARCHAR     medium for policy_exclusions_added, else high
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    app_id         VARCHAR     the provider's id of the application; NULL when it is not about one
-- @column    first_seen     TIMESTAMPTZ the export before
-- @column    last_seen      TIMESTAMPTZ the export that asks for less
-- @column    evidence       STRUCT(events BIGINT, event_id VARCHAR, related_at TIMESTAMPTZ, ip VARCHAR, country VARCHAR, methods VARCHAR[], measure DOUBLE, detail VARCHAR) event_id: the policy; detail: its name and what changed
-- @column    remediation    VARCHAR     what to do
-- @column    provider       VARCHAR     which log it comes from
-- @column    user_principal VARCHAR     login name, lower case
-- @mitre     T1556.009 Modify Authentication Process: Conditional Access Policies
-- @equivalent panther:Azure.Audit.MFADisabled - a grant of an Entra policy that lost mfa, as the audit reports it; here (policy_mfa_dropped) by comparing exports, with authentication strengths, and what else makes a policy weaker: state, scope, exclusions
-- @equivalent panther:Standard.MFADisabled - MFA of a whole organisation switched off, for several products; here access policies that were exported
-- @example   select rule, evidence.detail from mfa_policy_weakened order by last_seen

with

versions as (
    select
        provider,
        policy_id,
        name,
        lower(state) as state,
        exported_at,
        -- of an empty list this is NULL in DuckDB 1.4
        case when grant_controls is not null then coalesce(array_to_string(grant_controls, ' '), '') end as grants,
        coalesce(cast(array_length(exclude_users) as bigint), 0) + coalesce(cast(array_length(exclude_groups) as bigint), 0)
            + coalesce(cast(array_length(exclude_apps) as bigint), 0) + coalesce(cast(array_length(exclude_locations) as bigint), 0) as exclusions,
        case
            when include_users is not null or include_groups is not null
                then coalesce(cast(array_length(include_users) as bigint), 0) + coalesce(cast(array_length(include_groups) as bigint), 0)
        end as people,
        coalesce(' ' || lower(array_to_string(include_users, ' ')) || ' ' like '% all %', false) as is_everybody,
        case when include_apps is not null then coalesce(cast(array_length(include_apps) as bigint), 0) end as apps,
        coalesce(' ' || lower(array_to_string(include_apps, ' ')) || ' ' like '% all %', false) as is_everything
    from mfa_ca_policies
    where exported_at <= $as_of
),

pairs as (
    select
        provider,
        policy_id,
        name,
        state,
        exported_at,
        grants,
        exclusions,
        people,
        is_everybody,
        apps,
        is_everything,
        lag(state) over turn as earlier_state,
        lag(exported_at) over turn as earlier_at,
        lag(grants) over turn as earlier_grants,
        lag(exclusions) over turn as earlier_exclusions,
        lag(people) over turn as earlier_people,
        lag(is_everybody) over turn as was_everybody,
        lag(apps) over turn as earlier_apps,
        lag(is_everything) over turn as was_everything
    from versions
    window turn as (
        partition by provider, policy_id
        order by exported_at asc nulls first
    )
),

changes as (
    select provider, policy_id, name, exported_at, earlier_at, 'policy_disabled' as rule, earlier_state || ' to ' || state as change
    from pairs
    where earlier_state in ('enabled', 'report_only') and state = 'disabled'
    union all
    select provider, policy_id, name, exported_at, earlier_at, 'policy_report_only' as rule, earlier_state || ' to ' || state as change
    from pairs
    where earlier_state = 'enabled' and state = 'report_only'
    union all
    select provider, policy_id, name, exported_at, earlier_at, 'policy_mfa_dropped' as rule, earlier_grants || ' to ' || coalesce(nullif(grants, ''), 'nothing') as change
    from pairs
    where (lower(earlier_grants) like '%mfa%' or lower(earlier_grants) like '%authentication_strength%')
        and lower(grants) not like '%mfa%'
        and lower(grants) not like '%authentication_strength%'
        and lower(grants) not like '%block%'
    union all
    select provider, policy_id, name, exported_at, earlier_at, 'policy_exclusions_added' as rule,
        cast(earlier_exclusions as varchar) || ' to ' || cast(exclusions as varchar) || ' exclusions' as change
    from pairs
    where exclusions > earlier_exclusions
    union all
    select provider, policy_id, name, exported_at, earlier_at, 'policy_scope_reduced' as rule, 'holds for fewer people or applications' as change
    from pairs
    where (not is_everybody and (people < earlier_people or (was_everybody and people is not null)))
        or (not is_everything and (apps < earlier_apps or (was_everything and apps is not null)))
),

findings as (
    select
        provider,
        cast(null as varchar) as user_principal,
        policy_id,
        rule,
        earlier_at as first_seen,
        exported_at as last_seen,
        coalesce(name, policy_id) || ': ' || change as detail
    from changes
    where exported_at > $as_of - ($detection_days * 24 || ' hours')::interval
)

select
    md5(rule || '|' || coalesce(provider, '') || '|' || coalesce(policy_id, '') || '|' || cast(cast(floor(extract(epoch from last_seen) * 1000) as bigint) as varchar)) as finding_id,
    rule as rule,
    case rule when 'policy_exclusions_added' then 'medium' else 'high' end as severity,
    cast(null as varchar) as identity_id,
    cast(null as varchar) as app_id,
    first_seen as first_seen,
    last_seen as last_seen,
    {
        'events': cast(1 as bigint),
        'event_id': policy_id,
        'related_at': cast(null as timestamptz),
        'ip': cast(null as varchar),
        'country': cast(null as varchar),
        'methods': cast(null as varchar[]),
        'measure': cast(null as double),
        'detail': detail
    } as evidence,
    'check that the change was approved, or undo it' as remediation,
    provider,
    user_principal
from findings
