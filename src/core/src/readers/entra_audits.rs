//! Microsoft Entra directory audits: the life of authentication methods, as Graph, the diagnostic export and Log Analytics
//! write it.
//!
//! The activity says what happened, and only the reason beside it says to which method, in words. An account whose strong
//! authentication is switched off keeps its methods. All else in the audits is ignored.

use super::json::{self, Many, Nested, Text, shape};
use super::properties::Properties;
use super::used::known;
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, pick, time};
use crate::model::{FactorEvent, Method, Provider};

pub(super) const READER: Reader = Reader {
    name: "read_entra_audits",
    summary: "Microsoft Entra directory audits, Graph or diagnostic export: the life of authentication methods",
    layout: Layout::Json,
    example: "read_entra_audits('tests/data/entra_audits.json')",
    parse: &[Parse::FactorEvents(factor_events)],
    source: "Microsoft Graph: directoryAudit resource type; Microsoft Entra: audit log activities",
    export: "Graph `auditLogs/directoryAudits`, a diagnostic setting of AuditLogs, or rows of the table `AuditLogs` \
             as JSON",
    shapes: &[
        "directoryAudit objects, bare or in pages (`value`)",
        "records of a diagnostic setting, with `category` and `properties`",
        "rows of `AuditLogs`",
    ],
    ignores: &[
        (
            "activities that change no authentication method, such as those on groups, applications and policies",
            "the audit is of the whole directory",
        ),
        ("changes of a user that leave `StrongAuthenticationMethod` alone", "only that property holds methods"),
    ],
    fills: &[
        "event_time provider event_id correlation_id identity_id user_principal event_type event_type_raw method \
         method_raw outcome failure_reason_raw actor_id actor_principal actor_kind ip user_agent",
    ],
};

/// What an activity does to the methods of an account, and the method where the activity names it.
pub(super) fn lifecycle(activity: &str) -> Option<(&'static str, Option<Method>)> {
    // The unified audit log ends names with a full stop.
    let activity = activity.trim().trim_end_matches('.');
    [
        ("User started security info registration", "started", None),
        ("User registered security info", "completed", None),
        ("User registered all required security info", "completed", None),
        ("User cancelled security info registration", "abandoned", None),
        ("User canceled security info registration", "abandoned", None),
        ("User changed default security info", "changed", None),
        ("User updated security info", "changed", None),
        ("User deleted security info", "removed", None),
        ("Admin registered security info", "completed", None),
        ("Admin updated security info", "changed", None),
        ("Admin deleted security info", "removed", None),
        ("Admin registered temporary access pass method for user", "completed", Some(Method::TempPass)),
        ("Admin deleted temporary access pass method for user", "removed", Some(Method::TempPass)),
        ("Add Windows Hello for Business credential", "completed", Some(Method::Platform)),
        ("Delete Windows Hello for Business credential", "removed", Some(Method::Platform)),
        ("Add passwordless phone sign-in credential", "completed", Some(Method::PhoneSignin)),
        ("Delete passwordless phone sign-in credential", "removed", Some(Method::PhoneSignin)),
        ("Enable Strong Authentication", "changed", None),
        ("Disable Strong Authentication", "changed", None),
    ]
    .into_iter()
    .find_map(|(known, what, method)| activity.eq_ignore_ascii_case(known).then_some((what, method)))
}

/// What a change of the property that holds the methods means; `None` when it is not changed.
pub(super) fn changed_methods(properties: &Properties<'_>) -> Option<(&'static str, Option<Method>)> {
    const PROPERTY: &str = "StrongAuthenticationMethod";
    let (new, old) = (properties.get(PROPERTY).unwrap_or_default(), properties.old(PROPERTY).unwrap_or_default());
    let kinds = |text: &str| {
        let kinds: Many<MethodShape<'_>> = json::parse_any(text.as_bytes()).unwrap_or_default();
        let numbers: Vec<_> = kinds.iter().filter_map(|kind| kind.kind.as_str().map(str::to_owned)).collect();
        numbers
    };
    let (new, old) = (kinds(new), kinds(old));
    let added: Vec<_> = new.iter().filter(|kind| !old.contains(kind)).collect();
    let removed: Vec<_> = old.iter().filter(|kind| !new.contains(kind)).collect();
    let only = |list: &[&String]| match list {
        [kind] => Some(number(kind)),
        _ => None,
    };
    match (properties.has(PROPERTY), &added[..], &removed[..]) {
        (false, ..) => None,
        (_, [], []) => Some(("changed", None)),
        (_, added, []) => Some(("completed", Some(only(added).unwrap_or(Method::Unknown)))),
        // All of them, or one.
        (_, [], removed) if new.is_empty() && removed.len() > 1 => Some(("removed", None)),
        (_, [], removed) => Some(("removed", Some(only(removed).unwrap_or(Method::Unknown)))),
        _ => Some(("changed", None)),
    }
}

