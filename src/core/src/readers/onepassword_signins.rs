//! 1Password sign-in attempts, as the Events API returns them.
//!
//! The category says whether it worked, the type why. A second factor that worked is named in general only (`mfa_ok`), one that
//! did not by its kind. A firewall rule that only reports lets in.

use std::borrow::Cow;

use super::json::{self, Number, Text, shape};
use super::used::{Used, known, unknown};
use super::{Category, Layout, Parse, Reader, Reject, contains, event_id, lower, pick, time};
use crate::model::{Method, Provider, SignIn};

pub(super) const READER: Reader = Reader {
    name: "read_1password_signins",
    summary: "1Password sign-in attempts, as the Events API returns them",
    layout: Layout::Json,
    example: "read_1password_signins('tests/data/1password_signins.json')",
    parse: &[Parse::SignIn(parse)],
    source: "1Password Events API: sign-in attempts",
    export: "the Events API, `signinattempts`",
    shapes: &["attempts, bare or in pages (`items`)"],
    ignores: &[],
    fills: &["event_time provider event_id session_id event_type_raw identity_id user_principal app_name event_kind \
         is_interactive surface client_app_raw outcome failure_code failure_category mfa_requirement mfa_result \
         mfa_satisfied_by methods methods_raw first_factor second_factor is_phishing_resistant ip \
         country region city latitude longitude device_os tenant_id"],
};

/// One attempt.
pub(super) fn parse(record: &[u8]) -> Result<Option<SignIn<'_>>, Reject> {
    let mut attempt: Attempt<'_> = json::parse(record)?;
    let category = attempt.category.as_str().unwrap_or_default();
    let outcome = match category {
        "success" | "firewall_reported_success" => "success",
        "credentials_failed" | "mfa_failed" | "sso_failed" | "modern_version_failed" | "firewall_failed" => "failure",
        _ if category.ends_with("_failed") => "failure",
        _ => "unknown",
    };
    let has_company = attempt.session.as_str().is_some()
        || attempt.user.id.as_str().is_some()
        || attempt.user.email.as_str().is_some();
    if attempt.kind.as_str().is_none() || category.is_empty() || attempt.timestamp.as_str().is_none() || !has_company {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    let event_time = time::required(&[("timestamp", &attempt.timestamp)])?;
    let latitude = time::degrees(attempt.place.latitude, 90.0, "latitude")?;
    let longitude = time::degrees(attempt.place.longitude, 180.0, "longitude")?;
    let kind = attempt.kind.0.clone().unwrap_or_default();
    let password = || (Cow::Borrowed("password"), Method::Password);
    let second = [("totp", Method::Totp), ("u2f", Method::U2f), ("duo", Method::FedMfa), ("code", Method::Unknown)]
        .into_iter()
        .find_map(|(word, method)| kind.starts_with(word).then_some(method));
    let is_sso = contains(&kind, "sso") || category == "sso_failed";
    let used = match kind.as_ref() {
        "credentials_ok" => Some(Used::in_order(vec![password()])),
        "mfa_ok" => Some(Used::in_order(vec![password(), (Cow::Borrowed("mfa_ok"), Method::Unknown)])),
        _ if is_sso => Some(Used::first("sso", Method::FedSf)),
        "password_secret_bad" => Some(Used::in_order(vec![password()])),
        kind => second.map(|method| Used::in_order(vec![password(), (Cow::Owned(kind.to_owned()), method)])),
    };
    let timed_out = kind.contains("timeout") || kind.contains("timout");
    let (mfa_result, mfa_satisfied_by) = match outcome {
        "success" if kind == "mfa_ok" => ("satisfied", "performed"),
        "success" if is_sso => ("unknown", "federated"),
        "success" if kind == "credentials_ok" => ("not_attempted", "none"),
        "failure" if category == "mfa_failed" && timed_out => ("timed_out", "none"),
        "failure" if category == "mfa_failed" && (kind == "mfa_missing" || kind.ends_with("_disabled")) => {
            ("not_attempted", "none")
        }
        "failure" if category == "mfa_failed" => ("failed", "none"),
        "failure" => ("not_attempted", "none"),
        _ => ("unknown", "unknown"),
    };
    let failure_category = (outcome == "failure").then_some(match (category, mfa_result) {
        ("mfa_failed", "timed_out") => "mfa_timeout",
        ("mfa_failed", _) => "mfa_failed",
        ("credentials_failed", _) => "bad_credentials",
        ("firewall_failed" | "modern_version_failed", _) => "policy_blocked",
        _ => "other",
    });
    let client = &mut attempt.client;
    let app = client.app.take();
    let surface = match (app.as_deref(), client.os.as_str()) {
        (Some(app), _) if contains(app, "browser") || contains(app, "web") => "browser",
        (Some(app), _) if contains(app, "cli") => "api",
        (_, Some(os)) if contains(os, "ios") || contains(os, "android") => "mobile",
        (_, Some(os)) if ["mac", "windows", "linux"].iter().any(|word| contains(os, word)) => "desktop",
        _ => "unknown",
    };
    let failure_code = (outcome == "failure").then(|| kind.clone());
    let mut row = SignIn {
        event_id: Some(attempt.id.take().unwrap_or_else(|| event_id(record))),
        session_id: attempt.session.take(),
        identity_id: attempt.user.id.take(),
        user_principal: known(attempt.user.email.take()).map(lower),
        app_name: Some(Cow::Borrowed("1Password")),
        client_app_raw: app,
        event_kind: Some("combined"),
        is_interactive: Some(true),
        surface: Some(surface),
        outcome: Some(outcome),
        failure_code,
        failure_category,
        mfa_result: Some(mfa_result),
        mfa_satisfied_by: Some(mfa_satisfied_by),
        ip: client.ip.take(),
        country: pick([&mut attempt.place.country, &mut attempt.country]),
        region: attempt.place.region.take(),
        city: attempt.place.city.take(),
        latitude,
        longitude,
        device_os: client.os.take(),
        tenant_id: attempt.account.take(),
        event_type_raw: Some(kind),
        ..unknown(Provider::OnePassword, event_time)
    };
    if let Some(used) = used {
        used.fill(&mut row);
    }
    Ok(Some(row))
}

