//! Sign-ins of any provider, recognised record by record.
//!
//! Every reader refuses the records of other logs, so a record is given to one after the other until one takes it; it reads
//! the same here as there. A record that nobody takes is a reject.

use std::cell::Cell;

use super::{
    Category, Layout, Parse, Reader, Reject, auth0_logs, aws_cloudtrail, duo_auth_log, entra_signins,
    google_login_activity, jumpcloud_events, keycloak_events, lastpass_events, o365_audit, ocsf_authentication,
    okta_system_log, onelogin_events, onepassword_signins, pingfederate_audit, pingone_audit, salesforce_login_history,
};
use crate::model::{Provider, SignIn};

pub(super) const READER: Reader = Reader {
    name: "read_mfa_signins",
    summary: "Sign-in logs of any provider mfa reads, told apart record by record",
    layout: Layout::Json,
    example: "read_mfa_signins(['sample_data/entra/signins-*.gz', 'sample_data/duo/*'])",
    parse: &[Parse::SignIn(parse)],
    source: "those of the readers of each log",
    export: "the files of any of the sign-in logs, mixed as they are; CSV only by the reader of its log",
    shapes: &[
        "JSON that the reader of some log accepts; a record that none of them knows is a reject",
        "lines of the logs that are text: those of Keycloak and PingFederate",
    ],
    ignores: &[(
        "what the reader of the log ignores",
        "a record is given to one reader after the other, and reads the same here as there",
    )],
    fills: &["event_time provider event_id correlation_id session_id event_type_raw identity_id user_principal \
         population_hint app_id app_name event_kind is_interactive surface protocol client_app_raw is_legacy_auth \
         outcome failure_code failure_reason_raw failure_category mfa_requirement mfa_result mfa_satisfied_by methods \
         methods_raw first_factor second_factor is_phishing_resistant number_matching policy_results \
         conditional_access_status ip ip_anonymizer country region city latitude longitude asn network_trusted \
         device_id device_os device_trust browser user_agent risk_level risk_signals tenant_id home_tenant_id \
         is_guest"],
};

type ParseSignIn = for<'a> fn(&'a [u8]) -> Result<Option<SignIn<'a>>, Reject>;

/// A sign-in log.
struct Log {
    provider: Provider,
    parse: ParseSignIn,
}

/// The logs, the most frequent first.
const LOGS: &[Log] = &[
    Log { provider: Provider::Okta, parse: okta_system_log::parse },
    Log { provider: Provider::Duo, parse: duo_auth_log::parse },
    Log { provider: Provider::Entra, parse: entra_signins::parse },
    Log { provider: Provider::Aws, parse: aws_cloudtrail::parse },
    Log { provider: Provider::O365, parse: o365_audit::parse },
    Log { provider: Provider::GoogleWorkspace, parse: google_login_activity::parse },
    Log { provider: Provider::Ocsf, parse: ocsf_authentication::parse },
    Log { provider: Provider::Auth0, parse: auth0_logs::parse },
    Log { provider: Provider::JumpCloud, parse: jumpcloud_events::parse },
    Log { provider: Provider::Keycloak, parse: keycloak_events::parse },
    Log { provider: Provider::OneLogin, parse: onelogin_events::parse },
    Log { provider: Provider::Ping, parse: pingone_audit::parse },
    Log { provider: Provider::Ping, parse: pingfederate_audit::parse },
    Log { provider: Provider::Salesforce, parse: salesforce_login_history::parse },
    Log { provider: Provider::OnePassword, parse: onepassword_signins::parse },
    Log { provider: Provider::LastPass, parse: lastpass_events::parse },
];

thread_local! {
    /// The log of the previous record: most files hold one log, whose reader then needs no other look at the record.
    static PREVIOUS: Cell<usize> = const { Cell::new(0) };
}

