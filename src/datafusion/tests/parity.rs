//! Over the sample company, DataFusion answers as DuckDB does: every saved question, and the example of everything that is
//! offered. Rows are compared as they come where the statement sorts them, else in any order.

mod engine;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use engine::DataFusion;
use mfa_tests::DuckDb;
use sqllogictest::{DB, DBOutput};

const HOST: &str = "2.0.0";

fn rows<D: DB>(engine: &mut D, sql: &str) -> Result<Vec<Vec<String>>, String> {
    match engine.run(sql) {
        Ok(DBOutput::Rows { rows, .. }) => Ok(rows),
        Ok(_) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

fn queries(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository").flatten() {
        let path = entry.path();
        if path.is_dir() {
            queries(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            found.push(path);
        }
    }
}

#[test]
fn the_same_rows() {
    let root = mfa_tests::root();
    std::env::set_current_dir(&root).expect("the repository");
    let mut duckdb = DuckDb::start(HOST, &root).expect("a DuckDB: run make build hosts");
    let mut datafusion = DataFusion::start().expect("a session");
    let load = std::fs::read_to_string(root.join("sample_data/load.sql")).expect("the statements that load the sample");
    rows(&mut duckdb, &load).expect("the sample on DuckDB");
    rows(&mut datafusion, &load).expect("the sample on DataFusion");

    let mut statements = BTreeMap::new();
    let mut found = Vec::new();
    queries(&root.join("queries"), &mut found);
    for path in found {
        let sql = std::fs::read_to_string(&path).expect("a saved question");
        statements.insert(path.strip_prefix(&root).expect("found there").display().to_string(), (sql, true));
    }
    assert!(statements.len() >= 14, "only {} saved questions", statements.len());
    for entry in mfa_core::catalog::entries() {
        // What was read so far is another matter on another engine; settings are not questions, and an input's example loads
        // a file of the user's.
        if !["setting", "contract"].contains(&entry.kind)
            && !["mfa_read_stats", "mfa_rejects"].contains(&entry.name.as_str())
        {
            statements.insert(entry.name.clone(), (entry.example, false));
        }
    }
    let only = std::env::var("MFA_PARITY").unwrap_or_default();
    let mut faults = Vec::new();
    for (name, (sql, is_sorted)) in statements.into_iter().filter(|(name, _)| name.contains(&only)) {
        let [expected, found] = [rows(&mut duckdb, &sql), rows(&mut datafusion, &sql)].map(|rows| {
            rows.map(|mut rows| {
                if !is_sorted {
                    rows.sort();
                }
                rows
            })
        });
        match (expected, found) {
            (Ok(expected), Ok(found)) if expected == found => {}
            (Ok(expected), Ok(found)) => {
                let differ = expected.iter().zip(&found).find(|(expected, found)| expected != found);
                let (more, less) = (expected.len(), found.len());
                faults.push(format!(
                    "{name}: {more} rows on DuckDB, {less} on DataFusion; the first that differ: {differ:?}"
                ));
            }
            (Err(error), _) => faults.push(format!("{name}: on DuckDB: {error}")),
            (_, Err(error)) => faults.push(format!("{name}: on DataFusion: {error}")),
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
