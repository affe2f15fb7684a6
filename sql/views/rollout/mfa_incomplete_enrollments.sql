-- mfa_incomplete_enrollments
--
-- Who began to enrol and is not done: failed, abandoned and open set-ups, and people with a factor who need more.
--
-- One row per account that is enabled and human, whose tier asks for an enrolment, and that is neither compliant nor excepted.
-- `kind` is the outcome of its last attempt (mfa_enrollment_attempts) unless that was completed; `partial` is an account without such an
-- attempt that has an accepted factor. Who never began is not here but in mfa_gaps. An attempt whose account is not known
-- is a row of its own, with an unknown enrolment. `since` is when the attempt began, of partial ones when the factor was registered.
-- What was done about it since then: the reminder that comes next by mfa_communications, and the fallback, which is a ticket of the help desk
-- about the person, else a bypass code. A message that should have gone out and did not makes the reminder `late`.
--
-- @area      rollout
-- @reads     mfa_enrollment_state, mfa_enrollment_attempts, mfa_communications, mfa_tickets, mfa_bypass_codes
-- @grain     one row per account, and per identity of the log without an account
-- @param     as_of           TIMESTAMPTZ now()  instant it is judged at
-- @column    kind            VARCHAR     failed, abandoned, open or partial
-- @column    provider        VARCHAR     directory of the account, else the log
-- @column    identity_id     VARCHAR     identity_id there
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    population      VARCHAR     population; NULL is unknown
-- @column    department      VARCHAR     department; NULL is unknown
-- @column    region          VARCHAR     region; NULL is unknown
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    tier            VARCHAR     tier of the policy; NULL is unknown
-- @column    enrolment       VARCHAR     in_grace, overdue or unknown
-- @column    missing         VARCHAR[]   reasons of the policy, by name; NULL is unknown
-- @column    since           TIMESTAMPTZ when it began; NULL is unknown
-- @column    last_step_at    TIMESTAMPTZ last step of the last attempt; NULL of partial ones
-- @column    last_step       VARCHAR     the step itself
-- @column    method          VARCHAR     canonical method chosen last; NULL is none known
-- @column    failures        BIGINT      verifications that failed in that attempt
-- @column    failure_reason  VARCHAR     why the last of them failed, as logged
-- @column    tries           BIGINT      attempts of the account that were not completed
-- @column    deadline        TIMESTAMPTZ until when the enrolment may be incomplete; NULL is unknown
-- @column    days_to_deadline BIGINT     whole days left; negative after it
-- @column    reminder        VARCHAR     scheduled, late, none, or unknown without any message on record
-- @column    last_reminder_at TIMESTAMPTZ last message sent about it; NULL is none known
-- @column    next_reminder_at TIMESTAMPTZ next one planned; NULL is none known
-- @column    fallback        VARCHAR     ticket_open, ticket_closed, bypass_code or none
-- @column    ticket_id       VARCHAR     ticket opened last since then
-- @example   select kind, reminder, fallback, count(*) as accounts from mfa_incomplete_enrollments group by kind, reminder, fallback

with

attempts as (
    select
        coalesce(account_provider, provider) as provider,
        coalesce(account_id, identity_id, user_principal) as identity_id,
        account_id is not null as is_known,
        user_principal,
        outcome,
        coalesce(started_at, last_step_at) as since,
        last_step_at,
        last_step,
        method,
        failures,
        failure_reason,
        count(*) filter (where outcome <> 'completed') over (
            partition by coalesce(account_provider, provider), coalesce(account_id, identity_id, user_principal)
        ) as tries,
        row_number() over (
            partition by coalesce(account_provider, provider), coalesce(account_id, identity_id, user_principal)
            order by
                last_step_at desc nulls last,
                case when outcome = 'completed' then 0 else 1 end asc nulls last,
                source asc nulls last,
                method asc nulls last
        ) as from_end
    from mfa_enrollment_attempts
),

unfinished as (
    select
        provider,
        identity_id,
        is_known,
        user_principal,
        outcome,
        since,
        last_step_at,
        last_step,
        method,
        failures,
        failure_reason,
        tries
    from attempts
    where from_end = 1
        and outcome <> 'completed'
),

