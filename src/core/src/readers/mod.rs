//! Provider logs: the bytes of one record become canonical rows, or a reject.
//!
//! [`READERS`] is the one table of them. A reader sees one record at a time and decides: rows, nothing (the record belongs
//! to the log but is not what was asked for; it is counted as ignored), or a [`Reject`]. Nothing else can happen to a
//! record, so rows + rejects + ignored = records.

use std::borrow::Cow;

mod auth0_logs;
mod aws_cloudtrail;
mod aws_credential_report;
mod duo_auth_log;
mod duo_users;
mod entra_audits;
mod entra_ca_policies;
mod entra_registration;
mod entra_risk_detections;
mod entra_signins;
mod entra_users;
pub mod framing;
mod google_login_activity;
pub mod history;
mod jumpcloud_events;
mod keycloak_events;
mod lastpass_events;
mod mapped_signins;
mod mfa_identities;
mod mfa_signins;
mod o365_audit;
mod ocsf_authentication;
mod okta_factors;
mod okta_system_log;
mod okta_users;
mod onelogin_events;
mod onepassword_signins;
mod pingfederate_audit;
mod pingone_audit;
mod salesforce_login_history;

mod brackets;
mod json;
mod properties;
pub mod ranges;
mod scan;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod used;

pub use mapped_signins::{Mapping, MappingError};
pub use mfa_signins::{NormalizeSignInError, normalize_signin};

use self::history::Tolerance;
use crate::model::{CaPolicy, Column, Factor, FactorEvent, Identity, Row, SignIn};

/// Why a record was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// Not UTF-8.
    InvalidUtf8,
    /// Brackets nest too deep.
    TooDeep,
    /// Not JSON, or not CSV.
    Syntax,
    /// The record, the array around it or the compressed stream ends early.
    Truncated,
    /// JSON, but not an object.
    NotAnObject,
    /// A key that the reader maps occurs twice.
    DuplicateKey,
    /// A number that no DOUBLE can hold, or that is impossible for its column.
    NumberOutOfRange,
    /// A time that cannot be read.
    InvalidTimestamp,
    /// A field without which the row has no meaning is absent.
    MissingField,
    /// The record of another log.
    WrongProvider,
    /// Larger than 64 MiB.
    TooLarge,
    /// The compressed stream is damaged.
    CorruptCompression,
    /// The file has no bytes, or nothing but white space.
    EmptyFile,
}

impl Category {
    /// The word in `mfa_rejects()`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidUtf8 => "invalid_utf8",
            Self::TooDeep => "too_deep",
            Self::Syntax => "syntax",
            Self::Truncated => "truncated",
            Self::NotAnObject => "not_an_object",
            Self::DuplicateKey => "duplicate_key",
            Self::NumberOutOfRange => "number_out_of_range",
            Self::InvalidTimestamp => "invalid_timestamp",
            Self::MissingField => "missing_field",
            Self::WrongProvider => "wrong_provider",
            Self::TooLarge => "too_large",
            Self::CorruptCompression => "corrupt_compression",
            Self::EmptyFile => "empty_file",
        }
    }

    /// What it means, for an error message.
    pub const fn explain(self) -> &'static str {
        match self {
            Self::InvalidUtf8 => "not valid UTF-8",
            Self::TooDeep => "brackets nest deeper than 128 levels",
            Self::Syntax => "not valid JSON or CSV",
            Self::Truncated => "ends before it is complete",
            Self::NotAnObject => "not a JSON object",
            Self::DuplicateKey => "a key occurs twice",
            Self::NumberOutOfRange => "a number is out of range",
            Self::InvalidTimestamp => "a time cannot be read",
            Self::MissingField => "a required field is missing",
            Self::WrongProvider => "a record of another log",
            Self::TooLarge => "larger than 64 MiB",
            Self::CorruptCompression => "the compressed data is damaged",
            Self::EmptyFile => "the file is empty",
        }
    }
}

