//! Office 365 unified audit log: sign-ins as the services of Microsoft 365 record them, from the Management API, an export with
//! its record in the column `AuditData`, or Log Analytics.
//!
//! `ResultStatus` says whether the request was served, so it can be Success in a sign-in that failed: the error number and
//! `LogonError` decide. A sign-in says nothing of MFA unless it failed at it.

use std::borrow::Cow;

use super::entra_audits::{changed_methods, lifecycle, method_in};
use super::entra_signins::classify;
use super::json::{self, Many, Nested, Number, Text, shape};
use super::properties::Properties;
use super::used::{known, surface, unknown};
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, pick, time};
use crate::model::{FactorEvent, Method, Provider, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_o365_audit",
    summary: "Office 365 unified audit log, JSON or the portal's CSV: sign-ins, or the life of authentication methods",
    layout: Layout::Any,
    example: "read_o365_audit('tests/data/o365_audit.json')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "Microsoft 365: Office 365 Management Activity API schema",
    export: "the Management Activity API, `Search-UnifiedAuditLog`, the CSV of an audit search in the portal, or rows \
             of `OfficeActivity` as JSON",
    shapes: &[
        "audit records, bare or in arrays",
        "records with the audit record in `AuditData`, as text or object",
        "CSV with a column `AuditData`",
        "rows of `OfficeActivity`",
    ],
    ignores: &[
        (
            "sign-ins: operations other than UserLoggedIn and UserLoginFailed",
            "files, mail and administration are no sign-ins",
        ),
        ("factor events: operations that change no authentication method", "as above"),
    ],
    fills: &[
        "event_time provider event_id correlation_id session_id event_type_raw identity_id user_principal app_id \
         event_kind is_interactive surface protocol client_app_raw is_legacy_auth outcome failure_code \
         failure_reason_raw failure_category mfa_requirement mfa_result mfa_satisfied_by ip device_id device_os \
         device_trust browser user_agent tenant_id home_tenant_id",
        "event_time provider event_id correlation_id identity_id user_principal event_type event_type_raw method \
         method_raw outcome actor_principal actor_kind ip",
    ],
};

fn read(record: &[u8]) -> Result<Audit<'_>, Reject> {
    let mut audit: Audit<'_> = json::parse(record)?;
    if let Some(data) = audit.data.0.take() {
        audit = *data;
    }
    let is_audit = audit.operation.as_str().is_some()
        && [&audit.workload, &audit.record_type, &audit.organization].iter().any(|text| text.as_str().is_some());
    if !is_audit {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    Ok(audit)
}

/// One record.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let audit = read(record)?;
    let failed = match audit.operation.as_str().unwrap_or_default() {
        name if name.eq_ignore_ascii_case("UserLoggedIn") => false,
        name if name.eq_ignore_ascii_case("UserLoginFailed") => true,
        _ => return Ok(None),
    };
    row(record, audit, failed).map(Some)
}

/// The error code that an error's name stands for.
fn code_of(error: &str) -> Option<i64> {
    [
        ("UserStrongAuthClientAuthNRequired", 50074),
        ("UserStrongAuthClientAuthNRequiredInterrupt", 50074),
        ("StrongAuthenticationRequired", 50076),
        ("UserStrongAuthExpired", 50078),
        ("UserStrongAuthEnrollmentRequired", 50079),
        ("UserStrongAuthEnrollmentRequiredInterrupt", 50072),
        ("AuthenticationFailedSasError", 500_121),
        ("UserStrongAuthClientAuthNFailed", 500_121),
        ("ExternalSecurityChallenge", 50158),
        ("InvalidUserNameOrPassword", 50126),
        ("InvalidPasswordExpiredPassword", 50055),
        ("UserAccountNotFound", 50034),
        ("UserAccountNotInDirectory", 50034),
        ("IdsLocked", 50053),
        ("UserDisabled", 50057),
        ("BlockedByConditionalAccess", 53003),
        ("DeviceNotCompliant", 53000),
        ("DeviceNotDomainJoined", 53001),
        ("ProofUpBlockedDueToRisk", 53004),
        ("ProofUpBlockedDueToSecurityInfoAcr", 53011),
        ("SsoUserAccountNotFoundInResourceTenant", 50020),
        ("InvalidSasToken", 500_121),
        ("DeviceAuthenticationRequired", 50097),
        ("DeviceAuthenticationFailed", 50097),
        ("UserInformationNotProvided", 50058),
        ("KmsiInterrupt", 50140),
        ("SsoArtifactInvalidOrExpired", 50058),
        ("SsoArtifactExpiredDueToConditionalAccess", 70044),
        ("SsoArtifactRevoked", 70043),
        ("PasswordResetRegistrationRequiredInterrupt", 50125),
    ]
    .into_iter()
    .find_map(|(name, code)| error.eq_ignore_ascii_case(name).then_some(code))
}

