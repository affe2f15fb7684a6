//! Duo authentication log, API versions 2 and 1, and the columns of its Log Analytics tables.
//!
//! Duo is the second factor of another product's sign-in, so a row is about the second factor alone. `result` says
//! whether Duo let the user through, which is not the same as having authenticated: `reason` tells an approved push from
//! a bypass status, a remembered device or a policy that asked for nothing. An enrolment is logged here, too, with the
//! result `success`; it is no authentication, and its outcome is unknown. Splunk's envelope is opened.

use std::borrow::Cow;

use super::json::{self, Many, Nested, Text, shape};
use super::recognise::Probe;
use super::{Category, Layout, Parse, Reader, Reject, contains, event_id, lower, pick, time};
use crate::model::{Method, Provider, SignIn};

pub(super) const READER: Reader = Reader {
    name: "read_duo_auth_log",
    summary: "Duo authentication log: Admin API version 2 or 1, log-sync output or Log Analytics rows",
    layout: Layout::Json,
    example: "read_duo_auth_log('sample_data/duo/authentication*')",
    parse: &[Parse::SignIn(parse)],
};

/// Whether a record is of this log.
pub(super) fn claims(probe: &Probe<'_>) -> bool {
    is_claimed(probe) || probe.inner.0.as_deref().is_some_and(is_claimed)
}

fn is_claimed(probe: &Probe<'_>) -> bool {
    let is_event = probe.duo_event_type.as_str().is_some() || probe.event_type.as_str().is_some_and(is_duo_log);
    let version_2 = is_event && (probe.result.0 || probe.txid.0 || probe.factor.0 || probe.access_device.0);
    let version_1 = probe.username.0 && probe.result.0 && (probe.factor.0 || probe.integration.0);
    version_2 || version_1 || probe.event_type.as_str().is_some_and(is_duo_log)
}

