//! Virtual views: the SQL that an unknown table name stands for.

use mfa_core::catalog::{Param, Relation, resolve, substitute};

use crate::ffi::Error;

/// Answers the replacement scan.
pub(crate) fn answer(name: &str) -> Result<Option<String>, Error> {
    Ok(resolve(name)?.map(|relation| match relation {
        Relation::View(view) => substitute(view, session_variable),
        Relation::Empty(input) => input.no_rows(),
    }))
}

/// `SET VARIABLE mfa_as_of = …`, or the default.
fn session_variable(param: &Param) -> String {
    format!("(coalesce(cast(getvariable('mfa_{}') as {}), {}))", param.name, param.ty, param.default)
}
