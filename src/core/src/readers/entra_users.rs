//! Microsoft Entra users, as Microsoft Graph's `user` resource.
//!
//! Graph leaves out what was not selected, so an absent property is unknown, never empty.

use std::borrow::Cow;

use super::json::{self, Many, Text, shape};
use super::mfa_identities::population;
use super::{Category, Layout, Parse, Reader, Record, Reject, contains, lower, pick, time};
use crate::model::{Identity, Provider, Timestamp};

pub(super) const READER: Reader = Reader {
    name: "read_entra_users",
    summary: "Microsoft Entra users: Graph user objects, with signInActivity, manager and memberOf where selected",
    layout: Layout::Json,
    example: "read_entra_users('sample_data/entra/users.json')",
    parse: &[Parse::Identities(identities)],
    source: "Microsoft Graph: user resource type",
    export: "Graph `users` with `$select` of the properties wanted and `$expand=manager`, or `memberOf`",
    shapes: &["user objects, bare or in pages (`value`); keys in camel or snake case"],
    ignores: &[(
        "groups, devices, applications, service principals and other directory objects, by `@odata.type`",
        "members of a group and deleted objects come in one list",
    )],
    fills: &[
        "provider identity_id user_principal display_name population is_privileged roles department region location \
         manager license account_enabled created_at last_signin_at person_id",
    ],
};

fn identities(record: Record<'_>) -> Result<Vec<Identity<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut user: User<'_> = json::parse(record)?;
    match user.resource.as_str().map(resource) {
        Some("user") => {}
        // Members of a group, or deleted objects, come in one list with other objects of the directory.
        Some(kind) if DIRECTORY_OBJECTS.contains(&kind) => return Ok(Vec::new()),
        Some(_) => return Err(Reject::at(Category::WrongProvider, 0)),
        // Reports and sign-ins name users by the same keys.
        None if user.user_principal_name.as_str().is_none() || user.is_report() => {
            return Err(Reject::at(Category::WrongProvider, 0));
        }
        None => {}
    }
    let Some(id) = user.id.take() else {
        return Err(Reject::at(Category::MissingField, 0).in_column("id"));
    };
    let created_at = time::optional(&[("createdDateTime", &user.created)])?.filter(is_real);
    let last_signin_at = time::optional(&[
        // lastSignInDateTime is that of the last attempt, which may have failed.
        ("lastSuccessfulSignInDateTime", &user.activity.last_successful),
        ("lastSignInDateTime", &user.activity.last),
    ])?
    .filter(is_real);
    let is_external = user.user_principal_name.as_str().is_some_and(|name| contains(name, "#ext#"));
    let population = match user.user_type.as_str() {
        // A guest's second factor is checked at home, whatever the contract with them is.
        Some(kind) if kind.eq_ignore_ascii_case("guest") => Some("guest"),
        None if is_external => Some("guest"),
        // Microsoft's definition of a member is a user of the organisation itself.
        kind => user
            .employee_type
            .as_str()
            .and_then(population)
            .or_else(|| kind.is_some_and(|kind| kind.eq_ignore_ascii_case("member")).then_some("workforce")),
    };
    // Without the expansion nothing is known of roles; with it, a list without roles is none.
    let roles = user.member_of.0.as_ref().map(|list| {
        list.iter()
            .filter(|member| {
                member.resource.as_str().is_some_and(|kind| contains(kind, "directoryrole"))
                    || member.template.as_str().is_some()
            })
            .filter_map(|member| member.name.0.clone())
            .collect::<Vec<_>>()
    });
    let license = user.licenses.0.as_ref().map(|list| {
        let names: Vec<_> = list.iter().filter_map(|license| license.name.as_str().or(license.id.as_str())).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(";") }
    });
    let account_enabled = if user.deleted.as_str().is_some() { Some(false) } else { user.account_enabled.as_bool() };
    Ok(vec![Identity {
        provider: Some(Provider::Entra.as_str().into()),
        identity_id: Some(id),
        user_principal: pick([&mut user.user_principal_name, &mut user.mail]).map(lower),
        display_name: user.display_name.take(),
        population: population.map(Cow::Borrowed),
        is_privileged: roles.as_ref().map(|roles| roles.iter().any(|role| is_administrative(role))),
        roles,
        tier: None,
        department: user.department.take(),
        region: pick([&mut user.usage_location, &mut user.country]),
        location: pick([&mut user.office, &mut user.city]),
        manager: pick([&mut user.manager.user_principal_name, &mut user.manager.mail]).map(lower),
        license: license.map(Cow::Owned),
        account_enabled,
        created_at,
        last_signin_at,
        person_id: user.employee_id.take(),
        ..Identity::default()
    }])
}

