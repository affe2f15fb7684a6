//! Salesforce sign-ins: login history, event log files, login events and identity verification history, as JSON or CSV.
//!
//! A sign-in is "Success" or a sentence; being asked to verify one's identity is a challenge. What was verified is in the
//! verification history. Of a sign-in through another provider Salesforce keeps that provider's methods. Other event types,
//! and an administrator who logs in as somebody, are ignored.

use std::borrow::Cow;

use super::json::{self, Number, Text, shape};
use super::used::{Used, failure_category, known, unknown};
use super::{Category, Layout, Parse, Reader, Reject, contains, event_id, lower, pick, time};
use crate::model::{Method, Provider, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_salesforce_login_history",
    summary: "Salesforce login history, event log files, login events or verification history, JSON or CSV",
    layout: Layout::Any,
    example: "read_salesforce_login_history('tests/data/salesforce_login_history.csv')",
    parse: &[Parse::SignIn(parse)],
    source: "Salesforce Object Reference: LoginHistory, VerificationHistory, EventLogFile (Login), LoginEvent",
    export: "a query or a download of the login history, the verification history or LoginEvent, or the event log \
             files, CSV or JSON",
    shapes: &[
        "records of LoginHistory, LoginEvent and VerificationHistory, JSON or CSV",
        "event log files, CSV or JSON",
    ],
    ignores: &[(
        "lines of event log files of other types than Login, LoginAs included",
        "an administrator who logs in as somebody used no factor of theirs",
    )],
    fills: &[
        "event_time provider event_id correlation_id session_id event_type_raw identity_id user_principal app_name \
         event_kind is_interactive surface protocol client_app_raw is_legacy_auth outcome failure_code \
         failure_reason_raw failure_category mfa_requirement mfa_result mfa_satisfied_by methods methods_raw \
         first_factor second_factor is_phishing_resistant ip country city latitude longitude \
         device_os browser user_agent tenant_id",
    ],
};

/// One record.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let login: Login<'_> = json::parse(record)?;
    let has = |text: &Text<'_>| text.as_str().is_some();
    if has(&login.event_type) && (has(&login.organization) || has(&login.request)) {
        // An event log file: one type of many.
        return if login.event_type.is("Login") { row(record, login).map(Some) } else { Ok(None) };
    }
    if has(&login.verified_at) && has(&login.verification_method) {
        return verification(record, login).map(Some);
    }
    let is_event = has(&login.event_date) && has(&login.login_type) && has(&login.status);
    if (has(&login.time) && has(&login.status) && (has(&login.login_type) || has(&login.user_id))) || is_event {
        return row(record, login).map(Some);
    }
    Err(Reject::at(Category::WrongProvider, 0))
}

/// `20201016100000.049`, and what others read.
fn compact(text: &str) -> Option<Timestamp> {
    let digits = text.get(..14).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let rest = text.get(14..).unwrap_or_default();
    let [year, month, day] = [&digits[..4], &digits[4..6], &digits[6..8]];
    let [hour, minute, second] = [&digits[8..10], &digits[10..12], &digits[12..14]];
    time::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}{rest}Z"))
}

impl<'a> Login<'a> {
    fn time(&self) -> Result<Timestamp, Reject> {
        if self.derived_time.as_str().is_none()
            && let Some(time) = self.timestamp.as_str().and_then(compact)
        {
            return Ok(time);
        }
        time::required(&[
            ("LoginTime", &self.time),
            ("EventDate", &self.event_date),
            ("VerificationTime", &self.verified_at),
            ("TIMESTAMP_DERIVED", &self.derived_time),
            ("TIMESTAMP", &self.timestamp),
        ])
    }
}

/// Outcome and failure category of a status: a sentence in the history, a constant in event log files.
fn outcome(status: &str) -> (&'static str, Option<&'static str>) {
    let says = |words: &[&str]| words.iter().any(|word| contains(status, word));
    if status.is_empty() {
        ("unknown", None)
    } else if says(&["login_no_error"]) || status.eq_ignore_ascii_case("success") {
        ("success", None)
    } else if says(&["twofactor", "two-factor", "two_factor", "multi-factor", "challenge", "activation", "verif"])
        && !says(&["fail", "invalid", "denied"])
    {
        ("challenge", Some("mfa_required"))
    } else if says(&["activation required", "activation pending"]) {
        // "Failed: Computer activation required" asks for a code.
        ("challenge", Some("mfa_required"))
    } else {
        ("failure", Some(failure_category(status)))
    }
}

