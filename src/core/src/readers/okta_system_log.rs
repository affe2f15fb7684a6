//! Okta System Log.
//!
//! One attempt is several events: the session start, each factor, the final verification, the sign-on to an application.
//! In Identity Engine organisations `auth_via_mfa` is logged for the password too, so the factor, not the event type,
//! decides what was a second factor. Where the event lists the methods of its session (`authMethodFirstType` and so on),
//! they say more than the event type does: two methods are MFA where they prove two kinds of factor, so a password and a
//! security question are not, nor are a code by e-mail and one by SMS.
//!
//! Identity Engine offers push, codes and SMS beside a password unless the policy is passwordless, so one that passed was a
//! second factor. FastPass and e-mail may also be all that was asked for: FastPass that verified its user is two kinds by
//! itself, and of the rest an event alone does not say. Nor does it say that MFA was required.
//!
//! An event hook delivers `{"eventType": "com.okta.event_hook", "data": {"events": […]}}`. One event in it is read as that
//! event. Since a record is one row, a delivery of several is a reject, `wrong_provider`, as is one of none.
//!
//! The life of factors is in `user.mfa.factor.*`; which factor it was is in the debug data, among the targets, or only in a
//! sentence.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::json::{self, IntoOwned, Many, Nested, Number, Slot, Text, shape};
use super::properties::Texts;
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, pick, time};
use crate::model::method::Kinds;
use crate::model::{FactorEvent, Method, PolicyResult, Provider, SignIn};

pub(super) const READER: Reader = Reader {
    name: "read_okta_system_log",
    summary: "Okta System Log events, API pages, NDJSON, log-stream exports or Log Analytics rows: sign-ins, or the life of factors",
    layout: Layout::Json,
    example: "read_okta_system_log('sample_data/okta/system-log*.gz')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "Okta developer documentation: System Log API, event types",
    export: "`/api/v1/logs`, a log stream to EventBridge or Splunk, an event hook, or rows of `Okta_CL` as JSON",
    shapes: &[
        "events, bare or in pages (arrays)",
        "an event in `detail` or `event` of a log stream",
        "a delivery of an event hook with one event; with several it is a reject",
        "rows of Log Analytics, with the suffixes of its columns",
    ],
    ignores: &[
        ("sign-ins: logouts, `user.authentication.slo` and `universal_logout`", "they end a session"),
        (
            "sign-ins: messages of `system.*.send_*` that are no challenge",
            "the same channels carry password resets and unlocks",
        ),
        (
            "sign-ins: events that are neither sessions, `user.authentication.*`, sign-on policies nor answers to a \
             push",
            "administration, lifecycle and enrolment are no sign-ins",
        ),
        (
            "factor events: all but `user.mfa.factor.*` (activate, deactivate, reset_all, suspend, unsuspend, update) \
             and `user.mfa.promote_enrollment`",
            "no other event is about a registered factor",
        ),
    ],
    fills: &[
        "event_time provider event_id correlation_id session_id event_type_raw identity_id user_principal \
         population_hint app_id app_name event_kind is_interactive surface protocol client_app_raw is_legacy_auth \
         outcome failure_code failure_reason_raw failure_category mfa_requirement mfa_result mfa_satisfied_by methods \
         methods_raw first_factor second_factor is_phishing_resistant number_matching policy_results ip ip_anonymizer \
         country region city latitude longitude asn device_id device_os device_trust browser user_agent risk_level \
         risk_signals",
        "event_time provider event_id correlation_id identity_id user_principal event_type event_type_raw factor_id \
         method method_raw outcome failure_reason_raw actor_id actor_principal actor_kind ip user_agent",
    ],
};

/// What is in the place of an event's name in the delivery of an event hook.
const EVENT_HOOK: &str = "com.okta.event_hook";

/// Names of Okta events are words with dots between them; other logs use the same key for a single word.
fn is_event(event_type: &Text<'_>, has_company: bool) -> bool {
    has_company && event_type.as_str().is_some_and(|name| name.contains('.'))
}

/// One record, bare, in an envelope of a log stream or of an event hook, or flattened into the columns of a Log Analytics table.
fn read_event(record: &[u8]) -> Result<OktaEvent<'_>, Reject> {
    let mut event: OktaEvent<'_> = json::parse(record)?;
    if event.event_type.as_str().is_none() {
        if event.flat_event_type.as_str().is_some() {
            event = json::parse::<FlatEvent<'_>>(record)?.into_event();
        } else if let Some(inner) = event.inner.0.take() {
            event = *inner;
        }
    } else if event.event_type.is(EVENT_HOOK) {
        let hook: HookShape<'_> = json::parse(record)?;
        let mut events = hook.data.events.0.unwrap_or_default();
        event = match (events.pop(), events.is_empty()) {
            (Some(only), true) => only,
            _ => return Err(Reject::at(Category::WrongProvider, 0)),
        };
    }
    let has_company = event.published.as_str().is_some()
        || event.uuid.as_str().is_some()
        || event.actor.id.as_str().is_some()
        || event.outcome.result.as_str().is_some();
    if !is_event(&event.event_type, has_company) {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    Ok(event)
}

/// One record.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let event = read_event(record)?;
    match event.event_type.as_str().and_then(Kind::of) {
        Some(kind) => row(record, kind, event).map(Some),
        None => Ok(None),
    }
}

/// What an event does to the factors of a user.
fn lifecycle(event: &OktaEvent<'_>) -> Option<&'static str> {
    let name = event.event_type.as_str()?;
    let failed = ["FAILURE", "DENY"].iter().any(|result| event.outcome.result.is(result));
    let what = [
        ("user.mfa.factor.activate", "completed"),
        ("user.mfa.factor.deactivate", "removed"),
        ("user.mfa.factor.reset_all", "reset"),
        ("user.mfa.factor.suspend", "suspended"),
        ("user.mfa.factor.unsuspend", "resumed"),
        ("user.mfa.factor.update", "changed"),
        // A user was asked to enrol.
        ("user.mfa.promote_enrollment", "started"),
    ]
    .into_iter()
    .find_map(|(known, what)| name.eq_ignore_ascii_case(known).then_some(what))?;
    Some(match what {
        "completed" if failed => "verify_failed",
        "started" if event.outcome.result.is("SKIPPED") => "abandoned",
        what => what,
    })
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut event = read_event(record)?;
    let Some(event_type) = lifecycle(&event) else {
        return Ok(Vec::new());
    };
    let event_time = time::required(&[("published", &event.published), ("time", &event.time)])?;
    let reason = known(event.outcome.reason.take());
    let used = event.factor().or_else(|| {
        let words = reason.as_deref()?.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let named = words.filter(|word| word.contains('_') || word.bytes().all(|byte| byte.is_ascii_uppercase()));
        named
            .filter_map(|word| Some((word, Method::from_spelling(Some(Provider::Okta), word)?)))
            .map(|(word, method)| Used { raw: Cow::Owned(word.to_owned()), method })
            .next()
    });
    // All of them were reset, whatever else is named.
    let used = used.filter(|_| event_type != "reset");
    let factor_id = event.enrolled().and_then(|target| known(target.id.0.clone()));
    let mut targets = std::mem::take(&mut event.targets).0.unwrap_or_default();
    let user = targets.iter_mut().find(|target| target.kind.is("User"));
    let actor_id = known(event.actor.id.take());
    let actor_principal = known(event.actor.alternate_id.take()).map(lower);
    let (identity_id, user_principal) = match user {
        Some(user) => (known(user.id.take()), known(user.alternate_id.take()).map(lower)),
        None if event.actor.is_user() == Some(true) => (actor_id.clone(), actor_principal.clone()),
        None => (None, None),
    };
    let actor_kind = match event.actor.is_user() {
        Some(false) => "system",
        Some(true) if actor_id.is_some() && actor_id == identity_id => "self",
        Some(true) if identity_id.is_some() => "admin",
        _ => "unknown",
    };
    let outcome = match outcome(Kind::Primary, &event.outcome.result).0 {
        outcome @ ("success" | "failure") => outcome,
        _ => "unknown",
    };
    let (method, method_raw) = used.map_or((None, None), |used| (Some(used.method.as_str()), Some(used.raw)));
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        provider: Some(Provider::Okta.as_str()),
        event_id: Some(event.uuid.take().unwrap_or_else(|| event_id(record))),
        correlation_id: known(event.transaction.id.take()),
        identity_id,
        user_principal,
        event_type: Some(event_type),
        event_type_raw: event.event_type.take(),
        factor_id,
        method,
        method_raw,
        outcome: Some(outcome),
        failure_reason_raw: reason.filter(|_| outcome == "failure"),
        actor_id,
        actor_principal,
        actor_kind: Some(actor_kind),
        ip: known(event.client.ip.take()),
        user_agent: event.client.agent.raw.take(),
        ..FactorEvent::default()
    }])
}

/// What an event says about a sign-in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The first factor was checked.
    Session,
    /// One factor was checked.
    Factor,
    /// The whole sign-in was completed, in Identity Engine; a step-up was asked for, in Classic.
    Verify,
    /// An application was signed on to within a session.
    Sso,
    /// A directory agent checked the password.
    Directory,
    /// Another provider vouched for the user.
    Federated,
    /// A RADIUS client sent the password.
    Radius,
    /// Some other way to check a first factor.
    Primary,
    /// The user refused a push.
    DenyPush,
    /// A push could not be answered by the version of the application.
    PushOutdated,
    /// A second factor may have been dodged.
    AttemptBypass,
    /// A policy was evaluated.
    Policy,
    /// A code or a push was sent.
    Sent,
}

impl Kind {
    /// `None` is an event that is no sign-in: enrolment, logout, administration.
    fn of(name: &str) -> Option<Self> {
        const NAMES: &[(&str, Option<Kind>)] = &[
            ("user.session.start", Some(Kind::Session)),
            ("user.authentication.auth_via_mfa", Some(Kind::Factor)),
            ("user.authentication.sso", Some(Kind::Sso)),
            ("user.authentication.verify", Some(Kind::Verify)),
            ("policy.evaluate_sign_on", Some(Kind::Policy)),
            ("user.authentication.auth_via_AD_agent", Some(Kind::Directory)),
            ("user.authentication.auth_via_AD_app", Some(Kind::Directory)),
            ("user.authentication.auth_via_LDAP_agent", Some(Kind::Directory)),
            ("user.authentication.auth_via_LDAP_app", Some(Kind::Directory)),
            ("user.authentication.auth_via_inbound_delauth", Some(Kind::Directory)),
            ("user.authentication.auth_via_IDP", Some(Kind::Federated)),
            ("user.authentication.auth_via_social", Some(Kind::Federated)),
            ("user.authentication.auth_via_inbound_SAML", Some(Kind::Federated)),
            ("user.authentication.auth_via_radius", Some(Kind::Radius)),
            ("user.authentication.slo", None),
            ("user.authentication.universal_logout", None),
            ("user.authentication.universal_logout.scheduled", None),
            ("user.mfa.okta_verify.deny_push", Some(Kind::DenyPush)),
            ("user.mfa.okta_verify.deny_push_upgrade_needed", Some(Kind::PushOutdated)),
            ("user.mfa.attempt_bypass", Some(Kind::AttemptBypass)),
        ];
        let starts = |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        if let Some((_, kind)) = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
            *kind
        } else if starts("user.authentication.") {
            Some(Self::Primary)
        } else if ["system.push.send_", "system.sms.send_", "system.voice.send_", "system.email.send_"]
            .into_iter()
            .any(starts)
        {
            // The same channels carry password resets, account unlocks and telephone verifications.
            let is_challenge = ["factor_verify", "mfa_challenge", "okta_push_verify"].iter().any(|w| contains(name, w));
            is_challenge.then_some(Self::Sent)
        } else {
            None
        }
    }
}

