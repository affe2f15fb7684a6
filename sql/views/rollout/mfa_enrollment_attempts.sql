-- mfa_enrollment_attempts
--
-- Every attempt to set up a method: when it began, how it ended, how long it took and why it failed.
--
-- The steps come from the provider's log (mfa_factor_events) and from a portal or a campaign (mfa_enrollment_events); where both
-- log the same set-up it is in both sources, so count within one. The steps of one correlation_id are one attempt; without one
-- a new attempt begins with a step after `setup_gap_hours` of silence, or where an ended one is started again.
-- An attempt is completed, abandoned or failed when that is its last step, else open. Being invited is no attempt.
-- Whose it is: the account of the identity id, else of the login name, of several a privileged one, then an enabled one.
--
-- @area      rollout
-- @reads     mfa_factor_events, mfa_enrollment_events, mfa_accounts
-- @grain     one row per source and attempt
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     setup_gap_hours INTEGER     24     hours of silence after which it is another attempt
-- @column    source          VARCHAR     provider or portal
-- @column    provider        VARCHAR     provider the person enrols at
-- @column    identity_id     VARCHAR     the id of the identity in the log
-- @column    user_principal  VARCHAR     login name in the log, lower case
-- @column    account_provider VARCHAR    directory of the account; NULL is none found
-- @column    account_id      VARCHAR     identity_id of the account there
-- @column    started_at      TIMESTAMPTZ when it was started; NULL when no step says so
-- @column    last_step_at    TIMESTAMPTZ its last step
-- @column    last_step       VARCHAR     the step itself
-- @column    completed_at    TIMESTAMPTZ when it was first completed; NULL is not
-- @column    outcome         VARCHAR     completed, failed, abandoned or open
-- @column    method          VARCHAR     canonical method chosen last; NULL is none known
-- @column    failures        BIGINT      verifications that failed, of completed attempts too
-- @column    failure_reason  VARCHAR     why the last of them failed, as logged
-- @column    seconds         BIGINT      from start to completion; NULL when either is unknown
-- @example   select outcome, count(*) as attempts, sum(failures) as failures from mfa_enrollment_attempts group by outcome

with

steps as (
    select
        'provider' as source,
        provider,
        identity_id,
        lower(user_principal) as user_principal,
        cast(event_time as timestamptz) as event_time,
        nullif(correlation_id, '') as correlation_id,
        case
            when event_type = 'completed' and outcome = 'failure' then 'verify_failed'
            else event_type
        end as step,
        method,
        coalesce(failure_reason_raw, failure_code) as failure_reason
    from mfa_factor_events
    where event_type in ('started', 'method_selected', 'verify_failed', 'completed', 'abandoned')
    union all
    select
        'portal' as source,
        provider,
        identity_id,
        lower(user_principal) as user_principal,
        cast(event_time as timestamptz) as event_time,
        cast(null as varchar) as correlation_id,
        step,
        method,
        failure_reason
    from mfa_enrollment_events
    where step in ('started', 'method_selected', 'verify_failed', 'factor_1', 'factor_2', 'recovery', 'completed', 'abandoned')
),

placed as (
    select
        source,
        provider,
        coalesce(identity_id, user_principal) as who,
        identity_id,
        user_principal,
        event_time,
        correlation_id,
        step,
        case step
            when 'started' then 1
            when 'method_selected' then 2
            when 'verify_failed' then 3
            when 'factor_1' then 4
            when 'factor_2' then 5
            when 'recovery' then 6
            when 'abandoned' then 7
            else 8
        end as place,
        method,
        failure_reason
    from steps
    where event_time <= $as_of
        and coalesce(identity_id, user_principal) is not null
),

preceded as (
    select
        source,
        provider,
        who,
        identity_id,
        user_principal,
        event_time,
        correlation_id,
        step,
        place,
        method,
        failure_reason,
        lag(event_time) over turn as previous_time,
        lag(step) over turn as previous_step
    from placed
    window turn as (
        partition by source, provider, who, correlation_id
        order by event_time asc nulls first, place asc nulls first
    )
),

numbered as (
    select
        source,
        provider,
        who,
        identity_id,
        user_principal,
        event_time,
        correlation_id,
        step,
        place,
        method,
        failure_reason,
        sum(
            case
                when correlation_id is not null then 0
                when previous_time is null then 1
                when event_time > previous_time + ($setup_gap_hours || ' hours')::interval then 1
                when step = 'started' and previous_step in ('completed', 'abandoned') then 1
                else 0
            end
        ) over (
            partition by source, provider, who, correlation_id
            order by event_time asc nulls first, place asc nulls first
            rows between unbounded preceding and current row
        ) as run
    from preceded
),

-- counted from the end of each attempt: the last step, the last method named and the last failure
turned as (
    select
        source,
        provider,
        who,
        identity_id,
        user_principal,
        event_time,
        correlation_id,
        run,
        step,
        method,
        failure_reason,
        row_number() over (
            partition by source, provider, who, correlation_id, run
            order by event_time desc nulls last, place desc nulls last
        ) as from_end,
        row_number() over (
            partition by source, provider, who, correlation_id, run
            order by
                case when method is not null then 0 else 1 end asc nulls last,
                event_time desc nulls last,
                place desc nulls last,
                method asc nulls last
        ) as method_from_end,
        row_number() over (
            partition by source, provider, who, correlation_id, run
            order by
                case when step = 'verify_failed' then 0 else 1 end asc nulls last,
                event_time desc nulls last,
                failure_reason asc nulls last
        ) as failure_from_end
    from numbered
),

attempts as (
    select
        source,
        provider,
        max(identity_id) as identity_id,
        max(user_principal) as user_principal,
        min(event_time) filter (where step = 'started') as started_at,
        max(event_time) as last_step_at,
        max(step) filter (where from_end = 1) as last_step,
        min(event_time) filter (where step = 'completed') as completed_at,
        max(method) filter (where method_from_end = 1) as method,
        count(*) filter (where step = 'verify_failed') as failures,
        max(failure_reason) filter (where failure_from_end = 1 and step = 'verify_failed') as failure_reason
    from turned
    group by
        source,
        provider,
        who,
        correlation_id,
        run
),

logins as (
    select
        user_principal,
        provider,
        identity_id
    from mfa_accounts
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

found as (
    select
        t.source,
        t.provider,
        t.identity_id,
        t.user_principal,
        a.provider as account_provider,
        a.identity_id as account_id,
        case when a.identity_id is null then t.user_principal end as login,
        t.started_at,
        t.last_step_at,
        t.last_step,
        t.completed_at,
        t.method,
        t.failures,
        t.failure_reason
    from attempts as t
    left join mfa_accounts as a
        on a.provider = t.provider
        and a.identity_id = t.identity_id
)

select
    f.source,
    f.provider,
    f.identity_id,
    f.user_principal,
    coalesce(f.account_provider, l.provider) as account_provider,
    coalesce(f.account_id, l.identity_id) as account_id,
    f.started_at,
    f.last_step_at,
    f.last_step,
    f.completed_at,
    case f.last_step
        when 'completed' then 'completed'
        when 'verify_failed' then 'failed'
        when 'abandoned' then 'abandoned'
        else 'open'
    end as outcome,
    f.method,
    f.failures,
    f.failure_reason,
    cast(floor(extract(epoch from f.completed_at) - extract(epoch from f.started_at)) as bigint) as seconds
from found as f
left join logins as l
    on l.user_principal = f.login
