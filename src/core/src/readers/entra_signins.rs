//! Microsoft Entra sign-in logs.
//!
//! Two envelopes carry the same record: Microsoft Graph's `signIn` object, and the diagnostic-settings export (`category`
//! `SignInLogs`, `NonInteractiveUserSignInLogs`, `ServicePrincipalSignInLogs`, `ManagedIdentitySignInLogs`), which nests it
//! under `properties`. Log Analytics tables flatten the second and write its objects as JSON strings.
//!
//! One row holds a whole attempt: `authenticationDetails` lists its steps. The steps, not the texts beside them, say what
//! was done; a claim from an earlier sign-in is told apart from a factor that was performed.

use std::borrow::Cow;

use super::json::{self, Many, Nested, Number, Text, shape};
use super::recognise::Probe;
use super::{Category, Layout, Parse, Reader, Reject, contains, event_id, lower, pick, time};
use crate::model::method::Kinds;
use crate::model::{Method, PolicyResult, Provider, SignIn};

pub(super) const READER: Reader = Reader {
    name: "read_entra_signins",
    summary: "Microsoft Entra sign-in logs: Graph signIn objects or the diagnostic-settings export, all four categories",
    layout: Layout::Json,
    parse: &[Parse::SignIn(parse)],
};

/// Whether a record is of this log.
pub(super) fn claims(probe: &Probe<'_>) -> bool {
    if let Some(category) = probe.category.as_str() {
        return Kind::from_category(category).is_some() || (probe.time.0 && probe.operation.0);
    }
    (probe.created_date_time.0 || probe.time.0) && probe.app_id.0 && probe.signs_in.0
}

/// One record, in either envelope.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let mut details: EntraRecord<'_> = json::parse(record)?;
    let kind = match details.category.as_str() {
        Some(category) => match Kind::from_category(category) {
            Some(kind) => Some(kind),
            // Directory audits and provisioning travel in the same export, and every record of it names an operation.
            None if details.operation.as_str().is_some() => return Ok(None),
            None => return Err(Reject::at(Category::WrongProvider, 0)),
        },
        None => None,
    };
    if let Some(mut properties) = details.properties.0.take() {
        properties.inherit(&mut details);
        details = *properties;
    }
    if kind.is_none() && !details.is_signin() {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    let kind = kind.unwrap_or_else(|| details.kind());
    row(record, kind, &mut details)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Interactive,
    NonInteractive,
    ServicePrincipal,
    ManagedIdentity,
}

impl Kind {
    fn from_category(category: &str) -> Option<Self> {
        [
            ("SignInLogs", Self::Interactive),
            ("NonInteractiveUserSignInLogs", Self::NonInteractive),
            ("ServicePrincipalSignInLogs", Self::ServicePrincipal),
            ("ManagedIdentitySignInLogs", Self::ManagedIdentity),
        ]
        .into_iter()
        .find_map(|(name, kind)| category.eq_ignore_ascii_case(name).then_some(kind))
    }

    const fn category(self) -> &'static str {
        match self {
            Self::Interactive => "interactiveUser",
            Self::NonInteractive => "nonInteractiveUser",
            Self::ServicePrincipal => "servicePrincipal",
            Self::ManagedIdentity => "managedIdentity",
        }
    }

    const fn is_service(self) -> bool {
        matches!(self, Self::ServicePrincipal | Self::ManagedIdentity)
    }
}

impl EntraRecord<'_> {
    fn is_signin(&self) -> bool {
        let dated = self.created.as_str().is_some() || self.time.as_str().is_some();
        let has_app = self.app_id.as_str().is_some() || self.app_name.as_str().is_some();
        let signed_in = self.status.code.0.is_some()
            || self.result_type.as_str().is_some()
            || self.client_app.as_str().is_some()
            || self.ip.as_str().is_some()
            || self.is_interactive.as_str().is_some()
            || self.conditional_access_status.as_str().is_some();
        dated && has_app && signed_in
    }

    fn kind(&self) -> Kind {
        for event_type in self.event_types.iter() {
            for kind in [Kind::ServicePrincipal, Kind::ManagedIdentity, Kind::NonInteractive, Kind::Interactive] {
                if event_type.is(kind.category()) {
                    return kind;
                }
            }
        }
        if self.user_id.as_str().is_none()
            && self.user_principal_name.as_str().is_none()
            && self.service_principal_id.as_str().is_some()
        {
            Kind::ServicePrincipal
        } else if self.is_interactive.as_bool() == Some(false) {
            Kind::NonInteractive
        } else {
            Kind::Interactive
        }
    }
}

