//! Duo users, as the Admin API returns them: identities, or what is registered for them.
//!
//! A telephone is a factor for each thing it can do. An account in bypass status can sign in, and is asked for nothing.

use std::borrow::Cow;

use super::json::{self, Many, Text, shape};
use super::used::known;
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, lower, time};
use crate::model::{Factor, Identity, Method, Provider};

pub(super) const READER: Reader = Reader {
    name: "read_duo_users",
    summary: "Duo users: pages of the Admin API",
    layout: Layout::Json,
    example: "read_duo_users('tests/data/duo_users.json')",
    parse: &[Parse::Identities(identities), Parse::Factors(factors)],
    source: "Duo Admin API: users",
    export: "the Admin API, `/admin/v1/users`",
    shapes: &["users, bare or in pages (`response`)"],
    ignores: &[
        ("factors: users with nothing registered", "no device, no factor"),
        ("factors: the capability `auto` of a telephone", "it is whichever of the others"),
    ],
    fills: &[
        "provider identity_id user_principal display_name account_enabled created_at last_signin_at has_smartphone",
        "provider identity_id factor_id user_principal method method_raw status registered_at is_recovery device",
    ],
};

fn read(record: Record<'_>) -> Result<(Cow<'_, str>, User<'_>), Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut user: User<'_> = json::parse(record)?;
    if user.username.as_str().is_none() || user.status.as_str().is_none() {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    match user.id.take() {
        Some(id) => Ok((id, user)),
        None => Err(Reject::at(Category::MissingField, 0).in_column("user_id")),
    }
}

fn identities(record: Record<'_>) -> Result<Vec<Identity<'_>>, Reject> {
    let (id, mut user) = read(record)?;
    let created_at = time::optional(&[("created", &user.created)])?;
    let last_signin_at = time::optional(&[("last_login", &user.last_login)])?;
    let account_enabled = match user.status.as_str().unwrap_or_default() {
        // Locked out, an account still exists and is let in again.
        status if ["active", "bypass", "locked out"].iter().any(|word| status.eq_ignore_ascii_case(word)) => Some(true),
        status if ["disabled", "pending deletion"].iter().any(|word| status.eq_ignore_ascii_case(word)) => Some(false),
        _ => None,
    };
    Ok(vec![Identity {
        provider: Some(Provider::Duo.as_str().into()),
        identity_id: Some(id),
        user_principal: user.username.take().map(lower),
        display_name: known(user.name.take()),
        account_enabled,
        created_at,
        last_signin_at,
        has_smartphone: user
            .phones
            .0
            .as_ref()
            .map(|phones| phones.iter().any(|phone| phone.capabilities.iter().any(|capability| capability.is("push")))),
        ..Identity::default()
    }])
}

fn factors(record: Record<'_>) -> Result<Vec<Factor<'_>>, Reject> {
    let (id, mut user) = read(record)?;
    let principal = user.username.take().map(lower);
    let mut rows = Vec::new();
    let mut add =
        |factor_id: String, method: Method, raw: Cow<'_, str>, status, registered_at, device: Option<Cow<'_, str>>| {
            let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
            rows.push(Factor {
                provider: Some(Provider::Duo.as_str().into()),
                identity_id: Some(id.clone()),
                factor_id: Some(Cow::Owned(factor_id)),
                user_principal: principal.clone(),
                method: Some(method.as_str()),
                method_raw: Some(owned(raw)),
                status: Some(status),
                registered_at,
                is_recovery: Some(false),
                device: device.map(owned),
                ..Factor::default()
            });
        };
    for phone in user.phones.0.unwrap_or_default() {
        let phone_id = phone.id.0.unwrap_or_default();
        for capability in phone.capabilities.iter().filter_map(|capability| capability.0.clone()) {
            let (method, needs_app) = match capability.as_ref() {
                "push" => (Method::Push, true),
                "mobile_otp" => (Method::Totp, true),
                "sms" => (Method::SmsOtp, false),
                "phone" => (Method::Voice, false),
                // `auto` is whichever of the others.
                _ => continue,
            };
            let status = if needs_app && phone.activated.as_bool() == Some(false) { "pending" } else { "active" };
            add(format!("{phone_id}:{capability}"), method, capability, status, None, phone.model.0.clone());
        }
    }
    for token in user.tokens.0.unwrap_or_default() {
        let raw = token.kind.0.unwrap_or(Cow::Borrowed("token"));
        add(token.id.0.unwrap_or_default().into_owned(), Method::OtpHw, raw, "active", None, token.serial.0);
    }
    for key in user.u2f.0.unwrap_or_default() {
        let registered_at = time::optional(&[("date_added", &key.added)])?;
        let id = key.id.0.unwrap_or_default().into_owned();
        add(id, Method::U2f, Cow::Borrowed("u2ftoken"), "active", registered_at, None);
    }
    for key in user.webauthn.0.unwrap_or_default() {
        let registered_at = time::optional(&[("date_added", &key.added)])?;
        let label = key.label.0.unwrap_or(Cow::Borrowed("webauthncredential"));
        let is_platform =
            ["touch id", "face id", "windows hello", "platform"].iter().any(|word| contains(&label, word));
        let method = if is_platform { Method::Platform } else { Method::Fido2Key };
        add(key.id.0.unwrap_or_default().into_owned(), method, label, "active", registered_at, key.name.0);
    }
    Ok(rows)
}

shape! {
    struct User<'a> {
        id: Text<'a> = "user_id",
        username: Text<'a> = "username",
        name: Text<'a> = "realname",
        status: Text<'a> = "status",
        created: Text<'a> = "created",
        last_login: Text<'a> = "last_login",
        phones: Many<Phone<'a>> = "phones",
        tokens: Many<Token<'a>> = "tokens",
        u2f: Many<Key<'a>> = "u2ftokens",
        webauthn: Many<Key<'a>> = "webauthncredentials",
    }
}

shape! {
    struct Phone<'a> {
        id: Text<'a> = "phone_id",
        activated: Text<'a> = "activated",
        model: Text<'a> = "model",
        capabilities: Many<Text<'a>> = "capabilities",
    }
}

shape! {
    struct Token<'a> {
        id: Text<'a> = "token_id",
        kind: Text<'a> = "type",
        serial: Text<'a> = "serial",
    }
}

