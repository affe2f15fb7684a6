//! What was read, and what was not: the memory behind `mfa_read_stats()` and `mfa_rejects()`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::framing::Piece;
use super::{Category, Parse, Record, Reject};
use crate::model::Row;

/// Scans that are remembered.
const SCANS: usize = 64;

/// Rejects that one scan remembers; those beyond are counted, not kept.
const REJECTS: usize = 1_000_000;

/// The scans of one database instance, oldest first.
#[derive(Debug, Default)]
pub struct History {
    scans: Mutex<(i64, VecDeque<Arc<Scan>>)>,
}

/// One execution of a reader.
#[derive(Debug)]
pub struct Scan {
    /// Its number, counted from one.
    pub id: i64,
    /// The reader's name.
    pub reader: &'static str,
    /// The files it reads.
    pub files: Vec<File>,
    tolerance: Tolerance,
    rejects: Mutex<Vec<Rejected>>,
    rejected: AtomicU64,
}

/// One file of a scan. Rows + rejects + ignored = records, at any moment.
#[derive(Debug, Default)]
pub struct File {
    /// As it was named.
    pub path: String,
    /// Records met; counted where they are found, not where they end up. One with several rows counts once for each.
    pub records: AtomicU64,
    /// Rows they gave.
    pub rows: AtomicU64,
    /// Those that could not be read.
    pub rejects: AtomicU64,
    /// Those that are not what was asked for.
    pub ignored: AtomicU64,
    /// Blocks that a thread is reading.
    pub open_blocks: AtomicUsize,
    /// Whether there are no more blocks to take.
    pub exhausted: AtomicBool,
}

impl File {
    /// Whether every record has been seen; a `LIMIT` or an error can end a scan before.
    pub fn is_finished(&self) -> bool {
        self.exhausted.load(Ordering::Acquire) && self.open_blocks.load(Ordering::Acquire) == 0
    }
}

/// A record that was not read.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Which of the files of the scan.
    pub file: usize,
    /// Its number in the file, from one.
    pub record: u64,
    /// Where the trouble is, in bytes from the start of the file.
    pub offset: u64,
    /// Why.
    pub reject: Reject,
}

/// What a scan does with bad records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tolerance {
    /// Whether it ends at the first.
    pub fail: bool,
    /// How many it takes.
    pub max_rejects: u64,
}

/// Where a row comes from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The file.
    pub file: &'a str,
    /// The number of the record in it.
    pub record: u64,
}

/// Takes the rows of records.
pub trait Sink {
    /// How many more rows it takes now.
    fn room(&self) -> usize;
    /// Takes one.
    fn row<R: Row>(&mut self, row: &R, source: Source<'_>);
}

impl History {
    /// Begins to remember a scan of these files.
    pub fn start(&self, reader: &'static str, paths: &[String], tolerance: Tolerance) -> Arc<Scan> {
        let mut scans = self.scans.lock().unwrap_or_else(PoisonError::into_inner);
        scans.0 += 1;
        let files = paths.iter().map(|path| File { path: path.clone(), ..File::default() }).collect();
        let scan = Arc::new(Scan {
            id: scans.0,
            reader,
            files,
            tolerance,
            rejects: Mutex::default(),
            rejected: AtomicU64::new(0),
        });
        scans.1.push_back(Arc::clone(&scan));
        if scans.1.len() > SCANS {
            scans.1.pop_front();
        }
        scan
    }

