//! Google Workspace activities of the applications login, saml, user_accounts and admin, as the Reports API, BigQuery, Cloud
//! Logging and Log Analytics write them.
//!
//! An activity is one row even where it lists several events: the one that decides is the row. `events` is an array, an
//! object or flattened into the activity. Google logs what was asked for, not what was skipped: a device that 2-step
//! verification remembers looks like a sign-in without it. An enrolment, a password change and a warning are no sign-ins; a
//! sign-in that Google blocked as suspicious is a failure, and whose it was is in its parameters.

use std::borrow::Cow;

use super::json::{self, Many, Present, Slot as _, Text, shape};
use super::properties::Properties;
use super::used::{Used, known, method, surface, unknown};
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, time};
use crate::model::{FactorEvent, Method, Provider, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_google_login_activity",
    summary: "Google Workspace activities of the applications login, saml, user_accounts and admin: sign-ins, or the life of 2-step verification",
    layout: Layout::Json,
    example: "read_google_login_activity('tests/data/google_login_activity.json')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "Google Workspace Admin SDK, Reports API: login, SAML, user accounts and admin activity events",
    export: "the Reports API (`activities`), the export to BigQuery, Cloud Logging, or rows of the Google Workspace \
             tables of Log Analytics as JSON",
    shapes: &[
        "activities, bare or in pages (`items`), with `events` as an array or an object",
        "rows of BigQuery",
        "entries of Cloud Logging, `protoPayload`",
        "rows of Log Analytics, with the suffixes of its columns",
    ],
    ignores: &[
        (
            "sign-ins: activities without a `login_success`, `login_failure`, `login_verification`, `login_challenge` \
             or `suspicious_…` event",
            "logouts, password changes, enrolments, warnings and administration are no sign-ins",
        ),
        ("sign-ins: all events of an activity but the decisive one", "an activity is one attempt, so one row"),
        (
            "factor events: events that are not about 2-step verification, passkeys, security keys or backup codes",
            "no other event is about a factor",
        ),
    ],
    fills: &[
        "event_time provider event_id event_type_raw identity_id user_principal app_id app_name event_kind \
         is_interactive surface protocol is_legacy_auth outcome failure_code failure_reason_raw failure_category \
         mfa_requirement mfa_result mfa_satisfied_by methods methods_raw first_factor second_factor \
         is_phishing_resistant ip user_agent risk_signals tenant_id",
        "event_time provider event_id identity_id user_principal event_type event_type_raw method outcome actor_id \
         actor_principal actor_kind ip",
    ],
};

/// One activity.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let mut activity = Activity::read(record)?;
    let Some((kind, event)) = std::mem::take(&mut activity.events)
        .0
        .unwrap_or_default()
        .into_iter()
        .filter_map(|event| Some((Kind::of(event.name.as_str()?)?, event)))
        .min_by_key(|(kind, _)| *kind)
    else {
        return Ok(None);
    };
    row(record, activity, kind, event).map(Some)
}

/// What an event says about a sign-in, the most decisive first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Success,
    Failure,
    /// One more factor was asked for: 2-step verification.
    Verification,
    /// One more proof was asked for since the sign-in looked unusual.
    Challenge,
    /// Blocked as suspicious.
    Suspicious,
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        [
            ("login_success", Self::Success),
            ("login_failure", Self::Failure),
            ("login_verification", Self::Verification),
            ("login_challenge", Self::Challenge),
            ("suspicious_login", Self::Suspicious),
            ("suspicious_login_less_secure_app", Self::Suspicious),
            ("suspicious_programmatic_login", Self::Suspicious),
        ]
        .into_iter()
        .find_map(|(known, kind)| name.trim().eq_ignore_ascii_case(known).then_some(kind))
    }
}

/// How the user signed in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LoginType {
    Password,
    /// Another provider vouched for the user.
    Federated,
    /// A credential was exchanged for another: there may have been a session before.
    Exchange,
    /// Within a session.
    Again,
    Unknown,
}