/// A method that was used.
struct Used<'a> {
    raw: Cow<'a, str>,
    method: Method,
}

/// Which factor an event is about, and what was used.
struct Factors<'a> {
    event_kind: &'static str,
    /// In order used; `None` when the event does not say.
    used: Option<Vec<Used<'a>>>,
    first: Option<Method>,
    second: Option<Method>,
}

impl<'a> Factors<'a> {
    fn read(kind: Kind, event: &OktaEvent<'a>) -> Self {
        let data = &event.debug.data;
        let mut factors = match kind {
            Kind::Factor => match event.factor() {
                Some(used) => Self::checked(used, event),
                None => Self::none("second_factor"),
            },
            Kind::DenyPush | Kind::PushOutdated => {
                let used = event.factor().unwrap_or(Used { raw: "OKTA_VERIFY_PUSH".into(), method: Method::Push });
                Self::one("second_factor", used, false)
            }
            Kind::AttemptBypass => match event.factor() {
                Some(used) => Self::one("second_factor", used, false),
                None => Self::none("second_factor"),
            },
            Kind::Sent => {
                let method = match event.event_type.as_str() {
                    Some(name) if contains(name, ".push.") || contains(name, "okta_push_verify") => Method::Push,
                    Some(name) if contains(name, ".sms.") => Method::SmsOtp,
                    Some(name) if contains(name, ".voice.") => Method::Voice,
                    _ => Method::EmailOtp,
                };
                let raw = data.factor.0.clone().unwrap_or(Cow::Borrowed(method.as_str()));
                Self::one("other", Used { raw, method }, false)
            }
            Kind::Policy => Self::of_session("other", data),
            Kind::Sso => Self::of_session("sso", data),
            Kind::Session => Self::of_session("primary", data),
            Kind::Verify => {
                let mut factors = Self::of_session("combined", data);
                if factors.used.is_none() {
                    factors = match event.factor() {
                        Some(used) => Self::checked(used, event),
                        // What failed is some factor of the sign-in.
                        None if outcome(kind, &event.outcome.result).0 == "failure" => Self::none("combined"),
                        None => Self::none("other"),
                    };
                }
                factors
            }
            Kind::Directory | Kind::Federated | Kind::Radius | Kind::Primary => Self::none("primary"),
        };
        if factors.used.is_none() && factors.event_kind == "primary" {
            let first = match kind {
                Kind::Directory | Kind::Radius => Some(Method::Password),
                Kind::Federated => Some(Method::FedSf),
                _ => event.credential(),
            };
            if let Some(method) = first {
                let raw = event.authentication.credential_type.0.clone().unwrap_or(Cow::Borrowed(method.as_str()));
                factors = Self::one("primary", Used { raw, method }, true);
            }
        }
        factors
    }

    fn none(event_kind: &'static str) -> Self {
        Self { event_kind, used: None, first: None, second: None }
    }

    /// A factor that was checked.
    fn checked(used: Used<'a>, event: &OktaEvent<'a>) -> Self {
        let may_be_all = matches!(used.method, Method::CertSf | Method::EmailOtp) && event.enrolled().is_some();
        if used.method == Method::Password {
            Self::one("primary", used, true)
        } else if may_be_all && Self::of_session("combined", &event.debug.data).proof() != Proof::TwoKinds {
            // Neither the first factor nor the second, for all that is said.
            Self { event_kind: "second_factor", used: Some(vec![used]), first: None, second: None }
        } else {
            Self::one("second_factor", used, false)
        }
    }

    fn one(event_kind: &'static str, used: Used<'a>, is_first: bool) -> Self {
        let method = Some(used.method);
        let (first, second) = if is_first { (method, None) } else { (None, method) };
        Self { event_kind, used: Some(vec![used]), first, second }
    }

    /// The methods that the session had used by the time of the event.
    fn of_session(event_kind: &'static str, data: &DebugData<'a>) -> Self {
        let used: Vec<_> = [&data.method_1, &data.method_2, &data.method_3, &data.method_4, &data.method_5]
            .into_iter()
            .filter_map(|text| {
                let raw = text.0.clone()?;
                let method = data.refine(session_method(&raw));
                Some(Used { raw, method })
            })
            .collect();
        if used.is_empty() {
            return Self::none(event_kind);
        }
        // A password is never the second factor, not even when it is asked for last.
        let password = used.iter().position(|used| used.method == Method::Password);
        let first = password.unwrap_or(0);
        let second = used
            .iter()
            .enumerate()
            .find(|(at, used)| *at != first && used.method != Method::Password)
            .map(|(_, used)| used.method);
        Self { event_kind, first: used.get(first).map(|used| used.method), second, used: Some(used) }
    }

    /// What is proven by the methods that are listed.
    fn proof(&self) -> Proof {
        let used = self.used.as_deref().unwrap_or_default();
        let has = |wanted: &[Kinds]| used.iter().any(|used| wanted.contains(&used.method.kinds()));
        let (knows, possesses) = (has(&[Kinds::Knowledge]), has(&[Kinds::WeakPossession, Kinds::Possession]));
        if has(&[Kinds::VerifiedPossession]) || (knows && possesses) {
            Proof::TwoKinds
        } else if has(&[Kinds::Claim, Kinds::Recovery, Kinds::Nothing]) {
            Proof::Unclear
        } else if knows || (possesses && used.len() > 1) {
            Proof::OneKind
        } else {
            // A push alone may have been unlocked by the finger.
            Proof::Unclear
        }
    }
}

/// Whether methods are factors of several kinds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    OneKind,
    TwoKinds,
    Unclear,
}

/// The method in `okta_verify:push:aut4oewi7rc5cRsK25d7`: authenticator, method, and the id of the authenticator.
fn session_method(raw: &str) -> Method {
    let mut parts = raw.split(':');
    let (key, method) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let of = |spelling: &str| Method::from_spelling(Some(Provider::Okta), spelling);
    // A code is a code; whether hardware made it, only the authenticator tells.
    let (better, worse) = if method.eq_ignore_ascii_case("otp") { (key, method) } else { (method, key) };
    of(better).or_else(|| of(worse)).unwrap_or(Method::Unknown)
}

/// The method by the name that people see.
fn displayed_method(name: &str) -> Option<Method> {
    if let Some(method) = Method::from_spelling(Some(Provider::Okta), name) {
        return Some(method);
    }
    [
        ("get a push notification", Method::Push),
        ("use okta fastpass", Method::CertSf),
        ("okta fastpass", Method::CertSf),
        ("enter a code", Method::Totp),
        ("okta verify", Method::Push),
        ("google authenticator", Method::Totp),
        ("security key or biometric", Method::PasskeySync),
        ("security key or biometric authenticator", Method::PasskeySync),
        ("phone", Method::SmsOtp),
        ("voice call", Method::Voice),
        ("security question", Method::Question),
        ("yubikey", Method::OtpHw),
        ("yubikey authenticator", Method::OtpHw),
        ("smart card idp", Method::Smartcard),
        ("idp authenticator", Method::FedMfa),
    ]
    .into_iter()
    .find_map(|(known, method)| name.eq_ignore_ascii_case(known).then_some(method))
}

/// Outcome and failure category, the latter only for what is particular to a result.
fn outcome(kind: Kind, result: &Text<'_>) -> (&'static str, Option<&'static str>) {
    let outcome = match result.as_str() {
        // These happen only when something was refused, whatever is logged as the result of logging it.
        _ if matches!(kind, Kind::DenyPush | Kind::PushOutdated) => ("failure", None),
        Some(result) => [
            ("SUCCESS", ("success", None)),
            ("ALLOW", ("success", None)),
            ("FAILURE", ("failure", None)),
            ("DENY", ("failure", Some("policy_blocked"))),
            ("CHALLENGE", ("challenge", Some("mfa_required"))),
            ("SKIPPED", ("interrupted", Some("interrupted"))),
            ("ABANDONED", ("interrupted", Some("interrupted"))),
            ("DEFERRED", ("interrupted", Some("interrupted"))),
            ("UNANSWERED", ("failure", Some("mfa_timeout"))),
            ("RATE_LIMIT", ("failure", Some("policy_blocked"))),
        ]
        .into_iter()
        .find_map(|(name, outcome)| result.eq_ignore_ascii_case(name).then_some(outcome))
        .unwrap_or(("unknown", None)),
        None => ("unknown", None),
    };
    match (kind, outcome) {
        // That the message was sent is a challenge, not a success.
        (Kind::Sent, ("success" | "unknown", _)) => ("challenge", Some("mfa_required")),
        // A policy can ask for any factor.
        (Kind::Policy, ("challenge", _)) => ("challenge", None),
        _ => outcome,
    }
}

