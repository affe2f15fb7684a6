//! The laws.

use std::io::Read as _;

use mfa_core::model::Provider;
use mfa_core::readers::framing::{HEAD, Limits, Position, Shape, Stream, shape};
use mfa_core::readers::history::Tolerance;
use mfa_core::readers::{Category, Layout, Parse, Record, normalize_signin};
use serde_json::Value;

use crate::file::{Call, Case, is_compressed};
use crate::read::{How, Outcome, Spent, clock, read, read_ranges};

pub(crate) fn check(case: &Case<'_>) -> Spent {
    let Case { call, file, .. } = case;
    let begin = clock();
    let usual = read(call, file, How::default());
    let spent =
        Spent { bytes: case.plain.as_ref().map_or(file.len(), Vec::len).max(file.len()), time: clock() - begin };

    let small = How {
        limits: Limits { block: case.block(), ..Limits::default() },
        room: case.room(),
        gulp: case.gulp(),
        ..How::default()
    };
    compare(case, &usual, &read(call, file, small), "in small blocks");
    if let Some(ranges) = read_ranges(call, file, small) {
        same(case, &usual, &ranges, "in ranges");
    }
    large_records(case, small);
    tolerance(case, &usual, small);
    compression(case, &usual);
    if let Some(plain) = &case.plain {
        counts(call, plain, &usual);
    }
    if is_any_log(call) {
        guesses(case);
    }
    spent
}

/// The same answer, if the file is whole: how much of a damaged one is read before the damage shows depends on how much is
/// asked of the decoder at once.
fn compare(case: &Case<'_>, usual: &Outcome, other: &Outcome, what: &str) {
    if case.plain.is_some() {
        return same(case, usual, other, what);
    }
    for outcome in [usual, other] {
        let last = outcome.rejects.last().map(|reject| reject.category);
        assert!(matches!(last, Some(Category::Truncated | Category::CorruptCompression)), "{what}: {last:?}");
    }
    if is_contested(case) {
        return;
    }
    let rejects = usual.rejects.len().min(other.rejects.len()) - 1;
    assert_eq!(usual.rejects[..rejects], other.rejects[..rejects], "{what}");
    let rows = usual.rows.len().min(other.rows.len());
    assert_eq!(usual.rows[..rows], other.rows[..rows], "{what}");
}

fn same(case: &Case<'_>, usual: &Outcome, other: &Outcome, what: &str) {
    if usual != other && is_contested(case) {
        return;
    }
    // One after the other, so that a failure says as little as it can.
    assert_eq!(usual.counts, other.counts, "{what}");
    assert_eq!(usual.rejects, other.rejects, "{what}");
    assert_eq!(usual.rows, other.rows, "{what}");
    assert_eq!(usual.error, other.error, "{what}");
}

/// Which records are too large does not depend on the blocks either.
fn large_records(case: &Case<'_>, small: How) {
    let record = 3 * case.block();
    let limited = |block| read(&case.call, case.file, How { limits: Limits { block, record }, ..small });
    let usual = limited(record);
    compare(case, &usual, &limited(case.block()), "with a small limit of records");
    let limits = Limits { block: case.block(), record };
    if let Some(ranges) = read_ranges(&case.call, case.file, How { limits, ..small }) {
        same(case, &usual, &ranges, "in ranges, with a small limit of records");
    }
}

/// A call that does not take bad records ends at the first that is one too many.
fn tolerance(case: &Case<'_>, usual: &Outcome, small: How) {
    let call = &case.call;
    let most = case.max_rejects();
    let (rows, on_error) = (Some(call.parse.rows()), if most == 0 { "fail" } else { "reject" });
    let mapping = matches!(call.parse, Parse::Mapped(_)).then_some(crate::file::MAPPING);
    let (_, tolerance) = call.reader.resolve(rows, Some(on_error), Some(most), mapping).expect("it is offered");
    assert_eq!(tolerance, Tolerance { fail: most == 0, max_rejects: most.cast_unsigned() });
    let ended = read(call, case.file, How { tolerance, ..small });
    if case.plain.is_none() {
        return;
    }
    if usual.counts.rejects <= most.cast_unsigned() {
        return same(case, usual, &ended, "with few rejects allowed");
    }
    assert!(ended.error.is_some_and(|error| !error.contains('\0')), "too many rejects are an error");
    assert_eq!(ended.counts.rejects, most.cast_unsigned() + 1, "it ends at the first that is too many");
    if is_contested(case) {
        return;
    }
    assert_eq!(ended.rejects[..], usual.rejects[..ended.rejects.len()], "they are the first");
    assert_eq!(ended.rows[..], usual.rows[..ended.rows.len()], "and so are the rows");
}

/// A compressed file reads like what is in it.
fn compression(case: &Case<'_>, usual: &Outcome) {
    let Some(plain) = &case.plain else {
        return;
    };
    if is_compressed(plain) {
        // Compression within compression is not looked into.
        return;
    }
    if case.is_compressed {
        return same(case, usual, &read(&case.call, plain, How::default()), "without compression");
    }
    let mut compressed = Vec::new();
    match case.gzip() {
        None => return,
        Some(true) => {
            let level = flate2::Compression::fast();
            flate2::read::GzEncoder::new(&plain[..], level).read_to_end(&mut compressed).expect("memory can be read");
        }
        Some(false) => compressed = zstd::encode_all(&plain[..], 1).expect("memory can be read"),
    }
    same(case, usual, &read(&case.call, &compressed, How::default()), "compressed");
}

