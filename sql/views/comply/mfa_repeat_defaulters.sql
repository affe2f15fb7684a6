-- mfa_repeat_defaulters
--
-- People who were reminded again and again, or enforced more than once, and still are not enrolled.
--
-- Overdue accounts with at least `default_messages` messages or two rises of the enforcement stage. They are due training
-- and an acknowledgment by the manager; `has_training` and `has_acknowledgment` say whether either is on record by `as_of`,
-- before or after the last message.
--
-- @area      comply
-- @reads     mfa_enrollment_state, mfa_communications, mfa_enforcement_events, mfa_training_assignments, mfa_managers
-- @grain     one row per account
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     default_messages       INTEGER     3      messages that make a repeat defaulter
-- @column    provider           VARCHAR     which directory the account is in
-- @column    identity_id        VARCHAR     the provider's id of the identity
-- @column    user_principal     VARCHAR     login name, lower case
-- @column    department         VARCHAR     department
-- @column    manager            VARCHAR     login name of the manager; NULL is unknown
-- @column    tier               VARCHAR     tier of the policy
-- @column    deadline           TIMESTAMPTZ when the grace ended
-- @column    days_overdue       BIGINT      whole days since; NULL is unknown
-- @column    messages           BIGINT      messages that were sent
-- @column    rises              BIGINT      times the stage was raised
-- @column    last_message_at    TIMESTAMPTZ last message
-- @column    has_training       BOOLEAN     whether training was assigned
-- @column    has_acknowledgment BOOLEAN     whether the manager acknowledged it
-- @column    next_step          VARCHAR     assign_training, ask_manager or wait
-- @example   select department, count(*) as people from mfa_repeat_defaulters group by department order by people desc nulls last

with

messages as (
    select
        lower(recipient) as recipient,
        count(*) as messages,
        max(sent_at) as last_message_at
    from mfa_communications
    where kind in ('enrolment', 'reminder', 'escalation')
        and sent_at <= $as_of
    group by lower(recipient)
),

rises as (
    select
        provider,
        identity_id,
        count(*) as rises
    from mfa_enforcement_events
    where event_time <= $as_of
        and to_stage > coalesce(from_stage, 0)
    group by
        provider,
        identity_id
),

trainings as (
    select
        lower(user_principal) as user_principal,
        max(assigned_at) as assigned_at,
        max(case when manager_acknowledged_at <= $as_of then manager_acknowledged_at end) as acknowledged_at
    from mfa_training_assignments
    where assigned_at <= $as_of
    group by lower(user_principal)
),

defaulters as (
    select
        e.provider,
        e.identity_id,
        e.user_principal,
        e.department,
        m.manager,
        e.tier,
        e.grace_deadline,
        coalesce(s.messages, 0) as messages,
        coalesce(r.rises, 0) as rises,
        s.last_message_at,
        t.assigned_at is not null as has_training,
        t.acknowledged_at is not null as has_acknowledgment
    from mfa_enrollment_state as e
    left join messages as s
        on s.recipient = e.user_principal
    left join rises as r
        on r.provider = e.provider
        and r.identity_id = e.identity_id
    left join trainings as t
        on t.user_principal = e.user_principal
    left join mfa_managers as m
        on m.provider = e.provider
        and m.identity_id = e.identity_id
    where e.is_enabled
        and e.is_human
        and e.enrolment = 'overdue'
        and (s.messages >= $default_messages or r.rises >= 2)
)

select
    provider,
    identity_id,
    user_principal,
    department,
    manager,
    tier,
    grace_deadline as deadline,
    cast(floor((extract(epoch from $as_of) - extract(epoch from grace_deadline)) / 86400) as bigint) as days_overdue,
    messages,
    rises,
    last_message_at,
    has_training,
    has_acknowledgment,
    case
        when not has_training then 'assign_training'
        when not has_acknowledgment then 'ask_manager'
        else 'wait'
    end as next_step
from defaulters
