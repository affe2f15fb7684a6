//! Duo authentication log, API versions 2 and 1, and the columns of its Log Analytics tables; also what Duo's other logs, which
//! travel with it, say: sign-ins of administrators, and what was enrolled.
//!
//! Duo is the second factor of another product's sign-in, so a row is about the second factor alone. `result` says
//! whether Duo let the user through, which is not the same as having authenticated: `reason` tells an approved push from
//! a bypass status, a remembered device or a policy that asked for nothing. An enrolment is logged here, too, with the
//! result `success`; it is no authentication, and its outcome is unknown. Splunk's envelope is opened.

use std::borrow::Cow;

use super::json::{self, IntoOwned, Many, Nested, Present, Raw, Text, shape};
use super::used::{Used, known, unknown};
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, pick, time};
use crate::model::{FactorEvent, Method, Provider, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_duo_auth_log",
    summary: "Duo logs, Admin API version 2 or 1, log-sync output or Log Analytics rows: sign-ins, also of administrators, or the life of factors",
    layout: Layout::Json,
    example: "read_duo_auth_log('sample_data/duo/authentication*')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "Duo Admin API: authentication and administrator logs, versions 1 and 2; Duo Log Sync",
    export: "the Admin API, Duo Log Sync, Splunk, or rows of the Duo tables of Log Analytics as JSON",
    shapes: &[
        "entries of version 2, bare or in pages (`response.authlogs`)",
        "entries of version 1 (`response`)",
        "output of the log sync, with `eventtype`",
        "an entry in `event` of a Splunk envelope",
        "rows of Log Analytics, with the suffixes of its columns",
    ],
    ignores: &[
        (
            "sign-ins: actions of administrators other than admin_login, admin_login_error and admin_2fa_error",
            "administration is no sign-in",
        ),
        ("telephony and Trust Monitor", "the one names nobody, the other is about records that are here already"),
        (
            "factor events: authentications that are no enrolment, and actions that change no factor of a user",
            "they are sign-ins, or about something else",
        ),
    ],
    fills: &[
        "event_time provider event_id event_type_raw identity_id user_principal app_id app_name event_kind \
         is_interactive surface protocol outcome failure_code failure_reason_raw failure_category mfa_requirement \
         mfa_result mfa_satisfied_by methods methods_raw first_factor second_factor is_phishing_resistant \
         number_matching ip ip_anonymizer country region city network_trusted device_id device_os device_trust \
         browser risk_signals",
        "event_time provider event_id identity_id user_principal event_type event_type_raw method method_raw outcome \
         actor_id actor_principal actor_kind ip user_agent",
    ],
};

/// Which of Duo's logs a record is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    Authentication,
    /// What administrators do, and what users set up for use offline.
    Administration,
    /// Telephony, which names nobody, and findings about other records.
    Other,
}

impl Log {
    /// The log by the name that Duo's log sync adds.
    fn named(name: &str) -> Option<Self> {
        [
            ("authentication", Self::Authentication),
            ("administrator", Self::Administration),
            ("offline_enrollment", Self::Administration),
            ("activity", Self::Administration),
            ("telephony", Self::Other),
            ("trust_monitor", Self::Other),
        ]
        .into_iter()
        .find_map(|(known, log)| name.eq_ignore_ascii_case(known).then_some(log))
    }

    fn of(entry: &DuoRecord<'_>) -> Option<Self> {
        let has = |text: &Text<'_>| text.as_str().is_some();
        let named = entry.log.as_str().and_then(Self::named);
        let has_result = has(&entry.result);
        let version_2 = has(&entry.event_type) && (has_result || has(&entry.txid));
        let version_1 = has(&entry.username) && has_result && (has(&entry.factor) || has(&entry.integration));
        // What follows has no name outside the log sync.
        let is_dated =
            has(&entry.iso_time) || (has(&entry.timestamp) && (has(&entry.object) || has(&entry.description)));
        if named.is_some_and(|log| log != Self::Authentication) {
            named
        } else if version_2 || version_1 || (named.is_some() && has_result) {
            Some(Self::Authentication)
        } else if entry.action.0.is_some() && (entry.activity_id.0 || (has(&entry.username) && is_dated)) {
            Some(Self::Administration)
        } else if entry.trust_key.0 || (entry.phone.0 && has(&entry.context)) {
            Some(Self::Other)
        } else {
            None
        }
    }
}