impl LoginType {
    fn of(event: &Event<'_>) -> Self {
        match event.parameters.get("login_type").unwrap_or_default() {
            text if text.eq_ignore_ascii_case("google_password") => Self::Password,
            text if text.eq_ignore_ascii_case("saml") => Self::Federated,
            text if text.eq_ignore_ascii_case("exchange") => Self::Exchange,
            text if text.eq_ignore_ascii_case("reauth") => Self::Again,
            _ => Self::Unknown,
        }
    }
}

fn used<'a>(kind: Kind, login_type: LoginType, event: &Event<'a>) -> Option<Used<'a>> {
    let named = event.parameters.all("login_challenge_method");
    let list: Vec<_> = named
        .iter()
        .filter_map(|raw| known(Some(raw.clone())))
        .map(|raw| {
            let method = method(Provider::GoogleWorkspace, &raw);
            (raw, method)
        })
        .collect();
    if matches!(kind, Kind::Verification | Kind::Challenge) {
        return list.into_iter().next().map(|(raw, method)| Used::second(raw, method));
    }
    if list.iter().any(|(_, method)| *method == Method::Password) {
        return Some(Used::in_order(list));
    }
    // The first factor is in the type of the login.
    let first = match login_type {
        LoginType::Password => Some(("google_password", Method::Password)),
        LoginType::Federated => Some(("saml", Method::FedSf)),
        _ => None,
    };
    match (first, list.is_empty()) {
        (Some((raw, first)), _) => {
            let mut all = vec![(Cow::Borrowed(raw), first)];
            all.extend(list);
            Some(Used::in_order(all))
        }
        (None, true) => (!named.is_empty()).then(Used::default),
        (None, false) => Some(Used::in_order(list)),
    }
}

fn outcome(kind: Kind, event: &Event<'_>) -> &'static str {
    match kind {
        Kind::Success => "success",
        Kind::Failure | Kind::Suspicious => "failure",
        Kind::Verification | Kind::Challenge => match event.parameters.get("login_challenge_status") {
            Some(status) if contains(status, "passed") => "success",
            Some(status) if contains(status, "failed") => "failure",
            // Asked for, and no more is known.
            _ => "challenge",
        },
    }
}

fn verdict(kind: Kind, login_type: LoginType, outcome: &str, used: Option<&Used<'_>>) -> (&'static str, &'static str) {
    const UNKNOWN: (&str, &str) = ("unknown", "unknown");
    let second = used.and_then(|used| used.second);
    match (kind, outcome) {
        (Kind::Verification | Kind::Challenge, "success") if second.is_some() => ("satisfied", "performed"),
        (Kind::Verification | Kind::Challenge, "failure") if second.is_some() => ("failed", "none"),
        (Kind::Verification | Kind::Challenge, _) => UNKNOWN,
        (Kind::Success, _) => match used {
            Some(used) if used.is_multi_factor() => ("satisfied", "performed"),
            // What was done about MFA is in the log of the other provider.
            _ if login_type == LoginType::Federated => ("unknown", "federated"),
            _ if matches!(login_type, LoginType::Exchange | LoginType::Again) => UNKNOWN,
            Some(used) if second.is_none() && used.first != Some(Method::Unknown) => ("not_attempted", "none"),
            _ => UNKNOWN,
        },
        (Kind::Failure, _) if second.is_some() => ("failed", "none"),
        (Kind::Failure | Kind::Suspicious, _) => ("not_attempted", "none"),
    }
}

fn failure_category(kind: Kind, mfa_result: &str, reason: &str) -> &'static str {
    let says = |word: &str| contains(reason, word);
    if kind == Kind::Suspicious {
        "risk_blocked"
    } else if says("invalid_password") {
        "bad_credentials"
    } else if says("account_disabled") || says("suspended") {
        "account_disabled"
    } else if says("disallowed") || says("denied") || says("not_permitted") {
        "policy_blocked"
    } else if says("second_factor") || mfa_result == "failed" {
        "mfa_failed"
    } else {
        "other"
    }
}

