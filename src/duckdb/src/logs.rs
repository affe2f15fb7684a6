//! The readers as table functions: files to blocks to rows, on all threads.
//!
//! Threads take blocks, from a file of their own while there are more files than threads, else together from one. Plain
//! NDJSON is cut into byte ranges that are read independently; any other file is read from its beginning, by whichever
//! thread holds its stream, and parsed by that thread after it has let go.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mfa_core::functions::{Output as _, Type};
use mfa_core::model::{Row, Value};
use mfa_core::readers::framing::{BLOCK, Block, HEAD, Limits, Position, Shape, Stream, shape};
use mfa_core::readers::history::{History, Scan as Account, Sink, Source, Tolerance};
use mfa_core::readers::ranges::{Ranges, ReadAt};
use mfa_core::readers::{Layout, Parse, Reader};

use crate::ffi::Error;
use crate::ffi::table::{Call, Column, TableFunction};
use crate::ffi::write::Rows;

/// One reader.
pub(crate) struct LogReader {
    pub(crate) reader: &'static Reader,
    pub(crate) history: Arc<History>,
}

/// A call: which files, which rows, and what to do with bad records.
pub(crate) struct Bound {
    paths: Vec<String>,
    bytes: u64,
    parse: Parse,
    tolerance: Tolerance,
}

/// An execution.
pub(crate) struct Scan {
    wanted: Vec<usize>,
    columns: SourceColumns,
    parse: Parse,
    plans: Vec<OnceLock<Plan>>,
    layout: Layout,
    next_file: AtomicUsize,
    account: Arc<Account>,
}

/// Where a row says which file and record it is from.
#[derive(Clone, Copy)]
struct SourceColumns {
    file: usize,
    record: usize,
}

/// How a file is read.
enum Plan {
    Ranges(Ranges<Local>),
    /// `None` when it has ended.
    Stream(Mutex<Option<Stream>>),
}

/// A thread of an execution.
#[derive(Default)]
pub(crate) struct Thread {
    open: Option<Open>,
    /// The file this thread took for its own.
    file: Option<usize>,
    spare: Vec<u8>,
}

struct Open {
    file: usize,
    block: Block,
    position: Position,
    /// Rows of the record at `position` that are already out.
    emitted: usize,
}

impl TableFunction for LogReader {
    type Bound = Bound;
    type Scan = Scan;
    type Thread = Thread;

    fn name(&self) -> &'static str {
        self.reader.name
    }

    fn parameters(&self) -> Vec<Type> {
        vec![Type::Any]
    }

    fn named(&self) -> Vec<(&'static str, Type)> {
        let mut named = vec![("on_error", Type::Varchar), ("max_rejects", Type::Bigint)];
        if self.reader.parse.len() > 1 {
            named.push(("rows", Type::Varchar));
        }
        if self.reader.is_mapped() {
            named.push(("mapping", Type::Varchar));
        }
        named
    }

    fn bind(&self, call: &Call) -> Result<(Vec<Column>, Bound), Error> {
        let name = self.reader.name;
        let in_reader = |error: String| format!("{name}: {error}");
        let (paths, bytes) = call.texts(0).and_then(|paths| mfa_files::find(&paths)).map_err(in_reader)?;
        let mapping =
            call.named_text("mapping").map(|text| mfa_files::mapping(&text)).transpose().map_err(in_reader)?;
        let (parse, tolerance) = self.reader.resolve(
            call.named_text("rows").as_deref(),
            call.named_text("on_error").as_deref(),
            call.named_bigint("max_rejects"),
            mapping.as_deref(),
        )?;
        let columns =
            parse.columns().iter().map(|column| Column { name: column.name, ty: column.kind.into() }).collect();
        Ok((columns, Bound { paths, bytes, parse, tolerance }))
    }

    fn estimate(&self, bound: &Bound) -> Option<u64> {
        // Sign-ins are one to five kilobytes; a guess this rough is still what the optimiser needs to order joins.
        Some(bound.bytes / 2_000 + 1)
    }

    fn start(&self, bound: &Bound, wanted: Vec<usize>) -> Result<(Scan, u64), Error> {
        let column =
            |name: &str| bound.parse.columns().iter().position(|column| column.name == name).unwrap_or(usize::MAX);
        // In order where it ends at the first bad record, so that it is the first.
        let threads = if bound.tolerance.fail { 1 } else { bound.bytes / BLOCK as u64 + bound.paths.len() as u64 };
        let scan = Scan {
            columns: SourceColumns { file: column("source_file"), record: column("source_record") },
            wanted,
            parse: bound.parse,
            plans: bound.paths.iter().map(|_| OnceLock::new()).collect(),
            layout: self.reader.layout,
            next_file: AtomicUsize::new(0),
            account: self.history.start(self.reader.name, &bound.paths, bound.tolerance),
        };
        Ok((scan, threads))
    }

    fn fill(&self, scan: &Scan, thread: &mut Thread, rows: &mut Rows<'_>) -> Result<usize, Error> {
        scan.fill(thread, rows).map_err(|error| format!("{}: {error}", self.reader.name))
    }
}

