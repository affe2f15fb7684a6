//! PingFederate's security audit log: lines with bars between fields, CEF, or CEF in the columns of Log Analytics.
//!
//! Only AUTHN_ATTEMPT and SSO are about people signing in. A status of `inprogress` is neither success nor failure, and a
//! sign-on says which adapter vouched for the user, not how: what PingID or another second factor did is an attempt of its own.

use std::borrow::Cow;

use super::json::{self, Text, shape};
use super::used::{Used, failure_category, known, unknown};
use super::{Category, Layout, Parse, Reader, Reject, contains, event_id, lower, time};
use crate::model::{Method, Provider, SignIn};

pub(super) const READER: Reader = Reader {
    name: "read_pingfederate_audit",
    summary: "PingFederate security audit log: lines of text, CEF, or Log Analytics rows",
    layout: Layout::Json,
    example: "read_pingfederate_audit('tests/data/pingfederate_audit.log')",
    parse: &[Parse::SignIn(parse)],
    source: "PingFederate Server: security audit logging",
    export: "the file `audit.log`, the same as CEF, or rows of `CommonSecurityLog` as JSON",
    shapes: &["lines with bars between fields", "lines of CEF", "rows of `CommonSecurityLog`"],
    ignores: &[(
        "events other than AUTHN_ATTEMPT, SSO, OAuth, STS and TOKEN, such as SLO",
        "logouts, sessions and administration are no sign-ins",
    )],
    fills: &["event_time provider event_id correlation_id event_type_raw user_principal app_id app_name event_kind \
         is_interactive surface protocol outcome failure_reason_raw failure_category mfa_requirement mfa_result \
         mfa_satisfied_by methods methods_raw first_factor second_factor is_phishing_resistant ip \
         tenant_id"],
};

/// One line or row.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let entry = if record.trim_ascii_start().first() == Some(&b'{') {
        let row: CommonEvent<'_> = json::parse(record)?;
        if !row.product.as_str().is_some_and(|product| contains(product, "pingfederate")) {
            return Err(Reject::at(Category::WrongProvider, 0));
        }
        Entry::of_row(row)
    } else {
        let text = std::str::from_utf8(record).map_err(|_| Reject::at(Category::InvalidUtf8, 0))?;
        Entry::of_cef(text).or_else(|| Entry::of_line(text)).ok_or_else(|| Reject::at(Category::WrongProvider, 0))?
    };
    row(record, entry)
}

/// A line, whatever wrote it.
#[derive(Default)]
struct Entry<'a> {
    time: Text<'a>,
    tracking: Text<'a>,
    event: Text<'a>,
    subject: Text<'a>,
    ip: Text<'a>,
    app: Text<'a>,
    connection: Text<'a>,
    protocol: Text<'a>,
    host: Text<'a>,
    status: Text<'a>,
    adapter: Text<'a>,
    description: Text<'a>,
}

impl<'a> Entry<'a> {
    /// `time| tracking id| event| subject| ip| app| connection| protocol| host| role| status| adapter| description| …`
    fn of_line(text: &'a str) -> Option<Self> {
        let fields: Vec<_> = text.split('|').map(str::trim).collect();
        let at = |index: usize| {
            Text(known(fields.get(index).filter(|field| !field.is_empty()).map(|field| Cow::Borrowed(*field))))
        };
        let is_line = fields.len() >= 12 && time::parse(fields[0]).is_some() && fields[1].starts_with("tid:");
        // A tracking id can be missing, but never the role.
        let has_role = fields.get(9).is_some_and(|role| ["IdP", "SP", "AS", ""].contains(role));
        (is_line || (fields.len() >= 12 && time::parse(fields[0]).is_some() && has_role)).then(|| Self {
            time: at(0),
            tracking: at(1),
            event: at(2),
            subject: at(3),
            ip: at(4),
            app: at(5),
            connection: at(6),
            protocol: at(7),
            host: at(8),
            status: at(10),
            adapter: at(11),
            description: at(12),
        })
    }

    /// `CEF:0|Ping Identity|PingFederate|…|event|event|severity|key=value …`
    fn of_cef(text: &'a str) -> Option<Self> {
        let fields: Vec<_> = text[text.find("CEF:")?..].splitn(8, '|').collect();
        let [_, _, product, _, event, _, _, extension] = fields[..] else {
            return None;
        };
        if !contains(product, "pingfederate") {
            return None;
        }
        let get = |key: &str| {
            let start =
                extension.find(&format!("{key}=")).filter(|at| *at == 0 || extension.as_bytes()[at - 1] == b' ')?;
            let rest = &extension[start + key.len() + 1..];
            // A value ends before the next key, and may hold blanks.
            let end = rest.match_indices('=').next().and_then(|(at, _)| rest[..at].rfind(' ')).unwrap_or(rest.len());
            Some(rest[..end].trim()).filter(|value| !value.is_empty())
        };
        let text = |key: &str| Text(known(get(key).map(Cow::Borrowed)));
        Some(Self {
            time: text("rt"),
            tracking: text("externalId"),
            event: Text(Some(Cow::Borrowed(event))),
            subject: text("duid"),
            ip: text("src"),
            app: text("cs1"),
            connection: text("cs2"),
            protocol: text("cs3"),
            host: text("dvchost"),
            status: text("msg"),
            ..Self::default()
        })
    }

