//! Microsoft Entra sign-in logs.
//!
//! Two envelopes carry the same record: Microsoft Graph's `signIn` object, and the diagnostic-settings export (`category`
//! `SignInLogs`, `NonInteractiveUserSignInLogs`, `ServicePrincipalSignInLogs`, `ManagedIdentitySignInLogs`), which nests it
//! under `properties`. Log Analytics tables flatten the second and write its objects as JSON strings.
//!
//! One row holds a whole attempt: `authenticationDetails` lists its steps. The steps, not the texts beside them, say what
//! was done; a claim from an earlier sign-in is told apart from a factor that was performed.

use std::borrow::Cow;

use super::json::{self, Many, Nested, Number, Raw, Text, shape};
use super::{Category, Layout, Parse, Reader, Reject, contains, event_id, lower, pick, time};
use crate::model::method::Kinds;
use crate::model::{Method, PolicyResult, PolicyResults, Provider, SignIn};

pub(super) const READER: Reader = Reader {
    name: "read_entra_signins",
    summary: "Microsoft Entra sign-in logs: Graph signIn objects or the diagnostic-settings export, all four categories",
    layout: Layout::Json,
    example: "read_entra_signins('sample_data/entra/signins-*.ndjson.gz')",
    parse: &[Parse::SignIn(parse)],
    source: "Microsoft Graph: signIn resource type; Microsoft Entra: sign-in logs in Azure Monitor",
    export: "Graph `auditLogs/signIns`, a diagnostic setting to storage or an event hub, or rows of the Log Analytics \
             tables as JSON; not the CSV of the portal",
    shapes: &[
        "signIn objects, bare or in pages (`value`)",
        "records of a diagnostic setting, with `category` and `properties`",
        "rows of `SigninLogs` and the `AAD…SignInLogs` tables, objects as text included",
    ],
    ignores: &[(
        "records of other categories in the same export, such as AuditLogs and ProvisioningLogs",
        "one export carries several logs; only the sign-in categories are sign-ins",
    )],
    fills: &["event_time provider event_id correlation_id session_id event_type_raw identity_id user_principal \
         population_hint app_id app_name event_kind is_interactive surface protocol client_app_raw is_legacy_auth \
         outcome failure_code failure_reason_raw failure_category mfa_requirement mfa_result mfa_satisfied_by methods \
         methods_raw first_factor second_factor is_phishing_resistant policy_results conditional_access_status ip \
         ip_anonymizer country region city latitude longitude asn network_trusted device_id device_os device_trust \
         browser user_agent risk_level risk_signals tenant_id home_tenant_id is_guest"],
};

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
        None => match details.table.as_str() {
            // Log Analytics names the table of each row.
            Some(table) if contains(table, "signin") => Kind::from_table(table),
            Some(_) => return Err(Reject::at(Category::WrongProvider, 0)),
            None => None,
        },
    };
    if let Some(mut properties) = details.properties.0.take() {
        properties.inherit(&mut details);
        details = *properties;
    }
    if kind.is_none() && !details.is_signin() {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    if kind.is_some() && details.is_interactive.as_str().is_none() {
        // The category says it where the record does not; without either it is unknown.
        let interactive = kind == Some(Kind::Interactive);
        details.is_interactive = Text(Some(Cow::Borrowed(if interactive { "true" } else { "false" })));
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
            ("ADFSSignInLogs", Self::Interactive),
            ("MicrosoftServicePrincipalSignInLogs", Self::ServicePrincipal),
        ]
        .into_iter()
        .find_map(|(name, kind)| category.eq_ignore_ascii_case(name).then_some(kind))
    }

    /// The kind of a Log Analytics table, whose name is that of the category behind the old name of the product.
    fn from_table(table: &str) -> Option<Self> {
        let prefixed = table.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("aad"));
        Self::from_category(if prefixed { &table[3..] } else { table })
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
        let dated = [&self.created, &self.time, &self.time_generated].iter().any(|time| time.as_str().is_some());
        let has_app = [&self.app_id, &self.app_name, &self.resource_name].iter().any(|app| app.as_str().is_some());
        let signed_in = self.status.code.0.is_some()
            || self.result_type.as_str().is_some()
            || self.client_app.as_str().is_some()
            || self.ip.as_str().is_some()
            || self.caller_ip.as_str().is_some()
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
    let event_time = time::required(&[
        ("createdDateTime", &details.created),
        ("time", &details.time),
        ("TimeGenerated", &details.time_generated),
    ])?;
    let latitude = time::degrees(details.location.coordinates.latitude, 90.0, "latitude")?;
    let longitude = time::degrees(details.location.coordinates.longitude, 180.0, "longitude")?;
    // What could not be located is written as the point where the equator meets Greenwich.
    let is_nowhere = latitude == Some(0.0)
        && longitude == Some(0.0)
        && [&details.location.city, &details.location.state, &details.location.country]
            .iter()
            .all(|name| name.as_str().is_none());
    let (latitude, longitude) = if is_nowhere { (None, None) } else { (latitude, longitude) };

    let code = details.error_code();
    let (outcome, failure_category) = code.map_or(("unknown", None), classify);
    let steps = Steps::read(details);
    let mfa_requirement = match details.requirement.as_str() {
        Some(text) if text.eq_ignore_ascii_case("multiFactorAuthentication") => "required",
        Some(text) if text.eq_ignore_ascii_case("singleFactorAuthentication") => "not_required",
        _ => "unknown",
    };
    let mfa = steps.verdict(code, mfa_requirement, details.status.details.as_str());
    let performed = mfa.satisfied_by == "performed";

    let legacy = details.client_app.as_str().and_then(legacy_protocol);
    let ropc_agent = details
        .user_agent
        .as_str()
        .is_some_and(|agent| ["bav2ropc", "cbainprod", "cbaintar"].iter().any(|word| agent.eq_ignore_ascii_case(word)));
    let logged = if ropc_agent { Some("ropc") } else { details.protocol.as_str().and_then(modern_protocol) };
    // What a client like "Other clients" speaks is known only in general; a password grant is more than that.
    let protocol = if legacy == Some("basic_auth") && logged == Some("ropc") { logged } else { legacy.or(logged) };
    let is_modern = details.client_app.is("Browser") || details.client_app.is("Mobile Apps and Desktop clients");
    // A client that is in neither list is not known to be modern.
    let is_legacy_auth =
        if legacy.is_some() || protocol == Some("ropc") { Some(true) } else { is_modern.then_some(false) };
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
    // Built where the caller wants it: a row is large, and moving it costs as much as parsing some of it.
    Ok(Some(SignIn {
        event_time: Some(event_time),
        provider: Some(Provider::Entra.as_str()),
        event_id: Some(
            pick([&mut details.id, &mut details.request_id, &mut details.token_id]).unwrap_or_else(|| event_id(record)),
        ),
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
        } else if details.is_partner() {
            Some("partner")
        } else {
            is_guest.map(|guest| if guest { "guest" } else { "workforce" })
        },
        app_id: details.app_id.take(),
        app_name: pick([&mut details.app_name, &mut details.resource_name]),
        event_kind: Some(if kind == Kind::Interactive { "combined" } else { "token" }),
        is_interactive: if kind.is_service() {
            Some(false)
        } else {
            details
                .is_interactive
                .as_bool()
                .or_else(|| details.event_types.iter().next().map(|_| kind == Kind::Interactive))
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
        is_phishing_resistant: if outcome == "success" { steps.is_phishing_resistant(&mfa) } else { None },
        first_factor: steps.first.map(Method::as_str),
        // On success a factor that was only tried is not what let them in.
        second_factor: steps.second.filter(|_| performed || outcome != "success").map(Method::as_str),
        methods: steps.methods,
        methods_raw: steps.methods_raw,
        number_matching: None,
        policy_results: details.policies.0.take().map(|raw| PolicyResults::deferred(raw, policy_results)),
        conditional_access_status: details.conditional_access_status.as_str().map(conditional_access),
        ip: pick([&mut details.ip, &mut details.caller_ip]),
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
        tenant_id: pick([&mut details.resource_tenant_id, &mut details.entra_tenant_id, &mut details.tenant_id]),
        home_tenant_id: details.home_tenant_id.take(),
        is_guest,
        source_file: None,
        source_record: None,
    }))
}

