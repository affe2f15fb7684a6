//! Okta factors, as the Factors API returns them, and authenticator enrolments, as Identity Engine does.
//!
//! An item does not say whose it is; its links do.

use std::borrow::Cow;

use super::json::{self, Text, shape};
use super::{Category, Layout, Parse, Reader, Record, Reject, lower, pick, time};
use crate::model::{Factor, Method, Provider};

pub(super) const READER: Reader = Reader {
    name: "read_okta_factors",
    summary: "Okta factors: pages of the Factors API or of authenticator enrolments",
    layout: Layout::Json,
    example: "read_okta_factors('sample_data/okta/factors.ndjson')",
    parse: &[Parse::Factors(factors)],
    source: "Okta developer documentation: User Factors API, User Authenticator Enrollments API",
    export: "`/api/v1/users/{id}/factors` or `/authenticator-enrollments`, of every user; the links in an item say \
             whose it is",
    shapes: &["factors, bare or in pages (arrays)", "authenticator enrolments with a link to their user"],
    ignores: &[("factors with the status NOT_SETUP or without an id", "a user could set them up and has not")],
    fills: &[
        "provider identity_id factor_id user_principal method method_raw status registered_at last_used_at aaguid \
         is_recovery device phone_region",
    ],
};

fn factors(record: Record<'_>) -> Result<Vec<Factor<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut item: Item<'_> = json::parse(record)?;
    let spelling = match (item.factor_type.as_str(), item.key.as_str()) {
        (None, None) => return Err(Reject::at(Category::WrongProvider, 0)),
        // What a user could set up, but has not.
        (Some(_), _) if item.status.is("NOT_SETUP") || item.id.as_str().is_none() => return Ok(Vec::new()),
        // A key names the authenticator; `phone` is the type of SMS and calls alike.
        (Some(kind), _) => kind,
        // The authenticators of the organisation have keys, too, but belong to nobody.
        (None, Some(_)) if item.user_id().is_none() => return Err(Reject::at(Category::WrongProvider, 0)),
        (None, Some(key)) => key,
    };
    let method = method(spelling, item.provider.as_str());
    let Some(identity_id) = item.user_id() else {
        return Err(Reject::at(Category::MissingField, 0).in_column("userId"));
    };
    let identity_id: Cow<'_, str> = Cow::Owned(identity_id.to_owned());
    let registered_at = time::optional(&[("created", &item.created)])?;
    let last_used_at = time::optional(&[("lastVerified", &item.last_verified)])?;
    let factor_id = item.id.take().unwrap_or_else(|| Cow::Owned(format!("{identity_id}:{spelling}")));
    let profile = &mut item.profile;
    // Okta Verify and its codes are credentials of the login.
    let principal =
        item.embedded.user.login.take().or_else(|| profile.credential_id.take()).filter(|id| id.contains('@'));
    let device =
        pick([&mut profile.name, &mut profile.authenticator_name, &mut profile.device_type, &mut item.nickname]);
    // A question and a mailbox can serve the sign-in, recovery or both: policy decides, not the item.
    let is_recovery = match method {
        Method::Question | Method::EmailOtp => None,
        method => Some(method.is_recovery()),
    };
    Ok(vec![Factor {
        provider: Some(Provider::Okta.as_str().into()),
        identity_id: Some(identity_id),
        factor_id: Some(factor_id),
        user_principal: principal.map(lower),
        method: Some(method.as_str()),
        method_raw: pick([&mut item.factor_type, &mut item.key]),
        status: item.status.as_str().and_then(status),
        registered_at,
        last_used_at,
        aaguid: profile.aaguid.take(),
        is_recovery,
        device,
        phone_region: profile.phone_number.as_str().and_then(calling_code).map(Cow::Owned),
        ..Factor::default()
    }])
}

fn method(spelling: &str, provider: Option<&str>) -> Method {
    let by = |word: &str| provider.is_some_and(|provider| provider.eq_ignore_ascii_case(word));
    let is = |word: &str| spelling.eq_ignore_ascii_case(word);
    if by("DUO") {
        Method::FedMfa
    } else if is("signed_nonce") {
        // Whether the key asks for its user is not in the item.
        Method::CertSf
    } else if is("claims_provider") || is("assertion:saml2") || is("assertion:oidc") {
        Method::FedMfa
    } else {
        Method::from_spelling(Some(Provider::Okta), spelling).unwrap_or(Method::Unknown)
    }
}

