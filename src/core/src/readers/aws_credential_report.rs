//! AWS IAM credential report: a CSV file with one line per IAM user, and one for the root user.
//!
//! The report proves that an MFA device is active, not which kind. Names are unique within an account only, and reports
//! of several accounts are often put together, so an identity is its ARN.

use std::borrow::Cow;

use super::table::Line;
use super::{Category, Layout, Parse, Reader, Record, Reject, lower};
use crate::model::{Factor, Identity, Method, Provider};

pub(super) const READER: Reader = Reader {
    name: "read_aws_credential_report",
    summary: "AWS IAM credential report: identities, or the MFA they have",
    layout: Layout::Csv,
    example: "read_aws_credential_report('sample_data/aws/credential-report.csv')",
    parse: &[Parse::Identities(identities), Parse::Factors(factors)],
    source: "AWS IAM User Guide: credential reports",
    export: "`aws iam get-credential-report`, its content decoded from Base64",
    shapes: &["CSV with the columns `user` and `mfa_active`; reports of several accounts put together"],
    ignores: &[("factors: users whose `mfa_active` is not true", "no device, no factor")],
    fills: &[
        "provider identity_id user_principal display_name population is_privileged account_enabled created_at \
         last_signin_at has_password_credential stores_credential",
        "provider identity_id factor_id user_principal method method_raw status is_recovery",
    ],
};

const ROOT: &str = "<root_account>";

struct User<'a> {
    line: Line<'a>,
    name: Cow<'a, str>,
    id: Cow<'a, str>,
}

impl<'a> User<'a> {
    fn of(record: Record<'a>) -> Result<Self, Reject> {
        let line = Line::of(record)?;
        if !line.has("user") || !line.has("mfa_active") {
            return Err(Reject::at(Category::WrongProvider, 0));
        }
        let Some(name) = line.text(&["user"])? else {
            return Err(Reject::at(Category::MissingField, 0).in_column("user"));
        };
        let id = line.text(&["arn"])?.unwrap_or_else(|| name.clone());
        Ok(Self { line, name, id })
    }

