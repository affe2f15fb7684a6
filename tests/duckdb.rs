//! DuckDB as the tests ask it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use sqllogictest::{DB, DBOutput, DefaultColumnType};

/// A DuckDB in a process of its own: a real wheel behind `tests/driver.py`, which speaks sqllogictest's external-engine
/// protocol, JSON in and JSON out, one line each.
#[derive(Debug)]
pub struct DuckDb {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// What it said.
#[derive(Debug)]
pub struct EngineError(String);

impl std::fmt::Display for EngineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EngineError {}

impl DuckDb {
    /// Starts the one of a version, with the extension loaded.
    ///
    /// # Errors
    /// When its environment is missing or its process does not start.
    pub fn start(host: &str, root: &Path) -> Result<Self, EngineError> {
        let python = root.join(format!(".venv/duckdb-{host}/bin/python"));
        if !python.exists() {
            return Err(EngineError(format!("no {}: run make hosts", python.display())));
        }
        let mut process = Command::new(python)
            .arg(root.join("tests/driver.py"))
            .arg(root.join("build/mfa.duckdb_extension"))
            .current_dir(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| EngineError(error.to_string()))?;
        let missing = || EngineError("no pipe to the engine".to_owned());
        let input = process.stdin.take().ok_or_else(missing)?;
        let output = BufReader::new(process.stdout.take().ok_or_else(missing)?);
        Ok(Self { process, input, output })
    }
}

impl DB for DuckDb {
    type Error = EngineError;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, EngineError> {
        let failed = |error: std::io::Error| EngineError(format!("the engine is gone: {error}"));
        writeln!(self.input, "{}", serde_json::json!({ "sql": sql })).map_err(failed)?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(failed)?;
        let answer: serde_json::Value =
            serde_json::from_str(&line).map_err(|_| EngineError(format!("the engine died on: {sql}")))?;
        if let Some(error) = answer["err"].as_str() {
            return Err(EngineError(error.to_owned()));
        }
        let Some(rows) = answer["result"].as_array() else {
            return Ok(DBOutput::StatementComplete(answer["count"].as_u64().unwrap_or(0)));
        };
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.as_array().map(|row| row.iter().map(text).collect()).unwrap_or_default())
            .collect();
        let columns = answer["columns"].as_u64().unwrap_or(0) as usize;
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Any; columns], rows })
    }

    fn engine_name(&self) -> &str {
        "duckdb"
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
