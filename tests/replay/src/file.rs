//! An input: which reader is called, how, and the bytes of the file it is given.

use std::io::{self, Read as _};
use std::sync::OnceLock;

use mfa_core::readers::{Parse, READERS, Reader};

/// What a compressed file may hold. Blocks bound memory whatever it is; this bounds time.
const MOST: u64 = 1 << 20;

/// The mapping that `read_mapped_signins` is called with.
pub(crate) const MAPPING: &str = include_str!("../../data/mapped_signins.toml");

/// A reader and the rows that are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    /// The reader.
    pub(crate) reader: &'static Reader,
    /// What it makes of a record.
    pub(crate) parse: Parse,
    /// The byte an input begins with that calls it.
    pub(crate) byte: u8,
}

/// Every reader with every kind of rows.
///
/// # Panics
/// There are more than bytes can name.
pub(crate) fn calls() -> &'static [Call] {
    static CALLS: OnceLock<Vec<Call>> = OnceLock::new();
    CALLS.get_or_init(|| {
        let mut calls = Vec::new();
        for reader in READERS {
            for parse in reader.parse {
                let mapping = matches!(parse, Parse::Mapping(_)).then_some(MAPPING);
                let (parse, _) = reader
                    .resolve(Some(parse.rows()), None, None, mapping)
                    .unwrap_or_else(|error| panic!("{}: {error}", reader.name));
                calls.push(Call { reader, parse, byte: 0 });
            }
        }
        for at in 0..calls.len() {
            let byte = (0..=u8::MAX).find(|byte| called(&calls, *byte) == at);
            calls[at].byte = byte.unwrap_or_else(|| panic!("no byte calls {}", calls[at].reader.name));
        }
        calls
    })
}

/// Which of the calls a byte names: the one whose name it goes with best. So a reader more takes a few bytes from others, and
/// nearly all of the corpus keeps its meaning.
fn called(calls: &[Call], byte: u8) -> usize {
    let fit = |call: &Call| {
        let name = call.reader.name.bytes().chain(call.parse.rows().bytes());
        let mixed = name.chain([byte]).fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(29)
        });
        mixed ^ mixed >> 32
    };
    (0..calls.len()).max_by_key(|at| fit(&calls[*at]).wrapping_mul(0x9E37_79B9_7F4A_7C15)).unwrap_or_default()
}

/// The input that calls a reader with a file.
pub(crate) fn input(call: &Call, how: u8, size: u8, file: &[u8]) -> Vec<u8> {
    [&[call.byte, how, size], file].concat()
}

/// An input, understood.
pub(crate) struct Case<'a> {
    pub(crate) call: Call,
    how: u8,
    size: u8,
    pub(crate) file: &'a [u8],
    /// The same without compression; nothing when that is damaged.
    pub(crate) plain: Option<Vec<u8>>,
    pub(crate) is_compressed: bool,
}

impl<'a> Case<'a> {
    pub(crate) fn parse(input: &'a [u8]) -> Option<Self> {
        let (&[call, how, size], file) = input.split_first_chunk()?;
        let is_compressed = is_compressed(file);
        let plain = if is_compressed { decompress(file)? } else { Some(file.to_vec()) };
        Some(Self { call: calls()[called(calls(), call)], how, size, file, plain, is_compressed })
    }

    /// How many rows a chunk takes.
    pub(crate) fn room(&self) -> usize {
        [1, 2, 7, 2048][usize::from(self.how & 3)]
    }

    /// How many bytes a read of the file gives at most.
    pub(crate) fn gulp(&self) -> usize {
        [1, 13, 700, usize::MAX][usize::from(self.how >> 2 & 3)]
    }

    /// How many rejects a call takes.
    pub(crate) fn max_rejects(&self) -> i64 {
        i64::from(self.how >> 4 & 3)
    }

    /// Whether a file is also read compressed as gzip (`true`) or zstd.
    pub(crate) fn gzip(&self) -> Option<bool> {
        [None, None, Some(true), Some(false)][usize::from(self.how >> 6 & 3)]
    }

    /// The size of a small block.
    pub(crate) fn block(&self) -> usize {
        1 + usize::from(self.size)
    }
}

pub(crate) fn is_compressed(file: &[u8]) -> bool {
    file.starts_with(b"\x1F\x8B") || file.starts_with(b"\x28\xB5\x2F\xFD")
}

/// What a compressed file holds, `Some(None)` when it is damaged, nothing when that is too much.
fn decompress(file: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut plain = Vec::new();
    let result: io::Result<usize> = if file[0] == 0x1F {
        flate2::bufread::MultiGzDecoder::new(file).take(MOST).read_to_end(&mut plain)
    } else {
        zstd::stream::read::Decoder::with_buffer(file).and_then(|decoder| decoder.take(MOST).read_to_end(&mut plain))
    };
    if plain.len() as u64 == MOST {
        return None;
    }
    Some(result.is_ok().then_some(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_a_byte() {
        for (at, call) in calls().iter().enumerate() {
            assert_eq!(called(calls(), call.byte), at, "{} {}", call.reader.name, call.parse.rows());
        }
    }
}