/// What else a list of directory objects can hold.
const DIRECTORY_OBJECTS: &[&str] = &[
    "administrativeUnit",
    "application",
    "contact",
    "device",
    "directoryRole",
    "group",
    "orgContact",
    "servicePrincipal",
];

/// The type in `#microsoft.graph.user`.
fn resource(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Graph writes the year 1 for "never".
fn is_real(time: &Timestamp) -> bool {
    const YEAR_1601: i64 = -11_644_473_600_000_000;
    time.0 > YEAR_1601
}

/// Whether a directory role administers anything; readers and members do not.
fn is_administrative(role: &str) -> bool {
    contains(role, "administrator")
        || contains(role, "admin")
        || contains(role, "partner tier")
        || contains(role, "operator")
}

shape! {
    struct User<'a> {
        resource: Text<'a> = "@odata.type" | "odata_type",
        id: Text<'a> = "id",
        user_principal_name: Text<'a> = "userPrincipalName" | "user_principal_name",
        mail: Text<'a> = "mail",
        display_name: Text<'a> = "displayName" | "display_name",
        user_type: Text<'a> = "userType" | "user_type",
        employee_type: Text<'a> = "employeeType" | "employee_type",
        employee_id: Text<'a> = "employeeId" | "employee_id",
        account_enabled: Text<'a> = "accountEnabled" | "account_enabled",
        deleted: Text<'a> = "deletedDateTime" | "deleted_date_time",
        department: Text<'a> = "department",
        usage_location: Text<'a> = "usageLocation" | "usage_location",
        country: Text<'a> = "country",
        office: Text<'a> = "officeLocation" | "office_location",
        city: Text<'a> = "city",
        created: Text<'a> = "createdDateTime" | "created_date_time",
        activity: ActivityShape<'a> = "signInActivity",
        manager: ManagerShape<'a> = "manager",
        licenses: Many<LicenseShape<'a>> = "assignedLicenses" | "licenseDetails",
        member_of: Many<MemberShape<'a>> = "memberOf" | "transitiveMemberOf",
        is_mfa_registered: Text<'a> = "isMfaRegistered",
        app_id: Text<'a> = "appId",
        app_name: Text<'a> = "appDisplayName",
        risk: Text<'a> = "riskLevel",
        event: Text<'a> = "eventDateTime",
        method: Text<'a> = "authMethod",
    }
}

impl User<'_> {
    fn is_report(&self) -> bool {
        [&self.is_mfa_registered, &self.app_id, &self.app_name, &self.risk, &self.event, &self.method]
            .iter()
            .any(|text| text.as_str().is_some())
    }
}

shape! {
    struct ActivityShape<'a> {
        last: Text<'a> = "lastSignInDateTime",
        last_successful: Text<'a> = "lastSuccessfulSignInDateTime",
    }
}

shape! {
    struct ManagerShape<'a> {
        user_principal_name: Text<'a> = "userPrincipalName",
        mail: Text<'a> = "mail",
    }
}

shape! {
    struct LicenseShape<'a> {
        id: Text<'a> = "skuId",
        name: Text<'a> = "skuPartNumber",
    }
}

