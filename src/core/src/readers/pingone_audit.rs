//! PingOne audit activities.
//!
//! The type of the action says what was checked and what became of it, whatever `result.status` says of recording it. A check of
//! a code or a key is a second factor, an access that was allowed or denied a sign-on. What happens to devices is the life of
//! factors; all else is ignored.

use std::borrow::Cow;

use super::json::{self, Many, Text, shape};
use super::used::{Used, failure_category, known, surface, unknown};
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, pick, time};
use crate::model::{FactorEvent, Method, Provider, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_pingone_audit",
    summary: "PingOne audit activities, API pages or webhooks: sign-ins, or the life of factors",
    layout: Layout::Json,
    example: "read_pingone_audit('tests/data/pingone_audit.json')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "PingOne Platform API Reference: audit activities, event types",
    export: "the API, `/environments/{id}/activities`, or a webhook",
    shapes: &["activities, bare or in pages (`_embedded.activities`)"],
    ignores: &[
        (
            "sign-ins: types that are not a check of a password, a code, a key, a push or MFA, nor an access of a \
             user",
            "administration is no sign-in",
        ),
        (
            "sign-ins: types of these that are neither a success nor a failure, such as OTP.SENT",
            "nothing was checked yet",
        ),
        ("factor events: types that are not about a device of a user, or do not change it", "as above"),
    ],
    fills: &[
        "event_time provider event_id correlation_id session_id event_type_raw identity_id user_principal app_id \
         app_name event_kind is_interactive surface outcome failure_reason_raw failure_category mfa_requirement \
         mfa_result mfa_satisfied_by methods methods_raw first_factor second_factor is_phishing_resistant \
         ip user_agent tenant_id",
        "event_time provider event_id correlation_id identity_id user_principal event_type event_type_raw factor_id \
         method method_raw outcome failure_reason_raw actor_id actor_principal actor_kind ip user_agent",
    ],
};

fn read(record: &[u8]) -> Result<Activity<'_>, Reject> {
    let activity: Activity<'_> = json::parse(record)?;
    let is_dated = activity.recorded_at.as_str().is_some() || activity.created_at.as_str().is_some();
    // Types are words with a full stop between them.
    let is_type = activity.action.kind.as_str().is_some_and(|kind| kind.contains('.'));
    if !is_type || !(is_dated || activity.actors.is_there()) {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    Ok(activity)
}

/// One activity.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let activity = read(record)?;
    match activity.action.kind.as_str().and_then(Kind::of) {
        Some((kind, outcome)) => row(record, kind, outcome, activity).map(Some),
        None => Ok(None),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Password,
    /// One more factor.
    Factor(Method),
    /// A sign-on to an application.
    Access,
}

impl Kind {
    fn of(name: &str) -> Option<(Self, &'static str)> {
        let (subject, verb) = name.rsplit_once('.')?;
        let is = |word: &str| contains(verb, word);
        let outcome = if is("succe") || is("allowed") {
            "success"
        } else if is("fail") || is("denied") || is("invalid") || is("locked") {
            "failure"
        } else {
            return None;
        };
        let kind = match subject.to_ascii_uppercase().as_str() {
            "PASSWORD" if is("check") => Self::Password,
            "USER" if is("access") => Self::Access,
            "OTP" | "DEVICE_AUTHENTICATION_OTP" if is("check") => Self::Factor(Method::Unknown),
            "ASSERTION" | "FIDO2" if is("check") => Self::Factor(Method::PasskeySync),
            "PUSH" | "PUSH_NOTIFICATION" | "PUSH_CONFIRMATION" => Self::Factor(Method::Push),
            "DEVICE_AUTHENTICATION" | "MFA" | "MULTI_FACTOR_AUTHENTICATION" => Self::Factor(Method::Unknown),
            _ => return None,
        };
        Some((kind, outcome))
    }
}

impl<'a> Activity<'a> {
    fn time(&self) -> Result<Timestamp, Reject> {
        time::required(&[("recordedAt", &self.recorded_at), ("createdAt", &self.created_at)])
    }