fn row<'a>(
    record: &'a [u8],
    mut activity: Activity<'a>,
    kind: Kind,
    mut event: Event<'a>,
) -> Result<SignIn<'a>, Reject> {
    let event_time = activity.time()?;
    let is_saml = activity.id.application.is("saml");
    let login_type = if is_saml { LoginType::Unknown } else { LoginType::of(&event) };
    let used = used(kind, login_type, &event);
    let outcome = outcome(kind, &event);
    // A sign-on to an application says nothing of how its session began.
    let (mfa_result, mfa_satisfied_by) =
        if is_saml { ("unknown", "unknown") } else { verdict(kind, login_type, outcome, used.as_ref()) };
    let parameters = &event.parameters;
    let reason = if outcome == "failure" {
        let names = ["login_failure_type", "failure_type", "saml_second_level_status_code", "saml_status_code"];
        let reason = names.into_iter().find_map(|name| parameters.text(name).cloned());
        reason.or_else(|| (kind == Kind::Suspicious).then(|| event.name.0.clone()).flatten())
    } else {
        None
    };
    let is_suspicious = parameters.bool("is_suspicious").or_else(|| (kind == Kind::Suspicious).then_some(true));
    let is_less_secure = event.name.is("suspicious_login_less_secure_app");
    let affected = parameters.text("affected_email_address").cloned();
    let app_name = parameters.text("application_name").cloned();
    // Who reports a blocked sign-in need not be whose account it is.
    let actor = if affected.is_some() { None } else { activity.actor.id.take() };
    let mut row = SignIn {
        event_id: Some(activity.id.qualifier.take().unwrap_or_else(|| event_id(record))),
        identity_id: known(actor),
        user_principal: known(affected.or_else(|| activity.actor.email.take())).map(lower),
        app_id: app_name.as_ref().and_then(|_| parameters.text("application_id").cloned()),
        app_name: app_name.or(Some(Cow::Borrowed("Google"))),
        event_kind: Some(match kind {
            _ if is_saml => "sso",
            Kind::Verification | Kind::Challenge => "second_factor",
            _ if login_type == LoginType::Exchange => "token",
            _ => "combined",
        }),
        is_interactive: match event.name.as_str() {
            Some(name) if contains(name, "programmatic") => Some(false),
            _ if is_less_secure => Some(false),
            // Another session may have been exchanged by the device itself.
            _ if login_type == LoginType::Exchange => None,
            _ => Some(true),
        },
        surface: Some(if is_less_secure { "legacy_protocol" } else { surface(parameters.get("user_agent")) }),
        protocol: (is_saml || login_type == LoginType::Federated).then_some("saml"),
        is_legacy_auth: is_less_secure.then_some(true),
        outcome: Some(outcome),
        failure_code: reason.clone(),
        failure_category: match outcome {
            "failure" => Some(failure_category(kind, mfa_result, reason.as_deref().unwrap_or_default())),
            "challenge" => Some("mfa_required"),
            _ => None,
        },
        failure_reason_raw: reason,
        mfa_requirement: Some(if parameters.bool("is_second_factor") == Some(true) { "required" } else { "unknown" }),
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: activity.ip.take(),
        user_agent: parameters.text("user_agent").cloned(),
        risk_signals: is_suspicious
            .map(|suspicious| if suspicious { vec![Cow::Borrowed("is_suspicious")] } else { Vec::new() }),
        tenant_id: activity.id.customer.take(),
        event_type_raw: event.name.take(),
        ..unknown(Provider::GoogleWorkspace, event_time)
    };
    if let Some(used) = used {
        used.fill(&mut row);
    }
    Ok(row)
}