    fn of_row(row: CommonEvent<'a>) -> Self {
        Self {
            time: row.time,
            event: row.event,
            subject: Text(row.user_id.0.or(row.user_name.0)),
            ip: row.ip,
            app: row.app,
            connection: row.connection,
            protocol: row.protocol,
            status: row.message,
            ..Self::default()
        }
    }
}

fn row<'a>(record: &'a [u8], mut entry: Entry<'a>) -> Result<Option<SignIn<'a>>, Reject> {
    let event = entry.event.take().unwrap_or_default();
    let is_attempt = contains(&event, "authn_attempt");
    let is_sso = event.eq_ignore_ascii_case("SSO");
    let is_token = ["OAuth", "STS", "TOKEN"].iter().any(|word| event.eq_ignore_ascii_case(word));
    if !is_attempt && !is_sso && !is_token {
        return Ok(None);
    }
    let event_time = time::required(&[("time", &entry.time)])?;
    let status = entry.status.as_str().unwrap_or_default();
    let outcome = match status {
        status if contains(status, "success") || contains(status, "issue") => "success",
        status if contains(status, "fail") || contains(status, "denied") || contains(status, "error") => "failure",
        status if contains(status, "progress") => "challenge",
        _ => "unknown",
    };
    let adapter = known(entry.adapter.take());
    let says =
        |words: &[&str]| adapter.as_deref().is_some_and(|adapter| words.iter().any(|word| contains(adapter, word)));
    let used = if !is_attempt {
        None
    } else if says(&["pingid", "mfa", "duo", "otp", "fido", "webauthn"]) {
        let method = match () {
            () if says(&["fido", "webauthn"]) => Method::PasskeySync,
            () if says(&["duo"]) => Method::FedMfa,
            () if says(&["otp"]) => Method::Totp,
            () => Method::Unknown,
        };
        adapter.clone().map(|raw| Used::second(raw, method))
    } else if says(&["html", "form", "basic", "password"]) {
        adapter.clone().map(|raw| Used::first(raw, Method::Password))
    } else {
        None
    };
    let is_second = used.as_ref().is_some_and(|used| used.second.is_some());
    let (mfa_result, mfa_satisfied_by) = match outcome {
        "success" if is_second => ("satisfied", "performed"),
        "failure" if is_second => ("failed", "none"),
        "failure" if is_attempt => ("not_attempted", "none"),
        _ => ("unknown", "unknown"),
    };
    let reason = known(entry.description.take()).filter(|_| outcome == "failure");
    let protocol = match entry.protocol.as_str().unwrap_or_default() {
        protocol if contains(protocol, "saml") => Some("saml"),
        protocol if contains(protocol, "wsfed") => Some("ws_fed"),
        protocol if contains(protocol, "oidc") || contains(protocol, "openid") => Some("oidc"),
        protocol if contains(protocol, "oauth") => Some("oauth2"),
        _ => None,
    };
    let mut row = SignIn {
        event_id: Some(event_id(record)),
        correlation_id: known(entry.tracking.take()),
        user_principal: known(entry.subject.take()).map(lower),
        app_name: known(entry.app.take()).or_else(|| entry.connection.0.clone()),
        app_id: known(entry.connection.take()),
        event_kind: Some(match () {
            () if is_second => "second_factor",
            () if is_attempt => "primary",
            () if is_sso => "sso",
            () => "token",
        }),
        is_interactive: Some(!is_token),
        protocol,
        outcome: Some(outcome),
        failure_category: match outcome {
            "failure" if is_second => Some("mfa_failed"),
            "failure" => Some(failure_category(reason.as_deref().unwrap_or_default())),
            _ => None,
        },
        failure_reason_raw: reason,
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: known(entry.ip.take()),
        tenant_id: known(entry.host.take()),
        event_type_raw: Some(event),
        ..unknown(Provider::Ping, event_time)
    };
    if let Some(used) = used {
        used.fill(&mut row);
    }
    Ok(Some(row))
}

