//! `mfa_evaluate` and `mfa_explain`: the policy engine over the columns of an engine.
//!
//! STRUCT arguments are matched by field name. A field that is missing is unknown, one that is not asked for is ignored.

use std::cell::RefCell;

use super::{Column, Expected, Output, RUN, Shape, Type};
use crate::model::{Method, Strength};
use crate::policy::{
    Attribute, Compiled, DEFAULT_POLICY, Evaluator, ExceptionInput, Explanation, Factor, Row, Session, Verdict,
};
use crate::{Name, Word};

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

/// Hands rows and the policy for them to `each`: some that follow each other, of one run ([`RUN`]).
fn rows<'a, C: Column>(
    arguments: &'a [C],
    count: usize,
    mut each: impl FnMut(&mut Evaluator, &[At<'_, 'a, C>], usize),
) -> Result<(), String> {
    let [subject, factors, app, context, exceptions, as_of, ..] = arguments else {
        return Err("six arguments are needed".to_owned());
    };
    as_of.expect(Expected::Timestamp, "as_of")?;
    let mut columns = Columns {
        subject: SubjectFields::new(subject)?,
        factors: FactorFields::new(factors)?,
        app: AppFields::new(app)?,
        context: ContextFields::new(context)?,
        exceptions: ExceptionFields::new(exceptions)?,
        as_of,
        of_factors: Vec::new(),
        used_methods: Vec::new(),
    };
    columns.read();
    let policy = arguments.get(6);
    let document = |row| policy.and_then(|policy| policy.text(row)).unwrap_or(DEFAULT_POLICY);
    EVALUATORS.with_borrow_mut(|evaluators| {
        let (mut first, mut last) = (0, "");
        while first < count {
            let chosen = document(first);
            // The rows of a constant share one text; looking at where it is saves comparing it.
            let is_same = |other: &str| std::ptr::eq(chosen, other);
            if !is_same(last) {
                evaluators.choose(chosen)?;
                last = chosen;
            }
            let window = first..(first / RUN * RUN + RUN).min(count);
            let end = window.clone().find(|row| !is_same(document(*row))).unwrap_or(window.end);
            let run: Vec<_> = (first..end).map(|row| At::new(&columns, row)).collect();
            each(&mut evaluators.kept[evaluators.chosen].1, &run, first);
            first = end;
        }
        Ok(())
    })
}

pub(super) fn evaluate<C: Column, O: Output>(arguments: &[C], count: usize, result: &mut O) -> Result<(), String> {
    rows(arguments, count, |evaluator, run, first| write(&evaluator.evaluate_all(run), first, result))
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
    rows(arguments, count, |evaluator, run, first| {
        for (row, at) in (first..).zip(run) {
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
        }
    })
}

/// Writes the verdicts on a run of rows, field by field.
fn write<O: Output>(verdicts: &[Verdict<&Name>], first: usize, result: &mut O) {
    let all = || verdicts.iter();
    result.field(0).names(first, verdicts, |verdict| Some(verdict.decision.as_name()));
    result.field(1).names(first, verdicts, |verdict| Some(verdict.would_decision.as_name()));
    result.field(2).names(first, verdicts, |verdict| Some(verdict.enrolment.as_name()));
    result.field(3).names(first, verdicts, |verdict| verdict.session.map(Session::as_name));
    result.field(4).uintegers(first, all().map(|verdict| Some(verdict.required_mask)));
    result.field(5).uintegers(first, all().map(|verdict| Some(verdict.reason_mask)));
    result.field(6).bigints(first, all().map(|verdict| verdict.grace_deadline));
    result.field(7).utinyints(first, all().map(|verdict| verdict.stage));
    result.field(8).names(first, verdicts, |verdict| verdict.matched_rule_id);
    result.field(9).utinyints(first, all().map(|verdict| verdict.required_strength));
    result.field(10).intervals(first, all().map(|verdict| verdict.max_age_micros));
    result.field(11).names(first, verdicts, |verdict| verdict.tier);
    result.field(12).names(first, verdicts, |verdict| verdict.wave);
    if let [one, ..] = verdicts {
        result.field(13).name(first, verdicts.len(), one.policy_hash);
    }
    result.field(14).names(first, verdicts, |verdict| verdict.strength.map(Strength::as_name));
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

/// The arguments. Words of which there are as many as can be are read before anything else, all of them in turn: how long
/// the list of a row is, nobody could foretell, and waiting for it costs more than a word.
struct Columns<'a, C> {
    subject: SubjectFields<'a, C>,
    factors: FactorFields<'a, C>,
    app: AppFields<'a, C>,
    context: ContextFields<'a, C>,
    exceptions: ExceptionFields<'a, C>,
    as_of: &'a C,
    /// All but the instants.
    of_factors: Vec<Factor>,
    used_methods: Vec<Option<Method>>,
}