/// What an event does to the factors of an account: what happened, the method, and whether an administrator does it.
fn lifecycle(name: &str) -> Option<(&'static str, Option<Method>, bool)> {
    [
        ("2sv_enroll", "completed", Some(Method::Unknown), false),
        // Turned off with all its methods.
        ("2sv_disable", "removed", None, false),
        ("passkey_enrolled", "completed", Some(Method::PasskeySync), false),
        ("passkey_removed", "removed", Some(Method::PasskeySync), false),
        ("UNENROLL_USER_FROM_STRONG_AUTH", "reset", None, true),
        ("TURN_OFF_2_STEP_VERIFICATION", "reset", None, true),
        ("REVOKE_SECURITY_KEY", "removed", Some(Method::Fido2Key), true),
        ("ADD_SECURITY_KEY", "completed", Some(Method::Fido2Key), true),
        ("GENERATE_2SV_SCRATCH_CODES", "completed", Some(Method::BackupCode), true),
        ("DELETE_2SV_SCRATCH_CODES", "removed", Some(Method::BackupCode), true),
    ]
    .into_iter()
    .find_map(|(known, what, method, admin)| name.trim().eq_ignore_ascii_case(known).then_some((what, method, admin)))
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut activity = Activity::read(record)?;
    let mut rows = Vec::new();
    for mut event in std::mem::take(&mut activity.events).0.unwrap_or_default() {
        let Some((event_type, method, by_admin)) = event.name.as_str().and_then(lifecycle) else {
            continue;
        };
        let id = activity.id.qualifier.0.clone().unwrap_or_else(|| event_id(record));
        let subject = if by_admin { event.parameters.text("USER_EMAIL").cloned() } else { None };
        let actor_kind = match (&activity.actor.caller, by_admin) {
            (caller, _) if caller.is("KEY") => "system",
            (_, true) => "admin",
            (_, false) => "self",
        };
        rows.push(FactorEvent {
            event_time: Some(activity.time()?),
            provider: Some(Provider::GoogleWorkspace.as_str()),
            event_id: Some(if rows.is_empty() { id } else { Cow::Owned(format!("{id}:{}", rows.len())) }),
            identity_id: if by_admin { None } else { known(activity.actor.id.0.clone()) },
            user_principal: known(if by_admin { subject } else { activity.actor.email.0.clone() }).map(lower),
            event_type: Some(event_type),
            event_type_raw: event.name.take(),
            method: method.map(Method::as_str),
            outcome: Some("success"),
            actor_id: known(activity.actor.id.0.clone()),
            actor_principal: known(activity.actor.email.0.clone()).map(lower),
            actor_kind: Some(actor_kind),
            ip: activity.ip.0.clone(),
            ..FactorEvent::default()
        });
    }
    Ok(rows)
}

impl<'a> Activity<'a> {
    fn read(record: &'a [u8]) -> Result<Self, Reject> {
        let mut activity: Self = json::parse(record)?;
        let payload = &mut activity.payload;
        let is_cloud_log = ["login.googleapis.com", "admin.googleapis.com"].iter().any(|name| payload.service.is(name));
        for (own, other) in [
            (&mut activity.id.time, &mut activity.flat_time),
            (&mut activity.id.qualifier, &mut activity.flat_qualifier),
            (&mut activity.id.application, &mut activity.flat_application),
            (&mut activity.id.customer, &mut activity.flat_customer),
            (&mut activity.actor.id, &mut activity.flat_actor_id),
            (&mut activity.actor.email, &mut activity.flat_email),
            (&mut activity.actor.caller, &mut activity.flat_caller),
            (&mut activity.ip, &mut payload.request.ip),
        ] {
            if own.0.is_none() {
                own.0 = other.take();
            }
        }
        if activity.actor.email.0.is_none() {
            activity.actor.email.0 = payload.authentication.email.take();
        }
        let is_bigquery = activity.is_bigquery.0 && activity.flat_name.as_str().is_some();
        let has_application = activity.id.application.as_str().is_some();
        if !(activity.kind.is("admin#reports#activity") || has_application || is_cloud_log || is_bigquery) {
            return Err(Reject::at(Category::WrongProvider, 0));
        }
        if is_cloud_log {
            activity.events = std::mem::take(&mut payload.metadata.events);
        }
        if activity.events.iter().next().is_none() {
            // The event is flattened into the activity, with its parameters or with a column for each.
            let parameters = match std::mem::take(&mut activity.parameters) {
                none if none.is_unset() => json::parse_any(record)?,
                parameters => parameters,
            };
            activity.events =
                Many(Some(vec![Event { name: Text(activity.flat_name.take()), parameters, ..Event::default() }]));
        }
        Ok(activity)
    }

