-- mfa_report_only_impact
--
-- What the provider's report-only policies would have done to the sign-ins of late.
--
-- From what the log says of each policy at each sign-in, nothing is replayed. Only results of policies that were in report-only
-- mode count, and none of them kept anybody out: a sign-in here is never counted as enforced or protected.
-- signins = would_pass + would_interrupt + would_block + not_applied + unknown. A sign-in that two policies judged is on the
-- rows of both, so add up within a policy. `identities` counts each identity once per policy, on the row of its worst
-- result; whoever cannot be told apart, without an id and a login, is in no such count.
-- The policy of mfa itself, replayed over history, is mfa_enforcement_impact.
--
-- @area      rollout
-- @reads     mfa_signins, mfa_accounts
-- @grain     one row per day, provider, policy_id, app_id, population, department, region
-- @param     as_of           TIMESTAMPTZ now()  last instant counted
-- @param     impact_days     INTEGER     14     days of sign-ins before it
-- @column    day             DATE        UTC
-- @column    provider        VARCHAR     which log it comes from
-- @column    policy_id       VARCHAR     the provider's id of the report-only policy
-- @column    policy_name     VARCHAR     its name
-- @column    app_id          VARCHAR     the provider's id of the application
-- @column    app_name        VARCHAR     name of the application
-- @column    population      VARCHAR     of the account, else what the log suggests, else unknown
-- @column    department      VARCHAR     department; NULL is unknown
-- @column    region          VARCHAR     region; NULL is unknown
-- @column    signins         BIGINT      sign-ins that the policy looked at
-- @column    would_pass      BIGINT      of them, that meet it
-- @column    would_interrupt BIGINT      of them, that would have been asked for more
-- @column    would_block     BIGINT      of them, that would have failed it
-- @column    not_applied     BIGINT      of them, that it does not hold for
-- @column    unknown         BIGINT      of them, where the log does not say
-- @column    would_lose      BIGINT      of would_block, that went through as things are
-- @column    identities      BIGINT      identities, each once per policy
-- @column    interrupted_identities BIGINT of them, asked for more at worst
-- @column    blocked_identities BIGINT   of them, with a sign-in that would have failed
-- @example   select policy_name, sum(would_block) as would_block, sum(blocked_identities) as people from mfa_report_only_impact group by policy_name

with

judged as (
    select
        event_time,
        provider,
        event_id,
        identity_id,
        user_principal,
        coalesce(nullif(lower(population_hint), 'unknown'), case when is_guest then 'guest' end) as hinted_population,
        app_id,
        app_name,
        outcome,
        unnest(policy_results) as policy
    from mfa_signins
    where event_time <= $as_of
        and event_time > $as_of - ($impact_days * 24 || ' hours')::interval
),

results as (
    select
        event_time,
        provider,
        event_id,
        identity_id,
        coalesce(identity_id, user_principal) as who,
        hinted_population,
        app_id,
        app_name,
        outcome,
        policy.policy_id as policy_id,
        policy.name as policy_name,
        case lower(policy.result)
            when 'reportonlysuccess' then 1
            when 'success' then 1
            when 'reportonlyinterrupted' then 2
            when 'interrupted' then 2
            when 'reportonlyfailure' then 3
            when 'failure' then 3
            when 'reportonlynotapplied' then 0
            when 'notapplied' then 0
            when 'not_applied' then 0
            else -1
        end as severity
    from judged
    where policy.is_report_only
),

ranked as (
    select
        event_time,
        provider,
        identity_id,
        hinted_population,
        app_id,
        app_name,
        outcome,
        policy_id,
        policy_name,
        severity,
        case
            when who is null then false
            else row_number() over (
                partition by provider, policy_id, who
                order by severity desc nulls last, event_time asc nulls last, event_id asc nulls last
            ) = 1
        end as stands_for_identity
    from results
)

select
    cast(r.event_time at time zone 'UTC' as date) as day,
    r.provider,
    r.policy_id,
    max(r.policy_name) as policy_name,
    r.app_id,
    max(r.app_name) as app_name,
    coalesce(a.population, r.hinted_population, 'unknown') as population,
    a.department,
    a.region,
    count(*) as signins,
    count(*) filter (where r.severity = 1) as would_pass,
    count(*) filter (where r.severity = 2) as would_interrupt,
    count(*) filter (where r.severity = 3) as would_block,
    count(*) filter (where r.severity = 0) as not_applied,
    count(*) filter (where r.severity = -1) as unknown,
    count(*) filter (where r.severity = 3 and r.outcome = 'success') as would_lose,
    count(*) filter (where r.stands_for_identity) as identities,
    count(*) filter (where r.stands_for_identity and r.severity = 2) as interrupted_identities,
    count(*) filter (where r.stands_for_identity and r.severity = 3) as blocked_identities
from ranked as r
left join mfa_accounts as a
    on a.provider = r.provider
    and a.identity_id = r.identity_id
group by
    cast(r.event_time at time zone 'UTC' as date),
    r.provider,
    r.policy_id,
    r.app_id,
    coalesce(a.population, r.hinted_population, 'unknown'),
    a.department,
    a.region