shape! {
    /// The columns of `CommonSecurityLog`.
    struct CommonEvent<'a> {
        product: Text<'a> = "DeviceProduct",
        time: Text<'a> = "ReceiptTime" | "TimeGenerated" | "TimeGenerated [UTC]",
        event: Text<'a> = "DeviceEventClassID",
        message: Text<'a> = "Message",
        user_id: Text<'a> = "DestinationUserID",
        user_name: Text<'a> = "DestinationUserName",
        ip: Text<'a> = "SourceIP",
        app: Text<'a> = "DeviceCustomString1",
        connection: Text<'a> = "DeviceCustomString2",
        protocol: Text<'a> = "DeviceCustomString3",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(event: &str, status: &str, adapter: &str, description: &str) -> String {
        format!(
            "2026-01-05 08:00:00,250| tid:abc| {event}| Ann| 203.0.113.7| | sp:crm| SAML20| pf.example.com| IdP| {status}| {adapter}| {description}| 120"
        )
    }

    fn read_row(text: &str) -> SignIn<'_> {
        parse(text.as_bytes()).expect("reads").expect("is a sign-in")
    }

    #[test]
    fn events_and_adapters() {
        for (event, status, adapter, expected) in [
            ("AUTHN_ATTEMPT", "success", "HtmlFormAdapter", ["primary", "success", "unknown", "password", ""]),
            ("AUTHN_ATTEMPT", "failure", "HtmlFormAdapter", ["primary", "failure", "not_attempted", "password", ""]),
            ("AUTHN_ATTEMPT", "inprogress", "HtmlFormAdapter", ["primary", "challenge", "unknown", "password", ""]),
            ("AUTHN_ATTEMPT", "success", "PingIDAdapter", ["second_factor", "success", "satisfied", "", "unknown"]),
            ("AUTHN_ATTEMPT", "failure", "PingIDAdapter", ["second_factor", "failure", "failed", "", "unknown"]),
            ("AUTHN_ATTEMPT", "success", "Kerberos", ["primary", "success", "unknown", "", ""]),
            ("SSO", "success", "HtmlFormAdapter", ["sso", "success", "unknown", "", ""]),
            ("OAuth", "success", "", ["token", "success", "unknown", "", ""]),
        ] {
            let text = line(event, status, adapter, "");
            let row = read_row(&text);
            let found = [row.event_kind, row.outcome, row.mfa_result, row.first_factor, row.second_factor];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{event} {status} {adapter}");
            assert_eq!((row.user_principal.as_deref(), row.app_id.as_deref()), (Some("ann"), Some("sp:crm")));
            assert_eq!((row.protocol, row.event_time.map(|time| time.0)), (Some("saml"), Some(1_767_600_000_250_000)));
        }
        let text = line("AUTHN_ATTEMPT", "failure", "HtmlFormAdapter", "Invalid password");
        assert_eq!(read_row(&text).failure_category, Some("bad_credentials"));
    }

    #[test]
    fn cef_and_its_columns() {
        let cef = "<13>Jan 5 08:00:00 pf CEF:0|Ping Identity|PingFederate|8.4|SSO|SSO|0|rt=2026-01-05T08:00:00.250Z msg=success duid=Ann Lee src=203.0.113.7 cs1=https://x cs1Label=Target cs2=crm cs3=SAML20";
        let row = read_row(cef);
        assert_eq!((row.outcome, row.event_kind, row.protocol), (Some("success"), Some("sso"), Some("saml")));
        assert_eq!((row.user_principal.as_deref(), row.ip.as_deref()), (Some("ann lee"), Some("203.0.113.7")));
        let row = r#"{"DeviceVendor":"Ping Identity","DeviceProduct":"PingFederate","DeviceEventClassID":"OAuth","Message":"Token Issued",
            "TimeGenerated [UTC]":"1/5/2026, 8:00:00.250 AM","DestinationUserID":"Ann","SourceIP":"203.0.113.7","DeviceCustomString3":"OAuth20"}"#;
        let row = read_row(row);
        assert_eq!((row.outcome, row.event_kind, row.protocol), (Some("success"), Some("token"), Some("oauth2")));
    }

    #[test]
    fn what_is_ignored_and_what_is_rejected() {
        for event in ["SLO", "PWD_CHANGE", "AUTHN_SESSION_CREATED"] {
            assert_eq!(parse(line(event, "success", "x", "").as_bytes()), Ok(None), "{event}");
        }
        for text in ["", "hello", "a|b|c", "{}", r#"{"DeviceProduct":"Firewall"}"#, "CEF:0|Vendor|Firewall|1|x|x|0|a=b"]
        {
            assert_eq!(
                parse(text.as_bytes()).map_err(|reject| reject.category),
                Err(Category::WrongProvider),
                "{text}"
            );
        }
        let undated = r#"{"DeviceProduct":"PingFederate","DeviceEventClassID":"SSO"}"#;
        assert_eq!(parse(undated.as_bytes()).map_err(|reject| reject.category), Err(Category::MissingField));
    }
}
