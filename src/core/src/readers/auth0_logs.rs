//! Auth0 tenant logs, from the Management API, a log stream or an event bus.
//!
//! A code of a few letters says what happened. A sign-in (`s`) lists the prompts that were shown, and only where they are listed
//! is the absence of one for MFA known. Sending a push or a code is a challenge, and an exchange of tokens no sign-in of a person.

use std::borrow::Cow;

use super::json::{self, Many, Nested, Number, Text, shape};
use super::used::{Used, failure_category, known, surface, unknown};
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, pick, time};
use crate::model::{FactorEvent, Method, Provider, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_auth0_logs",
    summary: "Auth0 tenant logs, API pages or log streams: sign-ins, or the life of factors",
    layout: Layout::Json,
    example: "read_auth0_logs('tests/data/auth0_logs.ndjson')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "Auth0 documentation: log event type codes",
    export: "the Management API, `/api/v2/logs`, a log stream, or rows of the Auth0 table of Log Analytics as JSON",
    shapes: &[
        "logs, bare or in pages (arrays)",
        "a log in `data` of a log stream, or in `detail` of an event bus around it",
        "rows of Log Analytics, with the suffixes of its columns",
    ],
    ignores: &[
        (
            "sign-ins: codes that are not about a sign-in, a challenge, a factor or an exchange of tokens",
            "sign-ups, logouts, password changes and calls of the Management API are no sign-ins",
        ),
        (
            "factor events: all but gd_start_enroll, gd_enrollment_complete, gd_webauthn_enrollment_failed, \
             gd_unenroll and gd_update_device_account",
            "no other code is about an enrolled factor",
        ),
    ],
    fills: &[
        "event_time provider event_id session_id event_type_raw identity_id user_principal population_hint app_id \
         app_name event_kind is_interactive surface protocol is_legacy_auth outcome failure_code failure_reason_raw \
         failure_category mfa_requirement mfa_result mfa_satisfied_by methods methods_raw first_factor second_factor \
         is_phishing_resistant ip country city latitude longitude user_agent risk_level tenant_id",
        "event_time provider event_id identity_id user_principal event_type event_type_raw method method_raw outcome \
         failure_reason_raw actor_kind ip user_agent",
    ],
};

fn read(record: &[u8]) -> Result<Log<'_>, Reject> {
    let mut log: Log<'_> = json::parse(record)?;
    // A log stream has one envelope, an event bus another around it.
    while log.kind.as_str().is_none() || log.date.as_str().is_none() {
        match log.data.0.take() {
            Some(mut inner) => {
                if inner.log_id.0.is_none() {
                    inner.log_id.0 = log.log_id.take();
                }
                log = *inner;
            }
            None => return Err(Reject::at(Category::WrongProvider, 0)),
        }
    }
    let is_log = [&log.log_id, &log.id, &log.client_id].iter().any(|text| text.as_str().is_some());
    // Codes are letters and underscores.
    let is_code = |kind: &str| kind.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'0'..=b'9'));
    if !is_log || !log.kind.as_str().is_some_and(is_code) {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    Ok(log)
}

/// What a code says about a sign-in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A whole sign-in.
    SignIn,
    /// A password, or what stands for it, was checked by a page of the application's own.
    Primary,
    /// One more factor was checked.
    Factor(Method),
    /// A message was sent.
    Sent(Method),
    /// One more factor is asked for.
    Required,
    /// A password was exchanged for a token.
    Password,
    /// Something else was exchanged, or a session was used.
    Token,
    /// Stopped before any factor was checked.
    Blocked(&'static str),
}