fn read_entry(record: &[u8]) -> Result<(Log, DuoRecord<'_>), Reject> {
    let mut entry: DuoRecord<'_> = json::parse(record)?;
    // An envelope has neither a result nor the name of one of Duo's logs.
    if Log::of(&entry).is_none()
        && let Some(inner) = entry.inner.0.take()
    {
        entry = *inner;
    }
    match Log::of(&entry) {
        Some(log) => Ok((log, entry)),
        None => Err(Reject::at(Category::WrongProvider, 0)),
    }
}

/// One record.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    match read_entry(record)? {
        (Log::Authentication, entry) => row(record, entry).map(Some),
        (Log::Administration, entry) => admin_row(record, entry),
        (Log::Other, _) => Ok(None),
    }
}

/// A sign-in of an administrator to the Admin Panel.
fn admin_row<'a>(record: &'a [u8], mut entry: DuoRecord<'a>) -> Result<Option<SignIn<'a>>, Reject> {
    let action = entry.action_name().unwrap_or_default();
    let outcome = match action.as_ref() {
        "admin_login" => "success",
        "admin_login_error" | "admin_2fa_error" => "failure",
        _ => return Ok(None),
    };
    let event_time = entry.time()?;
    let mut details = entry.details();
    let mut list = Vec::new();
    let first = match details.primary.as_str() {
        Some(primary) if contains(primary, "password") => Some(Method::Password),
        Some(primary) if contains(primary, "sso") || contains(primary, "single sign") || contains(primary, "saml") => {
            Some(Method::FedSf)
        }
        Some(_) => Some(Method::Unknown),
        None => None,
    };
    list.extend(first.and_then(|method| Some((details.primary.take()?, method))));
    let second = method(&details.factor);
    list.extend(second.and_then(|method| Some((details.factor.take()?, method))));
    let used = if first.is_none() {
        second.and(list.pop()).map(|(raw, method)| Used::second(raw, method))
    } else {
        Some(Used::in_order(list))
    };
    let is_second = action == "admin_2fa_error";
    let reason = details.error.take();
    let says = |word: &str| reason.as_deref().is_some_and(|reason| contains(reason, word));
    let (mfa_result, mfa_satisfied_by, failure_category) = match (outcome, second) {
        ("success", Some(_)) => ("satisfied", "performed", None),
        ("failure", _) if is_second && says("fraud") => ("fraud_reported", "none", Some("fraud_reported")),
        ("failure", _) if is_second && says("denied") => ("denied", "none", Some("mfa_denied")),
        ("failure", _) if is_second && says("timed out") => ("timed_out", "none", Some("mfa_timeout")),
        ("failure", _) if is_second => ("failed", "none", Some("mfa_failed")),
        _ => ("unknown", "unknown", None),
    };
    let failure_category = match reason.as_deref() {
        _ if outcome == "success" || failure_category.is_some() => failure_category,
        Some(reason) if contains(reason, "password") || contains(reason, "credential") => Some("bad_credentials"),
        _ => Some("other"),
    };
    let mut row = SignIn {
        event_id: Some(event_id(record)),
        user_principal: pick([&mut entry.username, &mut details.email]).map(lower),
        app_name: Some(Cow::Borrowed("Duo Admin Panel")),
        event_kind: Some(if is_second { "second_factor" } else { "combined" }),
        is_interactive: Some(true),
        surface: Some("browser"),
        outcome: Some(outcome),
        failure_category,
        failure_reason_raw: reason,
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: known(details.ip.take()),
        event_type_raw: Some(action),
        ..unknown(Provider::Duo, event_time)
    };
    if let Some(used) = used {
        used.fill(&mut row);
    }
    Ok(Some(row))
}

