//! Which log a record belongs to.

use serde::de::{Deserialize, Deserializer, IgnoredAny};

use super::json::{IntoOwned, Nested, Slot, Text, shape};

shape! {
    /// The keys by which the sign-in logs are told apart. Everything else in the record is skipped.
    pub(super) struct Probe<'a> {
        category: Text<'a> = "category",
        created_date_time: Present = "createdDateTime",
        time: Present = "time" | "TimeGenerated" | "TimeGenerated [UTC]",
        app_id: Present = "appId" | "appDisplayName",
        operation: Present = "operationName" | "activityDisplayName",
        signs_in: Present = "status" | "resultType" | "clientAppUsed" | "ipAddress" | "callerIpAddress" | "isInteractive" | "conditionalAccessStatus",
        event_type: Text<'a> = "eventType" | "eventType_s",
        published: Present = "published" | "published_t" | "published_t [UTC]",
        uuid: Present = "uuid" | "uuid_g",
        actor: Present = "actor" | "actor_id_s",
        outcome: Present = "outcome" | "outcome_result_s",
        /// An envelope around an Okta event.
        inner: Nested<Probe<'a>> = "detail" | "event",
        duo_event_type: Text<'a> = "event_type" | "event_type_s",
        txid: Present = "txid" | "txid_g",
        access_device: Present = "access_device" | "access_device_ip_s",
        factor: Present = "factor" | "factor_s",
        result: Present = "result" | "result_s",
        username: Present = "username",
        integration: Present = "integration",
    }
}

/// Whether a key is there and not null; its value is skipped.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Present(pub(super) bool);

impl Slot for Present {
    fn is_unset(&self) -> bool {
        !self.0
    }
}

impl IntoOwned for Present {
    type Owned = Self;
    fn into_owned(self) -> Self {
        self
    }
}

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<IgnoredAny>::deserialize(deserializer).map(|value| Self(value.is_some()))
    }
}