    /// The method that a device among the resources is for.
    fn device(&self) -> Option<(Cow<'a, str>, Method)> {
        let devices = self
            .resources
            .iter()
            .filter(|resource| resource.kind.as_str().is_some_and(|kind| contains(kind, "DEVICE")));
        devices.into_iter().find_map(|device| {
            let raw = device.name.0.clone()?;
            let method = Method::from_spelling(Some(Provider::Ping), &raw)?;
            Some((raw, method))
        })
    }

    /// The user: whoever acts, or who is acted for.
    fn user(&mut self) -> (Option<Cow<'a, str>>, Option<Cow<'a, str>>) {
        let of_resource = self.resources.iter().find(|resource| resource.kind.is("USER"));
        match of_resource {
            Some(user) => (user.id.0.clone(), user.name.0.clone()),
            None => (self.actors.user.id.0.clone(), self.actors.user.name.0.clone()),
        }
    }
}

fn row<'a>(
    record: &'a [u8],
    kind: Kind,
    outcome: &'static str,
    mut activity: Activity<'a>,
) -> Result<SignIn<'a>, Reject> {
    let event_time = activity.time()?;
    let used = match kind {
        Kind::Password => Some(Used::first("PASSWORD", Method::Password)),
        Kind::Factor(method) => {
            let named = activity.device();
            Some(named.map_or_else(|| Used::second(method.as_str(), method), |(raw, method)| Used::second(raw, method)))
        }
        Kind::Access => None,
    };
    let reason =
        pick([&mut activity.result.description, &mut activity.action.description]).filter(|_| outcome == "failure");
    let (mfa_result, mfa_satisfied_by) = match (kind, outcome) {
        (Kind::Factor(_), "success") => ("satisfied", "performed"),
        (Kind::Factor(_), _) => ("failed", "none"),
        (Kind::Password, "failure") => ("not_attempted", "none"),
        _ => ("unknown", "unknown"),
    };
    let (identity_id, user_principal) = activity.user();
    let client = &mut activity.actors.client;
    let agent = activity.source.agent.take();
    let mut row = SignIn {
        event_id: Some(activity.id.take().unwrap_or_else(|| event_id(record))),
        correlation_id: activity.correlation_id.take(),
        session_id: activity.internal.session.take(),
        identity_id: known(identity_id),
        user_principal: known(user_principal).map(lower),
        app_id: client.id.take(),
        app_name: client.name.take(),
        event_kind: Some(match kind {
            Kind::Password => "primary",
            Kind::Factor(_) => "second_factor",
            Kind::Access => "sso",
        }),
        is_interactive: Some(true),
        surface: Some(surface(agent.as_deref())),
        outcome: Some(outcome),
        failure_category: (outcome == "failure").then(|| match kind {
            Kind::Factor(_) => "mfa_failed",
            Kind::Access => "policy_blocked",
            Kind::Password => match failure_category(reason.as_deref().unwrap_or_default()) {
                "other" => "bad_credentials",
                category => category,
            },
        }),
        failure_reason_raw: reason,
        mfa_requirement: Some(if matches!(kind, Kind::Factor(_)) { "required" } else { "unknown" }),
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: activity.source.ip.take(),
        user_agent: agent,
        tenant_id: pick([&mut client.environment.id, &mut activity.actors.user.environment.id]),
        event_type_raw: activity.action.kind.take(),
        ..unknown(Provider::Ping, event_time)
    };
    if let Some(used) = used {
        used.fill(&mut row);
    }
    Ok(row)
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut activity = read(record)?;
    let Some((subject, verb)) = activity.action.kind.as_str().and_then(|kind| kind.rsplit_once('.')) else {
        return Ok(Vec::new());
    };
    let is_device = ["DEVICE", "MFA_DEVICE", "USER_DEVICE"].iter().any(|name| subject.eq_ignore_ascii_case(name));
    let what = [
        // Until it is activated, a device is only begun.
        ("CREATED", "started"),
        ("ACTIVATED", "completed"),
        ("ACTIVATION_FAILED", "verify_failed"),
        ("UPDATED", "changed"),
        ("DELETED", "removed"),
        ("BLOCKED", "suspended"),
        ("LOCKED", "suspended"),
        ("UNBLOCKED", "resumed"),
        ("UNLOCKED", "resumed"),
    ];
    let found = what.into_iter().find_map(|(known, what)| verb.eq_ignore_ascii_case(known).then_some(what));
    let Some(event_type) = found.filter(|_| is_device) else {
        return Ok(Vec::new());
    };
    let event_time = activity.time()?;
    let outcome = match activity.result.status.as_str() {
        Some(status) if contains(status, "succe") => "success",
        Some(status) if contains(status, "fail") => "failure",
        _ => "unknown",
    };
    let device = activity.device();
    let factor_id = activity
        .resources
        .iter()
        .find(|resource| resource.kind.as_str().is_some_and(|kind| contains(kind, "DEVICE")))
        .and_then(|device| device.id.0.clone());
    let (identity_id, user_principal) = activity.user();
    let actor = &mut activity.actors.user;
    let actor_kind = match (actor.id.as_str(), identity_id.as_deref()) {
        (Some(actor), Some(user)) if actor == user => "self",
        (Some(_), Some(_)) => "admin",
        (None, _) if activity.actors.client.id.as_str().is_some() => "system",
        _ => "unknown",
    };
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        provider: Some(Provider::Ping.as_str()),
        event_id: Some(activity.id.take().unwrap_or_else(|| event_id(record))),
        correlation_id: activity.correlation_id.take(),
        identity_id,
        user_principal: known(user_principal).map(lower),
        event_type: Some(event_type),
        event_type_raw: activity.action.kind.take(),
        factor_id,
        method: Some(device.as_ref().map_or(Method::Unknown, |(_, method)| *method).as_str()),
        method_raw: device.map(|(raw, _)| raw),
        outcome: Some(outcome),
        failure_reason_raw: if outcome == "failure" { activity.result.description.take() } else { None },
        actor_id: actor.id.take(),
        actor_principal: known(actor.name.take()).map(lower),
        actor_kind: Some(actor_kind),
        ip: activity.source.ip.take(),
        user_agent: activity.source.agent.take(),
        ..FactorEvent::default()
    }])
}

