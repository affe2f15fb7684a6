//! What a decision is made from: one row, borrowed from the engine's memory.
//!
//! A missing value is unknown, an empty list is none, and a missing element of a list is one that nobody knows. Instants are
//! microseconds since 1970 in UTC.
//!
//! [`Row`] is how the evaluator reads a row, wherever an engine keeps it; [`Input`] is a row in plain Rust.

use crate::model::Method;
use crate::{Name, Word};

/// One row to decide. `None` is unknown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Input<'a> {
    /// Who.
    pub subject: Option<Subject<'a>>,
    /// What they have registered.
    pub factors: Option<&'a [FactorInput<'a>]>,
    /// Where they want to go. With `context` absent too, there is no session.
    pub app: Option<App<'a>>,
    /// The session. With `app` absent too, there is none.
    pub context: Option<Context<'a>>,
    /// Exceptions given to them.
    pub exceptions: Option<&'a [ExceptionInput<'a>]>,
    /// When.
    pub as_of: Option<i64>,
}

/// Who is judged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    /// As approvers of exceptions are named.
    pub id: Option<&'a str>,
    /// workforce, contractor, partner, guest, service, break_glass, …
    pub population: Option<&'a str>,
    /// Roles held.
    pub roles: Option<&'a [Option<&'a str>]>,
    /// Whether an administrative role is held.
    pub privileged: Option<bool>,
    /// Department.
    pub department: Option<&'a str>,
    /// Region.
    pub region: Option<&'a str>,
    /// When the account was created.
    pub created_at: Option<i64>,
    /// When a fallback method was first used.
    pub fallback_started_at: Option<i64>,
}

/// A registered method.
#[derive(Debug, Clone, Copy, Default)]
pub struct FactorInput<'a> {
    /// Canonical method.
    pub method: Option<&'a str>,
    /// When it was registered. One that is registered later than `as_of` is not there yet; unknown is earlier.
    pub enrolled_at: Option<i64>,
    /// When it was last used.
    pub last_used_at: Option<i64>,
    /// Whether the authenticator's make was proven.
    pub attested: Option<bool>,
    /// Whether a push asks for a number. Unknown is what the method's name says.
    pub number_matching: Option<bool>,
    /// Whether the authenticator verifies its user.
    pub user_verified: Option<bool>,
    /// Counts when `active`.
    pub status: Option<&'a str>,
}

/// The application that is accessed.
#[derive(Debug, Clone, Copy, Default)]
pub struct App<'a> {
    /// Its id.
    pub id: Option<&'a str>,
    /// critical, normal, low, …
    pub sensitivity: Option<&'a str>,
}

/// The session that accesses it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// Risk signals.
    pub signals: Option<&'a [Option<&'a str>]>,
    /// Protocol.
    pub protocol: Option<&'a str>,
    /// Kind of transaction.
    pub transaction: Option<&'a str>,
    /// Canonical methods used to sign in. Empty where nothing was asked.
    pub used_methods: Option<&'a [Option<&'a str>]>,
    /// When MFA was last done in the session.
    pub mfa_at: Option<i64>,
    /// Whether another provider signed the subject in, so that all methods are its claim. Unknown is what the methods say.
    pub federated: Option<bool>,
    /// Whether that provider's claim is attested.
    pub federation_attested: Option<bool>,
}

/// An exception given to the subject.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExceptionInput<'a> {
    /// Its id.
    pub id: Option<&'a str>,
    /// The ground it was given on.
    pub criterion: Option<&'a str>,
    /// First instant at which it holds.
    pub starts_at: Option<i64>,
    /// First instant at which it no longer does.
    pub expires_at: Option<i64>,
    /// Who approved it, as `role:person` or, where the person is not known, `role`. A person counts once.
    pub approvers: Option<&'a [Option<&'a str>]>,
    /// Last attestation that it is still needed.
    pub attested_at: Option<i64>,
    /// `session` where it relaxes the session too; unknown names nothing.
    pub scope: Option<&'a str>,
}

/// An attribute that conditions compare with words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    /// Population of the subject.
    Population,
    /// Department of the subject.
    Department,
    /// Region of the subject.
    Region,
    /// Id of the application.
    App,
    /// Sensitivity of the application.
    Sensitivity,
    /// Protocol of the session.
    Protocol,
    /// Kind of transaction.
    Transaction,
    /// Roles of the subject: several words.
    Role,
    /// Risk signals of the session: several words.
    Signal,
}

impl Attribute {
    /// Those that hold one word.
    pub(super) const SINGLE: [Self; 7] = [
        Self::Population,
        Self::Department,
        Self::Region,
        Self::App,
        Self::Sensitivity,
        Self::Protocol,
        Self::Transaction,
    ];
    /// Those that hold several.
    pub(super) const SEVERAL: [Self; 2] = [Self::Role, Self::Signal];
    pub(super) const COUNT: usize = Self::SINGLE.len() + Self::SEVERAL.len();
}

/// What counts of a registered method: see [`FactorInput`]. Small, so that it is handed on without going through memory.
#[derive(Debug, Clone, Copy)]
pub struct Factor {
    /// [`FactorInput::method`]: unknown where that is no canonical name.
    pub method: Option<Method>,
    /// Whether [`FactorInput::status`] is `active`.
    pub is_active: Option<bool>,
    /// [`FactorInput::enrolled_at`].
    pub enrolled_at: Option<i64>,
    /// [`FactorInput::last_used_at`].
    pub last_used_at: Option<i64>,
    /// [`FactorInput::attested`].
    pub attested: Option<bool>,
    /// [`FactorInput::number_matching`].
    pub number_matching: Option<bool>,
}