/// How a second factor that failed was refused.
fn refusal(kind: Kind, event: &OktaEvent<'_>, second: Option<Method>) -> &'static str {
    let data = &event.debug.data;
    let reason = event.outcome.reason.as_str().unwrap_or_default();
    let says = |words: &[&str]| words.iter().any(|word| contains(reason, word));
    if kind == Kind::DenyPush {
        "denied"
    } else if kind == Kind::PushOutdated {
        "failed"
    } else if event.outcome.result.is("UNANSWERED")
        || says(&["timeout", "timed out", "timed_out", "expired", "no response", "not respond", "unanswered"])
    {
        "timed_out"
    } else if says(&["fraud", "suspicious"]) {
        "fraud_reported"
    } else if says(&["phishing"]) {
        // The authenticator refused the site; nobody refused the sign-in.
        "failed"
    } else if data.push_response.as_str().is_some_and(|response| contains(response, "deny"))
        || says(&["reject", "denied", "declined"])
    {
        "denied"
    } else if matches!(second, Some(Method::Push | Method::PushNumber))
        && says(&["invalid_credentials"])
        && data.push_response.as_str().is_none()
    {
        // There is no credential to get wrong in a push: this is how Identity Engine logs that it was refused.
        "denied"
    } else {
        "failed"
    }
}

/// Result, and how it was satisfied.
fn verdict(kind: Kind, event: &OktaEvent<'_>, factors: &Factors<'_>, outcome: &str) -> (&'static str, &'static str) {
    const UNKNOWN: (&str, &str) = ("unknown", "unknown");
    const NOT_ATTEMPTED: (&str, &str) = ("not_attempted", "none");
    match (kind, outcome) {
        (Kind::Sent | Kind::Policy, _) => UNKNOWN,
        (Kind::AttemptBypass, "success") => ("bypassed", "bypass"),
        (Kind::AttemptBypass, _) => NOT_ATTEMPTED,
        (Kind::Sso, "success") if factors.proof() == Proof::TwoKinds => ("satisfied", "claim_in_token"),
        (Kind::Sso, _) => UNKNOWN,
        (_, "success") => match factors.event_kind {
            // An event that names no factor may be about the password.
            "second_factor" if factors.second.is_none() => UNKNOWN,
            "second_factor" => ("satisfied", "performed"),
            _ if factors.proof() == Proof::TwoKinds => ("satisfied", "performed"),
            // The sign-in is complete, and this is all there was.
            "combined" if factors.proof() == Proof::OneKind => NOT_ATTEMPTED,
            // Whether the other provider asked for a second factor is in its own log.
            _ if kind == Kind::Federated => ("unknown", "federated"),
            _ => UNKNOWN,
        },
        (_, "failure") if factors.event_kind == "second_factor" => (refusal(kind, event, factors.second), "none"),
        // A verification that names no factor: what the user did with the prompt is known, no more.
        (_, "failure") if factors.event_kind == "combined" && factors.first.is_none() => {
            match refusal(kind, event, None) {
                "failed" => UNKNOWN,
                refused => (refused, "none"),
            }
        }
        (_, "failure" | "interrupted") => NOT_ATTEMPTED,
        _ => UNKNOWN,
    }
}

fn failure_category(
    outcome: (&'static str, Option<&'static str>),
    is_second: bool,
    mfa_result: &str,
    reason: &str,
) -> Option<&'static str> {
    if outcome.0 == "success" || outcome.0 == "unknown" {
        return None;
    }
    let says = |words: &[&str]| words.iter().any(|word| contains(reason, word));
    if outcome.0 != "failure" {
        return outcome.1;
    }
    match mfa_result {
        "fraud_reported" => return Some("fraud_reported"),
        "denied" => return Some("mfa_denied"),
        "timed_out" => return Some("mfa_timeout"),
        _ => {}
    }
    if says(&["locked_out", "locked out", "account_locked"]) {
        Some("account_locked")
    } else if says(&["suspended", "deactivated", "deprovisioned", "inactive", "disabled"]) {
        Some("account_disabled")
    } else if says(&["phishing", "threat", "risk"]) {
        Some("risk_blocked")
    } else if says(&["policy", "sign_on_denied", "network_zone", "not allowed", "access denied", "access_denied"]) {
        Some("policy_blocked")
    } else if says(&["not_enrolled", "not enrolled", "enroll"]) {
        Some("not_enrolled")
    } else if is_second {
        outcome.1.or(Some("mfa_failed"))
    } else if says(&["invalid_credentials", "invalid credentials", "verification_error", "password", "unknown_user"]) {
        Some("bad_credentials")
    } else {
        outcome.1.or(Some("other"))
    }
}

fn protocol(kind: Kind, event: &OktaEvent<'_>) -> (Option<&'static str>, Option<bool>) {
    let data = &event.debug.data;
    let uri = data.uri.as_str().or(data.url.as_str()).unwrap_or_default();
    let grant = data.grant_type.as_str().unwrap_or_default();
    // Office 365 clients of the old kind send the password to the active endpoint, where no prompt can be shown.
    if contains(uri, "/sso/wsfed/active") {
        return (Some("basic_auth"), Some(true));
    }
    if grant.eq_ignore_ascii_case("password") {
        return (Some("ropc"), Some(true));
    }
    let modern = event.browser().map(|_| false);
    if kind == Kind::Radius {
        return (Some("radius"), modern);
    }
    if contains(grant, "device_code") {
        return (Some("device_code"), modern);
    }
    let inbound = event.event_type.is("user.authentication.auth_via_inbound_SAML").then_some("saml");
    let mode = event
        .targets
        .iter()
        .find_map(|target| target.detail.sign_on_mode.as_str())
        .or(data.sign_on_mode.as_str())
        .unwrap_or_default();
    let protocol = inbound.or_else(|| {
        [("saml", "saml"), ("openid", "oidc"), ("oidc", "oidc"), ("ws_fed", "ws_fed"), ("ws-fed", "ws_fed")]
            .into_iter()
            .find_map(|(word, protocol)| contains(mode, word).then_some(protocol))
            .or_else(|| {
                [("/sso/saml", "saml"), ("/sso/wsfed", "ws_fed"), ("/oauth2/", "oidc")]
                    .into_iter()
                    .find_map(|(word, protocol)| contains(uri, word).then_some(protocol))
            })
    });
    (protocol, modern)
}

fn surface(kind: Kind, event: &OktaEvent<'_>, is_legacy: bool) -> &'static str {
    let is = |word: &str| event.client.device.as_str().is_some_and(|device| contains(device, word));
    if is_legacy && event.browser().is_none() {
        "legacy_protocol"
    } else if event.actor.is_user() == Some(false) {
        "api"
    } else if kind == Kind::Radius {
        "vpn"
    } else if event.browser().is_some() {
        "browser"
    } else if is("mobile") || is("tablet") || is("phone") {
        "mobile"
    } else if is("computer") || is("desktop") {
        "desktop"
    } else {
        "unknown"
    }
}

fn row<'a>(record: &'a [u8], kind: Kind, mut event: OktaEvent<'a>) -> Result<SignIn<'a>, Reject> {
    let event_time = time::required(&[("published", &event.published), ("time", &event.time)])?;
    let mut place = std::mem::take(&mut event.client.geo);
    let mut chained = std::mem::take(&mut event.request.chain).0.and_then(|chain| chain.into_iter().next());
    if place.is_unset()
        && let Some(hop) = &mut chained
    {
        place = std::mem::take(&mut hop.geo);
    }
    let latitude = time::degrees(place.location.latitude, 90.0, "latitude")?;
    let longitude = time::degrees(place.location.longitude, 180.0, "longitude")?;

    let factors = Factors::read(kind, &event);
    let outcome = outcome(kind, &event.outcome.result);
    let (mfa_result, mfa_satisfied_by) = verdict(kind, &event, &factors, outcome.0);
    let is_second = factors.event_kind == "second_factor";
    let failure_category =
        failure_category(outcome, is_second, mfa_result, event.outcome.reason.as_str().unwrap_or_default());
    let (protocol, is_legacy_auth) = protocol(kind, &event);
    let surface = surface(kind, &event, is_legacy_auth == Some(true));
    let is_user = event.actor.is_user();
    let is_interactive = match (is_user, factors.event_kind) {
        (Some(false), _) => Some(false),
        _ if event.transaction.kind.is("JOB") => Some(false),
        // A policy is evaluated for tokens, too.
        (_, "other") => None,
        (Some(true), _) => Some(true),
        (None, _) => None,
    };
    let mfa_requirement = match kind {
        // Identity Engine also logs what a user chose to do.
        _ if event.enrolled().is_some() => "unknown",
        // Classic asks for a second factor where a policy wants one.
        _ if is_second && factors.second.is_some() => "required",
        Kind::Policy => event.required_by_rule(),
        _ => "unknown",
    };
    // A factor that may be either is still the one that was used.
    let first = factors.first.or(match factors.used.as_deref() {
        Some([only]) => Some(only.method),
        _ => None,
    });
    let is_phishing_resistant = match (outcome.0, factors.second, first) {
        ("success", Some(Method::Unknown), _) | ("success", None, None | Some(Method::Unknown)) => None,
        ("success", Some(second), _) => Some(second.is_phishing_resistant()),
        ("success", None, Some(first)) => Some(first.is_phishing_resistant()),
        _ => None,
    };
    let policy_results = (kind == Kind::Policy).then(|| event.policy_results()).flatten();
    let (risk_level, risk_signals) = event.risk();
    let number_matching = event.debug.data.is_number_matched();
    let (mut app_id, mut app_name) = (None, None);
    let mut target_user = None;
    for target in std::mem::take(&mut event.targets).0.unwrap_or_default() {
        if target.kind.is("AppInstance") && app_id.is_none() {
            app_id = known(target.id.0);
            app_name = known(target.display_name.0).or_else(|| known(target.alternate_id.0));
        } else if target.kind.is("User") && target_user.is_none() {
            target_user = Some((target.id, target.alternate_id));
        }
    }
    // A message is sent by the system, to the user.
    if kind == Kind::Sent
        && is_user == Some(false)
        && let Some((id, alternate_id)) = target_user
    {
        event.actor = ActorShape { id, alternate_id, ..ActorShape::default() };
    }
    let population_hint = (event.actor.is_user() == Some(false)).then_some("service");

    let reason = if outcome.0 == "success" { None } else { event.outcome.reason.take() };
    let is_code =
        |reason: &Cow<'_, str>| reason.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let device_trust = event.device.trust();
    let browser = event.browser().is_some().then(|| event.client.agent.browser.take()).flatten();
    let (methods, methods_raw) = match factors.used {
        Some(used) => {
            let mut methods: Vec<Cow<'a, str>> = used.iter().map(|used| Cow::Borrowed(used.method.as_str())).collect();
            methods.dedup();
            (Some(methods), Some(used.into_iter().map(|used| used.raw).collect()))
        }
        None => (None, None),
    };
    let data = &mut event.debug.data;
    Ok(SignIn {
        event_time: Some(event_time),
        provider: Some(Provider::Okta.as_str()),
        event_id: Some(event.uuid.take().unwrap_or_else(|| event_id(record))),
        correlation_id: known(event.transaction.id.take()).or_else(|| data.authn_request_id.take()),
        session_id: known(event.authentication.session_id.take())
            .or_else(|| known(event.authentication.root_session_id.take())),
        event_type_raw: event.event_type.take(),
        identity_id: known(event.actor.id.take()),
        user_principal: known(event.actor.alternate_id.take()).map(lower),
        population_hint,
        app_id,
        app_name,
        event_kind: Some(factors.event_kind),
        is_interactive,
        surface: Some(surface),
        protocol,
        client_app_raw: event.client.device.take().filter(|device| !device.eq_ignore_ascii_case("unknown")),
        is_legacy_auth,
        outcome: Some(outcome.0),
        failure_code: reason.clone().filter(is_code),
        failure_reason_raw: reason,
        failure_category,
        mfa_requirement: Some(mfa_requirement),
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        methods,
        methods_raw,
        first_factor: factors.first.map(Method::as_str),
        second_factor: factors.second.map(Method::as_str),
        is_phishing_resistant,
        number_matching,
        policy_results: policy_results.map(Into::into),
        conditional_access_status: None,
        ip: known(event.client.ip.take()).or_else(|| chained.and_then(|hop| hop.ip.0)),
        ip_anonymizer: event.security.is_proxy.as_bool(),
        country: known(place.country.take()),
        region: known(place.state.take()),
        city: known(place.city.take()),
        latitude,
        longitude,
        asn: event.security.asn.as_i64().or_else(|| event.security.ip_details.asn.as_i64()),
        network_trusted: None,
        // The device token and the fingerprint identify a browser where Okta Verify does not identify a device.
        device_id: pick([&mut event.device.id, &mut data.device_token, &mut data.device_fingerprint]),
        device_os: known(event.device.os.take()).or_else(|| known(event.client.agent.os.take())),
        device_trust,
        browser,
        user_agent: event.client.agent.raw.take(),
        risk_level,
        risk_signals,
        tenant_id: None,
        home_tenant_id: None,
        is_guest: None,
        source_file: None,
        source_record: None,
    })
}

/// Okta writes `unknown` where it does not know.
fn known(text: Option<Cow<'_, str>>) -> Option<Cow<'_, str>> {
    text.filter(|text| !text.eq_ignore_ascii_case("unknown") && !text.eq_ignore_ascii_case("null"))
}

shape! {
    struct OktaEvent<'a> {
        event_type: Text<'a> = "eventType",
        published: Text<'a> = "published",
        time: Text<'a> = "TimeGenerated",
        uuid: Text<'a> = "uuid",
        actor: ActorShape<'a> = "actor",
        client: ClientShape<'a> = "client",
        device: DeviceShape<'a> = "device",
        authentication: AuthenticationShape<'a> = "authenticationContext",
        outcome: OutcomeShape<'a> = "outcome",
        security: SecurityShape<'a> = "securityContext",
        debug: DebugShape<'a> = "debugContext",
        transaction: TransactionShape<'a> = "transaction",
        request: RequestShape<'a> = "request",
        targets: Many<TargetShape<'a>> = "target",
        /// The event within an EventBridge or Splunk envelope.
        inner: Nested<OktaEvent<'a>> = "detail" | "event",
        flat_event_type: Text<'a> = "eventType_s",
    }
}

shape! {
    struct HookShape<'a> {
        data: HookData<'a> = "data",
    }
}

