-- mfa_enrollment_state
--
-- Every account as the policy sees it: what it has registered, what its tier asks for, and what is missing.
--
-- The policy is asked once per account, without an application and without a session, so this is the enrolment alone.
-- Which document that is says mfa_policy_in_force.
-- An account described by several rows is one account. Rows of the provider `hr` are people: where an account of another
-- provider has the same login name they lend it their population, department and region and do not stand for themselves.
-- What a provider does not tell of an account is taken from the other accounts with the same login name.
-- Where a provider never says that an account is not privileged, and no other account of the login does either, it is
-- classified as unprivileged, and `is_privileged` stays NULL: load roles or a directory that tells administrators apart.
-- Whether an account has registered nothing or nothing is known about it: without any row in mfa_factors for its provider
-- the factors are unknown, except at providers whose list of accounts carries the factors in the same record.
-- mfa_factors is a snapshot: an earlier `as_of` leaves out what was registered later and brings back what
-- mfa_factor_events saw removed since. A method known from events alone proves itself, not the absence of others.
-- One that is limited to an application or a policy exempts from no enrolment.
-- An exception counts as attested when it begins; a group is matched with the department or a role of that name.
--
-- @area      policy
-- @reads     mfa_identities, mfa_factors, mfa_factor_periods, mfa_roles, mfa_exception_versions, mfa_exception_beneficiaries, mfa_exception_approvals, mfa_attestations, mfa_policy_in_force
-- @grain     one row per provider and identity, disabled accounts and service accounts included
-- @param     as_of           TIMESTAMPTZ now()  instant the policy is asked at
-- @column    provider        VARCHAR     which directory it comes from
-- @column    identity_id     VARCHAR     the provider's id of the identity
-- @column    user_principal  VARCHAR     login name, lower case
-- @column    population      VARCHAR     workforce, contractor, partner, guest, service, break_glass, shared or unknown
-- @column    is_privileged   BOOLEAN     whether it, or a role it holds, is administrative; NULL is unknown
-- @column    department      VARCHAR     department
-- @column    region          VARCHAR     region
-- @column    is_enabled      BOOLEAN     false when the account is known to be disabled
-- @column    is_human        BOOLEAN     false for service accounts
-- @column    created_at      TIMESTAMPTZ when the account was created; NULL is unknown
-- @column    active_methods  VARCHAR[]   canonical methods that are active; empty is none, NULL is unknown
-- @column    has_unclear     BOOLEAN     whether some factor has an unknown method or an unknown status
-- @column    tier            VARCHAR     tier of the policy
-- @column    wave            VARCHAR     wave of the roll-out; NULL is none
-- @column    enrolment       VARCHAR     compliant, in_grace, overdue, excepted, not_applicable or unknown
-- @column    decision        VARCHAR     what the policy decides; report_only enforces nothing
-- @column    would_decision  VARCHAR     what it would decide if it were enforced
-- @column    reason_mask     UINTEGER    reasons, as a mask
-- @column    reasons         VARCHAR[]   reasons, by name
-- @column    grace_deadline  TIMESTAMPTZ until when the enrolment may be incomplete
-- @column    required_mask   UINTEGER    methods the tier accepts, as a mask
-- @column    allowed_methods VARCHAR[]   methods the tier accepts, by name
-- @column    has_allowed     BOOLEAN     whether an active method is one of them; NULL is unknown
-- @column    allowed_count   BIGINT      active factors that are one of them
-- @column    is_undated      BOOLEAN     whether a method that is accepted is active and none says since when
-- @column    first_allowed_at TIMESTAMPTZ when the first of the active ones was registered; NULL is none or unknown
-- @column    first_factor_at TIMESTAMPTZ when the first active factor was registered; NULL is none or unknown
-- @example   select tier, enrolment, count(*) as accounts from mfa_enrollment_state where is_enabled group by tier, enrolment

with

