//! `mfa_evaluate` and `mfa_explain`: the policy engine over the columns of an engine.
//!
//! STRUCT arguments are matched by field name. A field that is missing is unknown, one that is not asked for is ignored.

use std::cell::RefCell;

use super::{Column, Expected, Output, Shape, Type};
use crate::Word;
use crate::model::Strength;
use crate::policy::{
    Attribute, Compiled, DEFAULT_POLICY, Evaluator, ExceptionInput, Explanation, Factor, Row, Session, Verdict,
};

/// What `mfa_evaluate` returns.
pub(super) fn decision() -> Type {
    use Type::{Interval, Timestamptz, UInteger, UTinyint, Varchar};
    Type::Struct(vec![
        ("decision", Varchar),
        ("would_decision", Varchar),
        ("enrolment", Varchar),
        ("session", Varchar),
        ("required_mask", UInteger),
        ("reason_mask", UInteger),
        ("grace_deadline", Timestamptz),
        ("stage", UTinyint),
        ("matched_rule_id", Varchar),
        ("required_strength", UTinyint),
        ("max_age", Interval),
        ("tier", Varchar),
        ("wave", Varchar),
        ("policy_hash", Varchar),
        ("strength", Varchar),
    ])
}

/// Hands each row, and the policy for it, to `each`.
fn rows<'a, C: Column>(
    arguments: &'a [C],
    rows: usize,
    mut each: impl FnMut(&mut Evaluator, &At<'_, 'a, C>, usize, bool),
) -> Result<(), String> {
    let [subject, factors, app, context, exceptions, as_of, ..] = arguments else {
        return Err("six arguments are needed".to_owned());
    };
    as_of.expect(Expected::Timestamp, "as_of")?;
    let columns = Columns {
        subject: SubjectFields::new(subject)?,
        factors: FactorFields::new(factors)?,
        app: AppFields::new(app)?,
        context: ContextFields::new(context)?,
        exceptions: ExceptionFields::new(exceptions)?,
        as_of,
    };
    let policy = arguments.get(6);
    EVALUATORS.with_borrow_mut(|evaluators| {
        let mut last = "";
        for row in 0..rows {
            let document = policy.and_then(|policy| policy.text(row)).unwrap_or(DEFAULT_POLICY);
            // The rows of a constant share one text; looking at where it is saves comparing it.
            let is_new = row == 0 || !std::ptr::eq(document, last);
            if is_new {
                evaluators.choose(document)?;
                last = document;
            }
            each(&mut evaluators.kept[evaluators.chosen].1, &At::new(&columns, row), row, is_new);
        }
        Ok(())
    })
}

pub(super) fn evaluate<C: Column, O: Output>(arguments: &[C], count: usize, result: &mut O) -> Result<(), String> {
    let mut texts = Texts::default();
    rows(arguments, count, |evaluator, at, row, is_new| {
        if is_new {
            texts = Texts::default();
        }
        write(&evaluator.evaluate(at), row, result, &mut texts);
    })
}

/// What `mfa_explain` returns: what became of every rule.
pub(super) fn explanation() -> Type {
    use Type::{Boolean, Varchar};
    Type::list(Type::Struct(vec![
        ("section", Varchar),
        ("rule", Varchar),
        ("applied", Boolean),
        ("reason", Varchar),
        ("satisfied", Boolean),
        ("asks", Varchar),
    ]))
}

pub(super) fn explain<C: Column, O: Output>(arguments: &[C], count: usize, result: &mut O) -> Result<(), String> {
    rows(arguments, count, |evaluator, at, row, _| {
        let lines = evaluator.policy().explain(at);
        result.list(row, lines.len(), |line, row, index| {
            let Explanation { section, rule, applied, reason, satisfied, asks } = &lines[index];
            line.field(0).text(row, section);
            line.field(1).optional_text(row, rule.as_deref());
            line.field(2).boolean(row, *applied);
            line.field(3).optional_text(row, *reason);
            line.field(4).optional(row, *satisfied, O::boolean);
            line.field(5).optional_text(row, asks.as_deref());
        });
    })
}

/// The long texts last written to each field: where they were read, and to which row they were written. Valid as long as
/// the policy is the same, to which they belong.
#[derive(Default)]
struct Texts {
    last: [(usize, usize); 15],
}

