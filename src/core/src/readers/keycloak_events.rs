//! Keycloak events: JSON of the Admin API or of an event listener, and the lines of the server's log, bare or in JSON.
//!
//! The type says whether it failed, also by an error beside a type that does not. A sign-in with a one-time code looks like one
//! without unless the event names the credential. Tokens are refreshed and exchanged without a person. Setting up a code is no
//! sign-in; neither is what an administrator does.

use std::borrow::Cow;

use super::json::{self, Text, shape};
use super::properties::Properties;
use super::used::{Used, failure_category, known, surface, unknown};
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, pick, time};
use crate::model::{FactorEvent, Method, Provider, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_keycloak_events",
    summary: "Keycloak events, JSON or lines of the server's log: sign-ins, or the life of factors",
    layout: Layout::Json,
    example: "read_keycloak_events('tests/data/keycloak_events.log')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "Keycloak Server Administration Guide: auditing and events",
    export: "the Admin API (`/admin/realms/{realm}/events`, `admin-events`), an event listener that writes JSON, or \
             the log of the server, where events that succeed are written at level DEBUG unless configured otherwise",
    shapes: &["events and admin events, bare or in arrays", "lines of the log of the server, text or JSON"],
    ignores: &[
        ("lines of the log of the server that are no event", "the server logs much else"),
        (
            "sign-ins: types other than LOGIN, IDENTITY_PROVIDER_LOGIN, IDENTITY_PROVIDER_FIRST_LOGIN, CLIENT_LOGIN \
             and the tokens, and admin events",
            "sign-ups, logouts, changes of an account and administration are no sign-ins",
        ),
        (
            "factor events: credentials that are passwords, and everything that changes no credential",
            "a password is no second factor",
        ),
    ],
    fills: &[
        "event_time provider event_id correlation_id session_id event_type_raw identity_id user_principal \
         population_hint app_id app_name event_kind is_interactive surface protocol is_legacy_auth outcome \
         failure_code failure_reason_raw failure_category mfa_requirement mfa_result mfa_satisfied_by methods \
         methods_raw first_factor second_factor is_phishing_resistant ip user_agent tenant_id",
        "event_time provider event_id identity_id user_principal event_type event_type_raw method method_raw outcome \
         failure_code actor_id actor_kind ip",
    ],
};

/// One event; `None` is another line of the server's log.
fn read(record: &[u8]) -> Result<Option<Event<'_>>, Reject> {
    if record.trim_ascii_start().first() != Some(&b'{') {
        let Ok(text) = std::str::from_utf8(record) else {
            return Err(Reject::at(Category::InvalidUtf8, 0));
        };
        return line(text);
    }
    let mut event: Event<'_> = json::parse(record)?;
    if contains(event.logger.as_str().unwrap_or_default(), "org.keycloak") {
        // The log of the server in JSON: the event is its message.
        let (time, message) = (event.timestamp.take(), event.message.take().unwrap_or_default());
        let found = if event.logger.is("org.keycloak.events") { pairs(&message) } else { None };
        return Ok(found.map(|found| Event { timestamp: Text(time), ..found }));
    }
    let has = |text: &Text<'_>| text.as_str().is_some();
    let is_event = has(&event.kind) && (has(&event.realm) || has(&event.realm_name));
    let is_admin = has(&event.operation) && has(&event.resource_type) && (has(&event.realm) || has(&event.realm_name));
    if !is_event && !is_admin {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    Ok(Some(event))
}

/// A line of the server's log.
fn line(text: &str) -> Result<Option<Event<'static>>, Reject> {
    let is_log =
        ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"].iter().any(|level| text.contains(level)) && text.contains(" [org.");
    let Some(start) = text.find("[org.keycloak.events]") else {
        return if is_log { Ok(None) } else { Err(Reject::at(Category::WrongProvider, 0)) };
    };
    // The time is before the level, and a message may hold anything.
    let time = text.get(..23).unwrap_or_default().trim().to_owned();
    let event = text[start..].find("type=").and_then(|at| pairs(&text[start + at..]));
    Ok(event.map(|event| Event { timestamp: Text(Some(Cow::Owned(time))), ..event }))
}

