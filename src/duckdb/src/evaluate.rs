//! `mfa_evaluate`: the policy engine over DuckDB's vectors.
//!
//! STRUCT arguments are matched by field name. A field that is missing is unknown, one that is not asked for is ignored.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use mfa_core::policy::{App, Compiled, Context, DEFAULT_POLICY, Decision, ExceptionInput, FactorInput, Input, Subject};

use crate::ffi::read::{Expected, Vector};
use crate::ffi::scalar::ScalarFunction;
use crate::ffi::write::Writer;
use crate::ffi::{Error, Type};

/// The function.
#[derive(Clone)]
pub(crate) struct Evaluate;

impl ScalarFunction for Evaluate {
    fn name(&self) -> &'static str {
        "mfa_evaluate"
    }

    fn signatures(&self) -> Vec<Vec<Type>> {
        let row = vec![Type::Any; 6];
        let mut with_policy = row.clone();
        with_policy.push(Type::Varchar);
        vec![row, with_policy]
    }

    fn returns(&self) -> Type {
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

    fn call(&self, arguments: &[Vector<'_>], rows: usize, result: &mut Writer<'_>) -> Result<(), Error> {
        evaluate(arguments, rows, result).map_err(|error| format!("mfa_evaluate: {error}"))
    }
}

fn evaluate(arguments: &[Vector<'_>], rows: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    let [subject, factors, app, context, exceptions, as_of, ..] = arguments else {
        return Err("six arguments are needed".to_owned());
    };
    let subject = SubjectFields::new(subject)?;
    let factors = FactorFields::new(factors)?;
    let app = AppFields::new(app)?;
    let context = ContextFields::new(context)?;
    let exceptions = ExceptionFields::new(exceptions)?;
    as_of.expect(Expected::Timestamp, "as_of")?;
    let mut scratch = Scratch::default();
    let mut policies = Policies::default();
    for row in 0..rows {
        let policy = policies.get(arguments.get(6).and_then(|policy| policy.text(row)))?;
        let decision =
            scratch.decide(&policy, &subject, &factors, &app, &context, &exceptions, as_of.timestamp(row), row);
        write(&decision, policy.hash(), row, result);
    }
    Ok(())
}

fn write(decision: &Decision<'_>, hash: &str, row: usize, result: &mut Writer<'_>) {
    result.field(0).text(row, decision.decision.as_str());
    result.field(1).text(row, decision.would_decision.as_str());
    result.field(2).text(row, decision.enrolment.as_str());
    result.field(3).optional_text(row, decision.session.map(|session| session.as_str()));
    result.field(4).uinteger(row, decision.required_mask);
    result.field(5).uinteger(row, decision.reason_mask);
    optional(result.field(6), row, decision.grace_deadline, Writer::bigint);
    optional(result.field(7), row, decision.stage, Writer::utinyint);
    result.field(8).optional_text(row, decision.matched_rule_id);
    optional(result.field(9), row, decision.required_strength, Writer::utinyint);
    optional(result.field(10), row, decision.max_age_micros, Writer::interval);
    result.field(11).optional_text(row, decision.tier);
    result.field(12).optional_text(row, decision.wave);
    result.field(13).text(row, hash);
    result.field(14).optional_text(row, decision.strength.map(|strength| strength.as_str()));
}

fn optional<'w, 'c, T>(
    writer: &'w mut Writer<'c>,
    row: usize,
    value: Option<T>,
    write: fn(&'w mut Writer<'c>, usize, T),
) {
    match value {
        Some(value) => write(writer, row, value),
        None => writer.null(row),
    }
}

/// The policies seen by this thread, compiled; a query has one, a comparison two.
const KEPT: usize = 16;

thread_local! {
    static COMPILED: RefCell<Vec<(String, Rc<Compiled>)>> = const { RefCell::new(Vec::new()) };
}

/// The policy of the previous row, which is almost always that of the next.
#[derive(Default)]
struct Policies<'a> {
    last: Option<(&'a str, Rc<Compiled>)>,
}

impl<'a> Policies<'a> {
    fn get(&mut self, document: Option<&'a str>) -> Result<Rc<Compiled>, Error> {
        let document = document.unwrap_or(DEFAULT_POLICY);
        if let Some((last, compiled)) = &self.last
            && (std::ptr::eq(*last, document) || *last == document)
        {
            return Ok(Rc::clone(compiled));
        }
        let compiled = COMPILED.with_borrow_mut(|kept| {
            if let Some((_, compiled)) = kept.iter().find(|(text, _)| text == document) {
                return Ok(Rc::clone(compiled));
            }
            let compiled = Rc::new(Compiled::parse(document).map_err(|error| error.to_string())?);
            if kept.len() == KEPT {
                kept.remove(0);
            }
            kept.push((document.to_owned(), Rc::clone(&compiled)));
            Ok::<_, Error>(compiled)
        })?;
        self.last = Some((document, Rc::clone(&compiled)));
        Ok(compiled)
    }
}

/// A STRUCT argument, or the elements of a list of them.
macro_rules! fields {
    ($name:ident = $argument:literal { $($field:ident: $expected:ident,)* }) => {
        struct $name<'a, 'c> {
            whole: &'a Vector<'c>,
            $($field: Option<&'a Vector<'c>>,)*
        }

        impl<'a, 'c> $name<'a, 'c> {
            /// Finds the fields in `structs`, which is `whole` or its elements, and checks their types.
            fn find(whole: &'a Vector<'c>, structs: Option<&'a Vector<'c>>) -> Result<Self, Error> {
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
    user_verified: Boolean, status: Text,
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

impl<'a, 'c> SubjectFields<'a, 'c> {
    fn new(vector: &'a Vector<'c>) -> Result<Self, Error> {
        vector.expect(Expected::Struct, "subject")?;
        Self::find(vector, Some(vector))
    }
}

impl<'a, 'c> AppFields<'a, 'c> {
    fn new(vector: &'a Vector<'c>) -> Result<Self, Error> {
        vector.expect(Expected::Struct, "app")?;
        Self::find(vector, Some(vector))
    }
}

impl<'a, 'c> ContextFields<'a, 'c> {
    fn new(vector: &'a Vector<'c>) -> Result<Self, Error> {
        vector.expect(Expected::Struct, "context")?;
        Self::find(vector, Some(vector))
    }
}

impl<'a, 'c> FactorFields<'a, 'c> {
    fn new(vector: &'a Vector<'c>) -> Result<Self, Error> {
        vector.expect(Expected::StructList, "factors")?;
        Self::find(vector, vector.element())
    }
}

impl<'a, 'c> ExceptionFields<'a, 'c> {
    fn new(vector: &'a Vector<'c>) -> Result<Self, Error> {
        vector.expect(Expected::StructList, "exceptions")?;
        Self::find(vector, vector.element())
    }
}

fn text<'a>(field: Option<&'a Vector<'_>>, row: usize) -> Option<&'a str> {
    field?.text(row)
}

fn boolean(field: Option<&Vector<'_>>, row: usize) -> Option<bool> {
    field?.boolean(row)
}

fn timestamp(field: Option<&Vector<'_>>, row: usize) -> Option<i64> {
    field?.timestamp(row)
}

/// Appends the texts of a list and says where they are; a NULL element is left out.
fn texts<'a>(field: Option<&'a Vector<'_>>, row: usize, words: &mut Vec<&'a str>) -> Option<Range<usize>> {
    let field = field?;
    let (list, element) = (field.list(row)?, field.element()?);
    let start = words.len();
    words.extend(list.filter_map(|row| element.text(row)));
    Some(start..words.len())
}

/// Lists of one row, kept for the next one's.
#[derive(Default)]
struct Scratch<'a> {
    words: Vec<&'a str>,
    approvers: Vec<Option<Range<usize>>>,
    factors: Vec<FactorInput<'a>>,
}

impl<'a> Scratch<'a> {
    #[expect(clippy::too_many_arguments, reason = "one for each argument of the function")]
    fn decide<'p>(
        &mut self,
        policy: &'p Compiled,
        subject: &SubjectFields<'a, '_>,
        factors: &FactorFields<'a, '_>,
        app: &AppFields<'a, '_>,
        context: &ContextFields<'a, '_>,
        exceptions: &ExceptionFields<'a, '_>,
        as_of: Option<i64>,
        row: usize,
    ) -> Decision<'p> {
        self.words.clear();
        self.approvers.clear();
        self.factors.clear();
        let roles = texts(subject.roles, row, &mut self.words);
        let signals = texts(context.signals, row, &mut self.words);
        let used_methods = texts(context.used_methods, row, &mut self.words);
        let exception_rows = exceptions.whole.list(row);
        for row in exception_rows.clone().unwrap_or_default() {
            let approvers = texts(exceptions.approvers, row, &mut self.words);
            self.approvers.push(approvers);
        }
        let factor_rows = factors.whole.list(row);
        self.factors.extend(factor_rows.clone().unwrap_or_default().map(|row| FactorInput {
            method: text(factors.method, row),
            enrolled_at: timestamp(factors.enrolled_at, row),
            last_used_at: timestamp(factors.last_used_at, row),
            attested: boolean(factors.attested, row),
            number_matching: boolean(factors.number_matching, row),
            user_verified: boolean(factors.user_verified, row),
            status: text(factors.status, row),
        }));
        let words = |range: Option<Range<usize>>| range.map(|range| &self.words[range]);
        let exception_list: Vec<_> = exception_rows
            .clone()
            .unwrap_or_default()
            .zip(&self.approvers)
            .map(|(row, approvers)| ExceptionInput {
                id: text(exceptions.id, row),
                criterion: text(exceptions.criterion, row),
                starts_at: timestamp(exceptions.starts_at, row),
                expires_at: timestamp(exceptions.expires_at, row),
                approvers: words(approvers.clone()),
                attested_at: timestamp(exceptions.attested_at, row),
                scope: text(exceptions.scope, row),
            })
            .collect();
        policy.evaluate(&Input {
            subject: subject.whole.is_valid(row).then(|| Subject {
                id: text(subject.id, row),
                population: text(subject.population, row),
                roles: words(roles),
                privileged: boolean(subject.privileged, row),
                department: text(subject.department, row),
                region: text(subject.region, row),
                created_at: timestamp(subject.created_at, row),
                fallback_started_at: timestamp(subject.fallback_started_at, row),
            }),
            factors: factor_rows.map(|_| self.factors.as_slice()),
            app: app
                .whole
                .is_valid(row)
                .then(|| App { id: text(app.id, row), sensitivity: text(app.sensitivity, row) }),
            context: context.whole.is_valid(row).then(|| Context {
                signals: words(signals),
                protocol: text(context.protocol, row),
                transaction: text(context.transaction, row),
                used_methods: words(used_methods),
                mfa_at: timestamp(context.mfa_at, row),
                federated: boolean(context.federated, row),
                federation_attested: boolean(context.federation_attested, row),
            }),
            exceptions: exception_rows.map(|_| exception_list.as_slice()),
            as_of,
        })
    }
}
