//! Sign-ins of any other log, by a mapping: which path fills which column, and what the log's words mean.
//!
//! A mapping is TOML. What it does not map is unknown, a word that it does not list is unknown, and a record that is not what
//! it looks for is ignored. Where it maps methods but not what became of MFA, that follows from the methods as for any log.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::Value;

use super::json::{self, Text};
use super::used::{Used, unknown};
use super::{Category, Layout, Parse, Reader, Reject, event_id, lower, time};
use crate::model::{Kind, Method, Provider, Row as _, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_mapped_signins",
    summary: "Sign-ins of any other log, JSON or CSV, by a mapping in TOML",
    layout: Layout::Any,
    example: "read_mapped_signins('tests/data/mapped_signins.json', mapping := 'tests/data/mapped_signins.toml')",
    parse: &[Parse::Mapping(Mapping::keep)],
    source: "that of the log",
    export: "whatever the log offers, JSON or CSV; the mapping is TOML, see `tests/data/mapped_signins.toml`",
    shapes: &["JSON objects in any framing", "CSV with a header line, whose columns are the paths"],
    ignores: &[("records that are not what `[where]` of the mapping asks for", "one export can carry several logs")],
    fills: &["event_time provider event_id correlation_id session_id event_type_raw identity_id user_principal \
         population_hint app_id app_name event_kind is_interactive surface protocol client_app_raw is_legacy_auth \
         outcome failure_code failure_reason_raw failure_category mfa_requirement mfa_result mfa_satisfied_by methods \
         methods_raw first_factor second_factor is_phishing_resistant number_matching conditional_access_status ip \
         ip_anonymizer country region city latitude longitude asn network_trusted device_id device_os device_trust \
         browser user_agent risk_level risk_signals tenant_id home_tenant_id is_guest"],
};

/// Why a text is no mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MappingError(String);

/// The document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    provider: String,
    #[serde(default, rename = "where")]
    filter: BTreeMap<String, OneOrMore>,
    columns: BTreeMap<String, Entry>,
    #[serde(default)]
    methods: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Path(String),
    Paths(Vec<String>),
    Words(Words),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    values: BTreeMap<String, String>,
}

/// How the records of a log become sign-ins.
#[derive(Debug)]
pub struct Mapping {
    provider: String,
    filter: Vec<(Path, Vec<String>)>,
    columns: Vec<Column>,
    methods: BTreeMap<String, Method>,
}

#[derive(Debug)]
struct Column {
    name: &'static str,
    kind: Kind,
    /// The first that holds something.
    paths: Vec<Path>,
    /// What it is without any.
    value: Option<String>,
    /// Words of the log, lower case, and what they mean.
    values: BTreeMap<String, String>,
}

/// Names from the outside in; a name with dots in it is found whole, too.
#[derive(Debug)]
struct Path(String);

/// The words of columns that have no others.
const WORDS: &[(&str, &[&str])] = &[
    ("population_hint", &["workforce", "guest", "partner", "service"]),
    ("event_kind", &["primary", "second_factor", "combined", "sso", "token", "enrollment", "admin", "other"]),
    ("surface", &["browser", "mobile", "desktop", "vpn", "legacy_protocol", "api", "unknown"]),
    ("outcome", &["success", "failure", "challenge", "interrupted", "unknown"]),
    (
        "failure_category",
        &[
            "bad_credentials",
            "mfa_denied",
            "mfa_timeout",
            "mfa_failed",
            "mfa_required",
            "fraud_reported",
            "policy_blocked",
            "account_locked",
            "account_disabled",
            "risk_blocked",
            "interrupted",
            "not_enrolled",
            "config_error",
            "other",
        ],
    ),
    ("mfa_requirement", &["required", "not_required", "unknown"]),
    (
        "mfa_result",
        &["satisfied", "denied", "failed", "timed_out", "fraud_reported", "bypassed", "not_attempted", "unknown"],
    ),
    (
        "mfa_satisfied_by",
        &[
            "performed",
            "claim_in_token",
            "remembered_device",
            "federated",
            "trusted_location",
            "bypass",
            "none",
            "unknown",
        ],
    ),
    ("conditional_access_status", &["success", "failure", "not_applied", "unknown"]),
    ("device_trust", &["managed", "compliant", "registered", "unmanaged", "unknown"]),
    (
        "protocol",
        &[
            "saml",
            "oidc",
            "oauth2",
            "ws_fed",
            "radius",
            "ldap",
            "kerberos",
            "ropc",
            "device_code",
            "imap",
            "pop",
            "smtp_auth",
            "exchange_active_sync",
            "basic_auth",
        ],
    ),
];

