-- mfa_number_matching
--
-- How many push accounts ask for a number and show where the request comes from.
--
-- Accounts with an active push, per provider, population and department. Where the directory does not say, it is unknown,
-- not missing. Number matching is what stops push fatigue.
--
-- @area      hardening
-- @reads     mfa_factors, mfa_enrollment_state
-- @grain     one row per provider, population, tier and department
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @column    provider                  VARCHAR     which directory
-- @column    population                VARCHAR     population
-- @column    tier                      VARCHAR     tier of the policy
-- @column    department                VARCHAR     department
-- @column    push_accounts             BIGINT      enabled accounts with an active push
-- @column    number_matching_accounts  BIGINT      of them, whose every push asks for a number
-- @column    plain_push_accounts       BIGINT      of them, with one that does not
-- @column    unknown_accounts          BIGINT      of them, of whose pushes it is not known
-- @column    location_accounts         BIGINT      of them, whose every push shows a place
-- @column    location_unknown_accounts BIGINT      of them, of which that is not known
-- @example   select provider, sum(number_matching_accounts) * 1.0 / nullif(sum(push_accounts), 0) as share from mfa_number_matching group by provider order by provider

with

pushes as (
    select
        provider,
        identity_id,
        bool_and((method = 'push_number' or coalesce(number_matching, false))) as has_only_numbers,
        bool_or((method = 'push' and not coalesce(number_matching, true))) as has_plain,
        bool_and(coalesce(shows_location, false)) as has_only_places,
        bool_or(not coalesce(shows_location, true)) as has_no_place
    from mfa_factors
    where status = 'active'
        and method in ('push', 'push_number')
        and coalesce(registered_at <= $as_of, true)
    group by
        provider,
        identity_id
),

accounts as (
    select
        provider,
        identity_id,
        population,
        tier,
        department
    from mfa_enrollment_state
    where is_enabled
)

select
    a.provider,
    a.population,
    a.tier,
    a.department,
    count(*) as push_accounts,
    count(*) filter (where p.has_only_numbers) as number_matching_accounts,
    count(*) filter (where p.has_plain) as plain_push_accounts,
    count(*) filter (where not p.has_only_numbers and not p.has_plain) as unknown_accounts,
    count(*) filter (where p.has_only_places) as location_accounts,
    count(*) filter (where not p.has_only_places and not p.has_no_place) as location_unknown_accounts
from pushes as p
inner join accounts as a
    on a.provider = p.provider
    and a.identity_id = p.identity_id
group by
    a.provider,
    a.population,
    a.tier,
    a.department
