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
