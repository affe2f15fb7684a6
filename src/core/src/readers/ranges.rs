//! A file of lines, read in ranges by several threads.
//!
//! A range holds the lines that begin in it. So that each knows the number of its first record, ranges count their lines in
//! turn; a file that is not [`Shape::Lines`](super::framing::Shape::Lines) has to be read from its beginning.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::framing::{Block, Limits};

/// Bytes that can be read at any place.
pub trait ReadAt {
    /// Reads some bytes from `offset` on; none only at the end.
    ///
    /// # Errors
    /// They cannot be read.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
}

/// The ranges of one file, for as many threads as there are.
pub struct Ranges<F> {
    file: F,
    /// The length of the byte order mark.
    start: u64,
    size: u64,
    limits: Limits,
    next: AtomicUsize,
    turn: Mutex<Turn>,
    turned: Condvar,
}

/// Counting is far faster than parsing, and a range waits only for those before it, which are being counted already.
#[derive(Default)]
struct Turn {
    range: usize,
    lines: u64,
    failed: bool,
}

impl<F: ReadAt> Ranges<F> {
    /// The ranges of a file of that size, whose lines begin at `start`.
    pub fn new(file: F, start: u64, size: u64, limits: Limits) -> Self {
        Self { file, start, size, limits, next: AtomicUsize::new(0), turn: Mutex::default(), turned: Condvar::new() }
    }

    /// The lines of the next range, if there is one; `spare` is memory to use for it.
    ///
    /// # Errors
    /// This range, or one before it, cannot be read.
    pub fn next_block(&self, spare: Vec<u8>) -> io::Result<Option<Block>> {
        let range = self.next.fetch_add(1, Ordering::Relaxed);
        let start = self.start + (range * self.limits.block) as u64;
        if start >= self.size {
            return Ok(None);
        }
        let block = self.read(spare, start);
        let mut turn = lock(&self.turn);
        while turn.range < range && !turn.failed {
            turn = self.turned.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        turn.range += 1;
        turn.failed |= block.is_err();
        let first = turn.lines + 1;
        turn.lines += block.as_ref().map_or(0, Block::count);
        let failed = turn.failed;
        drop(turn);
        self.turned.notify_all();
        let block = block?;
        if failed {
            return Err(io::Error::other("another part of the file could not be read"));
        }
        Ok(Some(block.numbered(first)))
    }

    /// The lines that begin in the range from `start`.
    fn read(&self, mut bytes: Vec<u8>, start: u64) -> io::Result<Block> {
        let Limits { block, record } = self.limits;
        // The byte before tells whether a line begins at `start`.
        let from = if start == self.start { start } else { start - 1 };
        let end = (start + block as u64).min(self.size);
        let mut length = self.append(&mut bytes, 0, from, (end - from) as usize)?;
        let first = if from == start {
            0
        } else {
            match memchr::memchr(b'\n', &bytes[..length]) {
                Some(at) => at + 1,
                None => length,
            }
        };
        // A line feed as the last byte of the range means that the next line begins in the next range.
        let mut searched = length.saturating_sub(1);
        while first < length && memchr::memchr(b'\n', &bytes[searched..length]).is_none() {
            if length - first > record + block {
                break;
            }
            searched = length;
            let more = self.append(&mut bytes, length, from + length as u64, block.div_ceil(4))?;
            if more == 0 {
                break;
            }
            length += more;
        }
        if let Some(at) = memchr::memchr(b'\n', &bytes[searched..length]) {
            length = searched + at + 1;
        }
        Ok(Block::lines(bytes, first.min(length)..length, from, record))
    }

    /// Reads up to `wanted` bytes at `offset` to `bytes[at..]`; fewer only at the end of the file.
    fn append(&self, bytes: &mut Vec<u8>, at: usize, offset: u64, wanted: usize) -> io::Result<usize> {
        if bytes.len() < at + wanted {
            bytes.resize(at + wanted, 0);
        }
        let mut read = 0;
        while read < wanted {
            match self.file.read_at(&mut bytes[at + read..at + wanted], offset + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::Record;
    use super::super::framing::Position;
    use super::*;

    struct Bytes(Vec<u8>);

    impl ReadAt for Bytes {
        fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
            let rest = &self.0[self.0.len().min(offset as usize)..];
            let length = bytes.len().min(rest.len());
            bytes[..length].copy_from_slice(&rest[..length]);
            Ok(length)
        }
    }

    /// The lines that a thread finds, with the number of each.
    fn read(ranges: &Ranges<impl ReadAt>) -> io::Result<Vec<(u64, Result<String, &'static str>)>> {
        let mut found = Vec::new();
        let mut spare = Vec::new();
        while let Some(block) = ranges.next_block(spare)? {
            let mut position = Position::default();
            while let Some(piece) = block.next(&mut position) {
                found.push((
                    piece.number,
                    match piece.content {
                        Ok(Record::Json(line)) => Ok(String::from_utf8_lossy(line).into_owned()),
                        Ok(Record::Csv(..)) => unreachable!("lines are no table"),
                        Err(reject) => Err(reject.category.as_str()),
                    },
                ));
            }
            spare = block.into_bytes();
        }
        Ok(found)
    }

    fn ranges(text: &str, block: usize, record: usize) -> Ranges<Bytes> {
        Ranges::new(Bytes(text.as_bytes().to_vec()), 0, text.len() as u64, Limits { block, record })
    }

    #[test]
    fn threads_share_the_lines_and_agree_on_their_numbers() {
        let lines: Vec<String> = (0..500usize).map(|number| "x".repeat(1 + number * 7 % 41)).collect();
        for end in ["\n", "\r\n", "\n\n"] {
            let text = lines.join(end);
            for block in [1, 2, 7, 64, 4096, text.len(), text.len() + 1] {
                let ranges = ranges(&text, block, 100);
                let mut found = std::thread::scope(|scope| {
                    let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| read(&ranges).unwrap())).collect();
                    threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
                });
                found.sort();
                let expected: Vec<_> =
                    lines.iter().enumerate().map(|(at, line)| (at as u64 + 1, Ok(line.clone()))).collect();
                assert_eq!(found, expected, "blocks of {block}");
            }
        }
    }

    #[test]
    fn a_line_beyond_the_limit_is_one_reject() {
        let text = format!("a\n{}\nb\n", "x".repeat(200));
        for block in [1, 7, 64] {
            let found = read(&ranges(&text, block, 64)).unwrap();
            assert_eq!(found, [(1, Ok("a".into())), (2, Err("too_large")), (3, Ok("b".into()))], "blocks of {block}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error_of_every_range_behind_it() {
        struct Broken;
        impl ReadAt for Broken {
            fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
                if (7..9).contains(&offset) {
                    return Err(io::Error::other("broken"));
                }
                bytes.fill(b'\n');
                Ok(bytes.len())
            }
        }
        let ranges = Ranges::new(Broken, 0, 32, Limits { block: 8, record: 64 });
        assert!(ranges.next_block(Vec::new()).is_ok());
        assert!(ranges.next_block(Vec::new()).is_err());
        assert!(ranges.next_block(Vec::new()).is_err());
    }
}
