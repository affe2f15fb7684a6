//! The scalar functions, written once over what an engine keeps values in.
//!
//! An engine says how it reads a column ([`Column`]) and how it writes one ([`Output`]); [`scalars`] is the one table of
//! functions, compiled for that memory. Nothing is copied on the way in.

mod evaluate;
mod policies;
mod rows;

use std::ops::Range;

use crate::model::{Kind, PolicyResult, Row as _, SignIn, Value};
use crate::{Name, Word};

/// A SQL type that a parameter, a column or a result can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Whatever is given; looked at by the function.
    Any,
    /// `BOOLEAN`.
    Boolean,
    /// `UTINYINT`.
    UTinyint,
    /// `UINTEGER`.
    UInteger,
    /// `BIGINT`.
    Bigint,
    /// `DOUBLE`.
    Double,
    /// `VARCHAR`.
    Varchar,
    /// `TIMESTAMPTZ`, microseconds since 1970 in UTC.
    Timestamptz,
    /// `INTERVAL`.
    Interval,
    /// A list.
    List(Box<Type>),
    /// A `STRUCT`.
    Struct(Vec<(&'static str, Type)>),
}

impl Type {
    /// A list of `element`.
    pub fn list(element: Self) -> Self {
        Self::List(Box::new(element))
    }
}

impl From<Kind> for Type {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Varchar,
            Kind::Bool => Self::Boolean,
            Kind::Int => Self::Bigint,
            Kind::Double => Self::Double,
            Kind::Timestamp => Self::Timestamptz,
            Kind::TextList => Self::list(Self::Varchar),
            Kind::PolicyResults => Self::list(Self::Struct(vec![
                ("policy_id", Self::Varchar),
                ("name", Self::Varchar),
                ("result", Self::Varchar),
                ("is_report_only", Self::Boolean),
            ])),
        }
    }
}

/// So many rows are read and written together, one word of a mask of those that are not NULL: they are a run if the first of
/// so many is a multiple of it.
pub const RUN: usize = 64;

/// What kind of values a column has, as far as a function asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Nothing but NULL.
    Null,
    /// Texts.
    Text,
    /// Booleans.
    Boolean,
    /// Instants or dates.
    Timestamp,
    /// Lists.
    List,
    /// Structs.
    Struct,
    /// Anything else.
    Other,
}

/// What a field must be, for [`Column::expect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A text.
    Text,
    /// A boolean.
    Boolean,
    /// An instant.
    Timestamp,
    /// A list of texts.
    TextList,
    /// A list of structs or of texts.
    Factors,
    /// A list of structs.
    StructList,
    /// A struct.
    Struct,
}

impl Expected {
    const fn as_sql(self) -> &'static str {
        match self {
            Self::Text => "VARCHAR",
            Self::Boolean => "BOOLEAN",
            Self::Timestamp => "TIMESTAMPTZ or TIMESTAMP",
            Self::TextList => "VARCHAR[]",
            Self::Factors => "STRUCT[] or VARCHAR[]",
            Self::StructList => "STRUCT[]",
            Self::Struct => "STRUCT",
        }
    }
}

/// A column of arguments, or of parts of them. A row that is NULL, or not of the type that is asked for, is `None`.
pub trait Column: Sized {
    /// What kind of values it has.
    fn shape(&self) -> Shape;
    /// Its type as SQL spells it, for an error.
    fn type_name(&self) -> String;
    /// Whether `row` is not NULL.
    fn is_valid(&self, row: usize) -> bool;
    /// A text.
    fn text(&self, row: usize) -> Option<&str>;
    /// A text with the words that a short one is kept in.
    fn word(&self, row: usize) -> Option<Word<'_>>;
    /// A boolean.
    fn boolean(&self, row: usize) -> Option<bool>;
    /// A `DOUBLE`.
    fn double(&self, row: usize) -> Option<f64>;
    /// A `BIGINT`.
    fn bigint(&self, row: usize) -> Option<i64>;
    /// A date or a time, as microseconds since 1970; one without a zone is in UTC.
    fn timestamp(&self, row: usize) -> Option<i64>;
    /// The rows of [`Column::element`] that make up the list.
    fn list(&self, row: usize) -> Option<Range<usize>>;
    /// The elements of all lists.
    fn element(&self) -> Option<&Self>;
    /// A field of a struct, by name, whatever its case.
    fn field(&self, name: &str) -> Option<&Self>;
    /// How many rows it has, for the elements of lists.
    fn rows(&self) -> usize;

