-- mfa_bypass_rates
--
-- How much goes past MFA: bypasses, trusted locations and exceptions against all sign-ins, day by day.
--
-- Interactive sign-ins that went through. `excepted_signins` are those of accounts with an exception that held at the time,
-- whatever it was for. What the log does not say is in `unknown_signins` and in none of the others. Additive.
--
-- @area      metrics
-- @reads     mfa_placed_signins, mfa_accounts, mfa_exempted_accounts
-- @grain     one row per day, provider, population, department and region
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days        INTEGER     30     days of sign-ins before it
-- @column    day                      DATE        UTC
-- @column    provider                 VARCHAR     which log it comes from
-- @column    population               VARCHAR     population of the account; NULL is unknown
-- @column    department               VARCHAR     department
-- @column    region                   VARCHAR     region
-- @column    signins                  BIGINT      interactive sign-ins that went through
-- @column    bypass_signins           BIGINT      of them, by a bypass
-- @column    trusted_location_signins BIGINT      of them, from a network taken for a second factor
-- @column    single_factor_signins    BIGINT      of them, with nothing but a password
-- @column    unknown_signins          BIGINT      of them, of which the log does not say how MFA was met
-- @column    excepted_signins         BIGINT      of them, by an account with an exception
-- @example   select day, sum(bypass_signins) * 1.0 / nullif(sum(signins), 0) as share from mfa_bypass_rates group by day order by day

with

accounts as (
    select
        provider,
        identity_id,
        population,
        department,
        region
    from mfa_accounts
),

spans as (
    select
        provider,
        identity_id,
        min(exception.starts_at) as starts_at,
        max(exception.expires_at) as expires_at
    from mfa_exempted_accounts
    group by
        provider,
        identity_id,
        exception.id
),

signins as (
    select
        day,
        provider,
        account_provider,
        account_id,
        event_id,
        event_time,
        mfa_met_by
    from mfa_placed_signins
    where event_time <= $as_of
        and event_time > $as_of - ($gap_window_days * 24 || ' hours')::interval
        and outcome = 'success'
        and is_interactive
),

excepted as (
    select distinct
        s.provider,
        s.account_provider,
        s.account_id,
        s.event_time,
        s.event_id
    from signins as s
    inner join spans as x
        on x.provider = s.account_provider
        and x.identity_id = s.account_id
    where s.event_time >= x.starts_at
        and s.event_time < x.expires_at
)

select
    s.day,
    s.provider,
    a.population,
    a.department,
    a.region,
    count(*) as signins,
    count(*) filter (where s.mfa_met_by = 'bypass') as bypass_signins,
    count(*) filter (where s.mfa_met_by = 'trusted_location') as trusted_location_signins,
    count(*) filter (where s.mfa_met_by = 'none') as single_factor_signins,
    count(*) filter (where s.mfa_met_by = 'unknown') as unknown_signins,
    count(x.account_id) as excepted_signins
from signins as s
left join accounts as a
    on a.provider = s.account_provider
    and a.identity_id = s.account_id
left join excepted as x
    on x.provider = s.provider
    and x.account_provider = s.account_provider
    and x.account_id = s.account_id
    and x.event_time = s.event_time
    and x.event_id = s.event_id
group by
    s.day,
    s.provider,
    a.population,
    a.department,
    a.region
