//! How records lie in a file: compression, encoding, framing.
//!
//! All three are detected from the bytes, never from the file's name. A [`Stream`] turns the bytes of one file into
//! [`Block`]s: some megabytes of decoded text and where its records are. Memory is bounded by the block and by
//! [`MAX_RECORD`], whatever the size of the file or of a page in it.
//!
//! | framing | records |
//! |---|---|
//! | NDJSON | the lines that are not blank |
//! | `[…]` | the elements, one page or several in a row |
//! | `{"value": […]}`, `records`, `Records`, `items`, `data`, … | the elements of that array |
//! | pretty-printed or concatenated objects | the objects |
//! | CSV with a header | the lines after it |
//!
//! Where a log may be either, [`Layout::Any`], a file that does not begin like JSON is CSV.

use std::io::{self, BufReader, Cursor, Read};
use std::ops::Range;
use std::sync::Arc;

use super::brackets::{self, Depth, Followed};
use super::{Category, Layout, Record, Reject};

/// The largest record that is read; a larger one is a reject.
pub const MAX_RECORD: usize = 64 << 20;

/// The size of a block, unless a record is larger.
pub const BLOCK: usize = 1 << 20;

/// How much is held at a time. Other sizes than the usual are for tests, which cut small files in many places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The size of a block, unless a record is larger.
    pub block: usize,
    /// The largest record that is read.
    pub record: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { block: BLOCK, record: MAX_RECORD }
    }
}

/// Bytes that are looked at to detect the framing.
pub const HEAD: usize = 64 << 10;

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// RFC 7464 puts this before each value.
const RECORD_SEPARATOR: u8 = 0x1E;

/// Keys whose array holds the records of a page: Graph, Azure Monitor, CloudTrail, Duo, Google and 1Password, OneLogin, PingOne.
pub(crate) const LISTS: &[&[u8]] =
    &[b"value", b"records", b"Records", b"authlogs", b"response", b"items", b"data", b"activities"];

/// Keys whose object holds the array: Duo's `{"stat": "OK", "response": {"authlogs": […]}}`, PingOne's `_embedded`.
const WRAPPERS: &[&[u8]] = &[b"response", b"_embedded"];

/// Some decoded bytes of a file and the records in them.
pub struct Block {
    bytes: Vec<u8>,
    /// Where `bytes` begins in the decoded file.
    offset: u64,
    /// The number of the first record, from 1.
    first_record: u64,
    items: Items,
}

enum Items {
    Spans(Vec<Span>),
    /// Lines of CSV, rewritten as JSON: where each was in the file, and where it is now.
    Objects(Vec<(u64, Span)>),
    Csv(Arc<csv::ByteRecord>, Vec<(u64, Result<csv::ByteRecord, Category>)>),
}

#[derive(Clone, Copy)]
enum Span {
    Record(usize, usize),
    Reject(Category, u64),
}

/// Where a reader stands in a [`Block`].
#[derive(Debug, Default, Clone, Copy)]
pub struct Position {
    at: usize,
    record: u64,
}

/// One record, or the reason why there is none to parse.
pub struct Piece<'a> {
    /// Number in the file, from 1.
    pub number: u64,
    /// Offset in the decoded file.
    pub offset: u64,
    /// The record.
    pub content: Result<Record<'a>, Reject>,
}

impl Block {
    /// The lines of JSON in `bytes[range]`; `offset` says where in the file the bytes are, [`Self::numbered`] which records.
    pub(super) fn lines(bytes: Vec<u8>, range: Range<usize>, offset: u64, max_record: usize) -> Self {
        let spans = line_spans(&bytes, range, offset, max_record);
        Self { bytes, offset, first_record: 1, items: Items::Spans(spans) }
    }

    /// The same block, beginning with this record of the file.
    #[must_use]
    pub(super) fn numbered(self, first_record: u64) -> Self {
        Self { first_record, ..self }
    }

    /// The memory, for the next block.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The next record after `position`, which moves past it.
    pub fn next(&self, position: &mut Position) -> Option<Piece<'_>> {
        let (offset, content) = match &self.items {
            Items::Spans(spans) => {
                let span = *spans.get(position.at)?;
                position.at += 1;
                match span {
                    Span::Record(start, end) => (self.offset + start as u64, Ok(Record::Json(&self.bytes[start..end]))),
                    Span::Reject(category, offset) => (offset, Err(Reject::at(category, 0))),
                }
            }
            Items::Objects(records) => {
                let (offset, span) = *records.get(position.at)?;
                position.at += 1;
                let content = match span {
                    Span::Record(start, end) => Ok(Record::Json(&self.bytes[start..end])),
                    Span::Reject(category, _) => Err(Reject::at(category, 0)),
                };
                (offset, content)
            }
            Items::Csv(header, records) => {
                let (offset, record) = records.get(position.at)?;
                position.at += 1;
                let content = match record {
                    Ok(record) => Ok(Record::Csv(header, record)),
                    Err(category) => Err(Reject::at(*category, 0)),
                };
                (*offset, content)
            }
        };
        let number = self.first_record + position.record;
        position.record += 1;
        Some(Piece { number, offset, content })
    }

    /// How many records there are.
    pub fn count(&self) -> u64 {
        match &self.items {
            Items::Spans(spans) => spans.len() as u64,
            Items::Objects(records) => records.len() as u64,
            Items::Csv(_, records) => records.len() as u64,
        }
    }
}

/// The next line that is not blank, and where it starts. One that is too large is never called blank: nobody looks at all of it.
fn next_line<'a>(bytes: &'a [u8], at: &mut usize, max_record: usize) -> Option<(usize, &'a [u8])> {
    while *at < bytes.len() {
        let start = *at;
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |length| start + length);
        *at = end + 1;
        let line = &bytes[start..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > max_record || !line.iter().all(u8::is_ascii_whitespace) {
            return Some((start, line));
        }
    }
    None
}

/// What the first bytes of a file say about the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Uncompressed NDJSON in UTF-8: any run of whole lines can be read on its own. Holds the length of the byte order mark.
    Lines(u64),
    /// All else: has to be read from its beginning.
    Sequential,
}

/// Judges a file by its first bytes: [`HEAD`] of them, or all if it has fewer.
pub fn shape(head: &[u8]) -> Shape {
    let bom = if head.starts_with(BOM) { BOM.len() } else { 0 };
    if compression(head).is_some() || is_utf16(head) || framing(&head[bom..]) != Framing::Lines {
        return Shape::Sequential;
    }
    Shape::Lines(bom as u64)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    Gzip,
    Zstd,
}

