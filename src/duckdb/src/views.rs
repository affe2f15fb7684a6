//! Virtual views: the SQL that an unknown table name stands for.

use mfa_core::catalog::{Relation, resolve, with_variables};

use crate::ffi::Error;

/// Answers the replacement scan.
pub(crate) fn answer(name: &str) -> Result<Option<String>, Error> {
    Ok(resolve(name)?.map(|relation| match relation {
        Relation::View(view) => with_variables(view),
        Relation::Empty(input) => input.no_rows(),
    }))
}