incomplete as (
    select
        case when u.identity_id is not null then u.outcome else 'partial' end as kind,
        e.provider,
        e.identity_id,
        e.user_principal,
        e.population,
        e.department,
        e.region,
        e.wave,
        e.tier,
        e.enrolment,
        e.reasons,
        case when u.identity_id is not null then u.since else e.first_allowed_at end as since,
        u.last_step_at,
        u.last_step,
        u.method,
        coalesce(u.failures, 0) as failures,
        u.failure_reason,
        coalesce(u.tries, 0) as tries,
        e.grace_deadline
    from (
        select
            provider,
            identity_id,
            user_principal,
            population,
            department,
            region,
            wave,
            tier,
            coalesce(enrolment, 'unknown') as enrolment,
            reasons,
            has_allowed,
            first_allowed_at,
            grace_deadline
        from mfa_enrollment_state
        where is_enabled
            and is_human
            and coalesce(enrolment, 'unknown') in ('in_grace', 'overdue', 'unknown')
    ) as e
    left join unfinished as u
        on u.provider = e.provider
        and u.identity_id = e.identity_id
    where u.identity_id is not null
        or (e.has_allowed and e.enrolment <> 'unknown')
    union all
    select
        outcome as kind,
        provider,
        identity_id,
        user_principal,
        cast(null as varchar) as population,
        cast(null as varchar) as department,
        cast(null as varchar) as region,
        cast(null as varchar) as wave,
        cast(null as varchar) as tier,
        'unknown' as enrolment,
        cast(null as varchar[]) as reasons,
        since,
        last_step_at,
        last_step,
        method,
        failures,
        failure_reason,
        tries,
        cast(null as timestamptz) as grace_deadline
    from unfinished
    where not is_known
),

messages as (
    select
        lower(recipient) as recipient,
        max(case when sent_at <= $as_of then sent_at end) as last_sent_at,
        min(case when planned_at > $as_of and coalesce(sent_at > $as_of, true) then planned_at end) as next_planned_at,
        count(*) filter (where planned_at <= $as_of and coalesce(sent_at > $as_of, true)) as late
    from mfa_communications
    where kind in ('enrolment', 'reminder', 'escalation')
    group by lower(recipient)
),

known_messages as (
    select count(*) as messages
    from mfa_communications
),

tickets as (
    select
        i.provider,
        i.identity_id,
        t.ticket_id,
        coalesce(t.closed_at > $as_of, true) as is_open,
        row_number() over (
            partition by i.provider, i.identity_id
            order by t.opened_at desc nulls last, t.ticket_id asc nulls last
        ) as from_end
    from incomplete as i
    inner join mfa_tickets as t
        on lower(t.user_principal) = i.user_principal
    where t.opened_at >= i.since
        and t.opened_at <= $as_of
),

codes as (
    select
        i.provider,
        i.identity_id,
        count(*) as codes
    from incomplete as i
    inner join mfa_bypass_codes as b
        on b.provider = i.provider
        and b.identity_id = i.identity_id
    where b.created_at >= i.since
        and b.created_at <= $as_of
    group by
        i.provider,
        i.identity_id
)

select
    i.kind,
    i.provider,
    i.identity_id,
    i.user_principal,
    i.population,
    i.department,
    i.region,
    i.wave,
    i.tier,
    i.enrolment,
    i.reasons as missing,
    i.since,
    i.last_step_at,
    i.last_step,
    i.method,
    i.failures,
    i.failure_reason,
    i.tries,
    i.grace_deadline as deadline,
    cast(floor((extract(epoch from i.grace_deadline) - extract(epoch from $as_of)) / 86400) as bigint) as days_to_deadline,
    case
        when m.late > 0 then 'late'
        when m.next_planned_at is not null then 'scheduled'
        when k.messages = 0 then 'unknown'
        else 'none'
    end as reminder,
    m.last_sent_at as last_reminder_at,
    m.next_planned_at as next_reminder_at,
    case
        when t.is_open then 'ticket_open'
        when t.ticket_id is not null then 'ticket_closed'
        when c.codes > 0 then 'bypass_code'
        else 'none'
    end as fallback,
    t.ticket_id
from incomplete as i
cross join known_messages as k
left join messages as m
    on m.recipient = i.user_principal
left join (select provider, identity_id, ticket_id, is_open from tickets where from_end = 1) as t
    on t.provider = i.provider
    and t.identity_id = i.identity_id
left join codes as c
    on c.provider = i.provider
    and c.identity_id = i.identity_id
