//! OCSF Authentication (class 3002) of any source, and what Account Change (3001) says of factors.
//!
//! The numbers decide; the texts beside them are captions. A password among the factors is the first, and that MFA was not
//! used where another provider vouched for the user is no gap: that provider knows. Other classes are ignored.

use std::borrow::Cow;

use super::json::{self, Many, Number, Raw, Text, shape};
use super::used::{Used, failure_category, known, surface, unknown};
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, event_id, lower, pick, time};
use crate::model::{FactorEvent, Method, Provider, SignIn, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_ocsf_authentication",
    summary: "OCSF Authentication events (class 3002) of any source, Security Lake included: sign-ins, or factors that were enabled or disabled",
    layout: Layout::Json,
    example: "read_ocsf_authentication('tests/data/ocsf_authentication.ndjson')",
    parse: &[Parse::SignIn(parse), Parse::FactorEvents(factor_events)],
    source: "OCSF schema: Authentication (3002), Account Change (3001)",
    export: "Amazon Security Lake or whatever else writes OCSF, as JSON; Parquet by `mfa_normalize_signin('ocsf', \
             to_json(…))`",
    shapes: &["events, bare or in arrays"],
    ignores: &[
        ("sign-ins: other classes than 3002, and the activity Logoff", "a logoff ends a session"),
        (
            "factor events: all but the activities 10 (MFA factor enabled) and 11 (MFA factor disabled) of class 3001",
            "no other change of an account is about a factor",
        ),
    ],
    fills: &[
        "event_time provider event_id correlation_id session_id event_type_raw identity_id user_principal app_id \
         app_name event_kind is_interactive surface protocol is_legacy_auth outcome failure_code failure_reason_raw \
         failure_category mfa_requirement mfa_result mfa_satisfied_by methods methods_raw first_factor second_factor \
         is_phishing_resistant ip country region city latitude longitude asn device_id device_os \
         device_trust user_agent risk_level tenant_id",
        "event_time provider event_id correlation_id identity_id user_principal event_type event_type_raw method \
         outcome failure_reason_raw actor_id actor_principal actor_kind ip user_agent",
    ],
};

fn read(record: &[u8]) -> Result<Event<'_>, Reject> {
    let event: Event<'_> = json::parse(record)?;
    // Every event names its class, and its schema or its category.
    if event.class.as_i64().is_none() || (event.metadata.version.0.is_none() && event.category.as_i64().is_none()) {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    Ok(event)
}

/// One event.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let event = read(record)?;
    // A logoff ends a session.
    if event.class.as_i64() != Some(3002) || event.activity.as_i64() == Some(2) {
        return Ok(None);
    }
    row(record, event).map(Some)
}

impl<'a> Event<'a> {
    fn time(&self) -> Result<Timestamp, Reject> {
        time::required(&[("time", &self.time), ("time_dt", &self.time_text)])
    }

    fn used(&self) -> Option<Used<'a>> {
        let factors = self.factors.0.as_ref()?;
        let list = factors.iter().filter_map(|factor| {
            let number = factor.kind.0.as_deref().filter(|number| !matches!(*number, "0" | "99"));
            let method = number
                .or(factor.caption.as_str())
                .and_then(|spelling| Method::from_spelling(Some(Provider::Ocsf), spelling))
                .unwrap_or(Method::Unknown);
            let raw = factor.caption.0.clone().or_else(|| factor.kind.0.clone())?;
            Some((raw, method))
        });
        Some(Used::in_order(list.collect()))
    }

    /// Whether another provider vouched for the user, or a role was taken on.
    fn is_federated(&self) -> bool {
        let kind = self.user.kind.as_str().unwrap_or_default();
        self.protocol_id.as_i64() == Some(5)
            || ["AssumedRole", "FederatedUser", "SAMLUser", "WebIdentityUser"].iter().any(|word| contains(kind, word))
    }
}

