//! The loadable DuckDB extension.
//!
//! `LOAD mfa` registers the catalog of `mfa-core`: readers and other functions, and a replacement scan that answers the
//! names of virtual views and of contract relations that are not loaded. Nothing is written to the database.

mod evaluate;
mod ffi;
mod history;
mod lists;
mod logs;
mod policies;
mod scalars;
mod views;

use std::sync::Arc;

use quack_rs::connection::Connection;
use quack_rs::error::ExtensionError;

use history::History;
use logs::LogReader;

fn register(connection: &Connection) -> Result<(), ExtensionError> {
    // A panic is reported as a SQL error; the terminal belongs to the host. The hook is this library's own.
    std::panic::set_hook(Box::new(|_| {}));
    let history = Arc::new(History::default());
    for reader in mfa_core::readers::READERS {
        ffi::table::register(connection, LogReader { reader, history: Arc::clone(&history) })?;
    }
    for list in lists::lists(&history) {
        ffi::table::register(connection, list)?;
    }
    for scalar in scalars::scalars() {
        ffi::scalar::register(connection, &scalar)?;
    }
    for function in policies::functions() {
        ffi::scalar::register(connection, &function)?;
    }
    ffi::scalar::register(connection, &policies::PolicyLint)?;
    ffi::scalar::register(connection, &evaluate::Evaluate)?;
    ffi::scalar::register(connection, &evaluate::Explain)?;
    // Last: DuckDB cannot take it back if something after it fails.
    ffi::replacement::register(connection, views::answer);
    Ok(())
}

quack_rs::entry_point_v2!(mfa_init_c_api, register);
