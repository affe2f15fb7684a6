//! What a decision is made from: one row, borrowed from the engine's memory.
//!
//! A missing value is unknown, an empty list is none. Instants are microseconds since 1970 in UTC.

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
    pub roles: Option<&'a [&'a str]>,
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
    pub signals: Option<&'a [&'a str]>,
    /// Protocol.
    pub protocol: Option<&'a str>,
    /// Kind of transaction.
    pub transaction: Option<&'a str>,
    /// Canonical methods used.
    pub used_methods: Option<&'a [&'a str]>,
    /// When MFA was last done in the session.
    pub mfa_at: Option<i64>,
    /// Whether another provider signed the subject in.
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
    pub approvers: Option<&'a [&'a str]>,
    /// Last attestation that it is still needed.
    pub attested_at: Option<i64>,
    /// `session` where it relaxes the session too.
    pub scope: Option<&'a str>,
}