described as (
    select
        provider,
        identity_id,
        max(lower(user_principal)) as user_principal,
        max(nullif(lower(population), 'unknown')) as population,
        bool_or(is_privileged) as is_privileged,
        (array_agg(roles) filter (where roles is not null))[1] as roles,
        max(department) as department,
        max(region) as region,
        bool_and(account_enabled) as account_enabled,
        min(cast(created_at as timestamptz)) as created_at
    from mfa_identities
    where provider is not null
        and identity_id is not null
    group by
        provider,
        identity_id
),

-- the same login name at `hr`: the better word on a person
people as (
    select
        user_principal,
        max(population) as population,
        max(department) as department,
        max(region) as region
    from described
    where provider = 'hr'
        and user_principal is not null
    group by user_principal
),

-- the same login name at other providers: the next best
logins as (
    select
        user_principal,
        max(population) as population,
        bool_or(is_privileged) as is_privileged,
        max(department) as department,
        max(region) as region
    from described
    where provider <> 'hr'
        and user_principal is not null
    group by user_principal
),

held_roles as (
    select
        h.provider,
        h.identity_id,
        h.role,
        r.is_privileged
    from (select provider, identity_id, unnest(roles) as role from described) as h
    left join mfa_roles as r
        on r.role = h.role
        and coalesce(r.provider, h.provider) = h.provider
),

role_holders as (
    select
        provider,
        identity_id,
        bool_or(is_privileged) as is_privileged
    from held_roles
    group by
        provider,
        identity_id
),

telling_providers as (
    select
        provider,
        true as tells_privilege
    from described
    where not is_privileged
    group by provider
),

accounts as (
    select
        d.provider,
        d.identity_id,
        d.user_principal,
        coalesce(p.population, d.population, l.population, 'unknown') as population,
        case
            when r.is_privileged then true
            when d.is_privileged is not null then d.is_privileged
            when d.roles is not null and r.identity_id is null then false
            else l.is_privileged
        end as is_privileged,
        coalesce(t.tells_privilege, false) as tells_privilege,
        d.roles,
        coalesce(p.department, d.department, l.department) as department,
        coalesce(p.region, d.region, l.region) as region,
        d.account_enabled,
        d.created_at
    from described as d
    left join people as p
        on p.user_principal = d.user_principal
    left join logins as l
        on l.user_principal = d.user_principal
    left join role_holders as r
        on r.provider = d.provider
        and r.identity_id = d.identity_id
    left join telling_providers as t
        on t.provider = d.provider
    where (d.provider <> 'hr' or l.user_principal is null)
        and (d.created_at is null or d.created_at <= $as_of)
),

-- when a method was registered, from the events where the snapshot does not say
registrations as (
    select
        provider,
        identity_id,
        method,
        min(valid_from) as registered_at
    from mfa_factor_periods
    where source = 'snapshot'
    group by
        provider,
        identity_id,
        method
),

-- a factor that is listed twice is one; without an id, one of each method is known
listed as (
    select
        provider,
        identity_id,
        case when method = 'push' and number_matching then 'push_number' else method end as method,
        status,
        cast(registered_at as timestamptz) as registered_at,
        cast(last_used_at as timestamptz) as last_used_at,
        attested,
        number_matching
    from mfa_factors
    where identity_id is not null
        and (registered_at is null or cast(registered_at as timestamptz) <= $as_of)
    qualify row_number() over (
        partition by provider, identity_id, factor_id, case when factor_id is null then method end
        order by
            case when status = 'active' then 0 else 1 end asc nulls last,
            cast(registered_at as timestamptz) asc nulls last,
            method asc nulls last,
            cast(last_used_at as timestamptz) desc nulls last,
            attested desc nulls last,
            number_matching desc nulls last
    ) = 1
),

factors as (
    select
        l.provider,
        l.identity_id,
        l.method,
        l.status,
        coalesce(l.registered_at, r.registered_at) as registered_at,
        l.last_used_at,
        l.attested,
        l.number_matching,
        false as is_from_events
    from listed as l
    left join registrations as r
        on r.provider = l.provider
        and r.identity_id = l.identity_id
        and r.method = l.method
    union all
    select
        provider,
        identity_id,
        method,
        'active' as status,
        min(valid_from) as registered_at,
        cast(null as timestamptz) as last_used_at,
        cast(null as boolean) as attested,
        cast(null as boolean) as number_matching,
        true as is_from_events
    from mfa_factor_periods
    where source = 'events'
        and valid_to is null
    group by
        provider,
        identity_id,
        method
),