fn row<'a>(record: &'a [u8], kind: Kind, details: &mut EntraRecord<'a>) -> Result<Option<SignIn<'a>>, Reject> {
    let event_time = time::required(&[("createdDateTime", &details.created), ("time", &details.time)])?;
    let latitude = time::degrees(details.location.coordinates.latitude, 90.0, "latitude")?;
    let longitude = time::degrees(details.location.coordinates.longitude, 180.0, "longitude")?;

    let code = details.error_code();
    let (outcome, failure_category) = code.map_or(("unknown", None), classify);
    let steps = Steps::read(details);
    let mfa_requirement = match details.requirement.as_str() {
        Some(text) if text.eq_ignore_ascii_case("multiFactorAuthentication") => "required",
        Some(text) if text.eq_ignore_ascii_case("singleFactorAuthentication") => "not_required",
        _ => "unknown",
    };
    let mfa = steps.verdict(code, mfa_requirement, details.status.details.as_str());

    let legacy = details.client_app.as_str().and_then(legacy_protocol);
    let ropc_agent = details
        .user_agent
        .as_str()
        .is_some_and(|agent| ["bav2ropc", "cbainprod", "cbaintar"].iter().any(|word| agent.eq_ignore_ascii_case(word)));
    let protocol =
        legacy.or(if ropc_agent { Some("ropc") } else { details.protocol.as_str().and_then(modern_protocol) });
    let is_legacy_auth = match (legacy.is_some() || protocol == Some("ropc"), details.client_app.as_str()) {
        (true, _) => Some(true),
        (false, Some(_)) => Some(false),
        (false, None) => None,
    };
    let surface = surface(kind, legacy.is_some(), details);
    let is_guest = details.is_guest();
    // Only a flag is meaningful: without the licence for it, the list is always empty.
    let anonymizer = details.risk_signals().any(|signal| signal.is("anonymizedIPAddress")).then_some(true);

    let failure_code = code.filter(|code| *code != 0).map(|code| Cow::Owned(code.to_string()));
    let failure_reason_raw = if outcome == "success" {
        None
    } else {
        // "Other." is what Microsoft writes for success, too.
        pick([&mut details.status.reason, &mut details.result_description]).filter(|reason| reason != "Other.")
    };
    let failure_category = match (mfa.result, failure_category) {
        ("fraud_reported", Some(_)) => Some("fraud_reported"),
        ("denied", Some(_)) => Some("mfa_denied"),
        ("timed_out", Some(_)) => Some("mfa_timeout"),
        (_, category) => category,
    };

    let event_type_raw = details.category.take().or(Some(Cow::Borrowed(kind.category())));
    let policies = std::mem::take(&mut details.policies).0;
    // Built where the caller wants it: a row is large, and moving it costs as much as parsing some of it.
    Ok(Some(SignIn {
        event_time: Some(event_time),
        provider: Some(Provider::Entra.as_str()),
        event_id: Some(pick([&mut details.id, &mut details.request_id]).unwrap_or_else(|| event_id(record))),
        correlation_id: details.correlation_id.take(),
        session_id: details.session_id.take(),
        event_type_raw,
        identity_id: if kind.is_service() {
            pick([&mut details.service_principal_id, &mut details.user_id])
        } else {
            details.user_id.take()
        },
        user_principal: if kind.is_service() {
            details.service_principal_name.take().map(lower)
        } else {
            details.user_principal_name.take().map(lower)
        },
        population_hint: if kind.is_service() {
            Some("service")
        } else {
            is_guest.map(|guest| if guest { "guest" } else { "workforce" })
        },
        app_id: details.app_id.take(),
        app_name: details.app_name.take(),
        event_kind: Some(if kind == Kind::Interactive { "combined" } else { "token" }),
        is_interactive: if kind.is_service() {
            Some(false)
        } else {
            details.is_interactive.as_bool().or(Some(kind == Kind::Interactive))
        },
        surface: Some(surface),
        protocol,
        client_app_raw: details.client_app.take(),
        is_legacy_auth,
        outcome: Some(outcome),
        failure_code,
        failure_reason_raw,
        failure_category,
        mfa_requirement: Some(mfa_requirement),
        mfa_result: Some(mfa.result),
        mfa_satisfied_by: Some(mfa.satisfied_by),
        is_phishing_resistant: if outcome == "success" { steps.is_phishing_resistant() } else { None },
        first_factor: steps.first.map(Method::as_str),
        second_factor: steps.second.map(Method::as_str),
        methods: steps.methods,
        methods_raw: steps.methods_raw,
        number_matching: None,
        policy_results: policies.map(|list| list.into_iter().map(PolicyShape::into_result).collect()),
        conditional_access_status: details.conditional_access_status.as_str().map(conditional_access),
        ip: details.ip.take(),
        ip_anonymizer: anonymizer,
        country: details.location.country.take(),
        region: details.location.state.take(),
        city: details.location.city.take(),
        latitude,
        longitude,
        asn: details.asn.as_i64(),
        network_trusted: details
            .networks
            .0
            .as_ref()
            .map(|list| list.iter().any(|network| network.kind.is("trustedNamedLocation"))),
        device_trust: details.device.trust(),
        device_id: details.device.id.take(),
        device_os: details.device.os.take(),
        browser: details.device.browser.take(),
        user_agent: details.user_agent.take(),
        risk_level: pick([&mut details.risk_level, &mut details.risk_level_aggregated]).map(lower),
        risk_signals: std::mem::take(if details.risk_events_v2.0.is_some() {
            &mut details.risk_events_v2
        } else {
            &mut details.risk_events
        })
        .0
        .map(|list| list.into_iter().filter_map(|signal| signal.0).collect()),
        tenant_id: pick([&mut details.resource_tenant_id, &mut details.tenant_id]),
        home_tenant_id: details.home_tenant_id.take(),
        is_guest,
        source_file: None,
        source_record: None,
    }))
}

