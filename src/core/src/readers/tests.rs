//! What a reader says of itself is what it does to the logs in `tests/data`.

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;

use super::framing::{Position, Stream};
use super::{Layout, Parse, READERS, Reader, Record, Reject};
use crate::model::{Row, Value};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data");

/// Records with what the logs in `tests/data` have no occasion to show.
const MORE: &[(&str, &str)] = &[
    (
        "read_entra_signins",
        r#"[{"createdDateTime": "2026-01-05T08:00:00Z", "appId": "a", "ipAddress": "203.0.113.1", "sessionId": "s"},
            {"time": "2026-01-05T08:00:00Z", "category": "AuditLogs", "operationName": "Add user"}]"#,
    ),
    (
        "read_entra_audits",
        r#"{"activityDateTime": "2026-01-05T08:00:00Z", "activityDisplayName": "User registered security info",
            "initiatedBy": {"user": {"id": "u"}}, "additionalDetails": [{"key": "User-Agent", "value": "curl"}]}"#,
    ),
    (
        "read_o365_audit",
        r#"[{"CreationTime": "2026-01-05T08:00:00", "Operation": "UserLoggedIn", "Workload": "AzureActiveDirectory",
             "ApplicationId": "a", "InterSystemsId": "c", "ActorContextId": "t", "DeviceProperties": [{"Name": "Id", "Value": "d"},
             {"Name": "BrowserType", "Value": "Edge"}, {"Name": "IsCompliant", "Value": "True"}]},
            {"CreationTime": "2026-01-05T08:00:00", "Operation": "User registered security info.", "Workload": "AzureActiveDirectory",
             "InterSystemsId": "c", "Target": [{"ID": "User_00000000-0000-4000-8000-000000000001"}], "ExtendedProperties":
             [{"Name": "resultDescription", "Value": "User registered Authenticator App with Code"}]}]"#,
    ),
    (
        "read_okta_system_log",
        r#"[{"eventType": "user.session.start", "published": "2026-01-05T08:00:00Z", "device": {"managed": true}},
            {"eventType": "user.mfa.factor.activate", "published": "2026-01-05T08:00:00Z", "outcome": {"result": "FAILURE",
             "reason": "INVALID_CREDENTIALS"}, "debugContext": {"debugData": {"factor": "OKTA_VERIFY_PUSH"}},
             "target": [{"id": "f", "type": "AuthenticatorEnrollment"}]}]"#,
    ),
    (
        "read_okta_factors",
        r#"{"id": "f", "factorType": "webauthn", "userId": "u", "profile": {"aaguid": "00000000-0000-4000-8000-000000000001"}}"#,
    ),
    (
        "read_duo_auth_log",
        r#"[{"action": "admin_login", "username": "Ann", "isotimestamp": "2026-01-05T08:00:00Z",
             "description": "{\"primary_auth_method\": \"Password\", \"factor\": \"push\"}"},
            {"action": "o2fa_user_provisioned", "username": "ann", "isotimestamp": "2026-01-05T08:00:00Z",
             "description": "{\"user_agent\": \"Duo\"}"}]"#,
    ),
    (
        "read_google_login_activity",
        r#"{"kind": "admin#reports#activity", "id": {"time": "2026-01-05T08:00:00Z", "applicationName": "saml"},
            "events": [{"name": "login_success", "parameters": [{"name": "application_name", "value": "CRM"},
            {"name": "application_id", "value": "1"}, {"name": "user_agent", "value": "Mozilla/5.0"}]}]}"#,
    ),
    (
        "read_aws_cloudtrail",
        r#"{"eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "eventTime": "2026-01-05T08:00:00Z",
            "errorCode": "AccessDenied", "errorMessage": "Failed authentication", "responseElements": {"ConsoleLogin": "Failure"}}"#,
    ),
    (
        "read_auth0_logs",
        r#"[{"log_id": "1", "date": "2026-01-05T08:00:00Z", "type": "s", "session_id": "s", "tenant_name": "t", "location_info":
             {"country_code": "DE", "city_name": "Berlin", "latitude": 52.5, "longitude": 13.4},
             "details": {"riskAssessment": {"confidence": "low"}}},
            {"log_id": "2", "date": "2026-01-05T08:00:00Z", "type": "gd_webauthn_enrollment_failed", "description": "Timeout"}]"#,
    ),
    (
        "read_ocsf_authentication",
        r#"[{"class_uid": 3002, "category_uid": 3, "time": 1767600000000, "status_id": 2, "status_code": "1", "auth_protocol_id": 11,
             "metadata": {"version": "1.3.0", "correlation_uid": "c", "tenant_uid": "t"}, "service": {"uid": "a"}, "risk_level": "High",
             "src_endpoint": {"location": {"country": "DE", "region": "BE", "city": "Berlin", "lat": 52.5, "long": 13.4},
             "autonomous_system": {"number": 1}}, "device": {"uid": "d", "os": {"name": "Linux"}, "is_managed": true}},
            {"class_uid": 3001, "category_uid": 3, "activity_id": 10, "time": 1767600000000, "status_id": 2, "status_detail": "denied",
             "metadata": {"version": "1.3.0", "correlation_uid": "c"}}]"#,
    ),
    (
        "read_jumpcloud_events",
        r#"[{"event_type": "user_login_attempt", "service": "directory", "organization": "o", "timestamp": "2026-01-05T08:00:00Z",
             "correlation_id": "c", "geoip": {"region_name": "Berlin"}},
            {"event_type": "totp_finish_enroll", "service": "directory", "organization": "o", "timestamp": "2026-01-05T08:00:00Z",
             "success": false, "error_message": "wrong code"}]"#,
    ),
    (
        "read_keycloak_events",
        r#"[{"type": "LOGIN", "realmId": "r", "time": 1767600000000, "details": {"user_agent": "Mozilla/5.0"}},
            {"type": "UPDATE_CREDENTIAL_ERROR", "realmId": "r", "time": 1767600000000, "error": "invalid_code",
             "details": {"credential_type": "otp"}}]"#,
    ),
    (
        "read_onelogin_events",
        r#"{"event_type_id": 5, "created_at": "2026-01-05T08:00:00Z", "authentication_factor_type": "Security Questions",
            "user_agent": "Mozilla/5.0"}"#,
    ),
    (
        "read_pingone_audit",
        r#"[{"recordedAt": "2026-01-05T08:00:00Z", "action": {"type": "PASSWORD.CHECK_SUCCEEDED"},
             "internalCorrelation": {"sessionId": "s"}},
            {"recordedAt": "2026-01-05T08:00:00Z", "action": {"type": "DEVICE.ACTIVATION_FAILED"},
             "result": {"status": "FAILED", "description": "wrong code"}}]"#,
    ),
    (
        "read_salesforce_login_history",
        r#"[{"EventDate": "2026-01-05T08:00:00Z", "LoginType": "Application", "Status": "LOGIN_ERROR_INVALID_PASSWORD", "LoginKey": "k",
             "UserId": "u", "SessionKey": "s", "City": "Berlin", "LoginLatitude": 52.5, "LoginLongitude": 13.4,
             "ORGANIZATION_ID": "o", "Browser": "Mozilla/5.0"},
            {"VerificationTime": "2026-01-05T08:00:00Z", "VerificationMethod": "SalesforceAuthenticator", "Status": "Succeeded"},
            {"EVENT_TYPE": "LoginAs", "ORGANIZATION_ID": "o", "TIMESTAMP_DERIVED": "2026-01-05T08:00:00Z"}]"#,
    ),
    (
        "read_1password_signins",
        r#"{"timestamp": "2026-01-05T08:00:00Z", "category": "success", "type": "credentials_ok", "session_uuid": "s",
            "account_uuid": "a", "location": {"region": "Berlin", "city": "Berlin", "latitude": 52.5, "longitude": 13.4}}"#,
    ),
    ("read_mfa_identities", "login,tier,license,last_login,has_password,has_access_key\nann,1,E5,2026-01-05,yes,no\n"),
];

