//! Identities from the CSV list of a personnel system or a directory.
//!
//! The columns are those of `mfa_identities`, or what such lists usually call them; case, spaces and punctuation of a
//! header do not matter. Where several columns can fill one, the first that is not empty wins, in the order given here.
//! Dates are ISO 8601 or month first.

use std::borrow::Cow;

use super::table::Line;
use super::{Category, Layout, Parse, Reader, Record, Reject, lower};
use crate::model::{Identity, Provider};

pub(super) const READER: Reader = Reader {
    name: "read_mfa_identities",
    summary: "Identities from any CSV list of people or accounts, by the usual column names",
    layout: Layout::Csv,
    example: "read_mfa_identities('sample_data/hr/people.csv')",
    parse: &[Parse::Identities(identities)],
    source: "that of the personnel system or the directory",
    export: "a list with one line for each account or person; the usual names of columns are known, in any case and \
             punctuation",
    shapes: &["CSV with a header line; comma, semicolon or tab between columns"],
    ignores: &[],
    fills: &["provider identity_id user_principal display_name population is_privileged roles tier department region \
         location manager license account_enabled created_at last_signin_at has_password_credential stores_credential \
         accessibility_need has_smartphone person_id"],
};

const IDENTITY_ID: &[&str] = &["identity_id", "id", "user_id", "object_id", "account_id", "uid", "account"];
const USER_PRINCIPAL: &[&str] = &[
    "user_principal",
    "user_principal_name",
    "upn",
    "login",
    "username",
    "login_name",
    "email",
    "email_address",
    "work_email",
    "primary_email",
    "mail",
    "user",
];
const DISPLAY_NAME: &[&str] = &["display_name", "name", "full_name", "employee_name"];
const POPULATION: &[&str] =
    &["population", "type", "employee_type", "worker_type", "employment_type", "user_type", "account_type"];
const ACCOUNT_ENABLED: &[&str] = &[
    "account_enabled",
    "enabled",
    "is_enabled",
    "active",
    "is_active",
    "account_status",
    "employment_status",
    "status",
];