/// The kind and the outcome of a code; `None` is no sign-in.
fn kind_of(code: &str) -> Option<(Kind, &'static str)> {
    use Kind::{Blocked, Factor, Password, Primary, Required, Sent, SignIn, Token};
    const CODES: &[(&str, Kind, &str)] = &[
        ("s", SignIn, "success"),
        ("f", SignIn, "failure"),
        ("fp", SignIn, "failure"),
        ("fu", SignIn, "failure"),
        ("fc", SignIn, "failure"),
        ("scoa", Primary, "success"),
        ("fcoa", Primary, "failure"),
        ("gd_auth_succeed", Factor(Method::Unknown), "success"),
        ("gd_auth_failed", Factor(Method::Unknown), "failure"),
        ("gd_auth_rejected", Factor(Method::Push), "failure"),
        ("gd_auth_email_verification", Factor(Method::EmailOtp), "success"),
        ("gd_auth_fail_email_verification", Factor(Method::EmailOtp), "failure"),
        ("gd_otp_rate_limit_exceed", Factor(Method::Totp), "failure"),
        ("gd_recovery_succeed", Factor(Method::BackupCode), "success"),
        ("gd_recovery_failed", Factor(Method::BackupCode), "failure"),
        ("gd_recovery_rate_limit_exceed", Factor(Method::BackupCode), "failure"),
        ("gd_webauthn_challenge_failed", Factor(Method::PasskeySync), "failure"),
        ("gd_send_pn", Sent(Method::Push), "challenge"),
        ("gd_send_pn_failure", Sent(Method::Push), "failure"),
        ("gd_send_sms", Sent(Method::SmsOtp), "challenge"),
        ("gd_send_sms_failure", Sent(Method::SmsOtp), "failure"),
        ("gd_send_voice", Sent(Method::Voice), "challenge"),
        ("gd_send_voice_failure", Sent(Method::Voice), "failure"),
        ("gd_send_email", Sent(Method::EmailOtp), "challenge"),
        ("gd_send_email_failure", Sent(Method::EmailOtp), "failure"),
        ("gd_start_auth", Required, "challenge"),
        ("mfar", Required, "challenge"),
        ("cls", Sent(Method::EmailOtp), "challenge"),
        ("cs", Sent(Method::Unknown), "challenge"),
        ("seotpft", Factor(Method::Totp), "success"),
        ("feotpft", Factor(Method::Totp), "failure"),
        ("seoobft", Factor(Method::Unknown), "success"),
        ("feoobft", Factor(Method::Unknown), "failure"),
        ("sercft", Factor(Method::BackupCode), "success"),
        ("fercft", Factor(Method::BackupCode), "failure"),
        ("sepft", Password, "success"),
        ("fepft", Password, "failure"),
        ("limit_wc", Blocked("account_locked"), "failure"),
        ("limit_mu", Blocked("risk_blocked"), "failure"),
        ("limit_sul", Blocked("account_locked"), "failure"),
        ("limit_ui", Blocked("account_locked"), "failure"),
        ("pwd_leak", Blocked("risk_blocked"), "failure"),
        ("ssa", Token, "success"),
        ("fsa", Token, "interrupted"),
        ("seacft", Token, "success"),
        ("feacft", Token, "failure"),
        ("seccft", Token, "success"),
        ("feccft", Token, "failure"),
        ("sede", Token, "success"),
        ("fede", Token, "failure"),
        ("sens", Token, "success"),
        ("fens", Token, "failure"),
        ("sertft", Token, "success"),
        ("fertft", Token, "failure"),
        ("serrt", Token, "success"),
        ("ferrt", Token, "failure"),
        ("sepotpft", Primary, "success"),
        ("fepotpft", Primary, "failure"),
    ];
    CODES.iter().find(|(known, _, _)| *known == code).map(|(_, kind, outcome)| (*kind, *outcome))
}

/// One log.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let log = read(record)?;
    match log.kind.as_str().and_then(kind_of) {
        Some((kind, outcome)) => row(record, kind, outcome, log).map(Some),
        None => Ok(None),
    }
}

impl<'a> Log<'a> {
    fn time(&self) -> Result<Timestamp, Reject> {
        time::required(&[("date", &self.date)])
    }