/// `type="LOGIN", realmId="…", …`; older versions write no quotes.
fn pairs(mut text: &str) -> Option<Event<'static>> {
    let mut list = Vec::new();
    while let Some((key, rest)) = text.split_once('=') {
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(',').map_or((rest, ""), |(value, _)| (value, &rest[value.len()..])),
        };
        list.push((key.trim_matches([',', ' ']).to_owned(), value.trim().to_owned()));
        text = rest;
    }
    let details = Properties::from_pairs(list);
    let of = |name: &str| Text(known(details.text(name).cloned()));
    Some(Event {
        kind: Text(Some(of("type").0?)),
        realm: of("realmId"),
        realm_name: of("realmName"),
        client: of("clientId"),
        user: of("userId"),
        session: of("sessionId"),
        ip: of("ipAddress"),
        error: of("error"),
        operation: of("operationType"),
        resource_type: of("resourceType"),
        details,
        ..Event::default()
    })
}

/// What a type says about a sign-in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Login,
    /// Another provider vouched for the user.
    Federated,
    /// Tokens for what has signed in already.
    Token,
    /// A service with a secret of its own.
    Service,
}

fn kind_of(name: &str) -> Option<Kind> {
    let name = name.strip_suffix("_ERROR").unwrap_or(name);
    [
        ("LOGIN", Kind::Login),
        ("IDENTITY_PROVIDER_LOGIN", Kind::Federated),
        ("IDENTITY_PROVIDER_FIRST_LOGIN", Kind::Federated),
        ("CODE_TO_TOKEN", Kind::Token),
        ("REFRESH_TOKEN", Kind::Token),
        ("TOKEN_EXCHANGE", Kind::Token),
        ("OAUTH2_DEVICE_CODE_TO_TOKEN", Kind::Token),
        ("CLIENT_LOGIN", Kind::Service),
    ]
    .into_iter()
    .find_map(|(known, kind)| name.eq_ignore_ascii_case(known).then_some(kind))
}

/// One record.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let Some(event) = read(record)? else {
        return Ok(None);
    };
    match event.kind.as_str().and_then(kind_of) {
        Some(kind) => row(record, kind, event).map(Some),
        None => Ok(None),
    }
}

/// The credential that an event names.
fn credential<'a>(event: &Event<'a>) -> Option<(Cow<'a, str>, Method)> {
    let raw = known(event.details.text("credential_type").cloned())?;
    let method = Method::from_spelling(Some(Provider::Keycloak), &raw).unwrap_or(Method::Unknown);
    Some((raw, method))
}

