-- mfa_owners_gaps
--
-- Departments, regions, populations and critical applications for which nobody decides.
--
-- For each, three decisions need an owner: policy, exception and remediation. An owner of scope `all` decides everywhere. An
-- owner whose time is over, or has not begun, is none.
--
-- @area      assess
-- @reads     mfa_enrollment_state, mfa_apps, mfa_owners
-- @grain     one row per scope and decision that has no owner
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @column    scope_kind VARCHAR     department, region, population or app
-- @column    scope      VARCHAR     value of that kind
-- @column    decision   VARCHAR     policy, exception or remediation
-- @column    accounts   BIGINT      enabled accounts it is about; NULL for applications
-- @column    last_owner VARCHAR     whoever's time ended last before as_of, the first by name of several; NULL is nobody
-- @example   select scope_kind, decision, count(*) as scopes from mfa_owners_gaps group by scope_kind, decision order by scope_kind, decision

with

scopes as (
    select 'department' as scope_kind, department as scope, count(*) as accounts
    from mfa_enrollment_state
    where is_enabled and department is not null
    group by department
    union all
    select 'region' as scope_kind, region as scope, count(*) as accounts
    from mfa_enrollment_state
    where is_enabled and region is not null
    group by region
    union all
    select 'population' as scope_kind, population as scope, count(*) as accounts
    from mfa_enrollment_state
    where is_enabled and population is not null
    group by population
    union all
    select 'app' as scope_kind, app_id as scope, cast(null as bigint) as accounts
    from mfa_apps
    where lower(sensitivity) = 'critical'
    group by app_id
),

decisions as (
    select decision
    from (values ('policy'), ('exception'), ('remediation')) as d(decision)
),

owners as (
    select
        lower(scope_kind) as scope_kind,
        lower(scope) as scope,
        lower(decision) as decision,
        owner,
        coalesce(valid_from <= $as_of, true) and coalesce(valid_until > $as_of, true) as is_current,
        coalesce(valid_until <= $as_of, false) and coalesce(valid_from < valid_until, true) as is_former,
        valid_until
    from mfa_owners
    where owner is not null
),

everywhere as (
    select distinct decision
    from owners
    where scope_kind = 'all'
        and is_current
),

known as (
    select
        scope_kind,
        scope,
        decision,
        bool_or(is_current) as has_owner,
        (array_agg(owner order by valid_until desc nulls last, owner asc nulls last) filter (where is_former))[1] as last_owner
    from owners
    group by
        scope_kind,
        scope,
        decision
)

select
    s.scope_kind,
    s.scope,
    d.decision,
    s.accounts,
    k.last_owner
from scopes as s
cross join decisions as d
left join everywhere as e
    on e.decision = d.decision
left join known as k
    on k.scope_kind = s.scope_kind
    and k.scope = lower(s.scope)
    and k.decision = d.decision
where e.decision is null
    and not coalesce(k.has_owner, false)
