//! What must hold of a reader whatever bytes it is given.
//!
//! [`check`] takes three bytes that say which reader is called and how, and the bytes of a file. It reads the file the way the
//! engines do, again and again: in blocks of other sizes, into chunks of other sizes, compressed, with and without tolerance
//! for bad records. It panics when an answer depends on any of that, when a record is unaccounted for, or when a count differs
//! from one that was made without the reader.

mod file;
mod laws;
mod read;
pub mod seeds;

pub use read::Spent;

/// Checks the laws over one input; nothing when it is too short, or decompresses to too much, to be one.
///
/// # Panics
/// A law is broken.
pub fn check(input: &[u8]) -> Option<Spent> {
    let case = file::Case::parse(input)?;
    Some(laws::check(&case))
}