impl Scan {
    fn fill(&self, thread: &mut Thread, rows: &mut Rows<'_>) -> Result<usize, Error> {
        let capacity = Rows::capacity();
        let mut filled = 0;
        while filled < capacity {
            let Some(open) = &mut thread.open else {
                match self.next_block(thread)? {
                    Some(open) => thread.open = Some(open),
                    None => break,
                }
                continue;
            };
            if self.read_record(open, rows, &mut filled, capacity)? {
                continue;
            }
            if let Some(done) = thread.open.take() {
                self.account.files[done.file].open_blocks.fetch_sub(1, Ordering::AcqRel);
                thread.spare = done.block.into_bytes();
            }
        }
        Ok(filled)
    }

    /// Reads the next record of a block; false when there is none.
    fn read_record(
        &self,
        open: &mut Open,
        rows: &mut Rows<'_>,
        filled: &mut usize,
        capacity: usize,
    ) -> Result<bool, Error> {
        let before = open.position;
        let Some(piece) = open.block.next(&mut open.position) else {
            return Ok(false);
        };
        let mut sink = Chunk { wanted: &self.wanted, columns: self.columns, rows, filled: *filled, capacity };
        match self.account.read(open.file, self.parse, piece, open.emitted, &mut sink)? {
            // The chunk is full: the rest of this record comes with the next one.
            Some(emitted) => {
                open.emitted = emitted;
                open.position = before;
            }
            None => open.emitted = 0,
        }
        *filled = sink.filled;
        Ok(true)
    }

    /// Finds work: more of the thread's own file, a file nobody has taken, or a part of one that others are reading.
    fn next_block(&self, thread: &mut Thread) -> Result<Option<Open>, Error> {
        loop {
            if let Some(file) = thread.file {
                if let Some(open) = self.take(file, thread)? {
                    return Ok(Some(open));
                }
                thread.file = None;
            }
            let file = self.next_file.fetch_add(1, Ordering::Relaxed);
            if file >= self.plans.len() {
                break;
            }
            thread.file = Some(file);
        }
        for file in 0..self.plans.len() {
            if !self.account.files[file].exhausted.load(Ordering::Acquire)
                && let Some(open) = self.take(file, thread)?
            {
                return Ok(Some(open));
            }
        }
        Ok(None)
    }

    fn take(&self, file: usize, thread: &mut Thread) -> Result<Option<Open>, Error> {
        let account = &self.account.files[file];
        let path = &account.path;
        let plan = match self.plans[file].get() {
            Some(plan) => plan,
            None => {
                let plan = Plan::new(path, self.layout).map_err(|error| mfa_files::cannot_open(path, &error))?;
                self.plans[file].get_or_init(|| plan)
            }
        };
        // Open before it is taken, so that the file does not look finished in between.
        account.open_blocks.fetch_add(1, Ordering::AcqRel);
        let spare = std::mem::take(&mut thread.spare);
        let block = match plan {
            Plan::Ranges(ranges) => ranges.next_block(spare),
            Plan::Stream(stream) => {
                let mut stream = lock(stream);
                let block = stream.as_mut().map_or(Ok(None), |stream| stream.next_block(spare));
                if matches!(block, Ok(None)) {
                    *stream = None;
                }
                block
            }
        };
        match block {
            Ok(Some(block)) => Ok(Some(Open { file, block, position: Position::default(), emitted: 0 })),
            Ok(None) => {
                account.exhausted.store(true, Ordering::Release);
                account.open_blocks.fetch_sub(1, Ordering::AcqRel);
                Ok(None)
            }
            Err(error) => Err(mfa_files::cannot_open(path, &error)),
        }
    }
}

/// A chunk of DuckDB's that is being filled.
struct Chunk<'s, 'r, 'c> {
    wanted: &'s [usize],
    columns: SourceColumns,
    rows: &'r mut Rows<'c>,
    filled: usize,
    capacity: usize,
}

impl Sink for Chunk<'_, '_, '_> {
    fn room(&self) -> usize {
        self.capacity - self.filled
    }

    #[inline]
    fn row<R: Row>(&mut self, row: &R, source: Source<'_>) {
        for (writer, column) in self.rows.columns.iter_mut().zip(self.wanted) {
            let value = if *column == self.columns.file {
                Value::Text(source.file)
            } else if *column == self.columns.record {
                Value::Int(source.record.cast_signed())
            } else {
                row.value(*column)
            };
            writer.value(self.filled, value);
        }
        self.filled += 1;
    }
}

impl Plan {
    fn new(path: &str, layout: Layout) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut head = Vec::new();
        file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        let size = file.metadata()?.len();
        if layout == Layout::Json
            && let Shape::Lines(start) = shape(&head)
            && size > head.len() as u64
        {
            return Ok(Self::Ranges(Ranges::new(Local(file), start, size, Limits::default())));
        }
        let input = io::Cursor::new(head).chain(file);
        Ok(Self::Stream(Mutex::new(Some(Stream::open(input, layout)?))))
    }
}

/// A file of this machine.
struct Local(File);

impl ReadAt for Local {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        read_at(&self.0, bytes, offset)
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, offset)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
