//! `mfa_identities`: one row per identity and provider.

use std::borrow::Cow;

use super::relation::{Timestamp, relation};

relation! {
    /// One identity at one provider. Key: provider, identity_id.
    pub struct Identity<'a> {
        /// Which directory it comes from: entra, okta, duo, aws, hr, …
        provider: Cow<'a, str>,
        /// The provider's id of the identity
        identity_id: Cow<'a, str>,
        /// Login name, lower case
        user_principal: Cow<'a, str>,
        /// Display name
        display_name: Cow<'a, str>,
        /// workforce, contractor, partner, guest, service, break_glass, shared or unknown
        population: Cow<'a, str>,
        /// Whether the identity holds an administrative role
        is_privileged: bool,
        /// Roles, as the provider names them
        roles: Vec<Cow<'a, str>>,
        /// Risk tier assigned by hand; NULL leaves it to the policy
        tier: Cow<'a, str>,
        /// Department
        department: Cow<'a, str>,
        /// Region
        region: Cow<'a, str>,
        /// Office or site
        location: Cow<'a, str>,
        /// Login name of the manager, lower case
        manager: Cow<'a, str>,
        /// Licence
        license: Cow<'a, str>,
        /// Whether the account can sign in
        account_enabled: bool,
        /// When the account was created
        created_at: Timestamp,
        /// Last sign-in the directory knows of
        last_signin_at: Timestamp,
        /// Whether a password can be used
        has_password_credential: bool,
        /// Whether a credential is stored outside a person: app password, long-lived key
        stores_credential: bool,
        /// What the person needs to be able to use a method
        accessibility_need: Cow<'a, str>,
        /// Whether the person has a smartphone for work
        has_smartphone: bool,
        /// Joins the accounts of one human across providers
        person_id: Cow<'a, str>,
        /// File the record was read from
        source_file: Cow<'a, str>,
        /// Number of the record in that file, from 1
        source_record: i64,
    }
}