/// A value for every column that a mapping can fill; of methods, several.
const MAPPED: &[(&str, &str)] = &[
    ("event_time", "2026-01-05T08:00:00Z"),
    ("correlation_id", "c"),
    ("session_id", "s"),
    ("population_hint", "guest"),
    ("app_id", "a"),
    ("protocol", "saml"),
    ("client_app_raw", "app"),
    ("is_legacy_auth", "false"),
    ("outcome", "success"),
    ("failure_code", "1"),
    ("failure_reason_raw", "text"),
    ("methods", "password push_number"),
    ("conditional_access_status", "success"),
    ("ip_anonymizer", "false"),
    ("country", "DE"),
    ("region", "BE"),
    ("city", "Berlin"),
    ("latitude", "52.5"),
    ("longitude", "13.4"),
    ("asn", "1"),
    ("network_trusted", "true"),
    ("device_id", "d"),
    ("device_os", "Linux"),
    ("device_trust", "managed"),
    ("browser", "Firefox"),
    ("user_agent", "Mozilla/5.0"),
    ("risk_level", "low"),
    ("risk_signals", "new_device"),
    ("tenant_id", "t"),
    ("home_tenant_id", "t"),
    ("is_guest", "true"),
];

fn data(name: &str) -> Vec<u8> {
    fs::read(format!("{DATA}/{name}")).unwrap()
}