/// The number of a method in the directory.
fn number(kind: &str) -> Method {
    match kind {
        "0" | "2" | "3" => Method::Voice,
        "1" | "4" | "5" => Method::SmsOtp,
        "6" => Method::Push,
        "7" => Method::Totp,
        _ => Method::Unknown,
    }
}

/// The method in a sentence like "User registered Authenticator App with Notification and Code". Where one registration gives
/// several, the weaker.
pub(super) fn method_in(reason: &str) -> Option<Method> {
    [
        ("temporary access pass", Method::TempPass),
        ("app password", Method::AppPassword),
        ("windows hello", Method::Platform),
        ("platform credential", Method::Platform),
        ("device-bound", Method::PasskeyDev),
        ("device bound", Method::PasskeyDev),
        ("fido", Method::Fido2Key),
        ("security key", Method::Fido2Key),
        ("passkey", Method::PasskeySync),
        ("hardware oath", Method::OtpHw),
        ("passwordless phone", Method::PhoneSignin),
        ("phone sign-in", Method::PhoneSignin),
        ("notification", Method::Push),
        ("app with code", Method::Totp),
        ("oath", Method::Totp),
        ("authenticator app", Method::Push),
        ("security question", Method::Question),
        ("external authentication", Method::FedMfa),
        ("certificate", Method::CertSf),
        ("office phone", Method::Voice),
        ("sms", Method::SmsOtp),
        ("call", Method::Voice),
        ("phone", Method::SmsOtp),
        ("email", Method::EmailOtp),
    ]
    .into_iter()
    .find_map(|(word, method)| contains(reason, word).then_some(method))
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut audit: Audit<'_> = json::parse(record)?;
    let outer =
        (audit.category.is("AuditLogs"), audit.time.take(), audit.operation.take(), audit.correlation_id.take());
    if let Some(properties) = audit.properties.0.take() {
        audit = *properties;
    }
    let (is_export, time, operation, correlation_id) = outer;
    let activity = pick([&mut audit.activity, &mut audit.operation]).or(operation);
    let (Some(activity), true) = (activity, is_export || audit.initiator.is_there() || audit.targets.0.is_some())
    else {
        return Err(Reject::at(Category::WrongProvider, 0));
    };
    let mut targets = std::mem::take(&mut audit.targets).0.unwrap_or_default();
    let target = targets.iter().position(|target| target.kind.is("User") || target.principal.as_str().is_some());
    let mut target = target.map(|at| targets.swap_remove(at)).unwrap_or_default();
    let change = lifecycle(&activity).or_else(|| changed_methods(&target.changes));
    let Some((event_type, method)) = change else {
        return Ok(Vec::new());
    };
    if audit.time.0.is_none() {
        audit.time.0 = time;
    }
    let event_time = time::required(&[
        ("activityDateTime", &audit.activity_time),
        ("time", &audit.time),
        ("TimeGenerated", &audit.time_generated),
    ])?;
    let reason = pick([&mut audit.reason, &mut audit.description]);
    let method = method.or_else(|| reason.as_deref().and_then(method_in));
    let user = &mut audit.initiator.user;
    let (by_user, by_app) = (user.is_there(), audit.initiator.app.is_there());
    let same = |own: &Text<'_>, other: &Text<'_>| own.as_str().is_some_and(|own| other.is(own));
    let is_self = same(&user.id, &target.id) || same(&user.principal, &target.principal);
    let has_target = target.id.as_str().is_some() || target.principal.as_str().is_some();
    let actor_kind = match (by_user, by_app) {
        (true, _) if is_self || !has_target => "self",
        (true, _) => "admin",
        (false, true) => "system",
        (false, false) => "unknown",
    };
    let (identity_id, principal) = if has_target {
        (target.id.take(), target.principal.take())
    } else {
        (user.id.0.clone(), user.principal.0.clone())
    };
    let app = &mut audit.initiator.app;
    let outcome = match audit.result.as_str() {
        Some(result) if result.eq_ignore_ascii_case("success") || result == "0" => "success",
        Some(result) if result.eq_ignore_ascii_case("failure") || result.eq_ignore_ascii_case("timeout") => "failure",
        _ => "unknown",
    };
    // What could not be finished was not registered.
    let event_type = if event_type == "completed" && outcome == "failure" { "verify_failed" } else { event_type };
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        provider: Some(Provider::Entra.as_str()),
        event_id: Some(audit.id.take().unwrap_or_else(|| event_id(record))),
        correlation_id: audit.correlation_id.take().or(correlation_id),
        identity_id,
        user_principal: principal.map(lower),
        event_type: Some(event_type),
        event_type_raw: Some(activity),
        method: method.map(Method::as_str),
        method_raw: method.and(reason.clone()),
        outcome: Some(outcome),
        failure_reason_raw: if outcome == "failure" { reason } else { None },
        actor_id: user.id.take().or_else(|| pick([&mut app.service_principal, &mut app.id])),
        actor_principal: user.principal.take().map(lower).or_else(|| app.name.take()),
        actor_kind: Some(actor_kind),
        ip: known(user.ip.take()),
        user_agent: audit.details.text("User-Agent").cloned(),
        ..FactorEvent::default()
    }])
}

