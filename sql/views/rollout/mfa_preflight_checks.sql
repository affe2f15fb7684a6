-- mfa_preflight_checks
--
-- The checklist before a cutover: one row per check, passed, failed or unknown, with what to do about it.
--
-- A check passes when its value is at most, or at least, its threshold. Its value is NULL, and the check `unknown`, when what it would rest on
-- is not loaded or empty: nothing passes for lack of data. The next wave is the one whose enforcement begins next; the pilot is
-- the one whose began, or begins, first. Nothing is changed by a check, and it stops nothing.
-- emergency_accounts, emergency_tests, emergency_factors: there are two, each passed a test within `control_test_days`, each is compliant.
-- accounts_classified, accounts_known: no enabled account without a population, none whose enrolment is unknown.
-- owners_named: every department of an enabled person has an owner of each decision: policy, exception and remediation. An owner
--   of scope `all` is one for every department. apps_owned: every critical application has an owner.
-- materials_ready: every accepted method has a how-to or a one-pager that is not stale (mfa_material_coverage).
-- support_covered: the help desk of every region in a wave ahead is staffed within a day of the cutover.
-- people_informed: everybody in the next wave was sent an announcement, an enrolment or a cutover message.
-- exceptions_sound: no exception that has begun and is not over lacks an approval, an attestation, a criterion or an end.
-- policy_sound, policy_approved: the document in force has no errors in mfa_policy_lint, and an approval on record.
-- pilot_run, pilot_compliant: the pilot has been enforced for `pilot_days`, and `pilot_share` of its people are compliant or excepted.
-- gate_passed: the next wave would let in the share of sign-ins that the policy asks for (mfa_enforce_gate).
-- legacy_ended: no sign-in by a legacy protocol went through in the last `preflight_days`.
-- logs_fresh: the last sign-in loaded is at most `log_hours` old.
--
-- @area      rollout
-- @reads     mfa_enrollment_state, mfa_control_tests, mfa_owners, mfa_apps, mfa_material_coverage, mfa_materials, mfa_support_coverage, mfa_communications, mfa_exceptions_status, mfa_policy_in_force, mfa_policy_history, mfa_enforce_gate, mfa_placed_signins
-- @grain     one row per check
-- @param     as_of            TIMESTAMPTZ now()  instant of the checklist
-- @param     control_test_days INTEGER    90     days for which a control test holds
-- @param     pilot_days       INTEGER     14     days the pilot has to have been enforced
-- @param     pilot_share      DOUBLE      0.95   share of the pilot that has to be compliant
-- @param     preflight_days   INTEGER     14     days of sign-ins before as_of that are looked at
-- @param     log_hours        INTEGER     48     greatest age of the last sign-in
-- @column    place            BIGINT      order of the check, from 1
-- @column    check_id         VARCHAR     name of the check
-- @column    status           VARCHAR     pass, fail or unknown
-- @column    value            DOUBLE      what was found; NULL is unknown
-- @column    comparison       VARCHAR     at_most or at_least
-- @column    threshold        DOUBLE      what is asked for; NULL where the policy asks for nothing
-- @column    wave             VARCHAR     wave it is about; NULL is all or none
-- @column    remediation      VARCHAR     what to do when it does not pass
-- @example   select check_id, status, value, threshold, remediation from mfa_preflight_checks where status <> 'pass' order by place

with

accounts as (
    select
        provider,
        identity_id,
        user_principal,
        population,
        department,
        region,
        wave,
        is_human,
        coalesce(enrolment, 'unknown') as enrolment
    from mfa_enrollment_state
    where is_enabled
),

counted as (
    select
        count(*) as accounts,
        count(*) filter (where population = 'break_glass') as emergencies,
        count(*) filter (where population = 'break_glass' and enrolment <> 'compliant') as unready_emergencies,
        count(*) filter (where population = 'unknown') as unclassified,
        count(*) filter (where is_human and enrolment = 'unknown') as unknown_accounts
    from accounts
),