    /// Which of the `count` rows from `first` on are not NULL, as bits. They must be of one run ([`RUN`]).
    #[inline]
    fn valid(&self, first: usize, count: usize) -> u64 {
        (0..count).fold(0, |bits, index| bits | u64::from(self.is_valid(first + index)) << index)
    }

    /// The words of the `count` rows from `first` on, all of one run; of those whose bit in `there` is not set, none.
    #[inline]
    fn each_word(&self, first: usize, count: usize, there: u64, mut each: impl FnMut(usize, Option<Word<'_>>)) {
        for index in 0..count {
            each(index, if there >> index & 1 == 1 { self.word(first + index) } else { None });
        }
    }

    /// The words of all rows.
    #[inline]
    fn all_words(&self, mut each: impl FnMut(usize, Option<Word<'_>>)) {
        for first in (0..self.rows()).step_by(RUN) {
            let count = RUN.min(self.rows() - first);
            self.each_word(first, count, u64::MAX, |index, word| each(first + index, word));
        }
    }

    /// Refuses a type that cannot be read as `expected`.
    ///
    /// # Errors
    /// The message says which field, what it is and what it should be.
    fn expect(&self, expected: Expected, name: &str) -> Result<(), String> {
        let element = |shape: Shape| {
            self.element().is_some_and(|element| element.shape() == shape || element.shape() == Shape::Null)
        };
        let shape = self.shape();
        let fits = shape == Shape::Null
            || match expected {
                Expected::Text => shape == Shape::Text,
                Expected::Boolean => shape == Shape::Boolean,
                Expected::Timestamp => shape == Shape::Timestamp,
                Expected::TextList => shape == Shape::List && element(Shape::Text),
                Expected::Factors => shape == Shape::List && (element(Shape::Struct) || element(Shape::Text)),
                Expected::StructList => shape == Shape::List && element(Shape::Struct),
                Expected::Struct => shape == Shape::Struct,
            };
        if fits { Ok(()) } else { Err(format!("{name} is {}, but should be {}", self.type_name(), expected.as_sql())) }
    }
}

/// A column of results, written row by row from the first. Each row is written once; a struct by its fields.
pub trait Output: Sized {
    /// NULL, with all its fields.
    fn null(&mut self, row: usize);
    /// A `BOOLEAN`.
    fn boolean(&mut self, row: usize, value: bool);
    /// A `UTINYINT`.
    fn utinyint(&mut self, row: usize, value: u8);
    /// A `UINTEGER`.
    fn uinteger(&mut self, row: usize, value: u32);
    /// A `BIGINT`, or a `TIMESTAMPTZ` as microseconds.
    fn bigint(&mut self, row: usize, value: i64);
    /// A `DOUBLE`.
    fn double(&mut self, row: usize, value: f64);
    /// An `INTERVAL` of this many microseconds.
    fn interval(&mut self, row: usize, micros: i64);
    /// A `VARCHAR`.
    fn text(&mut self, row: usize, text: &str);
    /// A field of a struct.
    fn field(&mut self, index: usize) -> &mut Self;
    /// A list of `length` elements; `write` is called with the elements' column and each element's row and index.
    fn list(&mut self, row: usize, length: usize, write: impl FnMut(&mut Self, usize, usize));

    /// A `UTINYINT` or NULL for each of the rows from `first` on, all of one run ([`RUN`]).
    #[inline]
    fn utinyints(&mut self, first: usize, values: impl Iterator<Item = Option<u8>>) {
        (first..).zip(values).for_each(|(row, value)| self.optional(row, value, Self::utinyint));
    }

    /// The same of `UINTEGER`.
    #[inline]
    fn uintegers(&mut self, first: usize, values: impl Iterator<Item = Option<u32>>) {
        (first..).zip(values).for_each(|(row, value)| self.optional(row, value, Self::uinteger));
    }

    /// The same of `BIGINT` or `TIMESTAMPTZ`.
    #[inline]
    fn bigints(&mut self, first: usize, values: impl Iterator<Item = Option<i64>>) {
        (first..).zip(values).for_each(|(row, value)| self.optional(row, value, Self::bigint));
    }

    /// The same of `INTERVAL`.
    #[inline]
    fn intervals(&mut self, first: usize, values: impl Iterator<Item = Option<i64>>) {
        (first..).zip(values).for_each(|(row, value)| self.optional(row, value, Self::interval));
    }

    /// A name or NULL for each of a run of rows.
    #[inline]
    fn names<'n, T>(&mut self, first: usize, rows: &[T], name: impl Fn(&T) -> Option<&'n Name>) {
        (first..).zip(rows).for_each(|(row, of)| self.optional_text(row, name(of).map(Name::as_str)));
    }

    /// One name for a run of `count` rows.
    fn name(&mut self, first: usize, count: usize, name: &Name) {
        (first..first + count).for_each(|row| self.text(row, name.as_str()));
    }

    /// A list of texts.
    fn texts<T: AsRef<str>>(&mut self, row: usize, texts: &[T]) {
        self.list(row, texts.len(), |element, row, index| element.text(row, texts[index].as_ref()));
    }

    /// A text, or NULL.
    fn optional_text(&mut self, row: usize, text: Option<&str>) {
        self.optional(row, text, |output, row, text| output.text(row, text));
    }

    /// A value, or NULL.
    #[inline]
    fn optional<T>(&mut self, row: usize, value: Option<T>, write: impl FnOnce(&mut Self, usize, T)) {
        match value {
            Some(value) => write(self, row, value),
            None => self.null(row),
        }
    }

    /// A value of a canonical row.
    #[inline]
    fn value(&mut self, row: usize, value: Value<'_>) {
        match value {
            Value::Null => self.null(row),
            Value::Text(text) => self.text(row, text),
            Value::Bool(value) => self.boolean(row, value),
            Value::Int(value) | Value::Timestamp(value) => self.bigint(row, value),
            Value::Double(value) => self.double(row, value),
            Value::TextList(texts) => self.texts(row, texts),
            Value::PolicyResults(results) => self.list(row, results.len(), |element, row, index| {
                let PolicyResult { policy_id, name, result, is_report_only } = &results[index];
                for (field, text) in [policy_id, name, result].into_iter().enumerate() {
                    element.field(field).optional_text(row, text.as_deref());
                }
                element.field(3).optional(row, *is_report_only, Self::boolean);
            }),
        }
    }
}

/// What an engine keeps values in.
pub trait Engine: 'static {
    /// Arguments.
    type Column<'c>: Column;
    /// Results.
    type Output<'c>: Output;
}

