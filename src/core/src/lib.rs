//! The domain of mfa.
//!
//! Bytes of identity logs go in, canonical rows come out; a policy document goes in, decisions come out; the catalog
//! says what there is. No engine, no files, no clock: time arrives as `as_of`.

pub mod catalog;
#[cfg(any(test, feature = "schema"))]
pub mod docs;
pub mod functions;
pub mod geo;
pub mod lists;
pub mod model;
pub mod outline;
pub mod policy;
pub mod readers;
mod word;

pub use word::{Name, Word};
