-- mfa_feedback_proposals
--
-- From what people ask the help desk to what could be changed: one proposal per root cause, with the numbers that speak for it.
--
-- A root cause with at least `feedback_tickets` tickets in the last `feedback_days` is proposed; the rest stays quiet.
-- `earlier_tickets` are those of as many days before, `after_cutover` those opened within two weeks after some cutover.
-- `accounts` counts whom the change would touch: enabled, human accounts with the method or the lack that the root cause is
-- about. A proposal is a suggestion to somebody who decides; nothing follows from it by itself.
--
-- @area      support
-- @reads     mfa_tickets, mfa_enrollment_state, mfa_policy_in_force, mfa_runbooks
-- @grain     one row per root cause
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     feedback_days   INTEGER     30     days of tickets before it
-- @param     feedback_tickets INTEGER    5      tickets that make a proposal
-- @column    root_cause      VARCHAR lost_device, new_device, totp_drift, push_fatigue, hardware_key, enrolment, locked_out, policy, other or unknown
-- @column    kind            VARCHAR policy, training or support
-- @column    proposal        VARCHAR what to change
-- @column    tickets         BIGINT  tickets in the time
-- @column    earlier_tickets BIGINT  tickets in the same time before
-- @column    people          BIGINT  people who asked, as far as the tickets name them
-- @column    repeated        BIGINT  of the tickets, again by the same person
-- @column    open            BIGINT  of the tickets, not closed
-- @column    after_cutover   BIGINT  of the tickets, within two weeks after a cutover
-- @column    main_method     VARCHAR canonical method most of them are about; NULL is none noted
-- @column    main_method_tickets BIGINT tickets about it
-- @column    runbooks        BIGINT  runbooks for the root cause
-- @column    accounts        BIGINT  accounts the change would touch; NULL where it is not about any in particular
-- @example   select root_cause, kind, proposal, tickets, accounts from mfa_feedback_proposals order by tickets desc nulls last

with

cutovers as (
    select w.wave.enforce_from as enforce_from
    from (select unnest(mfa_policy_waves(document)) as wave from mfa_policy_in_force) as w
    where w.wave.enforce_from is not null
),

tickets as (
    select
        row_number() over (order by opened_at asc nulls last, ticket_id asc nulls last) as ticket,
        cast(opened_at as timestamptz) as asked_at,
        coalesce(closed_at <= $as_of, false) as is_closed,
        lower(user_principal) as login,
        case
            when lower(root_cause) in (
                'lost_device', 'new_device', 'totp_drift', 'push_fatigue', 'hardware_key', 'enrolment', 'locked_out', 'policy', 'other'
            ) then lower(root_cause)
            when root_cause is null then 'unknown'
            else 'other'
        end as cause,
        method,
        opened_at > $as_of - ($feedback_days * 24 || ' hours')::interval as is_recent
    from mfa_tickets
    where opened_at <= $as_of
        and opened_at > $as_of - ($feedback_days * 48 || ' hours')::interval
),

cutover_tickets as (
    select distinct t.ticket
    from tickets as t
    cross join cutovers as c
    where t.asked_at >= c.enforce_from
        and t.asked_at < c.enforce_from + interval '336 hours'
),

turns as (
    select
        t.cause,
        t.login,
        t.is_closed,
        t.is_recent,
        c.ticket is not null as is_after_cutover,
        row_number() over (
            partition by t.cause, t.login, t.is_recent
            order by t.asked_at asc nulls last, t.ticket asc nulls last
        ) as turn
    from tickets as t
    left join cutover_tickets as c
        on c.ticket = t.ticket
),

counted as (
    select
        cause,
        count(*) filter (where is_recent) as tickets,
        count(*) filter (where not is_recent) as earlier_tickets,
        count(distinct case when is_recent then login end) as people,
        count(*) filter (where is_recent and turn > 1 and login is not null) as repeated,
        count(*) filter (where is_recent and not is_closed) as open_tickets,
        count(*) filter (where is_recent and is_after_cutover) as after_cutover
    from turns
    group by cause
),

methods as (
    select
        cause,
        method,
        count(*) as tickets
    from tickets
    where is_recent
        and method is not null
    group by
        cause,
        method
    qualify row_number() over (
        partition by cause
        order by count(*) desc nulls last, method asc nulls last
    ) = 1
),

runbooks as (
    select
        lower(root_cause) as cause,
        count(*) as runbooks
    from mfa_runbooks
    where root_cause is not null
    group by lower(root_cause)
),

touched as (
    select
        count(*) filter (where allowed_count = 1) as with_one_factor,
        count(*) filter (where list_contains(active_methods, 'totp')) as with_totp,
        count(*) filter (where list_contains(active_methods, 'push')) as with_push,
        count(*) filter (where list_has_any(active_methods, ['fido2_key', 'otp_hw', 'u2f', 'smartcard'])) as with_hardware,
        count(*) filter (where enrolment in ('in_grace', 'overdue')) as unfinished,
        count(*) filter (where not list_has_any(active_methods, ['backup_code', 'temp_pass'])) as without_recovery,
        count(*) filter (where stage >= 2) as limited
    from mfa_enrollment_state
    where is_enabled
        and is_human
        and coalesce(enrolment, 'unknown') <> 'not_applicable'
),

proposals as (
    select
        p.cause,
        p.kind,
        p.proposal,
        case p.cause
            when 'lost_device' then t.with_one_factor
            when 'new_device' then t.without_recovery
            when 'totp_drift' then t.with_totp
            when 'push_fatigue' then t.with_push
            when 'hardware_key' then t.with_hardware
            when 'enrolment' then t.unfinished
            when 'locked_out' then t.without_recovery
            when 'policy' then t.limited
        end as accounts
    from (values
        ('lost_device', 'policy', 'ask for a second factor on another device, and for a way back in'),
        ('new_device', 'training', 'explain how to move methods to a new device before giving the old one away'),
        ('totp_drift', 'policy', 'offer passkeys or push with number matching instead of codes, and explain automatic time'),
        ('push_fatigue', 'policy', 'require number matching, or methods that resist phishing'),
        ('hardware_key', 'support', 'hand out a spare key, and show how to use it where it is handed out'),
        ('enrolment', 'training', 'improve the how-to of the method, and hold sessions before the cutover'),
        ('locked_out', 'policy', 'ask for a recovery method, and let the help desk issue temporary passes'),
        ('policy', 'training', 'announce what changes for whom, and revisit the rule that people ask about'),
        ('other', 'support', 'read the tickets and give them a root cause'),
        ('unknown', 'support', 'note a root cause in every ticket')
    ) as p(cause, kind, proposal)
    cross join touched as t
)

select
    c.cause as root_cause,
    p.kind,
    p.proposal,
    c.tickets,
    c.earlier_tickets,
    c.people,
    c.repeated,
    c.open_tickets as open,
    c.after_cutover,
    m.method as main_method,
    coalesce(m.tickets, 0) as main_method_tickets,
    coalesce(r.runbooks, 0) as runbooks,
    p.accounts
from counted as c
inner join proposals as p
    on p.cause = c.cause
left join methods as m
    on m.cause = c.cause
left join runbooks as r
    on r.cause = c.cause
where c.tickets >= $feedback_tickets