shape! {
    struct Attempt<'a> {
        id: Text<'a> = "uuid",
        session: Text<'a> = "session_uuid",
        timestamp: Text<'a> = "timestamp",
        category: Text<'a> = "category",
        kind: Text<'a> = "type",
        country: Text<'a> = "country",
        account: Text<'a> = "account_uuid",
        user: UserShape<'a> = "target_user",
        client: ClientShape<'a> = "client",
        place: PlaceShape<'a> = "location",
    }
}

shape! {
    struct UserShape<'a> {
        id: Text<'a> = "uuid",
        email: Text<'a> = "email",
    }
}

shape! {
    struct ClientShape<'a> {
        app: Text<'a> = "app_name",
        os: Text<'a> = "os_name",
        ip: Text<'a> = "ip_address",
    }
}

shape! {
    struct PlaceShape<'a> {
        country: Text<'a> = "country",
        region: Text<'a> = "region",
        city: Text<'a> = "city",
        latitude: Number = "latitude",
        longitude: Number = "longitude",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(category: &str, kind: &str) -> String {
        format!(
            r#"{{"uuid":"w1","session_uuid":"s1","timestamp":"2026-01-05T08:00:00.250Z","country":"DE","category":"{category}","type":"{kind}",
            "target_user":{{"uuid":"u1","name":"Ann","email":"Ann@example.com"}},
            "client":{{"app_name":"1Password for Mac","os_name":"MacOSX","ip_address":"203.0.113.7"}}}}"#
        )
    }

    #[test]
    fn categories_and_types() {
        for (category, kind, expected) in [
            ("success", "credentials_ok", ["success", "not_attempted", "none", "", ""]),
            ("success", "mfa_ok", ["success", "satisfied", "performed", "unknown", ""]),
            ("success", "sso_ok", ["success", "unknown", "federated", "", ""]),
            ("firewall_reported_success", "credentials_ok", ["success", "not_attempted", "none", "", ""]),
            ("credentials_failed", "password_secret_bad", ["failure", "not_attempted", "none", "", "bad_credentials"]),
            ("mfa_failed", "totp_bad", ["failure", "failed", "none", "totp", "mfa_failed"]),
            ("mfa_failed", "u2f_timout", ["failure", "timed_out", "none", "u2f", "mfa_timeout"]),
            ("mfa_failed", "mfa_missing", ["failure", "not_attempted", "none", "", "mfa_failed"]),
            ("firewall_failed", "country_blocked", ["failure", "not_attempted", "none", "", "policy_blocked"]),
            ("modern_version_failed", "modern_version_old", ["failure", "not_attempted", "none", "", "policy_blocked"]),
            ("something", "new", ["unknown", "unknown", "unknown", "", ""]),
        ] {
            let text = attempt(category, kind);
            let row = parse(text.as_bytes()).expect("reads").expect("is a sign-in");
            let found = [row.outcome, row.mfa_result, row.mfa_satisfied_by, row.second_factor, row.failure_category];
            assert_eq!(found, expected.map(|word| (!word.is_empty()).then_some(word)), "{category} {kind}");
            assert_eq!((row.user_principal.as_deref(), row.surface), (Some("ann@example.com"), Some("desktop")));
        }
    }

    #[test]
    fn what_is_rejected() {
        let usage =
            r#"{"uuid":"x","timestamp":"2026-01-05T08:00:00Z","vault_uuid":"v","item_uuid":"i","user":{"uuid":"u"}}"#;
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (usage, Category::WrongProvider),
            (
                r#"{"category":"success","type":"mfa_ok","timestamp":"soon","session_uuid":"s"}"#,
                Category::InvalidTimestamp,
            ),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|reject| reject.category), Err(category), "{text}");
        }
    }
}