fn outcome(audit: &Audit<'_>, failed: bool) -> (&'static str, Option<&'static str>) {
    let number = audit.error_number.as_i64().filter(|number| *number != 0);
    let error = known(audit.logon_error.0.clone().or_else(|| audit.extended.text("LogonError").cloned()));
    match (number, error.as_deref()) {
        (Some(number), error) => match (classify(number), error.and_then(code_of)) {
            // A number that means nothing in particular, and a name that does.
            (("failure", Some("other")), Some(code)) => classify(code),
            (outcome, _) => outcome,
        },
        (None, Some(error)) => code_of(error).map_or(("failure", Some("other")), classify),
        (None, None) if failed => ("failure", Some("other")),
        (None, None) => match audit.status.as_str().unwrap_or_default() {
            status if ["success", "succeeded", "true"].iter().any(|word| status.eq_ignore_ascii_case(word)) => {
                ("success", None)
            }
            status if ["failed", "failure", "fail", "false"].iter().any(|word| status.eq_ignore_ascii_case(word)) => {
                ("failure", Some("other"))
            }
            _ if audit.error_number.as_i64() == Some(0) => ("success", None),
            _ => ("unknown", None),
        },
    }
}

fn row<'a>(record: &'a [u8], mut audit: Audit<'a>, failed: bool) -> Result<SignIn<'a>, Reject> {
    let event_time = audit.time()?;
    let (outcome, failure_category) = outcome(&audit, failed);
    let error = audit.logon_error.take().or_else(|| audit.extended.text("LogonError").cloned());
    let error = known(error).filter(|_| outcome != "success");
    let (mfa_result, mfa_satisfied_by) = match (outcome, failure_category) {
        ("success", _) | ("unknown", _) => ("unknown", "unknown"),
        (_, Some("mfa_failed")) => ("failed", "none"),
        _ => ("not_attempted", "none"),
    };
    let agent = audit.extended.text("UserAgent").cloned().or_else(|| audit.user_agent.take());
    let is_ropc = agent
        .as_deref()
        .is_some_and(|agent| ["bav2ropc", "cbainprod", "cbaintar"].iter().any(|word| agent.eq_ignore_ascii_case(word)));
    let request = audit.extended.get("RequestType").unwrap_or_default();
    let is_interactive = match request {
        _ if is_ropc => Some(false),
        "" => None,
        request if contains(request, "OAuth2:Token") || contains(request, "OrgIdWsTrust") => Some(false),
        request
            if ["login:", "saml", "sas:", "kmsi:", "wsfed", "oauth2:authorize", "cmsi:"]
                .iter()
                .any(|word| contains(request, word)) =>
        {
            Some(true)
        }
        _ => None,
    };
    let device = std::mem::take(&mut audit.device);
    let device_trust = match (device.bool("IsCompliantAndManaged"), device.bool("IsCompliant"), device.get("TrustType"))
    {
        (Some(true), ..) | (_, Some(true), _) => Some("compliant"),
        (.., Some(_)) => Some("registered"),
        (Some(false), ..) | (_, Some(false), _) => Some("unmanaged"),
        _ => None,
    };
    let principal = audit.user.take().filter(|user| user.contains('@'));
    let identity_id = audit.identity();
    Ok(SignIn {
        event_id: Some(pick([&mut audit.id, &mut audit.sentinel_id]).unwrap_or_else(|| event_id(record))),
        correlation_id: audit.correlation.take(),
        session_id: device.text("SessionId").cloned(),
        identity_id,
        user_principal: principal.map(lower),
        app_id: known(audit.application.take()),
        event_kind: Some(if is_interactive == Some(false) { "token" } else { "combined" }),
        is_interactive,
        surface: Some(if is_ropc { "legacy_protocol" } else { surface(agent.as_deref()) }),
        protocol: is_ropc.then_some("ropc"),
        client_app_raw: audit.extended.text("RequestType").cloned(),
        is_legacy_auth: is_ropc.then_some(true),
        outcome: Some(outcome),
        failure_code: audit
            .error_number
            .as_i64()
            .filter(|number| *number != 0)
            .map(|number| Cow::Owned(number.to_string())),
        failure_reason_raw: error,
        failure_category,
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: audit.ip(),
        device_id: device.text("Id").cloned(),
        device_os: device.text("OS").cloned(),
        device_trust,
        browser: device.text("BrowserType").cloned(),
        user_agent: agent,
        tenant_id: audit.organization.take(),
        home_tenant_id: audit.home_tenant.take(),
        event_type_raw: audit.operation.take(),
        ..unknown(Provider::O365, event_time)
    })
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut audit = read(record)?;
    let change = lifecycle(audit.operation.as_str().unwrap_or_default());
    let Some((event_type, method)) = change.or_else(|| changed_methods(&audit.modified)) else {
        return Ok(Vec::new());
    };
    let event_time = audit.time()?;
    let reason = ["resultDescription", "resultReason", "additionalDetails"]
        .into_iter()
        .find_map(|name| audit.extended.text(name).filter(|text| !json::looks_like_json(text)).cloned());
    let method = method.or_else(|| reason.as_deref().and_then(method_in));
    let outcome = match audit.status.as_str().unwrap_or_default() {
        status if status.eq_ignore_ascii_case("success") || status.eq_ignore_ascii_case("succeeded") => "success",
        status if contains(status, "fail") => "failure",
        _ => "unknown",
    };
    let actor = audit.user.take();
    let subject = audit.object.take().filter(|object| object.contains('@')).map(lower);
    let actor_kind = match (actor.as_deref(), subject.as_deref()) {
        (Some(actor), Some(subject)) if actor.eq_ignore_ascii_case(subject) => "self",
        (Some(actor), _) if actor.contains('@') => "admin",
        (Some(_), _) => "system",
        (None, _) => "unknown",
    };
    let event_type = if event_type == "completed" && outcome == "failure" { "verify_failed" } else { event_type };
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        provider: Some(Provider::O365.as_str()),
        event_id: Some(pick([&mut audit.id, &mut audit.sentinel_id]).unwrap_or_else(|| event_id(record))),
        correlation_id: audit.correlation.take(),
        identity_id: audit.target(),
        user_principal: subject,
        event_type: Some(event_type),
        event_type_raw: audit.operation.take(),
        method: method.map(Method::as_str),
        method_raw: method.and(reason),
        outcome: Some(outcome),
        actor_id: None,
        actor_principal: actor.map(lower),
        actor_kind: Some(actor_kind),
        ip: audit.ip(),
        ..FactorEvent::default()
    }])
}