    fn time(&self) -> Result<Timestamp, Reject> {
        time::required(&[("time", &self.id.time), ("TimeGenerated", &self.time_generated)])
    }
}

shape! {
    struct Activity<'a> {
        kind: Text<'a> = "kind" | "kind_s",
        id: IdShape<'a> = "id",
        actor: ActorShape<'a> = "actor",
        ip: Text<'a> = "ipAddress" | "ipAddress_s" | "ip_address",
        events: Many<Event<'a>> = "events" | "event",
        /// From here on the event or the activity in columns.
        flat_name: Text<'a> = "name" | "event_name" | "event_name_s",
        parameters: Properties<'a> = "parameters" | "login",
        flat_application: Text<'a> = "id_applicationName_s" | "id_applicationName",
        flat_time: Text<'a> = "id_time_t" | "id_time_t [UTC]" | "id_time_s" | "id_time" | "time_usec" | "timestamp",
        is_bigquery: Present = "record_type",
        flat_qualifier: Text<'a> = "id_uniqueQualifier_s" | "id_uniqueQualifier" | "unique_identifier" | "insertId",
        flat_customer: Text<'a> = "id_customerId_s" | "id_customerId",
        flat_actor_id: Text<'a> = "actor_profileId_s" | "actor_profileId",
        flat_email: Text<'a> = "actor_email_s" | "actor_email" | "email",
        flat_caller: Text<'a> = "actor_callerType_s" | "actor_callerType",
        time_generated: Text<'a> = "TimeGenerated" | "TimeGenerated [UTC]",
        /// Cloud Logging.
        payload: PayloadShape<'a> = "protoPayload",
    }
}

shape! {
    struct IdShape<'a> {
        time: Text<'a> = "time",
        qualifier: Text<'a> = "uniqueQualifier",
        application: Text<'a> = "applicationName",
        customer: Text<'a> = "customerId",
    }
}

shape! {
    struct ActorShape<'a> {
        id: Text<'a> = "profileId",
        email: Text<'a> = "email",
        caller: Text<'a> = "callerType",
    }
}

shape! {
    struct Event<'a> {
        name: Text<'a> = "name" | "eventName",
        parameters: Properties<'a> = "parameters" | "parameter",
    }
}

shape! {
    struct PayloadShape<'a> {
        service: Text<'a> = "serviceName",
        authentication: AuthenticationShape<'a> = "authenticationInfo",
        request: RequestShape<'a> = "requestMetadata",
        metadata: MetadataShape<'a> = "metadata",
    }
}

shape! {
    struct AuthenticationShape<'a> {
        email: Text<'a> = "principalEmail",
    }
}

shape! {
    struct RequestShape<'a> {
        ip: Text<'a> = "callerIp",
    }
}

