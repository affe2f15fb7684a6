-- mfa_data_quality
--
-- Where the data itself would mislead: one row per check and provider, with what it touches and which answers it distorts.
--
-- Counts rows of the inputs as they are loaded, before anything is derived. A check without a finding is listed with 0 affected rows; one
-- without anything to look at is not listed. Severity is what the check is worth where it finds something, else none.
-- empty_details        Entra stopped listing the steps of 50053 and 50126 on 2025-11-13: their methods are empty, not none
-- missing_days         days without a sign-in between the first and the last: retention, a gap of the export, or a quiet provider
-- unknown_outcomes, unknown_methods, unknown_identities   the log does not say how it ended, with what, or who it was
-- missing_event_ids, duplicate_events   without an id, or loaded again under the same one
-- impossible_times     before 2000 or after 2100, or none: seconds taken for milliseconds, or the other way round
-- future_times         after as_of
-- password_as_factor   Okta's Identity Engine logs the password like a second factor: such rows are no MFA
-- unknown_accounts     interactive attempts of nobody in mfa_identities
-- unknown_factor_methods, undated_factors, orphan_factors   of no known method, no date, or of nobody in mfa_identities
-- unknown_populations, undated_accounts, unknown_factors   enabled accounts without a population, a day of creation, or word on
--                      what they have registered
-- unknown_subjects     exceptions of an identity that is not in mfa_identities
-- missing_inputs       inputs that are not loaded (mfa_contract_status)
--
-- @area      evidence
-- @reads     mfa_signins, mfa_placed_signins, mfa_factors, mfa_identities, mfa_account_inputs, mfa_exceptions, mfa_contract_status
-- @grain     one row per check and provider; of exceptions and inputs one, without a provider
-- @param     as_of           TIMESTAMPTZ now()  instant that is not the future yet
-- @column    check_id        VARCHAR     what was looked for
-- @column    provider        VARCHAR     provider of the rows; NULL is none in particular
-- @column    affected        BIGINT      rows, or days, with the finding
-- @column    total           BIGINT      rows, or days, looked at
-- @column    severity        VARCHAR     high, medium, low or none
-- @column    distorts        VARCHAR     which answers it distorts
-- @column    remediation     VARCHAR     what to do
-- @example   select check_id, provider, affected * 1.0 / nullif(total, 0) as share, distorts from mfa_data_quality where affected > 0 order by share desc nulls last

with

logged as (
    select
        provider,
        event_time,
        event_id,
        identity_id,
        user_principal,
        outcome,
        failure_code,
        mfa_satisfied_by,
        second_factor,
        coalesce(array_length(methods), 0) as methods_named,
        case
            when event_time >= cast('2000-01-01 00:00:00+00' as timestamptz)
                and event_time < cast('2100-01-01 00:00:00+00' as timestamptz)
                then cast(floor(extract(epoch from event_time) / 86400) as bigint)
        end as day_number
    from mfa_signins
),

signins as (
    select
        provider,
        count(*) as total,
        count(*) filter (where outcome is null or outcome = 'unknown') as unknown_outcomes,
        count(*) filter (where outcome = 'success' and mfa_satisfied_by = 'performed') as performed,
        count(*) filter (where outcome = 'success' and mfa_satisfied_by = 'performed' and methods_named = 0) as unknown_methods,
        count(*) filter (where identity_id is null and user_principal is null) as unknown_identities,
        count(*) filter (where event_id is null) as missing_event_ids,
        count(event_id) as event_ids,
        count(distinct event_id) as different_event_ids,
        count(*) filter (where day_number is null) as impossible_times,
        count(*) filter (where day_number is not null and event_time > $as_of) as future_times,
        count(distinct case when event_time <= $as_of then day_number end) as days_seen,
        max(case when event_time <= $as_of then day_number end)
            - min(case when event_time <= $as_of then day_number end) + 1 as days_between,
        count(*) filter (
            where provider = 'entra'
                and failure_code in ('50053', '50126')
                and event_time >= cast('2025-11-13 00:00:00+00' as timestamptz)
        ) as detailed,
        count(*) filter (
            where provider = 'entra'
                and failure_code in ('50053', '50126')
                and event_time >= cast('2025-11-13 00:00:00+00' as timestamptz)
                and methods_named = 0
        ) as empty_details,
        count(*) filter (where provider = 'okta' and second_factor is not null) as factored,
        count(*) filter (where provider = 'okta' and second_factor = 'password') as password_as_factor
    from logged
    group by provider
),

placed as (
    select
        provider,
        count(*) as total,
        count(*) filter (where account_id is null) as unknown_accounts
    from mfa_placed_signins
    where is_interactive
    group by provider
),

known_accounts as (
    select
        provider,
        identity_id
    from mfa_account_inputs
),

factors as (
    select
        f.provider,
        count(*) as total,
        count(*) filter (where f.method is null or f.method = 'unknown') as unknown_factor_methods,
        count(*) filter (where f.registered_at is null) as undated_factors,
        count(*) filter (where a.identity_id is null) as orphan_factors
    from mfa_factors as f
    left join known_accounts as a
        on a.provider = f.provider
        and a.identity_id = f.identity_id
    group by f.provider
),

accounts as (
    select
        provider,
        count(*) as total,
        count(*) filter (where population = 'unknown') as unknown_populations,
        count(*) filter (where created_at is null) as undated_accounts,
        count(*) filter (where is_human) as people,
        count(*) filter (where is_human and active_methods is null) as unknown_factors
    from mfa_account_inputs
    where is_enabled
    group by provider
),