known_providers as (
    select distinct provider
    from mfa_factors
),

held as (
    select
        provider,
        identity_id,
        array_agg({
            'method': method,
            'enrolled_at': registered_at,
            'last_used_at': last_used_at,
            'attested': attested,
            'number_matching': number_matching,
            'status': status
        }) as factors,
        array_agg(distinct method order by method) filter (where status = 'active' and method is not null) as active_methods,
        bool_or(
            is_from_events
            or method is null
            or status is null
            or (method = 'unknown' and status = 'active')
        ) as has_unclear,
        min(registered_at) filter (where status = 'active') as first_factor_at,
        min(registered_at) filter (where status = 'active' and method in ('sms_otp', 'voice')) as fallback_started_at
    from factors
    group by
        provider,
        identity_id
),

-- the last word of each approver
decisions as (
    select
        exception_id,
        lower(approver) as approver,
        lower(role) as role,
        decision,
        row_number() over (
            partition by exception_id, lower(approver)
            order by cast(decided_at as timestamptz) desc nulls last, decision desc nulls last
        ) as place
    from mfa_exception_approvals
    where cast(decided_at as timestamptz) <= $as_of
),

approvals as (
    select
        d.exception_id,
        array_agg(d.role || ':' || d.approver order by d.approver) filter (where d.role is not null) as approvers
    from decisions as d
    left join mfa_exception_beneficiaries as b
        on b.exception_id = d.exception_id
        and b.name = d.approver
    where d.place = 1
        and d.decision = 'approved'
        and b.name is null
    group by d.exception_id
),

-- the last word on each exception; whoever it exempts may give it up, but not confirm it
attested as (
    select
        a.exception_id,
        cast(a.attested_at as timestamptz) as attested_at,
        coalesce(a.decision, 'confirmed') = 'revoked' as is_revoked,
        row_number() over (
            partition by a.exception_id
            order by
                cast(a.attested_at as timestamptz) desc nulls last,
                case when a.decision = 'revoked' then 0 else 1 end asc nulls last
        ) as place
    from mfa_attestations as a
    left join mfa_exception_beneficiaries as b
        on b.exception_id = a.exception_id
        and b.name = lower(a.manager)
    where cast(a.attested_at as timestamptz) <= $as_of
        and (b.name is null or a.decision = 'revoked')
),

attestations as (
    select
        exception_id,
        is_revoked,
        case when not is_revoked then attested_at end as attested_at
    from attested
    where place = 1
),

exceptions as (
    select
        e.exception_id,
        e.subject,
        e.subject_kind,
        e.criterion,
        e.scope,
        e.starts_at,
        e.expires_at,
        coalesce(a.approvers, []) as approvers,
        case
            -- no longer needed: overdue whatever the policy allows
            when t.is_revoked then timestamptz '1970-01-01 00:00:00+00'
            -- One that has not begun cannot be overdue.
            when coalesce(t.attested_at, e.starts_at) > $as_of then $as_of
            else coalesce(t.attested_at, e.starts_at)
        end as attested_at
    from mfa_exception_versions as e
    left join approvals as a
        on a.exception_id = e.exception_id
    left join attestations as t
        on t.exception_id = e.exception_id
    where e.is_latest
        and e.subject_kind in ('identity', 'group')
        and coalesce(e.scope, 'enrolment') in ('enrolment', 'session')
        and (e.closed_at is null or e.closed_at > $as_of)
),

subjects as (
    select provider, identity_id, 'identity' as subject_kind, lower(identity_id) as subject from accounts
    union
    select provider, identity_id, 'identity' as subject_kind, user_principal as subject from accounts
    union
    select provider, identity_id, 'group' as subject_kind, lower(department) as subject from accounts
    union
    select provider, identity_id, 'group' as subject_kind, lower(role) as subject from held_roles
),