fn compression(head: &[u8]) -> Option<Compression> {
    if head.starts_with(b"\x1F\x8B") {
        Some(Compression::Gzip)
    } else if head.starts_with(b"\x28\xB5\x2F\xFD") {
        Some(Compression::Zstd)
    } else {
        None
    }
}

fn is_utf16(head: &[u8]) -> bool {
    head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Empty,
    Lines,
    Document,
}

fn framing(head: &[u8]) -> Framing {
    let Some(start) = head.iter().position(|byte| !byte.is_ascii_whitespace()) else {
        return Framing::Empty;
    };
    let head = &head[start..];
    match head[0] {
        b'[' | RECORD_SEPARATOR => return Framing::Document,
        b'{' => {}
        // Not JSON; line by line, each is a reject of its own.
        _ => return Framing::Lines,
    }
    let mut splitter = Splitter::new(MAX_RECORD);
    let first_line = memchr::memchr(b'\n', head).unwrap_or(head.len());
    splitter.run(&head[..first_line], 0);
    if splitter.found_list {
        return Framing::Document;
    }
    if splitter.is_between_values() || first_line == head.len() {
        return Framing::Lines;
    }
    // An object that goes on after its first line is pretty-printed if a key, or its end, comes next. Otherwise it is a
    // damaged line, which must not swallow those that follow.
    match head[first_line..].iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'"' | b'}') => Framing::Document,
        _ => Framing::Lines,
    }
}

/// The blocks of one file, read from its beginning.
pub struct Stream {
    source: Source,
    /// Decoded bytes that belong to no block yet.
    rest: Vec<u8>,
    offset: u64,
    records: u64,
    state: State,
    at_end: bool,
    limits: Limits,
}

enum State {
    Lines { dropping: bool },
    Document(Splitter),
    Csv(Csv),
    Empty,
    Done,
}

struct Csv {
    header: Option<Arc<csv::ByteRecord>>,
    delimiter: u8,
    as_objects: bool,
    /// Inside of a record that is too large.
    dropping: Option<Field>,
}

impl Csv {
    fn new(head: &[u8], as_objects: bool) -> Self {
        Self { header: None, delimiter: delimiter(head), as_objects, dropping: None }
    }
}

/// A chain of decoders. Whether bytes were compressed decides what an error means.
struct Source {
    input: Box<dyn Read + Send>,
    compressed: bool,
}

impl Stream {
    /// Opens a file's bytes.
    ///
    /// # Errors
    /// When the input cannot be read. Damaged compression is not an error here but a reject of the stream.
    pub fn open(input: impl Read + Send + 'static, layout: Layout) -> io::Result<Self> {
        Self::open_within(input, layout, Limits::default())
    }

