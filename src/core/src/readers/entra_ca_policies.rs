//! Microsoft Entra conditional-access policies, as Graph returns them.
//!
//! A policy that only reports is neither enabled nor disabled. When it was exported is not in it.

use std::borrow::Cow;

use super::json::{self, Many, Text, shape};
use super::{Category, Layout, Parse, Reader, Record, Reject, time};
use crate::model::{CaPolicy, Provider};

pub(super) const READER: Reader = Reader {
    name: "read_entra_ca_policies",
    summary: "Microsoft Entra conditional-access policies: pages of the Graph API",
    layout: Layout::Json,
    example: "read_entra_ca_policies('tests/data/entra_ca_policies.json')",
    parse: &[Parse::CaPolicies(policies)],
    source: "Microsoft Graph: conditionalAccessPolicy resource type",
    export: "Graph `identity/conditionalAccess/policies`",
    shapes: &["conditionalAccessPolicy objects, bare or in pages (`value`)"],
    ignores: &[],
    fills: &["provider policy_id name state grant_controls include_users exclude_users include_groups exclude_groups \
         include_apps exclude_apps exclude_locations client_app_types modified_at document"],
};

fn policies(record: Record<'_>) -> Result<Vec<CaPolicy<'_>>, Reject> {
    let Record::Json(record) = record else {
        return Err(Reject::at(Category::Syntax, 0));
    };
    let mut policy: Policy<'_> = json::parse(record)?;
    let state =
        [("enabled", "enabled"), ("disabled", "disabled"), ("enabledForReportingButNotEnforced", "report_only")]
            .into_iter()
            .find_map(|(known, state)| policy.state.is(known).then_some(state));
    let has_conditions = policy.conditions.users.is_there() || policy.conditions.apps.include.0.is_some();
    if policy.state.as_str().is_none() || !(has_conditions || policy.grant.controls.0.is_some()) {
        return Err(Reject::at(Category::WrongProvider, 0));
    }
    let Some(policy_id) = policy.id.take() else {
        return Err(Reject::at(Category::MissingField, 0).in_column("id"));
    };
    let modified_at = time::optional(&[("modifiedDateTime", &policy.modified), ("createdDateTime", &policy.created)])?;
    let mut grant_controls: Vec<Cow<'_, str>> = std::mem::take(&mut policy.grant.controls)
        .0
        .unwrap_or_default()
        .into_iter()
        .filter_map(|control| Some(snake_case(control.as_str()?).into()))
        .collect();
    for (name, is_asked) in [
        ("authentication_strength", policy.grant.strength.id.as_str().is_some()),
        ("terms_of_use", policy.grant.terms.iter().next().is_some()),
        ("custom_authentication_factor", policy.grant.custom.iter().next().is_some()),
    ] {
        if is_asked {
            grant_controls.push(Cow::Borrowed(name));
        }
    }
    let texts = |list: Many<Text<'_>>| {
        list.0
            .map(|list| list.into_iter().filter_map(|text| text.0.map(|text| Cow::Owned(text.into_owned()))).collect())
    };
    let conditions = policy.conditions;
    Ok(vec![CaPolicy {
        provider: Some(Provider::Entra.as_str()),
        policy_id: Some(policy_id),
        name: policy.name.take(),
        state,
        grant_controls: Some(grant_controls),
        include_users: texts(conditions.users.include),
        exclude_users: texts(conditions.users.exclude),
        include_groups: texts(conditions.users.include_groups),
        exclude_groups: texts(conditions.users.exclude_groups),
        include_apps: texts(conditions.apps.include),
        exclude_apps: texts(conditions.apps.exclude),
        exclude_locations: texts(conditions.locations.exclude),
        client_app_types: texts(conditions.client_apps),
        modified_at,
        exported_at: None,
        document: std::str::from_utf8(record).ok().map(|text| Cow::Borrowed(text.trim())),
    }])
}

/// `compliantDevice` as `compliant_device`, and `MFA`, as the audit log writes it, as `mfa`.
fn snake_case(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 4);
    let mut follows_small = false;
    for letter in text.chars() {
        if letter.is_ascii_uppercase() && follows_small {
            words.push('_');
        }
        follows_small = !letter.is_ascii_uppercase();
        words.push(letter.to_ascii_lowercase());
    }
    words
}

shape! {
    struct Policy<'a> {
        id: Text<'a> = "id",
        name: Text<'a> = "displayName",
        state: Text<'a> = "state",
        created: Text<'a> = "createdDateTime",
        modified: Text<'a> = "modifiedDateTime",
        conditions: ConditionsShape<'a> = "conditions",
        grant: GrantShape<'a> = "grantControls",
    }
}