shape! {
    struct Audit<'a> {
        id: Text<'a> = "id",
        category: Text<'a> = "category",
        properties: Nested<Audit<'a>> = "properties",
        activity: Text<'a> = "activityDisplayName",
        operation: Text<'a> = "operationName",
        activity_time: Text<'a> = "activityDateTime",
        time: Text<'a> = "time",
        time_generated: Text<'a> = "TimeGenerated" | "TimeGenerated [UTC]",
        correlation_id: Text<'a> = "correlationId",
        result: Text<'a> = "result",
        reason: Text<'a> = "resultReason",
        description: Text<'a> = "resultDescription",
        initiator: InitiatorShape<'a> = "initiatedBy",
        targets: Many<TargetShape<'a>> = "targetResources",
        details: Properties<'a> = "additionalDetails",
    }
}

shape! {
    struct InitiatorShape<'a> {
        user: UserShape<'a> = "user",
        app: AppShape<'a> = "app",
    }
}

impl InitiatorShape<'_> {
    fn is_there(&self) -> bool {
        self.user.is_there() || self.app.is_there()
    }
}

shape! {
    struct UserShape<'a> {
        id: Text<'a> = "id",
        principal: Text<'a> = "userPrincipalName",
        ip: Text<'a> = "ipAddress",
    }
}

impl UserShape<'_> {
    fn is_there(&self) -> bool {
        self.id.as_str().is_some() || self.principal.as_str().is_some()
    }
}

shape! {
    struct AppShape<'a> {
        id: Text<'a> = "appId",
        name: Text<'a> = "displayName",
        service_principal: Text<'a> = "servicePrincipalId",
    }
}

impl AppShape<'_> {
    fn is_there(&self) -> bool {
        [&self.id, &self.name, &self.service_principal].iter().any(|text| text.as_str().is_some())
    }
}

shape! {
    struct TargetShape<'a> {
        id: Text<'a> = "id",
        kind: Text<'a> = "type",
        principal: Text<'a> = "userPrincipalName",
        changes: Properties<'a> = "modifiedProperties",
    }
}

