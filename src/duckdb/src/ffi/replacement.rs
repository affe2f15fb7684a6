//! The replacement scan: what DuckDB asks when it knows no table of a name.

use std::ffi::{CStr, c_char, c_void};

use libduckdb_sys::duckdb_replacement_scan_info;
use quack_rs::connection::Connection;
use quack_rs::replacement_scan::ReplacementScanInfo;

use super::{Error, guarded};

/// Answers a table name with a query, with nothing when the name is not ours, or with an error.
pub(crate) type Answer = fn(&str) -> Result<Option<String>, Error>;

/// Makes `answer` known to the database. The answers are run by DuckDB's own `query` table function, so that they are
/// planned, optimised and checked like any subquery.
pub(crate) fn register(connection: &Connection, answer: Answer) {
    // SAFETY: the connection is the one of this LOAD; the data is a function pointer that `register_…_with_data` boxes.
    unsafe { connection.register_replacement_scan_with_data(scan, answer) }
}

unsafe extern "C" fn scan(info: duckdb_replacement_scan_info, name: *const c_char, data: *mut c_void) {
    // SAFETY: DuckDB calls this with a valid info, a C string and the data registered above.
    unsafe {
        let info = ReplacementScanInfo::new(info);
        let result = guarded(|| {
            let answer = *data.cast::<Answer>();
            CStr::from_ptr(name).to_str().map_or(Ok(None), answer)
        });
        match result {
            Ok(Some(sql)) => {
                info.set_function("query").add_varchar_parameter(&sql);
            }
            Ok(None) => {}
            Err(error) => info.set_error(&error),
        }
    }
}
