//! The boundary to DuckDB's C API: the only place with `unsafe`.
//!
//! What is behind it is safe Rust: a [`table::TableFunction`] fills [`write::Rows`], a function of
//! [`mfa_core::functions`] reads [`read::Vector`]s and writes a [`write::Writer`]. Every callback catches panics and reports them as SQL errors. Nothing
//! here keeps a database or a connection after `LOAD`.

#![expect(unsafe_code, reason = "DuckDB is called through its C API")]

pub(crate) mod read;
pub(crate) mod replacement;
pub(crate) mod scalar;
pub(crate) mod table;
mod types;
pub(crate) mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What went wrong, for the user.
pub(crate) type Error = String;

/// Runs `body`; a panic becomes an error that asks for a report.
fn guarded<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let what = quack_rs::callback::panic_message(&panic);
        Err(format!("mfa: internal error, please report it: {what}"))
    })
}