/// How the user came in: protocol, whether a person did, and whether the client can show a prompt.
fn way_in(login_type: &str) -> (Option<&'static str>, Option<bool>, Option<bool>) {
    let says = |words: &[&str]| words.iter().any(|word| contains(login_type, word));
    if says(&["saml", "single sign", "sso"]) {
        (Some("saml"), Some(true), Some(false))
    } else if says(&["apex api", "partner product", "soap"]) {
        // Name, password and security token in one call.
        (Some("basic_auth"), Some(false), Some(true))
    } else if says(&["remote access", "oauth"]) {
        (Some("oauth2"), None, None)
    } else if login_type.eq_ignore_ascii_case("application") {
        (None, Some(true), Some(false))
    } else {
        (None, None, None)
    }
}

fn row<'a>(record: &'a [u8], mut login: Login<'a>) -> Result<SignIn<'a>, Reject> {
    let event_time = login.time()?;
    let latitude = time::degrees(login.latitude, 90.0, "LoginLatitude")?;
    let longitude = time::degrees(login.longitude, 180.0, "LoginLongitude")?;
    let status = login.status.take();
    let (outcome, category) = outcome(status.as_deref().unwrap_or_default());
    let (protocol, is_interactive, is_legacy_auth) = way_in(login.login_type.as_str().unwrap_or_default());
    let claimed = known(login.methods.take());
    // The other provider's words: a list of methods of RFC 8176, or the class of a SAML assertion.
    let says_mfa = claimed.as_deref().is_some_and(|claim| {
        claim.split([' ', ',', ';', '[', ']', '"']).any(|word| word.eq_ignore_ascii_case("mfa"))
            || contains(claim, "multipleauthn")
    });
    let is_federated = protocol == Some("saml") || claimed.is_some();
    let (mfa_result, mfa_satisfied_by) = match outcome {
        "success" if says_mfa => ("satisfied", "federated"),
        "success" if is_federated => ("unknown", "federated"),
        "failure" if category == Some("mfa_failed") => ("failed", "none"),
        "failure" | "challenge" => ("not_attempted", "none"),
        _ => ("unknown", "unknown"),
    };
    let used = is_federated.then(|| match claimed {
        Some(claim) => Used::first(claim, if says_mfa { Method::FedMfa } else { Method::FedSf }),
        None => Used::first("saml", Method::FedSf),
    });
    let browser = known(login.browser.take());
    let is_agent = browser.as_deref().is_some_and(|browser| browser.starts_with("Mozilla/"));
    let mut row = SignIn {
        event_id: Some(
            pick([&mut login.id, &mut login.event_id, &mut login.request]).unwrap_or_else(|| event_id(record)),
        ),
        correlation_id: login.login_key.take(),
        session_id: login.session.take(),
        identity_id: pick([&mut login.derived_user_id, &mut login.user_id]),
        user_principal: known(login.user_name.take()).map(lower),
        app_name: known(login.application.take()).or(Some(Cow::Borrowed("Salesforce"))),
        event_kind: Some("combined"),
        is_interactive,
        surface: Some(match (is_legacy_auth, is_interactive) {
            (Some(true), _) => "api",
            (_, Some(true)) => "browser",
            _ => "unknown",
        }),
        protocol,
        client_app_raw: login.login_type.0.clone(),
        is_legacy_auth,
        outcome: Some(outcome),
        failure_category: category,
        failure_code: status.clone().filter(|status| outcome != "success" && status.starts_with("LOGIN_")),
        failure_reason_raw: status.filter(|_| outcome != "success"),
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        // Its own addresses have a name instead.
        ip: pick([&mut login.ip, &mut login.client_ip]).filter(|ip| !contains(ip, "salesforce")),
        country: known(pick([&mut login.country, &mut login.country_name])),
        city: known(login.city.take()),
        latitude,
        longitude,
        device_os: known(login.platform.take()),
        user_agent: browser.clone().filter(|_| is_agent),
        browser: browser.filter(|_| !is_agent),
        tenant_id: login.organization.take(),
        event_type_raw: pick([&mut login.event_type, &mut login.login_type]),
        ..unknown(Provider::Salesforce, event_time)
    };
    if let Some(used) = used {
        used.fill(&mut row);
    }
    Ok(row)
}

