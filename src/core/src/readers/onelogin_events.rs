//! OneLogin events, from the API, a webhook or Log Analytics.
//!
//! A number says what happened. A sign-in names the device or the factor that was used beside the password; where it names none,
//! it does not say whether one was asked for. `user_name` is a person's name, not a login.

use std::borrow::Cow;

use super::json::{self, Number, Text, shape};
use super::used::{Used, failure_category, known, surface, unknown};
use super::{Category, Layout, Parse, Reader, Record, Reject, event_id, lower, pick, time};
use crate::model::{FactorEvent, Method, Provider, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_onelogin_events",
    summary: "OneLogin events, API pages, webhooks or Log Analytics rows: sign-ins, or the life of factors",
    layout: Layout::Json,
    example: "read_onelogin_events('tests/data/onelogin_events.json')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "OneLogin API: events, event types",
    export: "the API, `/api/1/events`, the event webhook, or rows of `OneLogin_CL` as JSON",
    shapes: &[
        "events, bare or in pages (`data`)",
        "events of a webhook (arrays)",
        "rows of Log Analytics, with the suffixes of its columns",
    ],
    ignores: &[
        (
            "sign-ins: event types other than 5, 6, 8, 69 and 90",
            "sessions, administration and provisioning are no sign-ins",
        ),
        ("factor events: event types other than 24 and 172", "only the removal of a device or a factor is read"),
    ],
    fills: &[
        "event_time provider event_id event_type_raw identity_id user_principal app_id app_name event_kind \
         is_interactive surface protocol outcome failure_reason_raw failure_category mfa_requirement mfa_result \
         mfa_satisfied_by methods methods_raw first_factor second_factor is_phishing_resistant ip \
         user_agent risk_signals tenant_id",
        "event_time provider event_id identity_id user_principal event_type event_type_raw factor_id method \
         method_raw outcome actor_id actor_kind ip",
    ],
};

const LOGGED_IN: i64 = 5;
const LOGIN_FAILED: i64 = 6;
const APP_LOGIN: i64 = 8;
const REMOVED_OTP_DEVICE: i64 = 24;
const REJECTED_BY_RADIUS: i64 = 69;
const UNAUTHORIZED_APP: i64 = 90;
const REMOVED_FACTOR: i64 = 172;

fn read(record: &[u8]) -> Result<(i64, Event<'_>), Reject> {
    let event: Event<'_> = json::parse(record)?;
    match event.kind.as_i64() {
        Some(kind) => Ok((kind, event)),
        None => Err(Reject::at(Category::WrongProvider, 0)),
    }
}

/// One event.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let (kind, event) = read(record)?;
    match kind {
        LOGGED_IN | LOGIN_FAILED | APP_LOGIN | REJECTED_BY_RADIUS | UNAUTHORIZED_APP => {
            row(record, kind, event).map(Some)
        }
        _ => Ok(None),
    }
}

impl<'a> Event<'a> {
    fn time(&self) -> Result<Timestamp, Reject> {
        time::required(&[("created_at", &self.created_at), ("event_timestamp", &self.timestamp)])
    }

    /// The factor that is named.
    fn factor(&mut self) -> Option<(Cow<'a, str>, Method)> {
        let raw = pick([&mut self.factor_type, &mut self.factor_description, &mut self.device_name])?;
        let method = Method::from_spelling(Some(Provider::OneLogin), &raw).unwrap_or(Method::Unknown);
        Some((raw, method))
    }
}