fn outcome(event: &Event<'_>) -> &'static str {
    match event.status_id.as_i64() {
        Some(1) => "success",
        Some(2) => "failure",
        _ => match event.status.as_str().unwrap_or_default() {
            status if status.eq_ignore_ascii_case("success") => "success",
            status if contains(status, "fail") => "failure",
            _ => "unknown",
        },
    }
}

fn verdict(event: &Event<'_>, outcome: &str, used: Option<&Used<'_>>) -> (&'static str, &'static str) {
    const UNKNOWN: (&str, &str) = ("unknown", "unknown");
    let is_multi = used.is_some_and(Used::is_multi_factor);
    match (outcome, event.is_mfa.as_bool(), event.session.is_mfa.as_bool()) {
        ("success", Some(true), _) => ("satisfied", "performed"),
        // The session had it from before.
        ("success", _, Some(true)) => ("satisfied", "claim_in_token"),
        // The event contradicts itself.
        ("success", Some(false), _) if is_multi => UNKNOWN,
        ("success", _, _) if is_multi => ("satisfied", "performed"),
        ("success", _, _) if event.is_federated() => ("unknown", "federated"),
        ("success", Some(false), _) => ("not_attempted", "none"),
        ("success", None, _)
            if used.is_some_and(|used| used.second.is_none() && used.first == Some(Method::Password)) =>
        {
            ("not_attempted", "none")
        }
        ("failure", Some(true), _) => ("failed", "none"),
        ("failure", Some(false), _) => ("not_attempted", "none"),
        _ => UNKNOWN,
    }
}

fn protocol(event: &Event<'_>) -> Option<&'static str> {
    match event.protocol_id.as_i64() {
        Some(1) => Some("ntlm"),
        Some(2) => Some("kerberos"),
        Some(3) => Some("digest"),
        Some(4) => Some("oidc"),
        Some(5) => Some("saml"),
        Some(6) => Some("oauth2"),
        Some(7) => Some("pap"),
        Some(8) => Some("chap"),
        Some(9) => Some("eap"),
        Some(10) => Some("radius"),
        Some(11) => Some("basic_auth"),
        Some(12) => Some("ldap"),
        _ => None,
    }
}

fn row<'a>(record: &'a [u8], mut event: Event<'a>) -> Result<SignIn<'a>, Reject> {
    let event_time = event.time()?;
    let place = &event.source.location;
    let coordinates =
        place.coordinates.0.as_deref().and_then(|list| json::parse_any::<Vec<Number>>(list.as_bytes()).ok());
    let [longitude, latitude] = match coordinates.as_deref() {
        Some([longitude, latitude, ..]) => [*longitude, *latitude],
        _ => [place.longitude, place.latitude],
    };
    let latitude = time::degrees(latitude, 90.0, "latitude")?;
    let longitude = time::degrees(longitude, 180.0, "longitude")?;
    let outcome = outcome(&event);
    let used = event.used();
    let (mfa_result, mfa_satisfied_by) = verdict(&event, outcome, used.as_ref());
    let protocol = protocol(&event);
    let agent = event.request.agent.take();
    let logon = event.logon_type.as_i64();
    let is_interactive = match logon {
        Some(2 | 7 | 10..=13) => Some(true),
        Some(3..=5 | 8 | 9) => Some(false),
        // A browser is used by a person.
        _ => (surface(agent.as_deref()) == "browser").then_some(true),
    };
    let is_legacy = protocol == Some("basic_auth") || logon == Some(8);
    let reason = if outcome == "success" { None } else { pick([&mut event.status_detail, &mut event.message]) };
    let user = if event.user.is_there() { &mut event.user } else { &mut event.actor.user };
    let device = &mut event.device;
    let device_trust = match (device.is_compliant.as_bool(), device.is_managed.as_bool()) {
        (Some(true), _) => Some("compliant"),
        (_, Some(true)) => Some("managed"),
        (_, Some(false)) => Some("unmanaged"),
        _ => None,
    };
    let mut row = SignIn {
        event_id: Some(
            pick([&mut event.metadata.id, &mut event.metadata.original_id]).unwrap_or_else(|| event_id(record)),
        ),
        correlation_id: event.metadata.correlation_id.take(),
        session_id: event.session.id.take(),
        event_type_raw: pick([&mut event.metadata.code, &mut event.activity_name])
            .or_else(|| event.activity.as_i64().map(|number| Cow::Owned(number.to_string()))),
        identity_id: known(user.id.take()),
        user_principal: known(pick([&mut user.email, &mut user.name])).map(lower),
        app_id: event.service.id.take(),
        app_name: pick([&mut event.service.name, &mut event.destination.service]),
        event_kind: Some(match event.activity.as_i64() {
            Some(3..=5 | 7) => "token",
            Some(6) => "primary",
            _ => "combined",
        }),
        is_interactive,
        surface: Some(match (logon, event.session.is_vpn.as_bool()) {
            (_, Some(true)) => "vpn",
            _ if is_legacy => "legacy_protocol",
            (Some(2 | 7 | 10..=13), _) => "desktop",
            _ => surface(agent.as_deref()),
        }),
        protocol,
        is_legacy_auth: is_legacy.then_some(true),
        outcome: Some(outcome),
        failure_code: if outcome == "failure" { event.status_code.take() } else { None },
        failure_category: (outcome == "failure").then(|| match mfa_result {
            "failed" => "mfa_failed",
            _ => failure_category(reason.as_deref().unwrap_or_default()),
        }),
        failure_reason_raw: reason,
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: event.source.ip.take(),
        country: event.source.location.country.take(),
        region: event.source.location.region.take(),
        city: event.source.location.city.take(),
        latitude,
        longitude,
        asn: event.source.system.number.as_i64(),
        device_id: device.id.take(),
        device_os: device.os.name.take(),
        device_trust,
        user_agent: agent,
        risk_level: event.risk_level.take().map(lower),
        tenant_id: pick([&mut event.metadata.tenant, &mut event.cloud.account.id]),
        ..unknown(Provider::Ocsf, event_time)
    };
    match used {
        Some(used) => used.fill(&mut row),
        // That there was one is known, not which.
        None if mfa_result == "satisfied" && mfa_satisfied_by == "performed" => {
            row.second_factor = Some(Method::Unknown.as_str());
        }
        None => {}
    }
    Ok(row)
}

fn factor_events(record: Record<'_>) -> Result<Vec<FactorEvent<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut event = read(record)?;
    let event_type = match (event.class.as_i64(), event.activity.as_i64()) {
        (Some(3001), Some(10)) => "completed",
        (Some(3001), Some(11)) => "removed",
        _ => return Ok(Vec::new()),
    };
    let event_time = event.time()?;
    let used = event.used();
    let method = used.and_then(|used| used.second.or(used.first)).unwrap_or(Method::Unknown);
    let outcome = outcome(&event);
    let actor = &mut event.actor.user;
    let actor_id = known(actor.id.take());
    let identity_id = known(event.user.id.take());
    let actor_kind = match (&actor_id, &identity_id) {
        (Some(actor), Some(user)) if actor == user => "self",
        (Some(_), Some(_)) => "admin",
        _ => "unknown",
    };
    Ok(vec![FactorEvent {
        event_time: Some(event_time),
        provider: Some(Provider::Ocsf.as_str()),
        event_id: Some(
            pick([&mut event.metadata.id, &mut event.metadata.original_id]).unwrap_or_else(|| event_id(record)),
        ),
        correlation_id: event.metadata.correlation_id.take(),
        identity_id,
        user_principal: known(pick([&mut event.user.email, &mut event.user.name])).map(lower),
        event_type: Some(event_type),
        event_type_raw: pick([&mut event.metadata.code, &mut event.activity_name]),
        method: Some(method.as_str()),
        outcome: Some(outcome),
        failure_reason_raw: if outcome == "failure" { event.status_detail.take() } else { None },
        actor_id,
        actor_principal: known(pick([&mut actor.email, &mut actor.name])).map(lower),
        actor_kind: Some(actor_kind),
        ip: event.source.ip.take(),
        user_agent: event.request.agent.take(),
        ..FactorEvent::default()
    }])
}

shape! {
    struct Event<'a> {
        class: Number = "class_uid",
        category: Number = "category_uid",
        activity: Number = "activity_id",
        activity_name: Text<'a> = "activity_name",
        time: Text<'a> = "time",
        time_text: Text<'a> = "time_dt",
        metadata: MetadataShape<'a> = "metadata",
        user: UserShape<'a> = "user",
        actor: ActorShape<'a> = "actor",
        source: EndpointShape<'a> = "src_endpoint",
        destination: DestinationShape<'a> = "dst_endpoint",
        service: ServiceShape<'a> = "service",
        session: SessionShape<'a> = "session",
        is_mfa: Text<'a> = "is_mfa" | "mfa",
        protocol_id: Number = "auth_protocol_id",
        logon_type: Number = "logon_type_id",
        status_id: Number = "status_id",
        status: Text<'a> = "status",
        status_code: Text<'a> = "status_code",
        status_detail: Text<'a> = "status_detail",
        message: Text<'a> = "message",
        factors: Many<FactorShape<'a>> = "auth_factors",
        request: RequestShape<'a> = "http_request",
        device: DeviceShape<'a> = "device",
        risk_level: Text<'a> = "risk_level",
        cloud: CloudShape<'a> = "cloud",
    }
}

shape! {
    struct MetadataShape<'a> {
        id: Text<'a> = "uid",
        original_id: Text<'a> = "original_event_uid",
        correlation_id: Text<'a> = "correlation_uid",
        code: Text<'a> = "event_code",
        tenant: Text<'a> = "tenant_uid",
        version: Text<'a> = "version",
    }
}