/// The logs that Duo's log sync tells apart by `eventtype`.
fn is_duo_log(name: &str) -> bool {
    ["authentication", "administrator", "telephony", "activity", "trust_monitor", "offline_enrollment"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// One record.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let mut entry: DuoRecord<'_> = json::parse(record)?;
    // An envelope has neither a result nor the name of one of Duo's logs.
    if entry.result.as_str().is_none()
        && !entry.log.as_str().is_some_and(is_duo_log)
        && let Some(inner) = entry.inner.0.take()
    {
        entry = *inner;
    }
    let is_log_of = entry.log.as_str().filter(|log| is_duo_log(log));
    if is_log_of.is_some_and(|log| !log.eq_ignore_ascii_case("authentication")) {
        // Administration and telephony travel in the same export.
        return Ok(None);
    }
    let has_result = entry.result.as_str().is_some();
    let version_2 = entry.event_type.as_str().is_some() && (has_result || entry.txid.as_str().is_some());
    let version_1 = entry.username.as_str().is_some()
        && has_result
        && (entry.factor.as_str().is_some() || entry.integration.as_str().is_some());
    if !(version_2 || version_1 || (is_log_of.is_some() && has_result)) {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    row(record, entry).map(Some)
}

/// What a reason means.
struct Verdict {
    mfa_requirement: &'static str,
    mfa_result: &'static str,
    satisfied_by: &'static str,
    failure_category: Option<&'static str>,
}

/// Why Duo let the user through.
fn granted(reason: &str, method: Option<Method>) -> Verdict {
    let (mfa_requirement, mfa_result, satisfied_by) = match reason {
        // A code that an administrator issued instead of a factor.
        "user_approved" | "valid_passcode" | "" if method == Some(Method::BypassCode) => {
            ("required", "bypassed", "bypass")
        }
        "user_approved" | "valid_passcode" | "verification_code_correct" => ("required", "satisfied", "performed"),
        "remembered_device" => ("required", "satisfied", "remembered_device"),
        // The user is in bypass status: nothing was asked for.
        "bypass_user" | "bypass" | "user_bypassed" => ("not_required", "bypassed", "bypass"),
        "trusted_network" | "trusted_location" | "allow_unenrolled_user_on_trusted_network" => {
            ("not_required", "bypassed", "trusted_location")
        }
        "allow_unenrolled_user" | "allowed_by_policy" | "allow_by_policy" => ("not_required", "not_attempted", "none"),
        // Older exports give no reason for what was simply approved.
        "" => match method {
            Some(Method::TrustedDev) => ("required", "satisfied", "remembered_device"),
            Some(_) => ("required", "satisfied", "performed"),
            None => ("unknown", "unknown", "unknown"),
        },
        _ => ("unknown", "unknown", "unknown"),
    };
    Verdict { mfa_requirement, mfa_result, satisfied_by, failure_category: None }
}

/// Why it did not.
fn refused(reason: &str, result: &str) -> Verdict {
    let (mfa_result, category) = if result == "fraud" {
        ("fraud_reported", "fraud_reported")
    } else {
        match reason {
            "user_marked_fraud" | "fraud" => ("fraud_reported", "fraud_reported"),
            "user_mistake" | "user_denied" | "denied" | "login_request_denied" => ("denied", "mfa_denied"),
            "no_response" | "call_timed_out" | "no_keys_pressed" | "timeout" | "login_timed_out" | "push_timed_out"
            // The prompt waited for an answer until it expired.
            | "queued_inflight_auth_expired" => ("timed_out", "mfa_timeout"),
            "user_cancelled"
            | "invalid_passcode"
            | "verification_code_incorrect"
            | "verification_code_missing"
            | "error" => ("failed", "mfa_failed"),
            "deny_unenrolled_user" | "no_activated_duo_mobile_account" => ("not_attempted", "not_enrolled"),
            "locked_out" => ("not_attempted", "account_locked"),
            "user_disabled" => ("not_attempted", "account_disabled"),
            // Duo refuses what looks like somebody sending one push after the other.
            "anomalous_push" | "push_harassment" | "frequent_attempts" => ("failed", "risk_blocked"),
            "" => ("failed", "mfa_failed"),
            // What is left are rules about networks, places, factors, devices and their software.
            _ if is_policy(reason) => ("not_attempted", "policy_blocked"),
            _ => ("failed", "mfa_failed"),
        }
    };
    let mfa_requirement = if mfa_result == "not_attempted" { "unknown" } else { "required" };
    Verdict { mfa_requirement, mfa_result, satisfied_by: "none", failure_category: Some(category) }
}

fn is_policy(reason: &str) -> bool {
    const WORDS: &[&str] = &[
        "restricted",
        "policy",
        "anonymous_ip",
        "denied_network",
        "out_of_date",
        "endpoint",
        "rooted_device",
        "no_screen_lock",
        "screen_lock",
        "disk_encryption",
        "touch_id_disabled",
        "touchid_disabled",
        "certificate",
        "referring_hostname",
        "web_referer",
        "invalid_device",
        "permitted_group",
        "firewall",
        "system_password",
        "security_agent",
    ];
    WORDS.iter().any(|word| reason.contains(word))
}

/// Reasons, factors and results are words with underscores in version 2 and phrases in version 1.
fn word(text: &Text<'_>) -> String {
    let text = text.as_str().unwrap_or_default().trim();
    text.chars().map(|c| if matches!(c, ' ' | '-') { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// The method; `None` is no factor at all.
fn method(factor: &Text<'_>) -> Option<Method> {
    let raw = factor.as_str()?;
    let word = word(factor);
    if matches!(word.as_str(), "not_available" | "n/a" | "none" | "null" | "unknown" | "_" | "") {
        return None;
    }
    let of = |spelling: &str| Method::from_spelling(Some(Provider::Duo), spelling);
    // Key of the platform, by any browser's name for it; to Duo's prefix any key is a security key.
    let is_platform = ["touch_id", "platform", "windows_hello", "face_id"].iter().any(|name| word.contains(name))
        && !word.contains("cross_platform");
    let method = if is_platform { Some(Method::Platform) } else { of(raw).or_else(|| of(&word)) };
    Some(method.unwrap_or(match word.as_str() {
        "phone" | "phone1" | "call" => Method::Voice,
        "u2f" => Method::U2f,
        "roaming_authenticator" => Method::Fido2Key,
        "bypass" => Method::BypassCode,
        "yubikey" => Method::OtpHw,
        _ => Method::Unknown,
    }))
}

/// Protocol and surface, where the name of the application tells.
fn application(name: Option<&str>, has_browser: bool) -> (Option<&'static str>, &'static str) {
    let name = name.unwrap_or_default();
    let says = |words: &[&str]| words.iter().any(|word| contains(name, word));
    let protocol = if says(&["radius"]) {
        Some("radius")
    } else if says(&["ldap"]) {
        Some("ldap")
    } else if says(&["saml"]) {
        Some("saml")
    } else if says(&["oidc", "openid"]) {
        Some("oidc")
    } else {
        None
    };
    let surface = if says(&["radius", "vpn", "anyconnect", "globalprotect", "netscaler", "pulse secure"]) {
        "vpn"
    } else if says(&["rdp", "windows logon", "macos logon", "mac logon", "unix", "pam", "ssh"]) && !has_browser {
        "desktop"
    } else if has_browser {
        "browser"
    } else {
        "unknown"
    };
    (protocol, surface)
}

fn row<'a>(record: &'a [u8], mut entry: DuoRecord<'a>) -> Result<SignIn<'a>, Reject> {
    // The text has decimals; the number is seconds in version 1 and, in some exports, milliseconds.
    let event_time = time::required(&[("isotimestamp", &entry.iso_time), ("timestamp", &entry.timestamp)])?;
    let reason = word(&entry.reason);
    let result = word(&entry.result);
    let method = method(&entry.factor);
    let is_enrolment = word(&entry.event_type) == "enrollment" || entry.is_enrolment.as_bool() == Some(true);
    let (outcome, verdict) = if is_enrolment {
        ("unknown", None)
    } else {
        match result.as_str() {
            "success" | "allow" => ("success", Some(granted(&reason, method))),
            "denied" | "deny" | "failure" | "fraud" | "error" => ("failure", Some(refused(&reason, &result))),
            _ => ("unknown", None),
        }
    };
    let Verdict { mfa_requirement, mfa_result, satisfied_by, failure_category } = verdict.unwrap_or(Verdict {
        mfa_requirement: "unknown",
        mfa_result: "unknown",
        satisfied_by: "unknown",
        failure_category: None,
    });
    // What was remembered, trusted or waived is not a factor that was used, even if one is named.
    let used = match (mfa_result, satisfied_by) {
        ("bypassed", "bypass") => method.filter(|method| *method == Method::BypassCode),
        ("bypassed" | "not_attempted", _) => None,
        _ if is_enrolment => None,
        _ => method,
    };
    let raw = if method.is_some() { entry.factor.take() } else { None };
    let (methods, methods_raw) = match (outcome, used) {
        (_, Some(used)) => (Some(vec![Cow::Borrowed(used.as_str())]), Some(raw.into_iter().collect())),
        ("unknown", None) => (None, None),
        (_, None) if mfa_result == "unknown" => (None, None),
        // Approved by a factor that is not named.
        (_, None) if satisfied_by == "performed" => (None, None),
        (_, None) => (Some(Vec::new()), Some(raw.into_iter().collect())),
    };
    let known = |text: Option<Cow<'a, str>>| {
        text.filter(|text| !matches!(text.as_ref(), "-" | "unknown" | "Unknown" | "null" | "N/A"))
    };
    let device = &mut entry.access_device;
    let browser = known(pick([&mut device.browser, &mut entry.flat_browser]));
    let app_name = pick([&mut entry.application.name, &mut entry.flat_application_name, &mut entry.integration]);
    let (protocol, surface) = application(app_name.as_deref(), browser.is_some());
    let trust = entry.trusted_endpoint.as_str().unwrap_or_default();
    let device_trust = if trust.eq_ignore_ascii_case("trusted") {
        Some("managed")
    } else if trust.eq_ignore_ascii_case("not trusted") || trust.eq_ignore_ascii_case("not_trusted") {
        Some("unmanaged")
    } else if trust.eq_ignore_ascii_case("unknown") {
        Some("unknown")
    } else {
        None
    };
    let detectors = &entry.assessments.more_secure.detectors;
    let risk_signals: Option<Vec<_>> =
        detectors.0.as_ref().map(|list| list.iter().filter_map(|detector| detector.0.clone()).collect());
    let is_failure = outcome == "failure";
    let place = &mut device.location;
    Ok(SignIn {
        event_time: Some(event_time),
        provider: Some(Provider::Duo.as_str()),
        event_id: Some(entry.txid.take().unwrap_or_else(|| event_id(record))),
        correlation_id: None,
        session_id: None,
        event_type_raw: entry.event_type.take().or_else(|| entry.log.take()).or(Some(Cow::Borrowed("authentication"))),
        identity_id: pick([&mut entry.user.key, &mut entry.flat_user_key]),
        user_principal: pick([&mut entry.user.name, &mut entry.flat_user_name, &mut entry.username]).map(lower),
        population_hint: None,
        app_id: pick([&mut entry.application.key, &mut entry.flat_application_key]),
        app_name,
        event_kind: Some(if is_enrolment { "enrollment" } else { "second_factor" }),
        is_interactive: Some(true),
        surface: Some(surface),
        protocol,
        client_app_raw: None,
        is_legacy_auth: None,
        outcome: Some(outcome),
        failure_code: if is_failure && !reason.is_empty() { Some(Cow::Owned(reason.clone())) } else { None },
        failure_reason_raw: if is_failure { entry.reason.take() } else { None },
        failure_category,
        mfa_requirement: Some(mfa_requirement),
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(satisfied_by),
        methods,
        methods_raw,
        first_factor: None,
        second_factor: used.map(Method::as_str),
        is_phishing_resistant: match used {
            Some(Method::Unknown) | None => None,
            Some(used) => (mfa_result == "satisfied").then(|| used.is_phishing_resistant()),
        },
        number_matching: (used == Some(Method::PushNumber)).then_some(true),
        policy_results: None,
        conditional_access_status: None,
        ip: known(pick([&mut device.ip, &mut entry.flat_ip, &mut entry.ip])),
        // Only a refusal tells; that nothing is said of an address does not clear it.
        ip_anonymizer: (reason == "anonymous_ip").then_some(true),
        country: known(pick([&mut place.country, &mut entry.flat_country, &mut entry.location.country])),
        region: known(pick([&mut place.state, &mut entry.flat_state, &mut entry.location.state])),
        city: known(pick([&mut place.city, &mut entry.flat_city, &mut entry.location.city])),
        latitude: None,
        longitude: None,
        asn: None,
        network_trusted: match reason.as_str() {
            "trusted_network" | "trusted_location" | "allow_unenrolled_user_on_trusted_network" => Some(true),
            _ => None,
        },
        device_id: known(pick([&mut device.endpoint_key, &mut entry.flat_endpoint_key])),
        device_os: known(pick([&mut device.os, &mut entry.flat_os])),
        device_trust,
        browser,
        user_agent: None,
        risk_level: None,
        risk_signals,
        tenant_id: None,
        home_tenant_id: None,
        is_guest: None,
        source_file: None,
        source_record: None,
    })
}

shape! {
    struct DuoRecord<'a> {
        /// The log, as Duo's log sync adds it.
        log: Text<'a> = "eventtype" | "eventtype_s",
        event_type: Text<'a> = "event_type" | "event_type_s",
        txid: Text<'a> = "txid" | "txid_g" | "txid_s",
        iso_time: Text<'a> = "isotimestamp" | "isotimestamp_t" | "isotimestamp_t [UTC]" | "isotimestamp_s",
        timestamp: Text<'a> = "timestamp" | "timestamp_d",
        result: Text<'a> = "result" | "result_s",
        reason: Text<'a> = "reason" | "reason_s",
        factor: Text<'a> = "factor" | "factor_s",
        user: UserShape<'a> = "user",
        flat_user_key: Text<'a> = "user_key_s",
        flat_user_name: Text<'a> = "user_name_s",
        application: ApplicationShape<'a> = "application",
        flat_application_key: Text<'a> = "application_key_s",
        flat_application_name: Text<'a> = "application_name_s",
        access_device: AccessDeviceShape<'a> = "access_device",
        flat_browser: Text<'a> = "access_device_browser_s",
        flat_os: Text<'a> = "access_device_os_s",
        flat_ip: Text<'a> = "access_device_ip_s",
        flat_endpoint_key: Text<'a> = "access_device_epkey_s",
        flat_country: Text<'a> = "access_device_location_country_s",
        flat_state: Text<'a> = "access_device_location_state_s",
        flat_city: Text<'a> = "access_device_location_city_s",
        trusted_endpoint: Text<'a> = "trusted_endpoint_status" | "trusted_endpoint_status_s",
        assessments: AssessmentsShape<'a> = "adaptive_trust_assessments",
        /// From here on version 1.
        username: Text<'a> = "username",
        integration: Text<'a> = "integration",
        ip: Text<'a> = "ip",
        location: LocationShape<'a> = "location",
        is_enrolment: Text<'a> = "new_enrollment",
        /// The record within a Splunk envelope.
        inner: Nested<DuoRecord<'a>> = "event",
    }
}

shape! {
    struct UserShape<'a> {
        key: Text<'a> = "key",
        name: Text<'a> = "name",
    }
}

shape! {
    struct ApplicationShape<'a> {
        key: Text<'a> = "key",
        name: Text<'a> = "name",
    }
}

shape! {
    struct AccessDeviceShape<'a> {
        browser: Text<'a> = "browser",
        os: Text<'a> = "os",
        ip: Text<'a> = "ip",
        endpoint_key: Text<'a> = "epkey",
        location: LocationShape<'a> = "location",
    }
}