fn identities(record: Record<'_>) -> Result<Vec<Identity<'_>>, Reject> {
    let line = Line::of(record)?;
    let user_principal = line.text(USER_PRINCIPAL)?.map(lower);
    let Some(identity_id) = line.text(IDENTITY_ID)?.or_else(|| user_principal.clone()) else {
        return Err(Reject::at(Category::MissingField, 0).in_column("identity_id"));
    };
    let display_name = match line.text(DISPLAY_NAME)? {
        Some(name) => Some(name),
        None => match (line.text(&["first_name", "given_name"])?, line.text(&["last_name", "surname", "family_name"])?)
        {
            (Some(first), Some(last)) => Some(Cow::Owned(format!("{first} {last}"))),
            (one, other) => one.or(other),
        },
    };
    let roles = line.text(&["roles", "role", "admin_roles"])?.map(|roles| {
        let roles = roles.split(';').map(str::trim).filter(|role| !role.is_empty());
        roles.map(|role| Cow::Owned(role.to_owned())).collect()
    });
    Ok(vec![Identity {
        provider: line
            .text(&["provider", "source", "directory"])?
            .map(lower)
            .or(Some(Cow::Borrowed(Provider::Hr.as_str()))),
        identity_id: Some(identity_id),
        user_principal,
        display_name,
        population: line.text(POPULATION)?.as_deref().and_then(population).map(Cow::Borrowed),
        is_privileged: line.bool(&["is_privileged", "privileged", "is_admin", "admin"])?,
        roles,
        tier: line.text(&["tier", "risk_tier"])?,
        department: line.text(&["department", "dept", "department_name", "division", "team"])?,
        region: line.text(&["region", "country", "country_code", "geo"])?,
        location: line.text(&["location", "office", "site", "office_location", "work_location", "city"])?,
        manager: line
            .text(&[
                "manager",
                "manager_email",
                "manager_upn",
                "manager_login",
                "manager_name",
                "supervisor",
                "reports_to",
            ])?
            .map(lower),
        license: line.text(&["license", "licence", "sku"])?,
        account_enabled: line.text(ACCOUNT_ENABLED)?.as_deref().and_then(enabled),
        created_at: line.time(&["created_at", "created", "hire_date", "start_date", "hired", "date_of_joining"])?,
        last_signin_at: line.time(&["last_signin_at", "last_signin", "last_sign_in", "last_login", "last_logon"])?,
        has_password_credential: line.bool(&["has_password_credential", "has_password", "password_enabled"])?,
        stores_credential: line.bool(&["stores_credential", "has_access_key", "has_app_password"])?,
        accessibility_need: line.text(&["accessibility_need", "accessibility", "accommodation"])?,
        has_smartphone: line.bool(&["has_smartphone", "smartphone", "work_phone_issued"])?,
        person_id: line.text(&[
            "person_id",
            "employee_id",
            "employee_number",
            "employee_no",
            "worker_id",
            "staff_id",
            "personnel_number",
        ])?,
        source_file: None,
        source_record: None,
    }])
}

/// The population that a word of a personnel system means. A word nobody knows is `None`: unknown, not workforce.
pub(super) fn population(word: &str) -> Option<&'static str> {
    const WORDS: &[(&str, &[&str])] = &[
        (
            "workforce",
            &[
                "workforce",
                "employee",
                "employees",
                "staff",
                "member",
                "internal",
                "regular",
                "permanent",
                "full time",
                "part time",
                "fulltime",
                "parttime",
                "fte",
                "intern",
                "apprentice",
                "trainee",
                "person",
                "human",
            ],
        ),
        (
            "contractor",
            &[
                "contractor",
                "contractors",
                "contract",
                "contingent",
                "contingent worker",
                "consultant",
                "freelancer",
                "freelance",
                "vendor",
                "agency",
                "temp",
                "temporary",
                "external",
                "outsourced",
            ],
        ),
        ("partner", &["partner", "partners", "supplier", "reseller", "affiliate"]),
        ("guest", &["guest", "guests", "visitor", "b2b"]),
        (
            "service",
            &[
                "service",
                "service account",
                "serviceaccount",
                "svc",
                "application",
                "app",
                "robot",
                "bot",
                "rpa",
                "machine",
                "system",
                "workload",
                "automation",
                "non human",
                "nonhuman",
            ],
        ),
        ("break_glass", &["break glass", "breakglass", "emergency", "emergency access", "emergency account"]),
        ("shared", &["shared", "shared account", "shared mailbox", "generic", "kiosk", "room", "resource", "mailbox"]),
    ];
    let word: String =
        word.trim().chars().map(|c| if matches!(c, '_' | '-') { ' ' } else { c.to_ascii_lowercase() }).collect();
    WORDS.iter().find_map(|(population, words)| words.contains(&word.as_str()).then_some(*population))
}