shape! {
    struct HookData<'a> {
        events: Many<OktaEvent<'a>> = "events",
    }
}

impl<'a> OktaEvent<'a> {
    /// What was enrolled that the event is about. Only Identity Engine has that.
    fn enrolled(&self) -> Option<&TargetShape<'a>> {
        self.targets
            .iter()
            .find(|target| target.kind.is("AuthenticatorEnrollment") || target.kind.is("AuthenticatorMethod"))
    }

    /// The factor that the event is about.
    fn factor(&self) -> Option<Used<'a>> {
        let data = &self.debug.data;
        let enrolled = self.enrolled();
        let is_verified =
            data.is_user_verified() || enrolled.is_some_and(|target| verifies_user(&target.detail.properties));
        let refined = |method| match data.refine(method) {
            // The key of FastPass proves the device; only with the user verified does it prove the user, too.
            Method::CertSf if is_verified => Method::Platform,
            method => method,
        };
        if let Some(raw) = data.factor.0.clone() {
            let method = Method::from_spelling(Some(Provider::Okta), &raw).or_else(|| displayed_method(&raw));
            return Some(Used { method: refined(method.unwrap_or(Method::Unknown)), raw });
        }
        let target = enrolled?;
        let names = [&target.detail.method, &target.detail.authenticator, &target.display_name];
        let method = names.iter().find_map(|name| displayed_method(name.as_str()?));
        let raw = names.into_iter().find_map(|name| name.0.clone())?;
        Some(Used { method: refined(method.unwrap_or(Method::Unknown)), raw })
    }

    /// The first factor, by the kind of credential.
    fn credential(&self) -> Option<Method> {
        let authentication = &self.authentication;
        let is = |text: &Text<'_>, words: &[&str]| words.iter().any(|word| text.is(word));
        if let Some(used) = self.debug.data.factor.as_str() {
            return Some(Method::from_spelling(Some(Provider::Okta), used).unwrap_or(Method::Unknown));
        }
        if is(&authentication.credential_type, &["PASSWORD"]) {
            Some(Method::Password)
        } else if is(&authentication.credential_type, &["OTP"]) {
            Some(Method::Totp)
        } else if is(&authentication.credential_type, &["SMS"]) {
            Some(Method::SmsOtp)
        } else if is(&authentication.credential_type, &["EMAIL"]) {
            Some(Method::EmailOtp)
        } else if is(&authentication.credential_type, &["ASSERTION", "OAUTH2", "JWT"])
            || is(&authentication.provider, &["FEDERATION", "SOCIAL"])
        {
            Some(Method::FedSf)
        } else if is(&authentication.provider, &["ACTIVE_DIRECTORY", "LDAP"])
            || self.debug.data.uri.as_str().is_some_and(|uri| contains(uri, "/factors/password/"))
        {
            Some(Method::Password)
        } else {
            None
        }
    }

    /// The browser, unless the client is none.
    fn browser(&self) -> Option<&str> {
        self.client.agent.browser.as_str().filter(|browser| !browser.eq_ignore_ascii_case("unknown"))
    }

    /// What the rule that matched asks for.
    fn required_by_rule(&self) -> &'static str {
        match self.targets.iter().find_map(|target| target.detail.factor_mode.as_str()) {
            Some(mode) if mode.eq_ignore_ascii_case("2FA") => "required",
            Some(mode) if mode.eq_ignore_ascii_case("1FA") => "not_required",
            _ => "unknown",
        }
    }

    fn policy_results(&self) -> Option<Vec<PolicyResult<'a>>> {
        let results: Vec<_> = self
            .targets
            .iter()
            .filter(|target| target.kind.is("PolicyEntity"))
            .map(|target| PolicyResult {
                policy_id: known(target.id.0.clone()),
                name: known(target.display_name.0.clone()),
                result: self.outcome.result.0.clone(),
                is_report_only: Some(false),
            })
            .collect();
        (!results.is_empty()).then_some(results)
    }

    /// Level and signals. A behaviour is a signal when it is new for this user.
    fn risk(&self) -> (Option<Cow<'a, str>>, Option<Vec<Cow<'a, str>>>) {
        let data = &self.debug.data;
        // Not used for any decision, and long enough to be cut off by exports: read when it can be.
        let log_only = data
            .log_only
            .as_str()
            .and_then(|text| json::parse::<LogOnlyShape<'_>>(text.as_bytes()).ok())
            .unwrap_or_default();
        let risks = [&self.security.risk, &data.risk, &log_only.risk];
        let behaviours = [&data.behaviours, &log_only.behaviours];
        let level = risks.iter().find_map(|risk| risk.get("level")).map(|level| lower(Cow::Owned(level.to_owned())));
        let mut signals: Vec<Cow<'a, str>> = Vec::new();
        let mut add = |signal: &str| {
            if !signal.is_empty() && !signals.iter().any(|known| known == signal) {
                signals.push(Cow::Owned(signal.to_owned()));
            }
        };
        for behaviour in self.security.behaviours.iter().filter(|behaviour| behaviour.result.is("POSITIVE")) {
            add(behaviour.name.as_str().unwrap_or_default());
        }
        for (name, _) in
            behaviours.iter().flat_map(|pairs| &pairs.0).filter(|(_, v)| v.eq_ignore_ascii_case("POSITIVE"))
        {
            add(name);
        }
        for (_, reason) in risks
            .iter()
            .flat_map(|risk| &risk.0)
            .filter(|(key, _)| key.eq_ignore_ascii_case("reasons") || key.eq_ignore_ascii_case("detectionName"))
        {
            add(reason);
        }
        if data.threat_suspected.as_bool() == Some(true) {
            add("threatSuspected");
        }
        let is_assessed = level.is_some()
            || data.threat_suspected.as_bool().is_some()
            || self.security.behaviours.0.is_some()
            || behaviours.iter().any(|pairs| !pairs.0.is_empty());
        (level, (is_assessed || !signals.is_empty()).then_some(signals))
    }
}

shape! {
    struct ActorShape<'a> {
        id: Text<'a> = "id",
        kind: Text<'a> = "type",
        alternate_id: Text<'a> = "alternateId",
    }
}

impl ActorShape<'_> {
    fn is_user(&self) -> Option<bool> {
        self.kind.as_str().map(|kind| kind.eq_ignore_ascii_case("User"))
    }
}

shape! {
    struct ClientShape<'a> {
        agent: AgentShape<'a> = "userAgent",
        device: Text<'a> = "device",
        ip: Text<'a> = "ipAddress",
        geo: PlaceShape<'a> = "geographicalContext",
    }
}

shape! {
    struct AgentShape<'a> {
        raw: Text<'a> = "rawUserAgent",
        os: Text<'a> = "os",
        browser: Text<'a> = "browser",
    }
}

shape! {
    struct PlaceShape<'a> {
        city: Text<'a> = "city",
        state: Text<'a> = "state",
        country: Text<'a> = "country",
        location: PointShape<'a> = "geolocation",
    }
}

shape! {
    struct PointShape<'a> {
        latitude: Number = "lat",
        longitude: Number = "lon",
    }
}

shape! {
    struct DeviceShape<'a> {
        id: Text<'a> = "id",
        os: Text<'a> = "os_platform",
        is_managed: Text<'a> = "managed",
        is_registered: Text<'a> = "registered",
    }
}

impl DeviceShape<'_> {
    fn trust(&self) -> Option<&'static str> {
        match (self.is_managed.as_bool(), self.is_registered.as_bool()) {
            (Some(true), _) => Some("managed"),
            (_, Some(true)) => Some("registered"),
            (Some(false), _) | (_, Some(false)) => Some("unmanaged"),
            (None, None) => None,
        }
    }
}

shape! {
    struct AuthenticationShape<'a> {
        provider: Text<'a> = "authenticationProvider",
        credential_type: Text<'a> = "credentialType",
        session_id: Text<'a> = "externalSessionId",
        root_session_id: Text<'a> = "rootSessionId",
    }
}