fn status(status: &str) -> Option<&'static str> {
    [
        ("ACTIVE", "active"),
        ("ENROLLED", "active"),
        ("PENDING_ACTIVATION", "pending"),
        ("INACTIVE", "suspended"),
        ("DISABLED", "suspended"),
        ("SUSPENDED", "suspended"),
        ("EXPIRED", "revoked"),
    ]
    .into_iter()
    .find_map(|(known, canonical)| status.eq_ignore_ascii_case(known).then_some(canonical))
}

/// The calling code of an international number, such as `+44`. Several countries can share one.
fn calling_code(number: &str) -> Option<String> {
    let international = number.trim().strip_prefix('+')?;
    let digits: Vec<u8> = international.bytes().filter(u8::is_ascii_digit).take(3).map(|digit| digit - b'0').collect();
    let length = match digits[..] {
        [1 | 7, ..] => 1,
        [2, 0 | 7, ..]
        | [3, 0..=4 | 6 | 9, ..]
        | [4, 0 | 1 | 3..=9, ..]
        | [5, 1..=8, ..]
        | [6, 0..=6, ..]
        | [8, 1 | 2 | 4 | 6, ..]
        | [9, 0..=5 | 8, ..] => 2,
        [_, _, _] => 3,
        _ => return None,
    };
    Some(digits.iter().take(length).fold(String::from("+"), |mut code, digit| {
        code.push(char::from(digit + b'0'));
        code
    }))
}

shape! {
    struct Item<'a> {
        id: Text<'a> = "id",
        factor_type: Text<'a> = "factorType",
        key: Text<'a> = "key",
        provider: Text<'a> = "provider",
        status: Text<'a> = "status",
        created: Text<'a> = "created",
        last_verified: Text<'a> = "lastVerified",
        nickname: Text<'a> = "nickname",
        user: Text<'a> = "userId",
        profile: ProfileShape<'a> = "profile",
        links: LinksShape<'a> = "_links",
        embedded: EmbeddedShape<'a> = "_embedded",
    }
}

impl Item<'_> {
    fn user_id(&self) -> Option<&str> {
        let links = &self.links;
        let embedded = &self.embedded;
        self.user
            .as_str()
            .or(embedded.user.id.as_str())
            .or_else(|| [&links.user.href, &links.self_.href].into_iter().find_map(|href| user_in(href.as_str()?)))
            .or(embedded.activation.user.id.as_str())
    }
}

/// The id in `…/users/{id}` or `…/users/{id}/factors/…`.
fn user_in(href: &str) -> Option<&str> {
    let (_, rest) = href.split_once("/users/")?;
    rest.split(['/', '?', '#']).next().filter(|id| !id.is_empty())
}

shape! {
    struct ProfileShape<'a> {
        credential_id: Text<'a> = "credentialId",
        phone_number: Text<'a> = "phoneNumber",
        name: Text<'a> = "name",
        device_type: Text<'a> = "deviceType",
        authenticator_name: Text<'a> = "authenticatorName",
        aaguid: Text<'a> = "aaguid" | "authenticatorAaguid",
    }
}

shape! {
    struct LinksShape<'a> {
        user: LinkShape<'a> = "user",
        self_: LinkShape<'a> = "self",
    }
}

shape! {
    struct LinkShape<'a> {
        href: Text<'a> = "href",
    }
}

shape! {
    struct EmbeddedShape<'a> {
        user: UserShape<'a> = "user",
        activation: ActivationShape<'a> = "activation",
    }
}

shape! {
    struct ActivationShape<'a> {
        user: UserShape<'a> = "user",
    }
}

