//! `mfa_factors`: one row per identity and registered method instance.

use std::borrow::Cow;

use super::relation::{Timestamp, relation};

relation! {
    /// One registered method of one identity. Key: provider, identity_id, factor_id.
    pub struct Factor<'a> {
        /// Which directory it comes from
        provider: Cow<'a, str>,
        /// The provider's id of the identity
        identity_id: Cow<'a, str>,
        /// The provider's id of the factor; built from the identity and the method where it gives none
        factor_id: Cow<'a, str>,
        /// Login name of the identity, lower case
        user_principal: Cow<'a, str>,
        /// Canonical method
        method: &'static str,
        /// The provider's own name of the method
        method_raw: Cow<'a, str>,
        /// active, pending, suspended or revoked
        status: &'static str,
        /// When it was registered
        registered_at: Timestamp,
        /// When it was last used
        last_used_at: Timestamp,
        /// Whether the authenticator's make was proven
        attested: bool,
        /// Model of the authenticator
        aaguid: Cow<'a, str>,
        /// Whether its push asks for a number
        number_matching: bool,
        /// Whether its push shows where the request comes from
        shows_location: bool,
        /// Whether it is the identity's default
        is_default: bool,
        /// Whether it only serves recovery
        is_recovery: bool,
        /// Device it lives on
        device: Cow<'a, str>,
        /// Country of the telephone number
        phone_region: Cow<'a, str>,
        /// File the record was read from
        source_file: Cow<'a, str>,
        /// Number of the record in that file, from 1
        source_record: i64,
    }
}
