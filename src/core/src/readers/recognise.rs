//! Which log a record belongs to.

use super::json::{Text, shape};

shape! {
    /// The keys by which the logs are told apart.
    pub(super) struct Probe<'a> {
        category: Text<'a> = "category",
        created_date_time: Text<'a> = "createdDateTime",
        app_id: Text<'a> = "appId" | "appDisplayName",
    }
}