shape! {
    struct UserShape<'a> {
        id: Text<'a> = "id",
        login: Text<'a> = "login" | "name",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Factor<'_> {
        factors(Record::Json(text.as_bytes())).expect("reads").pop().expect("is a factor")
    }

    fn item(kind: &str, provider: &str, status: &str) -> String {
        format!(
            r#"{{"id":"f1","factorType":"{kind}","provider":"{provider}","status":"{status}",
            "created":"2014-06-27T20:27:26.000Z","_links":{{"user":{{"href":"https://x.okta.com/api/v1/users/00u1"}}}}}}"#
        )
    }

    #[test]
    fn methods_and_states() {
        for (kind, provider, method) in [
            ("push", "OKTA", "push"),
            ("token:software:totp", "GOOGLE", "totp"),
            ("token:software:totp", "OKTA", "totp"),
            ("token:hardware", "YUBICO", "otp_hw"),
            ("token:hotp", "CUSTOM", "otp_hw"),
            ("token", "RSA", "otp_hw"),
            ("sms", "OKTA", "sms_otp"),
            ("call", "OKTA", "voice"),
            ("email", "OKTA", "email_otp"),
            ("question", "OKTA", "question"),
            ("u2f", "FIDO", "u2f"),
            ("webauthn", "FIDO", "passkey_sync"),
            ("web", "DUO", "fed_mfa"),
            ("signed_nonce", "OKTA", "cert_sf"),
            ("claims_provider", "CUSTOM", "fed_mfa"),
            ("brand_new", "OKTA", "unknown"),
        ] {
            let text = item(kind, provider, "ACTIVE");
            let factor = read(&text);
            assert_eq!((factor.method, factor.status), (Some(method), Some("active")), "{kind}");
            assert_eq!(factor.method_raw.as_deref(), Some(kind));
        }
        for (status, expected) in [
            ("PENDING_ACTIVATION", Some("pending")),
            ("INACTIVE", Some("suspended")),
            ("EXPIRED", Some("revoked")),
            ("NEW", None),
        ] {
            let text = item("sms", "OKTA", status);
            assert_eq!(read(&text).status, expected, "{status}");
        }
        assert_eq!(factors(Record::Json(item("sms", "OKTA", "NOT_SETUP").as_bytes())), Ok(Vec::new()));
    }

    #[test]
    fn whose_it_is() {
        for rest in [
            r#""_links":{"user":{"href":"https://x/api/v1/users/00u1"}}"#,
            r#""_links":{"self":{"href":"https://x/api/v1/users/00u1/factors/f1"}}"#,
            r#""_embedded":{"user":{"id":"00u1"}}"#,
            r#""userId":"00u1""#,
        ] {
            let text = format!(r#"{{"id":"f1","factorType":"sms",{rest}}}"#);
            assert_eq!(read(&text).identity_id.as_deref(), Some("00u1"), "{rest}");
        }
        let possible = r#"{"factorType":"sms","provider":"OKTA","_links":{"enroll":{"href":"https://x/api/v1/users/00u1/factors"}}}"#;
        assert_eq!(factors(Record::Json(possible.as_bytes())), Ok(Vec::new()));
        let authenticator =
            r#"{"id":"aut1","key":"okta_email","_links":{"self":{"href":"https://x/api/v1/authenticators/aut1"}}}"#;
        let reject = factors(Record::Json(authenticator.as_bytes())).expect_err("is of the organisation");
        assert_eq!(reject.category, Category::WrongProvider);
        let nobody = r#"{"id":"f1","factorType":"sms"}"#;
        let reject = factors(Record::Json(nobody.as_bytes())).expect_err("is nobody's");
        assert_eq!((reject.category, reject.column.as_deref()), (Category::MissingField, Some("userId")));
    }

    #[test]
    fn an_enrolment_of_identity_engine() {
        let text = r#"{"type":"phone","id":"sms8","key":"phone_number","status":"ACTIVE","name":"Phone",
            "created":"2020-07-26T21:05:23.000Z","profile":{"phoneNumber":"+44 20 XXXX 6065"},"nickname":"Work",
            "_links":{"self":{"href":"https://x/api/v1/users/00u4/authenticator-enrollments/lae"}}}"#;
        let factor = read(text);
        assert_eq!((factor.method, factor.method_raw.as_deref()), (Some("sms_otp"), Some("phone_number")));
        assert_eq!((factor.identity_id.as_deref(), factor.factor_id.as_deref()), (Some("00u4"), Some("sms8")));
        assert_eq!((factor.phone_region.as_deref(), factor.device.as_deref()), (Some("+44"), Some("Work")));
    }

    #[test]
    fn what_a_profile_tells() {
        let text = r#"{"id":"opf1","factorType":"push","userId":"00u1","status":"ACTIVE","profile":{
            "credentialId":"Dade@Example.com","deviceType":"SmartPhone_IPhone","name":"Gibson","platform":"IOS"}}"#;
        let factor = read(text);
        assert_eq!(
            (factor.user_principal.as_deref(), factor.device.as_deref()),
            (Some("dade@example.com"), Some("Gibson"))
        );
        let text = r#"{"id":"fwf1","factorType":"webauthn","userId":"00u1","profile":{"credentialId":"l3Br0n","authenticatorName":"MacBook"}}"#;
        let factor = read(text);
        assert_eq!((factor.user_principal, factor.device.as_deref()), (None, Some("MacBook")));
    }

    #[test]
    fn calling_codes() {
        for (number, code) in [
            ("+1-555-415-1337", Some("+1")),
            ("+4747123456", Some("+47")),
            ("+353 1 234", Some("+353")),
            ("+7 999", Some("+7")),
            ("555-1337", None),
            ("+", None),
        ] {
            assert_eq!(calling_code(number).as_deref(), code, "{number}");
        }
    }
}