shape! {
    struct Activity<'a> {
        id: Text<'a> = "id",
        recorded_at: Text<'a> = "recordedAt",
        created_at: Text<'a> = "createdAt",
        correlation_id: Text<'a> = "correlationId",
        internal: InternalShape<'a> = "internalCorrelation",
        action: ActionShape<'a> = "action",
        actors: ActorsShape<'a> = "actors",
        resources: Many<ResourceShape<'a>> = "resources",
        result: ResultShape<'a> = "result",
        source: SourceShape<'a> = "source",
    }
}

shape! {
    struct InternalShape<'a> {
        session: Text<'a> = "sessionId",
    }
}

shape! {
    struct ActionShape<'a> {
        kind: Text<'a> = "type",
        description: Text<'a> = "description",
    }
}

shape! {
    struct ActorsShape<'a> {
        user: ActorShape<'a> = "user",
        client: ActorShape<'a> = "client",
    }
}

impl ActorsShape<'_> {
    fn is_there(&self) -> bool {
        self.user.id.as_str().is_some() || self.client.id.as_str().is_some()
    }
}

shape! {
    struct ActorShape<'a> {
        id: Text<'a> = "id",
        name: Text<'a> = "name",
        environment: EnvironmentShape<'a> = "environment",
    }
}

shape! {
    struct EnvironmentShape<'a> {
        id: Text<'a> = "id",
    }
}

shape! {
    struct ResourceShape<'a> {
        kind: Text<'a> = "type",
        id: Text<'a> = "id",
        name: Text<'a> = "name",
    }
}

shape! {
    struct ResultShape<'a> {
        status: Text<'a> = "status",
        description: Text<'a> = "description",
    }
}