/// What an error code says of the attempt. Interrupts and challenges are steps of an attempt, not its failure.
fn classify(code: i64) -> (&'static str, Option<&'static str>) {
    match code {
        0 => ("success", None),
        50074 | 50076 | 50078 | 50158 | 51006 => ("challenge", Some("mfa_required")),
        50072 | 50079 => ("interrupted", Some("not_enrolled")),
        16000 | 16001 | 50058 | 50059 | 50097 | 50125 | 50127 | 50129 | 50140 | 50143 | 50199 | 65001 | 65004
        | 70043 | 70044 | 81012 | 81014 | 9002341 => ("interrupted", Some("interrupted")),
        500121 | 50088 | 50089 => ("failure", Some("mfa_failed")),
        50034 | 50055 | 50056 | 50126 | 50064 | 50144 | 81016 | 7000215 | 7000222 | 7000218 | 700024 | 700027 => {
            ("failure", Some("bad_credentials"))
        }
        50053 => ("failure", Some("account_locked")),
        50057 => ("failure", Some("account_disabled")),
        53004 | 530_032 | 50131 => ("failure", Some("risk_blocked")),
        50005 | 50020 | 50105 | 53000..=53003 | 53009..=53011 | 530_001..=530_037 => {
            ("failure", Some("policy_blocked"))
        }
        700016 | 700038 | 500011 | 500113 | 50011 | 50194 | 90002 | 90014 | 90094 | 900_144 => {
            ("failure", Some("config_error"))
        }
        _ => ("failure", Some("other")),
    }
}