    /// The same, holding no more than this at a time.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub fn open_within(input: impl Read + Send + 'static, layout: Layout, limits: Limits) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(256 << 10, input);
        // A read may give less than it takes to tell.
        let mut head = Vec::with_capacity(4);
        input.by_ref().take(4).read_to_end(&mut head)?;
        let compression = compression(&head);
        let input = Cursor::new(head).chain(input);
        let (compressed, mut input): (bool, Box<dyn Read + Send>) = match compression {
            Some(Compression::Gzip) => (true, Box::new(flate2::bufread::MultiGzDecoder::new(input))),
            Some(Compression::Zstd) => (true, Box::new(zstd::stream::read::Decoder::with_buffer(input)?)),
            None => (false, Box::new(input)),
        };
        let mut head = Vec::with_capacity(4);
        match input.by_ref().take(4).read_to_end(&mut head) {
            // A decoder that has failed once calls what follows the end; the first block has to see the failure.
            Err(error) if compressed => input = Box::new(Failed(damage(&error))),
            result => {
                result?;
            }
        }
        let utf16 = is_utf16(&head);
        let bom = if head.starts_with(BOM) { BOM.len() } else { 0 };
        head.drain(..bom);
        let input = Cursor::new(head).chain(input);
        let input: Box<dyn Read + Send> = if utf16 {
            Box::new(encoding_rs_io::DecodeReaderBytesBuilder::new().bom_override(true).strip_bom(true).build(input))
        } else {
            Box::new(input)
        };
        let mut stream = Self {
            source: Source { input, compressed },
            rest: Vec::new(),
            offset: bom as u64,
            records: 0,
            state: State::Done,
            at_end: false,
            limits,
        };
        // Detect on decoded bytes; what was read stays in `rest`.
        let mut failure = stream.fill(HEAD)?;
        while !stream.at_end && framing(&stream.rest) == Framing::Empty {
            stream.skip(stream.rest.len());
            failure = stream.fill(HEAD)?;
        }
        stream.state = match (layout, framing(&stream.rest)) {
            (_, Framing::Empty) if failure.is_none() => State::Empty,
            (Layout::Json | Layout::Any, Framing::Document) => State::Document(Splitter::new(limits.record)),
            (Layout::Any, _) if !begins_like_json(&stream.rest) => State::Csv(Csv::new(&stream.rest, true)),
            (Layout::Json | Layout::Any, _) => State::Lines { dropping: false },
            (Layout::Csv, _) => State::Csv(Csv::new(&stream.rest, false)),
        };
        if let Some(category) = failure {
            stream.source = Source { input: Box::new(Failed(category)), compressed: true };
            stream.at_end = false;
        }
        if stream.rest.len() > limits.block {
            let beyond = Cursor::new(stream.rest.split_off(limits.block));
            let input = std::mem::replace(&mut stream.source.input, Box::new(io::empty()));
            stream.source.input = Box::new(beyond.chain(input));
            stream.at_end = false;
        }
        Ok(stream)
    }

    /// Reads until `rest` holds `wanted` bytes or the input ends. Damage in compressed data ends it, too.
    fn fill(&mut self, wanted: usize) -> io::Result<Option<Category>> {
        while !self.at_end && self.rest.len() < wanted {
            let missing = (wanted - self.rest.len()) as u64;
            let before = self.rest.len();
            match self.source.input.by_ref().take(missing).read_to_end(&mut self.rest) {
                Ok(_) => self.at_end = self.rest.len() - before < missing as usize,
                Err(error) if self.source.compressed => {
                    self.at_end = true;
                    return Ok(Some(damage(&error)));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The next block; `spare` is memory to use for it.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub fn next_block(&mut self, spare: Vec<u8>) -> io::Result<Option<Block>> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::Done => Ok(None),
            State::Empty => Ok(Some(self.rejects(vec![Span::Reject(Category::EmptyFile, 0)]))),
            State::Lines { dropping } => self.next_lines(spare, dropping),
            State::Document(splitter) => self.next_document(spare, splitter),
            State::Csv(csv) => self.next_csv(csv),
        }
    }

    /// A block that holds no bytes.
    fn rejects(&mut self, spans: Vec<Span>) -> Block {
        let first_record = self.records + 1;
        self.records += spans.len() as u64;
        Block { bytes: Vec::new(), offset: self.offset, first_record, items: Items::Spans(spans) }
    }

    /// Cuts the first `length` bytes off `rest` as a block.
    fn cut(&mut self, spare: Vec<u8>, length: usize, items: Items) -> Block {
        let mut bytes = spare;
        bytes.clear();
        bytes.extend_from_slice(&self.rest[length..]);
        std::mem::swap(&mut bytes, &mut self.rest);
        bytes.truncate(length);
        let block = Block { bytes, offset: self.offset, first_record: self.records + 1, items };
        self.offset += length as u64;
        self.records += block.count();
        block
    }

    fn next_lines(&mut self, spare: Vec<u8>, dropping: bool) -> io::Result<Option<Block>> {
        let mut failure = None;
        let mut dropping = dropping;
        while dropping && failure.is_none() && !(self.at_end && self.rest.is_empty()) {
            failure = self.fill(self.limits.block)?;
            let end = memchr::memchr(b'\n', &self.rest).map(|at| at + 1);
            let dropped = end.unwrap_or(self.rest.len());
            self.skip(dropped);
            dropping = end.is_none();
        }
        let mut wanted = self.limits.block;
        loop {
            failure = match failure {
                Some(category) => Some(category),
                None => self.fill(wanted)?,
            };
            if let Some(category) = failure {
                // The last line may be cut short by the damage, so it is part of it.
                let whole = memchr::memrchr(b'\n', &self.rest).map_or(0, |at| at + 1);
                self.rest.truncate(whole);
                let mut spans = line_spans(&self.rest, 0..whole, self.offset, self.limits.record);
                spans.push(Span::Reject(category, self.offset + whole as u64));
                return Ok(Some(self.cut(spare, whole, Items::Spans(spans))));
            }
            if self.at_end {
                let length = self.rest.len();
                let spans = line_spans(&self.rest, 0..length, self.offset, self.limits.record);
                let block = self.cut(spare, length, Items::Spans(spans));
                return Ok((block.count() > 0).then_some(block));
            }
            if let Some(end) = memchr::memrchr(b'\n', &self.rest) {
                self.state = State::Lines { dropping: false };
                let spans = line_spans(&self.rest, 0..end + 1, self.offset, self.limits.record);
                return Ok(Some(self.cut(spare, end + 1, Items::Spans(spans))));
            }
            // A carriage return may be part of the line end.
            let line = self.rest.strip_suffix(b"\r").unwrap_or(&self.rest);
            if line.len() > self.limits.record {
                let block = self.rejects(vec![Span::Reject(Category::TooLarge, self.offset)]);
                self.offset += self.rest.len() as u64;
                self.rest = Vec::new();
                self.state = State::Lines { dropping: true };
                return Ok(Some(block));
            }
            wanted = self.doubled();
        }
    }

    /// How much to look at when a record does not end in what there is: up to where it must be too large, and its line end.
    fn doubled(&self) -> usize {
        (self.rest.len() * 2).min(self.limits.record + 2).max(self.rest.len() + 1)
    }

    fn next_document(&mut self, spare: Vec<u8>, mut splitter: Splitter) -> io::Result<Option<Block>> {
        let mut wanted = self.limits.block;
        loop {
            let failure = self.fill(wanted)?;
            splitter.run(&self.rest, self.offset);
            if self.at_end {
                splitter.finish(self.offset, self.rest.len(), failure);
                let spans = std::mem::take(&mut splitter.spans);
                let length = self.rest.len();
                return Ok(Some(self.cut(spare, length, Items::Spans(spans))));
            }
            if self.rest.len() > self.limits.record {
                splitter.drop_large();
            }
            let keep = splitter.keep_from();
            if splitter.spans.is_empty() && keep == 0 {
                wanted = self.rest.len() * 2;
                continue;
            }
            let spans = std::mem::take(&mut splitter.spans);
            splitter.shift(keep);
            self.state = State::Document(splitter);
            return Ok(Some(self.cut(spare, keep, Items::Spans(spans))));
        }
    }

    /// Passes over the rest of a record of a table.
    fn drop_record(&mut self, mut ends: RecordEnds) -> io::Result<Option<Category>> {
        loop {
            let failure = self.fill(self.rest.len() + self.limits.block)?;
            let end = ends.next(&self.rest);
            self.skip(ends.at);
            ends.at = 0;
            if end.is_some() || self.at_end {
                return Ok(failure);
            }
        }
    }

    /// Passes over the first bytes of `rest`.
    fn skip(&mut self, length: usize) {
        self.rest.drain(..length);
        self.offset += length as u64;
    }

    fn next_csv(&mut self, csv: Csv) -> io::Result<Option<Block>> {
        let Csv { mut header, delimiter, as_objects, dropping } = csv;
        let mut failure = None;
        if let Some(field) = dropping {
            failure = self.drop_record(RecordEnds { delimiter, at: 0, field })?;
        }
        let mut ends = RecordEnds { delimiter, at: 0, field: Field::Start };
        let (mut wanted, mut length) = (self.limits.block, 0);
        loop {
            if failure.is_none() {
                failure = self.fill(wanted)?;
            }
            while let Some(end) = ends.next(&self.rest) {
                length = end;
            }
            if self.at_end || length > 0 {
                break;
            }
            if ends.at > self.limits.record {
                let block = self.rejects(vec![Span::Reject(Category::TooLarge, self.offset)]);
                self.skip(ends.at);
                self.state = State::Csv(Csv { header, delimiter, as_objects, dropping: Some(ends.field) });
                return Ok(Some(block));
            }
            wanted = self.doubled();
        }
        if failure.is_some() {
            // The last line may be cut short by the damage, so it is part of it.
            self.rest.truncate(length);
        } else if self.at_end {
            length = self.rest.len();
        }
        let is_open = ends.field == Field::Quoted && ends.at == length;
        let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        // The parser would take a mark at the beginning of a block for that of the file, so a line feed, which is nothing to
        // it, is first.
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(b"\n".chain(&self.rest[..length]));
        let mut records = Vec::new();
        let mut record = csv::ByteRecord::new();
        loop {
            // The parser stops between the two bytes of a line end, and passes over blank lines with the next record.
            let at = (reader.position().byte() as usize).saturating_sub(1);
            let at = at + self.rest[at..length].iter().take_while(|byte| is_line_end(byte)).count();
            let result = reader.read_byte_record(&mut record);
            let end = (reader.position().byte() as usize).saturating_sub(1).max(at);
            let line_end = self.rest[at..end].iter().rev().take_while(|byte| is_line_end(byte)).count();
            let size = end - at - if is_open && end == length { 0 } else { line_end };
            let offset = self.offset + at as u64;
            match result {
                Ok(false) => break,
                Ok(true) if size > self.limits.record => records.push((offset, Err(Category::TooLarge))),
                Ok(true) if record.iter().all(<[u8]>::is_empty) => {}
                Ok(true) => match &header {
                    None => {
                        record.trim();
                        header = Some(Arc::new(record.clone()));
                    }
                    Some(names) if names.len() != record.len() => records.push((offset, Err(Category::Syntax))),
                    Some(_) => records.push((offset, Ok(record.clone()))),
                },
                Err(_) => records.push((offset, Err(Category::Syntax))),
            }
        }
        if let Some(category) = failure {
            records.push((self.offset + length as u64, Err(category)));
        }
        if !self.at_end {
            self.state = State::Csv(Csv { header: header.clone(), delimiter, as_objects, dropping: None });
        }
        let header = header.unwrap_or_default();
        if !as_objects {
            return Ok(Some(self.cut(Vec::new(), length, Items::Csv(header, records))));
        }
        let (bytes, records) = objects(&header, records);
        Ok(Some(Block { bytes, ..self.cut(Vec::new(), length, Items::Objects(records)) }))
    }
}

/// Follows a table to the ends of its records, the way the CSV parser does: only where a field begins is a quote one.
struct RecordEnds {
    delimiter: u8,
    /// How far the bytes have been looked at.
    at: usize,
    field: Field,
}

/// Where in a field of a table something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Start,
    Plain,
    Quoted,
    /// Behind a quote that closes the field, unless another one follows.
    Closed,
}

