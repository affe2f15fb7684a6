-- mfa_prompt_stats
--
-- The just-in-time prompts to enrol: shown, snoozed, completed.
--
-- shown = completed + snoozed + dismissed + ignored + unknown. A prompt is completed when it says so, or when it led to a
-- registration; one that came later than as_of has not happened yet. `repeated` are prompts to somebody who had been shown one before, at any
-- application; `followed` are those after which the account has an accepted factor, registered within `prompt_days`, whatever the prompt says:
-- the two differ where people register elsewhere, and where a prompt counts itself done too early.
--
-- @area      rollout
-- @reads     mfa_prompts, mfa_enrollment_state
-- @grain     one row per day, provider, app_id, population, department, region, wave
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     prompt_days     INTEGER     7      days after a prompt in which a registration follows it
-- @column    day             DATE        UTC, on which it was shown
-- @column    provider        VARCHAR     provider that showed it
-- @column    app_id          VARCHAR     application it was shown at
-- @column    population      VARCHAR     population; NULL is unknown
-- @column    department      VARCHAR     department; NULL is unknown
-- @column    region          VARCHAR     region; NULL is unknown
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none or unknown
-- @column    shown           BIGINT      prompts shown
-- @column    completed       BIGINT      of them, that led to a registration
-- @column    snoozed         BIGINT      of them, put off
-- @column    dismissed       BIGINT      of them, closed
-- @column    ignored         BIGINT      of them, left without an answer
-- @column    unknown         BIGINT      of them, of which nobody knows
-- @column    repeated        BIGINT      of them, to somebody who had been shown one before
-- @column    followed        BIGINT      of them, followed by the first accepted factor
-- @column    snoozed_until_later BIGINT  of the snoozed ones, still put off
-- @column    timed           BIGINT      of the completed ones, whose time to completion is known
-- @column    seconds         BIGINT      their time, in all
-- @example   select wave, sum(completed) * 1.0 / nullif(sum(shown), 0) as share from mfa_prompt_stats group by wave

with

prompts as (
    select
        prompt_id,
        provider,
        coalesce(identity_id, lower(user_principal)) as who,
        identity_id,
        lower(user_principal) as login,
        cast(shown_at as timestamptz) as prompted_at,
        app_id,
        case
            when outcome = 'completed' or completed_at <= $as_of then 'completed'
            when outcome in ('snoozed', 'dismissed', 'ignored') then outcome
            else 'unknown'
        end as ending,
        case when completed_at <= $as_of then cast(completed_at as timestamptz) end as ended_at,
        cast(snoozed_until as timestamptz) as put_off_until
    from mfa_prompts
    where shown_at <= $as_of
),

numbered as (
    select
        provider,
        who,
        identity_id,
        login,
        prompted_at,
        app_id,
        ending,
        ended_at,
        put_off_until,
        row_number() over (
            partition by provider, who
            order by prompted_at asc nulls last, prompt_id asc nulls last
        ) as turn
    from prompts
),

logins as (
    select
        user_principal,
        provider,
        identity_id
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

placed as (
    select
        n.provider,
        n.who,
        n.prompted_at,
        n.app_id,
        n.ending,
        n.ended_at,
        n.put_off_until,
        n.turn,
        coalesce(e.provider, l.provider) as account_provider,
        coalesce(e.identity_id, l.identity_id) as account_id
    from numbered as n
    left join mfa_enrollment_state as e
        on e.provider = n.provider
        and e.identity_id = n.identity_id
    left join logins as l
        on l.user_principal = n.login
)

select
    cast(p.prompted_at at time zone 'UTC' as date) as day,
    p.provider,
    p.app_id,
    e.population,
    e.department,
    e.region,
    e.wave,
    count(*) as shown,
    count(*) filter (where p.ending = 'completed') as completed,
    count(*) filter (where p.ending = 'snoozed') as snoozed,
    count(*) filter (where p.ending = 'dismissed') as dismissed,
    count(*) filter (where p.ending = 'ignored') as ignored,
    count(*) filter (where p.ending = 'unknown') as unknown,
    count(*) filter (where p.turn > 1 and p.who is not null) as repeated,
    count(*) filter (
        where e.first_allowed_at >= p.prompted_at
            and e.first_allowed_at < p.prompted_at + ($prompt_days * 24 || ' hours')::interval
    ) as followed,
    count(*) filter (where p.ending = 'snoozed' and p.put_off_until > $as_of) as snoozed_until_later,
    count(*) filter (where p.ending = 'completed' and p.ended_at >= p.prompted_at) as timed,
    cast(coalesce(sum(
        case
            when p.ending = 'completed' and p.ended_at >= p.prompted_at
                then floor(extract(epoch from p.ended_at) - extract(epoch from p.prompted_at))
        end
    ), 0) as bigint) as seconds
from placed as p
left join mfa_enrollment_state as e
    on e.provider = p.account_provider
    and e.identity_id = p.account_id
group by
    cast(p.prompted_at at time zone 'UTC' as date),
    p.provider,
    p.app_id,
    e.population,
    e.department,
    e.region,
    e.wave
