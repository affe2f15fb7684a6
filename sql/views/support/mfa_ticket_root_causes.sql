-- mfa_ticket_root_causes
--
-- What people ask the help desk about MFA, week by week, and how far that was from a cutover.
--
-- Each ticket is held against the cutover nearest to its opening, before or after, of any wave of the policy in force:
-- weeks_from_cutover 0 is the week that begins with it, -1 the one before. `wave` is the person's own, by the login name. The
-- region is the ticket's, else the person's. A ticket without a root cause is `unknown`. tickets = closed + open; repeated ones
-- are of somebody who had asked with the same root cause before.
--
-- @area      support
-- @reads     mfa_tickets, mfa_enrollment_state, mfa_policy_in_force
-- @grain     one row per ISO week, root_cause, method, region, wave, cutover_wave, weeks_from_cutover
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @column    week            DATE    Monday of the ISO week in which it was opened, UTC
-- @column    root_cause      VARCHAR lost_device, new_device, totp_drift, push_fatigue, hardware_key, enrolment, locked_out, policy, other or unknown
-- @column    method          VARCHAR canonical method it is about; NULL is none or unknown
-- @column    region          VARCHAR region; NULL is unknown
-- @column    wave            VARCHAR wave of the person; NULL is none or unknown
-- @column    cutover_wave    VARCHAR wave whose cutover is nearest; NULL is none, or that of those who are in no wave
-- @column    cutover_at      TIMESTAMPTZ that cutover; NULL is none
-- @column    weeks_from_cutover BIGINT whole weeks from it; negative before it
-- @column    tickets         BIGINT  tickets opened
-- @column    closed          BIGINT  of them, closed
-- @column    open            BIGINT  of them, open
-- @column    urgent          BIGINT  of them, of high or urgent priority
-- @column    repeated        BIGINT  of them, again by the same person for the same reason
-- @column    no_account      BIGINT  of them, by a login that no account has, or without one
-- @column    timed           BIGINT  of the closed ones, whose time to solution is known
-- @column    seconds         BIGINT  their time, in all
-- @example   select root_cause, weeks_from_cutover, sum(tickets) as tickets from mfa_ticket_root_causes group by root_cause, weeks_from_cutover

with

cutovers as (
    select
        w.wave.wave as wave,
        w.wave.enforce_from as enforce_from
    from (select unnest(mfa_policy_waves(document)) as wave from mfa_policy_in_force) as w
    where w.wave.enforce_from is not null
),

logins as (
    select
        user_principal,
        wave,
        region
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

tickets as (
    select
        row_number() over (order by opened_at asc nulls last, ticket_id asc nulls last) as ticket,
        cast(opened_at as timestamptz) as asked_at,
        case when closed_at <= $as_of then cast(closed_at as timestamptz) end as solved_at,
        lower(user_principal) as login,
        coalesce(lower(root_cause), 'unknown') as cause,
        method,
        region,
        priority,
        row_number() over (
            partition by lower(user_principal), coalesce(lower(root_cause), 'unknown')
            order by opened_at asc nulls last, ticket_id asc nulls last
        ) as turn
    from mfa_tickets
    where opened_at <= $as_of
),

nearest as (
    select
        t.ticket,
        c.wave,
        c.enforce_from,
        cast(floor((extract(epoch from t.asked_at) - extract(epoch from c.enforce_from)) / 604800) as bigint) as weeks_from_cutover
    from tickets as t
    cross join cutovers as c
    qualify row_number() over (
        partition by t.ticket
        order by
            abs(extract(epoch from t.asked_at) - extract(epoch from c.enforce_from)) asc nulls last,
            c.enforce_from asc nulls last,
            c.wave asc nulls last
    ) = 1
)

select
    cast(date_trunc('week', t.asked_at at time zone 'UTC') as date) as week,
    t.cause as root_cause,
    t.method,
    coalesce(t.region, l.region) as region,
    l.wave,
    n.wave as cutover_wave,
    n.enforce_from as cutover_at,
    n.weeks_from_cutover,
    count(*) as tickets,
    count(t.solved_at) as closed,
    count(*) filter (where t.solved_at is null) as open,
    count(*) filter (where t.priority in ('high', 'urgent')) as urgent,
    count(*) filter (where t.turn > 1 and t.login is not null) as repeated,
    count(*) filter (where l.user_principal is null) as no_account,
    count(*) filter (where t.solved_at >= t.asked_at) as timed,
    cast(coalesce(sum(
        case when t.solved_at >= t.asked_at then floor(extract(epoch from t.solved_at) - extract(epoch from t.asked_at)) end
    ), 0) as bigint) as seconds
from tickets as t
left join nearest as n
    on n.ticket = t.ticket
left join logins as l
    on l.user_principal = t.login
group by
    cast(date_trunc('week', t.asked_at at time zone 'UTC') as date),
    t.cause,
    t.method,
    coalesce(t.region, l.region),
    l.wave,
    n.wave,
    n.enforce_from,
    n.weeks_from_cutover