shape! {
    struct UserShape<'a> {
        id: Text<'a> = "uid",
        name: Text<'a> = "name",
        email: Text<'a> = "email_addr",
        kind: Text<'a> = "type",
    }
}

impl UserShape<'_> {
    fn is_there(&self) -> bool {
        [&self.id, &self.name, &self.email].iter().any(|text| text.as_str().is_some())
    }
}

shape! {
    struct ActorShape<'a> {
        user: UserShape<'a> = "user",
    }
}

shape! {
    struct EndpointShape<'a> {
        ip: Text<'a> = "ip",
        location: LocationShape<'a> = "location",
        system: SystemShape<'a> = "autonomous_system",
    }
}

shape! {
    struct LocationShape<'a> {
        country: Text<'a> = "country",
        region: Text<'a> = "region",
        city: Text<'a> = "city",
        coordinates: Raw<'a> = "coordinates",
        latitude: Number = "lat",
        longitude: Number = "long",
    }
}

shape! {
    struct SystemShape<'a> {
        number: Number = "number",
    }
}

shape! {
    struct DestinationShape<'a> {
        service: Text<'a> = "svc_name",
    }
}

shape! {
    struct ServiceShape<'a> {
        id: Text<'a> = "uid",
        name: Text<'a> = "name",
    }
}