tests as (
    select
        lower(subject_id) as subject,
        max(tested_at) as tested_at
    from mfa_control_tests
    where subject_kind = 'break_glass'
        and result = 'passed'
        and tested_at <= $as_of
        and tested_at > $as_of - ($control_test_days * 24 || ' hours')::interval
    group by lower(subject_id)
),

test_records as (
    select count(*) as test_rows
    from mfa_control_tests
    where subject_kind = 'break_glass'
        and tested_at <= $as_of
),

untested as (
    select count(*) as untested
    from accounts as a
    left join tests as i
        on i.subject = lower(a.identity_id)
    left join tests as u
        on u.subject = a.user_principal
    where a.population = 'break_glass'
        and i.subject is null
        and u.subject is null
),

owners as (
    select distinct
        lower(scope_kind) as scope_kind,
        case when lower(scope_kind) = 'department' then lower(scope) end as department,
        lower(decision) as decision
    from mfa_owners
    where owner is not null
        and lower(scope_kind) in ('department', 'all')
        and coalesce(valid_from <= $as_of, true)
        and coalesce(valid_until > $as_of, true)
),

owner_records as (
    select count(*) as owner_rows
    from mfa_owners
),

decided as (
    select
        d.department,
        t.decision,
        e.decision is not null or o.decision is not null as is_owned
    from (select distinct lower(department) as department from accounts where is_human and department is not null) as d
    cross join (values ('policy'), ('exception'), ('remediation')) as t(decision)
    left join (select decision from owners where scope_kind = 'all') as e
        on e.decision = t.decision
    left join (select department, decision from owners where scope_kind = 'department') as o
        on o.department = d.department
        and o.decision = t.decision
),

unowned as (
    select
        count(distinct department) as departments,
        count(distinct department) filter (where not is_owned) as unowned
    from decided
),

apps as (
    select
        count(*) as app_rows,
        count(*) filter (where sensitivity = 'critical' and owner is null) as unowned_apps
    from mfa_apps
),

materials as (
    select
        (select count(*) from mfa_materials) as material_rows,
        count(*) as methods,
        count(*) filter (where status <> 'covered') as unready
    from mfa_material_coverage
    where is_accepted
),

waves as (
    select
        wave,
        coalesce(wave, '') as wave_key,
        enforce_from,
        success_rate,
        required_rate,
        verdict
    from mfa_enforce_gate
),

next_waves as (
    select
        wave,
        wave_key,
        success_rate,
        required_rate,
        verdict
    from waves
    where enforce_from > $as_of
    qualify row_number() over (order by enforce_from asc nulls last, wave asc nulls last) = 1
),

pilots as (
    select
        wave,
        wave_key,
        enforce_from
    from waves
    where enforce_from is not null
        and wave is not null
    qualify row_number() over (order by enforce_from asc nulls last, wave asc nulls last) = 1
),

pilot_people as (
    select
        max(p.wave) as wave,
        max(p.enforce_from) as enforce_from,
        count(a.identity_id) as people,
        count(*) filter (where a.enrolment in ('compliant', 'excepted')) as ready
    from pilots as p
    left join (
        select identity_id, wave, enrolment
        from accounts
        where is_human
            and enrolment <> 'not_applicable'
    ) as a
        on a.wave = p.wave
),

cutovers as (
    select
        w.wave_key,
        w.enforce_from,
        a.region
    from waves as w
    inner join (select distinct coalesce(wave, '') as wave_key, lower(region) as region from accounts where is_human and region is not null) as a
        on a.wave_key = w.wave_key
    where w.enforce_from > $as_of
),

staffed as (
    select
        c.wave_key,
        c.region,
        count(*) as shifts
    from cutovers as c
    inner join mfa_support_coverage as s
        on lower(s.region) = c.region
    where s.starts_at < c.enforce_from + interval '24 hours'
        and s.ends_at > c.enforce_from
        and coalesce(s.agents, 1) > 0
    group by
        c.wave_key,
        c.region
),