impl RecordEnds {
    /// Moves behind the next line end that ends a record.
    fn next(&mut self, bytes: &[u8]) -> Option<usize> {
        while let Some(byte) = bytes.get(self.at) {
            match (self.field, byte) {
                (Field::Quoted, _) => match memchr::memchr(b'"', &bytes[self.at..]) {
                    Some(length) => {
                        self.at += length + 1;
                        self.field = Field::Closed;
                    }
                    None => self.at = bytes.len(),
                },
                (Field::Start | Field::Closed, b'"') => {
                    self.at += 1;
                    self.field = Field::Quoted;
                }
                _ => {
                    self.field = Field::Plain;
                    let Some(length) = memchr::memchr3(self.delimiter, b'\n', b'\r', &bytes[self.at..]) else {
                        self.at = bytes.len();
                        return None;
                    };
                    self.at += length;
                    let is_return = bytes[self.at] == b'\r';
                    if is_return && self.at + 1 == bytes.len() {
                        // What follows may belong to the line end.
                        return None;
                    }
                    let is_end = bytes[self.at] != self.delimiter;
                    self.at += 1 + usize::from(is_return && bytes[self.at + 1] == b'\n');
                    self.field = Field::Start;
                    if is_end {
                        return Some(self.at);
                    }
                }
            }
        }
        None
    }
}

/// An input that failed before.
struct Failed(Category);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::from(if self.0 == Category::Truncated {
            io::ErrorKind::UnexpectedEof
        } else {
            io::ErrorKind::InvalidData
        }))
    }
}

fn damage(error: &io::Error) -> Category {
    if error.kind() == io::ErrorKind::UnexpectedEof { Category::Truncated } else { Category::CorruptCompression }
}

/// The lines that are not blank.
fn line_spans(bytes: &[u8], range: Range<usize>, offset: u64, max_record: usize) -> Vec<Span> {
    let bytes = &bytes[..range.end];
    let (mut at, mut spans) = (range.start, Vec::new());
    while let Some((start, line)) = next_line(bytes, &mut at, max_record) {
        spans.push(if line.len() > max_record {
            Span::Reject(Category::TooLarge, offset + start as u64)
        } else {
            Span::Record(start, start + line.len())
        });
    }
    spans
}

