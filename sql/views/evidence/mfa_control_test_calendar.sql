-- mfa_control_test_calendar
--
-- Every emergency account and critical application: when it was tested last, by whom, with which result, and when it is due.
--
-- A test is due `control_test_days` after the last one that passed; a failed or undecided one moves nothing. The last test is held against
-- the sign-ins within `drill_hours` of it, of the account itself, or of the tester to the application: `seen`; `not_seen`, a
-- test on record that left no sign-in; `no_logs` when the sign-ins loaded do not reach that time. The uses of an emergency account in the last
-- `detection_days` are those of mfa_break_glass_use: drills, emergencies, and misuse, which is a use without either on record.
-- Disabled accounts have no test due.
--
-- @area      evidence
-- @reads     mfa_accounts, mfa_apps, mfa_control_tests, mfa_signins, mfa_break_glass_use
-- @grain     one row per enabled break-glass account, and one per critical application
-- @param     as_of            TIMESTAMPTZ now()  instant it is judged at
-- @param     control_test_days INTEGER    90     days for which a control test holds
-- @param     due_soon_days    INTEGER     14     days before a test is due in which it is due soon
-- @param     drill_hours      INTEGER     24     hours between a drill and its record
-- @column    subject_kind     VARCHAR     break_glass or app
-- @column    provider         VARCHAR     directory of the account; NULL of applications
-- @column    subject_id       VARCHAR     identity_id of the account, or app_id
-- @column    subject_name     VARCHAR     login name of the account, or name of the application
-- @column    status           VARCHAR     tested, due_soon, overdue, failed, undecided or never_tested
-- @column    last_tested_at   TIMESTAMPTZ last test; NULL is never
-- @column    last_tested_by   VARCHAR     who tested
-- @column    last_result      VARCHAR     passed, failed or unknown
-- @column    evidence_ref     VARCHAR     where the evidence of it is kept
-- @column    last_passed_at   TIMESTAMPTZ last test that passed; NULL is never
-- @column    due_at           TIMESTAMPTZ when the next one is due; NULL when none ever passed
-- @column    days_overdue     BIGINT      whole days since then; negative before it
-- @column    tests            BIGINT      tests on record
-- @column    passed_tests     BIGINT      of them, that passed
-- @column    reconciliation   VARCHAR     seen, not_seen, no_logs or not_tested
-- @column    signins_at_test  BIGINT      sign-ins, failed ones too, near the last test
-- @column    drills           BIGINT      days of use with a test on record, of late; 0 of applications
-- @column    emergencies      BIGINT      days of use with a ticket, of late
-- @column    misuses          BIGINT      days of use without either, of late
-- @example   select subject_name, status, due_at, reconciliation from mfa_control_test_calendar order by due_at nulls first

with

subjects as (
    select
        'break_glass' as subject_kind,
        provider,
        identity_id as subject_id,
        user_principal as subject_name,
        'account|' || provider || '|' || identity_id as subject_key,
        lower(identity_id) as own_name,
        user_principal as login_name
    from mfa_accounts
    where population = 'break_glass'
        and is_enabled
    union all
    select
        'app' as subject_kind,
        cast(null as varchar) as provider,
        app_id as subject_id,
        max(app_name) as subject_name,
        'app|' || app_id as subject_key,
        lower(app_id) as own_name,
        cast(null as varchar) as login_name
    from mfa_apps
    where sensitivity = 'critical'
        and app_id is not null
    group by app_id
),

names as (
    select subject_kind, subject_key, own_name as known_as
    from subjects
    union
    select subject_kind, subject_key, login_name as known_as
    from subjects
    where login_name is not null
),

tests as (
    select
        n.subject_kind,
        n.subject_key,
        cast(t.tested_at as timestamptz) as done_at,
        lower(t.tested_by) as done_by,
        coalesce(t.result, 'unknown') as result,
        t.evidence_ref
    from mfa_control_tests as t
    inner join names as n
        on n.subject_kind = t.subject_kind
        and n.known_as = lower(t.subject_id)
    where t.tested_at <= $as_of
),

counted as (
    select
        subject_key,
        count(*) as tests,
        count(*) filter (where result = 'passed') as passed_tests,
        max(done_at) filter (where result = 'passed') as last_passed_at
    from tests
    group by subject_key
),