/// One record of any of the logs.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    // Only a row is taken from the guess: each reader gives rows for records of its own log alone. All else is decided in
    // the order of the logs, so the guess changes how fast a record is read, never how.
    if let Ok(Some(row)) = (LOGS[PREVIOUS.get()].parse)(record) {
        return Ok(Some(row));
    }
    parse_as(record, |_| true)
}

/// One record of some of the logs: what the first of them says that does not call it another log's.
fn parse_as(record: &[u8], wanted: impl Fn(&Log) -> bool) -> Result<Option<SignIn<'_>>, Reject> {
    let mut refused = None;
    for (index, log) in LOGS.iter().enumerate().filter(|(_, log)| wanted(log)) {
        match (log.parse)(record) {
            Ok(row) => {
                PREVIOUS.set(index);
                return Ok(row);
            }
            Err(reject) if reject.category == Category::WrongProvider => {}
            // A key that occurs twice may be one that only this log knows.
            Err(reject) => refused = refused.or(Some(reject)),
        }
    }
    Err(refused.unwrap_or_else(|| Reject::at(Category::WrongProvider, 0)))
}

/// Why one record could not be normalised.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NormalizeSignInError {
    /// The name is of no provider whose sign-ins are read.
    #[error("unknown provider '{name}': known are {known}")]
    UnknownProvider {
        /// The name asked for.
        name: String,
        /// The names there are, with commas between them.
        known: String,
    },
    /// The record was not read.
    #[error("{provider}: {}{} at byte {}", reject.category.explain(), column(reject), reject.offset)]
    Reject {
        /// The provider asked for.
        provider: &'static str,
        /// Why and where.
        reject: Reject,
    },
}

fn column(reject: &Reject) -> String {
    reject.column.as_ref().map(|column| format!(" ({column})")).unwrap_or_default()
}

