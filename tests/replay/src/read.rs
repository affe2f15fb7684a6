//! One reading of a file, the way the engines read it, and all that can be seen of it.

use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, HashSet};
use std::hash::{Hash as _, Hasher as _};
use std::io::{Cursor, Read};
use std::sync::atomic::Ordering;
use std::time::Duration;

use mfa_core::model::{Kind, Method, Row, Value};
use mfa_core::readers::framing::{Block, HEAD, Limits, Position, Shape, Stream, shape};
use mfa_core::readers::history::{History, Scan, Sink, Source, Tolerance};
use mfa_core::readers::ranges::{Ranges, ReadAt};
use mfa_core::readers::{Category, Layout, Reader};

use crate::file::Call;

/// The name of the file.
const PATH: &str = "file";

/// What a reading of a file came to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    /// The record of each row, and its values.
    pub(crate) rows: Vec<(u64, u64)>,
    pub(crate) rejects: Vec<Reject>,
    pub(crate) counts: Counts,
    /// Why it was given up.
    pub(crate) error: Option<String>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Reject {
    pub(crate) record: u64,
    pub(crate) offset: u64,
    pub(crate) category: Category,
    pub(crate) column: Option<String>,
}

/// Records, and what became of them.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Counts {
    /// Those that the framing delivered.
    pub(crate) pieces: u64,
    pub(crate) records: u64,
    pub(crate) rows: u64,
    pub(crate) rejects: u64,
    pub(crate) ignored: u64,
}

/// The processor time that a reading took.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// What was read, without compression.
    pub bytes: usize,
    /// How long that took.
    pub time: Duration,
}

impl Spent {
    /// Whether it is more than a second per MiB, and a moment to begin.
    pub fn is_slow(self) -> bool {
        self.time > Duration::from_millis(50) + Duration::from_secs_f64(self.bytes as f64 / (1 << 20) as f64)
    }
}

/// How a file is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    pub(crate) limits: Limits,
    /// How many rows a chunk takes.
    pub(crate) room: usize,
    /// How many bytes a read gives at most.
    pub(crate) gulp: usize,
    pub(crate) tolerance: Tolerance,
}

impl Default for How {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            room: 2048,
            gulp: usize::MAX,
            tolerance: Tolerance { fail: false, max_rejects: u64::MAX },
        }
    }
}

/// Reads a file from its beginning.
pub(crate) fn read(call: &Call, file: &[u8], how: How) -> Outcome {
    let input = Gulps { file: Cursor::new(file.to_vec()), most: how.gulp };
    let mut stream = Stream::open_within(input, call.reader.layout, how.limits).expect("memory can be read");
    read_blocks(call, how, |spare| stream.next_block(spare).expect("memory can be read"))
}

/// Reads a file of lines in ranges; nothing when it is none.
pub(crate) fn read_ranges(call: &Call, file: &[u8], how: How) -> Option<Outcome> {
    let Shape::Lines(start) = shape(&file[..file.len().min(HEAD)]) else {
        return None;
    };
    if call.reader.layout != Layout::Json {
        return None;
    }
    let size = file.len() as u64;
    let ranges = Ranges::new(Places { file: file.to_vec(), most: how.gulp }, start, size, how.limits);
    Some(read_blocks(call, how, |spare| ranges.next_block(spare).expect("memory can be read")))
}

/// Reads blocks.
pub(crate) fn read_blocks(call: &Call, how: How, mut next: impl FnMut(Vec<u8>) -> Option<Block>) -> Outcome {
    let scan = History::default().start(call.reader.name, &[PATH.to_owned()], how.tolerance);
    let mut chunk = Chunk { room: how.room, filled: 0, rows: Vec::new() };
    let mut outcome = Outcome::default();
    let mut spare = Vec::new();
    while let Some(block) = next(spare) {
        let before = outcome.counts.pieces;
        outcome.error = read_block(call, &scan, &block, &mut chunk, &mut outcome.counts.pieces).err();
        if outcome.error.is_some() {
            break;
        }
        assert_eq!(outcome.counts.pieces - before, block.count(), "a block knows how many records it has");
        spare = block.into_bytes();
    }
    let account = &scan.files[0];
    outcome.rows = chunk.rows;
    outcome.rejects = scan
        .rejects()
        .into_iter()
        .map(|rejected| Reject {
            record: rejected.record,
            offset: rejected.offset,
            category: rejected.reject.category,
            column: rejected.reject.column.map(String::from),
        })
        .collect();
    outcome.counts.records = account.records.load(Ordering::Relaxed);
    outcome.counts.rows = account.rows.load(Ordering::Relaxed);
    outcome.counts.rejects = account.rejects.load(Ordering::Relaxed);
    outcome.counts.ignored = account.ignored.load(Ordering::Relaxed);
    outcome.is_accounted_for(call.reader);
    outcome
}

fn read_block(call: &Call, scan: &Scan, block: &Block, chunk: &mut Chunk, pieces: &mut u64) -> Result<(), String> {
    let (mut position, mut emitted) = (Position::default(), 0);
    loop {
        let before = position;
        let Some(piece) = block.next(&mut position) else {
            return Ok(());
        };
        if emitted == 0 {
            *pieces += 1;
        }
        assert_eq!(piece.number, *pieces, "records are numbered in turn");
        let more = scan.read(0, call.parse, piece, emitted, chunk)?;
        if let Some(more) = more {
            assert!(more > emitted, "a record is read again for the rows that are left");
            position = before;
        }
        emitted = more.unwrap_or(0);
        assert!(chunk.filled <= chunk.room, "no more rows than there is room for");
        if chunk.room() == 0 {
            chunk.filled = 0;
        }
    }
}

