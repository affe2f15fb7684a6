//! `mfa_ca_policies`: conditional-access policies as exported from the provider.

use std::borrow::Cow;

use super::relation::{Timestamp, relation};

relation! {
    /// One policy of one export. Key: provider, policy_id, exported_at.
    pub struct CaPolicy<'a> {
        /// Provider it comes from
        provider: &'static str,
        /// The provider's id of the policy
        policy_id: Cow<'a, str>,
        /// Display name
        name: Cow<'a, str>,
        /// enabled, disabled or report_only
        state: &'static str,
        /// What it asks for: mfa, authentication_strength, compliant_device, block, …
        grant_controls: Vec<Cow<'a, str>>,
        /// Whom it holds for
        include_users: Vec<Cow<'a, str>>,
        /// Whom it leaves out
        exclude_users: Vec<Cow<'a, str>>,
        /// Groups it holds for
        include_groups: Vec<Cow<'a, str>>,
        /// Groups it leaves out
        exclude_groups: Vec<Cow<'a, str>>,
        /// Applications it holds for
        include_apps: Vec<Cow<'a, str>>,
        /// Applications it leaves out
        exclude_apps: Vec<Cow<'a, str>>,
        /// Named locations it leaves out
        exclude_locations: Vec<Cow<'a, str>>,
        /// Kinds of client it holds for
        client_app_types: Vec<Cow<'a, str>>,
        /// When it was last changed
        modified_at: Timestamp,
        /// When it was exported
        exported_at: Timestamp,
        /// The exported JSON
        document: Cow<'a, str>,
    }
}
