-- mfa_expired_in_effect
--
-- Exceptions that are over and still at work.
--
-- The subject went on being let through after the end: sign-ins that only the exception explains, as mfa_exception_events
-- counts them in used_after_expiry. Also a code issued under an exception that outlives it (code_outlives).
--
-- @area      exceptions
-- @reads     mfa_exceptions_status, mfa_bypass_codes
-- @grain     one row per exception and kind of effect
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @column    exception_id VARCHAR     id of the exception
-- @column    effect       VARCHAR     used_after_expiry or code_outlives
-- @column    subject_kind VARCHAR     identity, group, app or protocol
-- @column    subject      VARCHAR     whom or what it exempts, lower case
-- @column    kind         VARCHAR     exemption, temporary_bypass or excluded_from_policy
-- @column    ended_at     TIMESTAMPTZ when it ended: its end, or when it was ended by hand
-- @column    last_seen    TIMESTAMPTZ last sign-in let through, or how long the code works; NULL is without end
-- @column    times        BIGINT      sign-ins, or codes
-- @column    remediation  VARCHAR     what to do
-- @example   select exception_id, effect, ended_at, last_seen, times from mfa_expired_in_effect order by ended_at

with

over as (
    select
        exception_id,
        subject_kind,
        subject,
        kind,
        least(expires_at, coalesce(closed_at, expires_at)) as ended_at,
        signins_after_expiry,
        last_used_after_expiry
    from mfa_exceptions_status
    where status in ('expired', 'closed')
),

codes as (
    select
        o.exception_id,
        count(*) as codes,
        max(c.expires_at) as last_end,
        bool_or(c.expires_at is null) as is_endless
    from over as o
    inner join mfa_bypass_codes as c
        on c.exception_id = o.exception_id
    where c.created_at <= $as_of
        and coalesce(c.revoked_at > $as_of, true)
        and coalesce(c.expires_at > $as_of, true)
        and coalesce(c.used_count < c.reuse_count, true)
    group by o.exception_id
)

select
    exception_id,
    'used_after_expiry' as effect,
    subject_kind,
    subject,
    kind,
    ended_at,
    last_used_after_expiry as last_seen,
    signins_after_expiry as times,
    'end what the exception allowed where it is configured' as remediation
from over
where signins_after_expiry > 0
union all
select
    o.exception_id,
    'code_outlives' as effect,
    o.subject_kind,
    o.subject,
    o.kind,
    o.ended_at,
    case when not c.is_endless then c.last_end end as last_seen,
    c.codes as times,
    'revoke the code' as remediation
from over as o
inner join codes as c
    on c.exception_id = o.exception_id
