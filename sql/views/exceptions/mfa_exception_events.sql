-- mfa_exception_events
--
-- What happened to the exceptions: opened, renewed, silently renewed, closed, expired, used after their end.
--
-- A renewal is open when the new exception names the old one, of the same subject, in renewed_from, or when the end was
-- moved with the approvals that needs. It is silent in these patterns:
-- end_moved           a later version has a later end and not the approvals for it
-- overlapping_reissue a new exception for the same subject and scope begins before the old one ends, ends later, and does
--                     not name it
-- same_ticket         a new exception for the same subject begins after the old one ended, in its ticket
-- same_justification  the same within `reissue_days`, with its justification
-- bypass_after_expiry the subject was let through by a bypass after the end, while no other exception held; the first time
-- attested_by_beneficiary the beneficiary attested to the need for it
-- `used_after_expiry` is wider and counts on: every week in which the subject was let through after the end. For a
-- temporary bypass that is a bypass; for other kinds also a person's single-factor sign-in that was required to have MFA or
-- was to an application in scope; for a protocol, a sign-in over it. Members of a group are not known, so exceptions of a
-- group are never seen used.
--
-- @area      exceptions
-- @reads     mfa_exception_versions, mfa_exception_beneficiaries, mfa_attestations, mfa_identities, mfa_successful_signins, mfa_apps
-- @grain     one row per event of one exception; of used_after_expiry, one per exception and ISO week
-- @param     as_of          TIMESTAMPTZ now()  last instant counted
-- @param     reissue_days   INTEGER     90     how long after its end the same justification counts as a renewal
-- @column    exception_id   VARCHAR     exception it happened to; of a re-issue, the new one
-- @column    event_at       TIMESTAMPTZ when
-- @column    event          VARCHAR     opened, renewed, silently_renewed, closed, expired or used_after_expiry
-- @column    pattern        VARCHAR     which of the six, of silently_renewed; else NULL
-- @column    related_exception_id VARCHAR the exception that was renewed, of a renewal by another
-- @column    signins        BIGINT      sign-ins after the end in the week, of used_after_expiry; else NULL
-- @column    last_at        TIMESTAMPTZ the last of them
-- @column    subject_kind   VARCHAR     identity, group, app or protocol
-- @column    subject        VARCHAR     whom or what it exempts, lower case
-- @column    kind           VARCHAR     exemption, temporary_bypass or excluded_from_policy
-- @column    criterion      VARCHAR     criterion it is granted under
-- @example   select exception_id, event_at, pattern, related_exception_id from mfa_exception_events where event = 'silently_renewed' order by event_at desc nulls last

with

versions as (
    select
        exception_id,
        version,
        is_latest,
        subject_kind,
        subject,
        coalesce(scope, 'enrolment') as scope,
        kind,
        criterion,
        nullif(trim(regexp_replace(lower(justification), '[^a-z0-9]+', ' ', 'g')), '') as reason,
        nullif(trim(lower(ticket)), '') as ticket,
        renewed_from,
        starts_at,
        expires_at,
        closed_at,
        ends_at,
        recorded_at,
        previous_expires_at,
        is_moved,
        is_moved_silently
    from mfa_exception_versions
),

logins as (
    select
        lower(identity_id) as identity_id,
        max(lower(user_principal)) as user_principal
    from mfa_identities
    where identity_id is not null
        and user_principal is not null
    group by lower(identity_id)
),

-- a subject given as identity_id is whoever is given by the login name
named as (
    select
        v.exception_id,
        v.subject_kind,
        v.subject,
        coalesce(i.user_principal, v.subject) as beneficiary,
        v.scope,
        v.kind,
        v.criterion,
        v.reason,
        v.ticket,
        v.renewed_from,
        v.starts_at,
        v.expires_at,
        v.closed_at,
        v.ends_at
    from versions as v
    left join logins as i
        on i.identity_id = case when v.subject_kind = 'identity' then v.subject end
    where v.is_latest
),