fn row<'a>(record: &'a [u8], kind: i64, mut event: Event<'a>) -> Result<SignIn<'a>, Reject> {
    let event_time = event.time()?;
    let is_app = matches!(kind, APP_LOGIN | UNAUTHORIZED_APP);
    let outcome = if matches!(kind, LOGGED_IN | APP_LOGIN) { "success" } else { "failure" };
    let factor = if is_app { None } else { event.factor() };
    let (mfa_result, mfa_satisfied_by) = match (kind, factor.is_some()) {
        (LOGGED_IN, true) => ("satisfied", "performed"),
        (LOGIN_FAILED, true) => ("failed", "none"),
        (LOGIN_FAILED | REJECTED_BY_RADIUS, false) => ("not_attempted", "none"),
        _ => ("unknown", "unknown"),
    };
    let reason = pick([&mut event.error, &mut event.message, &mut event.notes]).filter(|_| outcome == "failure");
    let failure_category = match (kind, mfa_result) {
        _ if outcome == "success" => None,
        (UNAUTHORIZED_APP, _) => Some("policy_blocked"),
        (_, "failed") => Some("mfa_failed"),
        _ => Some(match failure_category(reason.as_deref().unwrap_or_default()) {
            "other" => "bad_credentials",
            category => category,
        }),
    };
    let risks = event.risk_reasons.take();
    let agent = event.agent.take();
    let mut row = SignIn {
        event_id: Some(pick([&mut event.id, &mut event.uuid]).unwrap_or_else(|| event_id(record))),
        identity_id: known(event.user_id.take()),
        user_principal: known(pick([&mut event.login, &mut event.email])).map(lower),
        app_id: event.app_id.take(),
        app_name: event.app_name.take(),
        event_kind: Some(if is_app { "sso" } else { "combined" }),
        is_interactive: Some(true),
        surface: Some(if kind == REJECTED_BY_RADIUS { "vpn" } else { surface(agent.as_deref()) }),
        protocol: (kind == REJECTED_BY_RADIUS).then_some("radius"),
        outcome: Some(outcome),
        failure_category,
        failure_reason_raw: reason,
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: event.ip.take(),
        user_agent: agent,
        risk_signals: risks.map(|risks| {
            let words = risks.split([';', ',']).map(str::trim).filter(|word| !word.is_empty());
            words.map(|word| Cow::Owned(word.to_owned())).collect()
        }),
        tenant_id: event.account.take(),
        event_type_raw: Some(Cow::Owned(kind.to_string())),
        ..unknown(Provider::OneLogin, event_time)
    };
    if let Some((raw, method)) = factor {
        Used::second(raw, method).fill(&mut row);
    }
    Ok(row)
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let (kind, mut event) = read(record)?;
    if !matches!(kind, REMOVED_OTP_DEVICE | REMOVED_FACTOR) {
        return Ok(Vec::new());
    }
    let event_time = event.time()?;
    let factor = event.factor();
    let identity_id = known(event.user_id.take());
    let actor_id = known(event.actor_id.take());
    let actor_kind = match (&actor_id, &identity_id) {
        (Some(actor), Some(user)) if actor == user => "self",
        (Some(_), Some(_)) => "admin",
        _ => "unknown",
    };
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        provider: Some(Provider::OneLogin.as_str()),
        event_id: Some(pick([&mut event.id, &mut event.uuid]).unwrap_or_else(|| event_id(record))),
        identity_id,
        user_principal: known(pick([&mut event.login, &mut event.email])).map(lower),
        event_type: Some("removed"),
        event_type_raw: Some(Cow::Owned(kind.to_string())),
        factor_id: event.device_id.take(),
        method: Some(factor.as_ref().map_or(Method::Unknown, |(_, method)| *method).as_str()),
        method_raw: factor.map(|(raw, _)| raw),
        outcome: Some("success"),
        actor_id,
        actor_kind: Some(actor_kind),
        ip: event.ip.take(),
        ..FactorEvent::default()
    }])
}

