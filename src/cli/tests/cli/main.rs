//! `mfa` through the real binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test says what it counted and what it could not try")]

mod ask;
mod kill;
mod load;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The binary: the one that was built with the tests, unless another is named.
fn binary() -> PathBuf {
    std::env::var_os("MFA_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_mfa").into(), |path| root().join(path))
}

/// A command that sees no configuration but what it is given.
fn mfa(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(root());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MFA_") {
            command.env_remove(name);
        }
    }
    command
}

/// What a run left behind.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

fn run(arguments: &[&str]) -> Ran {
    mfa(arguments).output().unwrap().into()
}

/// Runs what has to succeed; its standard output.
fn ok(arguments: &[&str]) -> String {
    let ran = run(arguments);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
    ran.out
}

/// Runs what has to fail with an error; its message.
fn error(arguments: &[&str]) -> String {
    let ran = run(arguments);
    assert_eq!(ran.code, Some(2), "{arguments:?}: {} {}", ran.out, ran.err);
    assert_eq!(ran.out, "", "{arguments:?} wrote an answer");
    ran.err
}

/// A lake of the sample company, loaded once.
fn company() -> &'static str {
    static COMPANY: OnceLock<(TempDir, String)> = OnceLock::new();
    let (_, lake) = COMPANY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake").to_str().unwrap().to_owned();
        ok(&["load", "sample_data", "--into", &lake]);
        (folder, lake)
    });
    lake
}

const AS_OF: &str = "2026-10-28";

/// A folder of a test, with files in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// A sign-in as Duo logs it.
fn duo(id: &str, day: u32, user: &str) -> String {
    format!(
        "{{\"txid\":\"{id}\",\"isotimestamp\":\"2026-03-{day:02}T08:00:00.000000+00:00\",\"event_type\":\"authentication\",\
         \"result\":\"success\",\"factor\":\"duo_push\",\"user\":{{\"key\":\"K{user}\",\"name\":\"{user}@x.example\"}},\
         \"access_device\":{{\"ip\":\"192.0.2.1\"}}}}\n"
    )
}

/// All rows of a relation of a lake, in an order of their own.
fn rows(lake: &str, relation: &str) -> Vec<String> {
    let text = ok(&["sql", &format!("select * from {relation}"), "--lake", lake, "--format", "csv"]);
    let mut lines: Vec<_> = text.lines().skip(1).map(str::to_owned).collect();
    lines.sort();
    lines
}

/// One number of a query.
fn number(lake: &str, sql: &str) -> i64 {
    let text = ok(&["sql", sql, "--lake", lake, "--format", "csv"]);
    text.lines().nth(1).unwrap().parse().unwrap()
}

/// Every file below a folder, with what is in it.
fn contents(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.clone(), fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