/// The clients that send a password and cannot show a prompt.
fn legacy_protocol(client: &str) -> Option<&'static str> {
    [
        ("Authenticated SMTP", "smtp_auth"),
        ("SMTP", "smtp_auth"),
        ("IMAP4", "imap"),
        ("IMAP", "imap"),
        ("POP3", "pop"),
        ("POP", "pop"),
        ("Exchange ActiveSync", "exchange_active_sync"),
        ("Autodiscover", "basic_auth"),
        ("Exchange Online PowerShell", "basic_auth"),
        ("Exchange Web Services", "basic_auth"),
        ("MAPI Over HTTP", "basic_auth"),
        ("Offline Address Book", "basic_auth"),
        ("Outlook Anywhere", "basic_auth"),
        ("Outlook Anywhere (RPC over HTTP)", "basic_auth"),
        ("Outlook Service", "basic_auth"),
        ("Reporting Web Services", "basic_auth"),
        ("Other clients", "basic_auth"),
        ("Other clients; IMAP", "imap"),
        ("Other clients; POP", "pop"),
        ("Other clients; SMTP", "smtp_auth"),
    ]
    .into_iter()
    .find_map(|(name, protocol)| client.eq_ignore_ascii_case(name).then_some(protocol))
}

fn modern_protocol(protocol: &str) -> Option<&'static str> {
    [
        ("oAuth2", "oauth2"),
        ("ropc", "ropc"),
        ("wsFederation", "ws_fed"),
        ("saml20", "saml"),
        ("deviceCode", "device_code"),
        ("authenticationTransfer", "authentication_transfer"),
        ("nativeAuth", "native_auth"),
        ("openIdConnect", "oidc"),
    ]
    .into_iter()
    .find_map(|(name, canonical)| protocol.eq_ignore_ascii_case(name).then_some(canonical))
}

fn surface(kind: Kind, legacy: bool, details: &EntraRecord<'_>) -> &'static str {
    if kind.is_service() {
        return "api";
    }
    if legacy {
        return "legacy_protocol";
    }
    if details.client_app.is("Browser") {
        return "browser";
    }
    if details.client_app.is("Mobile Apps and Desktop clients") {
        let os = details.device.os.as_str().unwrap_or_default().to_ascii_lowercase();
        return match os.as_str() {
            "" => "unknown",
            os if os.contains("ios") || os.contains("android") => "mobile",
            _ => "desktop",
        };
    }
    "unknown"
}

fn conditional_access(status: &str) -> &'static str {
    // The diagnostic export writes the number of the enumeration.
    match status {
        "0" => "success",
        "1" => "failure",
        "2" => "not_applied",
        _ if status.eq_ignore_ascii_case("success") => "success",
        _ if status.eq_ignore_ascii_case("failure") => "failure",
        _ if status.eq_ignore_ascii_case("notApplied") => "not_applied",
        _ => "unknown",
    }
}

/// What was done about MFA.
struct Verdict {
    result: &'static str,
    satisfied_by: &'static str,
}

/// The steps of an attempt, summed up.
#[derive(Default)]
struct Steps<'a> {
    methods: Option<Vec<Cow<'a, str>>>,
    methods_raw: Option<Vec<Cow<'a, str>>>,
    first: Option<Method>,
    second: Option<Method>,
    first_succeeded: bool,
    second_succeeded: bool,
    /// How an MFA step was satisfied without performing it.
    claimed: Option<&'static str>,
    /// How an MFA step failed.
    refused: Option<&'static str>,
}

impl<'a> Steps<'a> {
    fn read(details: &EntraRecord<'a>) -> Self {
        let mut steps = Self::default();
        if let Some(list) = &details.steps.0 {
            steps.methods = Some(Vec::new());
            steps.methods_raw = Some(Vec::new());
            for step in list {
                steps.add(step);
            }
        }
        // Log Analytics rows may carry only the method of the second factor.
        if steps.second.is_none()
            && let Some(raw) = details.mfa_detail.method.as_str()
        {
            let method = Method::from_spelling(Some(Provider::Entra), raw);
            steps.second = Some(method.unwrap_or(Method::Unknown));
            steps.push(raw.to_owned().into(), method);
        }
        if steps.methods.is_none()
            && let Some(used) = &details.methods_used.0
        {
            for raw in used.iter().filter_map(Text::as_str) {
                steps.push(raw.to_owned().into(), Method::from_spelling(Some(Provider::Entra), raw));
            }
        }
        steps
    }

