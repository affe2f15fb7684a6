-- mfa_access_review
--
-- The extract for the quarterly access review: who has access, with what MFA, and what was decided last.
--
-- Enabled accounts of people, service and emergency accounts alike, with the MFA status the reviewer has to see and the last
-- decision on record for them.
--
-- @area      comply
-- @reads     mfa_enrollment_state, mfa_user_state, mfa_access_reviews, mfa_managers
-- @grain     one row per enabled account
-- @param     as_of                  TIMESTAMPTZ now()  last instant counted
-- @column    quarter         VARCHAR     calendar quarter of as_of, as 2026-Q3
-- @column    provider        VARCHAR     which directory the account is in
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    population      VARCHAR     population
-- @column    is_privileged   BOOLEAN     whether it is administrative; NULL is unknown
-- @column    tier            VARCHAR     tier of the policy
-- @column    department      VARCHAR     department
-- @column    manager         VARCHAR     who reviews; NULL is unknown
-- @column    enrolment       VARCHAR     what the policy says of the enrolment
-- @column    strength        VARCHAR     what the account is worth
-- @column    methods         VARCHAR[]   active methods; NULL is unknown
-- @column    last_signin_at  TIMESTAMPTZ last interactive sign-in of the last days
-- @column    mfa_status      VARCHAR     protected, exempt, unprotected or unknown
-- @column    last_decision   VARCHAR     keep, remove, reduce or none; NULL was never reviewed
-- @column    last_decided_at TIMESTAMPTZ when
-- @column    is_reviewed     BOOLEAN     whether it was decided on in this quarter
-- @example   select department, mfa_status, count(*) as accounts from mfa_access_review group by department, mfa_status order by department nulls last, mfa_status

with

reviews as (
    select
        provider,
        identity_id,
        decision,
        decided_at
    from mfa_access_reviews
    where decided_at <= $as_of
    qualify row_number() over (
        partition by provider, identity_id
        order by decided_at desc nulls last, review_id desc nulls last
    ) = 1
),

states as (
    select
        provider,
        identity_id,
        last_signin_at
    from mfa_user_state
)

select
    cast(extract(year from cast($as_of at time zone 'UTC' as date)) as varchar) || '-Q'
        || cast(extract(quarter from cast($as_of at time zone 'UTC' as date)) as varchar) as quarter,
    e.provider,
    e.identity_id,
    e.user_principal,
    e.population,
    e.is_privileged,
    e.tier,
    e.department,
    m.manager,
    e.enrolment,
    e.strength,
    e.active_methods as methods,
    s.last_signin_at,
    case
        when e.enrolment = 'compliant' then 'protected'
        when e.enrolment in ('excepted', 'not_applicable') then 'exempt'
        when e.enrolment in ('in_grace', 'overdue') then 'unprotected'
        else 'unknown'
    end as mfa_status,
    r.decision as last_decision,
    r.decided_at as last_decided_at,
    coalesce(r.decided_at >= cast(date_trunc('quarter', cast($as_of at time zone 'UTC' as timestamp)) as timestamp) at time zone 'UTC', false) as is_reviewed
from mfa_enrollment_state as e
left join states as s
    on s.provider = e.provider
    and s.identity_id = e.identity_id
left join mfa_managers as m
    on m.provider = e.provider
    and m.identity_id = e.identity_id
left join reviews as r
    on r.provider = e.provider
    and r.identity_id = e.identity_id
where e.is_enabled
