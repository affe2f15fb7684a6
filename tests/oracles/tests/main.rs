//! The evaluator against its oracles.

mod against_reference;
mod boundaries;
mod cedar;
mod exhaustive;
mod laws;
mod unknowns;

use proptest::test_runner::Config;

/// So many cases, unless `PROPTEST_CASES` says otherwise.
fn config(cases: u32) -> Config {
    let default = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    Config { cases, failure_persistence: None, ..default }
}
