//! AWS CloudTrail: sign-ins to the console and to IAM Identity Center, and the life of MFA devices.
//!
//! `MFAUsed` is a text, "Yes" or "No", and is "No" for whoever came through another provider or from another role: whether
//! that was with MFA is in the other log, or in the session that was switched from. Identity Center logs each credential that
//! it asks for and checks by itself. All else in the trail is no sign-in.

use std::borrow::Cow;

use super::json::{self, Nested, Text, shape};
use super::used::{Used, known, surface, unknown};
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, pick, time};
use crate::model::{FactorEvent, Method, Provider, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_aws_cloudtrail",
    summary: "AWS CloudTrail: sign-ins to the console and to IAM Identity Center, or the life of MFA devices",
    layout: Layout::Json,
    example: "read_aws_cloudtrail('tests/data/aws_cloudtrail.json')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "AWS CloudTrail User Guide: console sign-in events; IAM Identity Center User Guide: sign-in events",
    export: "the files of a trail in S3, events of EventBridge, or rows of `AWSCloudTrail` as JSON; not the output of \
             `lookup-events`, which holds events as text",
    shapes: &[
        "`{\"Records\": […]}`, the files of a trail",
        "events, bare or in arrays",
        "an event in `detail` of EventBridge",
        "rows of `AWSCloudTrail`",
    ],
    ignores: &[
        (
            "sign-ins: events of other sources than signin.amazonaws.com and sso.amazonaws.com",
            "a call with a credential that is there already is no sign-in",
        ),
        (
            "sign-ins: other events of these than ConsoleLogin, SwitchRole, CheckMfa, CredentialChallenge, \
             CredentialVerification and UserAuthentication",
            "administration of Identity Center is no sign-in",
        ),
        (
            "factor events: calls that do nothing to an MFA device, and DeleteVirtualMFADevice",
            "a virtual device is deleted after it was deactivated, which is the removal",
        ),
    ],
    fills: &[
        "event_time provider event_id correlation_id event_type_raw identity_id user_principal app_id app_name \
         event_kind is_interactive surface protocol outcome failure_code failure_reason_raw failure_category \
         mfa_requirement mfa_result mfa_satisfied_by methods methods_raw first_factor second_factor \
         is_phishing_resistant ip user_agent tenant_id",
        "event_time provider event_id identity_id user_principal event_type event_type_raw factor_id method outcome \
         failure_code failure_reason_raw actor_id actor_principal actor_kind ip user_agent",
    ],
};

fn read(record: &[u8]) -> Result<Trail<'_>, Reject> {
    let mut event: Trail<'_> = json::parse(record)?;
    if event.name.as_str().is_none()
        && let Some(inner) = event.inner.0.take()
    {
        event = *inner;
    }
    let identity = &mut event.identity;
    for (own, flat) in [
        (&mut identity.kind, &mut event.flat_kind),
        (&mut identity.principal, &mut event.flat_principal),
        (&mut identity.arn, &mut event.flat_arn),
        (&mut identity.account, &mut event.flat_account),
        (&mut identity.user, &mut event.flat_user),
        (&mut identity.session.attributes.mfa, &mut event.flat_mfa),
    ] {
        if own.0.is_none() {
            own.0 = flat.take();
        }
    }
    let of_aws = event.source.as_str().is_some_and(|source| contains(source, ".amazonaws.com"));
    if event.name.as_str().is_none() || !of_aws {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    Ok(event)
}

/// One event.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let event = read(record)?;
    match Kind::of(&event) {
        Some(kind) => row(record, kind, event).map(Some),
        None => Ok(None),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A sign-in to the console.
    Console,
    /// Another role within a session.
    Switch,
    /// The console asks for a code.
    Asked,
    /// Identity Center asks for a credential.
    Challenged,
    /// Identity Center checked a credential.
    Verified,
    /// A sign-in to Identity Center is complete.
    Portal,
}

