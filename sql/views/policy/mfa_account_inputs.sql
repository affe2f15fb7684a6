-- mfa_account_inputs
--
-- Every account as mfa_evaluate takes it: the subject, its factors and its exceptions.
--
-- Whether an account has registered nothing or nothing is known about it: without any row in mfa_factors for its provider
-- the factors are unknown, except at providers whose list of accounts carries the factors in the same record.
-- mfa_factors is a snapshot: an earlier `as_of` leaves out what was registered later and brings back what
-- mfa_factor_events saw removed since. A method known from events alone proves itself, not the absence of others.
-- An exception counts as attested when it begins.
--
-- @area      policy
-- @reads     mfa_accounts, mfa_account_factors, mfa_factors, mfa_exempted_accounts
-- @grain     one row per provider and identity, disabled accounts and service accounts included
-- @column    provider        VARCHAR     which directory it comes from
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    population      VARCHAR     workforce, contractor, partner, guest, service, break_glass, shared or unknown
-- @column    is_privileged   BOOLEAN     whether it, or a role it holds, is administrative; NULL is unknown
-- @column    department      VARCHAR     department
-- @column    region          VARCHAR     region
-- @column    is_enabled      BOOLEAN     false when the account is known to be disabled
-- @column    is_human        BOOLEAN     false for service accounts
-- @column    created_at      TIMESTAMPTZ when the account was created; NULL is unknown
-- @column    active_methods  VARCHAR[]   canonical methods that are active; empty is none, NULL is unknown
-- @column    has_unclear     BOOLEAN     whether some factor has an unknown method or an unknown status
-- @column    first_factor_at TIMESTAMPTZ when the first active factor was registered; NULL is none or unknown
-- @column    subject         STRUCT(id VARCHAR, population VARCHAR, roles VARCHAR[], privileged BOOLEAN, department VARCHAR, region VARCHAR, created_at TIMESTAMPTZ, fallback_started_at TIMESTAMPTZ) first argument
-- @column    factors         STRUCT(method VARCHAR, enrolled_at TIMESTAMPTZ, last_used_at TIMESTAMPTZ, attested BOOLEAN, number_matching BOOLEAN, status VARCHAR)[] second argument, in no order; NULL is unknown
-- @column    exceptions      STRUCT(id VARCHAR, criterion VARCHAR, starts_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, approvers VARCHAR[], attested_at TIMESTAMPTZ, scope VARCHAR)[] fifth argument
-- @example   select mfa_evaluate(subject, factors, null, null, exceptions, now()).enrolment, count(*) from mfa_account_inputs group by 1

with

held as (
    select
        provider,
        identity_id,
        array_agg(
            {
                'method': method,
                'enrolled_at': registered_at,
                'last_used_at': last_used_at,
                'attested': attested,
                'number_matching': number_matching,
                'status': status
            }
        ) as factors,
        list_sort(list_distinct(array_agg(method) filter (where status = 'active' and method is not null))) as active_methods,
        bool_or(
            is_from_events
            or method is null
            or status is null
            or (method = 'unknown' and status = 'active')
        ) as has_unclear,
        min(registered_at) filter (where status = 'active') as first_factor_at,
        min(registered_at) filter (where status = 'active' and method in ('sms_otp', 'voice')) as fallback_started_at
    from mfa_account_factors
    where removed_at is null
    group by
        provider,
        identity_id
),

known_providers as (
    select distinct provider
    from mfa_factors
),

exempted as (
    select
        provider,
        identity_id,
        array_agg(exception order by exception.id asc nulls last) as exceptions
    from mfa_exempted_accounts
    where is_current
    group by
        provider,
        identity_id
),

accounts as (
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
        is_enabled,
        is_human,
        created_at
    from mfa_accounts
)

select
    a.provider,
    a.identity_id,
    a.user_principal,
    a.population,
    a.is_privileged,
    a.department,
    a.region,
    a.is_enabled,
    a.is_human,
    a.created_at,
    case
        when h.identity_id is not null then coalesce(h.active_methods, [])
        when k.provider is not null or a.provider in ('aws', 'duo', 'google_workspace') then []
    end as active_methods,
    coalesce(h.has_unclear, false) as has_unclear,
    h.first_factor_at,
    {
        'id': coalesce(a.user_principal, a.identity_id),
        'population': a.population,
        'roles': case
            when a.is_privileged is not null or not a.tells_privilege then coalesce(a.roles, [])
            else a.roles
        end,
        'privileged': case when a.tells_privilege then a.is_privileged else coalesce(a.is_privileged, false) end,
        'department': a.department,
        'region': a.region,
        'created_at': a.created_at,
        'fallback_started_at': h.fallback_started_at
    } as subject,
    case
        when h.identity_id is not null then h.factors
        when k.provider is not null or a.provider in ('aws', 'duo', 'google_workspace') then []
    end as factors,
    coalesce(x.exceptions, []) as exceptions
from accounts as a
left join held as h
    on h.provider = a.provider
    and h.identity_id = a.identity_id
left join known_providers as k
    on k.provider = a.provider
left join exempted as x
    on x.provider = a.provider
    and x.identity_id = a.identity_id
