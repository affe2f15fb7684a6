-- mfa_accounts
--
-- Every account once, with what all directories together know about it.
--
-- An account described by several rows is one account. Rows of the provider `hr` are people: where an account of another
-- provider has the same login name they lend it their population, department and region and do not stand for themselves.
-- What a provider does not tell of an account is taken from the other accounts with the same login name.
-- Where a provider never says that an account is not privileged, and no other account of the login does either, a policy
-- takes it for unprivileged, and `is_privileged` stays NULL: load roles or a directory that tells administrators apart.
--
-- @area      policy
-- @reads     mfa_identities, mfa_roles
-- @grain     one row per provider and identity, disabled accounts and service accounts included
-- @param     as_of           TIMESTAMPTZ now()  accounts created later are left out
-- @column    provider        VARCHAR     which directory it comes from
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    population      VARCHAR     workforce, contractor, partner, guest, service, break_glass, shared or unknown
-- @column    is_privileged   BOOLEAN     whether it, or a role it holds, is administrative; NULL is unknown
-- @column    tells_privilege BOOLEAN     whether the provider says of some account that it is not privileged
-- @column    roles           VARCHAR[]   roles it holds; NULL is unknown
-- @column    department      VARCHAR     department
-- @column    region          VARCHAR     region
-- @column    is_enabled      BOOLEAN     false when the account is known to be disabled
-- @column    is_human        BOOLEAN     false for service accounts
-- @column    created_at      TIMESTAMPTZ when the account was created; NULL is unknown
-- @example   select population, count(*) as accounts from mfa_accounts where is_enabled group by population

with

described as (
    select
        provider,
        identity_id,
        max(lower(user_principal)) as user_principal,
        max(nullif(lower(population), 'unknown')) as population,
        bool_or(is_privileged) as is_privileged,
        (array_agg(roles) filter (where roles is not null))[1] as roles,
        max(department) as department,
        max(region) as region,
        bool_and(account_enabled) as account_enabled,
        min(cast(created_at as timestamptz)) as created_at
    from mfa_identities
    where provider is not null
        and identity_id is not null
    group by
        provider,
        identity_id
),

-- the same login name at `hr`: the better word on a person
people as (
    select
        user_principal,
        max(population) as population,
        max(department) as department,
        max(region) as region
    from described
    where provider = 'hr'
        and user_principal is not null
    group by user_principal
),

-- the same login name at other providers: the next best
logins as (
    select
        user_principal,
        max(population) as population,
        bool_or(is_privileged) as is_privileged,
        max(department) as department,
        max(region) as region
    from described
    where provider <> 'hr'
        and user_principal is not null
    group by user_principal
),

held_roles as (
    select
        h.provider,
        h.identity_id,
        h.role,
        r.is_privileged
    from (select provider, identity_id, unnest(roles) as role from described) as h
    left join mfa_roles as r
        on r.role = h.role
        and coalesce(r.provider, h.provider) = h.provider
),

role_holders as (
    select
        provider,
        identity_id,
        bool_or(is_privileged) as is_privileged
    from held_roles
    group by
        provider,
        identity_id
),

telling_providers as (
    select
        provider,
        true as tells_privilege
    from described
    where not is_privileged
    group by provider
),

joined as (
    select
        d.provider,
        d.identity_id,
        d.user_principal,
        coalesce(p.population, d.population, l.population, 'unknown') as population,
        case
            when r.is_privileged then true
            when d.is_privileged is not null then d.is_privileged
            when d.roles is not null and r.identity_id is null then false
            else l.is_privileged
        end as is_privileged,
        coalesce(t.tells_privilege, false) as tells_privilege,
        d.roles,
        coalesce(p.department, d.department, l.department) as department,
        coalesce(p.region, d.region, l.region) as region,
        d.account_enabled,
        d.created_at
    from described as d
    left join people as p
        on p.user_principal = d.user_principal
    left join logins as l
        on l.user_principal = d.user_principal
    left join role_holders as r
        on r.provider = d.provider
        and r.identity_id = d.identity_id
    left join telling_providers as t
        on t.provider = d.provider
    where (d.provider <> 'hr' or l.user_principal is null)
        and (d.created_at is null or d.created_at <= $as_of)
)

select
    provider,
    identity_id,
    user_principal,
    population,
    is_privileged,
    tells_privilege,
    roles,
    department,
    region,
    account_enabled is distinct from false as is_enabled,
    population <> 'service' as is_human,
    created_at
from joined
