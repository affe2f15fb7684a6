-- mfa_nudges_due
--
-- Whom to write to today: enrolment, reminder, escalation with the manager in copy.
--
-- Enabled people who are in grace or overdue and whom enrolling would help. One message a day at most: an `enrolment` first;
-- a `reminder` every `reminder_days` after the last message; an `escalation`, with the manager in copy, once the grace is
-- over or `escalation_days` after the first message. Whoever was written to less than `reminder_days` ago gets none.
-- `due_id` is made of person, day and template: the same message has the same id however often it is asked for.
--
-- @area      comply
-- @reads     mfa_enrollment_state, mfa_managers, mfa_communications
-- @grain     one row per account that is due a message on the day of as_of
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     reminder_days          INTEGER     7      days between messages
-- @param     escalation_days        INTEGER     14     days after the first message from which the manager is in copy
-- @column    due_id          VARCHAR     stable id of the message
-- @column    day             DATE        day it is due, UTC
-- @column    provider        VARCHAR     which directory the account is in
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    template        VARCHAR     enrolment, reminder or escalation
-- @column    channel         VARCHAR     mail, or portal where there is no login name with an address
-- @column    manager         VARCHAR     whom to copy; NULL is nobody
-- @column    tier            VARCHAR     tier of the policy
-- @column    wave            VARCHAR     wave of the roll-out
-- @column    department      VARCHAR     department
-- @column    region          VARCHAR     region
-- @column    enrolment       VARCHAR     in_grace or overdue
-- @column    deadline        TIMESTAMPTZ until when the enrolment may be incomplete; NULL is unknown
-- @column    allowed_methods VARCHAR[]   what the tier accepts
-- @column    messages_sent   BIGINT      messages that were sent to the person before
-- @column    last_sent_at    TIMESTAMPTZ last of them
-- @example   select template, count(*) as messages from mfa_nudges_due group by template order by template

with

people as (
    select
        provider,
        identity_id,
        user_principal,
        tier,
        wave,
        department,
        region,
        enrolment,
        grace_deadline,
        allowed_methods
    from mfa_enrollment_state
    where is_enabled
        and is_human
        and population not in ('break_glass', 'shared')
        and enrolment in ('in_grace', 'overdue')
),

sent as (
    select
        lower(recipient) as recipient,
        count(*) as messages_sent,
        min(sent_at) as first_sent_at,
        max(sent_at) as last_sent_at
    from mfa_communications
    where kind in ('enrolment', 'reminder', 'escalation')
        and sent_at <= $as_of
    group by lower(recipient)
),

judged as (
    select
        p.provider,
        p.identity_id,
        p.user_principal,
        p.tier,
        p.wave,
        p.department,
        p.region,
        p.enrolment,
        p.grace_deadline,
        p.allowed_methods,
        m.manager,
        coalesce(s.messages_sent, 0) as messages_sent,
        s.last_sent_at,
        case
            when s.messages_sent is null then 'enrolment'
            when p.enrolment = 'overdue' or s.first_sent_at <= $as_of - ($escalation_days * 24 || ' hours')::interval then 'escalation'
            else 'reminder'
        end as template
    from people as p
    left join mfa_managers as m
        on m.provider = p.provider
        and m.identity_id = p.identity_id
    left join sent as s
        on s.recipient = p.user_principal
)

select
    md5(coalesce(user_principal, provider || ':' || identity_id) || '|' || cast(cast($as_of at time zone 'UTC' as date) as varchar) || '|' || template) as due_id,
    cast($as_of at time zone 'UTC' as date) as day,
    provider,
    identity_id,
    user_principal,
    template,
    case when user_principal like '%_@_%' then 'mail' else 'portal' end as channel,
    case when template = 'escalation' then manager end as manager,
    tier,
    wave,
    department,
    region,
    enrolment,
    grace_deadline as deadline,
    allowed_methods,
    messages_sent,
    last_sent_at
from judged
where coalesce(last_sent_at <= $as_of - ($reminder_days * 24 || ' hours')::interval, true)
-- one message to a person, whatever accounts they have
qualify row_number() over (
    partition by coalesce(user_principal, provider || ':' || identity_id)
    order by case when enrolment = 'overdue' then 0 else 1 end asc nulls last, provider asc nulls last, identity_id asc nulls last
) = 1