/// What an action does to the factors of a user, and with which method.
fn lifecycle(action: &str) -> Option<(&'static str, Option<Method>)> {
    [
        ("o2fa_user_provisioned", "completed", None),
        ("o2fa_user_reenrolled", "changed", None),
        ("o2fa_user_deprovisioned", "removed", None),
        ("bypass_create", "completed", Some(Method::BypassCode)),
        ("bypass_delete", "removed", Some(Method::BypassCode)),
        // A telephone may take pushes, codes and calls.
        ("phone_associate", "completed", Some(Method::Unknown)),
        ("phone_disassociate", "removed", Some(Method::Unknown)),
        ("hardtoken_assign", "completed", Some(Method::OtpHw)),
        ("hardtoken_unassign", "removed", Some(Method::OtpHw)),
        ("u2ftoken_create", "completed", Some(Method::U2f)),
        ("u2ftoken_delete", "removed", Some(Method::U2f)),
        ("webauthncredential_create", "completed", Some(Method::Fido2Key)),
        ("webauthncredential_delete", "removed", Some(Method::Fido2Key)),
    ]
    .into_iter()
    .find_map(|(known, what, method)| (action == known).then_some((what, method)))
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let (log, mut entry) = read_entry(record)?;
    let event = FactorEvent {
        provider: Some(Provider::Duo.as_str()),
        event_id: Some(entry.txid.0.clone().unwrap_or_else(|| event_id(record))),
        ..FactorEvent::default()
    };
    if log == Log::Authentication {
        if !entry.is_enrolment() {
            return Ok(Vec::new());
        }
        let outcome = match word(&entry.result).as_str() {
            "success" | "allow" => "success",
            "" => "unknown",
            _ => "failure",
        };
        // Which device was set up is not what it will be used for.
        let method = method(&entry.factor).unwrap_or(Method::Unknown);
        let (identity_id, user_principal) = entry.user();
        return Ok(vec![FactorEvent {
            event_time: Some(entry.time()?),
            event_type: Some(if outcome == "failure" { "verify_failed" } else { "completed" }),
            event_type_raw: entry.event_type.take(),
            method: Some(method.as_str()),
            method_raw: entry.factor.take(),
            outcome: Some(outcome),
            actor_id: identity_id.clone(),
            actor_principal: user_principal.clone(),
            identity_id,
            user_principal,
            actor_kind: Some("self"),
            ip: known(pick([&mut entry.access_device.ip, &mut entry.flat_ip, &mut entry.ip])),
            ..event
        }]);
    }
    let action = entry.action_name().unwrap_or_default();
    let Some((event_type, named)) = lifecycle(&action) else {
        return Ok(Vec::new());
    };
    let event_time = entry.time()?;
    let mut details = entry.details();
    let by_user = action.starts_with("o2fa_");
    let actor = pick([&mut entry.username, &mut entry.actor.name]).map(lower);
    let subject = if by_user {
        actor.clone()
    } else {
        // The object is the user, unless the description names one beside it.
        pick([&mut details.user, &mut entry.object, &mut entry.target.name]).map(lower)
    };
    let method = named.or_else(|| match details.factor.as_str() {
        Some("duo_otp") => Some(Method::Totp),
        Some("security_key") => Some(Method::Fido2Key),
        _ => method(&details.factor),
    });
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        identity_id: details.user_id.take(),
        user_principal: subject,
        event_type: Some(event_type),
        event_type_raw: Some(action),
        method: Some(method.unwrap_or(Method::Unknown).as_str()),
        method_raw: details.factor.take(),
        outcome: Some("success"),
        actor_kind: Some(if by_user { "self" } else { "admin" }),
        actor_principal: actor,
        ip: known(details.ip.take()),
        user_agent: details.agent.take(),
        ..event
    }])
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
    let event_time = entry.time()?;
    let reason = word(&entry.reason);
    let result = word(&entry.result);
    let method = method(&entry.factor);
    let is_enrolment = entry.is_enrolment();
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
    let (identity_id, user_principal) = entry.user();
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
        identity_id,
        user_principal,
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
        timestamp: Text<'a> = "timestamp" | "timestamp_d" | "ts",
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
        /// Administration, telephony and findings.
        action: Raw<'a> = "action" | "action_s",
        description: Text<'a> = "description" | "description_s",
        object: Text<'a> = "object" | "object_s",
        actor: UserShape<'a> = "actor",
        target: UserShape<'a> = "target",
        activity_id: Present = "activity_id",
        context: Text<'a> = "context" | "context_s",
        phone: Present = "phone" | "phone_s",
        trust_key: Present = "sekey" | "sekey_s",
        /// From here on version 1.
        username: Text<'a> = "username" | "username_s",
        integration: Text<'a> = "integration",
        ip: Text<'a> = "ip",
        location: LocationShape<'a> = "location",
        is_enrolment: Text<'a> = "new_enrollment",
        /// The record within a Splunk envelope.
        inner: Nested<DuoRecord<'a>> = "event",
    }
}

