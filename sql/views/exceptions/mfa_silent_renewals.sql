-- mfa_silent_renewals
--
-- Exceptions that go on without anybody having decided so.
--
-- The silent patterns of mfa_exception_events, which says what each means: end_moved, overlapping_reissue, same_ticket,
-- same_justification, bypass_after_expiry, attested_by_beneficiary.
--
-- @area      exceptions
-- @reads     mfa_exception_events, mfa_exceptions_status
-- @grain     one row per exception and pattern
-- @column    exception_id         VARCHAR     exception that goes on; of a re-issue, the new one
-- @column    pattern              VARCHAR     one of the six
-- @column    first_at             TIMESTAMPTZ when first
-- @column    last_at              TIMESTAMPTZ when last
-- @column    times                BIGINT      how often
-- @column    related_exception_id VARCHAR     the one it renews, of a re-issue
-- @column    subject_kind         VARCHAR     identity, group, app or protocol
-- @column    subject              VARCHAR     whom or what it exempts, lower case
-- @column    kind                 VARCHAR     exemption, temporary_bypass or excluded_from_policy
-- @column    status               VARCHAR     what the exception is now, as in mfa_exceptions_status
-- @column    remediation          VARCHAR     what to do
-- @example   select pattern, count(*) as exceptions from mfa_silent_renewals group by pattern order by exceptions desc nulls last

with

renewals as (
    select
        exception_id,
        pattern,
        min(event_at) as first_at,
        max(event_at) as last_at,
        count(*) as times,
        max(related_exception_id) as related_exception_id
    from mfa_exception_events
    where event = 'silently_renewed'
    group by
        exception_id,
        pattern
),

register as (
    select
        exception_id,
        subject_kind,
        subject,
        kind,
        status
    from mfa_exceptions_status
)

select
    r.exception_id,
    r.pattern,
    r.first_at,
    r.last_at,
    r.times,
    r.related_exception_id,
    e.subject_kind,
    e.subject,
    e.kind,
    e.status,
    case r.pattern
        when 'end_moved' then 'have the new end approved, or put the old one back'
        when 'bypass_after_expiry' then 'end the bypass where it is configured'
        when 'attested_by_beneficiary' then 'have somebody else attest'
        else 'have it decided as a renewal that names the old one, or end it'
    end as remediation
from renewals as r
left join register as e
    on e.exception_id = r.exception_id