impl Kind {
    fn of(event: &Trail<'_>) -> Option<Self> {
        const SOURCES: &[&str] = &["signin.amazonaws.com", "sso.amazonaws.com"];
        let is_signin = SOURCES.iter().any(|source| event.source.is(source));
        let name = event.name.as_str().filter(|_| is_signin)?;
        [
            ("ConsoleLogin", Self::Console),
            ("SwitchRole", Self::Switch),
            ("CheckMfa", Self::Asked),
            ("CredentialChallenge", Self::Challenged),
            ("CredentialVerification", Self::Verified),
            ("UserAuthentication", Self::Portal),
        ]
        .into_iter()
        .find_map(|(known, kind)| name.eq_ignore_ascii_case(known).then_some(kind))
    }
}

impl<'a> Trail<'a> {
    fn outcome(&self, kind: Kind) -> &'static str {
        let result = [
            &self.response.console,
            &self.response.switch,
            &self.response.check,
            &self.details.challenge,
            &self.details.verification,
            &self.details.authentication,
        ]
        .into_iter()
        .find_map(Text::as_str);
        match result {
            Some(result) if result.eq_ignore_ascii_case("success") => match kind {
                // That it was asked is no success.
                Kind::Asked | Kind::Challenged => "challenge",
                _ => "success",
            },
            Some(result) if result.eq_ignore_ascii_case("failure") => "failure",
            _ if self.error_message.as_str().is_some() || self.error_code.as_str().is_some() => "failure",
            _ => "unknown",
        }
    }

    /// Whether the account is in AWS itself, where AWS would have asked.
    fn is_own(&self) -> bool {
        (self.identity.kind.is("IAMUser") || self.identity.kind.is("Root")) && self.more.saml.as_str().is_none()
    }

    /// The methods, with what the ARN of the device tells: a virtual device shows codes, and a FIDO device may synchronise its
    /// keys.
    fn used(&self, kind: Kind) -> Option<Used<'a>> {
        let of_device = |arn: &str| {
            if contains(arn, ":u2f/") {
                Method::PasskeySync
            } else if contains(arn, ":mfa/") {
                Method::Totp
            } else {
                Method::Unknown
            }
        };
        let named = |raw: &Cow<'a, str>| {
            raw.split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .map(|word| (Cow::Owned(word.to_owned()), credential(word)))
                .collect::<Vec<_>>()
        };
        match kind {
            Kind::Console if self.is_own() => {
                let with_mfa = self.more.mfa_used.as_bool()?;
                let mut list = vec![(Cow::Borrowed("password"), Method::Password)];
                if with_mfa {
                    let raw = self.more.device.0.clone().unwrap_or(Cow::Borrowed("Yes"));
                    let method = of_device(&raw);
                    list.push((raw, method));
                }
                Some(Used::in_order(list))
            }
            Kind::Asked => {
                let raw = self.more.mfa_type.0.clone()?;
                let method = credential(&raw);
                Some(Used::second(raw, method))
            }
            Kind::Challenged | Kind::Verified => {
                let (raw, method) = named(self.more.credential.0.as_ref()?).into_iter().next()?;
                let is_first = matches!(method, Method::Password | Method::FedSf);
                Some(if is_first { Used::first(raw, method) } else { Used::second(raw, method) })
            }
            Kind::Portal => Some(Used::in_order(named(self.more.credential.0.as_ref()?))),
            Kind::Console | Kind::Switch => None,
        }
    }
}

/// The credential that Identity Center or the console names.
fn credential(word: &str) -> Method {
    Method::from_spelling(Some(Provider::Aws), word).unwrap_or(Method::Unknown)
}