last_tests as (
    select
        subject_kind,
        subject_key,
        done_at,
        done_by,
        result,
        evidence_ref
    from tests
    qualify row_number() over (
        partition by subject_key
        order by
            done_at desc nulls last,
            case when result = 'passed' then 1 else 0 end asc nulls last,
            evidence_ref asc nulls last
    ) = 1
),

logs as (
    select
        min(event_time) as first_at,
        max(event_time) as last_at
    from mfa_signins
    where event_time <= $as_of
),

-- each sign-in under the names it may be known by
signins as (
    select
        s.subject_key,
        e.provider,
        e.event_id,
        e.event_time
    from subjects as s
    inner join mfa_signins as e
        on e.provider = s.provider
        and e.identity_id = s.subject_id
    where s.subject_kind = 'break_glass'
        and coalesce(e.event_kind, 'combined') <> 'token'
    union
    select
        s.subject_key,
        e.provider,
        e.event_id,
        e.event_time
    from subjects as s
    inner join mfa_signins as e
        on lower(e.user_principal) = s.login_name
    where s.subject_kind = 'break_glass'
        and coalesce(e.event_kind, 'combined') <> 'token'
    union
    select
        s.subject_key,
        e.provider,
        e.event_id,
        e.event_time
    from subjects as s
    inner join last_tests as l
        on l.subject_key = s.subject_key
    inner join mfa_signins as e
        on e.app_id = s.subject_id
        and lower(e.user_principal) = l.done_by
    where s.subject_kind = 'app'
        and coalesce(e.event_kind, 'combined') <> 'token'
),

near as (
    select
        l.subject_key,
        count(*) as signins
    from last_tests as l
    inner join signins as e
        on e.subject_key = l.subject_key
    where e.event_time <= $as_of
        and e.event_time >= l.done_at - ($drill_hours || ' hours')::interval
        and e.event_time <= l.done_at + ($drill_hours || ' hours')::interval
    group by l.subject_key
),

uses as (
    select
        'account|' || provider || '|' || identity_id as subject_key,
        count(*) filter (where rule = 'break_glass_drill') as drills,
        count(*) filter (where rule = 'break_glass_emergency') as emergencies,
        count(*) filter (where rule = 'break_glass_misuse') as misuses
    from mfa_break_glass_use
    group by 'account|' || provider || '|' || identity_id
),

joined as (
    select
        s.subject_kind,
        s.provider,
        s.subject_id,
        s.subject_name,
        l.done_at,
        l.done_by,
        l.result,
        l.evidence_ref,
        c.last_passed_at,
        c.last_passed_at + ($control_test_days * 24 || ' hours')::interval as due_at,
        coalesce(c.tests, 0) as tests,
        coalesce(c.passed_tests, 0) as passed_tests,
        coalesce(n.signins, 0) as signins,
        g.first_at,
        g.last_at,
        coalesce(u.drills, 0) as drills,
        coalesce(u.emergencies, 0) as emergencies,
        coalesce(u.misuses, 0) as misuses
    from subjects as s
    cross join logs as g
    left join last_tests as l
        on l.subject_key = s.subject_key
    left join counted as c
        on c.subject_key = s.subject_key
    left join near as n
        on n.subject_key = s.subject_key
    left join uses as u
        on u.subject_key = s.subject_key
)

select
    subject_kind,
    provider,
    subject_id,
    subject_name,
    case
        when done_at is null then 'never_tested'
        when result = 'failed' then 'failed'
        when last_passed_at is null then 'undecided'
        when due_at <= $as_of then 'overdue'
        when due_at <= $as_of + ($due_soon_days * 24 || ' hours')::interval then 'due_soon'
        else 'tested'
    end as status,
    done_at as last_tested_at,
    done_by as last_tested_by,
    result as last_result,
    evidence_ref,
    last_passed_at,
    due_at,
    cast(floor((extract(epoch from $as_of) - extract(epoch from due_at)) / 86400) as bigint) as days_overdue,
    tests,
    passed_tests,
    case
        when done_at is null then 'not_tested'
        when signins > 0 then 'seen'
        when first_at <= done_at - ($drill_hours || ' hours')::interval and last_at >= done_at then 'not_seen'
        else 'no_logs'
    end as reconciliation,
    signins as signins_at_test,
    drills,
    emergencies,
    misuses
from joined