shape! {
    struct MethodShape<'a> {
        kind: Text<'a> = "MethodType",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit(activity: &str, reason: &str, actor: &str, more: &str) -> String {
        format!(
            r#"{{"id":"a1","category":"UserManagement","correlationId":"c1","result":"success","resultReason":"{reason}",
            "activityDisplayName":"{activity}","activityDateTime":"2026-01-05T08:00:00Z","loggedByService":"Authentication Methods",
            "initiatedBy":{{"app":null,"user":{{"id":"{actor}","userPrincipalName":"{actor}@example.com","ipAddress":"203.0.113.7"}}}},
            "targetResources":[{{"id":"ann","type":"User","userPrincipalName":"Ann@example.com","modifiedProperties":[{more}]}}],
            "additionalDetails":[]}}"#
        )
    }

    fn read(text: &str) -> FactorEvent<'_> {
        let mut rows = factor_events(Record::Json(text.as_bytes())).expect("reads");
        assert_eq!(rows.len(), 1, "{text}");
        rows.remove(0)
    }

    #[test]
    fn activities() {
        for (activity, reason, actor, expected) in [
            (
                "User registered security info",
                "User registered Authenticator App with Notification and Code",
                "ann",
                ["completed", "push", "self"],
            ),
            (
                "User registered security info",
                "User registered Authenticator App with Code",
                "ann",
                ["completed", "totp", "self"],
            ),
            (
                "User registered security info",
                "User registered Mobile Phone Call and SMS",
                "ann",
                ["completed", "sms_otp", "self"],
            ),
            ("User registered security info", "User registered Office Phone", "ann", ["completed", "voice", "self"]),
            (
                "User registered security info",
                "User registered Fido2 Authentication Method",
                "ann",
                ["completed", "fido2_key", "self"],
            ),
            ("User registered security info", "", "ann", ["completed", "", "self"]),
            (
                "User started security info registration",
                "User started the registration for Email",
                "ann",
                ["started", "email_otp", "self"],
            ),
            (
                "User registered all required security info",
                "User registered all required security info",
                "ann",
                ["completed", "", "self"],
            ),
            ("User deleted security info", "User deleted Mobile Phone SMS", "ann", ["removed", "sms_otp", "self"]),
            (
                "Admin deleted security info",
                "Admin deleted phone method for user",
                "bob",
                ["removed", "sms_otp", "admin"],
            ),
            ("Admin registered temporary access pass method for user", "", "bob", ["completed", "temp_pass", "admin"]),
            (
                "user changed default security info",
                "User changed the default security info to Authenticator App",
                "ann",
                ["changed", "push", "self"],
            ),
            ("Disable Strong Authentication", "", "bob", ["changed", "", "admin"]),
        ] {
            let text = audit(activity, reason, actor, "");
            let row = read(&text);
            let found = [row.event_type, row.method, row.actor_kind];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{activity}: {reason}");
            assert_eq!(
                (row.identity_id.as_deref(), row.user_principal.as_deref()),
                (Some("ann"), Some("ann@example.com"))
            );
        }
    }

    #[test]
    fn a_registration_that_failed_is_none() {
        let text = audit("User registered security info", "User failed to register SMS", "ann", "")
            .replace(r#""result":"success""#, r#""result":"failure""#);
        let row = read(&text);
        assert_eq!((row.event_type, row.outcome), (Some("verify_failed"), Some("failure")));
        assert!(row.failure_reason_raw.is_some());
    }

    #[test]
    fn the_property_that_holds_the_methods() {
        for (new, old, expected) in [
            ("[{\\\"MethodType\\\":6,\\\"Default\\\":true}]", "[]", ["completed", "push"]),
            ("[]", "[{\\\"MethodType\\\":7}]", ["removed", "totp"]),
            ("[]", "[{\\\"MethodType\\\":7},{\\\"MethodType\\\":6}]", ["removed", ""]),
            ("[{\\\"MethodType\\\":6}]", "[{\\\"MethodType\\\":7}]", ["changed", ""]),
        ] {
            let change =
                format!(r#"{{"displayName":"StrongAuthenticationMethod","oldValue":"{old}","newValue":"{new}"}}"#);
            let text = audit("Update user", "", "bob", &change);
            let row = read(&text);
            let found = [row.event_type, row.method];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{new} {old}");
        }
    }

    #[test]
    fn every_envelope() {
        let bare = audit("User registered security info", "User registered SMS", "ann", "");
        let expected = format!("{:?}", read(&bare));
        let export = format!(
            r#"{{"time":"2026-01-05T08:00:00Z","operationName":"User registered security info","category":"AuditLogs",
            "resultType":"","properties":{bare}}}"#
        );
        assert_eq!(format!("{:?}", read(&export)), expected);
        let table = r#"{"TimeGenerated":"2026-01-05T08:00:00Z","Id":"a1","Category":"UserManagement","CorrelationId":"c1",
            "Result":"success","ResultReason":"User registered SMS","OperationName":"User registered security info",
            "InitiatedBy":"{\"user\":{\"id\":\"ann\",\"userPrincipalName\":\"ann@example.com\",\"ipAddress\":\"203.0.113.7\"}}",
            "TargetResources":"[{\"id\":\"ann\",\"type\":\"User\",\"userPrincipalName\":\"Ann@example.com\"}]"}"#;
        assert_eq!(format!("{:?}", read(table)), expected);
    }

    #[test]
    fn what_is_ignored_and_what_is_rejected() {
        for activity in ["Update user", "Add member to group", "Update conditional access policy"] {
            let text = audit(activity, "", "bob", r#"{"displayName":"Department","oldValue":"a","newValue":"b"}"#);
            assert_eq!(factor_events(Record::Json(text.as_bytes())), Ok(Vec::new()), "{activity}");
        }
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"operationName":"Sign-in activity","category":"SignInLogs"}"#, Category::WrongProvider),
            (
                r#"{"activityDisplayName":"User registered security info","initiatedBy":{"user":{"id":"x"}}}"#,
                Category::MissingField,
            ),
        ] {
            let found = factor_events(Record::Json(text.as_bytes())).map_err(|reject| reject.category);
            assert_eq!(found, Err(category), "{text}");
        }
    }
}
