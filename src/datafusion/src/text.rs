//! Values as texts, written as DuckDB writes them.

use datafusion::arrow::array::{Array, AsArray as _, TimestampMicrosecondArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Float32Type, Float64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit, TimestampMicrosecondType,
};
use datafusion::arrow::util::display::array_value_to_string;

/// A value as DuckDB casts it to VARCHAR; nothing for NULL.
pub fn show(array: &dyn Array, row: usize) -> Option<String> {
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
        DataType::Float32 => float(array.as_primitive::<Float32Type>().value(row)),
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
        _ => array_value_to_string(array, row).ok()?,
    };
    Some(text)
}

fn nested(array: &dyn Array, row: usize) -> String {
    let Some(text) = show(array, row) else {
        return "NULL".to_owned();
    };
    let is_nested = matches!(array.data_type(), DataType::List(_) | DataType::Struct(_));
    let needs_quotes = text.is_empty()
        || text.eq_ignore_ascii_case("null")
        || text.starts_with(' ')
        || text.ends_with(' ')
        || text.contains(['\'', '"', '(', ')', '[', ']', '{', '}', ',', ':', '=', '\\']);
    if !is_nested && needs_quotes {
        return format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    }
    text
}

/// `1.0`, `1.5e-07`: the shortest digits that mean the number, which Rust writes with an exponent at the same magnitudes.
fn float(value: impl std::fmt::Debug) -> String {
    let text = format!("{value:?}").replace("NaN", "nan");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

/// `2026-01-05 08:00:00.5`.
fn timestamp(micros: i64) -> String {
    let array = TimestampMicrosecondArray::from(vec![micros]);
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