unstaffed as (
    select
        (select count(*) from mfa_support_coverage) as shift_rows,
        count(*) filter (where s.wave_key is null) as unstaffed
    from cutovers as c
    left join staffed as s
        on s.wave_key = c.wave_key
        and s.region = c.region
),

told as (
    select distinct lower(recipient) as recipient
    from mfa_communications
    where kind in ('announcement', 'enrolment', 'cutover')
        and sent_at <= $as_of
),

uninformed as (
    select
        (select count(*) from mfa_communications) as message_rows,
        max(n.wave) as wave,
        count(n.wave_key) as people,
        count(*) filter (where t.recipient is null) as uninformed
    from next_waves as n
    inner join (
        select coalesce(wave, '') as wave_key, user_principal
        from accounts
        where is_human
            and enrolment <> 'not_applicable'
    ) as a
        on a.wave_key = n.wave_key
    left join told as t
        on t.recipient = a.user_principal
),

exceptions as (
    select
        count(*) as exception_rows,
        count(*) filter (where status not in ('active', 'closed', 'expired', 'pending')) as unsound
    from mfa_exceptions_status
),

lints as (
    select
        max(case when document is not null then 1 else 0 end) as documents,
        count(*) filter (where finding.severity = 'error') as errors
    from (
        select document, unnest(mfa_policy_lint(document)) as finding
        from mfa_policy_in_force
        union all
        select document, cast(null as struct(severity varchar, rule varchar, path varchar, message varchar)) as finding
        from mfa_policy_in_force
    ) as f
),

approvals as (
    select max(approvals) as approvals
    from mfa_policy_history
    where is_in_force
),

gates as (
    select
        max(wave) as wave,
        max(case when verdict in ('ready', 'not_ready') then success_rate end) as success_rate,
        max(required_rate) as required_rate
    from next_waves
),

signins as (
    select
        max(event_time) as last_at,
        count(*) filter (where event_time > $as_of - ($preflight_days * 24 || ' hours')::interval and outcome = 'success') as signins,
        count(*) filter (where event_time > $as_of - ($preflight_days * 24 || ' hours')::interval and outcome = 'success' and is_legacy) as legacy
    from mfa_placed_signins
),