/// What an error code says of the attempt. Interrupts and challenges are steps of an attempt, not its failure.
pub(super) fn classify(code: i64) -> (&'static str, Option<&'static str>) {
    match code {
        0 => ("success", None),
        50074 | 50076 | 50078 | 50158 | 51006 => ("challenge", Some("mfa_required")),
        50072 | 50079 => ("interrupted", Some("not_enrolled")),
        16000 | 16001 | 50058 | 50059 | 50097 | 50125 | 50127 | 50129 | 50140 | 50143 | 50199 | 65001 | 65004
        | 70043 | 70044 | 81012 | 81014 | 9002341 => ("interrupted", Some("interrupted")),
        500121 | 50088 => ("failure", Some("mfa_failed")),
        50034 | 50055 | 50056 | 50126 | 50064 | 50144 | 81016 | 7000215 | 7000222 | 7000218 | 700024 | 700027 => {
            ("failure", Some("bad_credentials"))
        }
        50053 => ("failure", Some("account_locked")),
        50057 => ("failure", Some("account_disabled")),
        53004 | 53011 | 50131 => ("failure", Some("risk_blocked")),
        50005 | 50020 | 50105 | 53000..=53003 | 53009 | 53010 | 530_001..=530_037 => {
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
        ("Universal Outlook", "basic_auth"),
        ("Reporting Web Services", "basic_auth"),
        ("Other clients", "basic_auth"),
        ("Other clients; IMAP", "imap"),
        ("Other clients; POP", "pop"),
        ("Other clients; SMTP", "smtp_auth"),
    ]
    .into_iter()
    .find_map(|(name, protocol)| client.eq_ignore_ascii_case(name).then_some(protocol))
    // `Other clients; Older Office clients` and whatever else comes after the semicolon.
    .or_else(|| contains(client, "other clients;").then_some("basic_auth"))
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
#[derive(Clone, Copy)]
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
    /// What a step says about MFA in words: how it was satisfied or skipped.
    said: Option<Verdict>,
    /// Whether the second factor is known from `mfaDetail` only, which does not say that it succeeded.
    is_second_inferred: bool,
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
            steps.is_second_inferred = true;
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
            .filter(|requirement| !requirement.eq_ignore_ascii_case("Primary authentication"))
            .is_some_and(|requirement| ["mfa", "multi", "second"].iter().any(|word| contains(requirement, word)));
        let succeeded = step.succeeded.as_bool();
        let detail = step.result.as_str().unwrap_or_default();
        if succeeded != Some(false) {
            self.said = said(detail).or(self.said);
        }
        let Some(raw) = step.method.0.clone() else {
            if is_second && succeeded == Some(false) {
                self.refused = refusal(detail).or(self.refused);
            }
            return;
        };
        let method = Method::from_spelling(Some(Provider::Entra), &raw);
        if method.is_none() && is_claim(&raw) {
            // The first factor can come from a claim, too; that alone is not MFA.
            if is_second && succeeded != Some(false) && self.said.is_none() {
                self.said = Some(Verdict { result: "satisfied", satisfied_by: "claim_in_token" });
            }
            return;
        }
        self.push(raw, method);
        let method = method.unwrap_or(Method::Unknown);
        // Something known is no second factor, whatever the step is called.
        if (is_second || self.first.is_some()) && method.kinds() != Kinds::Knowledge {
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
        let said = said(text).or(self.said);
        if code != 0 {
            let refused = refusal(text).or(self.refused);
            return match (code, refused) {
                (_, Some(result)) => verdict(result, "none"),
                (500121 | 50088, None) => verdict("failed", "none"),
                (50072 | 50074 | 50076 | 50078 | 50079 | 50158 | 51006, None) => verdict("not_attempted", "none"),
                // The step passed and something after it, such as a policy, stopped the attempt.
                _ if self.second_succeeded || self.first_is_multi_factor() => verdict("satisfied", "performed"),
                _ => said.unwrap_or(verdict("not_attempted", "none")),
            };
        }
        if self.second_succeeded || self.first_is_multi_factor() {
            return verdict("satisfied", "performed");
        }
        if let Some(said) = said {
            // The steps are logged before the attempt ends and can still say it is in progress.
            return said;
        }
        if self.is_second_inferred {
            return verdict("satisfied", "performed");
        }
        match requirement {
            // It was required and the attempt succeeded; how is not logged.
            "required" if self.first.is_none() && self.second.is_none() => verdict("satisfied", "unknown"),
            // A method without a name may be two factors by itself.
            "not_required" if self.first != Some(Method::Unknown) => verdict("not_attempted", "none"),
            // Steps that do not add up to MFA: they can be incomplete.
            _ => verdict("unknown", "unknown"),
        }
    }

    /// Whether what let them in resists phishing; unknown when that is not known.
    fn is_phishing_resistant(&self, mfa: &Verdict) -> Option<bool> {
        let method = match (mfa.satisfied_by, self.second) {
            ("performed", Some(second)) => second,
            ("performed" | "remembered_device" | "none", _) if self.first_succeeded => self.first?,
            _ => return None,
        };
        (method != Method::Unknown).then(|| method.is_phishing_resistant())
    }
}

/// What a text says about MFA: how it was satisfied, or why it was skipped.
fn said(text: &str) -> Option<Verdict> {
    if !contains(text, "mfa") {
        return None;
    }
    let verdict = |result, satisfied_by| Some(Verdict { result, satisfied_by });
    if contains(text, "remembered device") || contains(text, "registered device") {
        verdict("satisfied", "remembered_device")
    } else if contains(text, "app password") {
        verdict("bypassed", "bypass")
    } else if ["due to location", "registered network", "trusted ip", "ip address"]
        .iter()
        .any(|word| contains(text, word))
    {
        verdict("bypassed", "trusted_location")
    } else if contains(text, "skipped") {
        verdict("bypassed", "unknown")
    } else if contains(text, "external provider") {
        verdict("satisfied", "federated")
    } else if contains(text, "satisfied by claim") {
        verdict("satisfied", "claim_in_token")
    } else if ["mfa completed", "mfa successfully completed", "satisfied by strong authentication"]
        .iter()
        .any(|word| contains(text, word))
    {
        verdict("satisfied", "performed")
    } else {
        None
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
        time: Text<'a> = "time",
        time_generated: Text<'a> = "TimeGenerated" | "TimeGenerated [UTC]",
        table: Text<'a> = "Type",
        category: Text<'a> = "category",
        operation: Text<'a> = "operationName" | "activityDisplayName",
        properties: Nested<EntraRecord<'a>> = "properties",
        result_type: Text<'a> = "resultType",
        result_description: Text<'a> = "resultDescription",
        /// In Log Analytics the workspace, elsewhere the tenant.
        tenant_id: Text<'a> = "tenantId",
        entra_tenant_id: Text<'a> = "AADTenantId",
        id: Text<'a> = "id",
        request_id: Text<'a> = "originalRequestId",
        token_id: Text<'a> = "uniqueTokenIdentifier",
        created: Text<'a> = "createdDateTime" | "CreatedDateTime [UTC]",
        correlation_id: Text<'a> = "correlationId",
        session_id: Text<'a> = "sessionId",
        user_id: Text<'a> = "userId",
        user_principal_name: Text<'a> = "userPrincipalName",
        user_type: Text<'a> = "userType",
        service_principal_id: Text<'a> = "servicePrincipalId",
        service_principal_name: Text<'a> = "servicePrincipalName",
        app_id: Text<'a> = "appId",
        app_name: Text<'a> = "appDisplayName",
        resource_name: Text<'a> = "resourceDisplayName",
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
        policies: Raw<'a> = "appliedConditionalAccessPolicies" | "conditionalAccessPolicies",
        ip: Text<'a> = "ipAddress",
        caller_ip: Text<'a> = "callerIpAddress",
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
        cross_tenant: Text<'a> = "crossTenantAccessType",
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
            (&mut self.caller_ip, &mut envelope.caller_ip),
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

    /// An administrator of a partner that manages the tenant: from another tenant, and no guest.
    fn is_partner(&self) -> bool {
        self.cross_tenant.is("serviceProvider")
    }

    fn is_guest(&self) -> Option<bool> {
        if self.user_type.is("guest")
            || self.cross_tenant.is("b2bCollaboration")
            || self.cross_tenant.is("b2bDirectConnect")
        {
            return Some(true);
        }
        if self.is_partner() {
            return Some(false);
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

/// The policies that were evaluated; none when the value is no list of them.
fn policy_results(raw: &str) -> Vec<PolicyResult<'_>> {
    let list: Many<PolicyShape<'_>> = json::parse_any(raw.as_bytes()).unwrap_or_default();
    list.0.unwrap_or_default().into_iter().map(PolicyShape::into_result).collect()
}

impl<'a> PolicyShape<'a> {
    fn into_result(self) -> PolicyResult<'a> {
        let is_report_only = self.result.as_str().and_then(|result| match result {
            // The numbers of the enumeration.
            "0" | "1" | "2" | "3" => Some(false),
            "6" | "7" | "8" | "9" => Some(true),
            _ if result.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("reportOnly")) => Some(true),
            _ => ["success", "failure", "notApplied", "notEnabled"]
                .iter()
                .any(|word| result.eq_ignore_ascii_case(word))
                .then_some(false),
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A Graph sign-in, with what is particular to the test merged in.
    fn signin(rest: &str) -> String {
        format!(
            r#"{{"id":"s1","createdDateTime":"2024-01-01T00:00:00Z","appId":"a1","appDisplayName":"App",
            "userId":"u1","userPrincipalName":"Jo@Contoso.com","isInteractive":true,{rest}}}"#
        )
    }

    fn read(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    fn step(method: &str, requirement: &str, succeeded: bool, detail: &str) -> String {
        format!(
            r#"{{"authenticationMethod":"{method}","authenticationStepRequirement":"{requirement}",
            "succeeded":{succeeded},"authenticationStepResultDetail":"{detail}"}}"#
        )
    }

    fn password() -> String {
        step("Password", "Primary authentication", true, "Correct password")
    }

    /// Outcome, result and how it was satisfied, of an attempt with that code, text and steps.
    fn verdict(code: i64, requirement: &str, text: &str, steps: &[String]) -> [&'static str; 3] {
        let text = signin(&format!(
            r#""status":{{"errorCode":{code},"additionalDetails":"{text}"}},"authenticationRequirement":"{requirement}",
            "authenticationDetails":[{}]"#,
            steps.join(",")
        ));
        let row = read(&text);
        [row.outcome, row.mfa_result, row.mfa_satisfied_by].map(Option::unwrap_or_default)
    }

    const SINGLE: &str = "singleFactorAuthentication";
    const MULTI: &str = "multiFactorAuthentication";
    const SECOND: &str = "Multi-factor authentication";

    #[test]
    fn a_factor_that_was_performed() {
        let text = signin(&format!(
            r#""status":{{"errorCode":0,"failureReason":"Other."}},"authenticationRequirement":"{MULTI}",
            "clientAppUsed":"Browser","authenticationDetails":[{},{}]"#,
            password(),
            step("Mobile app notification", SECOND, true, "MFA completed in Azure AD")
        ));
        let row = read(&text);
        assert_eq!((row.outcome, row.mfa_result), (Some("success"), Some("satisfied")));
        assert_eq!((row.mfa_satisfied_by, row.mfa_requirement), (Some("performed"), Some("required")));
        assert_eq!((row.first_factor, row.second_factor), (Some("password"), Some("push")));
        assert_eq!(row.methods_raw.expect("lists methods"), ["Password", "Mobile app notification"]);
        assert_eq!((row.failure_code, row.failure_reason_raw, row.failure_category), (None, None, None));
        assert_eq!((row.is_phishing_resistant, row.is_legacy_auth), (Some(false), Some(false)));
        assert_eq!((row.event_kind, row.surface), (Some("combined"), Some("browser")));
    }

    #[test]
    fn the_step_is_logged_before_the_attempt_ends() {
        let pending = [password(), step("Authenticator App", SECOND, false, "Authentication in progress")];
        let found = verdict(0, MULTI, "MFA successfully completed", &pending);
        assert_eq!(found, ["success", "satisfied", "performed"]);
        // The same text beside a code that says the second factor is still asked for.
        let found = verdict(50074, MULTI, "MFA successfully completed", &pending);
        assert_eq!(found, ["challenge", "not_attempted", "none"]);
    }

    #[test]
    fn a_claim_is_not_a_factor() {
        let claim = [step("Previously satisfied", SECOND, true, "MFA requirement satisfied by claim in the token")];
        assert_eq!(verdict(0, MULTI, "", &claim), ["success", "satisfied", "claim_in_token"]);
        let text = "MFA requirement satisfied by claim in the token";
        // Not required, and satisfied all the same.
        assert_eq!(verdict(0, SINGLE, text, &[]), ["success", "satisfied", "claim_in_token"]);
        // The first factor can be a claim, too, and that is no MFA.
        let first = [step(
            "Previously satisfied",
            "Primary authentication",
            true,
            "First factor requirement satisfied by claim",
        )];
        assert_eq!(verdict(0, SINGLE, "", &first), ["success", "not_attempted", "none"]);
        let external = "MFA requirement satisfied by claim provided by external provider";
        assert_eq!(verdict(0, MULTI, external, &[]), ["success", "satisfied", "federated"]);
        let remembered = "MFA requirement skipped due to remembered device";
        assert_eq!(verdict(0, MULTI, remembered, &[]), ["success", "satisfied", "remembered_device"]);
        let network = "MFA requirement skipped due to registered network";
        assert_eq!(verdict(0, MULTI, network, &[]), ["success", "bypassed", "trusted_location"]);
    }

    #[test]
    fn a_password_alone_is_no_mfa() {
        assert_eq!(verdict(0, SINGLE, "", &[password()]), ["success", "not_attempted", "none"]);
        assert_eq!(verdict(0, "", "", &[password()]), ["success", "unknown", "unknown"]);
        let key = [step("FIDO2 security key", "Primary authentication", true, "")];
        assert_eq!(verdict(0, SINGLE, "", &key), ["success", "satisfied", "performed"]);
    }

    #[test]
    fn what_was_skipped_was_not_done() {
        for (text, expected) in [
            ("MFA requirement skipped as flow exercised was Windows broker logon flow", ["bypassed", "unknown"]),
            ("MFA requirement skipped due to location", ["bypassed", "trusted_location"]),
            ("MFA requirement skipped due to app password", ["bypassed", "bypass"]),
            ("MFA requirement skipped due to remembered device", ["satisfied", "remembered_device"]),
            ("MFA requirement satisfied by strong authentication", ["satisfied", "performed"]),
        ] {
            assert_eq!(verdict(0, MULTI, text, &[password()])[1..], expected, "{text}");
            // The same words in a step, under any requirement.
            for requirement in [SECOND, "", "User"] {
                let step = step("Previously satisfied", requirement, true, text);
                assert_eq!(verdict(0, SINGLE, "", &[password(), step])[1..], expected, "{text} in a step");
            }
        }
        // Steps that do not add up are unknown, not a pass; no steps at all are what the requirement says.
        assert_eq!(verdict(0, MULTI, "", &[password()])[1..], ["unknown", "unknown"]);
        assert_eq!(verdict(0, MULTI, "", &[])[1..], ["satisfied", "unknown"]);
    }

    #[test]
    fn what_is_known_is_no_second_factor() {
        let twice = [password(), step("Password", SECOND, true, "")];
        assert_eq!(verdict(0, SINGLE, "", &twice), ["success", "not_attempted", "none"]);
    }

    #[test]
    fn a_factor_that_was_only_tried_lends_no_strength() {
        let steps = [password(), step("FIDO2 security key", SECOND, false, "")].join(",");
        for (text, requirement, expected) in
            [("MFA requirement satisfied by claim in the token", MULTI, None), ("", SINGLE, Some(false))]
        {
            let text = signin(&format!(
                r#""status":{{"errorCode":0,"additionalDetails":"{text}"}},"authenticationRequirement":"{requirement}",
                "authenticationDetails":[{steps}]"#
            ));
            let row = read(&text);
            assert_eq!((row.is_phishing_resistant, row.second_factor), (expected, None));
        }
    }

    #[test]
    fn a_method_without_a_name_is_unknown() {
        let first = |method| [step(method, "Primary authentication", true, "")];
        assert_eq!(verdict(0, SINGLE, "", &first("Passkey (device-bound)"))[1..], ["satisfied", "performed"]);
        assert_eq!(verdict(0, SINGLE, "", &first("Passwordless phone sign-in"))[1..], ["satisfied", "performed"]);
        assert_eq!(verdict(0, SINGLE, "", &first("Something new"))[1..], ["unknown", "unknown"]);
    }

    #[test]
    fn the_table_tells_what_a_row_is() {
        let row = |table: &str| {
            parse(
                format!(r#"{{"TimeGenerated":"2026-01-05T08:00:00Z","Type":"{table}","AppId":"a","ResultType":"0"}}"#)
                    .as_bytes(),
            )
            .map(|row| row.map(|row| (row.event_kind, row.is_interactive)))
        };
        assert_eq!(row("SigninLogs"), Ok(Some((Some("combined"), Some(true)))));
        assert_eq!(row("AADNonInteractiveUserSignInLogs"), Ok(Some((Some("token"), Some(false)))));
        assert_eq!(row("MicrosoftGraphActivityLogs"), Err(Reject::at(Category::WrongProvider, 0)));
    }

    #[test]
    fn keys_mean_the_same_in_any_order() {
        let text = signin(
            r#""status":{"errorCode":0},"resourceDisplayName":"ARM","callerIpAddress":"192.0.2.9",
            "ipAddress":"192.0.2.1","TenantId":"workspace","AADTenantId":"tenant","crossTenantAccessType":"serviceProvider",
            "homeTenantId":"h","resourceTenantId":"","userType":"member",
            "location":{"city":"","geoCoordinates":{"latitude":0,"longitude":0}},
            "appliedConditionalAccessPolicies":[{"id":"p","result":"6"},{"id":"q","result":"unknown"}]"#,
        );
        let row = read(&text);
        assert_eq!((row.app_name.as_deref(), row.ip.as_deref()), (Some("App"), Some("192.0.2.1")));
        assert_eq!((row.tenant_id.as_deref(), row.is_guest), (Some("tenant"), Some(false)));
        assert_eq!((row.population_hint, row.latitude, row.longitude), (Some("partner"), None, None));
        let policies = row.policy_results.expect("lists policies");
        assert_eq!(policies.get().iter().map(|policy| policy.is_report_only).collect::<Vec<_>>(), [Some(true), None]);
    }

    #[test]
    fn how_a_second_factor_is_refused() {
        for (text, result, category) in [
            ("MFA denied; user declined the authentication", "denied", "mfa_denied"),
            ("MFA denied; user did not respond to mobile app notification", "timed_out", "mfa_timeout"),
            ("MFA denied; Phone App Reported Fraud", "fraud_reported", "fraud_reported"),
            ("MFA denied; invalid verification code", "failed", "mfa_failed"),
            ("", "failed", "mfa_failed"),
        ] {
            let text = signin(&format!(r#""status":{{"errorCode":500121,"additionalDetails":"{text}"}}"#));
            let row = read(&text);
            assert_eq!((row.outcome, row.mfa_satisfied_by), (Some("failure"), Some("none")));
            assert_eq!((row.mfa_result, row.failure_category), (Some(result), Some(category)), "{text}");
            assert_eq!(row.failure_code.as_deref(), Some("500121"));
        }
        let declined = [
            password(),
            step("Mobile app notification", SECOND, false, "MFA denied; user declined the authentication"),
        ];
        assert_eq!(verdict(500_121, MULTI, "", &declined), ["failure", "denied", "none"]);
    }

    #[test]
    fn interrupts_and_challenges_are_no_failures() {
        for (code, outcome, category) in [
            (50072, "interrupted", "not_enrolled"),
            (50079, "interrupted", "not_enrolled"),
            (50074, "challenge", "mfa_required"),
            (50076, "challenge", "mfa_required"),
            (50078, "challenge", "mfa_required"),
            (50158, "challenge", "mfa_required"),
            (50097, "interrupted", "interrupted"),
            (50125, "interrupted", "interrupted"),
            (50140, "interrupted", "interrupted"),
            (50126, "failure", "bad_credentials"),
            (50053, "failure", "account_locked"),
            (53003, "failure", "policy_blocked"),
            (7_000_215, "failure", "bad_credentials"),
            (7_000_222, "failure", "bad_credentials"),
            (50088, "failure", "mfa_failed"),
            (123_456, "failure", "other"),
        ] {
            let text = signin(&format!(r#""status":{{"errorCode":{code}}}"#));
            let row = read(&text);
            assert_eq!((row.outcome, row.failure_category), (Some(outcome), Some(category)), "{code}");
        }
        // Both factors passed, and a policy stopped the attempt afterwards.
        let passed = [password(), step("SMS", SECOND, true, "")];
        assert_eq!(verdict(53003, MULTI, "", &passed), ["failure", "satisfied", "performed"]);
        assert_eq!(verdict(50126, SINGLE, "", &[]), ["failure", "not_attempted", "none"]);
    }

    #[test]
    fn an_empty_status_is_unknown() {
        let text = signin(r#""status":{},"ipAddress":"1.1.1.1""#);
        let row = read(&text);
        assert_eq!(
            (row.outcome, row.mfa_result, row.mfa_satisfied_by),
            (Some("unknown"), Some("unknown"), Some("unknown"))
        );
    }

    #[test]
    fn report_only_enforces_nothing() {
        let text = signin(
            r#""status":{"errorCode":0},"conditionalAccessStatus":"notApplied","appliedConditionalAccessPolicies":[
            {"id":"p1","displayName":"Require MFA","result":"reportOnlyInterrupted"},
            {"id":"p2","displayName":"Block","result":"failure"},{"id":"p3","result":"notEnabled"},{"id":"p4"}]"#,
        );
        let row = read(&text);
        let found: Vec<_> =
            row.policy_results.iter().flat_map(PolicyResults::get).map(|policy| policy.is_report_only).collect();
        assert_eq!(found, [Some(true), Some(false), Some(false), None]);
        assert_eq!(row.conditional_access_status, Some("not_applied"));
        assert_eq!(row.mfa_requirement, Some("unknown"));
    }

    #[test]
    fn conditional_access_by_name_or_number() {
        for (logged, expected) in [
            ("0", "success"),
            (r#""0""#, "success"),
            ("1", "failure"),
            (r#""2""#, "not_applied"),
            ("3", "unknown"),
            (r#""success""#, "success"),
            (r#""NotApplied""#, "not_applied"),
            (r#""unknownFutureValue""#, "unknown"),
        ] {
            let text = signin(&format!(r#""status":{{"errorCode":0}},"conditionalAccessStatus":{logged}"#));
            assert_eq!(read(&text).conditional_access_status, Some(expected), "{logged}");
        }
        assert_eq!(read(&signin(r#""status":{"errorCode":0}"#)).conditional_access_status, None);
    }

    #[test]
    fn clients_that_cannot_be_prompted() {
        for (client, protocol, surface, is_legacy) in [
            ("IMAP4", Some("imap"), "legacy_protocol", Some(true)),
            ("POP3", Some("pop"), "legacy_protocol", Some(true)),
            ("Authenticated SMTP", Some("smtp_auth"), "legacy_protocol", Some(true)),
            ("Exchange ActiveSync", Some("exchange_active_sync"), "legacy_protocol", Some(true)),
            ("MAPI Over HTTP", Some("basic_auth"), "legacy_protocol", Some(true)),
            ("Other clients", Some("basic_auth"), "legacy_protocol", Some(true)),
            ("Other clients; Older Office clients", Some("basic_auth"), "legacy_protocol", Some(true)),
            ("Other clients; IMAP", Some("imap"), "legacy_protocol", Some(true)),
            ("Browser", None, "browser", Some(false)),
            ("Mobile Apps and Desktop clients", None, "unknown", Some(false)),
            ("Something new", None, "unknown", None),
            ("", None, "unknown", None),
        ] {
            let text = signin(&format!(r#""status":{{"errorCode":0}},"clientAppUsed":"{client}""#));
            let row = read(&text);
            assert_eq!((row.protocol, row.surface), (protocol, Some(surface)), "{client}");
            assert_eq!(row.is_legacy_auth, is_legacy, "{client}");
        }
    }

    #[test]
    fn passwords_sent_by_programs() {
        for rest in [
            r#""userAgent":"BAV2ROPC""#,
            r#""userAgent":"CBAInPROD""#,
            r#""userAgent":"CBAinTAR""#,
            r#""authenticationProtocol":"ropc""#,
        ] {
            let text = signin(&format!(r#""status":{{"errorCode":0}},{rest}"#));
            let row = read(&text);
            assert_eq!((row.protocol, row.is_legacy_auth), (Some("ropc"), Some(true)), "{rest}");
        }
    }

    #[test]
    fn the_categories_of_the_export() {
        for (category, kind, interactive, population) in [
            ("SignInLogs", "combined", Some(true), None),
            ("NonInteractiveUserSignInLogs", "token", Some(false), None),
            ("ServicePrincipalSignInLogs", "token", Some(false), Some("service")),
            ("ManagedIdentitySignInLogs", "token", Some(false), Some("service")),
        ] {
            let text = format!(
                r#"{{"time":"2024-01-01T00:00:00Z","category":"{category}","operationName":"Sign-in activity",
                "resultType":"0","callerIpAddress":"1.1.1.1","tenantId":"t1","properties":{{"id":"s1","appId":"a1",
                "servicePrincipalId":"sp1","servicePrincipalName":"Robot"}}}}"#
            );
            let row = read(&text);
            assert_eq!((row.event_kind, row.is_interactive), (Some(kind), interactive), "{category}");
            assert_eq!((row.population_hint, row.outcome), (population, Some("success")));
            assert_eq!(row.event_type_raw.as_deref(), Some(category));
            assert_eq!((row.ip.as_deref(), row.tenant_id.as_deref()), (Some("1.1.1.1"), Some("t1")));
            if population.is_some() {
                assert_eq!((row.identity_id.as_deref(), row.surface), (Some("sp1"), Some("api")));
            }
        }
        let audit = r#"{"time":"2024-01-01T00:00:00Z","category":"AuditLogs","operationName":"Update user"}"#;
        assert_eq!(parse(audit.as_bytes()), Ok(None));
        let text = signin(r#""status":{"errorCode":0},"signInEventTypes":["nonInteractiveUser"]"#);
        assert_eq!(read(&text).event_kind, Some("token"));
    }

    #[test]
    fn guests() {
        for (rest, is_guest, population) in [
            (r#""homeTenantId":"t1","resourceTenantId":"t2""#, Some(true), Some("guest")),
            (r#""homeTenantId":"T1","resourceTenantId":"t1""#, Some(false), Some("workforce")),
            (r#""userType":"Guest""#, Some(true), Some("guest")),
            (r#""userType":"member""#, Some(false), Some("workforce")),
            (r#""homeTenantId":"","resourceTenantId":"t1""#, None, None),
        ] {
            let text = signin(&format!(r#""status":{{"errorCode":0}},{rest}"#));
            let row = read(&text);
            assert_eq!((row.is_guest, row.population_hint), (is_guest, population), "{rest}");
        }
    }

    #[test]
    fn the_same_record_in_other_layouts() {
        let steps = format!("[{},{}]", password(), step("SMS", SECOND, true, ""));
        let native = signin(&format!(
            r#""status":{{"errorCode":0}},"authenticationRequirement":"{MULTI}","authenticationDetails":{steps},
            "deviceDetail":{{"deviceId":"d1","isCompliant":true}},"location":{{"countryOrRegion":"NO"}}"#
        ));
        let expected = read(&native);
        let quoted = |json: &str| serde_json::to_string(json).expect("is text");
        let strings = signin(&format!(
            r#""status":{},"authenticationRequirement":"{MULTI}","authenticationDetails":{},
            "deviceDetail":{},"location":"NO","locationDetails":{}"#,
            quoted(r#"{"errorCode":"0"}"#),
            quoted(&steps),
            quoted(r#"{"deviceId":"d1","isCompliant":"True"}"#),
            quoted(r#"{"countryOrRegion":"NO"}"#)
        ));
        assert_eq!(read(&strings), expected);
        let lower_cased = native
            .replace("createdDateTime", "createddatetime")
            .replace("authenticationDetails", "authenticationdetails")
            .replace("authenticationMethod", "authenticationmethod")
            .replace("errorCode", "ERRORCODE");
        assert_eq!(read(&lower_cased), expected);
    }

    #[test]
    fn rows_of_log_analytics_can_name_the_second_factor_only() {
        let text = r#"{"TimeGenerated":"2024-01-01T00:00:00Z","Category":"SignInLogs","ResultType":"0","AppId":"a1",
            "AuthenticationRequirement":"MultifactorAuthentication","MfaDetail":"{\"authMethod\":\"Phone call\"}"}"#;
        let row = read(text);
        assert_eq!((row.second_factor, row.mfa_result), (Some("voice"), Some("satisfied")));
        assert_eq!((row.mfa_requirement, row.outcome), (Some("required"), Some("success")));
    }

    #[test]
    fn a_missing_id_is_replaced_by_a_stable_one() {
        let text = signin(r#""status":{"errorCode":0}"#).replace(r#""id":"s1","#, "");
        let id = read(&text).event_id.expect("has an id");
        assert!(id.starts_with("sha256:") && id.len() == 39);
        assert_eq!(read(&text).event_id.as_ref(), Some(&id));
        let other = text.replace("a1", "a2");
        assert_ne!(read(&other).event_id, Some(id));
    }

    #[test]
    fn anonymous_addresses_and_trusted_networks() {
        let text = signin(
            r#""status":{"errorCode":0},"riskEventTypes_v2":["anonymizedIPAddress","unlikelyTravel"],
            "riskLevelDuringSignIn":"High","networkLocationDetails":[{"networkType":"trustedNamedLocation"}]"#,
        );
        let row = read(&text);
        assert_eq!((row.ip_anonymizer, row.network_trusted), (Some(true), Some(true)));
        assert_eq!(row.risk_signals.expect("has signals"), ["anonymizedIPAddress", "unlikelyTravel"]);
        assert_eq!(row.risk_level.as_deref(), Some("high"));
        let text = signin(r#""status":{"errorCode":0},"riskEventTypes_v2":[]"#);
        let row = read(&text);
        assert_eq!((row.ip_anonymizer, row.risk_signals), (None, Some(Vec::new())));
    }

    #[test]
    fn what_is_rejected() {
        let category = |text: &str| parse(text.as_bytes()).map(|_| ()).map_err(|reject| reject.category);
        assert_eq!(category(r#"{"eventType":"user.session.start","uuid":"u"}"#), Err(Category::WrongProvider));
        assert_eq!(category(r#"{"category":"shoes"}"#), Err(Category::WrongProvider));
        let undated = r#"{"category":"SignInLogs","properties":{"appId":"a","status":{"errorCode":0}}}"#;
        assert_eq!(category(undated), Err(Category::MissingField));
        let misdated = signin(r#""status":{"errorCode":0}"#).replace("2024-01-01", "2024-13-01");
        assert_eq!(category(&misdated), Err(Category::InvalidTimestamp));
        let far = signin(r#""status":{"errorCode":0},"location":{"geoCoordinates":{"latitude":91}}"#);
        assert_eq!(category(&far), Err(Category::NumberOutOfRange));
        let twice = signin(r#""status":{"errorCode":0},"status":{"errorCode":1}"#);
        assert_eq!(category(&twice), Err(Category::DuplicateKey));
    }
}