    /// The first factor, by what the connection is to.
    fn first(&self) -> Option<Used<'a>> {
        let strategy = self.strategy.as_str().unwrap_or_default();
        let raw = self.strategy.0.clone().or_else(|| self.connection.0.clone());
        let method = match self.strategy_type.as_str().unwrap_or_default() {
            "database" => Method::Password,
            "social" | "enterprise" => Method::FedSf,
            "passwordless" if strategy == "sms" => Method::SmsOtp,
            "passwordless" if strategy == "email" => Method::EmailOtp,
            _ if strategy == "auth0" => Method::Password,
            _ => return None,
        };
        Some(Used::first(raw?, method))
    }

    /// The factor in a description like `Guardian - Enrollment complete (sms)`.
    fn described(&self) -> Option<Cow<'a, str>> {
        let text = self.description.as_str()?;
        let (_, rest) = text.rsplit_once('(')?;
        Some(Cow::Owned(rest.split_once(')')?.0.trim().to_owned()))
    }

    fn has_mfa_prompt(&self) -> Option<bool> {
        let prompts = self.details.prompts.0.as_ref()?;
        Some(prompts.iter().any(|prompt| {
            prompt.name.as_str().is_some_and(|name| contains(name, "mfa"))
                || prompt.methods.iter().any(|method| method.is("mfa"))
        }))
    }
}

fn used<'a>(kind: Kind, log: &Log<'a>) -> Option<Used<'a>> {
    let named = |fallback: Method| match log.described() {
        Some(raw) => {
            let method = Method::from_spelling(Some(Provider::Auth0), &raw).unwrap_or(fallback);
            (raw, method)
        }
        None => (Cow::Borrowed(fallback.as_str()), fallback),
    };
    match kind {
        Kind::SignIn if log.kind.is("fp") => Some(Used::first("password", Method::Password)),
        Kind::SignIn => match (log.first(), log.has_mfa_prompt()) {
            (Some(first), Some(true)) => Some(first.and("mfa", Method::Unknown)),
            (first, _) => first,
        },
        Kind::Primary => log.first(),
        Kind::Password => Some(Used::first("password", Method::Password)),
        Kind::Factor(method) | Kind::Sent(method) => {
            let (raw, method) = named(method);
            Some(Used::second(raw, method))
        }
        Kind::Required | Kind::Token | Kind::Blocked(_) => None,
    }
}

fn verdict(kind: Kind, outcome: &str, log: &Log<'_>, used: Option<&Used<'_>>) -> (&'static str, &'static str) {
    const UNKNOWN: (&str, &str) = ("unknown", "unknown");
    let is_federated = used.is_some_and(|used| used.first == Some(Method::FedSf));
    match (kind, outcome) {
        (Kind::SignIn, "success") => match log.has_mfa_prompt() {
            Some(true) => ("satisfied", "performed"),
            _ if is_federated => ("unknown", "federated"),
            Some(false) if used.is_some() => ("not_attempted", "none"),
            _ => UNKNOWN,
        },
        // With MFA there is another exchange.
        (Kind::Password, "success") => ("not_attempted", "none"),
        (Kind::Factor(_), "success") => ("satisfied", "performed"),
        (Kind::Factor(_), "failure") if log.kind.is("gd_auth_rejected") => ("denied", "none"),
        (Kind::Factor(_), "failure") => ("failed", "none"),
        (Kind::SignIn | Kind::Primary | Kind::Password | Kind::Blocked(_), "failure") => ("not_attempted", "none"),
        _ => UNKNOWN,
    }
}