/// One identity verification: the second factor of a sign-in, or a code that an unknown device was asked for.
fn verification<'a>(record: &'a [u8], mut login: Login<'a>) -> Result<SignIn<'a>, Reject> {
    let event_time = login.time()?;
    let raw = login.verification_method.take().unwrap_or_default();
    let method = Method::from_spelling(Some(Provider::Salesforce), &raw).unwrap_or(Method::Unknown);
    let status = login.status.take().unwrap_or_default();
    let says = |word: &str| contains(&status, word);
    let used = Used::second(raw, method);
    let is_second = used.second.is_some();
    let (outcome, category, mfa_result) = if says("succe") {
        ("success", None, if is_second { "satisfied" } else { "unknown" })
    } else if says("reported") {
        ("failure", Some("fraud_reported"), "fraud_reported")
    } else if says("denied") {
        ("failure", Some("mfa_denied"), "denied")
    } else if says("progress") || says("initiated") {
        ("challenge", Some("mfa_required"), "unknown")
    } else if says("fail") {
        ("failure", Some(if says("lockout") || says("toomany") { "account_locked" } else { "mfa_failed" }), "failed")
    } else {
        ("unknown", None, "unknown")
    };
    let mut row = SignIn {
        event_id: Some(pick([&mut login.id, &mut login.event_id]).unwrap_or_else(|| event_id(record))),
        correlation_id: login.login_history.take(),
        identity_id: login.user_id.take(),
        user_principal: known(login.user_name.take()).map(lower),
        app_name: Some(Cow::Borrowed("Salesforce")),
        event_kind: Some("second_factor"),
        is_interactive: Some(true),
        outcome: Some(outcome),
        failure_category: category,
        failure_reason_raw: (outcome == "failure").then(|| status.clone()),
        mfa_requirement: Some(match login.policy.as_str() {
            Some(policy) if contains(policy, "twofactor") => "required",
            _ => "unknown",
        }),
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(match mfa_result {
            "satisfied" => "performed",
            "unknown" => "unknown",
            _ => "none",
        }),
        ip: known(login.ip.take()),
        event_type_raw: login.policy.take(),
        ..unknown(Provider::Salesforce, event_time)
    };
    used.fill(&mut row);
    Ok(row)
}