    /// The scans that are remembered, oldest first.
    pub fn scans(&self) -> Vec<Arc<Scan>> {
        self.scans.lock().unwrap_or_else(PoisonError::into_inner).1.iter().cloned().collect()
    }
}

impl Scan {
    /// Reads a record: its rows go to `sink`, from row `emitted` on and as long as there is room. Returns the rows that are out
    /// when there are more to come, for which the record is to be read again; nothing when it is done with.
    ///
    /// # Errors
    /// A bad record that is not tolerated.
    pub fn read(
        &self,
        file: usize,
        parse: Parse,
        piece: Piece<'_>,
        emitted: usize,
        sink: &mut impl Sink,
    ) -> Result<Option<usize>, String> {
        let account = &self.files[file];
        let source = Source { file: &account.path, record: piece.number };
        if emitted == 0 {
            account.records.fetch_add(1, Ordering::Relaxed);
        }
        let result = piece.content.and_then(|record| match (parse, record) {
            (Parse::SignIn(parse), Record::Json(bytes)) => {
                let row = parse(bytes)?;
                if let Some(row) = &row {
                    sink.row(row, source);
                }
                let found = usize::from(row.is_some());
                Ok((found, found))
            }
            (Parse::Mapped(mapping), Record::Json(bytes)) => {
                Ok(hand_on(mapping.read(bytes)?.as_slice(), emitted, source, sink))
            }
            (Parse::Identities(parse), record) => Ok(hand_on(&parse(record)?, emitted, source, sink)),
            (Parse::Factors(parse), record) => Ok(hand_on(&parse(record)?, emitted, source, sink)),
            (Parse::CaPolicies(parse), record) => Ok(hand_on(&parse(record)?, emitted, source, sink)),
            (Parse::FactorEvents(parse), record) => Ok(hand_on(&parse(record)?, emitted, source, sink)),
            // A call without its mapping is refused before.
            (Parse::Mapping(_), _) | (Parse::SignIn(_) | Parse::Mapped(_), Record::Csv(..)) => {
                Err(Reject::at(Category::Syntax, 0))
            }
        });
        match result {
            Ok((0, 0)) if emitted == 0 => {
                account.ignored.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            Ok((written, left)) => {
                // The record has been counted; each further row of it counts as a record, too.
                let further = written - usize::from(emitted == 0).min(written);
                account.records.fetch_add(further as u64, Ordering::Relaxed);
                account.rows.fetch_add(written as u64, Ordering::Relaxed);
                Ok((written < left).then_some(emitted + written))
            }
            Err(reject) => {
                self.reject(Rejected { file, record: piece.number, offset: piece.offset, reject })?;
                Ok(None)
            }
        }
    }

    /// Keeps a reject.
    fn reject(&self, mut rejected: Rejected) -> Result<(), String> {
        rejected.offset += rejected.reject.offset as u64;
        let path = &self.files[rejected.file].path;
        let Rejected { record, offset, reject, .. } = &rejected;
        let column = reject.column.as_ref().map(|column| format!(" ({column})")).unwrap_or_default();
        let what = format!("record {record} at byte {offset} of {path}: {}{column}", reject.category.explain());
        self.files[rejected.file].rejects.fetch_add(1, Ordering::Relaxed);
        {
            let mut rejects = self.rejects.lock().unwrap_or_else(PoisonError::into_inner);
            if rejects.len() < REJECTS {
                rejects.push(rejected);
            }
        }
        let rejects = self.rejected.fetch_add(1, Ordering::Relaxed) + 1;
        let Tolerance { fail, max_rejects } = self.tolerance;
        if fail {
            return Err(format!("{what}; on_error := 'reject' skips such records and lists them in mfa_rejects()"));
        }
        if rejects > max_rejects {
            return Err(format!("more than max_rejects := {max_rejects} records were rejected, the last being {what}"));
        }
        Ok(())
    }

    /// The rejects, in the order of files and records.
    pub fn rejects(&self) -> Vec<Rejected> {
        let mut rejects = self.rejects.lock().unwrap_or_else(PoisonError::into_inner).clone();
        rejects.sort_by_key(|rejected| (rejected.file, rejected.record));
        rejects
    }
}

/// Hands on the rows from `from` on that there is room for: how many, of how many.
fn hand_on<R: Row>(rows: &[R], from: usize, source: Source<'_>, sink: &mut impl Sink) -> (usize, usize) {
    let left = rows.len() - from;
    let fits = left.min(sink.room());
    for row in &rows[from..from + fits] {
        sink.row(row, source);
    }
    (fits, left)
}