/// A record that was not read: why and where, never what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Why.
    pub category: Category,
    /// The field concerned, in the provider's or the contract's spelling.
    pub column: Option<Cow<'static, str>>,
    /// Bytes from the start of the record.
    pub offset: usize,
}

impl Reject {
    /// A reject of the whole record from `offset` on.
    pub fn at(category: Category, offset: usize) -> Self {
        Self { category, column: None, offset }
    }

    /// The same, naming the field.
    #[must_use]
    pub fn in_column(self, column: impl Into<Cow<'static, str>>) -> Self {
        Self { column: Some(column.into()), ..self }
    }
}

/// What a reader does with one record.
#[derive(Debug, Clone, Copy)]
pub enum Parse {
    /// One sign-in, or `None` for a record of the log that is no sign-in.
    SignIn(for<'a> fn(&'a [u8]) -> Result<Option<SignIn<'a>>, Reject>),
    /// Identities.
    Identities(for<'a> fn(Record<'a>) -> Result<Vec<Identity<'a>>, Reject>),
    /// Factors.
    Factors(for<'a> fn(Record<'a>) -> Result<Vec<Factor<'a>>, Reject>),
    /// Lifecycle events of factors.
    FactorEvents(for<'a> fn(Record<'a>) -> Result<Vec<FactorEvent<'a>>, Reject>),
    /// Sign-ins, by a mapping that the caller gives as a text: it makes the parser.
    Mapping(fn(&str) -> Result<Parse, MappingError>),
    /// The parser that a mapping has made.
    Mapped(&'static Mapping),
    /// Conditional-access policies.
    CaPolicies(for<'a> fn(Record<'a>) -> Result<Vec<CaPolicy<'a>>, Reject>),
}

/// One record as its framing delivers it.
#[derive(Debug, Clone, Copy)]
pub enum Record<'a> {
    /// A JSON value.
    Json(&'a [u8]),
    /// A line of a CSV file, with the header it belongs to.
    Csv(&'a csv::ByteRecord, &'a csv::ByteRecord),
}

/// How the records of a log are laid out in its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// JSON in any of its framings.
    Json,
    /// CSV with a header line.
    Csv,
    /// JSON, or else CSV with a header line, whose lines are delivered as JSON objects.
    Any,
}

/// A log that can be read.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// Name of the table function.
    pub name: &'static str,
    /// One sentence for the catalog.
    pub summary: &'static str,
    /// JSON or CSV.
    pub layout: Layout,
    /// A call that reads the sample data, from the root of the repository.
    pub example: &'static str,
    /// The parsers, the first being the default; a second is chosen by `rows := '…'`.
    pub parse: &'static [Parse],
    /// Where the vendor documents the log, by title.
    pub source: &'static str,
    /// Where to get it.
    pub export: &'static str,
    /// What a record may look like.
    pub shapes: &'static [&'static str],
    /// Records that belong to the log and become no row: what and why.
    pub ignores: &'static [(&'static str, &'static str)],
    /// For each parser the columns that it can fill, in the order of the relation. All others are NULL but `source_file` and
    /// `source_record`, which the engines fill.
    pub fills: &'static [&'static str],
}

impl Reader {
    /// Whether a call has to say, by `mapping := '…'`, how its log is read.
    pub fn is_mapped(&self) -> bool {
        matches!(self.parse, [Parse::Mapping(_)])
    }