/// Where records can be counted without the framing, there are as many.
fn counts(call: &Call, plain: &[u8], usual: &Outcome) {
    let found = usual.counts.pieces;
    let text = plain.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(plain);
    if is_compressed(plain) || [&b"\xFF\xFE"[..], b"\xFE\xFF"].iter().any(|mark| plain.starts_with(mark)) {
        return;
    }
    if text.iter().all(u8::is_ascii_whitespace) {
        assert_eq!(usual.rejects.len(), 1, "an empty file is one reject");
        assert_eq!(usual.rejects[0].category, Category::EmptyFile);
        return;
    }
    let lines = text.split(|byte| *byte == b'\n');
    if call.reader.layout == Layout::Json && plain.len() <= HEAD && matches!(shape(plain), Shape::Lines(_)) {
        let lines = lines.filter(|line| !line.iter().all(u8::is_ascii_whitespace));
        assert_eq!(found, lines.count() as u64, "lines that are not blank");
    } else if call.reader.layout == Layout::Csv {
        if text.iter().any(|byte| b"\"\r;\t".contains(byte)) {
            return;
        }
        let lines = lines.filter(|line| line.iter().any(|byte| *byte != b','));
        assert_eq!(found + 1, lines.count().max(1) as u64, "lines of a table");
    } else if let Some(elements) = elements(text) {
        assert_eq!(found, elements.len() as u64, "elements of an array");
        let mut stream =
            Stream::open(std::io::Cursor::new(plain.to_vec()), call.reader.layout).expect("it opened before");
        let mut elements = elements.iter();
        while let Some(block) = stream.next_block(Vec::new()).expect("it was read before") {
            let mut position = Position::default();
            while let (Some(piece), Some(element)) = (block.next(&mut position), elements.next()) {
                match piece.content {
                    Ok(Record::Json(json)) => {
                        assert_eq!(serde_json::from_slice::<Value>(json).ok().as_ref(), Some(element));
                    }
                    Ok(Record::Csv(..)) => panic!("JSON is no table"),
                    Err(_) => assert!(!element.is_object(), "an object is a record"),
                }
            }
        }
    }
}

/// The elements of an array that is all of a text, by itself or as the only member of an object.
fn elements(text: &[u8]) -> Option<Vec<Value>> {
    const LISTS: &[&str] = &["value", "records", "Records", "authlogs", "response", "items", "data", "activities"];
    match text.trim_ascii_start().first()? {
        b'[' => serde_json::from_slice(text).ok(),
        b'{' => {
            let start = text.iter().position(|byte| *byte == b'[')?;
            let members: Vec<&[u8]> = text[..start].split(|byte| *byte == b'"').collect();
            let [open, name, colon] = members[..] else {
                return None;
            };
            if open.trim_ascii() != b"{" || colon.trim_ascii() != b":" {
                return None;
            }
            let name = LISTS.iter().find(|list| list.as_bytes() == name)?;
            let rest = text.trim_ascii_end().strip_suffix(b"}")?;
            // The object has no other member where the rest of it is an array.
            let elements = serde_json::from_slice(&rest[start..]).ok()?;
            (!name.is_empty()).then_some(elements)
        }
        _ => None,
    }
}

/// Whether the reader tells logs apart.
fn is_any_log(call: &Call) -> bool {
    call.reader.name == "read_mfa_signins"
}

/// Looks at the records of a file, until one is found.
fn any_record(case: &Case<'_>, mut found: impl FnMut(&[u8]) -> bool) -> bool {
    let input = std::io::Cursor::new(case.file.to_vec());
    let mut stream = Stream::open(input, case.call.reader.layout).expect("it opened before");
    while let Some(block) = stream.next_block(Vec::new()).expect("it was read before") {
        let mut position = Position::default();
        while let Some(piece) = block.next(&mut position) {
            if let Ok(Record::Json(record)) = piece.content
                && found(record)
            {
                return true;
            }
        }
    }
    false
}

/// Whether logs are to be told apart and a record is one of two logs: it may be taken for either.
fn is_contested(case: &Case<'_>) -> bool {
    is_any_log(&case.call) && any_record(case, is_of_two_logs)
}

fn is_of_two_logs(record: &[u8]) -> bool {
    let is_of = |provider: &&Provider| normalize_signin(provider.as_str(), record).is_ok();
    Provider::ALL.iter().filter(is_of).count() > 1
}

/// What a record of one log is does not depend on the records before it.
fn guesses(case: &Case<'_>) {
    let mut left = 4;
    any_record(case, |record| {
        let first = normalize_signin("auto", record);
        for provider in Provider::ALL {
            // It is remembered which log a record was last.
            let _ = normalize_signin(provider.as_str(), record);
            let is_same = normalize_signin("auto", record) == first;
            assert!(is_same || is_of_two_logs(record), "after a record of {}", provider.as_str());
        }
        left -= 1;
        left == 0
    });
}
