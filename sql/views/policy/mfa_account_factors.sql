-- mfa_account_factors
--
-- Every factor of every account, and from when to when it was registered.
--
-- The snapshot, mfa_factors, has the factors there are now; mfa_factor_events add those that were removed since, and those
-- of providers without a snapshot. A factor that is listed twice is one; without an id, one of each method is known.
--
-- @area      policy
-- @reads     mfa_factors, mfa_factor_periods
-- @grain     one row per provider, identity and factor
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    provider        VARCHAR     which directory it comes from
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    method          VARCHAR     canonical method; a push that asks for a number is push_number
-- @column    status          VARCHAR     active, pending, suspended or revoked
-- @column    registered_at   TIMESTAMPTZ when it was registered; NULL is unknown
-- @column    removed_at      TIMESTAMPTZ when it was removed; NULL is still there
-- @column    last_used_at    TIMESTAMPTZ when it was last used
-- @column    attested        BOOLEAN     whether its make is proven; NULL is unknown
-- @column    number_matching BOOLEAN     whether a push asks for a number; NULL is unknown
-- @column    is_from_events  BOOLEAN     whether it is known from events alone
-- @example   select method, count(*) as factors from mfa_account_factors where status = 'active' and removed_at is null group by method

with

-- when a method was registered, from the events where the snapshot does not say
registrations as (
    select
        provider,
        identity_id,
        method,
        min(valid_from) as registered_at
    from mfa_factor_periods
    where source = 'snapshot'
    group by
        provider,
        identity_id,
        method
),

-- a factor that is listed twice is one; without an id, one of each method is known
listed as (
    select
        provider,
        identity_id,
        case when method = 'push' and number_matching then 'push_number' else method end as method,
        status,
        cast(registered_at as timestamptz) as registered_at,
        cast(last_used_at as timestamptz) as last_used_at,
        attested,
        number_matching
    from mfa_factors
    where identity_id is not null
        and (registered_at is null or cast(registered_at as timestamptz) <= $as_of)
    qualify row_number() over (
        partition by provider, identity_id, factor_id, case when factor_id is null then method end
        order by
            case when status = 'active' then 0 else 1 end asc nulls last,
            cast(registered_at as timestamptz) asc nulls last,
            method asc nulls last,
            cast(last_used_at as timestamptz) desc nulls last,
            attested desc nulls last,
            number_matching desc nulls last
    ) = 1
)

select
    l.provider,
    l.identity_id,
    l.method,
    l.status,
    coalesce(l.registered_at, r.registered_at) as registered_at,
    cast(null as timestamptz) as removed_at,
    l.last_used_at,
    l.attested,
    l.number_matching,
    false as is_from_events
from listed as l
left join registrations as r
    on r.provider = l.provider
    and r.identity_id = l.identity_id
    and r.method = l.method
union all
select
    provider,
    identity_id,
    method,
    'active' as status,
    min(valid_from) as registered_at,
    valid_to as removed_at,
    cast(null as timestamptz) as last_used_at,
    cast(null as boolean) as attested,
    cast(null as boolean) as number_matching,
    true as is_from_events
from mfa_factor_periods
where source = 'events'
group by
    provider,
    identity_id,
    method,
    valid_to