/// Reads one sign-in record of the provider of that name, in any case, or of the provider it turns out to be of (`auto`).
///
/// `None` is a record of the log that is no sign-in.
///
/// # Errors
/// The name is unknown, or the record cannot be read.
pub fn normalize_signin<'a>(provider: &str, record: &'a [u8]) -> Result<Option<SignIn<'a>>, NormalizeSignInError> {
    const AUTO: &str = "auto";
    let name = provider.trim();
    let (provider, row) = if name.eq_ignore_ascii_case(AUTO) {
        (AUTO, parse(record))
    } else if let Some(log) = LOGS.iter().find(|log| log.provider.as_str().eq_ignore_ascii_case(name)) {
        (log.provider.as_str(), parse_as(record, |other| other.provider == log.provider))
    } else {
        let mut known: Vec<_> = LOGS.iter().map(|log| log.provider.as_str()).chain([AUTO]).collect();
        known.sort_unstable();
        known.dedup();
        return Err(NormalizeSignInError::UnknownProvider { name: name.to_owned(), known: known.join(", ") });
    };
    row.map_err(|reject| NormalizeSignInError::Reject { provider, reject })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::readers::Record;

    #[test]
    fn a_record_reads_the_same_after_any_other() {
        let records: Vec<_> = SIGN_INS
            .iter()
            .map(|(record, _, _)| *record)
            .chain([ENTRA_AUDIT, OKTA_ENROLMENT, DUO_TELEPHONY, "{}", "{", "text"])
            .collect();
        for record in &records {
            let alone = parse(record.as_bytes());
            for before in &records {
                let _ = parse(before.as_bytes());
                assert_eq!(parse(record.as_bytes()), alone, "{record} after {before}");
            }
        }
    }

    #[test]
    fn only_one_reader_takes_a_record() {
        for record in SIGN_INS.iter().map(|(record, _, _)| *record).chain([ENTRA_AUDIT, OKTA_ENROLMENT, DUO_TELEPHONY])
        {
            let refused = |reject: &Reject| matches!(reject.category, Category::WrongProvider | Category::NotAnObject);
            let takers =
                LOGS.iter().filter(|log| !(log.parse)(record.as_bytes()).is_err_and(|reject| refused(&reject)));
            assert_eq!(takers.count(), 1, "{record}");
        }
    }

    const ENTRA: &str = r#"{"id":"e1","createdDateTime":"2024-01-01T00:00:00Z","appId":"a","userId":"u",
        "status":{"errorCode":0},"ipAddress":"1.1.1.1"}"#;
    const ENTRA_EXPORT: &str = r#"{"time":"2024-01-01T00:00:00Z","category":"SignInLogs","resultType":"0",
        "properties":{"id":"e2","createdDateTime":"2024-01-01T00:00:00Z","appId":"a","status":{"errorCode":0}}}"#;
    const ENTRA_AUDIT: &str = r#"{"time":"2024-01-01T00:00:00Z","category":"AuditLogs","operationName":"Update user"}"#;
    const OKTA: &str = r#"{"uuid":"o1","published":"2024-01-01T00:00:00Z","eventType":"user.session.start",
        "actor":{"id":"00u1","type":"User"},"outcome":{"result":"SUCCESS"}}"#;
    const OKTA_STREAM: &str = r#"{"version":"0","id":"x","detail-type":"SystemLog","time":"2024-01-01T00:00:00Z",
        "detail":{"uuid":"o2","published":"2024-01-01T00:00:00Z","eventType":"user.session.start"}}"#;
    const OKTA_ENROLMENT: &str =
        r#"{"uuid":"o3","published":"2024-01-01T00:00:00Z","eventType":"user.mfa.factor.activate"}"#;
    const DUO: &str = r#"{"txid":"d1","timestamp":1597671838,"event_type":"authentication","result":"success",
        "access_device":{"ip":"1.1.1.1"},"eventtype":"authentication"}"#;
    const DUO_1: &str =
        r#"{"timestamp":1340217024,"factor":"Duo Push","integration":"x","result":"SUCCESS","username":"a"}"#;

    /// A record of each log, in each of its envelopes; whose it is, and the id it gives.
    const SIGN_INS: &[(&str, &str, Option<&str>)] = &[
        (ENTRA, "entra", Some("e1")),
        (ENTRA_EXPORT, "entra", Some("e2")),
        (OKTA, "okta", Some("o1")),
        (OKTA_STREAM, "okta", Some("o2")),
        (DUO, "duo", Some("d1")),
        (DUO_1, "duo", None),
        (DUO_ADMIN, "duo", None),
        (AWS, "aws", Some("a1")),
        (GOOGLE, "google_workspace", Some("g1")),
        (O365, "o365", Some("m1")),
        (OCSF, "ocsf", Some("s1")),
        (AUTH0, "auth0", Some("l1")),
        (JUMPCLOUD, "jumpcloud", Some("j1")),
        (KEYCLOAK, "keycloak", Some("k1")),
        (KEYCLOAK_LINE, "keycloak", None),
        (ONELOGIN, "onelogin", Some("7")),
        (PINGONE, "ping", Some("p1")),
        (SALESFORCE, "salesforce", Some("0Ya1")),
        (SALESFORCE_FILE, "salesforce", Some("r1")),
        (PINGFEDERATE_LINE, "ping", None),
        (PINGFEDERATE, "ping", None),
        (ONEPASSWORD, "1password", Some("w1")),
        (LASTPASS, "lastpass", None),
    ];
    const DUO_ADMIN: &str = r#"{"action":"admin_login","isotimestamp":"2024-01-01T00:00:00Z","username":"a"}"#;
    const DUO_TELEPHONY: &str =
        r#"{"context":"authentication","isotimestamp":"2024-01-01T00:00:00Z","phone":"1","type":"sms"}"#;
    const AWS: &str = r#"{"eventVersion":"1.08","eventID":"a1","eventTime":"2024-01-01T00:00:00Z","eventName":"ConsoleLogin",
        "eventSource":"signin.amazonaws.com","eventType":"AwsConsoleSignIn","userIdentity":{"type":"Root"}}"#;
    const GOOGLE: &str = r#"{"kind":"admin#reports#activity","id":{"time":"2024-01-01T00:00:00Z","uniqueQualifier":"g1",
        "applicationName":"login"},"actor":{"email":"a@x"},"events":[{"name":"login_success"}]}"#;
    const O365: &str = r#"{"CreationTime":"2024-01-01T00:00:00","Id":"m1","Operation":"UserLoggedIn","RecordType":15,
        "Workload":"AzureActiveDirectory","UserId":"a@x","ApplicationId":"app","ClientIP":"1.1.1.1","ErrorNumber":"0"}"#;

    const OCSF: &str = r#"{"class_uid":3002,"category_uid":3,"activity_id":1,"time":1767600000000,"status_id":1,
        "metadata":{"version":"1.1.0","uid":"s1"},"user":{"name":"a"}}"#;
    const AUTH0: &str =
        r#"{"log_id":"l1","data":{"date":"2024-01-01T00:00:00Z","type":"s","client_id":"c","user_id":"u"}}"#;

    const JUMPCLOUD: &str = r#"{"id":"j1","event_type":"user_login_attempt","service":"directory","success":true,"mfa":true,
        "timestamp":"2024-01-01T00:00:00Z","organization":"o","initiated_by":{"id":"u","type":"user"}}"#;
    const KEYCLOAK: &str =
        r#"{"id":"k1","time":1767600000000,"type":"LOGIN","realmId":"r","clientId":"c","userId":"u"}"#;
    const KEYCLOAK_LINE: &str =
        r#"2026-01-05 08:00:00,250 DEBUG [org.keycloak.events] (x) type="LOGIN", realmId="r", userId="u""#;

    const ONELOGIN: &str =
        r#"{"id":7,"created_at":"2024-01-01T00:00:00Z","event_type_id":5,"user_id":1,"ipaddr":"1.1.1.1"}"#;
    const PINGONE: &str = r#"{"id":"p1","recordedAt":"2024-01-01T00:00:00Z","action":{"type":"PASSWORD.CHECK_SUCCEEDED"},
        "actors":{"user":{"id":"u","name":"a"}},"resources":[{"type":"USER","id":"u"}],"result":{"status":"SUCCESS"}}"#;
    const SALESFORCE: &str = r#"{"attributes":{"type":"LoginHistory"},"Id":"0Ya1","UserId":"u","LoginTime":"2024-01-01T00:00:00Z",
        "LoginType":"Application","Status":"Success","SourceIp":"1.1.1.1"}"#;
    const SALESFORCE_FILE: &str = r#"{"EVENT_TYPE":"Login","TIMESTAMP":"20240101000000.000","REQUEST_ID":"r1",
        "ORGANIZATION_ID":"o","USER_NAME":"a@x","LOGIN_STATUS":"LOGIN_NO_ERROR"}"#;

    const PINGFEDERATE_LINE: &str =
        "2026-01-05 08:00:00,250| tid:abc| SSO| a| 1.1.1.1| | sp| SAML20| pf| IdP| success| HtmlFormAdapter| | 120";
    const PINGFEDERATE: &str = r#"{"DeviceProduct":"PingFederate","DeviceEventClassID":"SSO","Message":"success",
        "TimeGenerated":"2024-01-01T00:00:00Z","SourceIP":"1.1.1.1"}"#;
    const ONEPASSWORD: &str = r#"{"uuid":"w1","session_uuid":"s","timestamp":"2024-01-01T00:00:00Z","category":"success",
        "type":"mfa_ok","target_user":{"uuid":"u","email":"a@x"},"client":{"ip_address":"1.1.1.1"}}"#;
    const LASTPASS: &str =
        r#"{"Time":"2024-01-01 00:00:00","Username":"a@x","IP_Address":"1.1.1.1","Action":"Log in","Data":""}"#;

    #[test]
    fn every_record_finds_its_reader() {
        for &(record, provider, id) in SIGN_INS {
            let row = parse(record.as_bytes()).expect("reads").expect("is a sign-in");
            assert_eq!(row.provider, Some(provider), "{record}");
            assert_eq!(normalize_signin("AUTO", record.as_bytes()), Ok(Some(row.clone())));
            assert_eq!(normalize_signin(provider, record.as_bytes()), Ok(Some(row.clone())));
            if id.is_some() {
                assert_eq!(row.event_id.as_deref(), id);
            }
        }
        for record in [ENTRA_AUDIT, OKTA_ENROLMENT, DUO_TELEPHONY] {
            assert_eq!(parse(record.as_bytes()), Ok(None), "{record}");
        }
    }

    #[test]
    fn odd_values_make_a_row_or_a_reject() {
        use serde_json::{Value, json};
        let odd = [
            json!(null),
            json!(""),
            json!("x"),
            json!(-1),
            json!(true),
            json!([]),
            json!({}),
            json!([[{"a": "é|=,"}], 1]),
        ];
        for record in SIGN_INS.iter().filter_map(|(record, _, _)| serde_json::from_str::<Value>(record).ok()) {
            for key in record.as_object().expect("is an object").keys() {
                for value in &odd {
                    let mut changed = record.clone();
                    changed[key] = value.clone();
                    let text = changed.to_string();
                    for parse in crate::readers::READERS.iter().flat_map(|reader| reader.parse) {
                        match parse {
                            Parse::SignIn(parse) => drop(parse(text.as_bytes())),
                            Parse::FactorEvents(parse) => drop(parse(Record::Json(text.as_bytes()))),
                            Parse::CaPolicies(parse) => drop(parse(Record::Json(text.as_bytes()))),
                            _ => {}
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn keys_in_lower_case_are_recognised() {
        for record in [ENTRA, ENTRA_EXPORT, OKTA, DUO] {
            // Only the keys; the values are compared in any case, too.
            let lower = record.to_lowercase();
            let row = parse(lower.as_bytes()).expect("reads").expect("is a sign-in");
            let expected = parse(record.as_bytes()).expect("reads").expect("is a sign-in");
            assert_eq!((row.provider, row.outcome), (expected.provider, expected.outcome));
        }
    }

    #[test]
    fn what_nobody_claims() {
        for (record, category) in [
            (r#"{"eventName":"ConsoleLogin","eventType":"AwsConsoleSignIn"}"#, Category::WrongProvider),
            (r#"{"eventName":"ConsoleLogin","eventSource":"signin.amazonaws.com"}"#, Category::MissingField),
            (r#"{"category":"shoes","time":"now"}"#, Category::WrongProvider),
            ("{}", Category::WrongProvider),
            ("[1]", Category::NotAnObject),
            ("text", Category::NotAnObject),
            (r#"{"uuid":"#, Category::Truncated),
        ] {
            assert_eq!(parse(record.as_bytes()).map_err(|reject| reject.category), Err(category), "{record}");
        }
        // A record of one provider is a reject for the reader of another.
        for (record, provider) in [(ENTRA, "okta"), (OKTA, "duo"), (DUO, "okta"), (DUO, "entra"), (OKTA, "entra")] {
            let error = normalize_signin(provider, record.as_bytes()).expect_err("is a reject");
            assert_eq!(error.to_string(), format!("{provider}: a record of another log at byte 0"), "{record}");
        }
    }

    #[test]
    fn an_unknown_provider_is_told_the_known_ones() {
        let error = normalize_signin("Oktaa", OKTA.as_bytes()).expect_err("is unknown");
        assert_eq!(
            error.to_string(),
            "unknown provider 'Oktaa': known are 1password, auth0, auto, aws, duo, entra, google_workspace, jumpcloud, keycloak, lastpass, o365, ocsf, okta, onelogin, ping, salesforce"
        );
    }
}
