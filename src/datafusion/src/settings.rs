//! The session settings: `SET mfa.as_of = '2026-03-31'`, or `SET VARIABLE mfa_as_of = …` as on DuckDB.

use std::any::Any;
use std::collections::BTreeMap;

use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::common::{Result, ScalarValue, config_err, plan_err};
use datafusion::sql::sqlparser::ast::{
    Array, CastKind, DataType as SqlType, DictionaryField, Expr, Ident, TimezoneInfo, Value,
};
use mfa_core::catalog::VIEWS;

/// The variables of a session. Those that views read begin with `mfa_`.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    variables: BTreeMap<String, ScalarValue>,
}

impl Settings {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&ScalarValue> {
        self.variables.get(&name.to_ascii_lowercase()).filter(|value| !value.is_null())
    }

    /// Sets a variable.
    ///
    /// # Errors
    /// A name that begins with `mfa_` and is no setting.
    pub fn set_variable(&mut self, name: &str, value: ScalarValue) -> Result<()> {
        let name = name.to_ascii_lowercase();
        if let Some(setting) = name.strip_prefix("mfa_") {
            known(setting)?;
        }
        self.variables.insert(name, value);
        Ok(())
    }

    /// Forgets a variable.
    pub fn reset_variable(&mut self, name: &str) {
        self.variables.remove(&name.to_ascii_lowercase());
    }
}

/// Refuses what is no setting, and names those that are near.
fn known(setting: &str) -> Result<()> {
    let mut names: Vec<_> = VIEWS.iter().flat_map(|view| &view.params).map(|param| param.name).collect();
    names.sort_unstable();
    names.dedup();
    // The policy is read by functions, the rest by views.
    if names.contains(&setting) || setting == "policy" {
        return Ok(());
    }
    config_err!("there is no setting mfa.{setting}; there are {}", names.join(", "))
}

impl ConfigExtension for Settings {
    const PREFIX: &'static str = "mfa";
}

impl ExtensionOptions for Settings {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        known(key)?;
        self.set_variable(&format!("mfa_{key}"), ScalarValue::from(value))
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        let mut entries: Vec<ConfigEntry> = Vec::new();
        for param in VIEWS.iter().flat_map(|view| &view.params) {
            let key = format!("mfa.{}", param.name);
            if entries.iter().all(|entry| entry.key != key) {
                let value = self.get(&format!("mfa_{}", param.name)).map(ToString::to_string);
                entries.push(ConfigEntry { key, value, description: param.doc });
            }
        }
        entries
    }
}

/// A value as it is written in SQL.
pub(crate) fn literal(value: &ScalarValue) -> Result<Expr> {
    if value.is_null() {
        return Ok(Expr::value(Value::Null));
    }
    let text = |value: &ScalarValue| -> Result<String> {
        let texts = cast(&value.to_array()?, &DataType::Utf8)?;
        match ScalarValue::try_from_array(&texts, 0)? {
            ScalarValue::Utf8(Some(text)) => Ok(text),
            other => plan_err!("{other} cannot be the value of a variable"),
        }
    };
    let typed = |ty: SqlType| -> Result<Expr> { Ok(cast_to(Expr::value(Value::SingleQuotedString(text(value)?)), ty)) };
    match value.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Ok(Expr::value(Value::SingleQuotedString(text(value)?)))
        }
        DataType::Boolean => Ok(Expr::value(Value::Boolean(text(value)? == "true"))),
        DataType::Timestamp(_, None) => typed(SqlType::Timestamp(None, TimezoneInfo::None)),
        DataType::Timestamp(_, Some(_)) => typed(SqlType::Timestamp(None, TimezoneInfo::Tz)),
        DataType::Date32 | DataType::Date64 => typed(SqlType::Date),
        DataType::Interval(_) => typed(SqlType::Interval { fields: None, precision: None }),
        ty if ty.is_numeric() => Ok(Expr::value(Value::Number(text(value)?, false))),
        DataType::List(_) => {
            let ScalarValue::List(list) = value else {
                return plan_err!("{value} cannot be the value of a variable");
            };
            let elements = list.value(0);
            let elem = (0..elements.len())
                .map(|index| literal(&ScalarValue::try_from_array(&elements, index)?))
                .collect::<Result<_>>()?;
            Ok(Expr::Array(Array { elem, named: false }))
        }
        DataType::Struct(names) => {
            let ScalarValue::Struct(array) = value else {
                return plan_err!("{value} cannot be the value of a variable");
            };
            let fields = names
                .iter()
                .zip(array.columns())
                .map(|(name, column)| {
                    let value = Box::new(literal(&ScalarValue::try_from_array(column, 0)?)?);
                    Ok(DictionaryField { key: Ident::with_quote('\'', name.name()), value })
                })
                .collect::<Result<_>>()?;
            Ok(Expr::Dictionary(fields))
        }
        ty => plan_err!("a value of type {ty} cannot be that of a variable"),
    }
}

/// `cast(expr as ty)`.
pub(crate) fn cast_to(expr: Expr, ty: SqlType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type: ty, array: false, format: None }
}