shape! {
    struct Login<'a> {
        id: Text<'a> = "Id",
        event_id: Text<'a> = "EventIdentifier" | "EVENT_IDENTIFIER",
        time: Text<'a> = "LoginTime" | "Login Time" | "LOGIN_TIME",
        event_date: Text<'a> = "EventDate" | "EVENT_DATE",
        timestamp: Text<'a> = "TIMESTAMP",
        derived_time: Text<'a> = "TIMESTAMP_DERIVED",
        user_id: Text<'a> = "UserId" | "USER_ID" | "User ID",
        derived_user_id: Text<'a> = "USER_ID_DERIVED",
        user_name: Text<'a> = "Username" | "USER_NAME" | "user_email",
        login_type: Text<'a> = "LoginType" | "Login Type" | "LOGIN_TYPE",
        status: Text<'a> = "Status" | "LOGIN_STATUS",
        ip: Text<'a> = "SourceIp" | "Source IP" | "SOURCE_IP",
        client_ip: Text<'a> = "CLIENT_IP",
        browser: Text<'a> = "Browser" | "BROWSER_TYPE",
        platform: Text<'a> = "Platform",
        application: Text<'a> = "Application",
        methods: Text<'a> = "AuthMethodReference" | "Authentication Method Reference" | "AUTHENTICATION_METHOD_REFERENCE" | "AuthContextClassRef",
        country: Text<'a> = "CountryIso" | "CountryCode",
        country_name: Text<'a> = "Country" | "Location",
        city: Text<'a> = "City",
        latitude: Number = "LoginLatitude" | "Latitude",
        longitude: Number = "LoginLongitude" | "Longitude",
        session: Text<'a> = "SessionKey" | "SESSION_KEY",
        login_key: Text<'a> = "LoginKey" | "LOGIN_KEY",
        /// Of event log files.
        event_type: Text<'a> = "EVENT_TYPE",
        organization: Text<'a> = "ORGANIZATION_ID",
        request: Text<'a> = "REQUEST_ID",
        /// Of verifications.
        verified_at: Text<'a> = "VerificationTime",
        verification_method: Text<'a> = "VerificationMethod",
        policy: Text<'a> = "Policy",
        login_history: Text<'a> = "LoginHistoryId",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_row(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    fn history(kind: &str, status: &str, more: &str) -> String {
        format!(
            r#"{{"attributes":{{"type":"LoginHistory"}},"Id":"0Ya1","UserId":"0051","LoginTime":"2026-01-05T08:00:00.000+0000",
            "LoginType":"{kind}","SourceIp":"203.0.113.7","Status":"{status}","Browser":"Chrome 140"{more}}}"#
        )
    }

    #[test]
    fn what_a_status_says() {
        for (kind, status, more, expected) in [
            ("Application", "Success", "", ["success", "unknown", "unknown", ""]),
            ("Application", "Invalid Password", "", ["failure", "not_attempted", "none", "bad_credentials"]),
            ("Application", "Password Lockout", "", ["failure", "not_attempted", "none", "account_locked"]),
            ("Application", "User is Inactive", "", ["failure", "not_attempted", "none", "account_disabled"]),
            ("Application", "Restricted IP", "", ["failure", "not_attempted", "none", "policy_blocked"]),
            (
                "Application",
                "Failed: Computer activation required",
                "",
                ["challenge", "not_attempted", "none", "mfa_required"],
            ),
            ("Application", "Multi-factor required", "", ["challenge", "not_attempted", "none", "mfa_required"]),
            ("SAML Sfdc Initiated SSO", "Success", "", ["success", "unknown", "federated", ""]),
            (
                "Third Party SSO",
                "Success",
                r#","AuthMethodReference":"pwd mfa""#,
                ["success", "satisfied", "federated", ""],
            ),
            ("Third Party SSO", "Success", r#","AuthMethodReference":"pwd""#, ["success", "unknown", "federated", ""]),
            ("Other Apex API", "Success", "", ["success", "unknown", "unknown", ""]),
        ] {
            let text = history(kind, status, more);
            let row = read_row(&text);
            let found = [row.outcome, row.mfa_result, row.mfa_satisfied_by, row.failure_category];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{kind} {status} {more}");
        }
        let text = history("Other Apex API", "Success", "");
        assert_eq!((read_row(&text).is_legacy_auth, read_row(&text).is_interactive), (Some(true), Some(false)));
    }

    #[test]
    fn event_log_files() {
        let file = |kind: &str, more: &str| {
            format!(
                r#"{{"EVENT_TYPE":"{kind}","TIMESTAMP":"20260105080000.250","REQUEST_ID":"r1","ORGANIZATION_ID":"00D1","USER_ID":"0051",
                "LOGIN_STATUS":"LOGIN_NO_ERROR","CLIENT_IP":"203.0.113.7"{more}}}"#
            )
        };
        let text = file("Login", "");
        let row = read_row(&text);
        assert_eq!((row.outcome, row.event_time.map(|time| time.0)), (Some("success"), Some(1_767_600_000_250_000)));
        let text = file("Login", r#","TIMESTAMP_DERIVED":"2026-01-05T08:00:01.000Z","USER_ID_DERIVED":"0051AAA""#);
        assert_eq!(read_row(&text).identity_id.as_deref(), Some("0051AAA"));
        let text = file("Login", "").replace("LOGIN_NO_ERROR", "LOGIN_ERROR_INVALID_PASSWORD");
        assert_eq!(
            (read_row(&text).outcome, read_row(&text).failure_category),
            (Some("failure"), Some("bad_credentials"))
        );
        for kind in ["API", "LoginAs", "Logout", "EVENT_TYPE"] {
            assert_eq!(parse(file(kind, "").as_bytes()), Ok(None), "{kind}");
        }
    }

    #[test]
    fn verifications() {
        for (method, status, expected) in [
            ("Totp", "Succeeded", ["success", "satisfied", "totp"]),
            ("SalesforceAuthenticator", "Succeeded", ["success", "satisfied", "push"]),
            ("Sms", "FailedInvalidCode", ["failure", "failed", "sms_otp"]),
            ("SalesforceAuthenticator", "Denied", ["failure", "denied", "push"]),
            ("SalesforceAuthenticator", "ReportedDenied", ["failure", "fraud_reported", "push"]),
            ("U2F", "InProgress", ["challenge", "unknown", "u2f"]),
            ("Password", "Succeeded", ["success", "unknown", ""]),
        ] {
            let text = format!(
                r#"{{"Id":"v1","VerificationTime":"2026-01-05T08:00:00Z","VerificationMethod":"{method}","Policy":"TwoFactorAuthentication",
                "Status":"{status}","UserId":"0051","LoginHistoryId":"0Ya1"}}"#
            );
            let row = read_row(&text);
            let found = [row.outcome, row.mfa_result, row.second_factor];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{method} {status}");
            assert_eq!((row.mfa_requirement, row.correlation_id.as_deref()), (Some("required"), Some("0Ya1")));
        }
    }

    #[test]
    fn what_is_rejected() {
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"EVENT_TYPE":"Login"}"#, Category::WrongProvider),
            (r#"{"EVENT_TYPE":"Login","REQUEST_ID":"r"}"#, Category::MissingField),
            (r#"{"LoginTime":"soon","Status":"Success","LoginType":"Application"}"#, Category::InvalidTimestamp),
            (
                r#"{"LoginTime":"2026-01-05T08:00:00Z","Status":"Success","UserId":"u","LoginLatitude":91}"#,
                Category::NumberOutOfRange,
            ),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }
}