/// Columns that follow from others, or that a mapping cannot fill.
const DERIVED: &[&str] = &[
    "provider",
    "methods_raw",
    "is_phishing_resistant",
    "number_matching",
    "policy_results",
    "source_file",
    "source_record",
];

fn words(column: &str) -> Option<&'static [&'static str]> {
    if matches!(column, "first_factor" | "second_factor") {
        return Some(&[]);
    }
    WORDS.iter().find(|(name, _)| *name == column).map(|(_, words)| *words)
}

/// The word of a column that a text is, where only its words may be in it.
fn word(column: &str, text: &str) -> Option<&'static str> {
    match column {
        "first_factor" | "second_factor" => Method::parse(text).map(Method::as_str),
        _ => words(column)?.iter().find(|word| **word == text).copied(),
    }
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// The text is no TOML, or maps to columns or words that there are not.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        let document: Document = toml::from_str(text).map_err(|error| MappingError(error.message().to_owned()))?;
        let fault = |text: String| Err(MappingError(text));
        let provider = document.provider.trim().to_ascii_lowercase();
        if provider.is_empty() {
            return fault("provider is empty".to_owned());
        }
        let mut columns = Vec::new();
        for (name, entry) in document.columns {
            let known = SignIn::COLUMNS.iter().find(|column| column.name == name);
            let Some(column) = known.filter(|column| !DERIVED.contains(&column.name)) else {
                return fault(format!("columns.{name}: a mapping cannot fill such a column"));
            };
            let (paths, value, values) = match entry {
                Entry::Path(path) => (vec![path], None, BTreeMap::new()),
                Entry::Paths(paths) => (paths, None, BTreeMap::new()),
                Entry::Words(words) => (words.path.into_iter().collect(), words.value, words.values),
            };
            if words(column.name).is_some() {
                for text in values.values().chain(&value) {
                    if word(column.name, text).is_none() {
                        return fault(format!("columns.{name}: '{text}' is no word of that column"));
                    }
                }
            }
            let values = values.into_iter().map(|(log, ours)| (log.to_lowercase(), ours)).collect();
            let paths = paths.into_iter().map(Path).collect();
            columns.push(Column { name: column.name, kind: column.kind, paths, value, values });
        }
        if !columns.iter().any(|column| column.name == "event_time") {
            return fault("columns.event_time is missing: a sign-in without a time has no meaning".to_owned());
        }
        let mut methods = BTreeMap::new();
        for (spelling, name) in document.methods {
            let Some(method) = Method::parse(&name) else {
                return fault(format!("methods: '{name}' is no canonical method"));
            };
            methods.insert(spelling.to_lowercase(), method);
        }
        let filter =
            document.filter.into_iter().map(|(path, values)| (Path(path), values.as_slice().to_vec())).collect();
        Ok(Self { provider, filter, columns, methods })
    }

    /// The parser that a mapping makes, kept for as long as the program runs; that of the same text once.
    fn keep(text: &str) -> Result<Parse, MappingError> {
        static KEPT: Mutex<BTreeMap<String, &'static Mapping>> = Mutex::new(BTreeMap::new());
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mapping) = kept.get(text) {
            return Ok(Parse::Mapped(mapping));
        }
        let mapping: &'static Self = Box::leak(Box::new(Self::parse(text)?));
        kept.insert(text.to_owned(), mapping);
        Ok(Parse::Mapped(mapping))
    }

    /// One record.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn read<'a>(&'static self, record: &'a [u8]) -> Result<Option<SignIn<'a>>, Reject> {
        let value: Value = match record.trim_ascii_start().first() {
            Some(b'{') => json::parse_any(record)?,
            _ => return Err(Reject::at(Category::NotAnObject, 0)),
        };
        let matches = |(path, wanted): &(Path, Vec<String>)| {
            let found = path.texts(&value);
            wanted.iter().any(|wanted| found.iter().any(|found| found.eq_ignore_ascii_case(wanted)))
        };
        if !self.filter.iter().all(matches) {
            return Ok(None);
        }
        let mut row = SignIn { provider: Some(&self.provider), ..unknown(Provider::Ocsf, Timestamp(0)) };
        row.event_time = None;
        let mut used = None;
        for column in &self.columns {
            let found =
                column.paths.iter().map(|path| path.texts(&value)).find(|texts| !texts.is_empty()).unwrap_or_default();
            if column.name == "methods" {
                used = (!found.is_empty()).then(|| self.used(&found));
                continue;
            }
            column.fill(&found, &mut row)?;
        }
        if row.event_time.is_none() {
            return Err(Reject::at(Category::MissingField, 0).in_column("event_time"));
        }
        if row.event_id.is_none() {
            row.event_id = Some(event_id(record));
        }
        if let Some(used) = used {
            self.infer(used, &mut row);
        }
        Ok(Some(row))
    }

    fn used(&self, found: &[String]) -> Used<'static> {
        let list = found.iter().map(|raw| {
            let own = self.methods.get(&raw.trim().to_lowercase()).copied();
            let method = own.or_else(|| Method::from_spelling(None, raw)).unwrap_or(Method::Unknown);
            (Cow::Owned(raw.clone()), method)
        });
        Used::in_order(list.collect())
    }

    /// What follows from the methods, where the mapping does not say.
    fn infer<'a>(&self, used: Used<'a>, row: &mut SignIn<'a>) {
        let says = |name: &str| self.columns.iter().any(|column| column.name == name);
        let is_multi = used.is_multi_factor();
        let is_password = used.second.is_none() && used.first == Some(Method::Password);
        if !says("mfa_result") && !says("mfa_satisfied_by") {
            (row.mfa_result, row.mfa_satisfied_by) = match row.outcome {
                Some("success") if is_multi => (Some("satisfied"), Some("performed")),
                Some("success") if is_password => (Some("not_attempted"), Some("none")),
                _ => (row.mfa_result, row.mfa_satisfied_by),
            };
        }
        let (first, second) = (row.first_factor, row.second_factor);
        used.fill(row);
        row.first_factor = first.or(row.first_factor);
        row.second_factor = second.or(row.second_factor);
    }
}

