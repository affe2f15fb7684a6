//! JumpCloud Directory Insights: sign-ins to the portals, single sign-on, RADIUS, LDAP and devices.
//!
//! `mfa` says whether MFA was part of the attempt, `success` what became of it, and `auth_context` or `mfa_meta` with which
//! method. All else in the directory is ignored, but for what was enrolled.

use std::borrow::Cow;

use super::json::{self, Number, Slot as _, Text, shape};
use super::used::{Used, failure_category, known, unknown};
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, pick, time};
use crate::model::{FactorEvent, Method, Provider, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_jumpcloud_events",
    summary: "JumpCloud Directory Insights: sign-ins, or the life of factors",
    layout: Layout::Json,
    example: "read_jumpcloud_events('tests/data/jumpcloud_events.json')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "JumpCloud Directory Insights API: events",
    export: "Directory Insights, `/insights/directory/v1/events`, or its export",
    shapes: &["events, bare or in arrays"],
    ignores: &[
        (
            "sign-ins: events other than user_login_attempt, admin_login_attempt, sso_auth, radius_auth, \
             radius_auth_attempt, ldap_bind and login_attempt",
            "changes of the directory are no sign-ins",
        ),
        (
            "factor events: all but enrolment, deletion, disabling and reset of TOTP, WebAuthn, push and Duo, and \
             user_mfa_reset",
            "no other event is about a factor",
        ),
    ],
    fills: &[
        "event_time provider event_id correlation_id event_type_raw identity_id user_principal app_id app_name \
         event_kind is_interactive surface protocol outcome failure_reason_raw failure_category mfa_requirement \
         mfa_result mfa_satisfied_by methods methods_raw first_factor second_factor is_phishing_resistant \
         ip country region latitude longitude device_id device_os browser tenant_id",
        "event_time provider event_id identity_id user_principal event_type event_type_raw method outcome \
         failure_reason_raw actor_id actor_principal actor_kind ip",
    ],
};

fn read(record: &[u8]) -> Result<Event<'_>, Reject> {
    let event: Event<'_> = json::parse(record)?;
    let has_company = event.organization.as_str().is_some() || event.initiator.is_there();
    if event.service.as_str().is_none() || event.kind.as_str().is_none() || !has_company {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    Ok(event)
}

/// One event.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let event = read(record)?;
    match event.kind.as_str().and_then(Kind::of) {
        Some(kind) => row(record, kind, event).map(Some),
        None => Ok(None),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Portal,
    Sso,
    Radius,
    Ldap,
    Device,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        [
            ("user_login_attempt", Self::Portal),
            ("admin_login_attempt", Self::Portal),
            ("sso_auth", Self::Sso),
            ("radius_auth_attempt", Self::Radius),
            ("radius_auth", Self::Radius),
            ("ldap_bind", Self::Ldap),
            ("login_attempt", Self::Device),
        ]
        .into_iter()
        .find_map(|(known, kind)| name.eq_ignore_ascii_case(known).then_some(kind))
    }
}

impl<'a> Event<'a> {
    fn time(&self) -> Result<Timestamp, Reject> {
        time::required(&[("timestamp", &self.time)])
    }

    /// The methods that passed, or on a failure those that were tried.
    fn used(&self, succeeded: bool) -> Option<Used<'a>> {
        let methods = &self.context.methods;
        let mut list: Vec<(Cow<'a, str>, Method)> = Vec::new();
        for (name, result, method) in [
            ("password", &methods.password, Method::Password),
            ("totp", &methods.totp, Method::Totp),
            ("push", &methods.push, Method::Push),
            ("jumpcloud_protect", &methods.protect, Method::Push),
            ("sms", &methods.sms, Method::SmsOtp),
            ("duo", &methods.duo, Method::FedMfa),
            ("webauthn", &methods.webauthn, Method::PasskeySync),
            ("jumpcloud_go", &methods.go, Method::Platform),
        ] {
            if !result.is_unset() && (!succeeded || result.success.as_bool() != Some(false)) {
                list.push((Cow::Borrowed(name), method));
            }
        }
        let named = self.meta.kind.0.clone().or_else(|| self.method.0.clone());
        if let Some(raw) = known(named) {
            let method = Method::from_spelling(Some(Provider::JumpCloud), &raw).unwrap_or(Method::Unknown);
            if list.iter().all(|(_, other)| *other != method) {
                list.push((raw, method));
            }
        }
        match &list[..] {
            [] => None,
            // The first factor is not named.
            [(raw, method)] if self.mfa.as_bool() == Some(true) => Some(Used::second(raw.clone(), *method)),
            _ => Some(Used::in_order(list)),
        }
    }
}

