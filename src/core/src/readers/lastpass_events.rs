//! LastPass reporting events: the events of the Enterprise API, or a download of them.
//!
//! A sentence says what happened; only signing in to the vault is a sign-in, not the filling in of a site's password. Nothing is
//! said of a second factor unless it failed. Times have no zone and are read as UTC.

use std::borrow::Cow;

use super::json::{self, Text, shape};
use super::used::{failure_category, known, unknown};
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, time};
use crate::model::{FactorEvent, Method, Provider, SignIn};

pub(super) const READER: Reader = Reader {
    name: "read_lastpass_events",
    summary: "LastPass reporting events, JSON or CSV: sign-ins, or factors that were turned on or off",
    layout: Layout::Any,
    example: "read_lastpass_events('tests/data/lastpass_events.csv')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "LastPass Enterprise API: event reporting",
    export: "the Enterprise API, command `reporting`, its events taken out of the object `data`, or the download of \
             the reporting events as CSV",
    shapes: &["events, bare or in arrays, JSON", "CSV with the columns Time, Username, IP_Address, Action, Data"],
    ignores: &[
        (
            "sign-ins: actions other than logging in to the vault or the Admin Console, and failed logins",
            "the filling in of the password of a site is no sign-in",
        ),
        ("factor events: actions that turn no multifactor option on or off", "no other action is about a factor"),
    ],
    fills: &[
        "event_time provider event_id event_type_raw user_principal app_name event_kind is_interactive surface \
         outcome failure_reason_raw failure_category mfa_requirement mfa_result mfa_satisfied_by ip",
        "event_time provider event_id user_principal event_type event_type_raw method method_raw outcome actor_kind \
         ip",
    ],
};

fn read(record: &[u8]) -> Result<Event<'_>, Reject> {
    let event: Event<'_> = json::parse(record)?;
    let is_event =
        event.action.as_str().is_some() && event.username.as_str().is_some() && event.time.as_str().is_some();
    if !is_event {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    Ok(event)
}

/// One event.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let mut event = read(record)?;
    let action = event.action.take().unwrap_or_default();
    let says = |word: &str| contains(&action, word);
    let outcome = if says("failed login") || says("login failed") || says("failed log in") {
        "failure"
    } else if ["log in", "login", "logged in", "log in to admin console", "login to admin console"]
        .iter()
        .any(|known| action.trim().eq_ignore_ascii_case(known))
    {
        "success"
    } else {
        return Ok(None);
    };
    let event_time = time::required(&[("Time", &event.time)])?;
    let reason = known(event.data.take()).filter(|_| outcome == "failure");
    let category = (outcome == "failure").then(|| match failure_category(reason.as_deref().unwrap_or(&action)) {
        "other" => "bad_credentials",
        category => category,
    });
    let (mfa_result, mfa_satisfied_by) = match category {
        Some("mfa_failed") => ("failed", "none"),
        Some(_) => ("not_attempted", "none"),
        None => ("unknown", "unknown"),
    };
    Ok(Some(SignIn {
        event_id: Some(event_id(record)),
        user_principal: known(event.username.take()).map(lower),
        app_name: Some(Cow::Borrowed("LastPass")),
        event_kind: Some("combined"),
        is_interactive: Some(true),
        outcome: Some(outcome),
        failure_category: category,
        failure_reason_raw: reason,
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: known(event.ip.take()),
        event_type_raw: Some(action),
        ..unknown(Provider::LastPass, event_time)
    }))
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut event = read(record)?;
    let action = event.action.take().unwrap_or_default();
    let is_factor = contains(&action, "multifactor") || contains(&action, "two-factor");
    let event_type = if is_factor && contains(&action, "enabled") {
        "completed"
    } else if is_factor && (contains(&action, "disabled") || contains(&action, "removed")) {
        "removed"
    } else {
        return Ok(Vec::new());
    };
    let event_time = time::required(&[("Time", &event.time)])?;
    let raw = known(event.data.take());
    let method = raw.as_deref().and_then(|raw| Method::from_spelling(Some(Provider::LastPass), raw));
    let user_principal = known(event.username.take()).map(lower);
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        provider: Some(Provider::LastPass.as_str()),
        event_id: Some(event_id(record)),
        user_principal,
        event_type: Some(event_type),
        event_type_raw: Some(action),
        method: Some(method.unwrap_or(Method::Unknown).as_str()),
        method_raw: raw,
        outcome: Some("success"),
        actor_kind: Some("unknown"),
        ip: known(event.ip.take()),
        ..FactorEvent::default()
    }])
}

shape! {
    struct Event<'a> {
        time: Text<'a> = "Time",
        username: Text<'a> = "Username",
        ip: Text<'a> = "IP_Address" | "IP Address",
        action: Text<'a> = "Action",
        data: Text<'a> = "Data",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(action: &str, data: &str) -> String {
        format!(
            r#"{{"Time":"2026-01-05 08:00:00","Username":"Ann@example.com","IP_Address":"203.0.113.7","Action":"{action}","Data":"{data}"}}"#
        )
    }

    #[test]
    fn actions() {
        for (action, data, expected) in [
            ("Log in", "", ["success", "unknown", ""]),
            ("Login", "", ["success", "unknown", ""]),
            ("Failed Login Attempt", "", ["failure", "not_attempted", "bad_credentials"]),
            ("Failed Login Attempt", "Multi-factor authentication failed", ["failure", "failed", "mfa_failed"]),
        ] {
            let text = event(action, data);
            let row = parse(text.as_bytes()).expect("reads").expect("is a sign-in");
            let found = [row.outcome, row.mfa_result, row.failure_category];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{action} {data}");
            assert_eq!(row.user_principal.as_deref(), Some("ann@example.com"));
        }
        for action in ["Site Login", "Logged out", "Master Password Changed", "Multifactor Enabled"] {
            assert_eq!(parse(event(action, "").as_bytes()), Ok(None), "{action}");
        }
    }

    #[test]
    fn what_was_turned_on_or_off() {
        for (action, data, expected) in [
            ("Multifactor Enabled", "Google Authenticator", ["completed", "totp"]),
            ("Multifactor Disabled", "", ["removed", "unknown"]),
        ] {
            let text = event(action, data);
            let rows = factor_events(Record::Json(text.as_bytes())).expect("reads");
            assert_eq!([rows[0].event_type, rows[0].method], expected.map(Some), "{action}");
        }
        assert_eq!(factor_events(Record::Json(event("Log in", "").as_bytes())), Ok(Vec::new()));
    }

    #[test]
    fn what_is_rejected() {
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"Action":"Log in","Time":"2026-01-05"}"#, Category::WrongProvider),
            (r#"{"Action":"Log in","Time":"soon","Username":"a"}"#, Category::InvalidTimestamp),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }
}
