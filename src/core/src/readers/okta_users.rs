//! Okta users, as the Users API returns them.

use std::borrow::Cow;

use super::json::{self, Present, Text, shape};
use super::mfa_identities::population;
use super::{Category, Layout, Parse, Reader, Record, Reject, lower, pick, time};
use crate::model::{Identity, Provider};

pub(super) const READER: Reader = Reader {
    name: "read_okta_users",
    summary: "Okta users: pages of the Users API",
    layout: Layout::Json,
    example: "read_okta_users('sample_data/okta/users.json')",
    parse: &[Parse::Identities(identities)],
    source: "Okta developer documentation: Users API",
    export: "`/api/v1/users`",
    shapes: &["user objects, bare or in pages (arrays)"],
    ignores: &[],
    fills: &["provider identity_id user_principal display_name population department region location manager \
         account_enabled created_at last_signin_at has_password_credential person_id"],
};

fn identities(record: Record<'_>) -> Result<Vec<Identity<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut user: User<'_> = json::parse(record)?;
    // Factors have a profile with a mailbox, too.
    let is_user = user.profile.login.as_str().is_some() || user.profile.email.as_str().is_some();
    if !is_user || user.factor_type.0 || user.authenticator.0 {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    let Some(id) = user.id.take() else {
        return Err(Reject::at(Category::MissingField, 0).in_column("id"));
    };
    let created_at = time::optional(&[("created", &user.created)])?;
    let last_signin_at = time::optional(&[("lastLogin", &user.last_login)])?;
    let has_password_credential = user.credentials.has_password();
    let profile = &mut user.profile;
    let full_name = match (profile.first_name.as_str(), profile.last_name.as_str()) {
        (Some(first), Some(last)) => Some(Cow::Owned(format!("{first} {last}"))),
        (one, other) => one.or(other).map(|name| Cow::Owned(name.to_owned())),
    };
    Ok(vec![Identity {
        provider: Some(Provider::Okta.as_str().into()),
        identity_id: Some(id),
        population: profile.user_type.as_str().and_then(population).map(Cow::Borrowed),
        user_principal: pick([&mut profile.login, &mut profile.email]).map(lower),
        display_name: profile.display_name.take().or(full_name),
        department: profile.department.take(),
        region: profile.country.take(),
        location: profile.city.take(),
        manager: pick([&mut profile.manager_email, &mut profile.manager, &mut profile.manager_id]).map(lower),
        account_enabled: user.status.as_str().and_then(is_enabled),
        created_at,
        last_signin_at,
        has_password_credential,
        person_id: profile.employee_number.take(),
        ..Identity::default()
    }])
}

/// Whether an account in that state can sign in. Who is locked out, or has to set a new password, still holds an account
/// that works; who was never activated does not.
fn is_enabled(status: &str) -> Option<bool> {
    [
        ("ACTIVE", true),
        ("PASSWORD_EXPIRED", true),
        ("RECOVERY", true),
        ("LOCKED_OUT", true),
        ("STAGED", false),
        ("PROVISIONED", false),
        ("SUSPENDED", false),
        ("DEPROVISIONED", false),
    ]
    .into_iter()
    .find_map(|(known, enabled)| status.eq_ignore_ascii_case(known).then_some(enabled))
}

shape! {
    struct User<'a> {
        id: Text<'a> = "id",
        status: Text<'a> = "status",
        created: Text<'a> = "created",
        last_login: Text<'a> = "lastLogin",
        profile: ProfileShape<'a> = "profile",
        credentials: CredentialsShape<'a> = "credentials",
        factor_type: Present = "factorType",
        authenticator: Present = "key",
    }
}

shape! {
    struct ProfileShape<'a> {
        login: Text<'a> = "login",
        email: Text<'a> = "email",
        display_name: Text<'a> = "displayName",
        first_name: Text<'a> = "firstName",
        last_name: Text<'a> = "lastName",
        user_type: Text<'a> = "userType",
        department: Text<'a> = "department",
        country: Text<'a> = "countryCode",
        city: Text<'a> = "city",
        manager: Text<'a> = "manager",
        manager_email: Text<'a> = "managerEmail",
        manager_id: Text<'a> = "managerId",
        employee_number: Text<'a> = "employeeNumber",
    }
}

