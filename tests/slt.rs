//! Every `.slt` file on every DuckDB in `.venv/duckdb-*`.
//!
//! A file starts with an empty in-memory database, the extension loaded, and the time zone UTC.

use mfa_tests::DuckDb;

fn main() -> std::process::ExitCode {
    mfa_tests::run("duckdb", &["1.4.5", "1.5.6", "2.0.0"], |host, places| DuckDb::start(host, &places.root))
}