impl Path {
    fn texts(&self, value: &Value) -> Vec<String> {
        let mut texts = Vec::new();
        collect(value, &self.0, &mut texts);
        texts
    }
}

/// The texts at a path; a list on the way is each of its elements.
fn collect(value: &Value, path: &str, texts: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(value, path, texts)),
        Value::Object(members) if !path.is_empty() => {
            let find =
                |name: &str| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            if let Some(value) = find(path) {
                collect(value, "", texts);
            } else if let Some((name, rest)) = path.split_once('.')
                && let Some(value) = find(name)
            {
                collect(value, rest, texts);
            }
        }
        Value::String(text) if path.is_empty() && !text.is_empty() => texts.push(text.clone()),
        Value::Bool(flag) if path.is_empty() => texts.push(flag.to_string()),
        Value::Number(number) if path.is_empty() => texts.push(number.to_string()),
        _ => {}
    }
}

impl Column {
    fn fill(&self, found: &[String], row: &mut SignIn<'_>) -> Result<(), Reject> {
        let raw = found.first();
        let Some(text) =
            raw.map(|raw| self.values.get(&raw.trim().to_lowercase()).unwrap_or(raw)).or(self.value.as_ref())
        else {
            return Ok(());
        };
        let text_value = || Some(Cow::Owned(text.clone()));
        let number = || -> Result<Option<f64>, Reject> {
            match text.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Some(number)),
                Ok(_) => Err(Reject::at(Category::NumberOutOfRange, 0).in_column(self.name)),
                Err(_) => Ok(None),
            }
        };
        let flag = || Text(Some(Cow::Borrowed(text))).as_bool();
        if self.kind == Kind::Text && words(self.name).is_some() {
            // A word that the mapping does not list stays unknown.
            if let Some(word) = word(self.name, text) {
                let slot = match self.name {
                    "population_hint" => &mut row.population_hint,
                    "event_kind" => &mut row.event_kind,
                    "surface" => &mut row.surface,
                    "protocol" => &mut row.protocol,
                    "outcome" => &mut row.outcome,
                    "failure_category" => &mut row.failure_category,
                    "mfa_requirement" => &mut row.mfa_requirement,
                    "mfa_result" => &mut row.mfa_result,
                    "mfa_satisfied_by" => &mut row.mfa_satisfied_by,
                    "first_factor" => &mut row.first_factor,
                    "second_factor" => &mut row.second_factor,
                    "conditional_access_status" => &mut row.conditional_access_status,
                    "device_trust" => &mut row.device_trust,
                    _ => return Ok(()),
                };
                *slot = Some(word);
            }
            return Ok(());
        }
        match self.name {
            "event_time" => {
                row.event_time = time::optional(&[("event_time", &Text(Some(Cow::Borrowed(text))))])?;
            }
            "event_id" => row.event_id = text_value(),
            "correlation_id" => row.correlation_id = text_value(),
            "session_id" => row.session_id = text_value(),
            "event_type_raw" => row.event_type_raw = text_value(),
            "identity_id" => row.identity_id = text_value(),
            "user_principal" => row.user_principal = text_value().map(lower),
            "app_id" => row.app_id = text_value(),
            "app_name" => row.app_name = text_value(),
            "client_app_raw" => row.client_app_raw = text_value(),
            "failure_code" => row.failure_code = text_value(),
            "failure_reason_raw" => row.failure_reason_raw = text_value(),
            "ip" => row.ip = text_value(),
            "country" => row.country = text_value(),
            "region" => row.region = text_value(),
            "city" => row.city = text_value(),
            "device_id" => row.device_id = text_value(),
            "device_os" => row.device_os = text_value(),
            "browser" => row.browser = text_value(),
            "user_agent" => row.user_agent = text_value(),
            "risk_level" => row.risk_level = text_value().map(lower),
            "risk_signals" => row.risk_signals = Some(found.iter().map(|text| Cow::Owned(text.clone())).collect()),
            "tenant_id" => row.tenant_id = text_value(),
            "home_tenant_id" => row.home_tenant_id = text_value(),
            "is_interactive" => row.is_interactive = flag(),
            "is_legacy_auth" => row.is_legacy_auth = flag(),
            "ip_anonymizer" => row.ip_anonymizer = flag(),
            "network_trusted" => row.network_trusted = flag(),
            "is_guest" => row.is_guest = flag(),
            "latitude" => row.latitude = time::degrees(json::Number(number()?), 90.0, "latitude")?,
            "longitude" => row.longitude = time::degrees(json::Number(number()?), 180.0, "longitude")?,
            "asn" => row.asn = number()?.filter(|number| number.fract() == 0.0).map(|number| number as i64),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPPING: &str = r#"
        provider = "Acme"
        [where]
        event = ["login", "step_up"]
        [columns]
        event_time = "ts"
        event_id = "id"
        event_type_raw = "event"
        user_principal = ["user.email", "user.name"]
        ip = "client.ip"
        methods = "factors.type"
        is_interactive = { value = "true" }
        latitude = "client.lat"
        outcome = { path = "result", values = { OK = "success", denied = "failure" } }
        event_kind = { path = "event", values = { login = "combined", step_up = "second_factor" } }
        [methods]
        "Tap to approve" = "push"
    "#;

    fn parser(text: &str) -> &'static Mapping {
        match Mapping::keep(text).expect("is a mapping") {
            Parse::Mapped(mapping) => mapping,
            _ => panic!("is mapped"),
        }
    }

    fn read(text: &str) -> Result<Option<SignIn<'_>>, Reject> {
        parser(MAPPING).read(text.as_bytes())
    }

    #[test]
    fn a_mapping_is_kept_once() {
        assert!(std::ptr::eq(parser(MAPPING), parser(MAPPING)));
    }

    #[test]
    fn paths_words_and_methods() {
        let text = r#"{"id":7,"ts":1767600000250,"event":"Login","result":"ok","user":{"email":"","name":"Ann"},
            "client":{"ip":"203.0.113.7","lat":52.5},"factors":[{"type":"password"},{"type":"tap to APPROVE"}]}"#;
        let row = read(text).expect("reads").expect("is a sign-in");
        assert_eq!((row.provider, row.event_id.as_deref()), (Some("acme"), Some("7")));
        assert_eq!((row.user_principal.as_deref(), row.ip.as_deref()), (Some("ann"), Some("203.0.113.7")));
        assert_eq!((row.outcome, row.event_kind, row.is_interactive), (Some("success"), Some("combined"), Some(true)));
        assert_eq!(
            (row.mfa_result, row.first_factor, row.second_factor),
            (Some("satisfied"), Some("password"), Some("push"))
        );
        assert_eq!((row.latitude, row.event_time.map(|time| time.0)), (Some(52.5), Some(1_767_600_000_250_000)));
        // The columns of a table, whose names may hold dots.
        let flat = r#"{"ts":"2026-01-05T08:00:00Z","event":"step_up","result":"odd","user.name":"bob","factors.type":"something new"}"#;
        let row = read(flat).expect("reads").expect("is a sign-in");
        assert_eq!(
            (row.outcome, row.mfa_result, row.first_factor),
            (Some("unknown"), Some("unknown"), Some("unknown"))
        );
        assert_eq!(row.user_principal.as_deref(), Some("bob"));
        assert!(row.event_id.is_some_and(|id| id.starts_with("sha256:")));
    }

    #[test]
    fn what_is_ignored_and_what_is_rejected() {
        for other in ["{}", r#"{"event":"logout","ts":"2026-01-05"}"#] {
            assert_eq!(read(other), Ok(None), "{other}");
        }
        for (text, category) in [
            (r#"{"event":"login"}"#, Category::MissingField),
            (r#"{"event":"login","ts":"soon"}"#, Category::InvalidTimestamp),
            (r#"{"event":"login","ts":1767600000,"client":{"lat":91}}"#, Category::NumberOutOfRange),
            (r#"{"event":"#, Category::Truncated),
            ("[]", Category::NotAnObject),
        ] {
            assert_eq!(read(text).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }

    #[test]
    fn every_column_that_can_be_mapped_is_filled() {
        for column in SignIn::COLUMNS.iter().filter(|column| !DERIVED.contains(&column.name)) {
            let value = match column.kind {
                Kind::Bool => "true",
                Kind::Int | Kind::Double => "7",
                _ if column.name.ends_with("_factor") || column.name == "methods" => "password",
                _ => words(column.name).and_then(|words| words.first().copied()).unwrap_or("x"),
            };
            let time = if column.name == "event_time" { "" } else { "event_time = \"t\"\n" };
            let path = if column.name == "event_time" { "t" } else { "v" };
            let mapping = parser(&format!("provider = \"p\"\n[columns]\n{time}{} = \"{path}\"", column.name));
            let record = format!(r#"{{"t":"2026-01-05T08:00:00Z","v":"{value}"}}"#);
            let row = mapping.read(record.as_bytes()).expect("reads").expect("is a sign-in");
            let index = SignIn::COLUMNS.iter().position(|other| other.name == column.name).expect("is there");
            assert_ne!(row.value(index), crate::model::Value::Null, "{}", column.name);
            assert_ne!(row.value(index), crate::model::Value::Text("unknown"), "{}", column.name);
        }
    }

    #[test]
    fn what_is_no_mapping() {
        for (text, expected) in [
            ("provider = \"p\"", "missing field `columns`"),
            ("provider = \"p\"\n[columns]\nip = \"x\"", "columns.event_time is missing"),
            ("provider = \"\"\n[columns]\nevent_time = \"t\"", "provider is empty"),
            (
                "provider = \"p\"\n[columns]\nevent_time = \"t\"\nipp = \"x\"",
                "columns.ipp: a mapping cannot fill such a column",
            ),
            ("provider = \"p\"\n[columns]\nevent_time = \"t\"\nprovider = \"x\"", "columns.provider: a mapping cannot"),
            (
                "provider = \"p\"\n[columns]\nevent_time = \"t\"\noutcome = { path = \"r\", values = { ok = \"good\" } }",
                "columns.outcome: 'good' is no word of that column",
            ),
            (
                "provider = \"p\"\n[columns]\nevent_time = \"t\"\n[methods]\nx = \"sms\"",
                "methods: 'sms' is no canonical method",
            ),
            ("provider = \"p\"\ncolour = 1\n[columns]\nevent_time = \"t\"", "unknown field `colour`"),
        ] {
            let error = Mapping::parse(text).expect_err("is no mapping").to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }
}