-- a renewal is open when it names an exception that there is, of the same subject
latest as (
    select
        n.exception_id,
        n.subject_kind,
        n.subject,
        n.beneficiary,
        n.scope,
        n.kind,
        n.criterion,
        n.reason,
        n.ticket,
        o.exception_id as renewed_from,
        n.starts_at,
        n.expires_at,
        n.closed_at,
        n.ends_at
    from named as n
    left join named as o
        on o.exception_id = n.renewed_from
        and o.exception_id <> n.exception_id
        and o.subject_kind = n.subject_kind
        and o.beneficiary = n.beneficiary
),

reissues as (
    select
        n.exception_id,
        o.exception_id as related_exception_id,
        n.starts_at as event_at,
        case
            when n.starts_at <= o.ends_at then 'overlapping_reissue'
            when n.ticket = o.ticket then 'same_ticket'
            else 'same_justification'
        end as pattern,
        row_number() over (
            partition by n.exception_id
            order by o.ends_at desc nulls last, o.exception_id asc nulls last
        ) as place
    from latest as n
    inner join latest as o
        on o.subject_kind = n.subject_kind
        and o.beneficiary = n.beneficiary
    where n.renewed_from is null
        and o.exception_id <> n.exception_id
        and (o.starts_at < n.starts_at or (o.starts_at = n.starts_at and o.exception_id < n.exception_id))
        and (
            (n.scope = o.scope and n.starts_at <= o.ends_at and (n.expires_at is null or n.expires_at > o.ends_at))
            or (n.starts_at > o.ends_at and n.ticket = o.ticket)
            or (
                n.starts_at > o.ends_at
                and n.reason = o.reason
                and n.starts_at < o.ends_at + ($reissue_days * 24 || ' hours')::interval
            )
        )
),

identities as (
    select
        provider,
        lower(identity_id) as identity_id,
        max(lower(user_principal)) as user_principal
    from mfa_identities
    where identity_id is not null
    group by
        provider,
        lower(identity_id)
),

self_attested as (
    select
        a.exception_id,
        min(cast(a.attested_at as timestamptz)) as event_at
    from mfa_attestations as a
    inner join mfa_exception_beneficiaries as n
        on n.exception_id = a.exception_id
        and n.name = lower(a.manager)
    where coalesce(a.decision, 'confirmed') <> 'revoked'
        and cast(a.attested_at as timestamptz) <= $as_of
    group by a.exception_id
),

apps as (
    select
        app_id,
        bool_or(in_mfa_scope) as in_mfa_scope
    from mfa_apps
    where app_id is not null
    group by app_id
),

protocols as (
    select distinct subject as protocol
    from latest
    where subject_kind = 'protocol'
        and subject is not null
),

let_through as (
    select
        s.event_time,
        s.provider,
        s.event_id,
        lower(s.identity_id) as identity_id,
        lower(s.user_principal) as user_principal,
        lower(s.app_id) as app_id,
        p.protocol,
        s.mfa_met_by = 'bypass' as is_bypass,
        s.mfa_met_by = 'bypass'
        or (
            s.is_interactive
            and s.mfa_met_by in ('none', 'trusted_location')
            and (s.mfa_requirement = 'required' or coalesce(a.in_mfa_scope, false))
        ) as is_unprotected
    from mfa_successful_signins as s
    left join apps as a
        on a.app_id = s.app_id
    left join protocols as p
        on p.protocol = s.protocol
    where s.mfa_met_by in ('bypass', 'none', 'trusted_location')
        or p.protocol is not null
),

uses as (
    select event_time, provider, event_id, is_bypass, 'identity' as subject_kind, identity_id as subject
    from let_through
    where is_unprotected and identity_id is not null
    union
    select event_time, provider, event_id, is_bypass, 'identity' as subject_kind, user_principal as subject
    from let_through
    where is_unprotected and user_principal is not null
    union
    select l.event_time, l.provider, l.event_id, l.is_bypass, 'identity' as subject_kind, i.user_principal as subject
    from let_through as l
    inner join identities as i
        on i.provider = l.provider
        and i.identity_id = l.identity_id
    where l.is_unprotected and i.user_principal is not null
    union
    select event_time, provider, event_id, is_bypass, 'app' as subject_kind, app_id as subject
    from let_through
    where is_unprotected and app_id is not null
    union
    select event_time, provider, event_id, is_bypass, 'protocol' as subject_kind, protocol as subject
    from let_through
    where protocol is not null
),