exempted as (
    select
        s.provider,
        s.identity_id,
        array_agg({
            'id': e.exception_id,
            'criterion': e.criterion,
            'starts_at': e.starts_at,
            'expires_at': e.expires_at,
            'approvers': e.approvers,
            'attested_at': e.attested_at,
            'scope': e.scope
        }) as exceptions
    from subjects as s
    inner join exceptions as e
        on e.subject_kind = s.subject_kind
        and e.subject = s.subject
    group by
        s.provider,
        s.identity_id
),

asked as (
    select
        a.provider,
        a.identity_id,
        a.user_principal,
        a.population,
        a.is_privileged,
        a.department,
        a.region,
        a.account_enabled,
        a.created_at,
        case
            when h.identity_id is not null then coalesce(h.active_methods, [])
            when k.provider is not null or a.provider in ('aws', 'duo', 'google_workspace') then []
        end as active_methods,
        coalesce(h.has_unclear, false) as has_unclear,
        h.first_factor_at,
        mfa_evaluate(
            {
                'id': coalesce(a.user_principal, a.identity_id),
                'population': a.population,
                'roles': case
                    when a.is_privileged is not null or not a.tells_privilege then coalesce(a.roles, [])
                    else a.roles
                end,
                'privileged': case when a.tells_privilege then a.is_privileged else coalesce(a.is_privileged, false) end,
                'department': a.department,
                'region': a.region,
                'created_at': a.created_at,
                'fallback_started_at': h.fallback_started_at
            },
            case
                when h.identity_id is not null then h.factors
                when k.provider is not null or a.provider in ('aws', 'duo', 'google_workspace') then []
            end,
            cast(null as struct(id varchar, sensitivity varchar)),
            cast(null as struct(signals varchar[], protocol varchar)),
            coalesce(x.exceptions, []),
            $as_of,
            p.document
        ) as answer
    from accounts as a
    cross join mfa_policy_in_force as p
    left join held as h
        on h.provider = a.provider
        and h.identity_id = a.identity_id
    left join known_providers as k
        on k.provider = a.provider
    left join exempted as x
        on x.provider = a.provider
        and x.identity_id = a.identity_id
),

answered as (
    select
        provider,
        identity_id,
        user_principal,
        population,
        is_privileged,
        department,
        region,
        account_enabled,
        created_at,
        active_methods,
        has_unclear,
        first_factor_at,
        answer,
        mfa_methods(answer.required_mask) as allowed_methods
    from asked
),

allowed as (
    select
        a.provider,
        a.identity_id,
        count(*) as allowed_count,
        min(f.registered_at) as first_allowed_at
    from answered as a
    inner join factors as f
        on f.provider = a.provider
        and f.identity_id = a.identity_id
    where f.status = 'active'
        and list_contains(a.allowed_methods, f.method)
    group by
        a.provider,
        a.identity_id
)

select
    a.provider,
    a.identity_id,
    a.user_principal,
    a.population,
    a.is_privileged,
    a.department,
    a.region,
    a.account_enabled is distinct from false as is_enabled,
    a.population <> 'service' as is_human,
    a.created_at,
    a.active_methods,
    a.has_unclear,
    a.answer.tier as tier,
    a.answer.wave as wave,
    a.answer.enrolment as enrolment,
    a.answer.decision as decision,
    a.answer.would_decision as would_decision,
    a.answer.reason_mask as reason_mask,
    mfa_reasons(a.answer.reason_mask) as reasons,
    a.answer.grace_deadline as grace_deadline,
    a.answer.required_mask as required_mask,
    a.allowed_methods,
    case
        when w.identity_id is not null then true
        when a.answer.tier is not null and a.active_methods is not null and not a.has_unclear then false
    end as has_allowed,
    coalesce(w.allowed_count, 0) as allowed_count,
    w.identity_id is not null and w.first_allowed_at is null as is_undated,
    w.first_allowed_at,
    a.first_factor_at
from answered as a
left join allowed as w
    on w.provider = a.provider
    and w.identity_id = a.identity_id