/// Whether a text is the id of an object in the directory.
fn is_object_id(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').map(str::len).collect();
    groups == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

impl<'a> Audit<'a> {
    fn time(&self) -> Result<Timestamp, Reject> {
        time::required(&[("CreationTime", &self.time), ("TimeGenerated", &self.time_generated)])
    }

    /// The id of the user, which is one of several names of the actor.
    fn identity(&mut self) -> Option<Cow<'a, str>> {
        let named = self.actors.iter().filter_map(|actor| actor.id.0.clone());
        named.chain(self.user_key.take()).find(|id| is_object_id(id))
    }

    fn target(&mut self) -> Option<Cow<'a, str>> {
        let ids = std::mem::take(&mut self.targets).0.unwrap_or_default().into_iter().filter_map(|target| target.id.0);
        ids.into_iter().find_map(|id| match id.strip_prefix("User_") {
            Some(rest) => is_object_id(rest).then(|| Cow::Owned(rest.to_owned())),
            None => is_object_id(&id).then_some(id),
        })
    }

    /// The address without its port.
    fn ip(&mut self) -> Option<Cow<'a, str>> {
        let ip = known(pick([&mut self.client_ip, &mut self.actor_ip]))?;
        let bare = match ip.strip_prefix('[') {
            Some(rest) => rest.split(']').next(),
            None if ip.bytes().filter(|byte| *byte == b':').count() == 1 => ip.split(':').next(),
            None => None,
        };
        Some(match bare {
            Some(bare) => Cow::Owned(bare.to_owned()),
            None => ip,
        })
    }
}

