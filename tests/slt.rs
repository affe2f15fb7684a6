//! Runs `tests/slt/**/*.slt` on every DuckDB in `.venv/duckdb-*`, one test for each file and host.
//!
//! A file starts with an empty in-memory database, the extension loaded, and the time zone UTC. The engine is a real wheel
//! behind `tests/driver.py`, which speaks sqllogictest's external-engine protocol: JSON in, JSON out, one line each.
//!
//! `{root}`, `{tmp}` and `{fixtures}` in a statement stand for the repository, a directory of its own for each test, and
//! the folder of real logs that is not part of the repository; files under `slt/fixtures` are skipped without it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use sqllogictest::{DB, DBOutput, DefaultColumnType, Runner};

const HOSTS: [&str; 3] = ["1.4.5", "1.5.6", "2.0.0"];

fn main() -> std::process::ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests has a parent").to_owned();
    let fixtures = root.parent().map(|parent| parent.join("shared/fixtures")).filter(|path| path.is_dir());
    let has_fixtures = fixtures.is_some();
    let mut files = Vec::new();
    find(&root.join("tests/slt"), &mut files);
    files.sort();
    let mut trials = Vec::new();
    for file in files {
        let name = file.strip_prefix(root.join("tests/slt")).expect("found there").to_string_lossy().into_owned();
        let needs_fixtures = name.starts_with("fixtures");
        for host in HOSTS {
            let (root, file, fixtures) = (root.clone(), file.clone(), fixtures.clone());
            let trial = Trial::test(format!("{name} on duckdb {host}"), move || run(&root, &file, host, fixtures));
            trials.push(trial.with_ignored_flag(needs_fixtures && !has_fixtures));
        }
    }
    if !has_fixtures {
        use std::io::stderr;
        let _ = writeln!(stderr(), "skipped: slt/fixtures needs the folder of real logs, ../shared/fixtures");
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder of tests").flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "slt") {
            files.push(path);
        }
    }
}

fn run(root: &Path, file: &Path, host: &'static str, fixtures: Option<PathBuf>) -> Result<(), Failed> {
    let python = root.join(format!(".venv/duckdb-{host}/bin/python"));
    if !python.exists() {
        return Err(format!("no {}: run make hosts", python.display()).into());
    }
    let stem = file.file_stem().expect("a file").to_string_lossy();
    let tmp = root.join(format!("target/slt/{stem}-{host}"));
    let _ = std::fs::remove_dir_all(&tmp);
    std::fs::create_dir_all(&tmp)?;
    let places = [
        ("{root}", root.to_string_lossy().into_owned()),
        ("{tmp}", tmp.to_string_lossy().into_owned()),
        ("{fixtures}", fixtures.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()),
    ];
    let mut runner = Runner::new(|| {
        let duckdb = DuckDb::start(root, &python, &places);
        async move { duckdb }
    });
    runner.add_label(host);
    runner.run_file(file).map_err(|error| error.display(false).to_string())?;
    Ok(())
}

/// A DuckDB in a process of its own.
struct DuckDb {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    places: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct EngineError(String);

impl std::fmt::Display for EngineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EngineError {}

impl DuckDb {
    fn start(root: &Path, python: &Path, places: &[(&'static str, String)]) -> Result<Self, EngineError> {
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
        Ok(Self { process, input, output, places: places.to_vec() })
    }
}

impl DB for DuckDb {
    type Error = EngineError;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, EngineError> {
        let mut sql = sql.to_owned();
        for (place, path) in &self.places {
            sql = sql.replace(place, path);
        }
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