impl<'a> DuoRecord<'a> {
    /// The text has decimals; the number is seconds in version 1 and, in some exports, milliseconds.
    fn time(&self) -> Result<Timestamp, Reject> {
        time::required(&[("isotimestamp", &self.iso_time), ("timestamp", &self.timestamp)])
    }

    fn user(&mut self) -> (Option<Cow<'a, str>>, Option<Cow<'a, str>>) {
        let name = pick([&mut self.user.name, &mut self.flat_user_name, &mut self.username]);
        (pick([&mut self.user.key, &mut self.flat_user_key]), name.map(lower))
    }

    fn is_enrolment(&self) -> bool {
        word(&self.event_type) == "enrollment" || self.is_enrolment.as_bool() == Some(true)
    }

    /// The action: a word, or in the activity log an object with a name.
    fn action_name(&self) -> Option<Cow<'a, str>> {
        let raw = self.action.0.as_deref()?;
        let name = json::parse_any::<UserShape<'_>>(raw.as_bytes()).ok()?.name.0;
        let name = name.or(json::parse_any::<Text<'_>>(raw.as_bytes()).ok()?.0)?;
        Some(Cow::Owned(name.to_ascii_lowercase()))
    }

    /// The description: JSON in a text, or words for people.
    fn details(&self) -> DetailsShape<'static> {
        let text = self.description.as_str().unwrap_or_default();
        json::parse::<DetailsShape<'_>>(text.as_bytes()).map(IntoOwned::into_owned).unwrap_or_default()
    }
}