shape! {
    struct SessionShape<'a> {
        id: Text<'a> = "uid",
        is_mfa: Text<'a> = "is_mfa",
        is_vpn: Text<'a> = "is_vpn",
    }
}

shape! {
    struct FactorShape<'a> {
        kind: Text<'a> = "factor_type_id",
        caption: Text<'a> = "factor_type",
    }
}

shape! {
    struct RequestShape<'a> {
        agent: Text<'a> = "user_agent",
    }
}

shape! {
    struct DeviceShape<'a> {
        id: Text<'a> = "uid",
        os: OsShape<'a> = "os",
        is_managed: Text<'a> = "is_managed",
        is_compliant: Text<'a> = "is_compliant",
    }
}

shape! {
    struct OsShape<'a> {
        name: Text<'a> = "name",
    }
}

shape! {
    struct CloudShape<'a> {
        account: AccountShape<'a> = "account",
    }
}

shape! {
    struct AccountShape<'a> {
        id: Text<'a> = "uid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(more: &str) -> String {
        format!(
            r#"{{"class_uid":3002,"category_uid":3,"activity_id":1,"activity_name":"Logon","time":1767600000500,
            "metadata":{{"version":"1.3.0","uid":"e1","product":{{"name":"x"}}}},
            "user":{{"uid":"u1","name":"Ann","email_addr":"Ann@example.com"}}{more}}}"#
        )
    }

    fn read_row(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    fn factors(list: &[u8]) -> String {
        let list: Vec<_> = list.iter().map(|number| format!(r#"{{"factor_type_id":{number}}}"#)).collect();
        format!(r#","auth_factors":[{}]"#, list.join(","))
    }

    #[test]
    fn what_factors_and_flags_prove() {
        let (password, push, both) = (factors(&[11]), factors(&[5]), factors(&[5, 11]));
        for (more, expected) in [
            (
                format!(r#","status_id":1,"is_mfa":true{both}"#),
                ["success", "satisfied", "performed", "password", "push"],
            ),
            (format!(r#","status_id":1{both}"#), ["success", "satisfied", "performed", "password", "push"]),
            (format!(r#","status_id":1{password}"#), ["success", "not_attempted", "none", "password", ""]),
            (format!(r#","status_id":1{push}"#), ["success", "unknown", "unknown", "push", ""]),
            (format!(r#","status_id":1,"is_mfa":false{both}"#), ["success", "unknown", "unknown", "password", "push"]),
            (r#","status_id":1,"is_mfa":"true""#.to_owned(), ["success", "satisfied", "performed", "", "unknown"]),
            (r#","status_id":1,"is_mfa":false"#.to_owned(), ["success", "not_attempted", "none", "", ""]),
            (
                r#","status_id":1,"session":{"is_mfa":true}"#.to_owned(),
                ["success", "satisfied", "claim_in_token", "", ""],
            ),
            (
                r#","status_id":1,"is_mfa":false,"auth_protocol_id":5"#.to_owned(),
                ["success", "unknown", "federated", "", ""],
            ),
            (r#","status_id":1"#.to_owned(), ["success", "unknown", "unknown", "", ""]),
            (r#","status_id":2,"is_mfa":true"#.to_owned(), ["failure", "failed", "none", "", ""]),
            // The number decides, not its caption; without either it is unknown.
            (
                r#","status_id":2,"status":"Success","is_mfa":false"#.to_owned(),
                ["failure", "not_attempted", "none", "", ""],
            ),
            (r#","status":"Failure""#.to_owned(), ["failure", "unknown", "unknown", "", ""]),
            (r#","status_id":99"#.to_owned(), ["unknown", "unknown", "unknown", "", ""]),
            (String::new(), ["unknown", "unknown", "unknown", "", ""]),
        ] {
            let text = event(&more);
            let row = read_row(&text);
            let found = [row.outcome, row.mfa_result, row.mfa_satisfied_by, row.first_factor, row.second_factor];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{more}");
        }
    }

    #[test]
    fn captions_name_factors_without_a_number() {
        let text = event(
            r#","status_id":1,"auth_factors":[{"factor_type":"Password"},{"factor_type_id":99,"factor_type":"Security Key"},
            {"factor_type_id":10,"factor_type":"WebAuthn"},{"factor_type_id":0}]"#,
        );
        let row = read_row(&text);
        assert_eq!(
            row.methods,
            Some(vec!["password".into(), "unknown".into(), "passkey_sync".into(), "unknown".into()])
        );
    }

    #[test]
    fn who_where_and_how() {
        let text = event(
            r#","status_id":1,"logon_type_id":10,"auth_protocol_id":10,"src_endpoint":{"ip":"203.0.113.7","location":
            {"country":"DE","city":"Berlin","coordinates":[13.4,52.5]},"autonomous_system":{"number":64500}},
            "device":{"uid":"d1","is_managed":true},"cloud":{"account":{"uid":"t1"}}"#,
        );
        let row = read_row(&text);
        assert_eq!(row.event_time.map(|time| time.0), Some(1_767_600_000_500_000));
        assert_eq!((row.user_principal.as_deref(), row.identity_id.as_deref()), (Some("ann@example.com"), Some("u1")));
        assert_eq!((row.latitude, row.longitude, row.asn), (Some(52.5), Some(13.4), Some(64500)));
        assert_eq!((row.protocol, row.is_interactive, row.device_trust), (Some("radius"), Some(true), Some("managed")));
    }

    #[test]
    fn other_activities_and_classes() {
        assert_eq!(parse(event("").replace(r#""activity_id":1"#, r#""activity_id":2"#).as_bytes()), Ok(None));
        let ticket = event("").replace(r#""activity_id":1"#, r#""activity_id":3"#);
        assert_eq!(read_row(&ticket).event_kind, Some("token"));
        assert_eq!(parse(event("").replace("3002", "6003").as_bytes()), Ok(None));
        let changed = event(&format!(r#","status_id":1,"actor":{{"user":{{"uid":"u2"}}}}{}"#, factors(&[7])))
            .replace("3002", "3001")
            .replace(r#""activity_id":1"#, r#""activity_id":11"#);
        let rows = factor_events(Record::Json(changed.as_bytes())).expect("reads");
        assert_eq!(
            (rows[0].event_type, rows[0].method, rows[0].actor_kind),
            (Some("removed"), Some("totp"), Some("admin"))
        );
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"class_uid":3002}"#, Category::WrongProvider),
            (r#"{"class_uid":"3002","category_uid":3}"#, Category::MissingField),
            (r#"{"class_uid":3002,"category_uid":3,"time":"x"}"#, Category::InvalidTimestamp),
            (
                r#"{"class_uid":3002,"category_uid":3,"time":1,"src_endpoint":{"location":{"coordinates":[0,91]}}}"#,
                Category::NumberOutOfRange,
            ),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }
}