shape! {
    struct ConditionsShape<'a> {
        users: UsersShape<'a> = "users",
        apps: ListsShape<'a> = "applications",
        locations: LocationsShape<'a> = "locations",
        client_apps: Many<Text<'a>> = "clientAppTypes",
    }
}

shape! {
    struct UsersShape<'a> {
        include: Many<Text<'a>> = "includeUsers",
        exclude: Many<Text<'a>> = "excludeUsers",
        include_groups: Many<Text<'a>> = "includeGroups",
        exclude_groups: Many<Text<'a>> = "excludeGroups",
        include_roles: Many<Text<'a>> = "includeRoles",
    }
}

impl UsersShape<'_> {
    fn is_there(&self) -> bool {
        [&self.include, &self.include_groups, &self.include_roles].iter().any(|list| list.0.is_some())
    }
}

shape! {
    struct ListsShape<'a> {
        include: Many<Text<'a>> = "includeApplications",
        exclude: Many<Text<'a>> = "excludeApplications",
    }
}

shape! {
    struct LocationsShape<'a> {
        exclude: Many<Text<'a>> = "excludeLocations",
    }
}

shape! {
    struct GrantShape<'a> {
        controls: Many<Text<'a>> = "builtInControls",
        terms: Many<Text<'a>> = "termsOfUse",
        custom: Many<Text<'a>> = "customAuthenticationFactors",
        strength: StrengthShape<'a> = "authenticationStrength",
    }
}

shape! {
    struct StrengthShape<'a> {
        id: Text<'a> = "id",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(state: &str, more: &str) -> String {
        format!(
            r#"{{"id":"p1","displayName":"Require MFA","state":"{state}","createdDateTime":"2026-01-05T08:00:00Z","modifiedDateTime":null,
            "conditions":{{"clientAppTypes":["all"],"applications":{{"includeApplications":["All"],"excludeApplications":["app1"]}},
            "users":{{"includeUsers":["All"],"excludeUsers":["u1"],"excludeGroups":[]}},"locations":null}}{more}}}"#
        )
    }

    fn read(text: &str) -> CaPolicy<'_> {
        policies(Record::Json(text.as_bytes())).expect("reads").remove(0)
    }

    #[test]
    fn words_are_told_apart_by_their_capitals() {
        assert_eq!(["mfa", "MFA", "Mfa", "compliantDevice"].map(snake_case), ["mfa", "mfa", "mfa", "compliant_device"]);
    }

    #[test]
    fn report_only_is_a_state_of_its_own() {
        for (state, expected) in [
            ("enabled", Some("enabled")),
            ("disabled", Some("disabled")),
            ("enabledForReportingButNotEnforced", Some("report_only")),
            ("EnabledForReportingButNotEnforced", Some("report_only")),
            ("somethingNew", None),
        ] {
            assert_eq!(read(&policy(state, "")).state, expected, "{state}");
        }
    }

    #[test]
    fn what_it_asks_for_and_of_whom() {
        let text = policy(
            "enabled",
            r#","grantControls":{"operator":"OR","builtInControls":["mfa","compliantDevice"],"termsOfUse":[],
            "authenticationStrength":{"id":"00000000-0000-0000-0000-000000000004"}}"#,
        );
        let policy = read(&text);
        let grant = policy.grant_controls.unwrap_or_default();
        assert_eq!(grant, ["mfa", "compliant_device", "authentication_strength"]);
        assert_eq!(policy.exclude_users, Some(vec!["u1".into()]));
        assert_eq!((policy.exclude_groups, policy.exclude_locations), (Some(Vec::new()), None));
        assert_eq!(policy.document.as_deref(), Some(text.as_str()));
        assert!(policy.modified_at.is_some());
    }

    #[test]
    fn what_is_rejected() {
        for (text, category) in [
            ("{}".to_owned(), Category::WrongProvider),
            (r#"{"id":"x","state":"enabled","displayName":"a user flow"}"#.to_owned(), Category::WrongProvider),
            (policy("enabled", "").replace(r#""id":"p1","#, ""), Category::MissingField),
            (policy("enabled", "").replace("2026-01-05T08:00:00Z", "soon"), Category::InvalidTimestamp),
        ] {
            let found = policies(Record::Json(text.as_bytes())).map_err(|reject| reject.category);
            assert_eq!(found.map(|_| ()), Err(category), "{text}");
        }
    }
}
