//! Relations as data: what columns a canonical row has, and how an engine asks a row for them.
//!
//! A row type is declared once, by [`relation!`]; the struct, the column list that engines bind, and the accessor that
//! they copy values from all come out of that declaration, so they cannot disagree.

use std::borrow::Cow;
use std::cell::OnceCell;

/// The SQL type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `VARCHAR`.
    Text,
    /// `BOOLEAN`.
    Bool,
    /// `BIGINT`.
    Int,
    /// `DOUBLE`.
    Double,
    /// `TIMESTAMPTZ`, microseconds since 1970 in UTC.
    Timestamp,
    /// `VARCHAR[]`.
    TextList,
    /// `STRUCT(policy_id VARCHAR, name VARCHAR, result VARCHAR, is_report_only BOOLEAN)[]`.
    PolicyResults,
}

impl Kind {
    /// The type as SQL spells it.
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Text => "VARCHAR",
            Self::Bool => "BOOLEAN",
            Self::Int => "BIGINT",
            Self::Double => "DOUBLE",
            Self::Timestamp => "TIMESTAMPTZ",
            Self::TextList => "VARCHAR[]",
            Self::PolicyResults => "STRUCT(policy_id VARCHAR, name VARCHAR, result VARCHAR, is_report_only BOOLEAN)[]",
        }
    }
}

/// One column of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in SQL.
    pub name: &'static str,
    /// Type in SQL.
    pub kind: Kind,
    /// What it holds, in one sentence.
    pub doc: &'static str,
}

/// One value on its way to an engine. Borrowed: the engine copies it into its own memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'v> {
    /// SQL NULL.
    Null,
    /// `VARCHAR`.
    Text(&'v str),
    /// `BOOLEAN`.
    Bool(bool),
    /// `BIGINT`.
    Int(i64),
    /// `DOUBLE`.
    Double(f64),
    /// `TIMESTAMPTZ`, microseconds since 1970 in UTC.
    Timestamp(i64),
    /// `VARCHAR[]`.
    TextList(&'v [Cow<'v, str>]),
    /// List of policy results.
    PolicyResults(&'v [PolicyResult<'v>]),
}

/// What one access policy of the provider said about a sign-in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyResult<'a> {
    /// The provider's id of the policy.
    pub policy_id: Option<Cow<'a, str>>,
    /// Its display name.
    pub name: Option<Cow<'a, str>>,
    /// The provider's own result word.
    pub result: Option<Cow<'a, str>>,
    /// Whether the policy was only reporting. Report-only is never enforced.
    pub is_report_only: Option<bool>,
}

impl PolicyResult<'_> {
    fn into_owned(self) -> PolicyResult<'static> {
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        PolicyResult {
            policy_id: owned(self.policy_id),
            name: owned(self.name),
            result: owned(self.result),
            is_report_only: self.is_report_only,
        }
    }
}

/// Policy results that are parsed when somebody asks for them. They can be half of a record and are seldom wanted.
#[derive(Clone)]
pub struct PolicyResults<'a> {
    raw: Cow<'a, str>,
    parse: fn(&str) -> Vec<PolicyResult<'_>>,
    list: OnceCell<Vec<PolicyResult<'a>>>,
}

impl<'a> PolicyResults<'a> {
    /// The results that `parse` will find in `raw`, a JSON value whose brackets and quotes are in order.
    pub fn deferred(raw: Cow<'a, str>, parse: fn(&str) -> Vec<PolicyResult<'_>>) -> Self {
        Self { raw, parse, list: OnceCell::new() }
    }

    /// The results.
    pub fn get(&self) -> &[PolicyResult<'a>] {
        self.list.get_or_init(|| match &self.raw {
            Cow::Borrowed(raw) => (self.parse)(raw),
            Cow::Owned(raw) => (self.parse)(raw).into_iter().map(PolicyResult::into_owned).collect(),
        })
    }
}

impl<'a> From<Vec<PolicyResult<'a>>> for PolicyResults<'a> {
    fn from(list: Vec<PolicyResult<'a>>) -> Self {
        Self { raw: Cow::Borrowed(""), parse: |_| Vec::new(), list: OnceCell::from(list) }
    }
}

impl PartialEq for PolicyResults<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl std::fmt::Debug for PolicyResults<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.get().fmt(f)
    }
}

/// A row of a relation that an engine can bind and copy.
pub trait Row {
    /// The columns, in order.
    const COLUMNS: &'static [Column];
    /// The value of column `index`. Out of range is NULL.
    fn value(&self, index: usize) -> Value<'_>;
}

/// How a field of a row struct turns into a [`Value`].
pub trait Field {
    /// Its type in SQL.
    const KIND: Kind;
    /// Its value; `None` is NULL.
    fn value(&self) -> Value<'_>;
}

macro_rules! field {
    ($type:ty, $kind:ident, $this:ident => $value:expr) => {
        impl Field for Option<$type> {
            const KIND: Kind = Kind::$kind;
            #[inline]
            fn value(&self) -> Value<'_> {
                match self {
                    Some($this) => $value,
                    None => Value::Null,
                }
            }
        }
    };
}
field!(Cow<'_, str>, Text, v => Value::Text(v));
field!(&'static str, Text, v => Value::Text(v));
field!(String, Text, v => Value::Text(v));
field!(bool, Bool, v => Value::Bool(*v));
field!(i64, Int, v => Value::Int(*v));
field!(f64, Double, v => Value::Double(*v));
field!(Timestamp, Timestamp, v => Value::Timestamp(v.0));

impl<'a> Field for Option<Vec<Cow<'a, str>>> {
    const KIND: Kind = Kind::TextList;
    fn value(&self) -> Value<'_> {
        self.as_deref().map_or(Value::Null, Value::TextList)
    }
}

impl Field for Option<PolicyResults<'_>> {
    const KIND: Kind = Kind::PolicyResults;
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, |results| Value::PolicyResults(results.get()))
    }
}

/// An instant: microseconds since 1970-01-01T00:00:00Z, as both engines store `TIMESTAMPTZ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// Declares a row: its struct, its [`Row`] columns (the doc comment of a field is the documentation of the column) and
/// its accessor. Every field is an `Option`: unknown is NULL.
macro_rules! relation {
    ($(#[doc = $about:literal])* pub struct $name:ident<$life:lifetime> {
        $($(#[doc = $doc:literal])+ $field:ident: $type:ty,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name<$life> {
            $($(#[doc = $doc])+ pub $field: Option<$type>,)*
        }

        impl<$life> $crate::model::relation::Row for $name<$life> {
            const COLUMNS: &'static [$crate::model::relation::Column] = &[$(
                $crate::model::relation::Column {
                    name: stringify!($field),
                    kind: <Option<$type> as $crate::model::relation::Field>::KIND,
                    doc: concat!($($doc),+).trim_ascii(),
                },
            )*];

            #[inline]
            fn value(&self, index: usize) -> $crate::model::relation::Value<'_> {
                use $crate::model::relation::Field as _;
                let mut _next = 0;
                $(
                    if index == _next { return self.$field.value(); }
                    _next += 1;
                )*
                $crate::model::relation::Value::Null
            }
        }
    };
}
pub(crate) use relation;