    fn push(&mut self, raw: Cow<'a, str>, method: Option<Method>) {
        let name = Cow::Borrowed(method.unwrap_or(Method::Unknown).as_str());
        let methods = self.methods.get_or_insert_default();
        if methods.last() != Some(&name) {
            methods.push(name);
        }
        self.methods_raw.get_or_insert_default().push(raw);
    }

    fn add(&mut self, step: &StepShape<'a>) {
        let is_second = step
            .requirement
            .as_str()
            .is_some_and(|requirement| ["mfa", "multi", "second"].iter().any(|word| contains(requirement, word)));
        let succeeded = step.succeeded.as_bool();
        let detail = step.result.as_str().unwrap_or_default();
        let Some(raw) = step.method.0.clone() else {
            if is_second && succeeded == Some(false) {
                self.refused = refusal(detail).or(self.refused);
            }
            return;
        };
        if is_claim(&raw) {
            // The first factor can come from a claim, too; that alone is not MFA.
            if is_second && succeeded != Some(false) {
                self.claimed = Some(if contains(detail, "external provider") { "federated" } else { "claim_in_token" });
            }
            return;
        }
        let method = Method::from_spelling(Some(Provider::Entra), &raw);
        self.push(raw, method);
        let method = method.unwrap_or(Method::Unknown);
        if is_second || (self.first.is_some() && method != Method::Password) {
            // The step that succeeded counts, else the last one tried.
            if !self.second_succeeded {
                self.second = Some(method);
                self.second_succeeded = succeeded == Some(true);
            }
            if succeeded == Some(false) {
                self.refused = refusal(detail).or(self.refused);
            }
        } else if self.first.is_none() || !self.first_succeeded {
            self.first = Some(method);
            self.first_succeeded = succeeded == Some(true);
        }
    }

    /// A first factor that is two factors by itself, such as a passkey.
    fn first_is_multi_factor(&self) -> bool {
        self.first_succeeded && self.first.is_some_and(|method| method.kinds() == Kinds::VerifiedPossession)
    }

    fn verdict(&self, code: Option<i64>, requirement: &str, text: Option<&str>) -> Verdict {
        let verdict = |result, satisfied_by| Verdict { result, satisfied_by };
        let text = text.unwrap_or_default();
        let Some(code) = code else {
            return verdict("unknown", "unknown");
        };
        if code != 0 {
            let refused = refusal(text).or(self.refused);
            return match (code, refused) {
                (_, Some(result)) => verdict(result, "none"),
                (500121 | 50088, None) => verdict("failed", "none"),
                (50072 | 50074 | 50076 | 50078 | 50079 | 50158 | 51006, None) => verdict("not_attempted", "none"),
                // The step passed and something after it, such as a policy, stopped the attempt.
                _ if self.second_succeeded || self.first_is_multi_factor() => verdict("satisfied", "performed"),
                _ if self.claimed.is_some() => verdict("satisfied", self.claimed.unwrap_or("unknown")),
                _ => verdict("not_attempted", "none"),
            };
        }
        if self.second_succeeded || self.first_is_multi_factor() {
            return verdict("satisfied", "performed");
        }
        if contains(text, "remembered device") {
            return verdict("satisfied", "remembered_device");
        }
        if contains(text, "skipped due to") || contains(text, "registered network") {
            return verdict("bypassed", "trusted_location");
        }
        if contains(text, "external provider") {
            return verdict("satisfied", "federated");
        }
        if let Some(claimed) = self.claimed {
            return verdict("satisfied", claimed);
        }
        if contains(text, "satisfied by claim") {
            return verdict("satisfied", "claim_in_token");
        }
        if contains(text, "mfa completed") || contains(text, "mfa successfully completed") {
            // The steps are logged before the attempt ends and can still say it is in progress.
            return verdict("satisfied", "performed");
        }
        match requirement {
            // It was required and the attempt succeeded; how is not logged.
            "required" => verdict("satisfied", "unknown"),
            "not_required" => verdict("not_attempted", "none"),
            _ => verdict("unknown", "unknown"),
        }
    }

