//! What a reader says of itself is what it does to the logs in `tests/data`.

use std::collections::BTreeSet;
use std::fs::File;

use super::framing::{Position, Stream};
use super::{Parse, READERS, Reader, Record, Reject};
use crate::model::{Row, Value};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data");

/// The log that shows what a reader does.
fn file(reader: &Reader) -> String {
    let name = reader.name.trim_start_matches("read_");
    let files = std::fs::read_dir(DATA).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut named: Vec<_> =
        files.filter(|file| file.split('.').next() == Some(name) && !file.ends_with(".toml")).collect();
    match (reader.name, named.pop()) {
        ("read_mfa_identities", _) => format!("{DATA}/people.csv"),
        ("read_mfa_signins", _) => format!("{DATA}/entra_signins.ndjson"),
        (_, Some(file)) => format!("{DATA}/{file}"),
        (name, None) => panic!("{name} has no log"),
    }
}

/// Adds the columns of a row that are not NULL.
fn note<R: Row>(rows: impl IntoIterator<Item = R>, found: &mut BTreeSet<&'static str>) {
    for row in rows {
        let filled = R::COLUMNS.iter().enumerate().filter(|(index, _)| row.value(*index) != Value::Null);
        found.extend(filled.map(|(_, column)| column.name));
    }
}

fn read(parse: Parse, record: Record<'_>, found: &mut BTreeSet<&'static str>) -> Result<(), Reject> {
    match (parse, record) {
        (Parse::SignIn(parse), Record::Json(record)) => note(parse(record)?, found),
        (Parse::Mapped(mapping), Record::Json(record)) => note(mapping.read(record)?, found),
        (Parse::Identities(parse), record) => note(parse(record)?, found),
        (Parse::Factors(parse), record) => note(parse(record)?, found),
        (Parse::FactorEvents(parse), record) => note(parse(record)?, found),
        (Parse::CaPolicies(parse), record) => note(parse(record)?, found),
        _ => panic!("a parser and a record that do not go together"),
    }
    Ok(())
}

/// The columns that some record of the log fills.
fn filled(reader: &Reader, parse: Parse) -> BTreeSet<&'static str> {
    let mapping = std::fs::read_to_string(format!("{DATA}/mapped_signins.toml")).unwrap();
    let mapping = matches!(parse, Parse::Mapping(_)).then_some(mapping.as_str());
    let (parse, _) = reader.resolve(Some(parse.rows()), None, None, mapping).unwrap();
    let mut found = BTreeSet::new();
    let mut stream = Stream::open(File::open(file(reader)).unwrap(), reader.layout).unwrap();
    while let Some(block) = stream.next_block(Vec::new()).unwrap() {
        let mut position = Position::default();
        while let Some(piece) = block.next(&mut position) {
            // Rejects are shown there, too.
            let _ = piece.content.and_then(|record| read(parse, record, &mut found));
        }
    }
    found
}

fn words(text: &'static str) -> Vec<&'static str> {
    text.split(' ').collect()
}

#[test]
fn gap() {
    for reader in READERS {
        for (parse, fills) in reader.parse.iter().zip(reader.fills) {
            let found = filled(reader, *parse);
            let said: BTreeSet<_> = words(fills).into_iter().collect();
            let missing: Vec<_> = found.difference(&said).collect();
            let unshown: Vec<_> = said.difference(&found).collect();
            eprintln!("{} {}: not said {missing:?}, not shown {unshown:?}", reader.name, parse.rows());
        }
    }
}
