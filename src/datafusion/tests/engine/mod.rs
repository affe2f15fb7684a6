//! DataFusion as the tests ask it: SQL in, texts out. Values are written as DuckDB writes them, so that answers can be compared.

use datafusion::arrow::array::{Array, AsArray as _};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::TimeUnit;
use datafusion::arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimestampMicrosecondType,
};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::prelude::SessionConfig;
use mfa_datafusion::Session;
use sqllogictest::{DB, DBOutput, DefaultColumnType};

/// A session of its own.
pub(crate) struct DataFusion {
    session: Session,
    runtime: tokio::runtime::Runtime,
}

/// What it said.
#[derive(Debug)]
pub(crate) struct EngineError(String);

impl std::fmt::Display for EngineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EngineError {}

impl DataFusion {
    /// An empty one.
    pub(crate) fn start() -> Result<Self, EngineError> {
        let failed = |error: &dyn std::fmt::Display| EngineError(error.to_string());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_stack_size(32 << 20)
            .enable_all()
            .build()
            .map_err(|error| failed(&error))?;
        let session = Session::new(SessionConfig::new().with_target_partitions(2)).map_err(|error| failed(&error))?;
        Ok(Self { session, runtime })
    }
}

impl DB for DataFusion {
    type Error = EngineError;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, EngineError> {
        let (session, sql) = (self.session.clone(), sql.to_owned());
        let task = self.runtime.spawn(async move {
            let Some(frame) = session.sql(&sql).await? else {
                return Ok(None);
            };
            Ok(Some((frame.schema().fields().len(), frame.collect().await?)))
        });
        let answer = self.runtime.block_on(task).map_err(|error| EngineError(error.to_string()))?;
        let Some((columns, batches)) =
            answer.map_err(|error: datafusion::error::DataFusionError| EngineError(error.to_string()))?
        else {
            return Ok(DBOutput::StatementComplete(0));
        };
        if columns == 0 {
            return Ok(DBOutput::StatementComplete(0));
        }
        let mut rows = Vec::new();
        for batch in &batches {
            let is_plan = batch.schema().fields().iter().any(|field| field.name() == "plan_type");
            for row in 0..batch.num_rows() {
                let show = |column: &std::sync::Arc<dyn Array>| {
                    let text = show(column, row).unwrap_or_else(|| "NULL".to_owned());
                    // An answer is a line for each row, so that the lines of a plan become one.
                    let text = if is_plan { text.split('\n').map(str::trim).collect::<Vec<_>>().join(" | ") } else { text };
                    if text.is_empty() { "(empty)".to_owned() } else { text }
                };
                rows.push(batch.columns().iter().map(show).collect());
            }
        }
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Any; columns], rows })
    }

    fn engine_name(&self) -> &str {
        "datafusion"
    }
}

/// A value as DuckDB casts it to VARCHAR; nothing for NULL.
fn show(array: &dyn Array, row: usize) -> Option<String> {
    if array.is_null(row) || *array.data_type() == DataType::Null {
        return None;
    }
    let text = match array.data_type() {
        DataType::List(_) => {
            let elements = array.as_list::<i32>().value(row);
            let shown: Vec<_> = (0..elements.len()).map(|index| nested(&elements, index)).collect();
            format!("[{}]", shown.join(", "))
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let shown: Vec<_> = fields
                .iter()
                .zip(columns)
                .map(|(field, column)| format!("'{}': {}", field.name(), nested(column, row)))
                .collect();
            format!("{{{}}}", shown.join(", "))
        }
        DataType::Float32 => float(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Timestamp(_, zone) => {
            let zoned = zone.is_some();
            let micros = cast(&array.slice(row, 1), &DataType::Timestamp(TimeUnit::Microsecond, zone.clone())).ok()?;
            let micros = micros.as_primitive::<TimestampMicrosecondType>().value(0);
            timestamp(micros) + if zoned { "+00" } else { "" }
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let value = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            interval(value.months, value.days, value.nanoseconds / 1000)
        }
        DataType::Interval(_) | DataType::Duration(_) => {
            let value = cast(&array.slice(row, 1), &DataType::Interval(IntervalUnit::MonthDayNano)).ok()?;
            return show(&value, 0);
        }
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => {
            let value = cast(&array.slice(row, 1), &DataType::Int64).ok()?;
            value.as_primitive::<Int64Type>().value(0).to_string()
        }
        _ => array_value_to_string(array, row).ok()?,
    };
    Some(text)
}

fn nested(array: &dyn Array, row: usize) -> String {
    let Some(text) = show(array, row) else {
        return "NULL".to_owned();
    };
    let is_text = matches!(array.data_type(), DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8);
    let needs_quotes = text.is_empty()
        || text.eq_ignore_ascii_case("null")
        || text.starts_with(' ')
        || text.ends_with(' ')
        || text.contains(['\'', '"', '(', ')', '[', ']', '{', '}', ',', ':', '=', '\\']);
    if is_text && needs_quotes {
        return format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    }
    text
}

fn float(value: f64) -> String {
    if value.is_finite() && value == value.trunc() && value.abs() < 1e15 {
        format!("{value:.1}")
    } else {
        value.to_string()
    }
}

/// `2026-01-05 08:00:00.5`.
fn timestamp(micros: i64) -> String {
    let array = datafusion::arrow::array::TimestampMicrosecondArray::from(vec![micros]);
    let text = array_value_to_string(&array, 0).unwrap_or_default().replace('T', " ");
    match text.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => text,
    }
}

/// `1 month 30 days 12:00:00`.
fn interval(months: i32, days: i32, micros: i64) -> String {
    let mut parts = Vec::new();
    let mut part = |count: i32, unit: &str| {
        if count != 0 {
            parts.push(format!("{count} {unit}{}", if count.abs() == 1 { "" } else { "s" }));
        }
    };
    part(months / 12, "year");
    part(months % 12, "month");
    part(days, "day");
    if micros != 0 || parts.is_empty() {
        let (sign, micros) = if micros < 0 { ("-", -micros) } else { ("", micros) };
        let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
        let mut time = format!("{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if fraction != 0 {
            time += format!(".{fraction:06}").trim_end_matches('0');
        }
        parts.push(time);
    }
    parts.join(" ")
}
