-- mfa_bypass_reconciliation
--
-- Bypasses in the logs beside the exceptions that should allow them, both ways.
--
-- - covered: a bypass while an exception of the account held
-- - no_exception: a bypass of an account that never had one
-- - outside_exception: one of an account that has had an exception, at a time when none held
-- - never_used: an exception for an account that has held for `unused_days` or is over, and under which nothing was ever let
--   through
-- Bypasses are sign-ins that mfa_met_by calls bypass. Exceptions of groups, applications and protocols are not looked for in
-- the logs, so they are never called unused.
--
-- @area      exceptions
-- @reads     mfa_placed_signins, mfa_exempted_accounts, mfa_exceptions_status, mfa_accounts
-- @grain     one row per account and case of bypass, and one per exception that was never used
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     detection_days         INTEGER     30     days before as_of that are looked at
-- @param     unused_days            INTEGER     30     days after which an exception is called unused
-- @column    reconciliation VARCHAR     covered, no_exception, outside_exception or never_used
-- @column    provider       VARCHAR     which directory the account is in, or the log it comes from
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    user_principal VARCHAR     login name, lower case
-- @column    exception_id   VARCHAR     exception that allows it, or that was not used; NULL is none
-- @column    signins        BIGINT      bypasses; 0 for an exception that was not used
-- @column    first_seen     TIMESTAMPTZ first bypass, or start of the exception
-- @column    last_seen      TIMESTAMPTZ last bypass, or end of the exception
-- @column    remediation    VARCHAR     what to do
-- @example   select reconciliation, count(*) as cases from mfa_bypass_reconciliation group by reconciliation order by reconciliation

with

bypasses as (
    select
        coalesce(account_provider, provider) as provider,
        coalesce(account_id, identity_id, user_principal) as identity_id,
        user_principal,
        event_id,
        event_time
    from mfa_placed_signins
    where event_time <= $as_of
        and outcome = 'success'
        and mfa_met_by = 'bypass'
),

spans as (
    select
        x.provider,
        x.identity_id,
        x.exception.id as exception_id,
        min(x.exception.starts_at) as starts_at,
        max(x.exception.expires_at) as expires_at
    from mfa_exempted_accounts as x
    group by
        x.provider,
        x.identity_id,
        x.exception.id
),

matched as (
    select
        b.provider,
        b.identity_id,
        b.user_principal,
        b.event_id,
        b.event_time,
        max(case when b.event_time >= s.starts_at and b.event_time < s.expires_at then s.exception_id end) as exception_id,
        count(s.exception_id) as exceptions
    from bypasses as b
    left join spans as s
        on s.provider = b.provider
        and s.identity_id = b.identity_id
    group by
        b.provider,
        b.identity_id,
        b.user_principal,
        b.event_id,
        b.event_time
),

cases as (
    select
        case
            when exception_id is not null then 'covered'
            when exceptions > 0 then 'outside_exception'
            else 'no_exception'
        end as reconciliation,
        provider,
        identity_id,
        max(user_principal) as user_principal,
        exception_id,
        count(*) as signins,
        min(event_time) as first_seen,
        max(event_time) as last_seen
    from matched
    where event_time > $as_of - ($detection_days * 24 || ' hours')::interval
    group by
        case
            when exception_id is not null then 'covered'
            when exceptions > 0 then 'outside_exception'
            else 'no_exception'
        end,
        provider,
        identity_id,
        exception_id
),

used as (
    select distinct exception_id
    from matched
    where exception_id is not null
),

accounts as (
    select
        provider,
        identity_id,
        user_principal
    from mfa_accounts
),

unused as (
    select
        s.provider,
        s.identity_id,
        s.exception_id,
        s.starts_at,
        s.expires_at
    from spans as s
    inner join mfa_exceptions_status as e
        on e.exception_id = s.exception_id
    left join used as u
        on u.exception_id = s.exception_id
    where u.exception_id is null
        and e.kind = 'temporary_bypass'
        and e.subject_kind = 'identity'
        and s.starts_at <= $as_of - ($unused_days * 24 || ' hours')::interval
    qualify row_number() over (
        partition by s.exception_id
        order by s.provider asc nulls last, s.identity_id asc nulls last
    ) = 1
)

select
    reconciliation,
    provider,
    identity_id,
    user_principal,
    exception_id,
    signins,
    first_seen,
    last_seen,
    case reconciliation
        when 'no_exception' then 'end the bypass, or record an exception with an end date for it'
        when 'outside_exception' then 'end the bypass: the exception does not hold'
        else 'nothing'
    end as remediation
from cases
union all
select
    'never_used' as reconciliation,
    u.provider,
    u.identity_id,
    a.user_principal,
    u.exception_id,
    0 as signins,
    u.starts_at as first_seen,
    u.expires_at as last_seen,
    'end the exception: nobody needs it' as remediation
from unused as u
left join accounts as a
    on a.provider = u.provider
    and a.identity_id = u.identity_id