shape! {
    struct SourceShape<'a> {
        ip: Text<'a> = "ipAddress",
        agent: Text<'a> = "userAgent",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(kind: &str, status: &str, actor: &str, more: &str) -> String {
        format!(
            r#"{{"id":"p1","recordedAt":"2026-01-05T08:00:00.250Z","correlationId":"c1","action":{{"type":"{kind}"}},
            "actors":{{"client":{{"id":"app","name":"Portal","environment":{{"id":"env"}}}},"user":{{"id":"{actor}","name":"{actor}"}}}},
            "resources":[{{"type":"USER","id":"u1","name":"Ann"}}{more}],"result":{{"status":"{status}"}}}}"#
        )
    }

    fn read_row(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    #[test]
    fn checks_and_accesses() {
        for (kind, status, expected) in [
            ("PASSWORD.CHECK_SUCCEEDED", "SUCCESS", ["primary", "success", "unknown", "password", ""]),
            ("PASSWORD.CHECK_FAILED", "FAILED", ["primary", "failure", "not_attempted", "password", ""]),
            // That it was recorded is no success.
            ("PASSWORD.CHECK_FAILED", "SUCCESS", ["primary", "failure", "not_attempted", "password", ""]),
            ("OTP.CHECK_SUCCEEDED", "SUCCESS", ["second_factor", "success", "satisfied", "", "unknown"]),
            ("OTP.CHECK_SUCCESS", "SUCCESS", ["second_factor", "success", "satisfied", "", "unknown"]),
            ("OTP.CHECK_FAILED", "FAILED", ["second_factor", "failure", "failed", "", "unknown"]),
            ("ASSERTION.CHECK_SUCCEEDED", "SUCCESS", ["second_factor", "success", "satisfied", "", "passkey_sync"]),
            ("USER.ACCESS_ALLOWED", "SUCCESS", ["sso", "success", "unknown", "", ""]),
            ("USER.ACCESS_DENIED", "SUCCESS", ["sso", "failure", "unknown", "", ""]),
        ] {
            let text = activity(kind, status, "u1", "");
            let row = read_row(&text);
            let found = [row.event_kind, row.outcome, row.mfa_result, row.first_factor, row.second_factor];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{kind} {status}");
            assert_eq!((row.identity_id.as_deref(), row.user_principal.as_deref()), (Some("u1"), Some("ann")));
        }
        let text = activity("OTP.CHECK_SUCCEEDED", "SUCCESS", "u1", r#",{"type":"DEVICE","id":"d1","name":"SMS"}"#);
        assert_eq!(read_row(&text).second_factor, Some("sms_otp"));
    }

    #[test]
    fn the_life_of_devices() {
        for (kind, actor, expected) in [
            ("DEVICE.CREATED", "u1", ["started", "sms_otp", "self"]),
            ("DEVICE.ACTIVATED", "u1", ["completed", "sms_otp", "self"]),
            ("DEVICE.DELETED", "u2", ["removed", "sms_otp", "admin"]),
            ("DEVICE.BLOCKED", "u2", ["suspended", "sms_otp", "admin"]),
        ] {
            let text = activity(kind, "SUCCESS", actor, r#",{"type":"DEVICE","id":"d1","name":"SMS"}"#);
            let rows = factor_events(Record::Json(text.as_bytes())).expect("reads");
            let [row] = &rows[..] else { panic!("is one event") };
            assert_eq!([row.event_type, row.method, row.actor_kind], expected.map(Some), "{kind}");
            assert_eq!((row.factor_id.as_deref(), parse(text.as_bytes())), (Some("d1"), Ok(None)));
        }
        let text = activity("USER.CREATED", "SUCCESS", "u1", "");
        assert_eq!(factor_events(Record::Json(text.as_bytes())), Ok(Vec::new()));
    }

    #[test]
    fn what_is_ignored_and_what_is_rejected() {
        for kind in ["SESSION.CREATED", "PASSWORD.SET", "POPULATION.UPDATED", "FLOW.COMPLETED"] {
            assert_eq!(parse(activity(kind, "SUCCESS", "u1", "").as_bytes()), Ok(None), "{kind}");
        }
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"action":{"type":"CREATE"},"createdAt":"2026-01-05"}"#, Category::WrongProvider),
            (r#"{"action":{"type":"PASSWORD.CHECK_FAILED"},"actors":{"user":{"id":"u"}}}"#, Category::MissingField),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }
}