impl Outcome {
    /// Every record has one outcome, and is counted as that.
    fn is_accounted_for(&self, reader: &Reader) {
        let counts = self.counts;
        assert_eq!(counts.rows + counts.rejects + counts.ignored, counts.records, "{}: {counts:?}", reader.name);
        assert_eq!(counts.rows, self.rows.len() as u64, "{}: rows are counted", reader.name);
        assert_eq!(counts.rejects, self.rejects.len() as u64, "{}: rejects are counted", reader.name);
        let mut of_record: HashMap<u64, u64> = HashMap::new();
        for (record, _) in &self.rows {
            *of_record.entry(*record).or_default() += 1;
        }
        let rejected: HashSet<u64> = self.rejects.iter().map(|reject| reject.record).collect();
        assert_eq!(rejected.len(), self.rejects.len(), "{}: a record is rejected once", reader.name);
        for record in rejected.iter().chain(of_record.keys()) {
            assert!((1..=counts.pieces).contains(record), "{}: no record {record}", reader.name);
        }
        assert!(rejected.iter().all(|record| !of_record.contains_key(record)), "{}: a row of a reject", reader.name);
        let silent = counts.pieces - rejected.len() as u64 - of_record.len() as u64;
        assert_eq!(counts.ignored, silent, "{}: what is neither a row nor a reject is ignored", reader.name);
        let further = of_record.values().map(|rows| rows - 1).sum::<u64>();
        assert_eq!(counts.records, counts.pieces + further, "{}: records are those of the framing", reader.name);
    }
}

/// The processor time of this thread.
pub(crate) fn clock() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.cast_unsigned(), now.tv_nsec as u32)
}

/// A file of which a read gives some bytes.
struct Gulps {
    file: Cursor<Vec<u8>>,
    most: usize,
}

impl Read for Gulps {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(self.most);
        self.file.read(&mut buffer[..length])
    }
}

struct Places {
    file: Vec<u8>,
    most: usize,
}

impl ReadAt for Places {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let rest = self.file.get(offset as usize..).unwrap_or_default();
        let length = bytes.len().min(rest.len()).min(self.most);
        bytes[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

/// Takes rows as the memory of an engine does: a few at a time, every value looked at.
struct Chunk {
    room: usize,
    filled: usize,
    rows: Vec<(u64, u64)>,
}

impl Sink for Chunk {
    fn room(&self) -> usize {
        self.room - self.filled
    }

    fn row<R: Row>(&mut self, row: &R, source: Source<'_>) {
        assert_eq!(source.file, PATH);
        let mut hasher = DefaultHasher::new();
        for (index, column) in R::COLUMNS.iter().enumerate() {
            let value = row.value(index);
            assert!(column.kind == kind(value).unwrap_or(column.kind), "{} is a {:?}", column.name, column.kind);
            match value {
                Value::Null => {
                    assert!(!matches!(column.name, "provider" | "event_time"), "{} is never unknown", column.name);
                    0u8.hash(&mut hasher);
                }
                Value::Text(value) => {
                    text(value, &mut hasher);
                    if matches!(column.name, "method" | "first_factor" | "second_factor") {
                        assert!(Method::parse(value).is_some(), "{} is a method", column.name);
                    }
                }
                Value::Bool(value) => value.hash(&mut hasher),
                Value::Int(value) | Value::Timestamp(value) => value.hash(&mut hasher),
                Value::Double(value) => {
                    assert!(value.is_finite(), "{} is a number", column.name);
                    value.to_bits().hash(&mut hasher);
                }
                Value::TextList(values) => {
                    for value in values {
                        text(value, &mut hasher);
                        assert!(column.name != "methods" || Method::parse(value).is_some(), "methods are methods");
                    }
                    values.len().hash(&mut hasher);
                }
                Value::PolicyResults(results) => {
                    for result in results {
                        for value in [&result.policy_id, &result.name, &result.result] {
                            text(value.as_deref().unwrap_or("\0"), &mut hasher);
                        }
                        result.is_report_only.hash(&mut hasher);
                    }
                    results.len().hash(&mut hasher);
                }
            }
        }
        self.rows.push((source.record, hasher.finish()));
        self.filled += 1;
    }
}

fn kind(value: Value<'_>) -> Option<Kind> {
    Some(match value {
        Value::Null => return None,
        Value::Text(_) => Kind::Text,
        Value::Bool(_) => Kind::Bool,
        Value::Int(_) => Kind::Int,
        Value::Double(_) => Kind::Double,
        Value::Timestamp(_) => Kind::Timestamp,
        Value::TextList(_) => Kind::TextList,
        Value::PolicyResults(_) => Kind::PolicyResults,
    })
}

/// Engines copy the bytes of a text and take them for UTF-8.
fn text(value: &str, hasher: &mut DefaultHasher) {
    assert!(std::str::from_utf8(value.as_bytes()).is_ok(), "a text is UTF-8");
    value.hash(hasher);
}
