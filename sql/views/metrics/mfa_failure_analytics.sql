-- mfa_failure_analytics
--
-- Why attempts fail: by category, code, method, application and day.
--
-- Failed attempts, and those given up at a challenge; interrupts that lead to a success are none. `retried_signins` are
-- those after which the same identity got in within an hour: the rest are people who stayed out, the drop-off. Additive over
-- all columns.
--
-- @area      metrics
-- @reads     mfa_signins
-- @grain     one row per day, provider, application, method, category and code
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days        INTEGER     30     days of sign-ins before it
-- @column    day              DATE        UTC
-- @column    provider         VARCHAR     which log it comes from
-- @column    app_id           VARCHAR     application
-- @column    app_name         VARCHAR     its name
-- @column    method           VARCHAR     second factor; NULL is none or unknown
-- @column    failure_category VARCHAR     bad_credentials, mfa_denied, mfa_timeout, mfa_failed, …; NULL is unknown
-- @column    failure_code     VARCHAR     the provider's code
-- @column    failed_signins   BIGINT      attempts that failed
-- @column    retried_signins  BIGINT      of them, followed by a success within an hour
-- @column    dropped_signins  BIGINT      of them, not
-- @example   select failure_category, method, sum(failed_signins) as failures, sum(dropped_signins) as dropped from mfa_failure_analytics group by failure_category, method order by failures desc nulls last

with

attempts as (
    select
        event_time,
        cast(event_time at time zone 'UTC' as date) as day,
        provider,
        app_id,
        app_name,
        second_factor,
        failure_category,
        failure_code,
        outcome,
        -- the next success; what comes at the same instant is not next
        min(case when outcome = 'success' then event_time end) over (
            partition by provider, coalesce(identity_id, user_principal)
            order by event_time asc nulls first
            range between interval '1 microsecond' following and interval '1 hour' following
        ) as success_at
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($gap_window_days * 24 || ' hours')::interval
        and coalesce(event_kind, 'combined') in ('primary', 'second_factor', 'combined', 'sso')
)

select
    day,
    provider,
    app_id,
    max(app_name) as app_name,
    second_factor as method,
    failure_category,
    failure_code,
    count(*) as failed_signins,
    count(success_at) as retried_signins,
    count(*) - count(success_at) as dropped_signins
from attempts
where outcome = 'failure'
group by
    day,
    provider,
    app_id,
    second_factor,
    failure_category,
    failure_code