/// What shows what a reader does: bytes, their layout and, where it takes one, a mapping.
fn logs(reader: &Reader) -> Vec<(Vec<u8>, Layout, Option<String>)> {
    let own = MORE.iter().filter(|(name, _)| *name == reader.name).map(|(_, text)| text.as_bytes().to_vec());
    match reader.name {
        "read_mfa_identities" => {
            [data("people.csv")].into_iter().chain(own).map(|bytes| (bytes, reader.layout, None)).collect()
        }
        // Whatever has a reader of its own.
        "read_mfa_signins" => READERS
            .iter()
            .filter(|other| matches!(other.parse[0], Parse::SignIn(_)) && other.name != reader.name)
            .flat_map(logs)
            .collect(),
        "read_mapped_signins" => {
            let mapping: String = MAPPED.iter().map(|(column, _)| format!("{column} = \"{column}\"\n")).collect();
            let record: serde_json::Map<_, _> = MAPPED
                .iter()
                .map(|(name, text)| ((*name).to_owned(), text.split(' ').collect::<Vec<_>>().into()))
                .collect();
            vec![
                (
                    data("mapped_signins.json"),
                    reader.layout,
                    Some(String::from_utf8(data("mapped_signins.toml")).unwrap()),
                ),
                (
                    serde_json::to_vec(&record).unwrap(),
                    reader.layout,
                    Some(format!("provider = \"p\"\n[columns]\n{mapping}")),
                ),
            ]
        }
        name => {
            let stem = name.trim_start_matches("read_");
            let files = fs::read_dir(DATA).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let files: Vec<_> = files.filter(|file| file.split('.').next() == Some(stem)).collect();
            assert!(!files.is_empty(), "{name} has no log in tests/data");
            files.iter().map(|file| data(file)).chain(own).map(|bytes| (bytes, reader.layout, None)).collect()
        }
    }
}

/// Adds the columns of rows that are not NULL, and counts the rows.
fn note<R: Row>(rows: impl IntoIterator<Item = R>, found: &mut BTreeSet<&'static str>) -> usize {
    let mut count = 0;
    for row in rows {
        count += 1;
        let filled = R::COLUMNS.iter().enumerate().filter(|(index, _)| row.value(*index) != Value::Null);
        found.extend(filled.map(|(_, column)| column.name));
    }
    count
}

