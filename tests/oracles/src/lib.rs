//! Independent answers to what the policy evaluator must say. Tests only.
//!
//! - [`reference`](mod@reference): a naive interpreter of the document, written to be obviously right.
//! - [`cedar`]: the document as policies of Cedar, whose evaluator nobody here wrote.
//! - [`random`]: policies and rows, random and close to every boundary.
//!
//! What compares them is in `tests/`.

pub mod cedar;
pub mod random;
pub mod reference;
pub mod row;

pub use row::Row;
