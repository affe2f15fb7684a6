//! The functions that are not readers.

use super::Function;

/// What a decision is made from, as `mfa_evaluate` takes it.
const DECISION: &[(&str, &str, &str)] = &[
    (
        "subject",
        "STRUCT",
        "id VARCHAR, population VARCHAR, roles VARCHAR[], privileged BOOLEAN, department VARCHAR, region VARCHAR, \
         created_at TIMESTAMPTZ, fallback_started_at TIMESTAMPTZ",
    ),
    (
        "factors",
        "STRUCT[] or VARCHAR[]",
        "method VARCHAR, enrolled_at TIMESTAMPTZ, last_used_at TIMESTAMPTZ, attested BOOLEAN, number_matching BOOLEAN, \
         user_verified BOOLEAN, status VARCHAR; or the methods of active factors alone; NULL is unknown, [] is none",
    ),
    ("app", "STRUCT", "id VARCHAR, sensitivity VARCHAR; NULL when no application is accessed"),
    (
        "context",
        "STRUCT",
        "signals VARCHAR[], protocol VARCHAR, transaction VARCHAR, used_methods VARCHAR[] (canonical; [] when none was \
         asked for), mfa_at TIMESTAMPTZ (when MFA was last performed in the session), federated BOOLEAN, \
         federation_attested BOOLEAN; NULL when there is no session",
    ),
    (
        "exceptions",
        "STRUCT[]",
        "id VARCHAR, criterion VARCHAR, starts_at TIMESTAMPTZ, expires_at TIMESTAMPTZ, approvers VARCHAR[] as \
         role:person, attested_at TIMESTAMPTZ, scope VARCHAR; NULL is unknown, [] is none",
    ),
    ("as_of", "TIMESTAMPTZ", "the instant to judge at; there is no default"),
    ("policy", "VARCHAR", "the document in TOML or JSON; left out or NULL, the one that mfa ships"),
];