shape! {
    struct OutcomeShape<'a> {
        result: Text<'a> = "result",
        reason: Text<'a> = "reason",
    }
}

shape! {
    struct SecurityShape<'a> {
        asn: Number = "asNumber",
        is_proxy: Text<'a> = "isProxy",
        risk: Pairs<'a> = "risk",
        behaviours: Many<BehaviourShape<'a>> = "userBehaviors",
        ip_details: IpDetailsShape<'a> = "ipDetails",
    }
}

shape! {
    struct BehaviourShape<'a> {
        name: Text<'a> = "name",
        result: Text<'a> = "result",
    }
}

shape! {
    struct IpDetailsShape<'a> {
        asn: Number = "asNumber",
    }
}

shape! {
    struct DebugShape<'a> {
        data: DebugData<'a> = "debugData",
    }
}

shape! {
    struct DebugData<'a> {
        factor: Text<'a> = "factor",
        behaviours: Pairs<'a> = "behaviors",
        risk: Pairs<'a> = "risk",
        log_only: Text<'a> = "logOnlySecurityData",
        threat_suspected: Text<'a> = "threatSuspected",
        uri: Text<'a> = "requestUri",
        url: Text<'a> = "url",
        grant_type: Text<'a> = "grantType",
        sign_on_mode: Text<'a> = "signOnMode",
        device_token: Text<'a> = "dtHash",
        device_fingerprint: Text<'a> = "deviceFingerprint",
        authn_request_id: Text<'a> = "authnRequestId",
        push_response: Text<'a> = "pushOnlyResponseType",
        number_response: Text<'a> = "pushWithNumberChallengeResponseType",
        key_type: Text<'a> = "keyTypeUsedForAuthentication" | "keyTypeUsed",
        method_1: Text<'a> = "authMethodFirstType",
        method_2: Text<'a> = "authMethodSecondType",
        method_3: Text<'a> = "authMethodThirdType",
        method_4: Text<'a> = "authMethodFourthType",
        method_5: Text<'a> = "authMethodFifthType",
    }
}

impl DebugData<'_> {
    fn is_user_verified(&self) -> bool {
        self.key_type.as_str().is_some_and(|key| contains(key, "user_verif"))
    }

    /// Whether a number was asked for: an answer to it was given, right or wrong.
    fn is_number_matched(&self) -> Option<bool> {
        self.number_response.as_str().is_some_and(|response| contains(response, "valid")).then_some(true)
    }

    /// What the event adds to the name of a method.
    fn refine(&self, method: Method) -> Method {
        match method {
            Method::CertSf if self.is_user_verified() => Method::Platform,
            Method::Push if self.is_number_matched() == Some(true) => Method::PushNumber,
            method => method,
        }
    }
}

shape! {
    struct LogOnlyShape<'a> {
        risk: Pairs<'a> = "risk",
        behaviours: Pairs<'a> = "behaviors",
    }
}

shape! {
    struct TransactionShape<'a> {
        id: Text<'a> = "id",
        kind: Text<'a> = "type",
    }
}

shape! {
    struct RequestShape<'a> {
        chain: Many<HopShape<'a>> = "ipChain",
    }
}

shape! {
    struct HopShape<'a> {
        ip: Text<'a> = "ip",
        geo: PlaceShape<'a> = "geographicalContext",
    }
}

shape! {
    struct TargetShape<'a> {
        id: Text<'a> = "id",
        kind: Text<'a> = "type",
        alternate_id: Text<'a> = "alternateId",
        display_name: Text<'a> = "displayName",
        detail: DetailShape<'a> = "detailEntry",
    }
}

shape! {
    struct DetailShape<'a> {
        sign_on_mode: Text<'a> = "signOnModeType",
        method: Text<'a> = "methodTypeUsed",
        authenticator: Text<'a> = "authenticatorKey",
        properties: Pairs<'a> = "methodUsedVerifiedProperties",
        factor_mode: Text<'a> = "policyRuleFactorMode",
    }
}

/// Whether the properties of a method say that it verified its user.
fn verifies_user(properties: &Pairs) -> bool {
    properties.0.iter().any(|(_, property)| contains(property, "user_verif"))
}

/// A map that is logged as text, `{level=LOW, reasons=A, B}`, as JSON, or as JSON in text. A list is a map without keys.
#[derive(Debug, Default, Clone, PartialEq)]
struct Pairs<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Pairs<'a> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| value.as_ref())
    }

    fn from_text(text: &'a str) -> Self {
        let text = text.trim();
        if text.starts_with("{\"") || text.starts_with("[\"") {
            return json::parse_any(text.as_bytes()).unwrap_or_default();
        }
        let mut pairs: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::new();
        for word in text.trim_matches(['{', '}', '[', ']']).split(',').map(str::trim).filter(|word| !word.is_empty()) {
            // A word without a key goes on with the list that the key before it began.
            let (key, value) = match word.split_once('=') {
                Some((key, value)) => (Cow::Borrowed(key.trim()), value.trim()),
                None => (pairs.last().map(|(key, _)| key.clone()).unwrap_or_default(), word),
            };
            pairs.push((key, Cow::Borrowed(value.trim_matches(['[', ']']))));
        }
        Self(pairs)
    }
}

impl Slot for Pairs<'_> {
    fn is_unset(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoOwned for Pairs<'_> {
    type Owned = Pairs<'static>;
    fn into_owned(self) -> Pairs<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Pairs(self.0.into_iter().map(|(key, value)| (owned(key), owned(value))).collect())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Pairs<'de>, E> {
                Ok(Pairs::from_text(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Pairs<'de>, E> {
                Ok(Pairs::from_text(text).into_owned())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    let key = key.0.unwrap_or_default();
                    for value in map.next_value::<Texts<'de>>()?.0 {
                        pairs.push((key.clone(), value));
                    }
                }
                Ok(Pairs(pairs))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(words) = seq.next_element::<Texts<'de>>()? {
                    pairs.extend(words.0.into_iter().map(|word| (Cow::Borrowed(""), word)));
                }
                Ok(Pairs(pairs))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Pairs<'de>, E> {
                Ok(Pairs::default())
            }
            fn visit_i64<E>(self, _: i64) -> Result<Pairs<'de>, E> {
                Ok(Pairs::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<Pairs<'de>, E> {
                Ok(Pairs::default())
            }
            fn visit_f64<E>(self, _: f64) -> Result<Pairs<'de>, E> {
                Ok(Pairs::default())
            }
            fn visit_unit<E>(self) -> Result<Pairs<'de>, E> {
                Ok(Pairs::default())
            }
            fn visit_none<E>(self) -> Result<Pairs<'de>, E> {
                Ok(Pairs::default())
            }
        }
        deserializer.deserialize_any(PairsVisitor)
    }
}

shape! {
    /// The columns of a Log Analytics table: the path to each field, and a letter for its type.
    struct FlatEvent<'a> {
        event_type: Text<'a> = "eventType_s",
        published: Text<'a> = "published_t" | "published_t [UTC]",
        time: Text<'a> = "TimeGenerated" | "TimeGenerated [UTC]",
        uuid: Text<'a> = "uuid_g" | "uuid_s",
        actor_id: Text<'a> = "actor_id_s",
        actor_kind: Text<'a> = "actor_type_s",
        actor_alternate_id: Text<'a> = "actor_alternateId_s",
        user_agent: Text<'a> = "client_userAgent_rawUserAgent_s",
        os: Text<'a> = "client_userAgent_os_s",
        browser: Text<'a> = "client_userAgent_browser_s",
        client_device: Text<'a> = "client_device_s",
        ip: Text<'a> = "client_ipAddress_s",
        city: Text<'a> = "client_geographicalContext_city_s",
        state: Text<'a> = "client_geographicalContext_state_s",
        country: Text<'a> = "client_geographicalContext_country_s",
        latitude: Number = "client_geographicalContext_geolocation_lat_d",
        longitude: Number = "client_geographicalContext_geolocation_lon_d",
        device_id: Text<'a> = "device_id_s",
        device_os: Text<'a> = "device_os_platform_s",
        is_managed: Text<'a> = "device_managed_b",
        is_registered: Text<'a> = "device_registered_b",
        authentication_provider: Text<'a> = "authenticationContext_authenticationProvider_s",
        credential_type: Text<'a> = "authenticationContext_credentialType_s",
        session_id: Text<'a> = "authenticationContext_externalSessionId_s",
        root_session_id: Text<'a> = "authenticationContext_rootSessionId_s",
        result: Text<'a> = "outcome_result_s",
        reason: Text<'a> = "outcome_reason_s",
        asn: Number = "securityContext_asNumber_d",
        is_proxy: Text<'a> = "securityContext_isProxy_b",
        factor: Text<'a> = "debugContext_debugData_factor_s",
        behaviours: Pairs<'a> = "debugContext_debugData_behaviors_s",
        risk: Pairs<'a> = "debugContext_debugData_risk_s",
        log_only: Text<'a> = "debugContext_debugData_logOnlySecurityData_s",
        threat_suspected: Text<'a> = "debugContext_debugData_threatSuspected_s" | "debugContext_debugData_threatSuspected_b",
        uri: Text<'a> = "debugContext_debugData_requestUri_s",
        url: Text<'a> = "debugContext_debugData_url_s",
        grant_type: Text<'a> = "debugContext_debugData_grantType_s",
        sign_on_mode: Text<'a> = "debugContext_debugData_signOnMode_s",
        device_token: Text<'a> = "debugContext_debugData_dtHash_s",
        device_fingerprint: Text<'a> = "debugContext_debugData_deviceFingerprint_g" | "debugContext_debugData_deviceFingerprint_s",
        authn_request_id: Text<'a> = "debugContext_debugData_authnRequestId_s",
        push_response: Text<'a> = "debugContext_debugData_pushOnlyResponseType_s",
        number_response: Text<'a> = "debugContext_debugData_pushWithNumberChallengeResponseType_s",
        key_type: Text<'a> = "debugContext_debugData_keyTypeUsedForAuthentication_s",
        method_1: Text<'a> = "debugContext_debugData_authMethodFirstType_s",
        method_2: Text<'a> = "debugContext_debugData_authMethodSecondType_s",
        method_3: Text<'a> = "debugContext_debugData_authMethodThirdType_s",
        transaction_id: Text<'a> = "transaction_id_s" | "transaction_id_g",
        transaction_kind: Text<'a> = "transaction_type_s",
        chain: Many<HopShape<'a>> = "request_ipChain_s",
        targets: Many<TargetShape<'a>> = "target_s",
    }
}