impl<C: Column> Columns<'_, C> {
    fn read(&mut self) {
        let FactorFields { whole, method, attested, number_matching, status, .. } = self.factors;
        let element = whole.element();
        // Names alone are those of active factors.
        let are_names = element.is_some_and(|element| element.shape() != Shape::Struct);
        let blank = Factor {
            method: None,
            is_active: are_names.then_some(true),
            enrolled_at: None,
            last_used_at: None,
            attested: None,
            number_matching: None,
        };
        let factors = &mut self.of_factors;
        factors.resize(element.map_or(0, C::rows), blank);
        if let Some(methods) = method {
            methods.all_words(|row, word| factors[row].method = word.map(Factor::method));
        }
        if let Some(statuses) = status {
            statuses.all_words(|row, word| factors[row].is_active = word.map(Factor::is_active));
        }
        if attested.is_some() || number_matching.is_some() {
            for (row, factor) in factors.iter_mut().enumerate() {
                factor.attested = boolean(attested, row);
                factor.number_matching = boolean(number_matching, row);
            }
        }
        if let Some(used) = self.context.used_methods.and_then(C::element) {
            self.used_methods.resize(used.rows(), None);
            used.all_words(|row, word| self.used_methods[row] = word.map(Factor::method));
        }
    }

    /// Where an attribute that holds one word is read, and the STRUCT that it is in.
    #[inline]
    fn field(&self, attribute: Attribute) -> Option<(&C, &C)> {
        let Self { subject, app, context, .. } = self;
        let (whole, field) = match attribute {
            Attribute::Population => (subject.whole, subject.population),
            Attribute::Department => (subject.whole, subject.department),
            Attribute::Region => (subject.whole, subject.region),
            Attribute::App => (app.whole, app.id),
            Attribute::Sensitivity => (app.whole, app.sensitivity),
            Attribute::Protocol => (context.whole, context.protocol),
            Attribute::Transaction => (context.whole, context.transaction),
            Attribute::Role | Attribute::Signal => return None,
        };
        field.map(|field| (whole, field))
    }
}

/// One row of them. Those of a slice follow each other, and are of one run.
struct At<'r, 'a, C> {
    columns: &'r Columns<'a, C>,
    row: usize,
    /// Whether the STRUCTs are there: the fields of one that is not need not be NULL.
    subject: bool,
    app: bool,
    context: bool,
    as_of: Option<i64>,
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
            as_of: columns.as_of.timestamp(row),
        }
    }
}

#[inline]
fn text(field: Option<&impl Column>, row: usize) -> Option<&str> {
    field?.text(row)
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
        let (whole, field) = self.columns.field(attribute)?;
        if whole.is_valid(self.row) { field.word(self.row) } else { None }
    }

    #[inline]
    fn each_word(run: &[Self], attribute: Attribute, each: impl FnMut(usize, Option<Word<'_>>)) {
        let Some(At { columns, row, .. }) = run.first() else { return };
        // Where there is no field, no row of any other will do.
        let (field, there) = match columns.field(attribute) {
            Some((whole, field)) => (field, whole.valid(*row, run.len())),
            None => (columns.as_of, 0),
        };
        field.each_word(*row, run.len(), there, each);
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
        let Columns { factors, of_factors, .. } = self.columns;
        let Some(rows) = factors.whole.list(self.row) else {
            return false;
        };
        for (row, factor) in rows.clone().zip(&of_factors[rows]) {
            each(Factor {
                enrolled_at: timestamp(factors.enrolled_at, row),
                last_used_at: timestamp(factors.last_used_at, row),
                ..*factor
            });
        }
        true
    }

    #[inline]
    fn used_methods(&self, each: impl FnMut(Option<Method>)) -> bool {
        let Columns { context, used_methods, .. } = self.columns;
        let list = if self.context { context.used_methods } else { None };
        match list.and_then(|list| list.list(self.row)) {
            Some(rows) => used_methods[rows].iter().copied().for_each(each),
            None => return false,
        }
        true
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

    #[inline]
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
        self.as_of
    }
}