shape! {
    struct Audit<'a> {
        id: Text<'a> = "Id",
        sentinel_id: Text<'a> = "OfficeId",
        time: Text<'a> = "CreationTime",
        time_generated: Text<'a> = "TimeGenerated" | "TimeGenerated [UTC]",
        operation: Text<'a> = "Operation",
        organization: Text<'a> = "OrganizationId",
        record_type: Text<'a> = "RecordType",
        workload: Text<'a> = "Workload" | "OfficeWorkload",
        status: Text<'a> = "ResultStatus",
        user: Text<'a> = "UserId",
        user_key: Text<'a> = "UserKey",
        client_ip: Text<'a> = "ClientIP",
        actor_ip: Text<'a> = "ActorIpAddress",
        object: Text<'a> = "ObjectId" | "OfficeObjectId",
        application: Text<'a> = "ApplicationId",
        extended: Properties<'a> = "ExtendedProperties",
        modified: Properties<'a> = "ModifiedProperties",
        device: Properties<'a> = "DeviceProperties",
        actors: Many<NamedShape<'a>> = "Actor",
        targets: Many<NamedShape<'a>> = "Target",
        home_tenant: Text<'a> = "ActorContextId",
        correlation: Text<'a> = "InterSystemsId",
        error_number: Number = "ErrorNumber" | "ErrorCode",
        logon_error: Text<'a> = "LogonError",
        user_agent: Text<'a> = "UserAgent",
        /// The record in a column of an export.
        data: Nested<Audit<'a>> = "AuditData",
    }
}

