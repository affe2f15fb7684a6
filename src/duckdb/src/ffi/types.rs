//! SQL types.

use mfa_core::model::Kind;
use quack_rs::types::{LogicalType, TypeId};

/// A SQL type that a parameter or a column can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Any,
    Boolean,
    UTinyint,
    UInteger,
    Bigint,
    Double,
    Varchar,
    Timestamptz,
    Interval,
    List(Box<Type>),
    Struct(Vec<(&'static str, Type)>),
}

impl Type {
    pub(super) fn logical(&self) -> LogicalType {
        let simple = match self {
            Self::Any => TypeId::Any,
            Self::Boolean => TypeId::Boolean,
            Self::UTinyint => TypeId::UTinyInt,
            Self::UInteger => TypeId::UInteger,
            Self::Bigint => TypeId::BigInt,
            Self::Double => TypeId::Double,
            Self::Varchar => TypeId::Varchar,
            Self::Timestamptz => TypeId::TimestampTz,
            Self::Interval => TypeId::Interval,
            Self::List(element) => return LogicalType::list_from_logical(&element.logical()),
            Self::Struct(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, ty)| (*name, ty.logical())).collect();
                return LogicalType::struct_type_from_logical(&fields);
            }
        };
        LogicalType::new(simple)
    }

    pub(crate) fn list(element: Self) -> Self {
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