fn verdict(kind: Kind, event: &Trail<'_>, outcome: &str, used: Option<&Used<'_>>) -> (&'static str, &'static str) {
    const UNKNOWN: (&str, &str) = ("unknown", "unknown");
    let in_session = event.identity.session.attributes.mfa.as_bool();
    let second = used.and_then(|used| used.second);
    match (kind, outcome) {
        (Kind::Console, "success") => match (event.is_own(), event.more.mfa_used.as_bool(), in_session) {
            (true, Some(true), _) => ("satisfied", "performed"),
            (_, _, Some(true)) => ("satisfied", "claim_in_token"),
            (true, Some(false), _) => ("not_attempted", "none"),
            // Only the other provider, or the session before, knows.
            (false, _, _) if event.identity.kind.as_str().is_some() => ("unknown", "federated"),
            _ => UNKNOWN,
        },
        (Kind::Console, "failure") => match (event.is_own(), event.more.mfa_used.as_bool()) {
            (true, Some(true)) => ("failed", "none"),
            (true, Some(false)) => ("not_attempted", "none"),
            _ => UNKNOWN,
        },
        (Kind::Switch, "success") if in_session == Some(true) => ("satisfied", "claim_in_token"),
        (Kind::Verified, "success") if second.is_some() => ("satisfied", "performed"),
        (Kind::Verified, "failure") if second.is_some() => ("failed", "none"),
        (Kind::Portal, "success") => match used {
            Some(used) if used.is_multi_factor() => ("satisfied", "performed"),
            Some(used) if used.first == Some(Method::FedSf) => ("unknown", "federated"),
            _ => UNKNOWN,
        },
        _ => UNKNOWN,
    }
}

fn row<'a>(record: &'a [u8], kind: Kind, mut event: Trail<'a>) -> Result<SignIn<'a>, Reject> {
    let event_time = event.time()?;
    let outcome = event.outcome(kind);
    let used = event.used(kind);
    let (mfa_result, mfa_satisfied_by) = verdict(kind, &event, outcome, used.as_ref());
    let (identity_id, user_principal) = event.user();
    let reason = if outcome == "success" { None } else { event.error_message.take() };
    let failure_category = match outcome {
        "challenge" if used.as_ref().is_some_and(|used| used.second.is_some()) || kind == Kind::Asked => {
            Some("mfa_required")
        }
        "failure" if mfa_result == "failed" => Some("mfa_failed"),
        "failure" if kind == Kind::Switch => Some("policy_blocked"),
        "failure" if reason.as_deref().is_some_and(|reason| contains(reason, "not authorized")) => {
            Some("policy_blocked")
        }
        "failure" => Some("bad_credentials"),
        _ => None,
    };
    let is_second =
        kind == Kind::Asked || used.as_ref().is_some_and(|used| used.first.is_none() && used.second.is_some());
    let mut row = SignIn {
        event_id: Some(pick([&mut event.id, &mut event.sentinel_id]).unwrap_or_else(|| event_id(record))),
        correlation_id: event.more.workflow.take(),
        identity_id,
        user_principal,
        app_id: event.source.take(),
        app_name: Some(Cow::Borrowed(match kind {
            Kind::Console | Kind::Switch | Kind::Asked => "AWS Console",
            Kind::Challenged | Kind::Verified | Kind::Portal => "AWS IAM Identity Center",
        })),
        event_kind: Some(match kind {
            Kind::Console | Kind::Portal => "combined",
            Kind::Switch => "token",
            _ if is_second => "second_factor",
            _ => "primary",
        }),
        is_interactive: Some(true),
        surface: Some(surface(event.agent.as_str())),
        protocol: event.more.saml.as_str().map(|_| "saml"),
        outcome: Some(outcome),
        failure_code: if outcome == "failure" { event.error_code.take() } else { None },
        failure_reason_raw: reason,
        failure_category,
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        // A service of AWS has a name instead.
        ip: event.ip.take().filter(|ip| !contains(ip, "amazonaws.com") && !ip.eq_ignore_ascii_case("AWS Internal")),
        user_agent: event.agent.take(),
        tenant_id: pick([&mut event.account, &mut event.identity.account]),
        event_type_raw: event.name.take(),
        ..unknown(Provider::Aws, event_time)
    };
    if let Some(used) = used {
        used.fill(&mut row);
    }
    Ok(row)
}