shape! {
    struct MetadataShape<'a> {
        events: Many<Event<'a>> = "event",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity(application: &str, events: &str) -> String {
        format!(
            r#"{{"kind":"admin#reports#activity","id":{{"time":"2026-01-05T08:00:00.123Z","uniqueQualifier":"q1",
            "applicationName":"{application}","customerId":"C1"}},"actor":{{"email":"Ann@Example.com","profileId":"1"}},
            "ipAddress":"203.0.113.7","events":{events}}}"#
        )
    }

    fn login(name: &str, parameters: &str) -> String {
        activity("login", &format!(r#"[{{"type":"login","name":"{name}","parameters":[{parameters}]}}]"#))
    }

    fn read(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    fn summary(name: &str, parameters: &str) -> [Option<&'static str>; 5] {
        let text = login(name, parameters);
        let row = read(&text);
        [row.outcome, row.mfa_result, row.mfa_satisfied_by, row.first_factor, row.second_factor]
    }

    fn methods(login_type: &str, methods: &[&str]) -> String {
        let list: Vec<_> = methods.iter().map(|method| format!("\"{method}\"")).collect();
        format!(
            r#"{{"name":"login_type","value":"{login_type}"}},
            {{"name":"login_challenge_method","multiValue":[{}]}},{{"name":"is_suspicious","boolValue":false}}"#,
            list.join(",")
        )
    }

    #[test]
    fn what_was_asked_for() {
        let some = |words: [&'static str; 5]| words.map(|word| (!word.is_empty()).then_some(word));
        for (login_type, list, expected) in [
            (
                "google_password",
                &["password", "google_prompt"] as &[&str],
                ["success", "satisfied", "performed", "password", "push"],
            ),
            ("google_password", &["google_prompt"], ["success", "satisfied", "performed", "password", "push"]),
            ("google_password", &["password"], ["success", "not_attempted", "none", "password", ""]),
            ("google_password", &["none"], ["success", "not_attempted", "none", "password", ""]),
            (
                "google_password",
                &["password", "knowledge_employee_id"],
                ["success", "not_attempted", "none", "password", ""],
            ),
            (
                "google_password",
                &["password", "backup_code"],
                ["success", "satisfied", "performed", "password", "backup_code"],
            ),
            (
                "google_password",
                &["password", "something_new"],
                ["success", "unknown", "unknown", "password", "unknown"],
            ),
            ("unknown", &["passkey"], ["success", "satisfied", "performed", "passkey_sync", ""]),
            ("unknown", &["none"], ["success", "not_attempted", "none", "", ""]),
            ("saml", &["none"], ["success", "unknown", "federated", "fed_sf", ""]),
            ("saml", &["security_key"], ["success", "satisfied", "performed", "fed_sf", "fido2_key"]),
            ("exchange", &["none"], ["success", "unknown", "unknown", "", ""]),
            ("reauth", &["password"], ["success", "unknown", "unknown", "password", ""]),
            ("reauth", &["password", "totp"], ["success", "satisfied", "performed", "password", "totp"]),
        ] {
            assert_eq!(summary("login_success", &methods(login_type, list)), some(expected), "{login_type} {list:?}");
        }
        // Nothing is said of any method.
        assert_eq!(summary("login_success", ""), some(["success", "unknown", "unknown", "", ""]));
    }

    #[test]
    fn a_challenge_is_what_became_of_it() {
        let challenge = |status: &str, method: &str| {
            format!(
                r#"{{"name":"login_challenge_method","multiValue":["{method}"]}},
                {{"name":"login_challenge_status","value":"{status}"}},{{"name":"is_second_factor","boolValue":true}}"#
            )
        };
        for (status, method, expected) in [
            ("Challenge Passed.", "totp", ["success", "satisfied", "totp"]),
            ("Challenge Failed.", "totp", ["failure", "failed", "totp"]),
            ("", "totp", ["challenge", "unknown", "totp"]),
            // Knowing a number is no second factor.
            ("Challenge Passed.", "knowledge_preregistered_phone", ["success", "unknown", ""]),
        ] {
            for name in ["login_verification", "login_challenge"] {
                let text = login(name, &challenge(status, method));
                let row = read(&text);
                assert_eq!(row.event_kind, Some("second_factor"));
                let found = [row.outcome, row.mfa_result, row.second_factor];
                assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{name} {status} {method}");
                assert_eq!(row.mfa_requirement, Some("required"));
            }
        }
    }

    #[test]
    fn why_it_failed() {
        for (reason, category) in [
            ("login_failure_invalid_password", "bad_credentials"),
            ("login_failure_account_disabled", "account_disabled"),
            ("login_failure_access_code_disallowed", "policy_blocked"),
            ("login_failure_unknown", "other"),
            ("", "other"),
        ] {
            let text = login("login_failure", &format!(r#"{{"name":"login_failure_type","value":"{reason}"}}"#));
            let row = read(&text);
            assert_eq!((row.outcome, row.failure_category), (Some("failure"), Some(category)), "{reason}");
            assert_eq!(row.mfa_result, Some("not_attempted"));
        }
        let text = login("login_failure", &methods("google_password", &["password", "totp"]));
        assert_eq!((read(&text).mfa_result, read(&text).failure_category), (Some("failed"), Some("mfa_failed")));
    }

    #[test]
    fn what_was_blocked_is_a_failure_of_whose_account_it_is() {
        let warning = r#"[{"type":"account_warning","name":"suspicious_login_less_secure_app",
            "parameters":[{"name":"affected_email_address","value":"Bob@example.com"}]}]"#;
        let text = activity("login", warning);
        let row = read(&text);
        assert_eq!((row.outcome, row.failure_category), (Some("failure"), Some("risk_blocked")));
        assert_eq!((row.user_principal.as_deref(), row.identity_id.as_deref()), (Some("bob@example.com"), None));
        assert_eq!((row.is_legacy_auth, row.surface), (Some(true), Some("legacy_protocol")));
    }

    #[test]
    fn an_array_an_object_and_columns_are_one_event() {
        let expected = login("login_success", &methods("google_password", &["password", "security_key"]));
        let expected = read(&expected);
        let differs = |text: &str| format!("{:?}", read(text)) != format!("{expected:?}");
        assert_eq!(expected.methods.as_deref(), Some(&["password".into(), "fido2_key".into()][..]));
        assert_eq!(expected.is_phishing_resistant, Some(true));
        assert_eq!(expected.event_time.map(|time| time.0), Some(1_767_600_000_123_000));
        let object = activity(
            "login",
            r#"{"name":"login_success","parameters":{"login_type":"google_password",
            "login_challenge_method":["password","security_key"],"is_suspicious":false}}"#,
        );
        assert!(!differs(&object));
        let bare = r#"{"id":{"time":"2026-01-05 08:00:00.123000000","uniqueQualifier":"q1","applicationName":"login",
            "customerId":"C1"},"actor":{"email":"ann@example.com","profileId":"1"},"ipAddress":"203.0.113.7",
            "type":"login","name":"login_success","#;
        for parameters in [
            r#""parameters":{"login_type":"google_password","login_challenge_method":["password","security_key"],"is_suspicious":"false"}}"#,
            r#""login_type":"google_password","login_challenge_method":["password","security_key"],"is_suspicious":false}"#,
            r#""login_type_s":"google_password","login_challenge_method_s":["password","security_key"],"is_suspicious_b":"No"}"#,
        ] {
            assert!(!differs(&format!("{bare}{parameters}")), "{parameters}");
        }
    }

    #[test]
    fn exports_of_google_cloud() {
        let bigquery = r#"{"time_usec":1767600000123000,"email":"ann@example.com","event_type":"login",
            "event_name":"login_success","record_type":"login","unique_identifier":"q1","ip_address":"203.0.113.7",
            "login":{"login_type":"google_password","login_challenge_method":["password","totp"]}}"#;
        let row = read(bigquery);
        assert_eq!(row.event_time.map(|time| time.0), Some(1_767_600_000_123_000));
        assert_eq!((row.second_factor, row.event_id.as_deref()), (Some("totp"), Some("q1")));
        let log = r#"{"insertId":"i1","timestamp":"2026-01-05T08:00:00Z","protoPayload":{"serviceName":"login.googleapis.com",
            "methodName":"google.login.LoginService.loginSuccess","authenticationInfo":{"principalEmail":"ann@example.com"},
            "requestMetadata":{"callerIp":"203.0.113.7"},"metadata":{"event":[{"eventName":"login_success","parameter":[
            {"name":"login_type","value":"google_password"},
            {"name":"login_challenge_method","label":"LABEL_REPEATED","multiStrValue":["password"]}]}]}}}"#;
        let row = read(log);
        assert_eq!((row.mfa_result, row.ip.as_deref()), (Some("not_attempted"), Some("203.0.113.7")));
    }

    #[test]
    fn of_several_events_the_decisive_one() {
        let text = activity(
            "login",
            r#"[{"name":"login_challenge","parameters":[{"name":"login_challenge_status","value":"Challenge Failed."}]},
            {"name":"login_success","parameters":[{"name":"login_type","value":"google_password"}]}]"#,
        );
        assert_eq!(read(&text).event_type_raw.as_deref(), Some("login_success"));
    }

    #[test]
    fn a_sign_on_to_an_application() {
        let text = activity(
            "saml",
            r#"[{"name":"login_failure","parameters":[{"name":"application_name","value":"CRM"},
            {"name":"failure_type","value":"failure_app_not_enabled_for_user"}]}]"#,
        );
        let row = read(&text);
        assert_eq!((row.event_kind, row.protocol, row.app_name.as_deref()), (Some("sso"), Some("saml"), Some("CRM")));
        assert_eq!((row.outcome, row.mfa_result), (Some("failure"), Some("unknown")));
    }

    #[test]
    fn enrolments_are_no_sign_ins() {
        for (application, name) in [
            ("user_accounts", "2sv_enroll"),
            ("login", "2sv_disable"),
            ("login", "logout"),
            ("drive", "view"),
            ("admin", "CREATE_USER"),
            ("login", "account_disabled_password_leak"),
            ("user_accounts", "titanium_enroll"),
        ] {
            let text = activity(application, &format!(r#"[{{"name":"{name}"}}]"#));
            assert_eq!(parse(text.as_bytes()), Ok(None), "{name}");
        }
    }

    fn events(text: &str) -> Vec<FactorEvent<'_>> {
        factor_events(Record::Json(text.as_bytes())).expect("reads")
    }

    #[test]
    fn the_life_of_factors() {
        let text = activity("user_accounts", r#"{"type":"2sv_change","name":"2sv_enroll"}"#);
        let [event] = &events(&text)[..] else { panic!("is one event") };
        assert_eq!(
            (event.event_type, event.method, event.actor_kind),
            (Some("completed"), Some("unknown"), Some("self"))
        );
        assert_eq!((event.identity_id.as_deref(), event.event_id.as_deref()), (Some("1"), Some("q1")));
        let text = activity(
            "admin",
            r#"[{"name":"UNENROLL_USER_FROM_STRONG_AUTH","parameters":[{"name":"USER_EMAIL","value":"Bob@example.com"}]},
            {"name":"CREATE_USER"},
            {"name":"DELETE_2SV_SCRATCH_CODES","parameters":[{"name":"USER_EMAIL","value":"Bob@example.com"}]}]"#,
        );
        let rows = events(&text);
        let found: Vec<_> = rows.iter().map(|row| (row.event_type, row.method, row.event_id.as_deref())).collect();
        assert_eq!(found, [(Some("reset"), None, Some("q1")), (Some("removed"), Some("backup_code"), Some("q1:1"))]);
        assert_eq!(
            (rows[0].identity_id.as_deref(), rows[0].user_principal.as_deref()),
            (None, Some("bob@example.com"))
        );
        assert_eq!((rows[0].actor_principal.as_deref(), rows[0].actor_kind), (Some("ann@example.com"), Some("admin")));
        assert!(events(&login("login_success", "")).is_empty());
        for policy in ["ENFORCE_STRONG_AUTHENTICATION", "ALLOW_STRONG_AUTHENTICATION"] {
            assert!(events(&activity("admin", &format!(r#"[{{"name":"{policy}"}}]"#))).is_empty());
        }
    }

    #[test]
    fn odd_values_and_what_is_rejected() {
        let odd = activity("login", r#"[{"name":"login_success","parameters":[{"name":["x"],"value":{}},null,7]}]"#);
        assert_eq!(read(&odd).mfa_result, Some("unknown"));
        let undated = r#"{"id":{"applicationName":"login"},"name":"login_success"}"#;
        assert_eq!(parse(undated.as_bytes()).map_err(|reject| reject.category), Err(Category::MissingField));
        for other in [r#"{"id":"x","name":"login_success"}"#, r#"{"kind":"admin#directory#user","id":"1"}"#, "{}"] {
            assert_eq!(
                parse(other.as_bytes()).map_err(|reject| reject.category),
                Err(Category::WrongProvider),
                "{other}"
            );
        }
    }
}