shape! {
    struct Event<'a> {
        id: Text<'a> = "id" | "id_d",
        uuid: Text<'a> = "uuid" | "uuid_g",
        kind: Number = "event_type_id" | "event_type_id_d",
        created_at: Text<'a> = "created_at" | "created_at_t",
        timestamp: Text<'a> = "event_timestamp" | "event_timestamp_s" | "event_timestamp_t",
        account: Text<'a> = "account_id" | "account_id_d",
        user_id: Text<'a> = "user_id" | "user_id_d",
        login: Text<'a> = "login_name" | "login_name_s",
        email: Text<'a> = "user_email",
        actor_id: Text<'a> = "actor_user_id" | "actor_user_id_d",
        app_id: Text<'a> = "app_id" | "app_id_d",
        app_name: Text<'a> = "app_name" | "app_name_s",
        ip: Text<'a> = "ipaddr" | "ipaddr_s",
        agent: Text<'a> = "user_agent" | "user_agent_s",
        device_id: Text<'a> = "otp_device_id" | "otp_device_id_d",
        device_name: Text<'a> = "otp_device_name" | "otp_device_name_s",
        factor_type: Text<'a> = "authentication_factor_type",
        factor_description: Text<'a> = "authentication_factor_description",
        error: Text<'a> = "error_description" | "error_description_s",
        message: Text<'a> = "custom_message" | "custom_message_s",
        notes: Text<'a> = "notes" | "notes_s",
        risk_reasons: Text<'a> = "risk_reasons" | "risk_reasons_s",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: i64, more: &str) -> String {
        format!(
            r#"{{"id":1,"created_at":"2026-01-05T08:00:00.250Z","account_id":9,"user_id":7,"user_name":"Ann Lee","event_type_id":{kind},
            "actor_user_id":7,"ipaddr":"203.0.113.7"{more}}}"#
        )
    }

    fn read_row(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    #[test]
    fn numbers() {
        let device = r#","otp_device_name":"OneLogin Protect""#;
        for (kind, more, expected) in [
            (5, "", ["combined", "success", "unknown", "", ""]),
            (5, device, ["combined", "success", "satisfied", "push", ""]),
            (5, r#","otp_device_name":"A new one""#, ["combined", "success", "satisfied", "unknown", ""]),
            (6, "", ["combined", "failure", "not_attempted", "", "bad_credentials"]),
            (
                6,
                r#","error_description":"User is locked""#,
                ["combined", "failure", "not_attempted", "", "account_locked"],
            ),
            (6, device, ["combined", "failure", "failed", "push", "mfa_failed"]),
            (8, "", ["sso", "success", "unknown", "", ""]),
            (90, "", ["sso", "failure", "unknown", "", "policy_blocked"]),
            (69, "", ["combined", "failure", "not_attempted", "", "bad_credentials"]),
        ] {
            let text = event(kind, more);
            let row = read_row(&text);
            let found = [row.event_kind, row.outcome, row.mfa_result, row.second_factor, row.failure_category];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{kind} {more}");
            assert_eq!((row.identity_id.as_deref(), row.user_principal.as_deref()), (Some("7"), None));
        }
        let text =
            r#"{"event_type_id_d":"5","event_timestamp_s":"2026-01-05 08:00:00 UTC","uuid_g":"x","user_id_d":7}"#;
        assert_eq!(read_row(text).event_id.as_deref(), Some("x"));
    }

    #[test]
    fn what_was_removed() {
        for (kind, more, expected) in [
            (24, r#","otp_device_id":3,"otp_device_name":"Google Authenticator""#, ["removed", "totp", "self"]),
            (172, r#","authentication_factor_description":"OneLogin SMS""#, ["removed", "sms_otp", "self"]),
        ] {
            let text = event(kind, more);
            let rows = factor_events(Record::Json(text.as_bytes())).expect("reads");
            assert_eq!([rows[0].event_type, rows[0].method, rows[0].actor_kind], expected.map(Some), "{kind}");
            assert_eq!(parse(text.as_bytes()), Ok(None));
        }
        assert_eq!(factor_events(Record::Json(event(5, "").as_bytes())), Ok(Vec::new()));
    }

    #[test]
    fn what_is_ignored_and_what_is_rejected() {
        for kind in [3, 7, 11, 13] {
            assert_eq!(parse(event(kind, "").as_bytes()), Ok(None), "{kind}");
        }
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"event_type_id":"x"}"#, Category::WrongProvider),
            (r#"{"event_type_id":5}"#, Category::MissingField),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }
}
