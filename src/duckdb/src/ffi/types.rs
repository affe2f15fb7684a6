//! SQL types.

use mfa_core::functions::Type;
use quack_rs::types::{LogicalType, TypeId};

/// The type as DuckDB knows it.
pub(super) fn logical(ty: &Type) -> LogicalType {
    let simple = match ty {
        Type::Any => TypeId::Any,
        Type::Boolean => TypeId::Boolean,
        Type::UTinyint => TypeId::UTinyInt,
        Type::UInteger => TypeId::UInteger,
        Type::Bigint => TypeId::BigInt,
        Type::Double => TypeId::Double,
        Type::Varchar => TypeId::Varchar,
        Type::Timestamptz => TypeId::TimestampTz,
        Type::Interval => TypeId::Interval,
        Type::List(element) => return LogicalType::list_from_logical(&logical(element)),
        Type::Struct(fields) => {
            let fields: Vec<_> = fields.iter().map(|(name, ty)| (*name, logical(ty))).collect();
            return LogicalType::struct_type_from_logical(&fields);
        }
    };
    LogicalType::new(simple)
}
