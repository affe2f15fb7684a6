//! The loadable DuckDB extension.
//!
//! `LOAD mfa` registers the catalog of `mfa-core`: readers and other functions, and a replacement scan that answers the
//! names of virtual views and of contract relations that are not loaded. Nothing is written to the database.

mod ffi;
mod lists;
mod logs;
mod views;

use std::sync::Arc;

use quack_rs::connection::Connection;
use quack_rs::error::ExtensionError;

use logs::LogReader;
use mfa_core::readers::history::History;

fn register(connection: &Connection) -> Result<(), ExtensionError> {
    // A panic is reported as a SQL error; the terminal belongs to the host. The hook is this library's own.
    std::panic::set_hook(Box::new(|_| {}));
    let history = Arc::new(History::default());
    for reader in mfa_core::readers::READERS {
        ffi::table::register(connection, LogReader { reader, history: Arc::clone(&history) })?;
    }
    for list in mfa_core::lists::LISTS {
        ffi::table::register(connection, lists::ListFunction { list, history: Arc::clone(&history) })?;
    }
    for scalar in mfa_core::functions::scalars() {
        ffi::scalar::register(connection, &scalar)?;
    }
    // Last: DuckDB cannot take it back if something after it fails.
    ffi::replacement::register(connection, views::answer);
    Ok(())
}

quack_rs::entry_point_v2!(mfa_init_c_api, register);
