-- mfa_enforcement_stage
--
-- At which stage of enforcement each account is, by the policy, and what was carried out.
--
-- `stage` is what the policy says at as_of: 1 reminders with a deadline, 2 blocked at low-risk applications, 3 blocked.
-- `carried_out` is the last one in mfa_enforcement_events. A difference is work: behind (the policy is further), ahead (more
-- was done than the policy asks). Report-only is never enforced.
--
-- @area      comply
-- @reads     mfa_enrollment_state, mfa_enforcement_events
-- @grain     one row per enabled account with a stage in either
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @column    provider       VARCHAR     which directory the account is in
-- @column    identity_id    VARCHAR     the provider's id of the identity
-- @column    user_principal VARCHAR     login name, lower case
-- @column    population     VARCHAR     population
-- @column    tier           VARCHAR     tier of the policy
-- @column    wave           VARCHAR     wave of the roll-out
-- @column    department     VARCHAR     department
-- @column    enrolment      VARCHAR     what the policy says of the enrolment
-- @column    decision       VARCHAR     what the policy decides; report_only enforces nothing
-- @column    deadline       TIMESTAMPTZ until when the enrolment may be incomplete
-- @column    stage          BIGINT      stage by the policy; 0 is none
-- @column    carried_out    BIGINT      stage that was carried out; 0 is none
-- @column    carried_out_at TIMESTAMPTZ when
-- @column    standing       VARCHAR     as_planned, behind, ahead, or unknown where the policy cannot decide
-- @example   select stage, standing, count(*) as accounts from mfa_enforcement_stage group by stage, standing order by stage, standing

with

done as (
    select
        provider,
        identity_id,
        event_time,
        to_stage
    from mfa_enforcement_events
    where event_time <= $as_of
    qualify row_number() over (
        partition by provider, identity_id
        order by event_time desc nulls last, event_id desc nulls last
    ) = 1
),

staged as (
    select
        e.provider,
        e.identity_id,
        e.user_principal,
        e.population,
        e.tier,
        e.wave,
        e.department,
        e.enrolment,
        e.decision,
        e.grace_deadline,
        case when e.decision = 'report_only' then 0 else coalesce(e.stage, 0) end as stage,
        coalesce(d.to_stage, 0) as carried_out,
        d.event_time as carried_out_at
    from mfa_enrollment_state as e
    left join done as d
        on d.provider = e.provider
        and d.identity_id = e.identity_id
    where e.is_enabled
)

select
    provider,
    identity_id,
    user_principal,
    population,
    tier,
    wave,
    department,
    enrolment,
    decision,
    grace_deadline as deadline,
    cast(stage as bigint) as stage,
    cast(carried_out as bigint) as carried_out,
    carried_out_at,
    case
        when decision = 'indeterminate' then 'unknown'
        when stage > carried_out then 'behind'
        when stage < carried_out then 'ahead'
        else 'as_planned'
    end as standing
from staged
where stage > 0
    or carried_out > 0
