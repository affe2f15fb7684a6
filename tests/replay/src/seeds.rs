//! What fuzzing begins with: a few records of every log in `sample_data` and `tests/data`, in their framings, for every reader that
//! takes them.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use mfa_core::readers::Layout;
use mfa_core::readers::Record;
use mfa_core::readers::framing::{Position, Stream};
use serde_json::Value;

use crate::file::{Call, calls, input};

/// Records of a file of the sample company that are taken.
const RECORDS: usize = 6;

/// A file of the tests that is larger is taken record by record.
const WHOLE: usize = 6 << 10;

/// Logs of the sample company whose name is not that of their reader.
const SAMPLES: &[(&str, &str)] = &[
    ("read_entra_signins", "sample_data/entra/signins-2026-09.ndjson.gz"),
    ("read_entra_signins", "sample_data/entra/noninteractive.json.gz"),
    ("read_entra_users", "sample_data/entra/users.json"),
    ("read_entra_registration", "sample_data/entra/registration.json"),
    ("read_okta_system_log", "sample_data/okta/system-log.ndjson.gz"),
    ("read_okta_system_log", "sample_data/okta/system-log-page.json.gz"),
    ("read_okta_users", "sample_data/okta/users.json"),
    ("read_okta_factors", "sample_data/okta/factors.ndjson"),
    ("read_duo_auth_log", "sample_data/duo/authentication.ndjson.gz"),
    ("read_duo_auth_log", "sample_data/duo/authentication-page.json"),
    ("read_aws_credential_report", "sample_data/aws/credential-report.csv"),
    ("read_mfa_identities", "sample_data/hr/people.csv"),
    ("read_mfa_identities", "tests/data/people.csv"),
    ("read_1password_signins", "tests/data/1password_signins.json"),
];

/// Inputs to begin with, and the words in them.
#[derive(Debug, Default)]
pub struct Seeds {
    /// One for each framing of some records and each reader that takes them.
    pub inputs: Vec<Vec<u8>>,
    /// Keys and short texts.
    pub words: BTreeSet<String>,
}

/// Reads them from the repository at `root`.
///
/// # Errors
/// A file cannot be read.
pub fn seeds(root: &Path) -> io::Result<Seeds> {
    let data = fs::read_dir(root.join("tests/data"))?;
    let mut tests = data.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    tests.sort();
    let mut seeds = Seeds::default();
    for call in calls() {
        let mut files = Vec::new();
        for path in paths(call, root, &tests) {
            let bytes = fs::read(&path)?;
            let records = records(&bytes, call.reader.layout)?;
            let step =
                if path.starts_with(root.join("sample_data")) { records.len().div_ceil(RECORDS).max(1) } else { 1 };
            let records: Vec<_> = records.into_iter().step_by(step).collect();
            for record in &records {
                collect(&serde_json::from_slice(record).unwrap_or_default(), &mut seeds.words);
            }
            if bytes.len() <= WHOLE {
                files.push(bytes);
            }
            files.extend(framed(&records, call.reader.layout));
        }
        for file in files {
            // How it is read is tried in turn.
            let number = seeds.inputs.len();
            seeds.inputs.push(input(call, (number * 37) as u8, (number * 101) as u8, &file));
        }
    }
    Ok(seeds)
}

/// The files that a call is seeded with.
fn paths(call: &Call, root: &Path, tests: &[PathBuf]) -> Vec<PathBuf> {
    let name = call.reader.name.trim_start_matches("read_");
    let any = matches!(call.reader.name, "read_mfa_signins");
    let named = |path: &Path| path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let of_test = |path: &&PathBuf| {
        let file = named(path);
        let is_log = !file.ends_with(".toml") && !file.ends_with(".csv");
        // Files that are damaged or in another encoding hold sign-ins of Entra.
        let is_odd = name == "entra_signins"
            && ["utf16", "half", "corrupt", "bad_", "two_", "header", "no_", "invalid"]
                .iter()
                .any(|odd| file.starts_with(odd));
        file.split('.').next() == Some(name) || is_odd || (any && is_log && file.contains('_'))
    };
    let mut paths: Vec<_> =
        tests.iter().filter(of_test).filter(|path| !named(path).ends_with(".toml")).cloned().collect();
    paths.extend(SAMPLES.iter().filter(|(reader, _)| *reader == call.reader.name).map(|(_, path)| root.join(path)));
    paths
}

/// The records of a file; lines of a table with its header before each.
fn records(file: &[u8], layout: Layout) -> io::Result<Vec<Vec<u8>>> {
    let mut stream = Stream::open(Cursor::new(file.to_vec()), layout)?;
    let mut records = Vec::new();
    while let Some(block) = stream.next_block(Vec::new())? {
        let mut position = Position::default();
        while let Some(piece) = block.next(&mut position) {
            match piece.content {
                Ok(Record::Json(record)) => records.push(record.to_vec()),
                Ok(Record::Csv(header, record)) => {
                    if records.is_empty() {
                        records.push(line(header.iter()));
                    }
                    records.push(line(record.iter()));
                }
                Err(_) => {}
            }
        }
    }
    Ok(records)
}

fn line<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let quoted =
        fields.map(|field| if field.contains(&b',') { [b"\"", field, b"\""].concat() } else { field.to_vec() });
    quoted.collect::<Vec<_>>().join(&b","[..])
}

/// The records in one file, and each in one of its own.
fn framed(records: &[Vec<u8>], layout: Layout) -> Vec<Vec<u8>> {
    let lines = |records: &[Vec<u8>]| records.join(&b"\n"[..]);
    match (layout, records) {
        (_, []) => Vec::new(),
        (Layout::Csv, [header, rest @ ..]) => {
            rest.chunks(3).map(|rest| [&header[..], b"\n", &lines(rest)].concat()).collect()
        }
        _ => {
            let mut files: Vec<_> = records.to_vec();
            let few = &records[..records.len().min(3)];
            let elements = few.join(&b","[..]);
            files.push([lines(few), b"\n".to_vec()].concat());
            files.push([b"[", &elements[..], b"]"].concat());
            files.push([b"{\"value\":[", &elements[..], b"],\"next\":{}}"].concat());
            files
        }
    }
}

/// The keys and short texts of a record.
fn collect(value: &Value, words: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => keep(text, words),
        Value::Array(values) => values.iter().for_each(|value| collect(value, words)),
        Value::Object(members) => {
            for (key, value) in members {
                keep(key, words);
                collect(value, words);
            }
        }
        _ => {}
    }
}

fn keep(word: &str, words: &mut BTreeSet<String>) {
    let is_plain = |byte: u8| byte.is_ascii_alphabetic() || b" _.-:".contains(&byte);
    if (2..=24).contains(&word.len()) && word.bytes().all(is_plain) {
        words.insert(word.to_owned());
    }
}