-- an exception is looked up under the subject it names: its other names are on the side of the sign-ins
matched as (
    select
        u.event_time,
        u.provider,
        u.event_id,
        u.is_bypass,
        l.exception_id,
        l.ends_at,
        l.starts_at <= u.event_time and (l.ends_at is null or u.event_time < l.ends_at) as is_held
    from uses as u
    inner join latest as l
        on l.subject_kind = u.subject_kind
        and l.subject = u.subject
    where u.is_bypass
        or l.subject_kind = 'protocol'
        or coalesce(l.kind, 'exemption') <> 'temporary_bypass'
),

judged as (
    select
        event_time,
        is_bypass,
        exception_id,
        ends_at,
        bool_or(is_held) over (partition by provider, event_id, event_time) as is_any_held,
        row_number() over (
            partition by provider, event_id, event_time
            order by case when ends_at <= event_time then ends_at end desc nulls last, exception_id asc nulls last
        ) as place
    from matched
),

used_after as (
    select
        exception_id,
        event_time,
        is_bypass
    from judged
    where place = 1
        and ends_at <= event_time
        and not coalesce(is_any_held, false)
),

used_weeks as (
    select
        exception_id,
        min(event_time) as event_at,
        max(event_time) as last_at,
        count(*) as signins
    from used_after
    group by
        exception_id,
        cast(date_trunc('week', cast(event_time at time zone 'UTC' as date)) as date)
),

first_bypasses as (
    select
        exception_id,
        min(event_time) as event_at
    from used_after
    where is_bypass
    group by exception_id
),

events as (
    select exception_id, starts_at as event_at, 'opened' as event, cast(null as varchar) as pattern,
        cast(null as varchar) as related_exception_id, cast(null as bigint) as signins, cast(null as timestamptz) as last_at
    from latest
    union all
    select exception_id, starts_at as event_at, 'renewed' as event, cast(null as varchar) as pattern,
        renewed_from as related_exception_id, cast(null as bigint) as signins, cast(null as timestamptz) as last_at
    from latest
    where renewed_from is not null
    union all
    select exception_id, coalesce(recorded_at, previous_expires_at) as event_at,
        case when is_moved_silently then 'silently_renewed' else 'renewed' end as event,
        case when is_moved_silently then 'end_moved' end as pattern,
        cast(null as varchar) as related_exception_id, cast(null as bigint) as signins, cast(null as timestamptz) as last_at
    from versions
    where is_moved
    union all
    select exception_id, event_at, 'silently_renewed' as event, pattern, related_exception_id,
        cast(null as bigint) as signins, cast(null as timestamptz) as last_at
    from reissues
    where place = 1
    union all
    select exception_id, event_at, 'silently_renewed' as event, 'attested_by_beneficiary' as pattern,
        cast(null as varchar) as related_exception_id, cast(null as bigint) as signins, cast(null as timestamptz) as last_at
    from self_attested
    union all
    select exception_id, event_at, 'silently_renewed' as event, 'bypass_after_expiry' as pattern,
        cast(null as varchar) as related_exception_id, cast(null as bigint) as signins, cast(null as timestamptz) as last_at
    from first_bypasses
    union all
    select exception_id, event_at, 'used_after_expiry' as event, cast(null as varchar) as pattern,
        cast(null as varchar) as related_exception_id, signins, last_at
    from used_weeks
    union all
    select exception_id, closed_at as event_at, 'closed' as event, cast(null as varchar) as pattern,
        cast(null as varchar) as related_exception_id, cast(null as bigint) as signins, cast(null as timestamptz) as last_at
    from latest
    where closed_at is not null
    union all
    select exception_id, expires_at as event_at, 'expired' as event, cast(null as varchar) as pattern,
        cast(null as varchar) as related_exception_id, cast(null as bigint) as signins, cast(null as timestamptz) as last_at
    from latest
    where closed_at is null
        or expires_at <= closed_at
)

select
    e.exception_id,
    e.event_at,
    e.event,
    e.pattern,
    e.related_exception_id,
    e.signins,
    e.last_at,
    l.subject_kind,
    l.subject,
    l.kind,
    l.criterion
from events as e
inner join latest as l
    on l.exception_id = e.exception_id
where e.event_at <= $as_of
