//! Microsoft Entra `userRegistrationDetails`: one record per user, with the names of the methods they registered.
//!
//! Registered is not capable: `isMfaRegistered` says that a user holds a method, `isMfaCapable` that policy lets them use
//! one. Methods that policy does not let a user use are kept, as suspended, so that neither number is lost. Methods that
//! only reset a password are recovery.

use std::borrow::Cow;

use super::json::{self, Many, Text, shape};
use super::{Category, Layout, Parse, Reader, Record, Reject, lower};
use crate::model::{Factor, Identity, Method, Provider};

pub(super) const READER: Reader = Reader {
    name: "read_entra_registration",
    summary: "Microsoft Entra userRegistrationDetails: identities, or the factors they registered",
    layout: Layout::Json,
    example: "read_entra_registration('sample_data/entra/registration.json', rows := 'factors')",
    parse: &[Parse::Identities(identities), Parse::Factors(factors)],
    source: "Microsoft Graph: userRegistrationDetails resource type",
    export: "Graph `reports/authenticationMethods/userRegistrationDetails`",
    shapes: &["userRegistrationDetails objects, bare or in pages (`value`)"],
    ignores: &[
        ("factors: users without `methodsRegistered`", "no method, no factor"),
        ("factors: a method that is listed twice", "the report has no id for a method, so the second is the same one"),
    ],
    fills: &[
        "provider identity_id user_principal display_name population is_privileged",
        "provider identity_id factor_id user_principal method method_raw status is_default is_recovery",
    ],
};

fn details<'a>(record: Record<'a>) -> Result<(Details<'a>, Cow<'a, str>), Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut details: Details<'a> = json::parse(record)?;
    let is_registration = details.is_mfa_registered.as_str().is_some()
        || details.is_mfa_capable.as_str().is_some()
        || details.methods.0.is_some();
    if !is_registration {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    match details.id.take() {
        Some(id) => Ok((details, id)),
        None => Err(Reject::at(Category::MissingField, 0).in_column("id")),
    }
}

fn identities(record: Record<'_>) -> Result<Vec<Identity<'_>>, Reject> {
    let (mut details, id) = details(record)?;
    let population = match details.user_type.as_str() {
        Some(kind) if kind.eq_ignore_ascii_case("guest") => Some("guest"),
        // Microsoft's definition of a member is a user of the organisation itself.
        Some(kind) if kind.eq_ignore_ascii_case("member") => Some("workforce"),
        _ => None,
    };
    Ok(vec![Identity {
        provider: Some(Provider::Entra.as_str().into()),
        identity_id: Some(id),
        user_principal: details.user_principal_name.take().map(lower),
        display_name: details.display_name.take(),
        population: population.map(Cow::Borrowed),
        is_privileged: details.is_admin.as_bool(),
        ..Identity::default()
    }])
}

fn factors(record: Record<'_>) -> Result<Vec<Factor<'_>>, Reject> {
    let (mut details, id) = details(record)?;
    let principal = details.user_principal_name.take().map(lower);
    let is_capable = details.is_mfa_capable.as_bool();
    let methods = std::mem::take(&mut details.methods).0.unwrap_or_default();
    let mut factors: Vec<Factor<'_>> = Vec::with_capacity(methods.len());
    for raw in methods.into_iter().filter_map(|method| method.0) {
        let method = Method::from_spelling(Some(Provider::Entra), &raw).unwrap_or(Method::Unknown);
        let is_recovery =
            method.is_recovery() || ["email", "securityQuestion"].iter().any(|r| raw.eq_ignore_ascii_case(r));
        let status = if is_capable == Some(false) && !is_recovery { "suspended" } else { "active" };
        // The report has no id for a method, and lists each once.
        let factor_id = format!("{id}:{raw}");
        if factors.iter().any(|factor| factor.factor_id.as_deref() == Some(&factor_id)) {
            continue;
        }
        factors.push(Factor {
            provider: Some(Provider::Entra.as_str().into()),
            identity_id: Some(id.clone()),
            factor_id: Some(factor_id.into()),
            user_principal: principal.clone(),
            method: Some(method.as_str()),
            status: Some(status),
            is_default: details.is_default(&raw),
            is_recovery: Some(is_recovery),
            method_raw: Some(raw),
            ..Factor::default()
        });
    }
    Ok(factors)
}

shape! {
    struct Details<'a> {
        id: Text<'a> = "id" | "userId",
        user_principal_name: Text<'a> = "userPrincipalName",
        display_name: Text<'a> = "userDisplayName",
        user_type: Text<'a> = "userType",
        is_admin: Text<'a> = "isAdmin",
        is_mfa_registered: Text<'a> = "isMfaRegistered",
        is_mfa_capable: Text<'a> = "isMfaCapable",
        methods: Many<Text<'a>> = "methodsRegistered",
        default_method: Text<'a> = "defaultMfaMethod",
        is_system_preferred: Text<'a> = "isSystemPreferredAuthenticationMethodEnabled",
        system_preferred: Many<Text<'a>> = "systemPreferredAuthenticationMethods",
        user_preferred: Text<'a> = "userPreferredMethodForSecondaryAuthentication",
    }
}

impl Details<'_> {
    /// Whether a method is the one that is asked for first: what the system prefers, where it is let to, else what the
    /// user does. Unknown when neither says.
    fn is_default(&self, raw: &str) -> Option<bool> {
        let stated = |text: &&str| !text.is_empty() && !text.eq_ignore_ascii_case("none");
        if let Some(default) = self.default_method.as_str().filter(stated) {
            return Some(raw.eq_ignore_ascii_case(default) || is_preferred(default, raw));
        }
        let system: Vec<_> = self.system_preferred.iter().filter_map(Text::as_str).filter(stated).collect();
        if self.is_system_preferred.as_bool() == Some(true) && !system.is_empty() {
            return Some(system.iter().any(|preferred| is_preferred(preferred, raw)));
        }
        self.user_preferred.as_str().filter(stated).map(|preferred| is_preferred(preferred, raw))
    }
}

