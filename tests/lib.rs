//! Runs `tests/slt/**/*.slt` on an engine, one test for each file.
//!
//! Files under `slt/duckdb` and `slt/datafusion` are for that engine alone, and say why. `{root}`, `{tmp}` and `{fixtures}`
//! in a statement stand for the repository, a directory of its own for each test, and the folder of real logs that is not
//! part of the repository; files under `slt/fixtures` are skipped without it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use sqllogictest::{DB, Runner};

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

/// Runs every file on every one of `hosts`; `connect` makes a connection to one.
pub fn run<D: DB + Send + 'static>(
    engine: &'static str,
    hosts: &'static [&'static str],
    connect: impl Fn(&str, &Places) -> Result<D, D::Error> + Send + Sync + 'static,
) -> std::process::ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests has a parent").to_owned();
    let fixtures = root.parent().map(|parent| parent.join("shared/fixtures")).filter(|path| path.is_dir());
    let mut files = Vec::new();
    find(&root.join("tests/slt"), &mut files);
    files.sort();
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
            let (file, connect) = (file.clone(), Arc::clone(&connect));
            let trial = Trial::test(format!("{name} on {engine} {host}"), move || {
                let _ = std::fs::remove_dir_all(&tmp);
                std::fs::create_dir_all(&tmp)?;
                let mut runner = Runner::new(|| {
                    let connection = connect(host, &places);
                    async move { connection }
                });
                runner.add_label(host);
                runner.run_file(file).map_err(|error| Failed::from(error.display(false).to_string()))
            });
            trials.push(trial.with_ignored_flag(needs_fixtures && fixtures.is_none()));
        }
    }
    if fixtures.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: slt/fixtures needs the folder of real logs, ../shared/fixtures");
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