/// Whether a word for the state of an account or of an employment says that the account can be used.
fn enabled(word: &str) -> Option<bool> {
    const YES: &[&str] = &["true", "yes", "1", "y", "active", "enabled", "employed", "current", "on leave", "onleave"];
    const NO: &[&str] = &[
        "false",
        "no",
        "0",
        "n",
        "inactive",
        "disabled",
        "terminated",
        "suspended",
        "left",
        "leaver",
        "resigned",
        "retired",
        "deleted",
        "deprovisioned",
        "offboarded",
    ];
    let is = |words: &[&str]| words.iter().any(|known| word.trim().eq_ignore_ascii_case(known));
    if is(YES) {
        Some(true)
    } else if is(NO) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::lines;
    use super::*;
    use crate::readers::time;

    #[test]
    fn the_columns_of_the_contract() {
        let table = "provider,identity_id,user_principal,display_name,population,is_privileged,roles,tier,department,region,\
            location,manager,license,account_enabled,created_at,last_signin_at,has_password_credential,stores_credential,\
            accessibility_need,has_smartphone,person_id\n\
            Entra,u1,Jo@Example.com,Jo,workforce,true,admin; helpdesk ;,gold,IT,EMEA,Oslo,Boss@Example.com,E5,true,\
            2024-01-02,2024-05-06T07:08:09Z,yes,no,screen reader,1,p7\n";
        lines(table, |record| {
            let row = identities(record).expect("reads").pop().expect("is an identity");
            let text = |text: &str| Some(Cow::Owned::<str>(text.to_owned()));
            let expected = Identity {
                provider: text("entra"),
                identity_id: text("u1"),
                user_principal: text("jo@example.com"),
                display_name: text("Jo"),
                population: text("workforce"),
                is_privileged: Some(true),
                roles: Some(vec!["admin".into(), "helpdesk".into()]),
                tier: text("gold"),
                department: text("IT"),
                region: text("EMEA"),
                location: text("Oslo"),
                manager: text("boss@example.com"),
                license: text("E5"),
                account_enabled: Some(true),
                created_at: time::parse("2024-01-02"),
                last_signin_at: time::parse("2024-05-06T07:08:09Z"),
                has_password_credential: Some(true),
                stores_credential: Some(false),
                accessibility_need: text("screen reader"),
                has_smartphone: Some(true),
                person_id: text("p7"),
                source_file: None,
                source_record: None,
            };
            assert_eq!(row, expected);
        });
    }

    #[test]
    fn the_names_of_a_personnel_system() {
        let table = "Employee ID,First Name,Last Name,E-Mail,Dept,Country,Hire Date,Employee Type,Status,Manager Email\n\
            7,Jo,Doe,Jo@Example.com,Finance,NO,3/1/2024,Contingent-Worker,Terminated,Boss@Example.com\n";
        lines(table, |record| {
            let row = identities(record).expect("reads").pop().expect("is an identity");
            assert_eq!(row.provider.as_deref(), Some("hr"));
            assert_eq!(row.identity_id.as_deref(), Some("jo@example.com"));
            assert_eq!((row.person_id.as_deref(), row.display_name.as_deref()), (Some("7"), Some("Jo Doe")));
            assert_eq!((row.population.as_deref(), row.account_enabled), (Some("contractor"), Some(false)));
            assert_eq!((row.department.as_deref(), row.region.as_deref()), (Some("Finance"), Some("NO")));
            assert_eq!(row.created_at, time::parse("2024-03-01"));
            assert_eq!(row.manager.as_deref(), Some("boss@example.com"));
        });
    }

    #[test]
    fn what_is_unknown_stays_unknown() {
        lines("login,type,active,admin,roles\na,Wizard,perhaps,,\n", |record| {
            let row = identities(record).expect("reads").pop().expect("is an identity");
            assert_eq!((row.population, row.account_enabled, row.is_privileged, row.roles), (None, None, None, None));
        });
        for (word, expected) in [
            ("Service Account", Some("service")),
            ("break-glass", Some("break_glass")),
            ("FULL_TIME", Some("workforce")),
            ("Guest", Some("guest")),
            ("unknown", None),
            ("", None),
        ] {
            assert_eq!(population(word), expected, "{word}");
        }
    }

    #[test]
    fn what_is_rejected() {
        for (table, category, column) in [
            ("name,dept\nJo,IT\n", Category::MissingField, "identity_id"),
            ("id,email,dept\n,,IT\n", Category::MissingField, "identity_id"),
            ("id,hire_date\n1,soon\n", Category::InvalidTimestamp, "created_at"),
        ] {
            lines(table, |record| {
                let reject = identities(record).expect_err("is rejected");
                assert_eq!((reject.category, reject.column.as_deref()), (category, Some(column)), "{table}");
            });
        }
    }
}