/// Preferences are named otherwise than registered methods.
fn is_preferred(preference: &str, raw: &str) -> bool {
    [
        ("push", "microsoftAuthenticatorPush"),
        ("oath", "softwareOneTimePasscode"),
        ("oath", "hardwareOneTimePasscode"),
        ("sms", "mobilePhone"),
        ("voiceMobile", "mobilePhone"),
        ("voiceAlternateMobile", "alternateMobilePhone"),
        ("voiceOffice", "officePhone"),
        ("fido2", "passKeyDeviceBound"),
        ("fido2", "fido2SecurityKey"),
    ]
    .iter()
    .any(|(from, to)| preference.eq_ignore_ascii_case(from) && raw.eq_ignore_ascii_case(to))
        || preference.eq_ignore_ascii_case(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(rest: &str) -> String {
        format!(
            r#"{{"id":"u1","userPrincipalName":"Alex@Contoso.com","userDisplayName":"Alex","isAdmin":true,{rest}}}"#
        )
    }

    fn read(text: &str) -> Vec<Factor<'_>> {
        factors(Record::Json(text.as_bytes())).expect("reads")
    }

    #[test]
    fn who_it_is() {
        for (kind, population) in [("member", Some("workforce")), ("guest", Some("guest")), ("", None)] {
            let text = user(&format!(r#""userType":"{kind}","isMfaRegistered":false,"methodsRegistered":[]"#));
            let rows = identities(Record::Json(text.as_bytes())).expect("reads");
            assert_eq!(rows.len(), 1);
            assert_eq!(rows[0].population.as_deref(), population);
            assert_eq!(rows[0].user_principal.as_deref(), Some("alex@contoso.com"));
            assert_eq!(rows[0].is_privileged, Some(true));
            assert_eq!(rows[0].account_enabled, None);
            assert!(read(&text).is_empty());
        }
    }

    #[test]
    fn registered_but_not_capable_is_suspended() {
        let methods =
            r#""isMfaRegistered":true,"methodsRegistered":["mobilePhone","email","temporaryAccessPass","newThing"]"#;
        let text = user(&format!(r#"{methods},"isMfaCapable":false"#));
        let found: Vec<_> = read(&text).iter().map(|f| (f.method, f.status, f.is_recovery)).collect();
        let expected = [
            (Some("sms_otp"), Some("suspended"), Some(false)),
            (Some("email_otp"), Some("active"), Some(true)),
            (Some("temp_pass"), Some("active"), Some(true)),
            (Some("unknown"), Some("suspended"), Some(false)),
        ];
        assert_eq!(found, expected);
        let text = user(&format!(r#"{methods},"isMfaCapable":true"#));
        assert!(read(&text).iter().all(|factor| factor.status == Some("active")));
    }

    #[test]
    fn the_default_method() {
        let methods = r#""isMfaCapable":true,"methodsRegistered":["mobilePhone","microsoftAuthenticatorPush"]"#;
        for (rest, expected) in [
            (r#""defaultMfaMethod":"mobilePhone""#, [Some(true), Some(false)]),
            (r#""userPreferredMethodForSecondaryAuthentication":"voiceMobile""#, [Some(true), Some(false)]),
            (r#""userPreferredMethodForSecondaryAuthentication":"none""#, [None, None]),
            (
                r#""isSystemPreferredAuthenticationMethodEnabled":true,"systemPreferredAuthenticationMethods":["push"],
                "userPreferredMethodForSecondaryAuthentication":"sms""#,
                [Some(false), Some(true)],
            ),
            (
                r#""isSystemPreferredAuthenticationMethodEnabled":false,"systemPreferredAuthenticationMethods":["push"],
                "userPreferredMethodForSecondaryAuthentication":"sms""#,
                [Some(true), Some(false)],
            ),
        ] {
            let text = user(&format!("{methods},{rest}"));
            let found: Vec<_> = read(&text).iter().map(|factor| factor.is_default).collect();
            assert_eq!(found, expected, "{rest}");
        }
    }

    #[test]
    fn ids_are_built_from_identity_and_method() {
        let text = user(r#""isMfaCapable":"True","methodsRegistered":"[\"mobilePhone\",\"mobilePhone\"]""#);
        let found = read(&text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].factor_id.as_deref(), Some("u1:mobilePhone"));
    }

    #[test]
    fn what_is_rejected() {
        let category = |text: &str| identities(Record::Json(text.as_bytes())).map(|_| ()).map_err(|r| r.category);
        assert_eq!(category(r#"{"id":"u","userPrincipalName":"a"}"#), Err(Category::WrongProvider));
        assert_eq!(category(r#"{"isMfaRegistered":true}"#), Err(Category::MissingField));
    }
}