shape! {
    struct CredentialsShape<'a> {
        /// Empty, for the password is never shown; there when one is set.
        password: Present = "password",
        provider: ProviderShape<'a> = "provider",
    }
}

shape! {
    struct ProviderShape<'a> {
        kind: Text<'a> = "type",
    }
}

impl CredentialsShape<'_> {
    fn has_password(&self) -> Option<bool> {
        match self.provider.kind.as_str() {
            _ if self.password.0 => Some(true),
            // The directory holds it.
            Some(kind) if kind.eq_ignore_ascii_case("ACTIVE_DIRECTORY") || kind.eq_ignore_ascii_case("LDAP") => {
                Some(true)
            }
            Some(_) => Some(false),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Identity<'_> {
        identities(Record::Json(text.as_bytes())).expect("reads").pop().expect("is a user")
    }

    #[test]
    fn a_whole_user() {
        let row = read(
            r#"{"id":"00u1","status":"ACTIVE","created":"2013-06-24T16:39:18.000Z","lastLogin":null,
            "type":{"id":"oty1"},"profile":{"firstName":"Isaac","lastName":"Brock","email":"isaac@example.com",
            "login":"Isaac.Brock@Example.com","department":"IT","userType":"Contractor","countryCode":"US",
            "manager":"Boss@Example.com","managerId":"9","employeeNumber":"7"},
            "credentials":{"password":{},"provider":{"type":"OKTA","name":"OKTA"}}}"#,
        );
        assert_eq!(
            (row.identity_id.as_deref(), row.user_principal.as_deref()),
            (Some("00u1"), Some("isaac.brock@example.com"))
        );
        assert_eq!((row.display_name.as_deref(), row.population.as_deref()), (Some("Isaac Brock"), Some("contractor")));
        assert_eq!((row.manager.as_deref(), row.person_id.as_deref()), (Some("boss@example.com"), Some("7")));
        assert_eq!((row.account_enabled, row.has_password_credential), (Some(true), Some(true)));
        assert_eq!((row.last_signin_at, row.is_privileged), (None, None));
    }

    #[test]
    fn states() {
        for (status, enabled) in [
            ("ACTIVE", Some(true)),
            ("LOCKED_OUT", Some(true)),
            ("PASSWORD_EXPIRED", Some(true)),
            ("RECOVERY", Some(true)),
            ("STAGED", Some(false)),
            ("PROVISIONED", Some(false)),
            ("SUSPENDED", Some(false)),
            ("deprovisioned", Some(false)),
            ("NEW_STATE", None),
        ] {
            let text = format!(r#"{{"id":"00u1","status":"{status}","profile":{{"login":"a"}}}}"#);
            assert_eq!(read(&text).account_enabled, enabled, "{status}");
        }
    }

    #[test]
    fn who_has_a_password() {
        for (credentials, expected) in [
            (r#"{"password":{},"provider":{"type":"OKTA"}}"#, Some(true)),
            (r#"{"provider":{"type":"OKTA"}}"#, Some(false)),
            (r#"{"provider":{"type":"FEDERATION"}}"#, Some(false)),
            (r#"{"provider":{"type":"ACTIVE_DIRECTORY"}}"#, Some(true)),
            ("null", None),
        ] {
            let text = format!(r#"{{"id":"00u1","profile":{{"login":"a"}},"credentials":{credentials}}}"#);
            assert_eq!(read(&text).has_password_credential, expected, "{credentials}");
        }
    }

    #[test]
    fn what_is_rejected() {
        let category = |text: &str| identities(Record::Json(text.as_bytes())).map(|_| ()).map_err(|r| r.category);
        assert_eq!(
            category(r#"{"id":"sms1","factorType":"sms","profile":{"phoneNumber":"1"}}"#),
            Err(Category::WrongProvider)
        );
        let enrolment = r#"{"id":"eae","type":"email","key":"okta_email","profile":{"email":"a@b.c"}}"#;
        assert_eq!(category(enrolment), Err(Category::WrongProvider));
        assert_eq!(category(r#"{"profile":{"login":"a"}}"#), Err(Category::MissingField));
    }
}