fn row<'a>(record: &'a [u8], kind: Kind, mut event: Event<'a>) -> Result<SignIn<'a>, Reject> {
    let event_time = event.time()?;
    let name = event.kind.take().unwrap_or_default();
    let error = known(event.error.take());
    let outcome = match error.as_deref() {
        // The user has to do something first, or has changed their mind.
        Some("resolve_required_actions" | "expired_code" | "session_expired" | "cookie_not_found") => "interrupted",
        Some(_) => "failure",
        None if name.ends_with("_ERROR") => "failure",
        None => "success",
    };
    let identity_provider = known(event.details.text("identity_provider").cloned());
    let is_federated = kind == Kind::Federated || (kind == Kind::Login && identity_provider.is_some());
    let used = match (kind, credential(&event)) {
        (Kind::Token | Kind::Service, _) => None,
        (_, Some((raw, Method::Password))) => Some(Used::first(raw, Method::Password)),
        // A passkey may be all that was asked for, a code comes after a password.
        (_, Some((raw, method))) if raw.contains("passwordless") => Some(Used::first(raw, method)),
        (_, Some((raw, method))) => Some(Used::second(raw, method)),
        (_, None) if is_federated => {
            Some(Used::first(identity_provider.unwrap_or(Cow::Borrowed("idp")), Method::FedSf))
        }
        (_, None) => None,
    };
    let second = used.as_ref().and_then(|used| used.second);
    let (mfa_result, mfa_satisfied_by) = match outcome {
        "success" if second.is_some() || used.as_ref().is_some_and(Used::is_multi_factor) => ("satisfied", "performed"),
        "success" if is_federated => ("unknown", "federated"),
        "success" => ("unknown", "unknown"),
        "failure" if second.is_some() => ("failed", "none"),
        "failure" if matches!(kind, Kind::Login | Kind::Federated) => ("not_attempted", "none"),
        _ => ("unknown", "unknown"),
    };
    let is_password_grant = event.details.get("grant_type") == Some("password")
        || event.details.get("auth_method").is_some_and(|method| contains(method, "direct_grant"));
    let agent = event.details.text("user_agent").cloned();
    let client = known(event.client.take());
    let mut row = SignIn {
        event_id: Some(event.id.take().unwrap_or_else(|| event_id(record))),
        correlation_id: known(event.details.text("code_id").cloned()),
        session_id: known(event.session.take()),
        identity_id: known(event.user.take()),
        user_principal: known(event.details.text("username").cloned()).map(lower),
        population_hint: (kind == Kind::Service).then_some("service"),
        app_name: client.clone(),
        app_id: client,
        event_kind: Some(if matches!(kind, Kind::Token | Kind::Service) { "token" } else { "combined" }),
        is_interactive: Some(matches!(kind, Kind::Login | Kind::Federated)),
        surface: Some(if kind == Kind::Service { "api" } else { surface(agent.as_deref()) }),
        protocol: match event.details.get("auth_method").unwrap_or_default() {
            _ if is_password_grant => Some("ropc"),
            method if contains(method, "saml") => Some("saml"),
            method if contains(method, "openid") => Some("oidc"),
            _ => None,
        },
        is_legacy_auth: is_password_grant.then_some(true),
        outcome: Some(outcome),
        failure_code: if outcome == "success" { None } else { error.clone() },
        failure_category: match (outcome, mfa_result) {
            ("failure", "failed") => Some("mfa_failed"),
            ("failure", _) => Some(failure_category(error.as_deref().unwrap_or_default())),
            ("interrupted", _) => Some("interrupted"),
            _ => None,
        },
        failure_reason_raw: if outcome == "success" { None } else { error },
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: known(event.ip.take()),
        user_agent: agent,
        tenant_id: pick([&mut event.realm, &mut event.realm_name]),
        event_type_raw: Some(name),
        ..unknown(Provider::Keycloak, event_time)
    };
    if let Some(used) = used {
        used.fill(&mut row);
    }
    Ok(row)
}

/// What an event does to the factors of a user.
fn lifecycle(event: &Event<'_>) -> Option<(&'static str, Option<Method>)> {
    let name = event.kind.as_str().unwrap_or_default();
    let failed = name.ends_with("_ERROR");
    let named = credential(event).map(|(_, method)| method);
    let (what, method) = match name.strip_suffix("_ERROR").unwrap_or(name) {
        "UPDATE_TOTP" => ("completed", Some(Method::Totp)),
        "REMOVE_TOTP" => ("removed", Some(Method::Totp)),
        // Every credential, the password included.
        "UPDATE_CREDENTIAL" if named.is_some_and(|method| method != Method::Password) => ("completed", named),
        "REMOVE_CREDENTIAL" if named != Some(Method::Password) => ("removed", named),
        // An administrator removes a credential of a user.
        "" if event.operation.is("DELETE")
            && event.path.as_str().is_some_and(|path| path.contains("/credentials/")) =>
        {
            ("removed", None)
        }
        _ => return None,
    };
    Some((if failed && what == "completed" { "verify_failed" } else { what }, method))
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let Some(mut event) = read(record)? else {
        return Ok(Vec::new());
    };
    let Some((event_type, method)) = lifecycle(&event) else {
        return Ok(Vec::new());
    };
    let event_time = event.time()?;
    let by_admin = event.operation.as_str().is_some();
    let error = known(event.error.take());
    let failed = error.is_some() || event.kind.as_str().is_some_and(|name| name.ends_with("_ERROR"));
    let raw = credential(&event).map(|(raw, _)| raw);
    let user = if by_admin {
        let path = event.path.as_str().unwrap_or_default();
        path.strip_prefix("users/").and_then(|rest| rest.split('/').next()).map(|id| Cow::Owned(id.to_owned()))
    } else {
        known(event.user.take())
    };
    let ip = pick([&mut event.ip, &mut event.admin.ip]);
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        provider: Some(Provider::Keycloak.as_str()),
        event_id: Some(event.id.take().unwrap_or_else(|| event_id(record))),
        actor_id: if by_admin { known(event.admin.user.take()) } else { user.clone() },
        identity_id: user,
        user_principal: known(event.details.text("username").cloned()).map(lower),
        event_type: Some(event_type),
        event_type_raw: event.kind.take().or_else(|| event.operation.take()),
        method: Some(method.unwrap_or(Method::Unknown).as_str()),
        method_raw: raw,
        outcome: Some(if failed { "failure" } else { "success" }),
        failure_code: error,
        actor_kind: Some(if by_admin { "admin" } else { "self" }),
        ip: known(ip),
        ..FactorEvent::default()
    }])
}