    /// Whether what counted resists phishing; unknown when no method is known.
    fn is_phishing_resistant(&self) -> Option<bool> {
        match (self.second, self.first) {
            (Some(Method::Unknown), _) | (None, None | Some(Method::Unknown)) => None,
            (Some(second), _) => Some(second.is_phishing_resistant()),
            (None, Some(first)) => Some(first.is_phishing_resistant()),
        }
    }
}

/// Whether the "method" says that an earlier sign-in is relied on.
fn is_claim(method: &str) -> bool {
    ["previously satisfied", "satisfied by token", "claim in access token", "claim in token", "satisfied by claim"]
        .iter()
        .any(|word| contains(method, word))
}

/// How a step was refused, in the provider's words.
fn refusal(text: &str) -> Option<&'static str> {
    if contains(text, "fraud") {
        Some("fraud_reported")
    } else if contains(text, "declined") {
        Some("denied")
    } else if contains(text, "did not respond")
        || contains(text, "no response")
        || contains(text, "timed out")
        || contains(text, "timeout")
    {
        Some("timed_out")
    } else if contains(text, "mfa denied")
        || contains(text, "authentication failed")
        || contains(text, "incorrect")
        || contains(text, "duplicate authentication")
    {
        Some("failed")
    } else {
        None
    }
}

shape! {
    struct EntraRecord<'a> {
        time: Text<'a> = "time" | "TimeGenerated",
        category: Text<'a> = "category",
        operation: Text<'a> = "operationName" | "activityDisplayName",
        properties: Nested<EntraRecord<'a>> = "properties",
        result_type: Text<'a> = "resultType",
        result_description: Text<'a> = "resultDescription",
        tenant_id: Text<'a> = "tenantId" | "AADTenantId",
        id: Text<'a> = "id",
        request_id: Text<'a> = "originalRequestId" | "uniqueTokenIdentifier",
        created: Text<'a> = "createdDateTime",
        correlation_id: Text<'a> = "correlationId",
        session_id: Text<'a> = "sessionId",
        user_id: Text<'a> = "userId",
        user_principal_name: Text<'a> = "userPrincipalName",
        user_type: Text<'a> = "userType",
        service_principal_id: Text<'a> = "servicePrincipalId",
        service_principal_name: Text<'a> = "servicePrincipalName",
        app_id: Text<'a> = "appId",
        app_name: Text<'a> = "appDisplayName" | "resourceDisplayName",
        event_types: Many<Text<'a>> = "signInEventTypes",
        is_interactive: Text<'a> = "isInteractive",
        client_app: Text<'a> = "clientAppUsed",
        protocol: Text<'a> = "authenticationProtocol",
        requirement: Text<'a> = "authenticationRequirement",
        steps: Many<StepShape<'a>> = "authenticationDetails",
        methods_used: Many<Text<'a>> = "authenticationMethodsUsed",
        mfa_detail: MfaDetailShape<'a> = "mfaDetail",
        status: StatusShape<'a> = "status",
        conditional_access_status: Text<'a> = "conditionalAccessStatus",
        policies: Many<PolicyShape<'a>> = "appliedConditionalAccessPolicies" | "conditionalAccessPolicies",
        ip: Text<'a> = "ipAddress" | "callerIpAddress",
        location: LocationShape<'a> = "location" | "locationDetails",
        asn: Number = "autonomousSystemNumber",
        networks: Many<NetworkShape<'a>> = "networkLocationDetails",
        device: DeviceShape<'a> = "deviceDetail",
        user_agent: Text<'a> = "userAgent",
        risk_level: Text<'a> = "riskLevelDuringSignIn",
        risk_level_aggregated: Text<'a> = "riskLevelAggregated",
        risk_events_v2: Many<Text<'a>> = "riskEventTypes_v2" | "riskEventTypesV2",
        risk_events: Many<Text<'a>> = "riskEventTypes",
        resource_tenant_id: Text<'a> = "resourceTenantId",
        home_tenant_id: Text<'a> = "homeTenantId",
    }
}