fn row<'a>(record: &'a [u8], kind: Kind, mut event: Event<'a>) -> Result<SignIn<'a>, Reject> {
    let event_time = event.time()?;
    let latitude = time::degrees(event.place.latitude, 90.0, "latitude")?;
    let longitude = time::degrees(event.place.longitude, 180.0, "longitude")?;
    let success = event.success.as_bool().or_else(|| event.token.as_bool());
    let outcome = match success {
        Some(true) => "success",
        Some(false) => "failure",
        None => "unknown",
    };
    let used = event.used(success == Some(true));
    let reason = if outcome == "failure" { event.error.take() } else { None };
    let is_multi = used.as_ref().is_some_and(Used::is_multi_factor);
    let says_mfa = reason.as_deref().is_some_and(|reason| failure_category(reason) == "mfa_failed");
    let (mfa_result, mfa_satisfied_by) = match (outcome, event.mfa.as_bool()) {
        ("success", Some(true)) => ("satisfied", "performed"),
        ("success", _) if is_multi => ("satisfied", "performed"),
        // Single sign-on begins with a session, whose MFA is of another event.
        ("success", Some(false)) if kind != Kind::Sso => ("not_attempted", "none"),
        ("failure", _) if says_mfa => ("failed", "none"),
        ("failure", Some(false)) => ("not_attempted", "none"),
        _ => ("unknown", "unknown"),
    };
    let failure_category = (outcome == "failure").then(|| match mfa_result {
        "failed" => "mfa_failed",
        _ => failure_category(reason.as_deref().unwrap_or_default()),
    });
    let user = &mut event.initiator;
    let app = &mut event.application;
    let mut row = SignIn {
        event_id: Some(event.id.take().unwrap_or_else(|| event_id(record))),
        correlation_id: event.correlation.take(),
        identity_id: known(user.id.take()),
        user_principal: known(pick([&mut user.email, &mut user.username, &mut event.username])).map(lower),
        app_id: app.id.take(),
        app_name: pick([&mut app.label, &mut app.name]).or(Some(Cow::Borrowed(match kind {
            Kind::Portal if event.kind.is("admin_login_attempt") => "JumpCloud Admin Portal",
            Kind::Portal | Kind::Sso => "JumpCloud User Portal",
            Kind::Radius => "RADIUS",
            Kind::Ldap => "LDAP",
            Kind::Device => "Device",
        }))),
        event_kind: Some(if kind == Kind::Sso { "sso" } else { "combined" }),
        is_interactive: match kind {
            // A bind is done by whatever asks the directory.
            Kind::Ldap => None,
            _ => Some(true),
        },
        surface: Some(match kind {
            Kind::Portal | Kind::Sso => "browser",
            Kind::Radius => "vpn",
            Kind::Device => "desktop",
            Kind::Ldap => "unknown",
        }),
        protocol: match kind {
            Kind::Radius => Some("radius"),
            Kind::Ldap => Some("ldap"),
            _ => None,
        },
        outcome: Some(outcome),
        failure_category,
        failure_reason_raw: reason,
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: pick([&mut event.ip, &mut event.source_ip]),
        country: event.place.country.take(),
        region: event.place.region.take(),
        latitude,
        longitude,
        device_id: event.system.id.take(),
        device_os: event.agent.os.take(),
        browser: event.agent.name.take(),
        tenant_id: event.organization.take(),
        event_type_raw: event.kind.take(),
        ..unknown(Provider::JumpCloud, event_time)
    };
    if let Some(used) = used {
        used.fill(&mut row);
    }
    Ok(row)
}