impl Event<'_> {
    fn time(&self) -> Result<Timestamp, Reject> {
        time::required(&[("time", &self.time), ("timestamp", &self.timestamp)])
    }
}

shape! {
    struct Event<'a> {
        id: Text<'a> = "id",
        time: Text<'a> = "time",
        kind: Text<'a> = "type",
        realm: Text<'a> = "realmId",
        realm_name: Text<'a> = "realmName",
        client: Text<'a> = "clientId",
        user: Text<'a> = "userId",
        session: Text<'a> = "sessionId",
        ip: Text<'a> = "ipAddress",
        error: Text<'a> = "error",
        details: Properties<'a> = "details",
        /// Of what administrators do.
        operation: Text<'a> = "operationType",
        resource_type: Text<'a> = "resourceType",
        path: Text<'a> = "resourcePath",
        admin: AdminShape<'a> = "authDetails",
        /// Of the server's log.
        timestamp: Text<'a> = "timestamp" | "@timestamp",
        logger: Text<'a> = "loggerName" | "logger_name",
        message: Text<'a> = "message",
    }
}

shape! {
    struct AdminShape<'a> {
        user: Text<'a> = "userId",
        ip: Text<'a> = "ipAddress",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, error: &str, details: &str) -> String {
        let error = if error.is_empty() { "null".to_owned() } else { format!("\"{error}\"") };
        format!(
            r#"{{"id":"k1","time":1767600000250,"type":"{kind}","realmId":"r1","clientId":"account","userId":"u1","sessionId":"s1",
            "ipAddress":"203.0.113.7","error":{error},"details":{{"username":"Ann",{details}"auth_method":"openid-connect"}}}}"#
        )
    }

    fn read_row(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    #[test]
    fn types_and_errors() {
        for (kind, error, details, expected) in [
            ("LOGIN", "", "", ["combined", "success", "unknown", "", ""]),
            ("LOGIN", "", r#""credential_type":"otp","#, ["combined", "success", "satisfied", "totp", ""]),
            (
                "LOGIN",
                "",
                r#""credential_type":"webauthn-passwordless","#,
                ["combined", "success", "satisfied", "", ""],
            ),
            ("LOGIN", "", r#""credential_type":"password","#, ["combined", "success", "unknown", "", ""]),
            ("LOGIN", "", r#""identity_provider":"github","#, ["combined", "success", "unknown", "", ""]),
            (
                "LOGIN_ERROR",
                "invalid_user_credentials",
                "",
                ["combined", "failure", "not_attempted", "", "bad_credentials"],
            ),
            (
                "LOGIN_ERROR",
                "invalid_user_credentials",
                r#""credential_type":"otp","#,
                ["combined", "failure", "failed", "totp", "mfa_failed"],
            ),
            (
                "LOGIN_ERROR",
                "user_temporarily_disabled",
                "",
                ["combined", "failure", "not_attempted", "", "account_locked"],
            ),
            ("LOGIN_ERROR", "expired_code", "", ["combined", "interrupted", "unknown", "", "interrupted"]),
            // An error beside a type that does not say so.
            ("LOGIN", "user_disabled", "", ["combined", "failure", "not_attempted", "", "account_disabled"]),
            ("REFRESH_TOKEN", "", "", ["token", "success", "unknown", "", ""]),
            ("CLIENT_LOGIN", "", "", ["token", "success", "unknown", "", ""]),
        ] {
            let text = event(kind, error, details);
            let row = read_row(&text);
            let found = [row.event_kind, row.outcome, row.mfa_result, row.second_factor, row.failure_category];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{kind} {error} {details}");
        }
        let text = event("LOGIN", "", r#""identity_provider":"github","#);
        assert_eq!(
            (read_row(&text).first_factor, read_row(&text).mfa_satisfied_by),
            (Some("fed_sf"), Some("federated"))
        );
        let text = event("LOGIN", "", r#""grant_type":"password","#);
        assert_eq!((read_row(&text).protocol, read_row(&text).is_legacy_auth), (Some("ropc"), Some(true)));
    }

    #[test]
    fn lines_of_the_log() {
        let quoted = r#"2026-01-05 08:00:00,250 WARN  [org.keycloak.events] (executor-thread-1) type="LOGIN_ERROR", realmId="r1", clientId="account", userId="null", ipAddress="203.0.113.7", error="invalid_user_credentials", auth_method="openid-connect", redirect_uri="https://x/?a=b,c=d", username="Ann""#;
        let bare = "2026-01-05 08:00:00,250 WARN  [org.keycloak.events] (default task-1) type=LOGIN_ERROR, realmId=r1, clientId=account, userId=null, ipAddress=203.0.113.7, error=invalid_user_credentials, username=Ann";
        let in_json = format!(
            r#"{{"timestamp":"2026-01-05T08:00:00.250Z","loggerName":"org.keycloak.events","level":"WARN","message":{}}}"#,
            serde_json::to_string(&quoted[quoted.find("type=").expect("is there")..]).expect("is text")
        );
        for text in [quoted, bare, &in_json] {
            let row = read_row(text);
            assert_eq!((row.outcome, row.failure_category), (Some("failure"), Some("bad_credentials")), "{text}");
            assert_eq!((row.user_principal.as_deref(), row.identity_id.as_deref()), (Some("ann"), None), "{text}");
            assert_eq!((row.ip.as_deref(), row.tenant_id.as_deref()), (Some("203.0.113.7"), Some("r1")), "{text}");
            assert_eq!(row.event_time.map(|time| time.0), Some(1_767_600_000_250_000), "{text}");
        }
        let other =
            "2026-01-05 08:00:00,250 INFO  [org.keycloak.services] (main) KC-SERVICES0050: Initializing master realm";
        assert_eq!(parse(other.as_bytes()), Ok(None));
        for text in ["hello", "", "\u{1}"] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(Category::WrongProvider));
        }
        assert_eq!(parse(b"\xff").map_err(|reject| reject.category), Err(Category::InvalidUtf8));
    }

    #[test]
    fn the_life_of_factors() {
        let admin = r#"{"time":1767600000250,"realmId":"r1","operationType":"DELETE","resourceType":"USER",
            "resourcePath":"users/u1/credentials/c1","authDetails":{"userId":"u2","ipAddress":"203.0.113.9"}}"#;
        for (text, expected) in [
            (event("UPDATE_TOTP", "", ""), ["completed", "totp", "self", "u1"]),
            (event("UPDATE_TOTP_ERROR", "invalid_totp", ""), ["verify_failed", "totp", "self", "u1"]),
            (event("REMOVE_TOTP", "", ""), ["removed", "totp", "self", "u1"]),
            (
                event("UPDATE_CREDENTIAL", "", r#""credential_type":"webauthn","#),
                ["completed", "passkey_sync", "self", "u1"],
            ),
            (admin.to_owned(), ["removed", "unknown", "admin", "u1"]),
        ] {
            let rows = factor_events(Record::Json(text.as_bytes())).expect("reads");
            let [row] = &rows[..] else { panic!("is one event: {text}") };
            let found = [row.event_type, row.method, row.actor_kind, row.identity_id.as_deref()];
            assert_eq!(found, expected.map(Some), "{text}");
            assert_eq!(parse(text.as_bytes()), Ok(None));
        }
        for text in [event("LOGIN", "", ""), event("UPDATE_CREDENTIAL", "", r#""credential_type":"password","#)] {
            assert_eq!(factor_events(Record::Json(text.as_bytes())), Ok(Vec::new()), "{text}");
        }
    }

    #[test]
    fn what_is_rejected() {
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"type":"LOGIN"}"#, Category::WrongProvider),
            (r#"{"type":"LOGIN","realmId":"r"}"#, Category::MissingField),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }
}