shape! {
    struct DetailsShape<'a> {
        factor: Text<'a> = "factor",
        ip: Text<'a> = "ip_address",
        primary: Text<'a> = "primary_auth_method",
        error: Text<'a> = "error",
        email: Text<'a> = "email",
        user: Text<'a> = "user" | "uname" | "username",
        user_id: Text<'a> = "user_id",
        agent: Text<'a> = "user_agent",
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
        let version_1 = r#"{"factor":"Duo Push","integration":"Acme","result":"SUCCESS","timestamp":1340217024,
            "username":"jo"}"#;
        assert_eq!(read(&wrap(version_1)).mfa_result, Some("satisfied"));
        let admin = wrap(r#"{"eventtype":"administrator","action":"user_update","timestamp":1624550594}"#);
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
    fn administrators_sign_in_too() {
        let login = |action: &str, description: &str| {
            format!(
                r#"{{"action":"{action}","description":{description},"isotimestamp":"2026-01-05T08:00:00+00:00","object":null,
                "timestamp":1767600000,"username":"Ann"}}"#
            )
        };
        for (action, description, expected) in [
            (
                "admin_login",
                r#""{\"ip_address\": \"203.0.113.7\", \"factor\": \"push\", \"primary_auth_method\": \"Password\"}""#,
                ["combined", "success", "satisfied", "password", "push"],
            ),
            (
                "admin_login",
                r#""{\"ip_address\": \"203.0.113.7\", \"factor\": \"sms\"}""#,
                ["combined", "success", "satisfied", "", "sms_otp"],
            ),
            ("admin_login", r#"null"#, ["combined", "success", "unknown", "", ""]),
            ("admin_login", r#""{\"factor\":""#, ["combined", "success", "unknown", "", ""]),
            ("admin_login_error", r#""{\"error\": \"Invalid password\"}""#, ["combined", "failure", "unknown", "", ""]),
            (
                "admin_2fa_error",
                r#""{\"error\": \"Incorrect passcode\"}""#,
                ["second_factor", "failure", "failed", "", ""],
            ),
            (
                "admin_2fa_error",
                r#""{\"error\": \"Login request reported as fraudulent.\", \"factor\": \"push\"}""#,
                ["second_factor", "failure", "fraud_reported", "", "push"],
            ),
        ] {
            let text = login(action, description);
            let row = read(&text);
            let found = [row.event_kind, row.outcome, row.mfa_result, row.first_factor, row.second_factor];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{action} {description}");
            assert_eq!(
                (row.user_principal.as_deref(), row.app_name.as_deref()),
                (Some("ann"), Some("Duo Admin Panel"))
            );
        }
    }

    #[test]
    fn the_life_of_factors() {
        let enrolled = entry(r#""not_available""#, "success", "").replace(r#""authentication""#, r#""enrollment""#);
        for (text, expected) in [
            (enrolled.as_str(), ["completed", "unknown", "self", "jo"]),
            (
                r#"{"action_s":"o2fa_user_provisioned","description_s":"{\"factor\": \"duo_otp\"}","username_s":"Ann",
                "isotimestamp_t [UTC]":"8/30/2019, 4:10:05.000 PM","object_s":"Laptop"}"#,
                ["completed", "totp", "self", "ann"],
            ),
            (
                r#"{"action":"bypass_create","description":"{\"count\":1}","object":"Ann","timestamp":1767600000,"username":"bob"}"#,
                ["completed", "bypass_code", "admin", "ann"],
            ),
            (
                r#"{"activity_id":"x","action":{"name":"webauthncredential_delete"},"ts":"2026-01-05T08:00:00Z",
                "actor":{"name":"Bob","type":"admin"},"target":{"name":"Ann","type":"user"}}"#,
                ["removed", "fido2_key", "admin", "ann"],
            ),
        ] {
            let rows = factor_events(Record::Json(text.as_bytes())).expect("reads");
            let [row] = &rows[..] else { panic!("is one event: {text}") };
            let found = [row.event_type, row.method, row.actor_kind, row.user_principal.as_deref()];
            assert_eq!(found, expected.map(Some), "{text}");
        }
        let signed_in = entry(r#""duo_push""#, "success", "user_approved");
        assert_eq!(factor_events(Record::Json(signed_in.as_bytes())), Ok(Vec::new()));
    }

    #[test]
    fn what_is_ignored_and_what_is_rejected() {
        let category = |text: &str| parse(text.as_bytes()).map(|_| ()).map_err(|reject| reject.category);
        for other in [
            r#"{"action":"bypass_create","isotimestamp":"2022-12-14 21:17:39","object":"x","username":"y"}"#,
            r#"{"context":"authentication","credits":1,"isotimestamp":"2020-03-20T15:38:12Z","phone":"+1","type":"sms"}"#,
            r#"{"context":"enrollment","phone":"+1","telephony_id":"t","ts":"2020-03-20T15:38:12Z","txid":"x","type":"sms"}"#,
            r#"{"sekey":"SE1","state":"new","type":"auth","surfaced_auth":{"result":"denied"}}"#,
            r#"{"eventtype":"telephony","telephony_id":"x"}"#,
        ] {
            assert_eq!(parse(other.as_bytes()), Ok(None), "{other}");
        }
        assert_eq!(category(r#"{"eventType":"user.session.start","uuid":"u"}"#), Err(Category::WrongProvider));
        let undated = r#"{"event_type":"authentication","result":"success","txid":"x"}"#;
        assert_eq!(category(undated), Err(Category::MissingField));
    }
}
