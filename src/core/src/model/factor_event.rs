//! `mfa_factor_events`: the life of the registered methods.

use std::borrow::Cow;

use super::relation::{Timestamp, relation};

relation! {
    /// One lifecycle event of one method, or of all methods of an identity. Key: provider, event_id.
    pub struct FactorEvent<'a> {
        /// When it happened, in UTC
        event_time: Timestamp,
        /// Which log it comes from
        provider: &'static str,
        /// The provider's id of the event
        event_id: Cow<'a, str>,
        /// Joins the events of one enrolment
        correlation_id: Cow<'a, str>,
        /// The provider's id of the identity whose method it is
        identity_id: Cow<'a, str>,
        /// Login name of that identity, lower case
        user_principal: Cow<'a, str>,
        /// started, method_selected, verify_failed, completed, abandoned, removed, reset, changed, suspended or resumed
        event_type: &'static str,
        /// The provider's own event name
        event_type_raw: Cow<'a, str>,
        /// The provider's id of the factor; NULL when it names none
        factor_id: Cow<'a, str>,
        /// Canonical method; NULL when it names none or means all of them
        method: &'static str,
        /// The provider's own name of the method
        method_raw: Cow<'a, str>,
        /// success, failure or unknown
        outcome: &'static str,
        /// The provider's error code; NULL on success
        failure_code: Cow<'a, str>,
        /// The provider's own words for it
        failure_reason_raw: Cow<'a, str>,
        /// The provider's id of whoever did it
        actor_id: Cow<'a, str>,
        /// Login name of whoever did it, lower case
        actor_principal: Cow<'a, str>,
        /// self, admin, helpdesk, system or unknown
        actor_kind: &'static str,
        /// Source address
        ip: Cow<'a, str>,
        /// User agent
        user_agent: Cow<'a, str>,
        /// File the record was read from
        source_file: Cow<'a, str>,
        /// Number of the record in that file, from 1
        source_record: i64,
    }
}