    /// Whether any of these flags is set; unknown when none is a boolean.
    fn any(&self, columns: &[&'static str]) -> Result<Option<bool>, Reject> {
        let mut any = None;
        for column in columns {
            if let Some(flag) = self.line.bool(&[*column])? {
                any = Some(any.unwrap_or(false) | flag);
            }
        }
        Ok(any)
    }
}

fn identities(record: Record<'_>) -> Result<Vec<Identity<'_>>, Reject> {
    let user = User::of(record)?;
    let line = user.line;
    let is_root = user.name.eq_ignore_ascii_case(ROOT);
    // For the root user it says `not_supported`.
    let has_password = line.bool(&["password_enabled"])?;
    let has_key = user.any(&["access_key_1_active", "access_key_2_active", "cert_1_active", "cert_2_active"])?;
    let key_used = line.time(&["access_key_1_last_used_date"])?.max(line.time(&["access_key_2_last_used_date"])?);
    // A key that is switched off is a key, too.
    let ever_key = has_key == Some(true)
        || line.time(&["access_key_1_last_rotated"])?.is_some()
        || line.time(&["access_key_2_last_rotated"])?.is_some();
    let population = match has_password {
        // Used when nothing else works; AWS asks to keep it for that.
        _ if is_root => Some("break_glass"),
        // Only a password opens the console, and only people have use for that.
        Some(true) => Some("workforce"),
        Some(false) if ever_key => Some("service"),
        _ => None,
    };
    let account_enabled = match (has_password, has_key) {
        _ if is_root => Some(true),
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    };
    let password_used = line.time(&["password_last_used"])?;
    Ok(vec![Identity {
        provider: Some(Provider::Aws.as_str().into()),
        identity_id: Some(user.id),
        user_principal: Some(lower(user.name.clone())),
        display_name: Some(user.name),
        population: population.map(Cow::Borrowed),
        // What an IAM user may do is in policies, not in the report.
        is_privileged: is_root.then_some(true),
        account_enabled,
        created_at: line.time(&["user_creation_time"])?,
        // Using a key is no sign-in of somebody who has a password.
        last_signin_at: if has_password == Some(false) { password_used.max(key_used) } else { password_used },
        has_password_credential: has_password,
        stores_credential: has_key,
        ..Identity::default()
    }])
}

fn factors(record: Record<'_>) -> Result<Vec<Factor<'_>>, Reject> {
    let user = User::of(record)?;
    if user.line.bool(&["mfa_active"])? != Some(true) {
        return Ok(Vec::new());
    }
    Ok(vec![Factor {
        provider: Some(Provider::Aws.as_str().into()),
        factor_id: Some(Cow::Owned(format!("{}:mfa", user.id))),
        identity_id: Some(user.id),
        user_principal: Some(lower(user.name)),
        method: Some(Method::Unknown.as_str()),
        method_raw: Some(Cow::Borrowed("mfa_active")),
        status: Some("active"),
        is_recovery: Some(false),
        ..Factor::default()
    }])
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::lines;
    use super::*;
    use crate::readers::time;

    const REPORT: &str = "\
user,arn,user_creation_time,password_enabled,password_last_used,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,cert_1_active,cert_2_active
<root_account>,arn:aws:iam::1:root,2007-10-13T16:49:50+00:00,not_supported,2016-11-25T14:19:48+00:00,false,true,2011-08-19T05:12:23+00:00,2015-07-04T15:09:00+00:00,false,N/A,N/A,true,false
Ann,arn:aws:iam::1:user/Ann,2020-01-01T00:00:00Z,true,no_information,true,false,N/A,N/A,false,N/A,N/A,false,false
deploy,arn:aws:iam::1:user/deploy,2020-01-01T00:00:00Z,FALSE,N/A,FALSE,TRUE,2021-01-01T00:00:00Z,2022-01-01T00:00:00Z,false,N/A,N/A,false,false
deploy,arn:aws:iam::2:user/deploy,2020-01-01T00:00:00Z,false,N/A,false,false,2021-01-01T00:00:00Z,2022-01-01T00:00:00Z,false,N/A,N/A,false,false
nobody,arn:aws:iam::1:user/nobody,2020-01-01T00:00:00Z,false,N/A,false,false,N/A,N/A,false,N/A,N/A,false,false
";

    #[test]
    fn who_they_are() {
        let mut found = Vec::new();
        lines(REPORT, |record| {
            let row = identities(record).expect("reads").pop().expect("is a user");
            let population = row.population.as_deref().map(str::to_owned);
            found.push((
                row.identity_id.as_deref().unwrap_or_default().to_owned(),
                population,
                row.account_enabled,
                row.has_password_credential,
                row.stores_credential,
                row.is_privileged,
            ));
        });
        let row = |id: &str, population: &str, flags: [Option<bool>; 4]| {
            let population = (!population.is_empty()).then(|| population.to_owned());
            (format!("arn:aws:iam::{id}"), population, flags[0], flags[1], flags[2], flags[3])
        };
        let (yes, no) = (Some(true), Some(false));
        let expected = [
            row("1:root", "break_glass", [yes, None, yes, yes]),
            row("1:user/Ann", "workforce", [yes, yes, no, None]),
            row("1:user/deploy", "service", [yes, no, yes, None]),
            row("2:user/deploy", "service", [no, no, no, None]),
            row("1:user/nobody", "", [no, no, no, None]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn when_they_were_there() {
        let mut found = Vec::new();
        lines(REPORT, |record| found.push(identities(record).expect("reads")[0].last_signin_at));
        let expected = ["2016-11-25T14:19:48Z", "", "2022-01-01", "2022-01-01", ""].map(time::parse);
        assert_eq!(found, expected);
    }

    #[test]
    fn mfa_is_a_factor_of_unknown_kind() {
        let mut found = Vec::new();
        lines(REPORT, |record| {
            found.extend(
                factors(record).expect("reads").into_iter().map(|f| (f.factor_id.map(Cow::into_owned), f.method)),
            );
        });
        assert_eq!(found, [(Some("arn:aws:iam::1:user/Ann:mfa".to_owned()), Some("unknown"))]);
    }

    #[test]
    fn what_is_rejected() {
        for (table, category) in [
            ("name,email\na,b\n", Category::WrongProvider),
            ("user,arn,mfa_active\n,arn:x,true\n", Category::MissingField),
            ("user,mfa_active,user_creation_time\na,true,soon\n", Category::InvalidTimestamp),
        ] {
            lines(table, |record| {
                assert_eq!(identities(record).map_err(|reject| reject.category), Err(category), "{table}");
            });
        }
    }
}