shape! {
    struct NamedShape<'a> {
        id: Text<'a> = "ID",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(operation: &str, status: &str, more: &str) -> String {
        format!(
            r#"{{"CreationTime":"2026-01-05T08:00:00","Id":"r1","Operation":"{operation}","OrganizationId":"t1",
            "RecordType":15,"ResultStatus":"{status}","UserKey":"6f1ad3a2-1111-4222-8333-0123456789ab","UserType":0,
            "Version":1,"Workload":"AzureActiveDirectory","ClientIP":"203.0.113.7","UserId":"Ann@example.com",
            "AzureActiveDirectoryEventType":1,"InterSystemsId":"c1","ApplicationId":"app",
            "Actor":[{{"ID":"6f1ad3a2-1111-4222-8333-0123456789ab","Type":0}},{{"ID":"Ann@example.com","Type":5}}]{more}}}"#
        )
    }

    fn read_row(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    #[test]
    fn the_number_decides_not_the_status() {
        for (operation, status, more, expected) in [
            ("UserLoggedIn", "Success", r#","ErrorNumber":"0""#, ["success", "", "unknown"]),
            ("UserLoggedIn", "Succeeded", "", ["success", "", "unknown"]),
            ("UserLoggedIn", "Success", r#","ErrorNumber":"500121""#, ["failure", "mfa_failed", "failed"]),
            (
                "UserLoginFailed",
                "Success",
                r#","ErrorNumber":"50126","LogonError":"InvalidUserNameOrPassword""#,
                ["failure", "bad_credentials", "not_attempted"],
            ),
            (
                "UserLoginFailed",
                "Failed",
                r#","LogonError":"AuthenticationFailedSasError""#,
                ["failure", "mfa_failed", "failed"],
            ),
            (
                "UserLoginFailed",
                "Failed",
                r#","LogonError":"UserStrongAuthClientAuthNRequiredInterrupt""#,
                ["challenge", "mfa_required", "not_attempted"],
            ),
            ("UserLoginFailed", "Failed", r#","ErrorNumber":50140"#, ["interrupted", "interrupted", "not_attempted"]),
            (
                "UserLoginFailed",
                "Failed",
                r#","ErrorNumber":1,"LogonError":"IdsLocked""#,
                ["failure", "account_locked", "not_attempted"],
            ),
            ("UserLoginFailed", "Success", "", ["failure", "other", "not_attempted"]),
            ("UserLoginFailed", "", r#","LogonError":"SomethingNew""#, ["failure", "other", "not_attempted"]),
            ("UserLoggedIn", "Failed", "", ["failure", "other", "not_attempted"]),
            ("UserLoggedIn", "", "", ["unknown", "", "unknown"]),
        ] {
            let text = record(operation, status, more);
            let row = read_row(&text);
            let found = [row.outcome, row.failure_category, row.mfa_result];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{operation} {status} {more}");
        }
    }

    #[test]
    fn who_where_and_with_what() {
        let text = record(
            "UserLoggedIn",
            "Success",
            r#","ExtendedProperties":[{"Name":"UserAgent","Value":"Mozilla/5.0"},{"Name":"RequestType","Value":"OAuth2:Authorize"}],
            "DeviceProperties":[{"Name":"OS","Value":"Windows 10"},{"Name":"BrowserType","Value":"Edge"},
            {"Name":"IsCompliantAndManaged","Value":"False"},{"Name":"SessionId","Value":"s1"}]"#,
        );
        let row = read_row(&text);
        assert_eq!(row.identity_id.as_deref(), Some("6f1ad3a2-1111-4222-8333-0123456789ab"));
        assert_eq!((row.user_principal.as_deref(), row.ip.as_deref()), (Some("ann@example.com"), Some("203.0.113.7")));
        assert_eq!(
            (row.surface, row.is_interactive, row.device_trust),
            (Some("browser"), Some(true), Some("unmanaged"))
        );
        assert_eq!((row.session_id.as_deref(), row.correlation_id.as_deref()), (Some("s1"), Some("c1")));
        for (ip, expected) in
            [("203.0.113.7:4711", "203.0.113.7"), ("[2001:db8::1]:4711", "2001:db8::1"), ("2001:db8::1", "2001:db8::1")]
        {
            let text = record("UserLoggedIn", "Success", "").replace("203.0.113.7", ip);
            assert_eq!(read_row(&text).ip.as_deref(), Some(expected));
        }
        let text =
            record("UserLoggedIn", "Success", r#","ExtendedProperties":[{"Name":"UserAgent","Value":"BAV2ROPC"}]"#);
        assert_eq!((read_row(&text).protocol, read_row(&text).is_legacy_auth), (Some("ropc"), Some(true)));
        let text = record("UserLoginFailed", "Failed", "").replace("Ann@example.com", "Not Available");
        assert_eq!(read_row(&text).user_principal, None);
    }

    #[test]
    fn an_export_holds_the_record_in_a_column() {
        let bare = record("UserLoggedIn", "Success", "");
        let quoted = serde_json::to_string(&bare).expect("is text");
        let text = format!(
            r#"{{"RecordType":"15","CreationDate":"2026-01-05T08:00:00Z","UserIds":"ann@example.com","Operations":"UserLoggedIn",
            "AuditData":{quoted}}}"#
        );
        assert_eq!(format!("{:?}", read_row(&text)), format!("{:?}", read_row(&bare)));
    }

    #[test]
    fn the_life_of_methods() {
        let changed = |new: &str, old: &str| {
            format!(
                r#","ObjectId":"Ann@example.com","ModifiedProperties":[{{"Name":"StrongAuthenticationMethod",
                "NewValue":"{new}","OldValue":"{old}"}}],"Target":[{{"ID":"User_6f1ad3a2-1111-4222-8333-0123456789ab","Type":2}}]"#
            )
        };
        let one = r#"[{\"Default\": true,\"MethodType\": 7}]"#;
        for (operation, more, expected) in [
            ("Update user.", changed(one, "[]"), ["completed", "totp"]),
            ("Update user.", changed("[]", one), ["removed", "totp"]),
            ("User registered security info.", r#","ObjectId":"Ann@example.com""#.to_owned(), ["completed", ""]),
            ("Disable Strong Authentication.", r#","ObjectId":"Ann@example.com""#.to_owned(), ["changed", ""]),
        ] {
            let text = record(operation, "Success", &more);
            let rows = factor_events(Record::Json(text.as_bytes())).expect("reads");
            let [row] = &rows[..] else { panic!("is one event") };
            let found = [row.event_type, row.method];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{operation}");
            assert_eq!((row.user_principal.as_deref(), row.actor_kind), (Some("ann@example.com"), Some("self")));
            assert_eq!(parse(text.as_bytes()), Ok(None), "{operation}");
        }
        let text = record("Update user.", "Success", "");
        assert_eq!(factor_events(Record::Json(text.as_bytes())), Ok(Vec::new()));
    }

    #[test]
    fn what_is_ignored_and_what_is_rejected() {
        for operation in ["FileAccessed", "UserLoggedOff", "TeamsSessionStarted", "MailboxLogin"] {
            assert_eq!(parse(record(operation, "Success", "").as_bytes()), Ok(None), "{operation}");
        }
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"Operation":"UserLoggedIn"}"#, Category::WrongProvider),
            (r#"{"Operation":"UserLoggedIn","RecordType":15}"#, Category::MissingField),
            (r#"{"RecordType":15,"AuditData":"{\"Operation\":"}"#, Category::Syntax),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }
}