/// What an event does to factors: its name is the method and what happened.
fn lifecycle(name: &str) -> Option<(&'static str, Method)> {
    let method = [
        ("totp_", Method::Totp),
        ("webauthn_", Method::PasskeySync),
        ("push_", Method::Push),
        ("duo_", Method::FedMfa),
    ]
    .into_iter()
    .find_map(|(prefix, method)| {
        name.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix)).and(Some(method))
    });
    if name.eq_ignore_ascii_case("user_mfa_reset") {
        return Some(("reset", Method::Unknown));
    }
    let method = method?;
    let what = [
        ("start_enroll", "started"),
        ("finish_enroll", "completed"),
        ("delete", "removed"),
        ("disable", "removed"),
        ("reset", "removed"),
    ];
    what.into_iter().find_map(|(word, what)| contains(name, word).then_some((what, method)))
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut event = read(record)?;
    let Some((event_type, method)) = event.kind.as_str().and_then(lifecycle) else {
        return Ok(Vec::new());
    };
    let event_time = event.time()?;
    let user = &mut event.initiator;
    let actor_id = known(user.id.take());
    let actor = known(pick([&mut user.email, &mut user.username])).map(lower);
    let resource = &mut event.resource;
    let (identity_id, user_principal) = if resource.is_there() {
        (known(resource.id.take()), known(pick([&mut resource.email, &mut resource.username])).map(lower))
    } else if user.kind.is("admin") {
        (None, known(event.username.take()).map(lower))
    } else {
        (actor_id.clone(), actor.clone())
    };
    let actor_kind = match user.kind.as_str() {
        Some(kind) if kind.eq_ignore_ascii_case("admin") => "admin",
        Some(kind) if kind.eq_ignore_ascii_case("user") => "self",
        _ => "unknown",
    };
    let failed = event.success.as_bool() == Some(false);
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        provider: Some(Provider::JumpCloud.as_str()),
        event_id: Some(event.id.take().unwrap_or_else(|| event_id(record))),
        identity_id,
        user_principal,
        event_type: Some(if failed && event_type == "completed" { "verify_failed" } else { event_type }),
        event_type_raw: event.kind.take(),
        method: (event_type != "reset").then(|| method.as_str()),
        outcome: Some(if failed { "failure" } else { "success" }),
        failure_reason_raw: if failed { event.error.take() } else { None },
        actor_id,
        actor_principal: actor,
        actor_kind: Some(actor_kind),
        ip: event.ip.take(),
        ..FactorEvent::default()
    }])
}

shape! {
    struct Event<'a> {
        id: Text<'a> = "id",
        kind: Text<'a> = "event_type",
        service: Text<'a> = "service",
        time: Text<'a> = "timestamp",
        organization: Text<'a> = "organization",
        initiator: PersonShape<'a> = "initiated_by",
        resource: PersonShape<'a> = "resource",
        username: Text<'a> = "username",
        success: Text<'a> = "success",
        token: Text<'a> = "sso_token_success",
        error: Text<'a> = "error_message",
        mfa: Text<'a> = "mfa",
        meta: MetaShape<'a> = "mfa_meta",
        method: Text<'a> = "mfa_type",
        context: ContextShape<'a> = "auth_context",
        application: ApplicationShape<'a> = "application",
        ip: Text<'a> = "client_ip",
        source_ip: Text<'a> = "src_ip",
        place: PlaceShape<'a> = "geoip" | "src_geoip",
        system: SystemShape<'a> = "system",
        agent: AgentShape<'a> = "useragent",
        correlation: Text<'a> = "correlation_id",
    }
}

shape! {
    struct PersonShape<'a> {
        id: Text<'a> = "id",
        kind: Text<'a> = "type",
        username: Text<'a> = "username",
        email: Text<'a> = "email",
    }
}

impl PersonShape<'_> {
    fn is_there(&self) -> bool {
        [&self.id, &self.username, &self.email].iter().any(|text| text.as_str().is_some())
    }
}

shape! {
    struct MetaShape<'a> {
        kind: Text<'a> = "type",
    }
}

shape! {
    struct ContextShape<'a> {
        methods: MethodsShape<'a> = "auth_methods",
    }
}

shape! {
    struct MethodsShape<'a> {
        password: ResultShape<'a> = "password",
        totp: ResultShape<'a> = "totp",
        push: ResultShape<'a> = "push",
        protect: ResultShape<'a> = "jumpcloud_protect",
        sms: ResultShape<'a> = "sms",
        duo: ResultShape<'a> = "duo",
        webauthn: ResultShape<'a> = "webauthn",
        go: ResultShape<'a> = "jumpcloud_go",
    }
}

