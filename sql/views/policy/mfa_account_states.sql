-- mfa_account_states
--
-- What every account was for a policy, from when to when: mfa_account_inputs through time.
--
-- A span begins with every factor that was registered or removed and every change of an exception. What the inputs do not
-- date is taken as it is now: population, roles, department, region, and whether a factor was suspended. A factor without a
-- registration day has been there since ever.
--
-- @area      policy
-- @reads     mfa_account_inputs, mfa_account_factors, mfa_exempted_accounts
-- @grain     one row per provider, identity and span in which nothing about it changed
-- @column    provider        VARCHAR     which directory it comes from
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    valid_from      TIMESTAMPTZ first instant of the span; NULL is since ever
-- @column    valid_to        TIMESTAMPTZ first instant after it; NULL is still so
-- @column    subject         STRUCT(id VARCHAR, population VARCHAR, roles VARCHAR[], privileged BOOLEAN, department VARCHAR, region VARCHAR, created_at TIMESTAMPTZ, fallback_started_at TIMESTAMPTZ) first argument of mfa_evaluate
-- @column    factors         STRUCT(method VARCHAR, enrolled_at TIMESTAMPTZ, last_used_at TIMESTAMPTZ, attested BOOLEAN, number_matching BOOLEAN, status VARCHAR)[] second argument; NULL is unknown
-- @column    exceptions      STRUCT(id VARCHAR, criterion VARCHAR, starts_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, approvers VARCHAR[], attested_at TIMESTAMPTZ, scope VARCHAR)[] fifth argument
-- @example   select valid_from, factors from mfa_account_states where identity_id = 'X' order by valid_from nulls first

with

inputs as (
    select
        provider,
        identity_id,
        subject,
        factors
    from mfa_account_inputs
),

factors as (
    select
        provider,
        identity_id,
        method,
        status,
        registered_at,
        removed_at,
        last_used_at,
        attested,
        number_matching
    from mfa_account_factors
),

exempted as (
    select
        provider,
        identity_id,
        valid_from,
        valid_to,
        exception
    from mfa_exempted_accounts
),

changes as (
    select provider, identity_id, cast(null as timestamptz) as begins_at from inputs
    union
    select provider, identity_id, registered_at as begins_at from factors
    union
    select provider, identity_id, removed_at as begins_at from factors
    union
    select provider, identity_id, valid_from as begins_at from exempted
    union
    select provider, identity_id, valid_to as begins_at from exempted
),

spans as (
    select
        provider,
        identity_id,
        coalesce(begins_at, timestamptz '0001-01-01 00:00:00+00') as begins_at,
        lead(begins_at) over (partition by provider, identity_id order by begins_at asc nulls first) as ends_at
    from changes
),

held as (
    select
        s.provider,
        s.identity_id,
        s.begins_at,
        array_agg(
            {
                'method': f.method,
                'enrolled_at': f.registered_at,
                'last_used_at': f.last_used_at,
                'attested': f.attested,
                'number_matching': f.number_matching,
                'status': f.status
            }
        ) as factors,
        min(f.registered_at) filter (where f.status = 'active' and f.method in ('sms_otp', 'voice')) as fallback_started_at
    from spans as s
    inner join factors as f
        on f.provider = s.provider
        and f.identity_id = s.identity_id
    where coalesce(f.registered_at <= s.begins_at, true)
        and coalesce(f.removed_at > s.begins_at, true)
    group by
        s.provider,
        s.identity_id,
        s.begins_at
),

granted as (
    select
        s.provider,
        s.identity_id,
        s.begins_at,
        array_agg(e.exception order by e.exception.id asc nulls last) as exceptions
    from spans as s
    inner join exempted as e
        on e.provider = s.provider
        and e.identity_id = s.identity_id
    where coalesce(e.valid_from <= s.begins_at, true)
        and coalesce(e.valid_to > s.begins_at, true)
        -- one that has not begun is none yet
        and coalesce(e.exception.starts_at <= s.begins_at, true)
    group by
        s.provider,
        s.identity_id,
        s.begins_at
)

select
    i.provider,
    i.identity_id,
    case when s.begins_at > timestamptz '0001-01-01 00:00:00+00' then s.begins_at end as valid_from,
    s.ends_at as valid_to,
    {
        'id': i.subject.id,
        'population': i.subject.population,
        'roles': i.subject.roles,
        'privileged': i.subject.privileged,
        'department': i.subject.department,
        'region': i.subject.region,
        'created_at': i.subject.created_at,
        'fallback_started_at': h.fallback_started_at
    } as subject,
    case when i.factors is not null then coalesce(h.factors, []) end as factors,
    coalesce(g.exceptions, []) as exceptions
from inputs as i
inner join spans as s
    on s.provider = i.provider
    and s.identity_id = i.identity_id
left join held as h
    on h.provider = s.provider
    and h.identity_id = s.identity_id
    and h.begins_at = s.begins_at
left join granted as g
    on g.provider = s.provider
    and g.identity_id = s.identity_id
    and g.begins_at = s.begins_at