shape! {
    struct LocationShape<'a> {
        city: Text<'a> = "city",
        state: Text<'a> = "state",
        country: Text<'a> = "country",
    }
}

shape! {
    struct AssessmentsShape<'a> {
        more_secure: AssessmentShape<'a> = "more_secure_auth",
    }
}

shape! {
    struct AssessmentShape<'a> {
        detectors: Many<Text<'a>> = "detected_attack_detectors",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a row")
    }

    fn entry(factor: &str, result: &str, reason: &str) -> String {
        format!(
            r#"{{"access_device":{{"browser":"Chrome","ip":"107.137.171.62","os":"Mac OS X","epkey":"EP1",
            "location":{{"city":"Ann Arbor","country":"United States","state":"-"}}}},"alias":"",
            "application":{{"key":"DI1","name":"Web SDK"}},"event_type":"authentication","factor":{factor},
            "isotimestamp":"2020-08-17T13:43:58.335969+00:00","reason":"{reason}","result":"{result}",
            "timestamp":1597671838,"trusted_endpoint_status":"not trusted","txid":"1f6e",
            "user":{{"groups":[],"key":"DU5","name":"Jo"}}}}"#
        )
    }

    fn summary(factor: &str, result: &str, reason: &str) -> [Option<&'static str>; 5] {
        let text = entry(factor, result, reason);
        let row = read(&text);
        [row.outcome, row.mfa_result, row.mfa_satisfied_by, row.second_factor, row.failure_category]
    }

    #[test]
    fn a_record_of_version_2() {
        let text = entry(r#""duo_push""#, "success", "user_approved");
        let row = read(&text);
        assert_eq!(row.event_kind, Some("second_factor"));
        assert_eq!(row.event_time.map(|time| time.0), Some(1_597_671_838_335_969));
        assert_eq!((row.event_id.as_deref(), row.identity_id.as_deref()), (Some("1f6e"), Some("DU5")));
        assert_eq!(row.user_principal.as_deref(), Some("jo"));
        assert_eq!((row.app_id.as_deref(), row.app_name.as_deref()), (Some("DI1"), Some("Web SDK")));
        assert_eq!((row.surface, row.device_trust), (Some("browser"), Some("unmanaged")));
        assert_eq!((row.city.as_deref(), row.region), (Some("Ann Arbor"), None));
        assert_eq!((row.first_factor, row.second_factor), (None, Some("push")));
        assert_eq!(row.is_phishing_resistant, Some(false));
    }

    #[test]
    fn being_let_through_is_not_having_authenticated() {
        for (factor, reason, expected) in [
            (r#""duo_push""#, "user_approved", ["success", "satisfied", "performed", "push"]),
            (r#""verified_duo_push""#, "user_approved", ["success", "satisfied", "performed", "push_number"]),
            (r#""passcode""#, "valid_passcode", ["success", "satisfied", "performed", "totp"]),
            (r#""WebAuthn Chrome Touch ID""#, "user_approved", ["success", "satisfied", "performed", "platform"]),
            (r#""webauthn_credential""#, "user_approved", ["success", "satisfied", "performed", "fido2_key"]),
            (r#""bypass_code""#, "valid_passcode", ["success", "bypassed", "bypass", "bypass_code"]),
            (r#""duo_push""#, "bypass_user", ["success", "bypassed", "bypass", ""]),
            ("null", "bypass_user", ["success", "bypassed", "bypass", ""]),
            (r#""not_available""#, "bypass_user", ["success", "bypassed", "bypass", ""]),
            (
                r#""remembered_device""#,
                "remembered_device",
                ["success", "satisfied", "remembered_device", "trusted_dev"],
            ),
            (r#""trusted_network""#, "trusted_network", ["success", "bypassed", "trusted_location", ""]),
            ("null", "trusted_location", ["success", "bypassed", "trusted_location", ""]),
            ("null", "allow_unenrolled_user", ["success", "not_attempted", "none", ""]),
            ("null", "allowed_by_policy", ["success", "not_attempted", "none", ""]),
            ("null", "user_approved", ["success", "satisfied", "performed", ""]),
            (r#""duo_push""#, "a_new_reason", ["success", "unknown", "unknown", "push"]),
        ] {
            let found = summary(factor, "success", reason);
            let expected = expected.map(|word| (!word.is_empty()).then_some(word));
            assert_eq!(found[..4], expected, "{factor} {reason}");
            assert_eq!(found[4], None);
        }
    }

    #[test]
    fn how_it_is_refused() {
        for (result, reason, mfa_result, category) in [
            ("denied", "user_mistake", "denied", "mfa_denied"),
            ("fraud", "user_marked_fraud", "fraud_reported", "fraud_reported"),
            ("fraud", "", "fraud_reported", "fraud_reported"),
            ("denied", "no_response", "timed_out", "mfa_timeout"),
            ("denied", "call_timed_out", "timed_out", "mfa_timeout"),
            ("denied", "queued_inflight_auth_expired", "timed_out", "mfa_timeout"),
            ("denied", "invalid_passcode", "failed", "mfa_failed"),
            ("denied", "user_cancelled", "failed", "mfa_failed"),
            ("denied", "deny_unenrolled_user", "not_attempted", "not_enrolled"),
            ("denied", "locked_out", "not_attempted", "account_locked"),
            ("denied", "user_disabled", "not_attempted", "account_disabled"),
            ("denied", "factor_restricted", "not_attempted", "policy_blocked"),
            ("denied", "out_of_date", "not_attempted", "policy_blocked"),
            ("denied", "endpoint_is_not_trusted", "not_attempted", "policy_blocked"),
            ("denied", "anonymous_ip", "not_attempted", "policy_blocked"),
            ("denied", "anomalous_push", "failed", "risk_blocked"),
            ("error", "error", "failed", "mfa_failed"),
        ] {
            let [outcome, found, by, _, found_category] = summary(r#""duo_push""#, result, reason);
            assert_eq!((outcome, by), (Some("failure"), Some("none")), "{reason}");
            assert_eq!((found, found_category), (Some(mfa_result), Some(category)), "{reason}");
        }
        let text = entry(r#""duo_push""#, "denied", "anonymous_ip");
        assert_eq!(read(&text).ip_anonymizer, Some(true));
        let text = entry(r#""duo_push""#, "success", "user_approved");
        assert_eq!(read(&text).ip_anonymizer, None);
    }

    #[test]
    fn an_enrolment_is_not_an_authentication() {
        let text = entry(r#""not_available""#, "success", "").replace(r#""authentication""#, r#""enrollment""#);
        let row = read(&text);
        assert_eq!((row.event_kind, row.outcome), (Some("enrollment"), Some("unknown")));
        assert_eq!((row.mfa_result, row.second_factor), (Some("unknown"), None));
    }

    #[test]
    fn a_record_of_version_1() {
        let text = r#"{"access_device":null,"device":"503-555-1000","factor":"Duo Push","integration":"Acme RADIUS",
            "ip":"1.2.3.4","location":{"city":"Oslo","country":"Norway","state":"Oslo"},"new_enrollment":false,
            "reason":"User mistake","result":"FAILURE","timestamp":1340217024,"username":"Danny"}"#;
        let row = read(text);
        assert_eq!((row.outcome, row.mfa_result), (Some("failure"), Some("denied")));
        assert_eq!(row.event_time.map(|time| time.0), Some(1_340_217_024_000_000));
        assert_eq!(row.user_principal.as_deref(), Some("danny"));
        assert_eq!((row.protocol, row.surface), (Some("radius"), Some("vpn")));
        assert_eq!((row.second_factor, row.city.as_deref()), (Some("push"), Some("Oslo")));
        assert!(row.event_id.is_some_and(|id| id.starts_with("sha256:")));
    }

    #[test]
    fn keys_of_the_platform_are_no_security_keys() {
        for (factor, method) in [
            ("webauthn_platform", "platform"),
            ("WebAuthn Platform", "platform"),
            ("webauthn_touch_id", "platform"),
            ("webauthn_windows_hello", "platform"),
            ("webauthn_cross_platform", "fido2_key"),
            ("webauthn_credential", "fido2_key"),
            ("roaming_authenticator", "fido2_key"),
        ] {
            let found = summary(&format!(r#""{factor}""#), "success", "user_approved");
            assert_eq!(found[3], Some(method), "{factor}");
        }
    }

    #[test]
    fn an_envelope_of_splunk() {
        let bare = entry(r#""duo_push""#, "success", "user_approved");
        let wrap = |inner: &str| {
            format!(
                r#"{{"time":1597671838,"host":"h","source":"duo","sourcetype":"cisco:duo:authentication","event":{inner}}}"#
            )
        };
        let text = wrap(&bare);
        assert_eq!(read(&text), read(&bare));
        let probe: Probe<'_> = json::parse(text.as_bytes()).expect("reads");
        assert!(claims(&probe));
        let version_1 = r#"{"factor":"Duo Push","integration":"Acme","result":"SUCCESS","timestamp":1340217024,
            "username":"jo"}"#;
        assert_eq!(read(&wrap(version_1)).mfa_result, Some("satisfied"));
        let admin = wrap(r#"{"eventtype":"administrator","action":"admin_login","timestamp":1624550594}"#);
        assert_eq!(parse(admin.as_bytes()), Ok(None));
        for other in [r#"{"action":"x"}"#, r#""text""#, "null"] {
            let text = wrap(other);
            let category = parse(text.as_bytes()).map_err(|reject| reject.category);
            assert_eq!(category, Err(Category::WrongProvider), "{other}");
        }
    }

    #[test]
    fn milliseconds() {
        let text = r#"{"event_type":"authentication","txid":"x","timestamp":1597671838000,"result":"success"}"#;
        assert_eq!(read(text).event_time.map(|time| time.0), Some(1_597_671_838_000_000));
    }

    #[test]
    fn columns_of_log_analytics() {
        let text = r#"{"TimeGenerated [UTC]":"2/11/2021, 3:58:01.241 AM","access_device_browser_s":"Edge Chromium",
            "access_device_ip_s":"73.83.50.216","access_device_location_city_s":"Snohomish","application_key_s":"DI1",
            "application_name_s":"portal","event_type_s":"authentication","factor_s":"",
            "isotimestamp_t [UTC]":"2/11/2021, 2:16:10.555 AM","reason_s":"bypass_user","result_s":"success",
            "timestamp_d":"1613009770","txid_g":"c48a","user_groups_s":"[]","user_key_s":"DUZ","user_name_s":"testuser"}"#;
        let row = read(text);
        assert_eq!(row.event_time, time::parse("2021-02-11T02:16:10.555Z"));
        assert_eq!((row.mfa_result, row.mfa_satisfied_by), (Some("bypassed"), Some("bypass")));
        assert_eq!((row.methods, row.identity_id.as_deref()), (Some(Vec::new()), Some("DUZ")));
    }

    #[test]
    fn what_is_ignored_and_what_is_rejected() {
        let admin =
            r#"{"action_s":"admin_login","username_s":"test","timestamp_d":1624550594,"eventtype_s":"administrator"}"#;
        assert_eq!(parse(admin.as_bytes()), Ok(None));
        let category = |text: &str| parse(text.as_bytes()).map(|_| ()).map_err(|reject| reject.category);
        let admin = r#"{"action":"bypass_create","isotimestamp":"2022-12-14 21:17:39","object":"x","username":"y"}"#;
        assert_eq!(category(admin), Err(Category::WrongProvider));
        assert_eq!(category(r#"{"eventType":"user.session.start","uuid":"u"}"#), Err(Category::WrongProvider));
        let undated = r#"{"event_type":"authentication","result":"success","txid":"x"}"#;
        assert_eq!(category(undated), Err(Category::MissingField));
    }
}