/// What a call does to MFA devices: what happened, and the kind of device where the call implies one.
fn lifecycle(event: &Trail<'_>) -> Option<(&'static str, Option<Method>)> {
    const SOURCES: &[&str] =
        &["iam.amazonaws.com", "sso-directory.amazonaws.com", "identitystore.amazonaws.com", "sso.amazonaws.com"];
    if !SOURCES.iter().any(|source| event.source.is(source)) {
        return None;
    }
    let name = event.name.as_str()?;
    [
        ("CreateVirtualMFADevice", "started", Some(Method::Totp)),
        ("EnableMFADevice", "completed", None),
        ("ResyncMFADevice", "changed", None),
        // Deleting a virtual device comes after, and needs, its deactivation.
        ("DeactivateMFADevice", "removed", None),
        ("StartVirtualMfaDeviceRegistration", "started", Some(Method::Totp)),
        ("CompleteVirtualMfaDeviceRegistration", "completed", Some(Method::Totp)),
        ("StartWebAuthnDeviceRegistration", "started", Some(Method::PasskeySync)),
        ("CompleteWebAuthnDeviceRegistration", "completed", Some(Method::PasskeySync)),
        ("UpdateMfaDeviceForUser", "changed", None),
        ("DeleteMfaDeviceForUser", "removed", None),
    ]
    .into_iter()
    .find_map(|(known, what, method)| name.eq_ignore_ascii_case(known).then_some((what, method)))
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut event = read(record)?;
    let Some((event_type, method)) = lifecycle(&event) else {
        return Ok(Vec::new());
    };
    let event_time = event.time()?;
    let (actor_id, actor_principal) = event.user();
    let serial = pick([
        &mut event.request.serial,
        &mut event.response.virtual_device.serial,
        &mut event.request.device,
        &mut event.request.device_name,
    ]);
    let method = method.unwrap_or_else(|| match serial.as_deref() {
        Some(serial) if contains(serial, ":u2f/") => Method::PasskeySync,
        Some(serial) if contains(serial, ":mfa/") => Method::Totp,
        _ => Method::Unknown,
    });
    let named = pick([&mut event.request.user, &mut event.request.user_id]);
    let is_self = match (&named, &event.identity.user) {
        (Some(named), user) => user.as_str().is_some_and(|user| user.eq_ignore_ascii_case(named)),
        (None, _) => true,
    };
    let failed = event.error_code.as_str().is_some();
    let user_principal = if is_self { actor_principal.clone() } else { named.clone().map(lower) };
    // The call does not say the path of a user. A user with one joins nobody: names are unique whatever their path.
    let identity_id = match (&named, event.identity.account.as_str().or(event.account.as_str())) {
        _ if is_self => actor_id.clone(),
        (Some(named), Some(account)) if event.source.is("iam.amazonaws.com") => {
            Some(Cow::Owned(format!("arn:aws:iam::{account}:user/{named}")))
        }
        _ => named,
    };
    let actor_kind = match (event.identity.kind.as_str(), is_self) {
        (Some(kind), _) if kind.eq_ignore_ascii_case("AWSService") => "system",
        (_, true) => "self",
        (_, false) => "admin",
    };
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        provider: Some(Provider::Aws.as_str()),
        event_id: Some(pick([&mut event.id, &mut event.sentinel_id]).unwrap_or_else(|| event_id(record))),
        identity_id,
        user_principal,
        event_type: Some(event_type),
        event_type_raw: event.name.take(),
        factor_id: serial,
        method: Some(method.as_str()),
        outcome: Some(if failed { "failure" } else { "success" }),
        failure_code: event.error_code.take(),
        failure_reason_raw: event.error_message.take(),
        actor_id,
        actor_principal,
        actor_kind: Some(actor_kind),
        ip: event.ip.take(),
        user_agent: event.agent.take(),
        ..FactorEvent::default()
    }])
}