fn row<'a>(record: &'a [u8], kind: Kind, outcome: &'static str, mut log: Log<'a>) -> Result<SignIn<'a>, Reject> {
    let event_time = log.time()?;
    let latitude = time::degrees(log.place.latitude, 90.0, "latitude")?;
    let longitude = time::degrees(log.place.longitude, 180.0, "longitude")?;
    let used = used(kind, &log);
    let (mfa_result, mfa_satisfied_by) = verdict(kind, outcome, &log, used.as_ref());
    let code = log.kind.as_str().unwrap_or_default();
    let reason = if matches!(outcome, "failure" | "interrupted") {
        log.details.error.message.take().or_else(|| log.description.take())
    } else {
        None
    };
    let failure_category = match (kind, outcome) {
        (_, "success") => None,
        (_, "challenge") => Some("mfa_required"),
        (_, "interrupted") => Some("interrupted"),
        (Kind::Blocked(category), _) => Some(category),
        (Kind::Factor(_), _) if mfa_result == "denied" => Some("mfa_denied"),
        (Kind::Factor(_) | Kind::Sent(_), _) => Some("mfa_failed"),
        _ if matches!(code, "fp" | "fu") => Some("bad_credentials"),
        _ => Some(failure_category(reason.as_deref().unwrap_or_default())),
    };
    let is_service = matches!(code, "seccft" | "feccft");
    let is_token = kind == Kind::Token;
    let agent = log.agent.take();
    let assessments = log.details.risk.confidence.take().map(|confidence| {
        // Confidence is the opposite of risk.
        match confidence.as_ref() {
            "low" => Cow::Borrowed("high"),
            "medium" => Cow::Borrowed("medium"),
            "high" => Cow::Borrowed("low"),
            _ => confidence,
        }
    });
    let principal = pick([&mut log.user_name, &mut log.email]).map(lower);
    let mut row = SignIn {
        event_id: Some(pick([&mut log.log_id, &mut log.id]).unwrap_or_else(|| event_id(record))),
        session_id: log.session.take(),
        identity_id: if is_service { log.client_id.0.clone() } else { known(log.user_id.take()) },
        user_principal: if is_service { None } else { known(principal) },
        population_hint: is_service.then_some("service"),
        app_id: log.client_id.take(),
        app_name: known(log.client_name.take()),
        event_kind: Some(match kind {
            Kind::SignIn | Kind::Password | Kind::Blocked(_) => "combined",
            Kind::Primary => "primary",
            Kind::Factor(_) | Kind::Required => "second_factor",
            Kind::Sent(_) => "other",
            Kind::Token => "token",
        }),
        is_interactive: if is_token { Some(false) } else { Some(true) },
        surface: Some(match (is_service, log.is_mobile.as_bool()) {
            (true, _) => "api",
            (_, Some(true)) if surface(agent.as_deref()) != "browser" => "mobile",
            _ => surface(agent.as_deref()),
        }),
        protocol: match kind {
            Kind::Password => Some("ropc"),
            _ if code.ends_with("ede") => Some("device_code"),
            _ => None,
        },
        is_legacy_auth: (kind == Kind::Password).then_some(true),
        outcome: Some(outcome),
        failure_code: (outcome == "failure").then(|| Cow::Owned(code.to_owned())),
        failure_category,
        failure_reason_raw: reason,
        mfa_requirement: Some(if kind == Kind::Required { "required" } else { "unknown" }),
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: log.ip.take(),
        country: pick([&mut log.place.country, &mut log.place.country_name]),
        city: log.place.city.take(),
        latitude,
        longitude,
        user_agent: agent,
        risk_level: assessments,
        tenant_id: log.tenant.take(),
        event_type_raw: log.kind.take(),
        ..unknown(Provider::Auth0, event_time)
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
    let mut log = read(record)?;
    let event_type = match log.kind.as_str().unwrap_or_default() {
        "gd_start_enroll" => "started",
        "gd_enrollment_complete" => "completed",
        "gd_webauthn_enrollment_failed" => "verify_failed",
        "gd_unenroll" => "removed",
        "gd_update_device_account" => "changed",
        _ => return Ok(Vec::new()),
    };
    let event_time = log.time()?;
    let raw = log.described();
    let method = match raw.as_deref() {
        Some(raw) => Method::from_spelling(Some(Provider::Auth0), raw).unwrap_or(Method::Unknown),
        None if log.kind.is("gd_webauthn_enrollment_failed") => Method::PasskeySync,
        None => Method::Unknown,
    };
    let failed = event_type == "verify_failed";
    let identity_id = known(log.user_id.take());
    let user_principal = known(pick([&mut log.user_name, &mut log.email])).map(lower);
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        provider: Some(Provider::Auth0.as_str()),
        event_id: Some(pick([&mut log.log_id, &mut log.id]).unwrap_or_else(|| event_id(record))),
        identity_id,
        user_principal,
        event_type: Some(event_type),
        event_type_raw: log.kind.take(),
        method: Some(method.as_str()),
        method_raw: raw,
        outcome: Some(if failed { "failure" } else { "success" }),
        failure_reason_raw: if failed { log.description.take() } else { None },
        // Guardian does not say whether it was the user or an administrator.
        actor_kind: Some(if event_type == "removed" { "unknown" } else { "self" }),
        ip: log.ip.take(),
        user_agent: log.agent.take(),
        ..FactorEvent::default()
    }])
}