impl<'a> FlatEvent<'a> {
    fn into_event(self) -> OktaEvent<'a> {
        OktaEvent {
            event_type: self.event_type,
            published: self.published,
            time: self.time,
            uuid: self.uuid,
            actor: ActorShape {
                id: self.actor_id,
                kind: self.actor_kind,
                alternate_id: self.actor_alternate_id,
                ..ActorShape::default()
            },
            client: ClientShape {
                agent: AgentShape { raw: self.user_agent, os: self.os, browser: self.browser, ..AgentShape::default() },
                device: self.client_device,
                ip: self.ip,
                geo: PlaceShape {
                    city: self.city,
                    state: self.state,
                    country: self.country,
                    location: PointShape {
                        latitude: self.latitude,
                        longitude: self.longitude,
                        ..PointShape::default()
                    },
                    ..PlaceShape::default()
                },
                ..ClientShape::default()
            },
            device: DeviceShape {
                id: self.device_id,
                os: self.device_os,
                is_managed: self.is_managed,
                is_registered: self.is_registered,
                ..DeviceShape::default()
            },
            authentication: AuthenticationShape {
                provider: self.authentication_provider,
                credential_type: self.credential_type,
                session_id: self.session_id,
                root_session_id: self.root_session_id,
                ..AuthenticationShape::default()
            },
            outcome: OutcomeShape { result: self.result, reason: self.reason, ..OutcomeShape::default() },
            security: SecurityShape { asn: self.asn, is_proxy: self.is_proxy, ..SecurityShape::default() },
            debug: DebugShape {
                data: DebugData {
                    factor: self.factor,
                    behaviours: self.behaviours,
                    risk: self.risk,
                    log_only: self.log_only,
                    threat_suspected: self.threat_suspected,
                    uri: self.uri,
                    url: self.url,
                    grant_type: self.grant_type,
                    sign_on_mode: self.sign_on_mode,
                    device_token: self.device_token,
                    device_fingerprint: self.device_fingerprint,
                    authn_request_id: self.authn_request_id,
                    push_response: self.push_response,
                    number_response: self.number_response,
                    key_type: self.key_type,
                    method_1: self.method_1,
                    method_2: self.method_2,
                    method_3: self.method_3,
                    ..DebugData::default()
                },
                ..DebugShape::default()
            },
            transaction: TransactionShape {
                id: self.transaction_id,
                kind: self.transaction_kind,
                ..TransactionShape::default()
            },
            request: RequestShape { chain: self.chain, ..RequestShape::default() },
            targets: self.targets,
            ..OktaEvent::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_life_of_factors() {
        let lifecycle = |name: &str, result: &str, reason: &str, actor: &str, more: &str| {
            format!(
                r#"{{"uuid":"u1","published":"2026-01-05T08:00:00Z","eventType":"{name}",
                "actor":{{"id":"{actor}","type":"User","alternateId":"{actor}@example.com"}},
                "outcome":{{"result":"{result}","reason":"{reason}"}},
                "target":[{{"id":"00u1","type":"User","alternateId":"Ann@example.com"}}{more}]}}"#
            )
        };
        let enrolled = r#",{"id":"pfd1","type":"AuthenticatorEnrollment","displayName":"Okta Verify",
            "detailEntry":{"authenticatorKey":"okta_verify","methodTypeUsed":"Get a push notification"}}"#;
        for (name, result, reason, actor, more, expected) in [
            ("activate", "SUCCESS", "User set up SMS_FACTOR factor", "00u1", "", ["completed", "sms_otp", "self"]),
            ("activate", "SUCCESS", "User set up OKTA_VERIFY_PUSH factor", "00u1", "", ["completed", "push", "self"]),
            ("activate", "SUCCESS", "", "00u1", enrolled, ["completed", "push", "self"]),
            (
                "activate",
                "FAILURE",
                "User failed to set up FIDO_WEBAUTHN factor",
                "00u1",
                "",
                ["verify_failed", "fido2_key", "self"],
            ),
            (
                "deactivate",
                "SUCCESS",
                "User reset FIDO2_WEBAUTHN factor",
                "00u2",
                "",
                ["removed", "fido2_key", "admin"],
            ),
            ("reset_all", "SUCCESS", "User reset SMS_FACTOR", "00u2", "", ["reset", "", "admin"]),
            ("suspend", "SUCCESS", "", "00u2", "", ["suspended", "", "admin"]),
            ("unsuspend", "SUCCESS", "", "00u2", "", ["resumed", "", "admin"]),
            ("update", "SUCCESS", "", "00u1", "", ["changed", "", "self"]),
        ] {
            let text = lifecycle(&format!("user.mfa.factor.{name}"), result, reason, actor, more);
            let rows = factor_events(Record::Json(text.as_bytes())).expect("reads");
            let [row] = &rows[..] else { panic!("is one event") };
            let found = [row.event_type, row.method, row.actor_kind];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{name} {reason}");
            assert_eq!(
                (row.identity_id.as_deref(), row.user_principal.as_deref()),
                (Some("00u1"), Some("ann@example.com"))
            );
            assert_eq!(parse(text.as_bytes()), Ok(None));
        }
        let skipped = lifecycle("user.mfa.promote_enrollment", "SKIPPED", "", "00u1", "");
        let rows = factor_events(Record::Json(skipped.as_bytes())).expect("reads");
        assert_eq!((rows[0].event_type, rows[0].outcome), (Some("abandoned"), Some("unknown")));
        for other in ["user.session.start", "system.mfa.factor.activate", "user.lifecycle.create"] {
            let text = lifecycle(other, "SUCCESS", "", "00u1", "");
            assert_eq!(factor_events(Record::Json(text.as_bytes())), Ok(Vec::new()), "{other}");
        }
    }

    /// An event of that type, with what is particular to the test merged in.
    fn event(event_type: &str, rest: &str) -> String {
        format!(
            r#"{{"uuid":"u1","published":"2024-08-13T15:58:20.353Z","eventType":"{event_type}",
            "actor":{{"id":"00u1","type":"User","alternateId":"Jo.Doe@Example.com"}},{rest},"version":"0"}}"#
        )
    }

    fn read(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    /// Kind, outcome, result, how it was satisfied, and category of an event.
    fn summary(event_type: &str, rest: &str) -> [Option<&'static str>; 5] {
        let text = event(event_type, rest);
        let row = read(&text);
        [row.event_kind, row.outcome, row.mfa_result, row.mfa_satisfied_by, row.failure_category]
    }

    const MFA: &str = "user.authentication.auth_via_mfa";

    fn factor(name: &str, result: &str, reason: &str) -> String {
        format!(
            r#""outcome":{{"result":"{result}","reason":"{reason}"}},"debugContext":{{"debugData":{{"factor":"{name}"}}}}"#
        )
    }

    #[test]
    fn the_factor_decides_not_the_event_type() {
        let some = |texts: [&'static str; 4]| texts.map(Some);
        let [kind, outcome, result, by, category] = summary(MFA, &factor("OKTA_VERIFY_PUSH", "SUCCESS", ""));
        assert_eq!([kind, outcome, result, by], some(["second_factor", "success", "satisfied", "performed"]));
        assert_eq!(category, None);
        let [kind, outcome, result, by, _] = summary(MFA, &factor("PASSWORD_AS_FACTOR", "SUCCESS", ""));
        assert_eq!([kind, outcome, result, by], some(["primary", "success", "unknown", "unknown"]));
        let text = event(MFA, &factor("password_as_factor", "SUCCESS", ""));
        let row = read(&text);
        assert_eq!((row.first_factor, row.second_factor), (Some("password"), None));
        assert_eq!(row.methods.as_deref(), Some(&["password".into()][..]));
        // Without the factor it may have been the password.
        let [kind, outcome, result, ..] = summary(MFA, r#""outcome":{"result":"SUCCESS"}"#);
        assert_eq!((kind, outcome, result), (Some("second_factor"), Some("success"), Some("unknown")));
    }

    #[test]
    fn how_a_second_factor_fails() {
        for (name, reason, result, category) in [
            ("OKTA_VERIFY_PUSH", "INVALID_CREDENTIALS", "denied", "mfa_denied"),
            ("OKTA_VERIFY_PUSH", "User rejected Okta push verify", "denied", "mfa_denied"),
            ("OKTA_VERIFY_PUSH", "Push timed out", "timed_out", "mfa_timeout"),
            ("OKTA_SOFT_TOKEN", "INVALID_CREDENTIALS", "failed", "mfa_failed"),
            ("SMS_FACTOR", "LOCKED_OUT", "failed", "account_locked"),
            ("SIGNED_NONCE", "FastPass declined phishing attempt", "failed", "risk_blocked"),
        ] {
            let found = summary(MFA, &factor(name, "FAILURE", reason));
            let expected = ["second_factor", "failure", result, "none", category].map(Some);
            assert_eq!(found, expected, "{name} {reason}");
        }
        let [kind, _, result, _, category] =
            summary(MFA, &factor("PASSWORD_AS_FACTOR", "FAILURE", "INVALID_CREDENTIALS"));
        assert_eq!((kind, result, category), (Some("primary"), Some("not_attempted"), Some("bad_credentials")));
        let unanswered = summary(MFA, &factor("OKTA_VERIFY_PUSH", "UNANSWERED", ""));
        assert_eq!(unanswered[2], Some("timed_out"));
    }

    #[test]
    fn a_refused_push_in_both_engines() {
        // Classic logs an event of its own, and what counts is that it happened.
        for result in ["SUCCESS", "FAILURE"] {
            let rest = format!(r#""outcome":{{"result":"{result}"}}"#);
            let text = event("user.mfa.okta_verify.deny_push", &rest);
            let row = read(&text);
            assert_eq!((row.outcome, row.mfa_result), (Some("failure"), Some("denied")));
            assert_eq!(row.second_factor, Some("push"));
        }
        let answered = |only: &str, number: &str| {
            format!(
                r#""outcome":{{"result":"FAILURE","reason":"INVALID_CREDENTIALS"}},"debugContext":{{"debugData":{{
                "factor":"OKTA_VERIFY_PUSH","pushOnlyResponseType":"{only}","pushWithNumberChallengeResponseType":"{number}"}}}}"#
            )
        };
        assert_eq!(summary(MFA, &answered("OV_RESPONSE_DENY", ""))[2], Some("denied"));
        // Approved, but the wrong number was chosen.
        let text = event(MFA, &answered("OV_RESPONSE_APPROVE", "OV_WITH_CHALLENGE_RESPONSE_INVALID"));
        let row = read(&text);
        assert_eq!((row.mfa_result, row.number_matching), (Some("failed"), Some(true)));
        assert_eq!(row.second_factor, Some("push_number"));
    }

    #[test]
    fn fastpass_is_two_factors_only_with_the_user_verified() {
        let nonce = |detail: &str| {
            format!(
                r#""outcome":{{"result":"SUCCESS"}},"debugContext":{{"debugData":{{"factor":"SIGNED_NONCE"}}}},
                "target":[{{"type":"User","id":"00u1"}},{{"type":"AuthenticatorEnrollment","displayName":"Okta Verify",
                "detailEntry":{{"methodTypeUsed":"Use Okta FastPass","methodUsedVerifiedProperties":"{detail}"}}}}]"#
            )
        };
        for (properties, method) in [
            ("[DEVICE_BOUND, PHISHING_RESISTANT, HARDWARE_PROTECTED]", "cert_sf"),
            ("[DEVICE_BOUND, USER_VERIFYING, USER_PRESENCE]", "platform"),
        ] {
            let text = event(MFA, &nonce(properties));
            let row = read(&text);
            assert_eq!(row.methods.as_deref(), Some(&[method.into()][..]));
            assert_eq!(row.is_phishing_resistant, Some(true));
            let is_platform = method == "platform";
            let expected = if is_platform {
                (Some("second_factor"), Some("satisfied"), Some("performed"), Some("platform"))
            } else {
                (Some("second_factor"), Some("unknown"), Some("unknown"), None)
            };
            assert_eq!((row.event_kind, row.mfa_result, row.mfa_satisfied_by, row.second_factor), expected);
            assert_eq!((row.first_factor, row.mfa_requirement), (None, Some("unknown")));
        }
    }

    #[test]
    fn identity_engine_may_ask_for_one_factor_only() {
        let engine = |factor: &str, result: &str, reason: &str, more: &str| {
            format!(
                r#""outcome":{{"result":"{result}","reason":"{reason}"}},"debugContext":{{"debugData":{{"factor":"{factor}"{more}}}}},
                "target":[{{"type":"AuthenticatorEnrollment","displayName":"x"}}]"#
            )
        };
        let email = "EMAIL_FACTOR";
        let found = summary(MFA, &engine(email, "SUCCESS", "", ""));
        assert_eq!(found[..4], ["second_factor", "success", "unknown", "unknown"].map(Some));
        // Something says so: the methods of the session.
        let listed = r#","authMethodFirstType":"okta_password:password:a","authMethodSecondType":"okta_email:email:b""#;
        let found = summary(MFA, &engine(email, "SUCCESS", "", listed));
        assert_eq!(found[..4], ["second_factor", "success", "satisfied", "performed"].map(Some));
        let listed = r#","authMethodFirstType":"okta_email:email:b","authMethodSecondType":"phone_number:sms:c""#;
        assert_eq!(summary(MFA, &engine(email, "SUCCESS", "", listed))[0], Some("second_factor"));
        let found = summary(MFA, &engine("SIGNED_NONCE", "FAILURE", "FastPass declined phishing attempt", ""));
        assert_eq!(found, ["second_factor", "failure", "failed", "none", "risk_blocked"].map(Some));
        let found = summary(MFA, &engine("SIGNED_NONCE", "FAILURE", "User rejected the prompt", ""));
        assert_eq!(found, ["second_factor", "failure", "denied", "none", "mfa_denied"].map(Some));
        for (factor, method) in [("OKTA_VERIFY_PUSH", "push"), ("OKTA_SOFT_TOKEN", "totp"), ("SMS_FACTOR", "sms_otp")] {
            let text = event(MFA, &engine(factor, "SUCCESS", "", ""));
            let row = read(&text);
            assert_eq!((row.event_kind, row.mfa_result), (Some("second_factor"), Some("satisfied")));
            assert_eq!((row.second_factor, row.mfa_requirement), (Some(method), Some("unknown")));
        }
        // Classic has no passwordless sign-in.
        let text = event(MFA, &factor(email, "SUCCESS", ""));
        let row = read(&text);
        assert_eq!((row.event_kind, row.mfa_result), (Some("second_factor"), Some("satisfied")));
        assert_eq!(row.mfa_requirement, Some("required"));
    }

    #[test]
    fn two_methods_of_one_kind_are_one_factor() {
        let verify = |methods: [&str; 2]| {
            let rest = format!(
                r#""outcome":{{"result":"SUCCESS"}},"debugContext":{{"debugData":{{
                "authMethodFirstType":"{}","authMethodSecondType":"{}"}}}}"#,
                methods[0], methods[1]
            );
            let [kind, _, result, by, _] = summary("user.authentication.verify", &rest);
            assert_eq!(kind, Some("combined"));
            (result.unwrap_or_default(), by.unwrap_or_default())
        };
        let password = "okta_password:password:a";
        let question = "security_question:security_question:b";
        let (email, sms) = ("okta_email:email:c", "phone_number:sms:d");
        for (methods, expected) in [
            ([password, question], ("not_attempted", "none")),
            ([question, password], ("not_attempted", "none")),
            ([email, sms], ("not_attempted", "none")),
            ([sms, "okta_verify:totp:e"], ("not_attempted", "none")),
            ([password, sms], ("satisfied", "performed")),
            ([email, question], ("satisfied", "performed")),
            ([email, "webauthn:webauthn:f"], ("satisfied", "performed")),
            ([password, "external_idp:idp:g"], ("unknown", "unknown")),
            ([password, "new:newer:h"], ("unknown", "unknown")),
            ([email, "new:newer:h"], ("unknown", "unknown")),
            ([password, ""], ("not_attempted", "none")),
            ([sms, ""], ("unknown", "unknown")),
        ] {
            assert_eq!(verify(methods), expected, "{methods:?}");
        }
    }

    #[test]
    fn a_verification_that_failed_may_have_been_of_any_factor() {
        let verify = "user.authentication.verify";
        let found = summary(verify, r#""outcome":{"result":"FAILURE","reason":"VERIFICATION_ERROR"}"#);
        assert_eq!(found, ["combined", "failure", "unknown", "unknown", "bad_credentials"].map(Some));
        let found = summary(verify, r#""outcome":{"result":"FAILURE"}"#);
        assert_eq!(found, ["combined", "failure", "unknown", "unknown", "other"].map(Some));
        let found = summary(verify, &factor("PASSWORD_AS_FACTOR", "FAILURE", "INVALID_CREDENTIALS"));
        assert_eq!(found[..3], ["primary", "failure", "not_attempted"].map(Some));
    }

    #[test]
    fn an_event_hook_delivers_one_event_or_is_rejected() {
        let bare = event(MFA, &factor("OKTA_VERIFY_PUSH", "SUCCESS", ""));
        let hook = |events: &str| {
            format!(
                r#"{{"eventId":"e","eventTime":"2024-08-13T15:58:21Z","eventType":"com.okta.event_hook",
                "eventTypeVersion":"1.0","source":"https://example.okta.com/api/v1/eventHooks/who1",
                "data":{{"events":{events}}}}}"#
            )
        };
        let text = hook(&format!("[{bare}]"));
        assert_eq!(read(&text), read(&bare));
        let ended = event("user.session.end", r#""outcome":{"result":"SUCCESS"}"#);
        assert_eq!(parse(hook(&format!("[{ended}]")).as_bytes()), Ok(None));
        for events in [format!("[{bare},{bare}]"), "[]".into(), "null".into(), format!("[{text}]")] {
            let text = hook(&events);
            let category = parse(text.as_bytes()).map_err(|reject| reject.category);
            assert_eq!(category, Err(Category::WrongProvider), "{events}");
        }
    }

    #[test]
    fn the_enrolment_names_the_factor_where_the_data_do_not() {
        let rest = r#""outcome":{"result":"SUCCESS"},"target":[{"type":"AuthenticatorEnrollment","displayName":"Password",
            "detailEntry":{"methodTypeUsed":"Password","methodUsedVerifiedProperties":"[USER_PRESENCE]"}}]"#;
        assert_eq!(summary(MFA, rest)[0], Some("primary"));
        let rest = r#""outcome":{"result":"SUCCESS"},"target":[{"type":"AuthenticatorEnrollment","displayName":"Okta Verify",
            "detailEntry":{"methodTypeUsed":"Get a push notification"}}]"#;
        assert_eq!(summary(MFA, rest)[..3], ["second_factor", "success", "satisfied"].map(Some));
    }

    #[test]
    fn a_session_start_is_the_first_factor() {
        let start = "user.session.start";
        let rest = r#""outcome":{"result":"SUCCESS"},
            "authenticationContext":{"credentialType":"PASSWORD","externalSessionId":"idx1","rootSessionId":"idx0"}"#;
        let text = event(start, rest);
        let row = read(&text);
        assert_eq!((row.event_kind, row.outcome), (Some("primary"), Some("success")));
        assert_eq!((row.mfa_result, row.first_factor), (Some("unknown"), Some("password")));
        assert_eq!(row.session_id.as_deref(), Some("idx1"));
        for (reason, category) in [
            ("INVALID_CREDENTIALS", "bad_credentials"),
            ("VERIFICATION_ERROR", "bad_credentials"),
            ("LOCKED_OUT", "account_locked"),
            ("FastPass declined phishing attempt", "risk_blocked"),
            ("SOMETHING_NEW", "other"),
        ] {
            let rest = format!(r#""outcome":{{"result":"FAILURE","reason":"{reason}"}}"#);
            let found = summary(start, &rest);
            assert_eq!(found, ["primary", "failure", "not_attempted", "none", category].map(Some), "{reason}");
        }
        assert_eq!(summary(start, r#""outcome":null"#)[1], Some("unknown"));
    }

    #[test]
    fn a_verification_lists_the_methods_of_the_session() {
        let verify = |first: &str, second: &str| {
            format!(
                r#""outcome":{{"result":"SUCCESS"}},"debugContext":{{"debugData":{{
                "authMethodFirstType":"{first}","authMethodSecondType":"{second}"}}}}"#
            )
        };
        let text = event("user.authentication.verify", &verify("okta_password:password:aut1", "okta_verify:push:aut2"));
        let row = read(&text);
        assert_eq!((row.event_kind, row.mfa_result), (Some("combined"), Some("satisfied")));
        assert_eq!((row.first_factor, row.second_factor), (Some("password"), Some("push")));
        // The password asked for last is still not the second factor.
        let text =
            event("user.authentication.verify", &verify("yubikey_token:otp:aut2", "okta_password:password:aut1"));
        let row = read(&text);
        assert_eq!((row.first_factor, row.second_factor), (Some("password"), Some("otp_hw")));
        let one = summary("user.authentication.verify", &verify("okta_password:password:aut1", ""));
        assert_eq!(one[2..4], ["not_attempted", "none"].map(Some));
        let sso = summary("user.authentication.sso", &verify("okta_password:password:aut1", "okta_verify:totp:aut2"));
        assert_eq!(sso[..4], ["sso", "success", "satisfied", "claim_in_token"].map(Some));
        let classic = summary("user.authentication.verify", r#""outcome":{"result":"SUCCESS"}"#);
        assert_eq!(classic[..3], ["other", "success", "unknown"].map(Some));
    }

    #[test]
    fn what_others_vouch_for_is_marked() {
        let found = summary("user.authentication.auth_via_IDP", r#""outcome":{"result":"SUCCESS"}"#);
        assert_eq!(found[..4], ["primary", "success", "unknown", "federated"].map(Some));
        let text = event("user.authentication.auth_via_radius", r#""outcome":{"result":"SUCCESS"}"#);
        let row = read(&text);
        assert_eq!((row.protocol, row.surface), (Some("radius"), Some("vpn")));
        assert_eq!((row.first_factor, row.mfa_result), (Some("password"), Some("unknown")));
    }

    #[test]
    fn policies_and_messages_are_no_sign_ins() {
        for (result, outcome) in [("ALLOW", "success"), ("DENY", "failure"), ("CHALLENGE", "challenge")] {
            let rest = format!(
                r#""outcome":{{"result":"{result}"}},
                "target":[{{"id":"00p1","type":"PolicyEntity","displayName":"default"}},
                {{"id":"0pr1","type":"PolicyRule","detailEntry":{{"policyRuleFactorMode":"2FA"}}}}]"#
            );
            let text = event("policy.evaluate_sign_on", &rest);
            let row = read(&text);
            assert_eq!((row.event_kind, row.outcome), (Some("other"), Some(outcome)));
            assert_eq!((row.mfa_result, row.mfa_requirement), (Some("unknown"), Some("required")));
            let policies = row.policy_results.expect("lists policies");
            let policies = policies.get();
            assert_eq!(policies.len(), 1);
            assert_eq!((policies[0].result.as_deref(), policies[0].is_report_only), (Some(result), Some(false)));
        }
        let sent = summary("system.push.send_factor_verify_push", r#""outcome":{"result":"SUCCESS"}"#);
        assert_eq!(sent[..4], ["other", "challenge", "unknown", "unknown"].map(Some));
        let text = r#"{"uuid":"u","published":"2024-01-01T00:00:00Z","eventType":"system.sms.send_factor_verify_message",
            "outcome":{"result":"SUCCESS"},"actor":{"id":"sys","type":"SystemPrincipal","alternateId":"system@okta.com"},
            "target":[{"id":"00u9","type":"User","alternateId":"a@b.c"}]}"#;
        let row = read(text);
        assert_eq!((row.identity_id.as_deref(), row.population_hint), (Some("00u9"), None));
        assert_eq!(row.second_factor, Some("sms_otp"));
    }

    #[test]
    fn a_bypass_is_never_mfa() {
        let bypass = "user.mfa.attempt_bypass";
        let found = summary(bypass, r#""outcome":{"result":"FAILURE"}"#);
        assert_eq!(found[..4], ["second_factor", "failure", "not_attempted", "none"].map(Some));
        let found = summary(bypass, r#""outcome":{"result":"SUCCESS"}"#);
        assert_eq!(found[..4], ["second_factor", "success", "bypassed", "bypass"].map(Some));
        let skipped = summary(MFA, &factor("OKTA_VERIFY_PUSH", "SKIPPED", ""));
        assert_eq!(skipped, ["second_factor", "interrupted", "not_attempted", "none", "interrupted"].map(Some));
    }

    #[test]
    fn what_is_ignored() {
        for event_type in [
            "user.mfa.factor.activate",
            "user.mfa.factor.deactivate",
            "user.mfa.factor.reset_all",
            "user.mfa.promote_enrollment",
            "user.authentication.slo",
            "user.authentication.universal_logout",
            "user.session.end",
            "system.sms.send_password_reset_message",
            "system.import.start",
        ] {
            let text = event(event_type, r#""outcome":{"result":"SUCCESS"}"#);
            assert_eq!(parse(text.as_bytes()), Ok(None), "{event_type}");
        }
    }

    #[test]
    fn who_where_and_with_what() {
        let rest = r#""client":{"userAgent":{"rawUserAgent":"Mozilla/5.0","os":"Mac OS X","browser":"CHROME"},"device":"Computer",
            "ipAddress":"10.0.0.1","geographicalContext":{"city":"New York","state":"New York","country":"United States",
            "geolocation":{"lat":40.3157,"lon":-74.01}}},"outcome":{"result":"SUCCESS"},
            "device":{"id":"guo1","os_platform":"OSX","managed":false,"registered":true},
            "securityContext":{"asNumber":394089,"isProxy":true,"risk":{"level":"HIGH","reasons":["Anomalous Device"]},
            "userBehaviors":[{"name":"New Device","result":"NEGATIVE"},{"name":"New Geo-Location","result":"POSITIVE"}]},
            "transaction":{"type":"WEB","id":"t1"},
            "target":[{"id":"0oa1","type":"AppInstance","alternateId":"AWS Production","displayName":"AWS",
            "detailEntry":{"signOnModeType":"SAML_2_0"}}]"#;
        let text = event("user.session.start", rest);
        let row = read(&text);
        assert_eq!(row.identity_id.as_deref(), Some("00u1"));
        assert_eq!(row.user_principal.as_deref(), Some("jo.doe@example.com"));
        assert_eq!((row.app_id.as_deref(), row.app_name.as_deref()), (Some("0oa1"), Some("AWS")));
        assert_eq!((row.surface, row.is_interactive), (Some("browser"), Some(true)));
        assert_eq!((row.protocol, row.is_legacy_auth), (Some("saml"), Some(false)));
        assert_eq!((row.ip_anonymizer, row.asn), (Some(true), Some(394_089)));
        assert_eq!((row.latitude, row.longitude), (Some(40.3157), Some(-74.01)));
        assert_eq!(row.device_id.as_deref(), Some("guo1"));
        assert_eq!(row.device_trust, Some("registered"));
        assert_eq!(row.risk_level.as_deref(), Some("high"));
        assert_eq!(row.risk_signals.as_deref(), Some(&["New Geo-Location".into(), "Anomalous Device".into()][..]));
        assert_eq!(row.correlation_id.as_deref(), Some("t1"));
        assert_eq!(row.event_id.as_deref(), Some("u1"));
    }

    #[test]
    fn risk_as_text() {
        let rest = r#""outcome":{"result":"SUCCESS"},"debugContext":{"debugData":{
            "risk":"{reasons=Anomalous Location, New Thing, level=MEDIUM}",
            "behaviors":"{New Geo-Location=POSITIVE, New Device=NEGATIVE, Velocity=POSITIVE}",
            "logOnlySecurityData":"{\"risk\":{\"level\":\"LOW\"},\"behaviors\":{\"New IP\":\"POSIT","threatSuspected":"true"}}"#;
        let text = event("user.session.start", rest);
        let row = read(&text);
        assert_eq!(row.risk_level.as_deref(), Some("medium"));
        let expected = ["New Geo-Location", "Velocity", "Anomalous Location", "New Thing", "threatSuspected"];
        assert_eq!(row.risk_signals.expect("has signals"), expected);
    }

    #[test]
    fn old_office_clients_cannot_be_prompted() {
        let rest = r#""outcome":{"result":"SUCCESS"},"client":{"device":"Unknown","userAgent":{"browser":"UNKNOWN"}},
            "debugContext":{"debugData":{"requestUri":"/app/office365/exk1/sso/wsfed/active"}}"#;
        let text = event("user.session.start", rest);
        let row = read(&text);
        assert_eq!((row.protocol, row.surface), (Some("basic_auth"), Some("legacy_protocol")));
        assert_eq!((row.is_legacy_auth, row.browser), (Some(true), None));
    }

    #[test]
    fn the_unknown_user_has_no_id() {
        let text = r#"{"uuid":"u","published":"2020-05-22T17:26:21.912Z","eventType":"user.session.start",
            "actor":{"id":"unknown","type":"User","alternateId":"typo@example.com"},
            "authenticationContext":{"externalSessionId":"unknown"},"transaction":{"id":"unknown"},
            "outcome":{"result":"FAILURE","reason":"VERIFICATION_ERROR"}}"#;
        let row = read(text);
        assert_eq!((row.identity_id, row.session_id, row.correlation_id), (None, None, None));
        assert_eq!(row.user_principal.as_deref(), Some("typo@example.com"));
        assert_eq!(row.failure_code.as_deref(), Some("VERIFICATION_ERROR"));
    }

    #[test]
    fn other_layouts_of_the_same_event() {
        let bare = event(MFA, &factor("OKTA_VERIFY_PUSH", "SUCCESS", ""));
        let lower_cased = bare.replace("eventType", "eventtype").replace("debugContext", "debugcontext");
        let envelope = format!(
            r#"{{"version":"0","id":"x","detail-type":"SystemLog","time":"2024-01-01T00:00:00Z","detail":{bare}}}"#
        );
        let flat = r#"{"TimeGenerated":"2024-08-13T15:59:00Z","eventType_s":"user.authentication.auth_via_mfa","uuid_g":"u1",
            "published_t":"2024-08-13T15:58:20.353Z","actor_id_s":"00u1","actor_type_s":"User","outcome_result_s":"SUCCESS",
            "actor_alternateId_s":"Jo.Doe@Example.com","debugContext_debugData_factor_s":"OKTA_VERIFY_PUSH",
            "client_geographicalContext_geolocation_lat_d":"null","target_s":"[]","securityContext_isProxy_b":"null"}"#;
        let expected = read(&bare);
        for text in [&lower_cased, &envelope, flat] {
            let row = read(text);
            assert_eq!(row, SignIn { methods: row.methods.clone(), ..expected.clone() }, "{text}");
        }
    }

    #[test]
    fn what_is_rejected() {
        let category = |text: &str| parse(text.as_bytes()).map(|_| ()).map_err(|reject| reject.category);
        assert_eq!(category(r#"{"eventtype":"authentication","txid":"x","uuid":"u"}"#), Err(Category::WrongProvider));
        assert_eq!(category(r#"{"eventType":"com.okta.event_hook","data":{}}"#), Err(Category::WrongProvider));
        assert_eq!(category("{}"), Err(Category::WrongProvider));
        let undated = r#"{"eventType":"user.authentication.sso","uuid":"u","outcome":{"result":"SUCCESS"}}"#;
        assert_eq!(category(undated), Err(Category::MissingField));
        let misdated = r#"{"eventType":"user.authentication.sso","uuid":"u","published":"soon"}"#;
        assert_eq!(category(misdated), Err(Category::InvalidTimestamp));
    }
}
