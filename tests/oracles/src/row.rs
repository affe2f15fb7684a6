//! A row that owns its lists, so that tests can keep, change and compare it.

use mfa_core::policy::{self, Input};

/// A list of words, of which some may be unknown.
pub type Words<'a> = Option<Vec<Option<&'a str>>>;

/// One row. `None` is unknown, as in [`Input`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of `Input`")]
pub struct Row<'a> {
    pub subject: Option<Subject<'a>>,
    pub factors: Option<Vec<Factor<'a>>>,
    pub app: Option<App<'a>>,
    pub context: Option<Context<'a>>,
    pub exceptions: Option<Vec<Exception<'a>>>,
    pub as_of: Option<i64>,
}

/// Who is judged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of `Input`")]
pub struct Subject<'a> {
    pub id: Option<&'a str>,
    pub population: Option<&'a str>,
    pub roles: Words<'a>,
    pub privileged: Option<bool>,
    pub department: Option<&'a str>,
    pub region: Option<&'a str>,
    pub created_at: Option<i64>,
    pub fallback_started_at: Option<i64>,
}

/// A registered method.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of `Input`")]
pub struct Factor<'a> {
    pub method: Option<&'a str>,
    pub enrolled_at: Option<i64>,
    pub last_used_at: Option<i64>,
    pub attested: Option<bool>,
    pub number_matching: Option<bool>,
    pub user_verified: Option<bool>,
    pub status: Option<&'a str>,
}

/// The application that is accessed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of `Input`")]
pub struct App<'a> {
    pub id: Option<&'a str>,
    pub sensitivity: Option<&'a str>,
}

/// The session that accesses it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of `Input`")]
pub struct Context<'a> {
    pub signals: Words<'a>,
    pub protocol: Option<&'a str>,
    pub transaction: Option<&'a str>,
    pub used_methods: Words<'a>,
    pub mfa_at: Option<i64>,
    pub federated: Option<bool>,
    pub federation_attested: Option<bool>,
}

/// An exception given to the subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of `Input`")]
pub struct Exception<'a> {
    pub id: Option<&'a str>,
    pub criterion: Option<&'a str>,
    pub starts_at: Option<i64>,
    pub expires_at: Option<i64>,
    pub approvers: Words<'a>,
    pub attested_at: Option<i64>,
    pub scope: Option<&'a str>,
}

/// Hands several rows to the evaluator at once.
pub fn with_inputs(rows: &[Row<'_>], evaluate: &mut dyn FnMut(&[Input<'_>])) {
    fn add(rows: &[Row<'_>], inputs: &[Input<'_>], evaluate: &mut dyn FnMut(&[Input<'_>])) {
        match rows.split_first() {
            Some((row, rest)) => row.with_input(|input| add(rest, &[inputs, &[*input]].concat(), evaluate)),
            None => evaluate(inputs),
        }
    }
    add(rows, &[], evaluate);
}

impl Row<'_> {
    /// Hands the row to the evaluator as its input.
    pub fn with_input<T>(&self, evaluate: impl FnOnce(&Input<'_>) -> T) -> T {
        let factors: Option<Vec<_>> = self.factors.as_ref().map(|factors| {
            let borrowed = factors.iter().map(|factor| policy::FactorInput {
                method: factor.method,
                enrolled_at: factor.enrolled_at,
                last_used_at: factor.last_used_at,
                attested: factor.attested,
                number_matching: factor.number_matching,
                user_verified: factor.user_verified,
                status: factor.status,
            });
            borrowed.collect()
        });
        let exceptions: Option<Vec<_>> = self.exceptions.as_ref().map(|exceptions| {
            let borrowed = exceptions.iter().map(|exception| policy::ExceptionInput {
                id: exception.id,
                criterion: exception.criterion,
                starts_at: exception.starts_at,
                expires_at: exception.expires_at,
                approvers: exception.approvers.as_deref(),
                attested_at: exception.attested_at,
                scope: exception.scope,
            });
            borrowed.collect()
        });
        evaluate(&Input {
            subject: self.subject.as_ref().map(|subject| policy::Subject {
                id: subject.id,
                population: subject.population,
                roles: subject.roles.as_deref(),
                privileged: subject.privileged,
                department: subject.department,
                region: subject.region,
                created_at: subject.created_at,
                fallback_started_at: subject.fallback_started_at,
            }),
            factors: factors.as_deref(),
            app: self.app.as_ref().map(|app| policy::App { id: app.id, sensitivity: app.sensitivity }),
            context: self.context.as_ref().map(|context| policy::Context {
                signals: context.signals.as_deref(),
                protocol: context.protocol,
                transaction: context.transaction,
                used_methods: context.used_methods.as_deref(),
                mfa_at: context.mfa_at,
                federated: context.federated,
                federation_attested: context.federation_attested,
            }),
            exceptions: exceptions.as_deref(),
            as_of: self.as_of,
        })
    }
}