impl Texts {
    /// Writes a word of the policy, or of the program; a long one that was written before is shared.
    #[inline]
    fn write<O: Output>(&mut self, result: &mut O, field: usize, row: usize, word: Word<'_>) {
        let writer = result.field(field);
        if let Some(words) = word.words() {
            writer.inline_text(row, words);
            return;
        }
        let text = word.as_str();
        let (at, earlier) = self.last[field];
        if at == text.as_ptr().addr() {
            writer.text_again(row, earlier);
        } else {
            writer.text(row, text);
            self.last[field] = (text.as_ptr().addr(), row);
        }
    }

    #[inline]
    fn write_optional<O: Output>(&mut self, result: &mut O, field: usize, row: usize, word: Option<Word<'_>>) {
        match word {
            Some(word) => self.write(result, field, row, word),
            None => result.field(field).null(row),
        }
    }
}

#[inline]
fn write<O: Output>(verdict: &Verdict<Word<'_>>, row: usize, result: &mut O, texts: &mut Texts) {
    texts.write(result, 0, row, verdict.decision.as_word());
    texts.write(result, 1, row, verdict.would_decision.as_word());
    texts.write(result, 2, row, verdict.enrolment.as_word());
    texts.write_optional(result, 3, row, verdict.session.map(Session::as_word));
    result.field(4).uinteger(row, verdict.required_mask);
    result.field(5).uinteger(row, verdict.reason_mask);
    result.field(6).optional(row, verdict.grace_deadline, O::bigint);
    result.field(7).optional(row, verdict.stage, O::utinyint);
    texts.write_optional(result, 8, row, verdict.matched_rule_id);
    result.field(9).optional(row, verdict.required_strength, O::utinyint);
    result.field(10).optional(row, verdict.max_age_micros, O::interval);
    texts.write_optional(result, 11, row, verdict.tier);
    texts.write_optional(result, 12, row, verdict.wave);
    texts.write(result, 13, row, verdict.policy_hash);
    texts.write_optional(result, 14, row, verdict.strength.map(Strength::as_word));
}

/// How many policies a thread keeps; a query has one, a comparison two.
const KEPT: usize = 16;

thread_local! {
    static EVALUATORS: RefCell<Evaluators> = const { RefCell::new(Evaluators { kept: Vec::new(), chosen: 0 }) };
}

/// The policies seen by this thread, compiled, with the documents they were compiled from.
struct Evaluators {
    kept: Vec<(String, Evaluator)>,
    chosen: usize,
}

impl Evaluators {
    /// Chooses the policy of a document.
    fn choose(&mut self, document: &str) -> Result<(), String> {
        if let Some(known) = self.kept.iter().position(|(text, _)| text == document) {
            self.chosen = known;
            return Ok(());
        }
        let compiled = Compiled::parse(document).map_err(|error| error.to_string())?;
        if self.kept.len() == KEPT {
            self.kept.remove(0);
        }
        self.kept.push((document.to_owned(), Evaluator::new(compiled)));
        self.chosen = self.kept.len() - 1;
        Ok(())
    }
}