/// Every function that is not a reader.
pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "mfa_canonical_method",
        area: "methods",
        kind: "scalar",
        parameters: &[
            ("provider", "VARCHAR", "entra, okta, duo, …; NULL when it is not known"),
            ("spelling", "VARCHAR", "the provider's name of the method, in any case"),
        ],
        returns: "VARCHAR",
        description: "The canonical name of an authentication method. NULL for a NULL spelling and for one that no provider \
                      is known to use; an unknown provider is an error.",
        example: "select mfa_canonical_method('entra', 'Mobile app notification')",
    },
    Function {
        name: "mfa_method_strength",
        area: "methods",
        kind: "scalar",
        parameters: &[("method", "VARCHAR", "canonical method")],
        returns: "VARCHAR",
        description: "What a sign-in with this method beside a password is worth: none, single, mfa, phishing_resistant or \
                      pr_hardware (NIST SP 800-63B-4). NULL for NULL and for a name that is not canonical.",
        example: "select mfa_method_strength('totp')",
    },
    Function {
        name: "mfa_is_phishing_resistant",
        area: "methods",
        kind: "scalar",
        parameters: &[("method", "VARCHAR", "canonical method")],
        returns: "BOOLEAN",
        description: "Whether a fake site cannot relay the method (NIST SP 800-63B-4, section 3.2.5). NULL for NULL, for \
                      unknown and for a name that is not canonical.",
        example: "select mfa_is_phishing_resistant('fido2_key')",
    },
    Function {
        name: "mfa_distance_km",
        area: "sign-ins",
        kind: "scalar",
        parameters: &[
            ("lat1", "DOUBLE", "degrees north"),
            ("lon1", "DOUBLE", "degrees east"),
            ("lat2", "DOUBLE", "degrees north"),
            ("lon2", "DOUBLE", "degrees east"),
        ],
        returns: "DOUBLE",
        description: "Kilometres between two places along the surface of a sphere of radius 6371.0088 km (haversine); within \
                      0.6 % of the distance on the WGS 84 ellipsoid. NULL when any argument is NULL or not on the globe.",
        example: "select mfa_distance_km(52.52, 13.405, 40.7128, -74.006)",
    },
    Function {
        name: "mfa_normalize_signin",
        area: "sign-ins",
        kind: "scalar",
        parameters: &[
            ("provider", "VARCHAR", "whose log it is, such as entra; 'auto' recognises it"),
            ("json", "VARCHAR", "one record as the provider writes it"),
        ],
        returns: "STRUCT of the columns of mfa_signins",
        description: "The parser of the readers for one record, for what DuckDB reaches by itself (s3, https, Parquet). NULL \
                      for NULL, for a record that is no sign-in and for one that cannot be read; mfa_signin_reject tells \
                      them apart. An unknown provider is an error.",
        example: "select mfa_normalize_signin('duo', '{\"txid\": \"1\", \"isotimestamp\": \"2026-01-05T08:00:00Z\", \
                  \"event_type\": \"authentication\", \"result\": \"success\", \"factor\": \"duo_push\"}').outcome",
    },
    Function {
        name: "mfa_signin_reject",
        area: "sign-ins",
        kind: "scalar",
        parameters: &[
            ("provider", "VARCHAR", "whose log it is, such as entra; 'auto' recognises it"),
            ("json", "VARCHAR", "one record as the provider writes it"),
        ],
        returns: "VARCHAR",
        description: "Why mfa_normalize_signin cannot read a record: the category in mfa_rejects(), such as syntax or \
                      invalid_timestamp. NULL when it can, when the record is no sign-in, and for NULL.",
        example: "select mfa_signin_reject('duo', '{')",
    },
    Function {
        name: "mfa_evaluate",
        area: "policies",
        kind: "scalar",
        parameters: DECISION,
        returns: "STRUCT(decision, would_decision, enrolment, session, required_mask, reason_mask, grace_deadline, stage, \
                  matched_rule_id, required_strength, max_age, tier, wave, policy_hash, strength)",
        description: "What a policy says about a person (enrolment) and a sign-in (session); the decision is the more restrictive of \
                      both. Grace and exceptions relax the enrolment only, unless an exception has scope 'session'. Fields are \
                      matched by name, in any case and order; a missing field is unknown, an extra one is ignored, a wrong type is \
                      an error that names it. A NULL element of a list is a value nobody knows. Unknown input that could change \
                      the decision gives indeterminate, never allow. A session is worth its strongest method beside a password; \
                      bypasses count nothing, and claims of another provider only when attested.",
        example: "select mfa_evaluate({'population': 'workforce', 'privileged': true, 'department': 'it'}, \
                  [{'method': 'totp', 'status': 'active'}], null, null, [], timestamptz '2026-12-01').enrolment",
    },
    Function {
        name: "mfa_explain",
        area: "policies",
        kind: "scalar",
        parameters: DECISION,
        returns: "STRUCT(section, rule, applied, reason, satisfied, asks)[]",
        description: "Why mfa_evaluate decides as it does: every tier, wave, session rule, given exception and stage in the order \
                      of evaluation, with whether it applies. reason says why it does not: the attribute that does not match \
                      (population, role, department, application, protocol, signal …), earlier_rule, not_enough_information, \
                      not_yet_effective, excluded, no_session, later_stage, compliant, or for an exception the reason of \
                      mfa_reasons. satisfied says whether what the rule asks by itself is there; NULL where that is unknown.",
        example: "select unnest(mfa_explain({'population': 'workforce', 'privileged': true, 'department': 'it'}, \
                  [{'method': 'totp', 'status': 'active'}], {'sensitivity': 'critical'}, null, [], timestamptz '2026-12-01'), \
                  recursive := true)",
    },
    Function {
        name: "mfa_policy_hash",
        area: "policies",
        kind: "scalar",
        parameters: &[("policy", "VARCHAR", "the document in TOML or JSON")],
        returns: "VARCHAR",
        description: "SHA-256 of the canonical form of a policy, 64 lower-case hexadecimal digits: the policy_hash of a \
                      decision. Comments, order and notation do not change it, what the policy says does. NULL for NULL; a \
                      document that is no valid policy is an error with path, line and column.",
        example: "select mfa_policy_hash(document) as hash from (select \
                  '{\"schema\": \"mfa-policy/1\", \"id\": \"p\", \"version\": \"1\", \"effective_from\": \"2026-01-01\", \
                  \"tier\": [{\"id\": \"all\", \"enrol\": {\"allow\": [\"totp\"]}}]}' as document)",
    },
    Function {
        name: "mfa_policy_canonical",
        area: "policies",
        kind: "scalar",
        parameters: &[("policy", "VARCHAR", "the document in TOML or JSON")],
        returns: "VARCHAR",
        description: "The canonical form of a policy, for archives and comparisons: JSON without blanks, keys sorted, sets \
                      expanded, instants in UTC, durations normalised, defaults left out. It is a policy document with the \
                      same hash. NULL for NULL; a document that is no valid policy is an error with path, line and column.",
        example: "select mfa_policy_canonical('{\"tier\": [{\"id\": \"all\", \"grace\": \"P2W\", \"enrol\": {\"allow\": \
                  \"totp\"}}], \"schema\": \"mfa-policy/1\", \"id\": \"p\", \"version\": \"1\", \"effective_from\": \
                  \"2026-01-01\"}')",
    },
    Function {
        name: "mfa_policy_merge",
        area: "policies",
        kind: "scalar",
        parameters: &[
            ("policy", "VARCHAR", "the document in TOML or JSON"),
            ("patch", "VARCHAR", "what to change, in TOML or JSON; a null, which only JSON has, removes a member"),
        ],
        returns: "VARCHAR",
        description: "A policy changed by a JSON merge patch (RFC 7396), as JSON with sorted keys: a new document with a new \
                      hash, to be given a version by the patch. Sets stay names, so a patch of a set changes all that uses \
                      it. An array is replaced as a whole: to change one tier, give all of them. An empty patch changes \
                      nothing. NULL when an argument is NULL; a document, patch or result that is not valid is an error \
                      with its path.",
        example: "select mfa_policy_merge('{\"schema\": \"mfa-policy/1\", \"id\": \"p\", \"version\": \"1\", \
                  \"effective_from\": \"2026-01-01\", \"ticket\": \"CHG-1\", \"sets\": {\"strong\": [\"totp\", \"u2f\"]}, \
                  \"tier\": [{\"id\": \"all\", \"enrol\": {\"allow\": \"@strong\"}}]}', '{\"version\": \"2\", \"ticket\": \
                  null, \"sets\": {\"strong\": [\"u2f\"]}}')",
    },
    Function {
        name: "mfa_policy_lint",
        area: "policies",
        kind: "scalar",
        parameters: &[("policy", "VARCHAR", "the document in TOML or JSON, a draft as well")],
        returns: "STRUCT(severity VARCHAR, rule VARCHAR, path VARCHAR, message VARCHAR)[]",
        description: "What is suspicious in a policy, in the order of the document: rules that never hold, people whom no \
                      wave covers, unknown words, empty and unused sets, dates and stages out of order, requirements that \
                      nobody can fulfil. severity is error, warning or info, rule the name of what was looked for. A \
                      document that is no valid policy gives one finding, invalid_document with line and column, and no \
                      error. Empty for a clean policy, NULL for NULL.",
        example: "select unnest(mfa_policy_lint(document), recursive := true) from (select \
                  '{\"schema\": \"mfa-policy/1\", \"id\": \"p\", \"version\": \"1\", \"effective_from\": \"2026-01-01\", \
                  \"rollout\": {}, \"tier\": [{\"id\": \"all\", \"enrol\": {\"allow\": [\"totp\"]}}]}' as document)",
    },
    Function {
        name: "mfa_methods",
        area: "methods",
        kind: "scalar",
        parameters: &[("mask", "BIGINT", "a mask of methods, such as required_mask")],
        returns: "VARCHAR[]",
        description: "The canonical methods in a mask. NULL for NULL; a number that is no mask is an error.",
        example: "select mfa_methods(33)",
    },
    Function {
        name: "mfa_reasons",
        area: "policies",
        kind: "scalar",
        parameters: &[("mask", "BIGINT", "a mask of reasons: reason_mask")],
        returns: "VARCHAR[]",
        description: "The reasons in a mask. NULL for NULL; a number that is no mask is an error.",
        example: "select mfa_reasons(3)",
    },
    Function {
        name: "mfa_policy_waves",
        area: "policies",
        kind: "scalar",
        parameters: &[("policy", "VARCHAR", "the document in TOML or JSON; NULL is the one that mfa ships")],
        returns: "STRUCT(wave VARCHAR, report_only_from TIMESTAMPTZ, enforce_from TIMESTAMPTZ, success_rate DOUBLE, min_signins \
                  BIGINT, window INTERVAL)[]",
        description: "The waves of a policy's rollout in their order, with what its promote_when asks before a wave is enforced; last, \
                      with a NULL wave, those who are in none. A NULL enforce_from is never. A document that cannot be read is an error.",
        example: "select unnest(mfa_policy_waves(null))",
    },
    Function {
        name: "mfa_policy_requirements",
        area: "policies",
        kind: "scalar",
        parameters: &[
            ("policy", "VARCHAR", "the document in TOML or JSON; NULL is the one that mfa ships"),
            ("as_of", "TIMESTAMPTZ", "the instant for phase-outs and fallbacks"),
        ],
        returns: "STRUCT(place BIGINT, tier VARCHAR, is_enrolled BOOLEAN, min_factors BIGINT, min_recovery BIGINT, grace INTERVAL, app VARCHAR, \
                  circumstance VARCHAR, kind VARCHAR, effect VARCHAR, strength VARCHAR, max_age INTERVAL, methods VARCHAR[])[]",
        description: "What a policy requires: every tier × class of applications × circumstance, with the methods of the tier that are \
                      strong enough. NULL for a NULL as_of. A document that cannot be read is an error.",
        example: "select unnest(mfa_policy_requirements(null, timestamptz '2026-12-01'))",
    },
    Function {
        name: "mfa_preset",
        area: "catalog",
        kind: "scalar",
        parameters: &[("name", "VARCHAR", "elastic, panther, sentinel or splunk, in any case")],
        returns: "VARCHAR",
        description: "The preset of that name in lower case, as the setting mfa_preset takes it: the published thresholds that \
                      detections then have in the place of the defaults. NULL for NULL; a name that is none is an error.",
        example: "select mfa_preset('Elastic')",
    },
    Function {
        name: "mfa_version",
        area: "catalog",
        kind: "scalar",
        parameters: &[],
        returns: "VARCHAR",
        description: "The version of mfa.",
        example: "select mfa_version()",
    },
    Function {
        name: "mfa_functions",
        area: "catalog",
        kind: "table",
        parameters: &[],
        returns: "name, kind, signature, parameters, description, example, since",
        description: "Everything that mfa offers: functions, readers, views, input relations and settings.",
        example: "select name, description from mfa_functions() where kind = 'view'",
    },
    Function {
        name: "mfa_contract",
        area: "catalog",
        kind: "table",
        parameters: &[],
        returns: "relation, required, key, grain, description, columns, loads",
        description: "The input relations: what they hold, and the statement that loads each.",
        example: "select relation, loads from mfa_contract() where required",
    },
    Function {
        name: "mfa_read_stats",
        area: "catalog",
        kind: "table",
        parameters: &[],
        returns: "scan, reader, file, records, rows, rejects, ignored, finished",
        description: "What the readers read, per scan and file: rows + rejects + ignored = records, where a record with \
                      several rows, such as a person's factors, counts once for each. The last 64 scans of the \
                      instance; a scan that LIMIT or an error ended early is not finished.",
        example: "select file, records, rows, rejects, ignored from mfa_read_stats()",
    },
    Function {
        name: "mfa_rejects",
        area: "catalog",
        kind: "table",
        parameters: &[],
        returns: "scan, reader, file, record, byte_offset, category, column_name, message",
        description: "The records that readers could not read, and why; never what they hold. Offsets count bytes after \
                      decompression, of a UTF-16 file those of its UTF-8 form. Of each scan in mfa_read_stats() up to a million.",
        example: "select file, record, byte_offset, category from mfa_rejects()",
    },
];