shape! {
    struct Log<'a> {
        id: Text<'a> = "_id",
        log_id: Text<'a> = "log_id" | "log_id_s",
        /// The log in an envelope.
        data: Nested<Log<'a>> = "data" | "detail",
        kind: Text<'a> = "type" | "type_s",
        date: Text<'a> = "date" | "date_t" | "date_s",
        description: Text<'a> = "description" | "description_s",
        client_id: Text<'a> = "client_id" | "client_id_s",
        client_name: Text<'a> = "client_name" | "client_name_s",
        connection: Text<'a> = "connection" | "connection_s",
        strategy: Text<'a> = "strategy" | "strategy_s",
        strategy_type: Text<'a> = "strategy_type" | "strategy_type_s",
        user_id: Text<'a> = "user_id" | "user_id_s",
        user_name: Text<'a> = "user_name" | "user_name_s",
        email: Text<'a> = "email",
        ip: Text<'a> = "ip" | "ip_s",
        agent: Text<'a> = "user_agent" | "user_agent_s",
        is_mobile: Text<'a> = "isMobile" | "isMobile_b",
        session: Text<'a> = "session_id",
        tenant: Text<'a> = "tenant_name" | "tenant_name_s",
        place: PlaceShape<'a> = "location_info",
        details: DetailsShape<'a> = "details" | "details_s",
    }
}

shape! {
    struct PlaceShape<'a> {
        country: Text<'a> = "country_code",
        country_name: Text<'a> = "country_name",
        city: Text<'a> = "city_name",
        latitude: Number = "latitude",
        longitude: Number = "longitude",
    }
}

shape! {
    struct DetailsShape<'a> {
        prompts: Many<PromptShape<'a>> = "prompts",
        error: ErrorShape<'a> = "error",
        risk: RiskShape<'a> = "riskAssessment",
    }
}

shape! {
    struct PromptShape<'a> {
        name: Text<'a> = "name",
        methods: Many<Text<'a>> = "performed_amr",
    }
}

shape! {
    struct ErrorShape<'a> {
        message: Text<'a> = "message",
    }
}