names as (
    select lower(user_principal) as known_as
    from mfa_identities
    where user_principal is not null
    union
    select lower(identity_id) as known_as
    from mfa_identities
    where identity_id is not null
),

subjects as (
    select
        count(*) as total,
        count(*) filter (where n.known_as is null) as unknown_subjects
    from (
        select distinct
            exception_id,
            lower(subject) as named
        from mfa_exceptions
        where subject_kind = 'identity'
    ) as e
    left join names as n
        on n.known_as = e.named
),

inputs as (
    select
        count(*) as total,
        count(*) filter (where not is_loaded) as missing_inputs
    from mfa_contract_status
),

checks as (
    select 'empty_details' as check_id, provider, empty_details as affected, detailed as total from signins
    union all
    select 'missing_days' as check_id, provider, days_between - days_seen as affected, days_between as total from signins
    union all
    select 'unknown_outcomes' as check_id, provider, unknown_outcomes as affected, total from signins
    union all
    select 'unknown_methods' as check_id, provider, unknown_methods as affected, performed as total from signins
    union all
    select 'unknown_identities' as check_id, provider, unknown_identities as affected, total from signins
    union all
    select 'missing_event_ids' as check_id, provider, missing_event_ids as affected, total from signins
    union all
    select 'duplicate_events' as check_id, provider, event_ids - different_event_ids as affected, event_ids as total from signins
    union all
    select 'impossible_times' as check_id, provider, impossible_times as affected, total from signins
    union all
    select 'future_times' as check_id, provider, future_times as affected, total from signins
    union all
    select 'password_as_factor' as check_id, provider, password_as_factor as affected, factored as total from signins
    union all
    select 'unknown_accounts' as check_id, provider, unknown_accounts as affected, total from placed
    union all
    select 'unknown_factor_methods' as check_id, provider, unknown_factor_methods as affected, total from factors
    union all
    select 'undated_factors' as check_id, provider, undated_factors as affected, total from factors
    union all
    select 'orphan_factors' as check_id, provider, orphan_factors as affected, total from factors
    union all
    select 'unknown_populations' as check_id, provider, unknown_populations as affected, total from accounts
    union all
    select 'undated_accounts' as check_id, provider, undated_accounts as affected, total from accounts
    union all
    select 'unknown_factors' as check_id, provider, unknown_factors as affected, people as total from accounts
    union all
    select 'unknown_subjects' as check_id, cast(null as varchar) as provider, unknown_subjects as affected, total from subjects
    union all
    select 'missing_inputs' as check_id, cast(null as varchar) as provider, missing_inputs as affected, total from inputs
),

meanings as (
    select
        m.check_id,
        m.severity,
        m.distorts,
        m.remediation
    from (values
        ('empty_details', 'medium', 'methods of failed sign-ins', 'do not read an empty list as no method; use the failure code'),
        ('missing_days', 'high', 'every curve and every count over those days', 'load the missing files, or note the retention of the log'),
        ('unknown_outcomes', 'medium', 'coverage, enforcement gate', 'load an export that carries the status'),
        ('unknown_methods', 'medium', 'methods in use, phishing resistance', 'load an export with the authentication details'),
        ('unknown_identities', 'medium', 'coverage, detections per identity', 'load an export with the user'),
        ('missing_event_ids', 'low', 'counts of events, duplicates cannot be told', 'load an export with the ids'),
        ('duplicate_events', 'high', 'every count of sign-ins', 'load each event once: keep one row per provider and event_id'),
        ('impossible_times', 'high', 'every curve and every window of time', 'check whether the export is in seconds or milliseconds'),
        ('future_times', 'medium', 'windows of time, last seen', 'check the clock of the source and mfa_as_of'),
        ('password_as_factor', 'low', 'counts of second factors made by hand', 'count mfa_met_by of mfa_signin_attempts instead of second_factor'),
        ('unknown_accounts', 'medium', 'coverage by population, department and tier', 'load the directory of the provider into mfa_identities'),
        ('unknown_factor_methods', 'medium', 'registration coverage, enrolment', 'read it with a reader, or map the method by mfa_canonical_method'),
        ('undated_factors', 'medium', 'adoption curve, days of registration', 'load mfa_factor_events'),
        ('orphan_factors', 'low', 'factors per account', 'load the accounts the factors belong to'),
        ('unknown_populations', 'medium', 'denominators, tiers', 'load a list that knows the population, such as that of HR'),
        ('undated_accounts', 'low', 'denominators of earlier days, deadlines', 'load a directory that dates its accounts'),
        ('unknown_factors', 'high', 'registration coverage, enrolment, impact', 'load the factors of the provider into mfa_factors'),
        ('unknown_subjects', 'medium', 'who is exempted, exceptions in use', 'correct the subject of the exception'),
        ('missing_inputs', 'low', 'the views that would read them', 'see mfa_contract_status for a statement that loads each')
    ) as m(check_id, severity, distorts, remediation)
)

select
    c.check_id,
    c.provider,
    cast(c.affected as bigint) as affected,
    cast(c.total as bigint) as total,
    case when c.affected > 0 then m.severity else 'none' end as severity,
    m.distorts,
    m.remediation
from checks as c
inner join meanings as m
    on m.check_id = c.check_id
where c.total > 0