impl<'a> Trail<'a> {
    fn time(&self) -> Result<Timestamp, Reject> {
        time::required(&[("eventTime", &self.time), ("TimeGenerated", &self.time_generated)])
    }

    /// Id and login name: the ARN and the user name, and for a role the name of its session, which other providers set to the
    /// name of the person.
    fn user(&mut self) -> (Option<Cow<'a, str>>, Option<Cow<'a, str>>) {
        let identity = &mut self.identity;
        let is_root = identity.kind.is("Root");
        let is_role = identity.kind.is("AssumedRole");
        let session = identity.principal.as_str().and_then(|id| id.split_once(':')).map(|(_, name)| name.to_owned());
        // What was typed as the name may be a password.
        let user = identity.user.0.clone().filter(|user| !contains(user, "hidden_due_to_security_reasons"));
        let user_principal = if is_root {
            Some(Cow::Borrowed("<root_account>"))
        } else if is_role {
            session.map(Cow::Owned)
        } else {
            user.clone().or_else(|| self.more.user.0.clone()).or(session.map(Cow::Owned))
        };
        let of_name = |name: &str| {
            let account = identity.account.as_str().filter(|_| identity.kind.is("IAMUser"))?;
            Some(Cow::Owned(format!("arn:aws:iam::{account}:user/{name}")))
        };
        let id = known(identity.arn.0.clone())
            .or_else(|| of_name(user.as_deref()?))
            .or_else(|| identity.on_behalf_of.user.0.clone())
            .or_else(|| known(identity.principal.0.clone()));
        (id, known(user_principal).map(lower))
    }
}

shape! {
    struct Trail<'a> {
        id: Text<'a> = "eventID",
        sentinel_id: Text<'a> = "AwsEventId",
        time: Text<'a> = "eventTime",
        time_generated: Text<'a> = "TimeGenerated" | "TimeGenerated [UTC]",
        source: Text<'a> = "eventSource",
        name: Text<'a> = "eventName",
        identity: IdentityShape<'a> = "userIdentity",
        ip: Text<'a> = "sourceIPAddress",
        agent: Text<'a> = "userAgent",
        error_code: Text<'a> = "errorCode",
        error_message: Text<'a> = "errorMessage",
        request: RequestShape<'a> = "requestParameters",
        response: ResponseShape<'a> = "responseElements",
        more: MoreShape<'a> = "additionalEventData",
        details: DetailsShape<'a> = "serviceEventDetails",
        account: Text<'a> = "recipientAccountId",
        /// The event within an EventBridge envelope.
        inner: Nested<Trail<'a>> = "detail",
        /// From here on the columns of a Log Analytics table.
        flat_kind: Text<'a> = "UserIdentityType",
        flat_principal: Text<'a> = "UserIdentityPrincipalid",
        flat_arn: Text<'a> = "UserIdentityArn",
        flat_account: Text<'a> = "UserIdentityAccountId",
        flat_user: Text<'a> = "UserIdentityUserName",
        flat_mfa: Text<'a> = "SessionMfaAuthenticated",
    }
}

shape! {
    struct IdentityShape<'a> {
        kind: Text<'a> = "type",
        principal: Text<'a> = "principalId",
        arn: Text<'a> = "arn",
        account: Text<'a> = "accountId",
        user: Text<'a> = "userName",
        session: SessionShape<'a> = "sessionContext",
        on_behalf_of: OnBehalfOfShape<'a> = "onBehalfOf",
    }
}

shape! {
    struct OnBehalfOfShape<'a> {
        user: Text<'a> = "userId",
    }
}

shape! {
    struct SessionShape<'a> {
        attributes: AttributesShape<'a> = "attributes",
    }
}

shape! {
    struct AttributesShape<'a> {
        mfa: Text<'a> = "mfaAuthenticated",
    }
}