checks as (
    select
        1 as place,
        'emergency_accounts' as check_id,
        cast(case when accounts > 0 then emergencies end as double) as value,
        'at_least' as comparison,
        cast(2 as double) as threshold,
        cast(null as varchar) as wave,
        'set up two emergency accounts and mark them as break_glass' as remediation
    from counted
    union all
    select
        2 as place,
        'emergency_tests' as check_id,
        cast(case when c.emergencies > 0 and r.test_rows > 0 then u.untested end as double) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        cast(null as varchar) as wave,
        'sign in with every emergency account and put the test on record' as remediation
    from untested as u
    cross join test_records as r
    cross join counted as c
    union all
    select
        3 as place,
        'emergency_factors' as check_id,
        cast(case when emergencies > 0 then unready_emergencies end as double) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        cast(null as varchar) as wave,
        'register what the policy asks of emergency accounts' as remediation
    from counted
    union all
    select
        4 as place,
        'accounts_classified' as check_id,
        cast(case when accounts > 0 then unclassified end as double) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        cast(null as varchar) as wave,
        'load a directory that knows the population of every account' as remediation
    from counted
    union all
    select
        5 as place,
        'accounts_known' as check_id,
        cast(case when accounts > 0 then unknown_accounts end as double) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        cast(null as varchar) as wave,
        'load what is missing of the accounts that mfa_enrollment_state calls unknown' as remediation
    from counted
    union all
    select
        6 as place,
        'owners_named' as check_id,
        cast(
            case
                when r.owner_rows = 0 or u.departments = 0 then null
                else u.unowned
            end as double
        ) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        cast(null as varchar) as wave,
        'name in mfa_owners who decides on policy, exceptions and remediation for every department' as remediation
    from unowned as u
    cross join owner_records as r
    union all
    select
        7 as place,
        'apps_owned' as check_id,
        cast(case when app_rows > 0 then unowned_apps end as double) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        cast(null as varchar) as wave,
        'name the owner of every critical application in mfa_apps' as remediation
    from apps
    union all
    select
        8 as place,
        'materials_ready' as check_id,
        cast(case when material_rows > 0 and methods > 0 then unready end as double) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        cast(null as varchar) as wave,
        'write or renew a how-to for the methods that mfa_material_coverage lists' as remediation
    from materials
    union all
    select
        9 as place,
        'support_covered' as check_id,
        cast(case when shift_rows > 0 then unstaffed end as double) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        cast(null as varchar) as wave,
        'staff the help desk of every region at its cutover' as remediation
    from unstaffed
    union all
    select
        10 as place,
        'people_informed' as check_id,
        cast(case when message_rows > 0 and people > 0 then uninformed end as double) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        wave,
        'send the announcement to those of the wave who were sent nothing' as remediation
    from uninformed
    union all
    select
        11 as place,
        'exceptions_sound' as check_id,
        cast(case when exception_rows > 0 then unsound end as double) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        cast(null as varchar) as wave,
        'approve, attest or end the exceptions that mfa_exceptions_status finds without force' as remediation
    from exceptions
    union all
    select
        12 as place,
        'policy_sound' as check_id,
        cast(case when documents > 0 then errors end as double) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        cast(null as varchar) as wave,
        'load a policy of your own and correct the errors that mfa_policy_lint reports' as remediation
    from lints
    union all
    select
        13 as place,
        'policy_approved' as check_id,
        cast(approvals as double) as value,
        'at_least' as comparison,
        cast(1 as double) as threshold,
        cast(null as varchar) as wave,
        'put the approval of the document in force on record' as remediation
    from approvals
    union all
    select
        14 as place,
        'pilot_run' as check_id,
        cast((extract(epoch from $as_of) - extract(epoch from enforce_from)) / 86400 as double) as value,
        'at_least' as comparison,
        cast($pilot_days as double) as threshold,
        wave,
        'wait until the pilot has been enforced for long enough' as remediation
    from pilot_people
    union all
    select
        15 as place,
        'pilot_compliant' as check_id,
        cast(ready as double) / nullif(people, 0) as value,
        'at_least' as comparison,
        cast($pilot_share as double) as threshold,
        wave,
        'help those of the pilot who are not done' as remediation
    from pilot_people
    union all
    select
        16 as place,
        'gate_passed' as check_id,
        cast(success_rate as double) as value,
        'at_least' as comparison,
        cast(required_rate as double) as threshold,
        wave,
        'see mfa_enforcement_impact for what would break' as remediation
    from gates
    union all
    select
        17 as place,
        'legacy_ended' as check_id,
        cast(case when signins > 0 then legacy end as double) as value,
        'at_most' as comparison,
        cast(0 as double) as threshold,
        cast(null as varchar) as wave,
        'move the clients that sign in by legacy protocols, and block those' as remediation
    from signins
    union all
    select
        18 as place,
        'logs_fresh' as check_id,
        cast((extract(epoch from $as_of) - extract(epoch from last_at)) / 3600 as double) as value,
        'at_most' as comparison,
        cast($log_hours as double) as threshold,
        cast(null as varchar) as wave,
        'load the sign-ins of the last days' as remediation
    from signins
)

select
    cast(place as bigint) as place,
    check_id,
    case
        when value is null or threshold is null then 'unknown'
        when comparison = 'at_most' and value <= threshold then 'pass'
        when comparison = 'at_least' and value >= threshold then 'pass'
        else 'fail'
    end as status,
    value,
    comparison,
    threshold,
    wave,
    remediation
from checks
