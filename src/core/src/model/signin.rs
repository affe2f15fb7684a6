//! `mfa_signins`: one row per authentication attempt, as the provider logged it.

use std::borrow::Cow;

use super::relation::{PolicyResults, Timestamp, relation};

relation! {
    /// One authentication attempt, as the provider logged it. Key: provider, event_id.
    pub struct SignIn<'a> {
        /// When the attempt happened, in UTC
        event_time: Timestamp,
        /// Which log it comes from: entra, okta, duo, aws, …
        provider: &'static str,
        /// The provider's id of the event
        event_id: Cow<'a, str>,
        /// Joins the events of one attempt
        correlation_id: Cow<'a, str>,
        /// The provider's session id
        session_id: Cow<'a, str>,
        /// The provider's own event name, category or code
        event_type_raw: Cow<'a, str>,
        /// The provider's id of the identity
        identity_id: Cow<'a, str>,
        /// Login name, lower case
        user_principal: Cow<'a, str>,
        /// Population the log itself suggests: workforce, guest, service; NULL when it says nothing
        population_hint: &'static str,
        /// The provider's id of the application
        app_id: Cow<'a, str>,
        /// Name of the application
        app_name: Cow<'a, str>,
        /// primary, second_factor, combined, sso, token, enrollment, admin or other
        event_kind: &'static str,
        /// Whether a person was at the keyboard
        is_interactive: bool,
        /// browser, mobile, desktop, vpn, legacy_protocol, api or unknown
        surface: &'static str,
        /// saml, oidc, oauth2, ws_fed, radius, ropc, device_code, imap, pop, smtp_auth, …
        protocol: &'static str,
        /// The provider's own name of the client application
        client_app_raw: Cow<'a, str>,
        /// Whether the client cannot be asked for a second factor
        is_legacy_auth: bool,
        /// success, failure, challenge, interrupted or unknown
        outcome: &'static str,
        /// The provider's error code; NULL on success
        failure_code: Cow<'a, str>,
        /// The provider's own words for it
        failure_reason_raw: Cow<'a, str>,
        /// bad_credentials, mfa_denied, mfa_timeout, mfa_failed, mfa_required, fraud_reported, policy_blocked, account_locked, account_disabled, risk_blocked, interrupted, not_enrolled, config_error or other
        failure_category: &'static str,
        /// Whether MFA was required: required, not_required or unknown
        mfa_requirement: &'static str,
        /// satisfied, denied, failed, timed_out, fraud_reported, bypassed, not_attempted or unknown
        mfa_result: &'static str,
        /// How it was satisfied: performed, claim_in_token, remembered_device, federated, trusted_location, bypass, none or unknown
        mfa_satisfied_by: &'static str,
        /// Canonical methods used, in order; empty when none, NULL when the log does not say
        methods: Vec<Cow<'a, str>>,
        /// The same in the provider's spelling
        methods_raw: Vec<Cow<'a, str>>,
        /// Canonical method of the first factor
        first_factor: &'static str,
        /// Canonical method of the second factor
        second_factor: &'static str,
        /// Whether every step that counted was phishing resistant
        is_phishing_resistant: bool,
        /// Whether the push asked for a number
        number_matching: bool,
        /// What each access policy of the provider said
        policy_results: PolicyResults<'a>,
        /// success, failure, not_applied or unknown
        conditional_access_status: &'static str,
        /// Source address
        ip: Cow<'a, str>,
        /// Whether the provider called the address a proxy, VPN or TOR exit
        ip_anonymizer: bool,
        /// Country as logged: a code or a name
        country: Cow<'a, str>,
        /// State or region
        region: Cow<'a, str>,
        /// City
        city: Cow<'a, str>,
        /// Degrees north
        latitude: f64,
        /// Degrees east
        longitude: f64,
        /// Autonomous system number
        asn: i64,
        /// Whether the address is in a network the tenant trusts
        network_trusted: bool,
        /// The provider's id of the device
        device_id: Cow<'a, str>,
        /// Operating system
        device_os: Cow<'a, str>,
        /// managed, compliant, registered, unmanaged or unknown
        device_trust: &'static str,
        /// Browser
        browser: Cow<'a, str>,
        /// User agent
        user_agent: Cow<'a, str>,
        /// Risk level as logged, lower case
        risk_level: Cow<'a, str>,
        /// Risk signals as logged
        risk_signals: Vec<Cow<'a, str>>,
        /// Tenant that was signed in to
        tenant_id: Cow<'a, str>,
        /// Tenant the identity belongs to
        home_tenant_id: Cow<'a, str>,
        /// Whether the identity is a guest
        is_guest: bool,
        /// File the record was read from
        source_file: Cow<'a, str>,
        /// Number of the record in that file, from 1
        source_record: i64,
    }
}