impl Factor {
    /// The method that a word names.
    #[inline]
    pub fn method(name: Word<'_>) -> Method {
        Method::from_word(name).unwrap_or(Method::Unknown)
    }

    /// Whether a status is one that counts.
    #[inline]
    pub fn is_active(status: Word<'_>) -> bool {
        const ACTIVE: Name = Name::of("active");
        status.is(&ACTIVE)
    }
}

/// A row to decide, read where it is. What is asked for is what the policy needs; the rest is never read.
///
/// Lists are handed to `each`, element by element; the answer is false where the list itself is missing.
pub trait Row {
    /// Whether there is a subject.
    fn has_subject(&self) -> bool;
    /// Whether there is an application.
    fn has_app(&self) -> bool;
    /// Whether there is a session.
    fn has_context(&self) -> bool;
    /// An attribute that holds one word.
    fn word(&self, attribute: Attribute) -> Option<Word<'_>>;
    /// An attribute that holds one word, of rows that follow each other; `each` is told which. An engine that keeps columns
    /// can have a faster way.
    #[inline]
    fn each_word(rows: &[Self], attribute: Attribute, mut each: impl FnMut(usize, Option<Word<'_>>))
    where
        Self: Sized,
    {
        rows.iter().enumerate().for_each(|(index, row)| each(index, row.word(attribute)));
    }
    /// An attribute that holds several words.
    fn words(&self, attribute: Attribute, each: impl FnMut(Option<Word<'_>>)) -> bool;
    /// [`Subject::id`].
    fn subject_id(&self) -> Option<&str>;
    /// [`Subject::privileged`].
    fn privileged(&self) -> Option<bool>;
    /// [`Subject::created_at`].
    fn created_at(&self) -> Option<i64>;
    /// [`Subject::fallback_started_at`].
    fn fallback_started_at(&self) -> Option<i64>;
    /// [`Input::factors`].
    fn factors(&self, each: impl FnMut(Factor)) -> bool;
    /// [`Context::used_methods`]: unknown where that is no canonical name.
    fn used_methods(&self, each: impl FnMut(Option<Method>)) -> bool;
    /// [`Context::mfa_at`].
    fn mfa_at(&self) -> Option<i64>;
    /// [`Context::federated`].
    fn federated(&self) -> Option<bool>;
    /// [`Context::federation_attested`].
    fn federation_attested(&self) -> Option<bool>;
    /// [`Input::exceptions`].
    fn exceptions(&self, each: impl FnMut(&ExceptionInput<'_>)) -> bool;
    /// [`Input::as_of`].
    fn as_of(&self) -> Option<i64>;
}

fn each_of(list: Option<&[Option<&str>]>, mut each: impl FnMut(Option<Word<'_>>)) -> bool {
    list.map(|list| list.iter().for_each(|text| each(text.map(Word::new)))).is_some()
}

impl Row for Input<'_> {
    fn has_subject(&self) -> bool {
        self.subject.is_some()
    }

    fn has_app(&self) -> bool {
        self.app.is_some()
    }

    fn has_context(&self) -> bool {
        self.context.is_some()
    }

    fn word(&self, attribute: Attribute) -> Option<Word<'_>> {
        let text = match attribute {
            Attribute::Population => self.subject?.population,
            Attribute::Department => self.subject?.department,
            Attribute::Region => self.subject?.region,
            Attribute::App => self.app?.id,
            Attribute::Sensitivity => self.app?.sensitivity,
            Attribute::Protocol => self.context?.protocol,
            Attribute::Transaction => self.context?.transaction,
            Attribute::Role | Attribute::Signal => None,
        };
        text.map(Word::new)
    }

    fn words(&self, attribute: Attribute, each: impl FnMut(Option<Word<'_>>)) -> bool {
        let list = match attribute {
            Attribute::Role => self.subject.and_then(|subject| subject.roles),
            Attribute::Signal => self.context.and_then(|context| context.signals),
            _ => None,
        };
        each_of(list, each)
    }

    fn subject_id(&self) -> Option<&str> {
        self.subject?.id
    }

    fn privileged(&self) -> Option<bool> {
        self.subject?.privileged
    }

    fn created_at(&self) -> Option<i64> {
        self.subject?.created_at
    }

    fn fallback_started_at(&self) -> Option<i64> {
        self.subject?.fallback_started_at
    }

    fn factors(&self, mut each: impl FnMut(Factor)) -> bool {
        let factors = self.factors.map(|factors| {
            factors.iter().for_each(|factor| {
                each(Factor {
                    method: factor.method.map(Word::new).map(Factor::method),
                    enrolled_at: factor.enrolled_at,
                    last_used_at: factor.last_used_at,
                    attested: factor.attested,
                    number_matching: factor.number_matching,
                    is_active: factor.status.map(Word::new).map(Factor::is_active),
                });
            });
        });
        factors.is_some()
    }

    fn used_methods(&self, mut each: impl FnMut(Option<Method>)) -> bool {
        each_of(self.context.and_then(|context| context.used_methods), |name| each(name.map(Factor::method)))
    }

    fn mfa_at(&self) -> Option<i64> {
        self.context?.mfa_at
    }

    fn federated(&self) -> Option<bool> {
        self.context?.federated
    }

    fn federation_attested(&self) -> Option<bool> {
        self.context?.federation_attested
    }

    fn exceptions(&self, each: impl FnMut(&ExceptionInput<'_>)) -> bool {
        self.exceptions.map(|exceptions| exceptions.iter().for_each(each)).is_some()
    }

    fn as_of(&self) -> Option<i64> {
        self.as_of
    }
}
