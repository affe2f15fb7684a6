-- mfa_change_plan
--
-- The communication about MFA: what was planned for which audience, what went out, was opened, or is late.
--
-- Counts messages to recipients: recipients = sent + late_unsent + not_yet_due + unplanned. A message is due when its time has
-- come; sent late is more than `late_hours` after it. What is due and not sent is `late_unsent`, what has neither a time nor was sent `unplanned`.
-- Opening is only known where the channel tells, so opened_messages is what is known, never all that was read.
-- `wave` is that of the recipient's account, of several a privileged one, then an enabled one: held against the cutover in
-- mfa_waves it says who was told too late.
--
-- @area      rollout
-- @reads     mfa_communications, mfa_enrollment_state
-- @grain     one row per planned day, audience, wave, kind, channel, message_id, material_id
-- @param     as_of           TIMESTAMPTZ now()  instant it is judged at
-- @param     late_hours      INTEGER     24     hours after which a message went out late
-- @column    planned_day     DATE        UTC; NULL is not planned
-- @column    audience        VARCHAR     audience it was written for
-- @column    wave            VARCHAR     wave of the recipients; NULL is none or unknown
-- @column    kind            VARCHAR     announcement, enrolment, reminder, escalation or cutover
-- @column    channel         VARCHAR     mail, chat, portal or letter
-- @column    message_id      VARCHAR     id of the message
-- @column    material_id     VARCHAR     material it points to; NULL is none
-- @column    recipients      BIGINT      recipients
-- @column    known_recipients BIGINT     of them, with an account
-- @column    due             BIGINT      of them, whose time has come
-- @column    sent            BIGINT      of them, to whom it went out
-- @column    sent_late       BIGINT      of the sent ones, after its time
-- @column    late_unsent     BIGINT      of the due ones, to whom it did not go out
-- @column    not_yet_due     BIGINT      not sent, and planned for later
-- @column    unplanned       BIGINT      not sent, and not planned
-- @column    opened          BIGINT      of the sent ones, known to have been opened
-- @column    manager_copied  BIGINT      of the sent ones, with the manager in copy
-- @example   select audience, kind, sum(sent) as sent, sum(opened) as opened, sum(late_unsent) as late from mfa_change_plan group by audience, kind

with

accounts as (
    select
        user_principal,
        wave
    from mfa_enrollment_state
    where user_principal is not null
    qualify row_number() over (
        partition by user_principal
        order by
            case when is_privileged then 0 else 1 end asc nulls last,
            case when is_enabled then 0 else 1 end asc nulls last,
            provider asc nulls last,
            identity_id asc nulls last
    ) = 1
),

messages as (
    select
        lower(recipient) as addressee,
        audience,
        kind,
        channel,
        message_id,
        material_id,
        cast(planned_at as timestamptz) as due_at,
        case when sent_at <= $as_of then cast(sent_at as timestamptz) end as gone_at,
        coalesce(opened_at <= $as_of, false) as is_opened,
        coalesce(manager_copied, false) as is_copied
    from mfa_communications
)

select
    cast(m.due_at at time zone 'UTC' as date) as planned_day,
    m.audience,
    a.wave,
    m.kind,
    m.channel,
    m.message_id,
    m.material_id,
    count(*) as recipients,
    count(a.user_principal) as known_recipients,
    count(*) filter (where m.due_at <= $as_of) as due,
    count(m.gone_at) as sent,
    count(*) filter (where m.gone_at > m.due_at + ($late_hours || ' hours')::interval) as sent_late,
    count(*) filter (where m.gone_at is null and m.due_at <= $as_of) as late_unsent,
    count(*) filter (where m.gone_at is null and m.due_at > $as_of) as not_yet_due,
    count(*) filter (where m.gone_at is null and m.due_at is null) as unplanned,
    count(*) filter (where m.gone_at is not null and m.is_opened) as opened,
    count(*) filter (where m.gone_at is not null and m.is_copied) as manager_copied
from messages as m
left join accounts as a
    on a.user_principal = m.addressee
group by
    cast(m.due_at at time zone 'UTC' as date),
    m.audience,
    a.wave,
    m.kind,
    m.channel,
    m.message_id,
    m.material_id