shape! {
    struct Key<'a> {
        id: Text<'a> = "registration_id" | "webauthnkey",
        name: Text<'a> = "credential_name",
        label: Text<'a> = "label",
        added: Text<'a> = "date_added",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = r#"{"user_id":"DU1","username":"Ann","realname":"Ann Lee","status":"bypass","created":1767600000,"last_login":null,
        "is_enrolled":true,"phones":[{"phone_id":"DP1","activated":false,"model":"Phone","capabilities":["auto","push","sms"]}],
        "tokens":[{"token_id":"DH1","type":"h6","serial":"1"}],"u2ftokens":[],
        "webauthncredentials":[{"webauthnkey":"W1","credential_name":"Key","label":"Security Key","date_added":1767600000}]}"#;

    #[test]
    fn accounts() {
        let rows = identities(Record::Json(USER.as_bytes())).expect("reads");
        assert_eq!((rows[0].account_enabled, rows[0].has_smartphone), (Some(true), Some(true)));
        assert_eq!((rows[0].user_principal.as_deref(), rows[0].last_signin_at), (Some("ann"), None));
        let gone = USER.replace("bypass", "pending deletion");
        assert_eq!(identities(Record::Json(gone.as_bytes())).expect("reads")[0].account_enabled, Some(false));
    }

    #[test]
    fn what_is_registered() {
        let rows = factors(Record::Json(USER.as_bytes())).expect("reads");
        let found: Vec<_> = rows.iter().map(|row| (row.factor_id.as_deref(), row.method, row.status)).collect();
        assert_eq!(
            found,
            [
                (Some("DP1:push"), Some("push"), Some("pending")),
                (Some("DP1:sms"), Some("sms_otp"), Some("active")),
                (Some("DH1"), Some("otp_hw"), Some("active")),
                (Some("W1"), Some("fido2_key"), Some("active")),
            ]
        );
        let none = r#"{"user_id":"DU2","username":"bob","status":"active"}"#;
        assert_eq!(factors(Record::Json(none.as_bytes())), Ok(Vec::new()));
    }

    #[test]
    fn what_is_rejected() {
        for (text, category) in [
            ("{}", Category::WrongProvider),
            (r#"{"phone_id":"DP1","number":"1"}"#, Category::WrongProvider),
            (r#"{"username":"a","status":"active"}"#, Category::MissingField),
            (r#"{"username":"a","status":"active","user_id":"x","created":"soon"}"#, Category::InvalidTimestamp),
        ] {
            let found = identities(Record::Json(text.as_bytes())).map_err(|reject| reject.category);
            assert_eq!(found.map(|_| ()), Err(category), "{text}");
        }
    }
}