shape! {
    struct RequestShape<'a> {
        user: Text<'a> = "userName",
        user_id: Text<'a> = "userId",
        serial: Text<'a> = "serialNumber",
        device: Text<'a> = "deviceId" | "mfaDeviceId",
        device_name: Text<'a> = "virtualMFADeviceName",
    }
}

shape! {
    struct ResponseShape<'a> {
        console: Text<'a> = "ConsoleLogin",
        switch: Text<'a> = "SwitchRole",
        check: Text<'a> = "CheckMfa",
        virtual_device: DeviceShape<'a> = "virtualMFADevice",
    }
}

shape! {
    struct DeviceShape<'a> {
        serial: Text<'a> = "serialNumber",
    }
}

shape! {
    struct MoreShape<'a> {
        mfa_used: Text<'a> = "MFAUsed",
        device: Text<'a> = "MFAIdentifier",
        mfa_type: Text<'a> = "MfaType",
        saml: Text<'a> = "SamlProviderArn",
        credential: Text<'a> = "CredentialType",
        workflow: Text<'a> = "AuthWorkflowID",
        user: Text<'a> = "UserName",
    }
}

shape! {
    struct DetailsShape<'a> {
        challenge: Text<'a> = "CredentialChallenge",
        verification: Text<'a> = "CredentialVerification",
        authentication: Text<'a> = "UserAuthentication",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = r#""type":"IAMUser","principalId":"AIDA","arn":"arn:aws:iam::111111111111:user/Ann",
        "accountId":"111111111111","userName":"Ann""#;
    const ROLE: &str = r#""type":"AssumedRole","principalId":"AROA:ann@example.com","accountId":"111111111111",
        "arn":"arn:aws:sts::111111111111:assumed-role/Admin/ann@example.com""#;

    fn event(source: &str, name: &str, identity: &str, more: &str) -> String {
        format!(
            r#"{{"eventVersion":"1.08","userIdentity":{{{identity}}},"eventTime":"2026-01-05T08:00:00Z",
            "eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1",
            "sourceIPAddress":"203.0.113.7","userAgent":"Mozilla/5.0","eventID":"e1","eventType":"AwsConsoleSignIn",
            "recipientAccountId":"111111111111"{more}}}"#
        )
    }

    fn login(identity: &str, result: &str, more: &str) -> String {
        event(
            "signin",
            "ConsoleLogin",
            identity,
            &format!(
                r#","responseElements":{{"ConsoleLogin":"{result}"}},"additionalEventData":{{"MobileVersion":"No"{more}}}"#
            ),
        )
    }

    fn read_row(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    #[test]
    fn whether_there_was_mfa() {
        let in_session = format!(r#"{ROLE},"sessionContext":{{"attributes":{{"mfaAuthenticated":"true"}}}}"#);
        let root =
            r#""type":"Root","principalId":"1","arn":"arn:aws:iam::111111111111:root","accountId":"111111111111""#;
        for (identity, result, more, expected) in [
            (USER, "Success", r#","MFAUsed":"Yes""#, ["success", "satisfied", "performed", ""]),
            (USER, "Success", r#","MFAUsed":"yes""#, ["success", "satisfied", "performed", ""]),
            (USER, "Success", r#","MFAUsed":true"#, ["success", "satisfied", "performed", ""]),
            (USER, "Success", r#","MFAUsed":"No""#, ["success", "not_attempted", "none", ""]),
            (USER, "Success", "", ["success", "unknown", "unknown", ""]),
            (root, "Success", r#","MFAUsed":"No""#, ["success", "not_attempted", "none", ""]),
            (USER, "Failure", r#","MFAUsed":"Yes""#, ["failure", "failed", "none", "mfa_failed"]),
            (USER, "Failure", r#","MFAUsed":"No""#, ["failure", "not_attempted", "none", "bad_credentials"]),
            // The other provider knows.
            (ROLE, "Success", r#","MFAUsed":"No""#, ["success", "unknown", "federated", ""]),
            (&in_session, "Success", r#","MFAUsed":"No""#, ["success", "satisfied", "claim_in_token", ""]),
            (USER, "Success", r#","MFAUsed":"No","SamlProviderArn":"arn:x""#, ["success", "unknown", "federated", ""]),
        ] {
            let text = login(identity, result, more);
            let row = read_row(&text);
            let found = [row.outcome, row.mfa_result, row.mfa_satisfied_by, row.failure_category];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{more}");
        }
    }

    #[test]
    fn the_device_tells_the_method() {
        for (device, method, resistant) in [
            ("arn:aws:iam::1:mfa/ann", "totp", Some(false)),
            ("arn:aws:iam::1:u2f/user/ann/key", "passkey_sync", Some(true)),
            ("GAHT12345678", "unknown", None),
        ] {
            let text = login(USER, "Success", &format!(r#","MFAUsed":"Yes","MFAIdentifier":"{device}""#));
            let row = read_row(&text);
            assert_eq!((row.first_factor, row.second_factor), (Some("password"), Some(method)));
            assert_eq!((row.is_phishing_resistant, row.mfa_result), (resistant, Some("satisfied")), "{device}");
        }
    }

    #[test]
    fn who_it_was() {
        let text = login(USER, "Success", "");
        let row = read_row(&text);
        assert_eq!(row.identity_id.as_deref(), Some("arn:aws:iam::111111111111:user/Ann"));
        assert_eq!(row.user_principal.as_deref(), Some("ann"));
        let text = login(ROLE, "Success", "");
        assert_eq!(read_row(&text).user_principal.as_deref(), Some("ann@example.com"));
        // A failure has no ARN, and hides what was typed where the name belongs.
        let text = login(r#""type":"IAMUser","accountId":"1","userName":"ann""#, "Failure", "");
        assert_eq!(read_row(&text).identity_id.as_deref(), Some("arn:aws:iam::1:user/ann"));
        let text = login(
            r#""type":"IAMUser","accountId":"1","principalId":"","userName":"HIDDEN_DUE_TO_SECURITY_REASONS""#,
            "Failure",
            "",
        );
        assert_eq!(read_row(&text).user_principal, None);
    }

    #[test]
    fn each_credential_of_identity_center() {
        for (name, credential, result, expected) in [
            ("CredentialChallenge", "PASSWORD", "Success", ["primary", "challenge", "unknown", ""]),
            ("CredentialChallenge", "TOTP", "Success", ["second_factor", "challenge", "unknown", "totp"]),
            ("CredentialVerification", "PASSWORD", "Success", ["primary", "success", "unknown", ""]),
            ("CredentialVerification", "PASSWORD", "Failure", ["primary", "failure", "unknown", ""]),
            ("CredentialVerification", "TOTP", "Success", ["second_factor", "success", "satisfied", "totp"]),
            ("CredentialVerification", "TOTP", "Failure", ["second_factor", "failure", "failed", "totp"]),
            (
                "CredentialVerification",
                "WEBAUTHN",
                "Success",
                ["second_factor", "success", "satisfied", "passkey_sync"],
            ),
            ("UserAuthentication", "PASSWORD,TOTP", "Success", ["combined", "success", "satisfied", "totp"]),
            ("UserAuthentication", "PASSWORD", "Success", ["combined", "success", "unknown", ""]),
            ("UserAuthentication", "EXTERNAL_IDP", "Success", ["combined", "success", "unknown", ""]),
        ] {
            let text = event(
                "sso",
                name,
                r#""type":"Unknown","principalId":"111111111111","accountId":"111111111111","userName":"ann@example.com",
                "onBehalfOf":{"userId":"u-1"}"#,
                &format!(
                    r#","additionalEventData":{{"AuthWorkflowID":"w1","CredentialType":"{credential}"}},
                    "serviceEventDetails":{{"{name}":"{result}"}}"#
                ),
            );
            let row = read_row(&text);
            let found = [row.event_kind, row.outcome, row.mfa_result, row.second_factor];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{name} {credential} {result}");
            assert_eq!((row.correlation_id.as_deref(), row.identity_id.as_deref()), (Some("w1"), Some("u-1")));
        }
    }

    #[test]
    fn envelopes_and_tables_hold_the_same_event() {
        let bare = login(USER, "Success", r#","MFAUsed":"Yes""#);
        let expected = format!("{:?}", read_row(&bare));
        let bus = format!(r#"{{"version":"0","detail-type":"AWS Console Sign In via CloudTrail","detail":{bare}}}"#);
        assert_eq!(format!("{:?}", read_row(&bus)), expected);
        let table = r#"{"TimeGenerated":"2026-01-05T08:00:00Z","AwsEventId":"e1","EventName":"ConsoleLogin",
            "EventSource":"signin.amazonaws.com","UserIdentityType":"IAMUser","UserIdentityPrincipalid":"AIDA",
            "UserIdentityArn":"arn:aws:iam::111111111111:user/Ann","UserIdentityAccountId":"111111111111",
            "UserIdentityUserName":"Ann","SourceIpAddress":"203.0.113.7","UserAgent":"Mozilla/5.0",
            "RecipientAccountId":"111111111111","ResponseElements":"{\"ConsoleLogin\":\"Success\"}",
            "AdditionalEventData":"{\"MFAUsed\":\"Yes\"}"}"#;
        assert_eq!(format!("{:?}", read_row(table)), expected);
    }

    #[test]
    fn what_is_no_sign_in() {
        for (source, name) in [("iam", "EnableMFADevice"), ("sts", "AssumeRole"), ("signin", "GetSigninToken")] {
            assert_eq!(parse(event(source, name, USER, "").as_bytes()), Ok(None), "{name}");
        }
        for other in ["{}", r#"{"eventName":"ConsoleLogin"}"#, r#"{"eventName":"x","eventSource":"okta"}"#] {
            assert_eq!(parse(other.as_bytes()).map_err(|reject| reject.category), Err(Category::WrongProvider));
        }
        let undated = r#"{"eventName":"ConsoleLogin","eventSource":"signin.amazonaws.com"}"#;
        assert_eq!(parse(undated.as_bytes()).map_err(|reject| reject.category), Err(Category::MissingField));
    }

    #[test]
    fn the_life_of_devices() {
        for (name, more, expected) in [
            (
                "EnableMFADevice",
                r#","requestParameters":{"userName":"ann","serialNumber":"arn:aws:iam::1:mfa/ann"}"#,
                ["completed", "totp", "success", "self", "arn:aws:iam::111111111111:user/Ann"],
            ),
            (
                "DeactivateMFADevice",
                r#","requestParameters":{"userName":"bob","serialNumber":"arn:aws:iam::1:u2f/user/bob/k"}"#,
                ["removed", "passkey_sync", "success", "admin", "arn:aws:iam::111111111111:user/bob"],
            ),
            (
                "CreateVirtualMFADevice",
                r#","errorCode":"AccessDenied","requestParameters":{"virtualMFADeviceName":"ann"}"#,
                ["started", "totp", "failure", "self", "arn:aws:iam::111111111111:user/Ann"],
            ),
        ] {
            let text = event("iam", name, USER, more);
            let rows = factor_events(Record::Json(text.as_bytes())).expect("reads");
            let [row] = &rows[..] else { panic!("is one event") };
            let found = [row.event_type, row.method, row.outcome, row.actor_kind, row.identity_id.as_deref()];
            assert_eq!(found, expected.map(Some), "{name}");
        }
        let text = login(USER, "Success", "");
        assert_eq!(factor_events(Record::Json(text.as_bytes())), Ok(Vec::new()));
    }
}