/// What a function does with `rows` rows. NULL arguments are passed on.
pub type Call<E> =
    for<'a, 'b, 'c> fn(&'a [<E as Engine>::Column<'b>], usize, &'a mut <E as Engine>::Output<'c>) -> Result<(), String>;

/// A function of values to a value.
#[derive(Debug)]
pub struct Scalar<E: Engine> {
    /// Its name in SQL.
    pub name: &'static str,
    /// The types of its parameters, for each way to call it.
    pub signatures: Vec<Vec<Type>>,
    /// The type of its result.
    pub returns: Type,
    /// What it does; its errors do not name it.
    pub call: Call<E>,
}

/// All of them.
pub fn scalars<E: Engine>() -> Vec<Scalar<E>> {
    use Type::{Any, Bigint, Boolean, Double, Interval, Timestamptz, Varchar};
    let texts = Type::list(Varchar);
    let signin = Type::Struct(SignIn::COLUMNS.iter().map(|column| (column.name, column.kind.into())).collect());
    let decision = || vec![vec![Any; 6], [vec![Any; 6], vec![Varchar]].concat()];
    vec![
        Scalar {
            name: "mfa_canonical_method",
            signatures: vec![vec![Varchar, Varchar]],
            returns: Varchar,
            call: |arguments, count, output| rows::each(arguments, count, output, rows::canonical_method),
        },
        Scalar {
            name: "mfa_method_strength",
            signatures: vec![vec![Varchar]],
            returns: Varchar,
            call: |arguments, count, output| rows::each(arguments, count, output, rows::method_strength),
        },
        Scalar {
            name: "mfa_is_phishing_resistant",
            signatures: vec![vec![Varchar]],
            returns: Boolean,
            call: |arguments, count, output| rows::each(arguments, count, output, rows::is_phishing_resistant),
        },
        Scalar {
            name: "mfa_distance_km",
            signatures: vec![vec![Double; 4]],
            returns: Double,
            call: |arguments, count, output| rows::each(arguments, count, output, rows::distance_km),
        },
        Scalar {
            name: "mfa_normalize_signin",
            signatures: vec![vec![Varchar, Varchar]],
            returns: signin,
            call: |arguments, count, output| rows::each(arguments, count, output, rows::normalize_signin),
        },
        Scalar {
            name: "mfa_signin_reject",
            signatures: vec![vec![Varchar, Varchar]],
            returns: Varchar,
            call: |arguments, count, output| rows::each(arguments, count, output, rows::signin_reject),
        },
        Scalar {
            name: "mfa_methods",
            signatures: vec![vec![Bigint]],
            returns: texts.clone(),
            call: |arguments, count, output| rows::each(arguments, count, output, rows::methods),
        },
        Scalar {
            name: "mfa_reasons",
            signatures: vec![vec![Bigint]],
            returns: texts.clone(),
            call: |arguments, count, output| rows::each(arguments, count, output, rows::reasons),
        },
        Scalar {
            name: "mfa_policy_waves",
            signatures: vec![vec![Varchar]],
            returns: Type::list(Type::Struct(vec![
                ("wave", Varchar),
                ("report_only_from", Timestamptz),
                ("enforce_from", Timestamptz),
                ("success_rate", Double),
                ("min_signins", Bigint),
                ("window", Interval),
            ])),
            call: |arguments, count, output| rows::each(arguments, count, output, policies::waves),
        },
        Scalar {
            name: "mfa_policy_requirements",
            signatures: vec![vec![Varchar, Timestamptz]],
            returns: Type::list(Type::Struct(vec![
                ("place", Bigint),
                ("tier", Varchar),
                ("is_enrolled", Boolean),
                ("min_factors", Bigint),
                ("min_recovery", Bigint),
                ("grace", Interval),
                ("app", Varchar),
                ("circumstance", Varchar),
                ("kind", Varchar),
                ("effect", Varchar),
                ("strength", Varchar),
                ("max_age", Interval),
                ("methods", texts),
            ])),
            call: |arguments, count, output| rows::each(arguments, count, output, policies::requirements),
        },
        Scalar {
            name: "mfa_policy_hash",
            signatures: vec![vec![Varchar]],
            returns: Varchar,
            call: |arguments, count, output| policies::each(arguments, count, output, policies::hash),
        },
        Scalar {
            name: "mfa_policy_canonical",
            signatures: vec![vec![Varchar]],
            returns: Varchar,
            call: |arguments, count, output| policies::each(arguments, count, output, policies::canonical),
        },
        Scalar {
            name: "mfa_policy_merge",
            signatures: vec![vec![Varchar, Varchar]],
            returns: Varchar,
            call: |arguments, count, output| policies::each(arguments, count, output, policies::merge),
        },
        Scalar {
            name: "mfa_policy_lint",
            signatures: vec![vec![Varchar]],
            returns: Type::list(Type::Struct(vec![
                ("severity", Varchar),
                ("rule", Varchar),
                ("path", Varchar),
                ("message", Varchar),
            ])),
            call: |arguments, count, output| policies::lint(arguments, count, output),
        },
        Scalar {
            name: "mfa_evaluate",
            signatures: decision(),
            returns: evaluate::decision(),
            call: |arguments, count, output| evaluate::evaluate(arguments, count, output),
        },
        Scalar {
            name: "mfa_explain",
            signatures: decision(),
            returns: evaluate::explanation(),
            call: |arguments, count, output| evaluate::explain(arguments, count, output),
        },
        Scalar {
            name: "mfa_preset",
            signatures: vec![vec![Varchar]],
            returns: Varchar,
            call: |arguments, count, output| rows::each(arguments, count, output, rows::preset),
        },
        Scalar {
            name: "mfa_version",
            signatures: vec![vec![]],
            returns: Varchar,
            call: |arguments, count, output| rows::each(arguments, count, output, rows::version),
        },
    ]
}
