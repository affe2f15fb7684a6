//! Runs `tests/slt/**/*.slt` on an engine, one test for each file.
//!
//! Files under `slt/duckdb` and `slt/datafusion` are for that engine alone, and say why. `{root}`, `{tmp}` and `{fixtures}`
//! in a statement stand for the repository, a directory of its own for each test, and the folder of real logs that is not
//! part of the repository; files under `slt/fixtures` are skipped without it.
//!
//! `write 'file' select …` is a statement of ours: each row of the query is a line of the file, which is compressed when its
//! name ends in `.gz` or `.zst`. So a test makes its files in the SQL that all engines know. What that cannot do is done by
//! `derive.py`, in a `system` record.

mod duckdb;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use libtest_mimic::{Arguments, Failed, Trial};
use sqllogictest::{ColumnType, DB, DBOutput, Record, RecordOutput, Runner, TestError};

pub use duckdb::{DuckDb, EngineError};

/// Where a test finds things: the repository, its own directory, the fixtures.
#[derive(Debug, Clone)]
pub struct Places {
    /// The root of the repository.
    pub root: PathBuf,
    places: Vec<(&'static str, String)>,
}

impl Places {
    /// Puts the places into a statement.
    pub fn fill_in(&self, sql: &str) -> String {
        self.places.iter().fold(sql.to_owned(), |sql, (place, path)| sql.replace(place, path))
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests has a parent").to_owned()
}

/// Runs every file on every one of `hosts`; `connect` makes a connection to one.
pub fn run<D: DB + Send + 'static>(
    engine: &'static str,
    hosts: &'static [&'static str],
    connect: impl Fn(&str, &Places) -> Result<D, D::Error> + Send + Sync + 'static,
) -> std::process::ExitCode {
    let root = root();
    let fixtures = root.parent().map(|parent| parent.join("shared/fixtures")).filter(|path| path.is_dir());
    let mut files = Vec::new();
    find(&root.join("tests/slt"), &mut files);
    files.sort();
    std::env::set_current_dir(&root).expect("the repository");
    let connect = Arc::new(connect);
    let mut trials = Vec::new();
    for file in files {
        let name = file.strip_prefix(root.join("tests/slt")).expect("found there").to_string_lossy().into_owned();
        if ["duckdb", "datafusion"].iter().any(|other| *other != engine && name.starts_with(&format!("{other}/"))) {
            continue;
        }
        let needs_fixtures = name.starts_with("fixtures");
        for host in hosts {
            let stem = file.file_stem().expect("a file").to_string_lossy();
            let tmp = root.join(format!("target/slt/{stem}-{engine}-{host}"));
            let places = Places {
                root: root.clone(),
                places: vec![
                    ("{root}", root.to_string_lossy().into_owned()),
                    ("{tmp}", tmp.to_string_lossy().into_owned()),
                    ("{fixtures}", fixtures.iter().map(|path| path.to_string_lossy().into_owned()).collect()),
                ],
            };
            let (file, connect, placed) = (file.clone(), Arc::clone(&connect), places.clone());
            let trial = Trial::test(format!("{name} on {engine} {host}"), move || {
                let _ = std::fs::remove_dir_all(&tmp);
                std::fs::create_dir_all(&tmp)?;
                let mut runner = Runner::new(|| {
                    let engine = connect(host, &places).map(|engine| Engine { engine, places: places.clone() });
                    async move { engine }
                });
                runner.add_label(host);
                every(&file, &placed, |record| runner.run(record))
            });
            trials.push(trial.with_ignored_flag(needs_fixtures && fixtures.is_none()));
        }
    }
    if fixtures.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: slt/fixtures needs the folder of real logs, ../shared/fixtures");
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// An engine that fills in places, and writes files.
struct Engine<D> {
    engine: D,
    places: Places,
}

impl<D: DB> DB for Engine<D> {
    type Error = D::Error;
    type ColumnType = D::ColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<D::ColumnType>, D::Error> {
        let sql = self.places.fill_in(sql);
        let Some((path, query)) = sql.strip_prefix("write '").and_then(|rest| rest.split_once("' ")) else {
            return self.engine.run(&sql);
        };
        let DBOutput::Rows { rows, .. } = self.engine.run(query)? else {
            panic!("write needs a query that has rows: {query}");
        };
        let mut lines = String::new();
        for row in &rows {
            let [line] = row.as_slice() else {
                panic!("write needs a query of one column: {query}");
            };
            lines.push_str(if line == "(empty)" { "" } else { line });
            lines.push('\n');
        }
        compress(path, lines.into_bytes()).expect("the directory of the test can be written to");
        Ok(DBOutput::StatementComplete(rows.len() as u64))
    }

    fn engine_name(&self) -> &str {
        self.engine.engine_name()
    }
}

fn compress(path: &str, bytes: Vec<u8>) -> std::io::Result<()> {
    let bytes = match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("gz") => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&bytes)?;
            encoder.finish()?
        }
        Some("zst") => zstd::encode_all(bytes.as_slice(), 1)?,
        _ => bytes,
    };
    std::fs::write(path, bytes)
}

/// Runs the records of a file; all that fail are said, not only the first.
fn every<T: ColumnType>(
    file: &Path,
    places: &Places,
    mut run: impl FnMut(Record<T>) -> Result<RecordOutput<T>, TestError>,
) -> Result<(), Failed> {
    let mut failures = Vec::new();
    for mut record in sqllogictest::parse_file(file)? {
        if let Record::System { command, .. } = &mut record {
            *command = places.fill_in(command);
        }
        if let Err(error) = run(record) {
            failures.push(error.display(false).to_string());
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n\n").into()) }
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
