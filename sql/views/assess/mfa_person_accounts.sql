-- mfa_person_accounts
--
-- One human and all of their accounts, across providers.
--
-- Accounts belong together by person_id, else by the login name. `strongest` is the best factor of any of the accounts,
-- `weakest` the best factor of the account that is worst off: a person is as safe as that one. Service accounts are nobody.
--
-- @area      assess
-- @reads     mfa_enrollment_state, mfa_identities
-- @grain     one row per person and account
-- @column    person_id      VARCHAR     person_id of the directories, else the login name, else provider and id
-- @column    provider       VARCHAR     which directory the account is in
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    user_principal VARCHAR     login name, lower case
-- @column    population     VARCHAR     population
-- @column    is_enabled     BOOLEAN     false when the account is known to be disabled
-- @column    enrolment      VARCHAR     what the policy says of it
-- @column    strength       VARCHAR     what its factors are worth; NULL is none or unknown
-- @column    accounts       BIGINT      accounts of the person
-- @column    providers      BIGINT      providers they are at
-- @column    strongest      VARCHAR     strength of the account that is best off
-- @column    weakest        VARCHAR     strength of the enabled account that is worst off; none is no factor; NULL is unknown
-- @example   select person_id, accounts, strongest, weakest from mfa_person_accounts where accounts > 1 and strongest <> weakest

with

persons as (
    select
        provider,
        identity_id,
        max(nullif(person_id, '')) as person_id
    from mfa_identities
    group by
        provider,
        identity_id
),

accounts as (
    select
        coalesce(p.person_id, e.user_principal, e.provider || ':' || e.identity_id) as person_id,
        e.provider,
        e.identity_id,
        e.user_principal,
        e.population,
        e.is_enabled,
        e.enrolment,
        e.strength,
        case
            when e.strength = 'pr_hardware' then 4
            when e.strength = 'phishing_resistant' then 3
            when e.strength = 'mfa' then 2
            when e.strength = 'single' then 1
            when e.active_methods is not null and not e.has_unclear then 0
        end as worth
    from mfa_enrollment_state as e
    left join persons as p
        on p.provider = e.provider
        and p.identity_id = e.identity_id
    where e.is_human
),

totals as (
    select
        person_id,
        count(*) as accounts,
        count(distinct provider) as providers,
        max(worth) as best,
        min(worth) filter (where is_enabled) as worst,
        bool_or(is_enabled and worth is null) as has_unknown
    from accounts
    group by person_id
)

select
    a.person_id,
    a.provider,
    a.identity_id,
    a.user_principal,
    a.population,
    a.is_enabled,
    a.enrolment,
    a.strength,
    t.accounts,
    t.providers,
    case t.best
        when 4 then 'pr_hardware'
        when 3 then 'phishing_resistant'
        when 2 then 'mfa'
        when 1 then 'single'
        when 0 then 'none'
    end as strongest,
    case
        when t.worst = 0 then 'none'
        when t.has_unknown then null
        when t.worst = 1 then 'single'
        when t.worst = 2 then 'mfa'
        when t.worst = 3 then 'phishing_resistant'
        when t.worst = 4 then 'pr_hardware'
    end as weakest
from accounts as a
inner join totals as t
    on t.person_id = a.person_id