fn read(parse: Parse, record: Record<'_>, found: &mut BTreeSet<&'static str>) -> Result<usize, Reject> {
    Ok(match (parse, record) {
        (Parse::SignIn(parse), Record::Json(record)) => note(parse(record)?, found),
        (Parse::Mapped(mapping), Record::Json(record)) => note(mapping.read(record)?, found),
        (Parse::Identities(parse), record) => note(parse(record)?, found),
        (Parse::Factors(parse), record) => note(parse(record)?, found),
        (Parse::FactorEvents(parse), record) => note(parse(record)?, found),
        (Parse::CaPolicies(parse), record) => note(parse(record)?, found),
        _ => panic!("a parser and a record that do not go together"),
    })
}

/// The columns that some record fills, and whether some record becomes no row.
fn filled(reader: &Reader, rows: &str) -> (BTreeSet<&'static str>, bool) {
    let (mut found, mut ignores) = (BTreeSet::new(), false);
    for (bytes, layout, mapping) in logs(reader) {
        let (parse, _) = reader.resolve(Some(rows), None, None, mapping.as_deref()).unwrap();
        let mut stream = Stream::open(Cursor::new(bytes), layout).unwrap();
        while let Some(block) = stream.next_block(Vec::new()).unwrap() {
            let mut position = Position::default();
            while let Some(piece) = block.next(&mut position) {
                // The logs show rejects, too.
                ignores |= piece.content.and_then(|record| read(parse, record, &mut found)) == Ok(0);
            }
        }
    }
    (found, ignores)
}

#[test]
fn readers_fill_the_columns_that_they_say() {
    let mut wrong = Vec::new();
    for reader in READERS {
        assert_eq!(reader.fills.len(), reader.parse.len(), "{}", reader.name);
        for (parse, fills) in reader.parse.iter().zip(reader.fills) {
            let (found, _) = filled(reader, parse.rows());
            let names = parse.columns().iter().map(|column| column.name);
            let found: Vec<_> = names.filter(|name| found.contains(name)).collect();
            let said: Vec<_> = fills.split(' ').collect();
            if said != found {
                let missing: Vec<_> = found.iter().filter(|name| !said.contains(name)).collect();
                let unshown: Vec<_> = said.iter().filter(|name| !found.contains(name)).collect();
                wrong.push(format!("{} {}: not said {missing:?}, not filled {unshown:?}", reader.name, parse.rows()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What stands before an entry of `ignores` that is about some rows only.
fn about(parse: Parse) -> String {
    format!("{}: ", parse.rows().replace('_', " ").replace("signins", "sign-ins"))
}

#[test]
fn readers_ignore_what_they_say() {
    let mut wrong = Vec::new();
    for reader in READERS {
        for parse in reader.parse {
            let (_, ignores) = filled(reader, parse.rows());
            let rows: Vec<_> = reader.parse.iter().map(|parse| about(*parse)).collect();
            let others: Vec<_> = rows.iter().filter(|other| **other != about(*parse)).collect();
            let said = reader.ignores.iter().any(|(what, _)| !others.iter().any(|other| what.starts_with(*other)));
            if said != ignores {
                wrong.push(format!("{} {}: said {said}, done {ignores}", reader.name, parse.rows()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn readers_say_what_they_read() {
    for reader in READERS {
        assert!(!reader.source.is_empty() && !reader.export.is_empty() && !reader.shapes.is_empty(), "{}", reader.name);
        for text in [reader.source, reader.export].iter().chain(reader.shapes) {
            assert!(!text.ends_with('.') && !text.contains('\n'), "{}: {text}", reader.name);
        }
        for (what, why) in reader.ignores {
            let rows = reader.parse.iter().any(|parse| what.starts_with(&about(*parse)));
            assert!(rows || !what.contains(": "), "{}: {what}", reader.name);
            assert!(!why.is_empty(), "{}: {what}", reader.name);
        }
    }
}
