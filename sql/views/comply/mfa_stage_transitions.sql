-- mfa_stage_transitions
--
-- The log of enforcement: every stage an account was moved to, how long it was in the one before, and what is odd about it.
--
-- `oddity` is skipped_stage (moved up by more than one), no_actor, lifted_without_exception (taken back without an exception
-- or an enrolment to explain it) or out_of_order (does not begin where the last one ended); NULL is none.
--
-- @area      comply
-- @reads     mfa_enforcement_events
-- @grain     one row per event
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @column    event_id       VARCHAR     id of the event
-- @column    event_time     TIMESTAMPTZ when it was carried out
-- @column    provider       VARCHAR     which directory the account is in
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    user_principal VARCHAR     login name, lower case
-- @column    from_stage     BIGINT      stage before; 0 is none
-- @column    to_stage       BIGINT      stage after
-- @column    effect         VARCHAR     remind, limit, block or lift
-- @column    reason         VARCHAR     why
-- @column    actor          VARCHAR     who did it
-- @column    exception_id   VARCHAR     exception it rests on
-- @column    days_in_stage  DOUBLE      days since the event before; NULL for the first
-- @column    oddity         VARCHAR     what is odd; NULL is nothing
-- @example   select to_stage, oddity, count(*) as events from mfa_stage_transitions group by to_stage, oddity order by to_stage

with

events as (
    select
        event_id,
        event_time,
        provider,
        identity_id,
        user_principal,
        coalesce(from_stage, 0) as from_stage,
        to_stage,
        effect,
        reason,
        actor,
        exception_id,
        lag(event_time) over turn as earlier_time,
        lag(to_stage) over turn as earlier_stage
    from mfa_enforcement_events
    where event_time <= $as_of
    window turn as (
        partition by provider, identity_id
        order by event_time asc nulls first, event_id asc nulls first
    )
)

select
    event_id,
    event_time,
    provider,
    identity_id,
    user_principal,
    cast(from_stage as bigint) as from_stage,
    cast(to_stage as bigint) as to_stage,
    effect,
    reason,
    actor,
    exception_id,
    (extract(epoch from event_time) - extract(epoch from earlier_time)) / 86400.0 as days_in_stage,
    case
        when earlier_stage <> from_stage then 'out_of_order'
        when to_stage > from_stage + 1 then 'skipped_stage'
        when to_stage < from_stage and exception_id is null and lower(coalesce(reason, '')) not like '%enrol%' and lower(coalesce(reason, '')) not like '%compliant%'
            then 'lifted_without_exception'
        when actor is null then 'no_actor'
    end as oddity
from events
