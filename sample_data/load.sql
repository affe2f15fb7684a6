-- Loads the sample company into the input relations of mfa. Run it from the root of the repository: on DuckDB after `load mfa`,
-- on DataFusion as it is.
-- Any input may as well be a view, a temp table or a data frame: only its name and its columns count.

-- The sample ends here. Left out, mfa takes now().
set variable mfa_as_of = timestamptz '2026-10-28 00:00:00+00';

-- Sign-ins: each record is recognised by its shape, so one list of files mixes providers, framings and compression.
create or replace table mfa_signins as
from read_mfa_signins([
    'sample_data/entra/signins-*.ndjson.gz',
    'sample_data/entra/noninteractive.json.gz',
    'sample_data/okta/system-log*.json.gz',
    'sample_data/okta/system-log*.ndjson.gz',
    'sample_data/duo/authentication*'
]);

-- Accounts of every directory; rows about the same account add up. Entra tells administrators apart in its registration
-- report only, and the HR list knows what no directory does: population, department, region, manager.
create or replace table mfa_identities as
from read_entra_users('sample_data/entra/users.json')
union all by name
from read_entra_registration('sample_data/entra/registration.json', rows := 'identities')
union all by name
from read_okta_users('sample_data/okta/users.json')
union all by name
from read_aws_credential_report('sample_data/aws/credential-report.csv', rows := 'identities')
union all by name
from read_mfa_identities('sample_data/hr/people.csv');

-- The methods they registered.
create or replace table mfa_factors as
from read_entra_registration('sample_data/entra/registration.json', rows := 'factors')
union all by name
from read_okta_factors('sample_data/okta/factors.ndjson')
union all by name
from read_aws_credential_report('sample_data/aws/credential-report.csv', rows := 'factors');

-- What a company keeps in lists of its own. Only columns that are not text need a type.
create or replace table mfa_factor_events as
from read_csv('sample_data/factor_events.csv', types = {event_time: 'timestamptz', source_record: 'bigint'});

create or replace table mfa_apps as
from read_csv('sample_data/apps.csv', types = {in_mfa_scope: 'boolean'});

create or replace table mfa_exceptions as
from read_csv('sample_data/exceptions.csv', types = {
    starts_at: 'timestamptz', expires_at: 'timestamptz', closed_at: 'timestamptz', recorded_at: 'timestamptz'
});

create or replace table mfa_exception_approvals as
from read_csv('sample_data/exception_approvals.csv', types = {decided_at: 'timestamptz'});

create or replace table mfa_attestations as
from read_csv('sample_data/attestations.csv', types = {attested_at: 'timestamptz'});

create or replace table mfa_control_tests as
from read_csv('sample_data/control_tests.csv', types = {tested_at: 'timestamptz'});

create or replace table mfa_roles as
from read_csv('sample_data/roles.csv', types = {is_privileged: 'boolean'});

-- Who decides, where each department stands, and what was decided on.
create or replace table mfa_owners as
from read_csv('sample_data/owners.csv', types = {valid_from: 'timestamptz', valid_until: 'timestamptz'});

create or replace table mfa_phases as
from read_csv('sample_data/phases.csv', types = {
    planned_start: 'date', planned_end: 'date', started_at: 'timestamptz', finished_at: 'timestamptz', gate_met: 'boolean'
});

create or replace table mfa_policy_approvals as
from read_csv('sample_data/policy_approvals.csv', types = {decided_at: 'timestamptz'});

create or replace table mfa_access_reviews as
from read_csv('sample_data/access_reviews.csv', types = {decided_at: 'timestamptz'});

-- What is written about MFA, was sent, and was shown to whom.
create or replace table mfa_materials as
from read_csv('sample_data/materials.csv', types = {updated_at: 'timestamptz'});

create or replace table mfa_communications as
from read_csv('sample_data/communications.csv', types = {
    planned_at: 'timestamptz', sent_at: 'timestamptz', opened_at: 'timestamptz', manager_copied: 'boolean'
});

create or replace table mfa_prompts as
from read_csv('sample_data/prompts.csv', types = {
    shown_at: 'timestamptz', completed_at: 'timestamptz', snoozed_until: 'timestamptz'
});

create or replace table mfa_enrollment_events as
from read_csv('sample_data/enrollment_events.csv', types = {event_time: 'timestamptz'});

-- The help desk.
create or replace table mfa_runbooks as
from read_csv('sample_data/runbooks.csv', types = {reviewed_at: 'timestamptz'});

create or replace table mfa_tickets as
from read_csv('sample_data/tickets.csv', types = {opened_at: 'timestamptz', closed_at: 'timestamptz'});

create or replace table mfa_support_coverage as
from read_csv('sample_data/support_coverage.csv', types = {
    starts_at: 'timestamptz', ends_at: 'timestamptz', agents: 'bigint', is_extended: 'boolean'
});

create or replace table mfa_bypass_codes as
from read_csv('sample_data/bypass_codes.csv', types = {
    created_at: 'timestamptz', expires_at: 'timestamptz', reuse_count: 'bigint', used_count: 'bigint', last_used_at: 'timestamptz',
    revoked_at: 'timestamptz'
});

-- What was done about those who did not enrol.
create or replace table mfa_enforcement_events as
from read_csv('sample_data/enforcement_events.csv', types = {event_time: 'timestamptz', from_stage: 'bigint', to_stage: 'bigint'});

create or replace table mfa_training_assignments as
from read_csv('sample_data/training_assignments.csv', types = {
    assigned_at: 'timestamptz', due_at: 'timestamptz', completed_at: 'timestamptz', manager_acknowledged_at: 'timestamptz'
});

-- Earlier answers of mfa_gaps and mfa_baseline.
create or replace table mfa_snapshots as
from read_csv('sample_data/snapshots.csv', types = {taken_at: 'timestamptz', value: 'double'});

-- Two exports of Entra's access policies. When it was made is not in an export.
create or replace table mfa_ca_policies as
select
    provider, policy_id, name, state, grant_controls, include_users, exclude_users, include_groups, exclude_groups, include_apps,
    exclude_apps, exclude_locations, client_app_types, modified_at, timestamptz '2026-09-20 06:00:00+00' as exported_at, document
from read_entra_ca_policies('sample_data/entra/ca-policies-2026-09-20.json')
union all
select
    provider, policy_id, name, state, grant_controls, include_users, exclude_users, include_groups, exclude_groups, include_apps,
    exclude_apps, exclude_locations, client_app_types, modified_at, timestamptz '2026-10-20 06:00:00+00' as exported_at, document
from read_entra_ca_policies('sample_data/entra/ca-policies-2026-10-20.json');

-- Both policies: the one that decides is the latest in force at mfa_as_of. A policy's own text says from when.
create or replace table mfa_policies as
select
    regexp_replace(content, '(?s)^.*?id = "([^"]+)".*$', '\1') as policy_id,
    regexp_replace(content, '(?s)^.*?version = "([^"]+)".*$', '\1') as version,
    cast(regexp_replace(content, '(?s)^.*?effective_from = (\S+).*$', '\1') as timestamptz) as effective_from,
    content as document,
    mfa_policy_hash(content) as hash,
    [regexp_replace(content, '(?s)^.*?approved_by = \["([^"]+)"\].*$', '\1')] as approved_by,
    regexp_replace(content, '(?s)^.*?ticket = "([^"]+)".*$', '\1') as ticket
from read_text('sample_data/policies/v*.toml');

-- The version that is proposed next, for mfa_policy_diff.
create or replace table mfa_proposed_policy as
select content as document from read_text('sample_data/policies/proposed.toml');
