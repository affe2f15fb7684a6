-- mfa_legacy_residual
--
-- What is left of legacy protocols: per protocol, application and account, and whether it is going away.
--
-- Sign-ins that went through in the last `gap_window_days` beside those of as many days before. `trend` is gone (none any
-- more), falling (under half), steady, rising (over twice) or new.
--
-- @area      hardening
-- @reads     mfa_signins
-- @grain     one row per provider, protocol, application and identity with such a sign-in in either span
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @param     gap_window_days        INTEGER     30     days of sign-ins before it
-- @column    provider        VARCHAR     which log it comes from
-- @column    protocol        VARCHAR     protocol, else the client's name
-- @column    app_id          VARCHAR     application
-- @column    app_name        VARCHAR     its name
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    signins         BIGINT      in the last days
-- @column    earlier_signins BIGINT      in as many days before
-- @column    failed_signins  BIGINT      attempts of the last days that did not go through
-- @column    last_seen       TIMESTAMPTZ last one that went through
-- @column    trend           VARCHAR     gone, falling, steady, rising or new
-- @example   select protocol, trend, count(*) as accounts, sum(signins) as signins from mfa_legacy_residual group by protocol, trend order by signins desc nulls last

with

attempts as (
    select
        provider,
        coalesce(protocol, client_app_raw) as protocol,
        app_id,
        app_name,
        identity_id,
        user_principal,
        event_time,
        outcome,
        event_time > $as_of - ($gap_window_days * 24 || ' hours')::interval as is_recent
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - (2 * $gap_window_days * 24 || ' hours')::interval
        and (
            is_legacy_auth
            or surface = 'legacy_protocol'
            or protocol in ('imap', 'pop', 'smtp_auth', 'basic_auth', 'ropc')
        )
),

counts as (
    select
        provider,
        protocol,
        app_id,
        max(app_name) as app_name,
        identity_id,
        max(user_principal) as user_principal,
        count(*) filter (where outcome = 'success' and is_recent) as signins,
        count(*) filter (where outcome = 'success' and not is_recent) as earlier_signins,
        count(*) filter (where outcome = 'failure' and is_recent) as failed_signins,
        max(event_time) filter (where outcome = 'success') as last_seen
    from attempts
    group by
        provider,
        protocol,
        app_id,
        identity_id
)

select
    provider,
    protocol,
    app_id,
    app_name,
    identity_id,
    user_principal,
    signins,
    earlier_signins,
    failed_signins,
    last_seen,
    case
        when signins = 0 then 'gone'
        when earlier_signins = 0 then 'new'
        when 2 * signins < earlier_signins then 'falling'
        when signins > 2 * earlier_signins then 'rising'
        else 'steady'
    end as trend
from counts
where signins > 0
    or earlier_signins > 0