    /// What the named parameters of a call ask for.
    ///
    /// # Errors
    /// A value that is not offered.
    pub fn resolve(
        &self,
        rows: Option<&str>,
        on_error: Option<&str>,
        max_rejects: Option<i64>,
        mapping: Option<&str>,
    ) -> Result<(Parse, Tolerance), String> {
        let name = self.name;
        let parse = match rows {
            None => self.parse[0],
            Some(rows) => *self.parse.iter().find(|parse| parse.rows() == rows).ok_or_else(|| {
                let choices: Vec<_> = self.parse.iter().map(|parse| format!("'{}'", parse.rows())).collect();
                format!("{name}: rows := '{rows}' is not offered; use {}", choices.join(" or "))
            })?,
        };
        let parse = match (parse, mapping) {
            (Parse::Mapping(compile), Some(text)) => {
                compile(text).map_err(|error| format!("{name}: mapping: {error}"))?
            }
            (Parse::Mapping(_), None) => {
                return Err(format!("{name}: mapping is missing; give a TOML file, or its text"));
            }
            (_, Some(_)) => return Err(format!("{name} has no parameter mapping")),
            (parse, None) => parse,
        };
        let fail = match on_error {
            None | Some("reject") => false,
            Some("fail") => true,
            Some(other) => return Err(format!("{name}: on_error := '{other}' is not offered; use 'reject' or 'fail'")),
        };
        let max_rejects = match max_rejects {
            None => u64::MAX,
            Some(number) => {
                u64::try_from(number).map_err(|_| format!("{name}: max_rejects := {number} must not be negative"))?
            }
        };
        Ok((parse, Tolerance { fail, max_rejects }))
    }
}

impl Parse {
    /// The word for `rows := '…'`.
    pub const fn rows(self) -> &'static str {
        match self {
            Self::SignIn(_) | Self::Mapping(_) | Self::Mapped(_) => "signins",
            Self::Identities(_) => "identities",
            Self::Factors(_) => "factors",
            Self::FactorEvents(_) => "factor_events",
            Self::CaPolicies(_) => "ca_policies",
        }
    }

    /// The columns of its rows.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::SignIn(_) | Self::Mapping(_) | Self::Mapped(_) => SignIn::COLUMNS,
            Self::Identities(_) => Identity::COLUMNS,
            Self::Factors(_) => Factor::COLUMNS,
            Self::FactorEvents(_) => FactorEvent::COLUMNS,
            Self::CaPolicies(_) => CaPolicy::COLUMNS,
        }
    }
}

/// Every log that can be read.
pub static READERS: &[Reader] = &[
    entra_signins::READER,
    entra_audits::READER,
    entra_ca_policies::READER,
    entra_risk_detections::READER,
    entra_registration::READER,
    entra_users::READER,
    o365_audit::READER,
    okta_system_log::READER,
    okta_users::READER,
    okta_factors::READER,
    duo_auth_log::READER,
    duo_users::READER,
    google_login_activity::READER,
    aws_cloudtrail::READER,
    aws_credential_report::READER,
    auth0_logs::READER,
    ocsf_authentication::READER,
    jumpcloud_events::READER,
    keycloak_events::READER,
    onelogin_events::READER,
    pingone_audit::READER,
    salesforce_login_history::READER,
    pingfederate_audit::READER,
    onepassword_signins::READER,
    lastpass_events::READER,
    mfa_signins::READER,
    mapped_signins::READER,
    mfa_identities::READER,
];

/// An id for a record whose log gives none: the same record always gets the same.
fn event_id(record: &[u8]) -> Cow<'static, str> {
    use sha2::Digest as _;
    use std::fmt::Write as _;
    let digest = sha2::Sha256::digest(record);
    let mut id = String::from("sha256:");
    for byte in digest.iter().take(16) {
        let _ = write!(id, "{byte:02x}");
    }
    Cow::Owned(id)
}

/// Lower case, copied only when it is not already.
fn lower(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.is_ascii() {
        Cow::Owned(text.to_lowercase())
    } else if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        text
    }
}

/// Whether `text` contains `word`, which is lower case, whatever the case of `text`.
fn contains(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let Some(first) = word.first() else {
        return true;
    };
    memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text)
        .any(|at| text[at..].get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word)))
}

/// Takes the first text that is present.
fn pick<'a, const N: usize>(texts: [&mut json::Text<'a>; N]) -> Option<Cow<'a, str>> {
    texts.into_iter().find_map(json::Text::take)
}
