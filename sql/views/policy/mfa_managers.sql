-- mfa_managers
--
-- Who manages the person of an account.
--
-- The manager its own directory names, else the one that another directory or the list of people names for the same login
-- name. Where a directory names several, it is the last by name.
--
-- @area      policy
-- @reads     mfa_identities
-- @grain     one row per provider and identity that a directory describes
-- @column    provider       VARCHAR     which directory the account is in
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    user_principal VARCHAR     login name, lower case
-- @column    manager        VARCHAR     login name of the manager, lower case; NULL is unknown
-- @example   select manager, count(*) as accounts from mfa_managers group by manager order by accounts desc nulls last, manager

with

described as (
    select
        provider,
        identity_id,
        max(lower(user_principal)) as user_principal,
        max(lower(manager)) as manager
    from mfa_identities
    where provider is not null
        and identity_id is not null
    group by
        provider,
        identity_id
),

logins as (
    select
        user_principal,
        max(manager) as manager
    from described
    where user_principal is not null
    group by user_principal
)

select
    d.provider,
    d.identity_id,
    d.user_principal,
    coalesce(d.manager, l.manager) as manager
from described as d
left join logins as l
    on l.user_principal = d.user_principal