impl<'a> EntraRecord<'a> {
    /// Takes from the envelope what the record inside does not say itself.
    fn inherit(&mut self, envelope: &mut Self) {
        for (own, outer) in [
            (&mut self.time, &mut envelope.time),
            (&mut self.category, &mut envelope.category),
            (&mut self.result_type, &mut envelope.result_type),
            (&mut self.result_description, &mut envelope.result_description),
            (&mut self.tenant_id, &mut envelope.tenant_id),
            (&mut self.correlation_id, &mut envelope.correlation_id),
            (&mut self.ip, &mut envelope.ip),
            (&mut self.location.country, &mut envelope.location.country),
        ] {
            if own.0.is_none() {
                own.0 = outer.take();
            }
        }
    }

    fn error_code(&self) -> Option<i64> {
        self.status.code.as_i64().or_else(|| match self.result_type.as_str()? {
            text if text.eq_ignore_ascii_case("success") => Some(0),
            text => text.parse().ok(),
        })
    }

    fn is_guest(&self) -> Option<bool> {
        if self.user_type.is("guest") {
            return Some(true);
        }
        match (self.home_tenant_id.as_str(), self.resource_tenant_id.as_str()) {
            (Some(home), Some(resource)) if !home.eq_ignore_ascii_case(resource) => Some(true),
            (Some(_), Some(_)) => Some(false),
            _ => self.user_type.is("member").then_some(false),
        }
    }

    fn risk_signals(&self) -> impl Iterator<Item = &Text<'a>> {
        self.risk_events_v2.iter().chain(self.risk_events.iter())
    }
}

shape! {
    struct StatusShape<'a> {
        code: Number = "errorCode",
        reason: Text<'a> = "failureReason",
        details: Text<'a> = "additionalDetails",
    }
}

shape! {
    struct StepShape<'a> {
        method: Text<'a> = "authenticationMethod",
        requirement: Text<'a> = "authenticationStepRequirement",
        result: Text<'a> = "authenticationStepResultDetail",
        succeeded: Text<'a> = "succeeded",
    }
}

shape! {
    struct MfaDetailShape<'a> {
        method: Text<'a> = "authMethod",
    }
}

shape! {
    struct PolicyShape<'a> {
        id: Text<'a> = "id",
        name: Text<'a> = "displayName",
        result: Text<'a> = "result",
    }
}

impl<'a> PolicyShape<'a> {
    fn into_result(self) -> PolicyResult<'a> {
        let is_report_only = self
            .result
            .as_str()
            .map(|result| result.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("reportOnly")));
        PolicyResult { policy_id: self.id.0, name: self.name.0, result: self.result.0, is_report_only }
    }
}

shape! {
    struct LocationShape<'a> {
        city: Text<'a> = "city",
        state: Text<'a> = "state",
        country: Text<'a> = "countryOrRegion",
        coordinates: CoordinatesShape<'a> = "geoCoordinates",
    }
}

shape! {
    struct CoordinatesShape<'a> {
        latitude: Number = "latitude",
        longitude: Number = "longitude",
    }
}

shape! {
    struct NetworkShape<'a> {
        kind: Text<'a> = "networkType",
    }
}

shape! {
    struct DeviceShape<'a> {
        id: Text<'a> = "deviceId",
        os: Text<'a> = "operatingSystem",
        browser: Text<'a> = "browser",
        is_compliant: Text<'a> = "isCompliant",
        is_managed: Text<'a> = "isManaged",
        trust_type: Text<'a> = "trustType",
    }
}

impl DeviceShape<'_> {
    fn trust(&self) -> Option<&'static str> {
        if self.is_compliant.as_bool() == Some(true) {
            return Some("compliant");
        }
        if self.is_managed.as_bool() == Some(true) {
            return Some("managed");
        }
        match self.trust_type.as_str() {
            Some(trust)
                if contains(trust, "joined")
                    || trust.eq_ignore_ascii_case("serverAd")
                    || trust.eq_ignore_ascii_case("azureAd") =>
            {
                Some("managed")
            }
            Some(_) => Some("registered"),
            None => (self.is_managed.as_bool() == Some(false)).then_some("unmanaged"),
        }
    }
}