shape! {
    struct MemberShape<'a> {
        resource: Text<'a> = "@odata.type",
        name: Text<'a> = "displayName",
        template: Text<'a> = "roleTemplateId",
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
            r##"{"@odata.type":"#microsoft.graph.user","id":"u1","userPrincipalName":"Jo@Contoso.com","displayName":"Jo",
            "userType":"Member","accountEnabled":true,"department":"Finance","usageLocation":"NO","country":"Norway",
            "officeLocation":"Oslo 3","createdDateTime":"2020-01-01T00:00:00Z","employeeId":"7",
            "signInActivity":{"lastSignInDateTime":"2024-05-01T10:00:00Z"},
            "manager":{"@odata.type":"#microsoft.graph.user","id":"u2","userPrincipalName":"Boss@Contoso.com"},
            "assignedLicenses":[{"skuId":"s1","disabledPlans":[]},{"skuId":"s2"}],
            "memberOf":[{"@odata.type":"#microsoft.graph.group","displayName":"Administrators of tea"},
            {"@odata.type":"#microsoft.graph.directoryRole","displayName":"Global Administrator"}]}"##,
        );
        assert_eq!((row.identity_id.as_deref(), row.user_principal.as_deref()), (Some("u1"), Some("jo@contoso.com")));
        assert_eq!((row.population.as_deref(), row.region.as_deref()), (Some("workforce"), Some("NO")));
        assert_eq!((row.manager.as_deref(), row.license.as_deref()), (Some("boss@contoso.com"), Some("s1;s2")));
        assert_eq!((row.account_enabled, row.is_privileged), (Some(true), Some(true)));
        assert_eq!(row.roles.as_deref(), Some(&["Global Administrator".into()][..]));
        assert_eq!(row.last_signin_at, time::parse("2024-05-01T10:00:00Z"));
        assert_eq!((row.location.as_deref(), row.person_id.as_deref()), (Some("Oslo 3"), Some("7")));
    }

    #[test]
    fn what_was_not_selected_is_unknown() {
        let row = read(r#"{"id":"u1","userPrincipalName":"a@b.c"}"#);
        assert_eq!((row.account_enabled, row.is_privileged, row.population), (None, None, None));
        assert_eq!((row.license, row.roles, row.last_signin_at), (None, None, None));
    }

    #[test]
    fn populations() {
        for (user_type, employee_type, population) in [
            ("Member", "", Some("workforce")),
            ("member", "Contractor", Some("contractor")),
            ("Member", "Service Account", Some("service")),
            ("Member", "Something else", Some("workforce")),
            ("Guest", "Contractor", Some("guest")),
            ("", "Consultant", Some("contractor")),
            ("", "", None),
        ] {
            let text = format!(
                r#"{{"id":"u","userPrincipalName":"a@b.c","userType":"{user_type}","employeeType":"{employee_type}"}}"#
            );
            assert_eq!(read(&text).population.as_deref(), population, "{user_type} {employee_type}");
        }
        let text = r#"{"id":"u","userPrincipalName":"a_b.c#EXT#@d.onmicrosoft.com"}"#;
        assert_eq!(read(text).population.as_deref(), Some("guest"));
    }

    #[test]
    fn disabled_deleted_and_never() {
        let row = read(
            r#"{"id":"u","userPrincipalName":"a","accountEnabled":"False","assignedLicenses":[],"memberOf":[],
            "signInActivity":{"lastSignInDateTime":"0001-01-01T00:00:00Z"}}"#,
        );
        assert_eq!((row.account_enabled, row.last_signin_at), (Some(false), None));
        assert_eq!((row.license.as_deref(), row.is_privileged), (Some("none"), Some(false)));
        let row = read(
            r#"{"id":"u","userPrincipalName":"a","accountEnabled":true,"deletedDateTime":"2024-01-01T00:00:00Z"}"#,
        );
        assert_eq!(row.account_enabled, Some(false));
    }

    #[test]
    fn what_is_ignored_and_what_is_rejected() {
        let group = r##"{"@odata.type":"#microsoft.graph.servicePrincipal","id":"g","displayName":"x"}"##;
        assert_eq!(identities(Record::Json(group.as_bytes())), Ok(Vec::new()));
        let other = r##"{"@odata.type":"#microsoft.graph.phoneAuthenticationMethod","id":"p"}"##;
        assert_eq!(identities(Record::Json(other.as_bytes())), Err(Reject::at(Category::WrongProvider, 0)));
        let category = |text: &str| identities(Record::Json(text.as_bytes())).map(|_| ()).map_err(|r| r.category);
        let registration = r#"{"id":"u","userPrincipalName":"a","isMfaRegistered":true}"#;
        assert_eq!(category(registration), Err(Category::WrongProvider));
        let signin =
            r#"{"id":"u","userPrincipalName":"a","appDisplayName":"x","createdDateTime":"2024-01-01T00:00:00Z"}"#;
        assert_eq!(category(signin), Err(Category::WrongProvider));
        assert_eq!(category(r#"{"id":"00u","profile":{"login":"a"}}"#), Err(Category::WrongProvider));
        assert_eq!(category(r#"{"userPrincipalName":"a"}"#), Err(Category::MissingField));
        let misdated = r#"{"id":"u","userPrincipalName":"a","createdDateTime":"soon"}"#;
        assert_eq!(category(misdated), Err(Category::InvalidTimestamp));
    }
}