shape! {
    struct RiskShape<'a> {
        confidence: Text<'a> = "confidence",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(code: &str, more: &str) -> String {
        format!(
            r#"{{"date":"2026-01-05T08:00:00.250Z","type":"{code}","connection":"Users","strategy":"auth0","strategy_type":"database",
            "client_id":"c1","client_name":"App","ip":"203.0.113.7","user_agent":"Mozilla/5.0","user_id":"auth0|1",
            "user_name":"Ann@example.com","log_id":"l1"{more}}}"#
        )
    }

    fn read_row(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    #[test]
    fn codes() {
        let prompts = r#","details":{"prompts":[{"name":"prompt-authenticate"}]}"#;
        let with_mfa = r#","details":{"prompts":[{"name":"login"},{"name":"mfa","performed_amr":["mfa"]}]}"#;
        for (code, more, expected) in [
            ("s", with_mfa, ["combined", "success", "satisfied", "password", "unknown"]),
            ("s", prompts, ["combined", "success", "not_attempted", "password", ""]),
            ("s", "", ["combined", "success", "unknown", "password", ""]),
            ("f", "", ["combined", "failure", "not_attempted", "password", ""]),
            ("fp", "", ["combined", "failure", "not_attempted", "password", ""]),
            ("scoa", "", ["primary", "success", "unknown", "password", ""]),
            ("gd_auth_succeed", "", ["second_factor", "success", "satisfied", "", "unknown"]),
            (
                "gd_auth_succeed",
                r#","description":"Guardian - Second factor authentication successful (push-notification)""#,
                ["second_factor", "success", "satisfied", "", "push"],
            ),
            ("gd_auth_failed", "", ["second_factor", "failure", "failed", "", "unknown"]),
            ("gd_auth_rejected", "", ["second_factor", "failure", "denied", "", "push"]),
            ("gd_recovery_succeed", "", ["second_factor", "success", "satisfied", "", "backup_code"]),
            ("gd_send_pn", "", ["other", "challenge", "unknown", "", "push"]),
            ("gd_send_sms_failure", "", ["other", "failure", "unknown", "", "sms_otp"]),
            ("mfar", "", ["second_factor", "challenge", "unknown", "", ""]),
            ("sepft", "", ["combined", "success", "not_attempted", "password", ""]),
            ("seotpft", "", ["second_factor", "success", "satisfied", "", "totp"]),
            ("pwd_leak", "", ["combined", "failure", "not_attempted", "", ""]),
            ("ssa", "", ["token", "success", "unknown", "", ""]),
            ("fsa", "", ["token", "interrupted", "unknown", "", ""]),
            ("seccft", "", ["token", "success", "unknown", "", ""]),
        ] {
            let text = log(code, more);
            let row = read_row(&text);
            let found = [row.event_kind, row.outcome, row.mfa_result, row.first_factor, row.second_factor];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{code} {more}");
        }
        let social = log("s", r#","details":{"prompts":[]}"#).replace("database", "social");
        let row = read_row(&social);
        assert_eq!(
            (row.mfa_result, row.mfa_satisfied_by, row.first_factor),
            (Some("unknown"), Some("federated"), Some("fed_sf"))
        );
    }

    #[test]
    fn every_envelope() {
        let bare = log("s", "");
        let expected = format!("{:?}", read_row(&bare));
        for text in [
            format!(r#"{{"log_id":"l1","data":{bare}}}"#),
            format!(r#"{{"id":"x","detail-type":"Auth0 log","detail":{{"log_id":"l1","data":{bare}}}}}"#),
        ] {
            assert_eq!(format!("{:?}", read_row(&text)), expected, "{text}");
        }
        let outer_id = format!(r#"{{"log_id":"l1","data":{}}}"#, bare.replace(r#","log_id":"l1""#, ""));
        assert_eq!(format!("{:?}", read_row(&outer_id)), expected);
    }

    #[test]
    fn the_life_of_factors() {
        for (code, description, expected) in [
            ("gd_start_enroll", "Guardian - Enrollment started (otp)", ["started", "totp"]),
            ("gd_enrollment_complete", "Guardian - Enrollment complete (sms)", ["completed", "sms_otp"]),
            ("gd_enrollment_complete", "Guardian - Enrollment complete (webauthn-roaming)", ["completed", "fido2_key"]),
            ("gd_enrollment_complete", "", ["completed", "unknown"]),
            ("gd_unenroll", "", ["removed", "unknown"]),
        ] {
            let text = log(code, &format!(r#","description":"{description}""#));
            let rows = factor_events(Record::Json(text.as_bytes())).expect("reads");
            let [row] = &rows[..] else { panic!("is one event") };
            assert_eq!([row.event_type, row.method], expected.map(Some), "{code} {description}");
            assert_eq!(parse(text.as_bytes()), Ok(None), "an enrolment is no sign-in");
        }
        assert_eq!(factor_events(Record::Json(log("s", "").as_bytes())), Ok(Vec::new()));
    }

    #[test]
    fn what_is_ignored_and_what_is_rejected() {
        for code in ["sapi", "slo", "ss", "signup_pwd_leak", "depnote", "a_new_code"] {
            assert_eq!(parse(log(code, "").as_bytes()), Ok(None), "{code}");
        }
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"type":"s","date":"2026-01-05T08:00:00Z"}"#, Category::WrongProvider),
            (r#"{"type":"LOGIN","date":"2026-01-05T08:00:00Z","log_id":"x"}"#, Category::WrongProvider),
            (r#"{"type":"s","date":"yesterday","log_id":"x"}"#, Category::InvalidTimestamp),
            (r#"{"data":{"data":{"data":{"data":{}}}}}"#, Category::WrongProvider),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }
}
