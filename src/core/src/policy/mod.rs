//! The policy engine: a document, compiled once, says what holds for every person and sign-in at any instant.
//!
//! [`Policy`] is the document, [`Compiled`] what evaluation needs of it, [`Input`] one row and [`Decision`] its answer.

mod answers;
mod canonical;
mod case;
mod compile;
mod decision;
pub mod document;
mod error;
mod evaluate;
mod explain;
mod input;
mod lint;
mod parse;
mod patch;
mod reason;
#[cfg(any(test, feature = "schema"))]
pub mod schema;
pub mod value;

pub use compile::Compiled;
pub use decision::{Decision, Enrolment, Outcome, Session, Verdict};
pub use document::Policy;
pub use error::PolicyError;
pub use evaluate::Evaluator;
pub use explain::Explanation;
pub use input::{App, Attribute, Context, ExceptionInput, Factor, FactorInput, Input, Row, Subject};
pub use lint::{Lint, LintRule, Severity};
pub use patch::PatchError;
pub use reason::Reason;

/// The policy that holds where the user names none.
pub const DEFAULT_POLICY: &str = include_str!("default.toml");