shape! {
    struct ResultShape<'a> {
        success: Text<'a> = "success",
    }
}

shape! {
    struct ApplicationShape<'a> {
        id: Text<'a> = "id",
        name: Text<'a> = "name",
        label: Text<'a> = "display_label",
    }
}

shape! {
    struct PlaceShape<'a> {
        country: Text<'a> = "country_code",
        region: Text<'a> = "region_name",
        latitude: Number = "latitude",
        longitude: Number = "longitude",
    }
}

shape! {
    struct SystemShape<'a> {
        id: Text<'a> = "id",
    }
}

shape! {
    struct AgentShape<'a> {
        os: Text<'a> = "os",
        name: Text<'a> = "name",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, more: &str) -> String {
        format!(
            r#"{{"id":"j1","event_type":"{kind}","service":"directory","timestamp":"2026-01-05T08:00:00.25Z","organization":"org1",
            "initiated_by":{{"id":"u1","type":"user","username":"Ann"}},"client_ip":"203.0.113.7"{more}}}"#
        )
    }

    fn read_row(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    #[test]
    fn whether_and_how() {
        let both = r#","auth_context":{"auth_methods":{"password":{"success":true},"totp":{"success":true},"duo":{"success":false}}}"#;
        for (kind, more, expected) in [
            (
                "user_login_attempt",
                format!(r#","success":true,"mfa":true{both}"#),
                ["success", "satisfied", "password", "totp"],
            ),
            ("user_login_attempt", format!(r#","success":true{both}"#), ["success", "satisfied", "password", "totp"]),
            (
                "user_login_attempt",
                r#","success":true,"mfa":"true","mfa_meta":{"type":"push"}"#.to_owned(),
                ["success", "satisfied", "", "push"],
            ),
            ("user_login_attempt", r#","success":true,"mfa":false"#.to_owned(), ["success", "not_attempted", "", ""]),
            (
                "user_login_attempt",
                r#","success":false,"mfa":true,"error_message":"mfa failed""#.to_owned(),
                ["failure", "failed", "", ""],
            ),
            (
                "admin_login_attempt",
                r#","success":false,"mfa":false,"error_message":"invalid password""#.to_owned(),
                ["failure", "not_attempted", "", ""],
            ),
            ("sso_auth", r#","sso_token_success":true,"mfa":false"#.to_owned(), ["success", "unknown", "", ""]),
            ("radius_auth_attempt", r#","success":true,"mfa":false"#.to_owned(), ["success", "not_attempted", "", ""]),
            ("user_login_attempt", String::new(), ["unknown", "unknown", "", ""]),
        ] {
            let text = event(kind, &more);
            let row = read_row(&text);
            let found = [row.outcome, row.mfa_result, row.first_factor, row.second_factor];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{kind} {more}");
        }
    }

    #[test]
    fn the_life_of_factors() {
        for (kind, more, expected) in [
            ("totp_start_enrollment", "", ["started", "totp", "self"]),
            ("totp_finish_enrollment", "", ["completed", "totp", "self"]),
            ("totp_finish_enrollment", r#","success":false"#, ["verify_failed", "totp", "self"]),
            ("totp_delete_enrollment", "", ["removed", "totp", "self"]),
            ("webauthn_delete_enrollment", "", ["removed", "passkey_sync", "self"]),
        ] {
            let text = event(kind, more);
            let rows = factor_events(Record::Json(text.as_bytes())).expect("reads");
            let [row] = &rows[..] else { panic!("is one event") };
            assert_eq!([row.event_type, row.method, row.actor_kind], expected.map(Some), "{kind} {more}");
            assert_eq!(parse(text.as_bytes()), Ok(None));
        }
        assert_eq!(factor_events(Record::Json(event("user_update", "").as_bytes())), Ok(Vec::new()));
    }

    #[test]
    fn what_is_ignored_and_what_is_rejected() {
        assert_eq!(parse(event("user_create", "").as_bytes()), Ok(None));
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"event_type":"authentication","txid":"x"}"#, Category::WrongProvider),
            (r#"{"event_type":"sso_auth","service":"sso","organization":"o"}"#, Category::MissingField),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }
}