/// A STRUCT argument, or the elements of a list of them.
macro_rules! fields {
    ($name:ident = $argument:literal { $($(#[$meta:meta])* $field:ident: $expected:ident,)* }) => {
        struct $name<'a, C> {
            whole: &'a C,
            $($(#[$meta])* $field: Option<&'a C>,)*
        }

        impl<'a, C: Column> $name<'a, C> {
            /// Finds the fields in `structs`, which is `whole` or its elements, and checks their types.
            fn find(whole: &'a C, structs: Option<&'a C>) -> Result<Self, String> {
                $(
                    let $field = structs.and_then(|vector| vector.field(stringify!($field)));
                    if let Some(vector) = $field {
                        vector.expect(Expected::$expected, concat!($argument, ".", stringify!($field)))?;
                    }
                )*
                Ok(Self { whole, $($field,)* })
            }
        }
    };
}

fields! { SubjectFields = "subject" {
    id: Text, population: Text, roles: TextList, privileged: Boolean, department: Text, region: Text,
    created_at: Timestamp, fallback_started_at: Timestamp,
} }
fields! { FactorFields = "factors" {
    method: Text, enrolled_at: Timestamp, last_used_at: Timestamp, attested: Boolean, number_matching: Boolean,
    #[expect(dead_code, reason = "its type is checked; no policy asks for it yet")]
    user_verified: Boolean,
    status: Text,
} }
fields! { AppFields = "app" { id: Text, sensitivity: Text, } }
fields! { ContextFields = "context" {
    signals: TextList, protocol: Text, transaction: Text, used_methods: TextList, mfa_at: Timestamp, federated: Boolean,
    federation_attested: Boolean,
} }
fields! { ExceptionFields = "exceptions" {
    id: Text, criterion: Text, starts_at: Timestamp, expires_at: Timestamp, approvers: TextList, attested_at: Timestamp,
    scope: Text,
} }

impl<'a, C: Column> SubjectFields<'a, C> {
    fn new(vector: &'a C) -> Result<Self, String> {
        vector.expect(Expected::Struct, "subject")?;
        Self::find(vector, Some(vector))
    }
}

impl<'a, C: Column> AppFields<'a, C> {
    fn new(vector: &'a C) -> Result<Self, String> {
        vector.expect(Expected::Struct, "app")?;
        Self::find(vector, Some(vector))
    }
}

impl<'a, C: Column> ContextFields<'a, C> {
    fn new(vector: &'a C) -> Result<Self, String> {
        vector.expect(Expected::Struct, "context")?;
        Self::find(vector, Some(vector))
    }
}

impl<'a, C: Column> FactorFields<'a, C> {
    fn new(vector: &'a C) -> Result<Self, String> {
        vector.expect(Expected::Factors, "factors")?;
        let mut fields = Self::find(vector, vector.element())?;
        if vector.element().is_some_and(|element| element.shape() != Shape::Struct) {
            fields.method = vector.element();
        }
        Ok(fields)
    }
}

impl<'a, C: Column> ExceptionFields<'a, C> {
    fn new(vector: &'a C) -> Result<Self, String> {
        vector.expect(Expected::StructList, "exceptions")?;
        Self::find(vector, vector.element())
    }
}

/// The arguments.
struct Columns<'a, C> {
    subject: SubjectFields<'a, C>,
    factors: FactorFields<'a, C>,
    app: AppFields<'a, C>,
    context: ContextFields<'a, C>,
    exceptions: ExceptionFields<'a, C>,
    as_of: &'a C,
}

/// One row of them.
struct At<'r, 'a, C> {
    columns: &'r Columns<'a, C>,
    row: usize,
    /// Whether the STRUCTs are there: the fields of one that is not need not be NULL.
    subject: bool,
    app: bool,
    context: bool,
}

impl<'r, 'a, C: Column> At<'r, 'a, C> {
    #[inline]
    fn new(columns: &'r Columns<'a, C>, row: usize) -> Self {
        Self {
            columns,
            row,
            subject: columns.subject.whole.is_valid(row),
            app: columns.app.whole.is_valid(row),
            context: columns.context.whole.is_valid(row),
        }
    }
}

#[inline]
fn text(field: Option<&impl Column>, row: usize) -> Option<&str> {
    field?.text(row)
}

#[inline]
fn word(field: Option<&impl Column>, row: usize) -> Option<Word<'_>> {
    field?.word(row)
}

#[inline]
fn boolean(field: Option<&impl Column>, row: usize) -> Option<bool> {
    field?.boolean(row)
}

#[inline]
fn timestamp(field: Option<&impl Column>, row: usize) -> Option<i64> {
    field?.timestamp(row)
}

/// Hands on the words of a list; false where there is none.
#[inline]
fn words<'v, C: Column>(field: Option<&'v C>, row: usize, each: impl FnMut(Option<Word<'v>>)) -> bool {
    let list = field.and_then(|field| Some((field.list(row)?, field.element()?)));
    list.map(|(rows, element)| rows.map(|row| element.word(row)).for_each(each)).is_some()
}

impl<C: Column> Row for At<'_, '_, C> {
    #[inline]
    fn has_subject(&self) -> bool {
        self.subject
    }

    #[inline]
    fn has_app(&self) -> bool {
        self.app
    }

    #[inline]
    fn has_context(&self) -> bool {
        self.context
    }

    #[inline]
    fn word(&self, attribute: Attribute) -> Option<Word<'_>> {
        let Columns { subject, app, context, .. } = self.columns;
        let (is_there, field) = match attribute {
            Attribute::Population => (self.subject, subject.population),
            Attribute::Department => (self.subject, subject.department),
            Attribute::Region => (self.subject, subject.region),
            Attribute::App => (self.app, app.id),
            Attribute::Sensitivity => (self.app, app.sensitivity),
            Attribute::Protocol => (self.context, context.protocol),
            Attribute::Transaction => (self.context, context.transaction),
            Attribute::Role | Attribute::Signal => (false, None),
        };
        if is_there { word(field, self.row) } else { None }
    }

    #[inline]
    fn words(&self, attribute: Attribute, each: impl FnMut(Option<Word<'_>>)) -> bool {
        match attribute {
            Attribute::Role => self.subject && words(self.columns.subject.roles, self.row, each),
            Attribute::Signal => self.context && words(self.columns.context.signals, self.row, each),
            _ => false,
        }
    }

    fn subject_id(&self) -> Option<&str> {
        if self.subject { text(self.columns.subject.id, self.row) } else { None }
    }

    #[inline]
    fn privileged(&self) -> Option<bool> {
        if self.subject { boolean(self.columns.subject.privileged, self.row) } else { None }
    }

    #[inline]
    fn created_at(&self) -> Option<i64> {
        if self.subject { timestamp(self.columns.subject.created_at, self.row) } else { None }
    }

    #[inline]
    fn fallback_started_at(&self) -> Option<i64> {
        if self.subject { timestamp(self.columns.subject.fallback_started_at, self.row) } else { None }
    }

    #[inline]
    fn factors(&self, mut each: impl FnMut(Factor)) -> bool {
        let factors = &self.columns.factors;
        // Names alone are those of active factors.
        let are_names = factors.whole.element().is_some_and(|element| element.shape() != Shape::Struct);
        let Some(rows) = factors.whole.list(self.row) else {
            return false;
        };
        for row in rows {
            each(Factor {
                method: word(factors.method, row).map(Factor::method),
                enrolled_at: timestamp(factors.enrolled_at, row),
                last_used_at: timestamp(factors.last_used_at, row),
                attested: boolean(factors.attested, row),
                number_matching: boolean(factors.number_matching, row),
                is_active: if are_names { Some(true) } else { word(factors.status, row).map(Factor::is_active) },
            });
        }
        true
    }

    #[inline]
    fn used_methods(&self, each: impl FnMut(Option<Word<'_>>)) -> bool {
        self.context && words(self.columns.context.used_methods, self.row, each)
    }

    #[inline]
    fn mfa_at(&self) -> Option<i64> {
        if self.context { timestamp(self.columns.context.mfa_at, self.row) } else { None }
    }

    #[inline]
    fn federated(&self) -> Option<bool> {
        if self.context { boolean(self.columns.context.federated, self.row) } else { None }
    }

    #[inline]
    fn federation_attested(&self) -> Option<bool> {
        if self.context { boolean(self.columns.context.federation_attested, self.row) } else { None }
    }

    fn exceptions(&self, mut each: impl FnMut(&ExceptionInput<'_>)) -> bool {
        let exceptions = &self.columns.exceptions;
        let Some(rows) = exceptions.whole.list(self.row) else {
            return false;
        };
        let mut approvers = Vec::new();
        for row in rows {
            approvers.clear();
            let is_list = words(exceptions.approvers, row, |approver| approvers.push(approver.map(Word::as_str)));
            each(&ExceptionInput {
                id: text(exceptions.id, row),
                criterion: text(exceptions.criterion, row),
                starts_at: timestamp(exceptions.starts_at, row),
                expires_at: timestamp(exceptions.expires_at, row),
                approvers: is_list.then_some(&approvers),
                attested_at: timestamp(exceptions.attested_at, row),
                scope: text(exceptions.scope, row),
            });
        }
        true
    }

    #[inline]
    fn as_of(&self) -> Option<i64> {
        self.columns.as_of.timestamp(self.row)
    }
}