fn begins_like_json(head: &[u8]) -> bool {
    matches!(head.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Lines of CSV as JSON objects of texts, so that a log reads the same in either form.
fn objects(
    header: &csv::ByteRecord,
    records: Vec<(u64, Result<csv::ByteRecord, Category>)>,
) -> (Vec<u8>, Vec<(u64, Span)>) {
    fn text(bytes: &mut Vec<u8>, field: &[u8]) {
        bytes.push(b'"');
        for byte in field.trim_ascii() {
            match byte {
                b'"' | b'\\' => bytes.extend([b'\\', *byte]),
                0..0x20 => bytes.extend(format!("\\u{byte:04x}").bytes()),
                _ => bytes.push(*byte),
            }
        }
        bytes.push(b'"');
    }
    let mut bytes = Vec::new();
    let mut spans = Vec::with_capacity(records.len());
    for (offset, record) in records {
        let record = match record {
            Ok(record) => record,
            Err(category) => {
                spans.push((offset, Span::Reject(category, offset)));
                continue;
            }
        };
        let start = bytes.len();
        bytes.push(b'{');
        for (name, field) in header.iter().zip(&record) {
            if bytes.len() > start + 1 {
                bytes.push(b',');
            }
            text(&mut bytes, name);
            bytes.push(b':');
            text(&mut bytes, field);
        }
        bytes.push(b'}');
        spans.push((offset, Span::Record(start, bytes.len())));
    }
    (bytes, spans)
}

/// The separator of a CSV header: the most frequent of the three in use.
fn delimiter(head: &[u8]) -> u8 {
    let line = &head[..memchr::memchr(b'\n', head).unwrap_or(head.len())];
    let count = |separator: u8| memchr::memchr_iter(separator, line).count();
    [b',', b';', b'\t'].into_iter().max_by_key(|separator| (count(*separator), *separator == b',')).unwrap_or(b',')
}

/// Finds the records in a sequence of JSON values by matching brackets, without holding more than one of them.
struct Splitter {
    max_record: usize,
    /// How far the bytes have been looked at.
    at: usize,
    /// What the current position is inside of, outermost first.
    inside: Vec<Inside>,
    /// The value being read, if any.
    value: Option<Value>,
    in_string: bool,
    escaped: bool,
    /// Start of the last string, and its end, to recognise keys.
    string: (usize, usize),
    /// The key before the value that comes next.
    key: Option<(usize, usize)>,
    spans: Vec<Span>,
    found_list: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// An array whose elements are records.
    List,
    /// What follows such an array in its object, up to this many closing brackets.
    Tail(usize),
}

#[derive(Debug, Clone, Copy)]
struct Value {
    start: usize,
    /// Offset of the start in the file.
    offset: u64,
    depth: usize,
    /// How deep the keys of a page may be: its own, and inside a wrapper.
    key_depth: usize,
    is_object: bool,
    /// Too large: followed to its end, but not kept.
    dropped: bool,
}

impl Splitter {
    fn new(max_record: usize) -> Self {
        Self {
            max_record,
            at: 0,
            inside: Vec::new(),
            value: None,
            in_string: false,
            escaped: false,
            string: (0, 0),
            key: None,
            spans: Vec::new(),
            found_list: false,
        }
    }

    fn is_between_values(&self) -> bool {
        self.value.is_none() && self.inside.is_empty()
    }

    /// Looks at the bytes after those already seen.
    fn run(&mut self, bytes: &[u8], offset: u64) {
        while self.at < bytes.len() {
            if self.in_string {
                self.string(bytes);
            } else if let Some(value) = self.value {
                self.inside_value(bytes, value);
            } else if let Some(Inside::Tail(depth)) = self.inside.last().copied() {
                self.tail(bytes[self.at], depth);
                self.at += 1;
            } else {
                self.between(bytes[self.at], offset);
                self.at += 1;
            }
        }
    }

    fn string(&mut self, bytes: &[u8]) {
        if self.escaped {
            self.escaped = false;
            self.at += 1;
            return;
        }
        match memchr::memchr2(b'"', b'\\', &bytes[self.at..]) {
            None => self.at = bytes.len(),
            Some(length) => {
                self.at += length + 1;
                if bytes[self.at - 1] == b'"' {
                    self.in_string = false;
                    self.string.1 = self.at - 1;
                } else {
                    self.escaped = true;
                }
            }
        }
    }

    /// A byte where a value may begin.
    fn between(&mut self, byte: u8, offset: u64) {
        match byte {
            b',' | RECORD_SEPARATOR => {}
            byte if byte.is_ascii_whitespace() => {}
            b']' if self.inside.last() == Some(&Inside::List) => {
                self.inside.pop();
            }
            b'[' if self.inside.is_empty() => {
                self.found_list = true;
                self.inside.push(Inside::List);
            }
            _ => {
                self.in_string = byte == b'"';
                self.key = None;
                self.value = Some(Value {
                    start: self.at,
                    offset: offset + self.at as u64,
                    depth: usize::from(matches!(byte, b'{' | b'[')),
                    key_depth: usize::from(self.inside.is_empty()),
                    is_object: byte == b'{',
                    dropped: false,
                });
            }
        }
    }

    fn inside_value(&mut self, bytes: &[u8], mut value: Value) {
        if value.depth > value.key_depth {
            self.skip_nested(bytes, value);
            return;
        }
        let byte = bytes[self.at];
        if value.depth == 0 {
            // A number, a word or a string, which is no record; it ends before the next separator.
            if byte == b'"' {
                self.in_string = true;
                self.at += 1;
            } else if matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace() {
                self.end(value, self.at);
            } else {
                self.at += 1;
            }
            return;
        }
        // The level where the keys of a page are.
        self.at += 1;
        match byte {
            b'"' => {
                self.in_string = true;
                self.string.0 = self.at;
            }
            b':' => self.key = Some(self.string),
            b'[' | b'{' => {
                let key = self.key.take().and_then(|(start, end)| bytes.get(start..end));
                if value.is_object && !value.dropped && self.at - value.start <= self.max_record {
                    if byte == b'[' && key.is_some_and(|key| LISTS.contains(&key)) {
                        self.found_list = true;
                        self.inside.push(Inside::Tail(value.depth));
                        self.inside.push(Inside::List);
                        self.value = None;
                        return;
                    }
                    if byte == b'{' && key.is_some_and(|key| WRAPPERS.contains(&key)) {
                        value.key_depth += 1;
                    }
                }
                value.depth += 1;
                self.value = Some(value);
            }
            b']' | b'}' => {
                value.depth -= 1;
                value.key_depth = value.key_depth.min(value.depth);
                self.value = Some(value);
                if value.depth == 0 {
                    self.end(value, self.at);
                }
            }
            b',' => self.key = None,
            _ => {}
        }
    }

    /// Follows brackets until the value, or the nested part of it that can hold no page, is closed.
    fn skip_nested(&mut self, bytes: &[u8], mut value: Value) {
        let depth = Depth { now: value.depth, end: value.key_depth, limit: usize::MAX };
        match brackets::follow(bytes, self.at, depth) {
            Followed::Closed(at) => {
                self.at = at;
                value.depth = value.key_depth;
            }
            Followed::Open { depth, in_string } => {
                value.depth = depth;
                // A string that goes on was opened here, and so were the backslashes at its end.
                let backslashes = bytes[self.at..].iter().rev().take_while(|byte| **byte == b'\\').count();
                self.in_string = in_string;
                self.escaped = in_string && backslashes % 2 == 1;
                self.at = bytes.len();
            }
            // There is no limit.
            Followed::TooDeep(at) => self.at = at,
        }
        self.value = Some(value);
        if value.depth == 0 {
            self.end(value, self.at);
        }
    }

    fn end(&mut self, value: Value, end: usize) {
        self.value = None;
        self.spans.push(if value.dropped || end - value.start > self.max_record {
            Span::Reject(Category::TooLarge, value.offset)
        } else if value.is_object {
            Span::Record(value.start, end)
        } else {
            Span::Reject(Category::NotAnObject, value.offset)
        });
    }

    /// A byte after the array of a page: links and counts, until its object ends.
    fn tail(&mut self, byte: u8, depth: usize) {
        let depth = match byte {
            b'"' => {
                self.in_string = true;
                return;
            }
            b'{' | b'[' => depth + 1,
            b'}' | b']' => depth - 1,
            _ => return,
        };
        self.inside.pop();
        if depth > 0 {
            self.inside.push(Inside::Tail(depth));
        }
    }

    /// The input has ended.
    fn finish(&mut self, offset: u64, length: usize, failure: Option<Category>) {
        let end = offset + length as u64;
        match self.value.take() {
            Some(value) if value.depth == 0 && !self.in_string && failure.is_none() => self.end(value, length),
            Some(value) => self.spans.push(Span::Reject(failure.unwrap_or(Category::Truncated), value.offset)),
            None if failure.is_some() || !self.inside.is_empty() => {
                self.spans.push(Span::Reject(failure.unwrap_or(Category::Truncated), end));
            }
            None => {}
        }
    }

    /// Stops keeping a value that has become too large.
    fn drop_large(&mut self) {
        if let Some(value) = &mut self.value {
            value.dropped = value.dropped || self.at - value.start > self.max_record;
        }
    }

    /// Bytes before this belong to no value that is still being read.
    fn keep_from(&self) -> usize {
        match &self.value {
            Some(value) if !value.dropped => value.start,
            _ => self.at,
        }
    }

    /// The first `by` bytes are gone.
    fn shift(&mut self, by: usize) {
        self.at -= by;
        if let Some(value) = &mut self.value {
            value.start = value.start.saturating_sub(by);
        }
        self.string = (self.string.0.saturating_sub(by), self.string.1.saturating_sub(by));
        self.key = self.key.map(|(start, end)| (start.saturating_sub(by), end.saturating_sub(by)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every record of `input`, or the category of its reject, with its offset.
    fn read(input: &[u8], layout: Layout) -> Vec<(u64, Result<String, &'static str>)> {
        read_within(input, layout, Limits::default())
    }

    fn read_within(input: &[u8], layout: Layout, limits: Limits) -> Vec<(u64, Result<String, &'static str>)> {
        let mut stream = Stream::open_within(Cursor::new(input.to_vec()), layout, limits).unwrap();
        let (mut records, mut number) = (Vec::new(), 0);
        while let Some(block) = stream.next_block(Vec::new()).unwrap() {
            let mut position = Position::default();
            while let Some(piece) = block.next(&mut position) {
                number += 1;
                assert_eq!(piece.number, number);
                let content = match piece.content {
                    Ok(Record::Json(bytes)) => Ok(String::from_utf8_lossy(bytes).into_owned()),
                    Ok(Record::Csv(_, record)) => {
                        Ok(record.iter().map(String::from_utf8_lossy).collect::<Vec<_>>().join("|"))
                    }
                    Err(reject) => Err(reject.category.as_str()),
                };
                records.push((piece.offset, content));
            }
        }
        records
    }

    fn json(input: &[u8]) -> Vec<Result<String, &'static str>> {
        read(input, Layout::Json).into_iter().map(|(_, content)| content).collect()
    }

    fn ok(records: &[&str]) -> Vec<Result<String, &'static str>> {
        records.iter().map(|record| Ok((*record).to_owned())).collect()
    }

    const TWO: [&str; 2] = [r#"{"a":"}]\"{","b":[1]}"#, r#"{"c":{"value":[{}]}}"#];

    #[test]
    fn every_framing_holds_the_same_records() {
        let [a, b] = TWO;
        for input in [
            format!("{a}\n{b}\n"),
            format!("\u{feff}{a}\r\n\r\n{b}"),
            format!("[{a},{b}]"),
            format!(" [\n{a}\n,\n{b}\n]\n"),
            format!("[{a}]\n[{b}]\n"),
            format!(r#"{{"@odata.context":"x","value":[{a},{b}],"@odata.nextLink":"y","n":{{"m":[]}}}}"#),
            format!(r#"{{"records": [{a}, {b}]}}"#),
            format!("\x1E{a}\n\x1E{b}\n"),
            format!(r#"{{"records":[{a}]}}{{"records":[{b}]}}"#),
            format!("{{\"Records\":[{a}]}}\n{{\"Records\":[{b}]}}\n"),
            format!(r#"{{"stat":"OK","response":{{"metadata":{{"value":1}},"authlogs":[{a},{b}]}}}}"#),
            format!(r#"{{"response":[{a},{b}],"stat":"OK"}}"#),
            format!(r#"{{"kind":"k","items":[{a},{b}],"nextPageToken":"t"}}"#),
            format!(r#"{{"status":{{"code":200}},"data":[{a},{b}]}}"#),
            format!(r#"{{"_links":{{}},"_embedded":{{"activities":[{a},{b}]}},"size":2}}"#),
        ] {
            assert_eq!(json(input.as_bytes()), ok(&TWO), "{input}");
        }
    }

    #[test]
    fn a_log_in_either_form() {
        let any = |input: &[u8]| read(input, Layout::Any);
        let [a, b] = TWO;
        for input in [format!("{a}\n{b}"), format!("[{a},{b}]"), format!("{{\"records\":[{a},{b}]}}")] {
            assert_eq!(any(input.as_bytes()).into_iter().map(|(_, record)| record).collect::<Vec<_>>(), ok(&TWO));
        }
        let table = "\u{feff}Id, Login Time\n1,\"a \"\"b\"\"\\\n\tc\"\n2\n3, ü \n";
        assert_eq!(
            any(table.as_bytes()),
            [
                (18, Ok(r#"{"Id":"1","Login Time":"a \"b\"\\\u000a\u0009c"}"#.to_owned())),
                (34, Err("syntax")),
                (36, Ok(r#"{"Id":"3","Login Time":"ü"}"#.to_owned())),
            ]
        );
        assert_eq!(any(&gzip(b"a,b\n1,2\n")).len(), 1);
        assert_eq!(any(b" \n"), [(0, Err("empty_file"))]);
    }

    #[test]
    fn pretty_printed_objects() {
        let object = "{\n  \"a\": {\n    \"b\": []\n  }\n}";
        assert_eq!(json(format!("{object}\n{object}\n").as_bytes()), ok(&[object, object]));
    }

    #[test]
    fn compressed_and_utf16() {
        let text = TWO.join("\n");
        for input in [gzip(text.as_bytes()), zstd::encode_all(text.as_bytes(), 1).unwrap()] {
            assert_eq!(json(&input), ok(&TWO));
        }
        let mut utf16 = vec![0xFF, 0xFE];
        utf16.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(json(&utf16), ok(&TWO));
        assert_eq!(json(&gzip(&utf16)), ok(&TWO));
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::read::GzEncoder::new(bytes, flate2::Compression::fast());
        let mut compressed = Vec::new();
        encoder.read_to_end(&mut compressed).unwrap();
        compressed
    }

    #[test]
    fn half_a_compressed_file_keeps_what_came_before() {
        let line =
            |number: usize| format!("{{\"n\":{number},\"x\":\"{:x}\"}}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let lines: Vec<String> = (0..20_000).map(line).collect();
        for compressed in [gzip(lines.join("\n").as_bytes()), zstd::encode_all(lines.join("\n").as_bytes(), 1).unwrap()]
        {
            let records = json(&compressed[..compressed.len() / 2]);
            let (last, whole) = records.split_last().unwrap();
            assert_eq!(last, &Err("truncated"));
            assert!(whole.len() > 100);
            assert!(whole.iter().zip(&lines).all(|(record, line)| record.as_ref() == Ok(line)));
        }
        let mut damaged = gzip(lines.join("\n").as_bytes());
        let middle = damaged.len() / 2;
        damaged[middle..middle + 64].fill(0xFF);
        assert!(matches!(json(&damaged).last(), Some(Err("corrupt_compression" | "truncated"))));
        for head in 2..10 {
            assert_eq!(json(&damaged[..head]), [Err("truncated")], "{head} bytes");
        }
    }

    #[test]
    fn a_damaged_line_swallows_no_other() {
        assert_eq!(json(b"{\"a\":\n{\"b\":1}\nnot json\n"), ok(&["{\"a\":", "{\"b\":1}", "not json"]));
    }

    #[test]
    fn an_array_that_is_never_closed() {
        assert_eq!(json(b"[{\"a\":1},{\"b\":2}"), [Ok("{\"a\":1}".into()), Ok("{\"b\":2}".into()), Err("truncated")]);
        assert_eq!(json(b"[{\"a\":1},{\"b\":"), [Ok("{\"a\":1}".into()), Err("truncated")]);
        assert_eq!(json(b"{\"value\":[{\"a\":1}"), [Ok("{\"a\":1}".into()), Err("truncated")]);
    }

    #[test]
    fn what_is_no_object() {
        assert_eq!(
            json(b"[1, \"a]\", null, {}, [1]]"),
            [Err("not_an_object"), Err("not_an_object"), Err("not_an_object"), Ok("{}".into()), Err("not_an_object")]
        );
    }

    #[test]
    fn empty_files_and_empty_pages() {
        for input in [&b""[..], b"  \n\n", b"\xEF\xBB\xBF"] {
            assert_eq!(json(input), [Err("empty_file")]);
            assert_eq!(read(input, Layout::Csv), [(0, Err("empty_file"))]);
        }
        assert_eq!(json(b"[]"), []);
        assert_eq!(json(b"{\"value\":[]}"), []);
    }

    #[test]
    fn blocks_do_not_change_what_is_read() {
        let record = |number: usize| format!("{{\"n\":{number},\"s\":\"{}\"}}", "\\\"}],".repeat(number % 977));
        let records: Vec<String> = (0..6_000).map(record).collect();
        assert!(records.iter().map(String::len).sum::<usize>() > 4 * BLOCK);
        for input in [
            records.join("\n"),
            format!("[{}]", records.join(",\n")),
            format!("{{\"value\":[{}],\"next\":1}}", records.join(",")),
        ] {
            let read = json(input.as_bytes());
            assert_eq!(read.len(), records.len());
            assert!(read.iter().zip(&records).all(|(read, record)| read.as_ref() == Ok(record)));
        }
    }

    #[test]
    fn records_beyond_the_limit_are_rejects() {
        let huge = format!("{{\"x\":\"{}\"}}", "y".repeat(MAX_RECORD + 1));
        let expected = [Ok("{\"a\":1}".to_owned()), Err("too_large"), Ok("{\"b\":2}".to_owned())];
        // Not assert_eq: a failure would print them.
        assert!(json(format!("{{\"a\":1}}\n{huge}\n{{\"b\":2}}\n").as_bytes()) == expected);
        assert!(json(format!("[{{\"a\":1}},{huge},{{\"b\":2}}]").as_bytes()) == expected);
        let sixty = huge.replacen("yyyy", "zzzz", 1);
        assert!(json(format!("[{huge},{sixty},{{\"b\":2}},{huge}]").as_bytes()).len() == 4);
    }

    #[test]
    fn offsets_are_those_of_the_decoded_file() {
        let offsets =
            |input: &[u8]| read(input, Layout::Json).into_iter().map(|(offset, _)| offset).collect::<Vec<_>>();
        assert_eq!(offsets(b"{}\n\n{}\n"), [0, 4]);
        assert_eq!(offsets(b"\xEF\xBB\xBF{}\n{}\n"), [3, 6]);
        assert_eq!(offsets(b"[{}, 7]"), [1, 5]);
    }

    #[test]
    fn csv_in_its_dialects() {
        let csv = |input: &[u8]| read(input, Layout::Csv);
        assert_eq!(csv(b"a,b\n1,\"x\ny\"\n"), [(4, Ok("1|x\ny".into()))]);
        assert_eq!(csv(b"\xEF\xBB\xBFa;b\r\n1;2\r\n"), [(8, Ok("1|2".into()))]);
        // Damage after the last line takes no line with it; a line cut short goes with it.
        let mut damaged = gzip(b"a,b\n1,2\n3,4\n");
        let checksum = damaged.len() - 8;
        damaged[checksum] ^= 1;
        let whole = [(4, Ok("1|2".into())), (8, Ok("3|4".into())), (12, Err("corrupt_compression"))];
        assert_eq!(csv(&damaged), whole);
        assert_eq!(csv(b"a\tb\n1\t2,3"), [(4, Ok("1|2,3".into()))]);
        assert_eq!(csv(b"a,b\n1\n3,4\n"), [(4, Err("syntax")), (6, Ok("3|4".into()))]);
        assert_eq!(csv(b"a,b\n"), []);
    }

    /// The records of `input` when blocks are of one byte, which must be those in blocks that hold all of it.
    fn in_any_blocks(input: &[u8], layout: Layout, record: usize) -> Vec<Result<String, &'static str>> {
        let whole = read_within(input, layout, Limits { block: record, record });
        for block in 1..9 {
            assert_eq!(read_within(input, layout, Limits { block, record }), whole, "blocks of {block}");
        }
        whole.into_iter().map(|(_, content)| content).collect()
    }

    #[test]
    fn a_quote_within_a_field_of_a_table_is_a_character() {
        let csv = |input: &str| in_any_blocks(input.as_bytes(), Layout::Csv, 64);
        let lines = "3,4\n".repeat(40);
        // Not closed, it is no reason to look for its end in what follows.
        assert_eq!(csv(&format!("a,b\n1,27\" wide\n{lines}")).len(), 41);
        assert_eq!(csv("a,b\n1,2\"\n\"3\n\",4\n"), ok(&["1|2\"", "3\n|4"]));
        assert_eq!(csv("a,b\n\"1\"\"\n\",\"2\"x\"\n3,4\n"), ok(&["1\"\n|2x\"", "3|4"]));
    }

    #[test]
    fn line_ends_and_blank_lines_of_a_table() {
        let csv = |input: &str| in_any_blocks(input.as_bytes(), Layout::Csv, 64);
        assert_eq!(csv("a,b\r1,2\r3,4"), ok(&["1|2", "3|4"]));
        assert_eq!(csv("a,b\r\n1,2\r\n\r\n3,4\r"), ok(&["1|2", "3|4"]));
        // The header is the first line with something in it, however long that takes.
        assert_eq!(csv(&format!("{}a,b\n,\n1,2\n", "\n,\n".repeat(40))), ok(&["1|2"]));
        // A mark that is not at the beginning of the file is part of a field.
        assert_eq!(csv("a,b\n\u{feff}1,2\n"), ok(&["\u{feff}1|2"]));
        let offsets: Vec<_> = read(b"a,b\n\n\n1,2\n", Layout::Csv).into_iter().map(|(offset, _)| offset).collect();
        assert_eq!(offsets, [6]);
    }

    #[test]
    fn a_line_of_a_table_beyond_the_limit_takes_no_other_with_it() {
        let csv = |input: &str| in_any_blocks(input.as_bytes(), Layout::Csv, 16);
        let long = "x".repeat(15);
        assert_eq!(csv(&format!("a,b\n1,2\n{long},3\n4,5\n")), [Ok("1|2".into()), Err("too_large"), Ok("4|5".into())]);
        assert_eq!(csv(&format!("a,b\n1,{}\r\n4,5\n", &long[1..])), ok(&[&format!("1|{}", &long[1..]), "4|5"]));
        let open = format!("a,b\n1,\"{long}\n4,5\n");
        assert_eq!(csv(&open), [Err("too_large")]);
        assert_eq!(csv(&format!("{open}\",7\n8,9\n")), [Err("too_large"), Ok("8|9".into())]);
    }

    #[test]
    fn what_is_too_large_does_not_depend_on_blocks() {
        let json = |input: &str| in_any_blocks(input.as_bytes(), Layout::Json, 16);
        let fits = format!("{{\"a\":\"{}\"}}", "x".repeat(8));
        let larger = fits.replacen('x', "xx", 1);
        for end in ["\n", "\r\n"] {
            assert_eq!(
                json(&[&fits, &*larger, &fits, ""].join(end)),
                [Ok(fits.clone()), Err("too_large"), Ok(fits.clone())]
            );
        }
        assert_eq!(
            json(&format!("{{}}\n{}\n{{}}", " ".repeat(17))),
            [Ok("{}".into()), Err("too_large"), Ok("{}".into())]
        );
        assert_eq!(json(&format!("[{fits},{larger}]")), [Ok(fits), Err("too_large")]);
        // Where the records of a page would begin beyond the limit, the page is a record that is too large.
        assert_eq!(json(&format!("{{\"next\":\"{}\",\"value\":[{{}}]}}", "x".repeat(9))), [Err("too_large")]);
    }

    #[test]
    fn white_space_before_the_first_record() {
        for length in [HEAD - 1, HEAD, 2 * HEAD, 2 * HEAD + 1] {
            let blank = "\n".repeat(length);
            assert_eq!(read(format!("{blank}{{}}\n").as_bytes(), Layout::Json), [(length as u64, Ok("{}".into()))]);
            assert_eq!(json(format!("{blank}[{{}}]").as_bytes()), ok(&["{}"]));
            assert_eq!(
                read(format!("{blank}a,b\n1,2").as_bytes(), Layout::Csv),
                [(length as u64 + 4, Ok("1|2".into()))]
            );
            assert_eq!(json(blank.as_bytes()), [Err("empty_file")]);
        }
    }

    #[test]
    fn strings_and_escapes_of_an_array_wherever_a_block_ends() {
        let texts = ["", "\\\\", "\\\"", "\\\\\\\"]}", "[{", "x\\\\"];
        let mut expected = Vec::new();
        for length in 50..80 {
            for text in texts {
                expected.push(format!("{{\"a\":[\"{}{text}\",{{\"b\":\"{text}\"}}]}}", "y".repeat(length)));
            }
        }
        let array = format!("[{}]", expected.join(", "));
        let found = in_any_blocks(array.as_bytes(), Layout::Json, 4096);
        assert_eq!(found, expected.into_iter().map(Ok).collect::<Vec<_>>());
        for block in [63, 64, 65, 127] {
            let limits = Limits { block, record: 4096 };
            let blocks = read_within(array.as_bytes(), Layout::Json, limits);
            assert_eq!(blocks, read(array.as_bytes(), Layout::Json), "blocks of {block}");
        }
    }

    /// Gives a byte at a time.
    struct Trickle(Cursor<Vec<u8>>);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(1);
            self.0.read(&mut buffer[..length])
        }
    }

    #[test]
    fn compression_is_recognised_however_little_a_read_gives() {
        let text = TWO.join("\n");
        for compressed in [gzip(text.as_bytes()), zstd::encode_all(text.as_bytes(), 1).unwrap()] {
            let mut stream = Stream::open(Trickle(Cursor::new(compressed)), Layout::Json).unwrap();
            assert_eq!(stream.next_block(Vec::new()).unwrap().map(|block| block.count()), Some(2));
        }
    }

    #[test]
    fn only_plain_lines_can_be_split() {
        assert_eq!(shape(b"{\"a\":1}\n{"), Shape::Lines(0));
        assert_eq!(shape(b"\xEF\xBB\xBF{\"a\":1}"), Shape::Lines(3));
        for sequential in [&b"[{}]"[..], b"{\"value\":[]}", b"\x1F\x8B\x08", b"\xFF\xFE{\0", b"{\n \"a\":1}", b""] {
            assert_eq!(shape(sequential), Shape::Sequential);
        }
    }
}
