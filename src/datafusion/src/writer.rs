//! Writing Arrow arrays.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, IntervalMonthDayNanoArray, ListArray, StringArray, StructArray,
    TimestampMicrosecondArray, UInt8Array, UInt32Array, new_null_array,
};
use datafusion::arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use datafusion::arrow::datatypes::{DataType, Field, Fields, IntervalMonthDayNano, IntervalUnit, TimeUnit};
use datafusion::common::Result;
use mfa_core::functions::{Output, Type};

/// The type as Arrow knows it.
pub(crate) fn data_type(ty: &Type) -> DataType {
    match ty {
        Type::Any => DataType::Null,
        Type::Boolean => DataType::Boolean,
        Type::UTinyint => DataType::UInt8,
        Type::UInteger => DataType::UInt32,
        Type::Bigint => DataType::Int64,
        Type::Double => DataType::Float64,
        Type::Varchar => DataType::Utf8,
        Type::Timestamptz => timestamptz(),
        Type::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        Type::List(element) => DataType::List(Arc::new(item(element))),
        Type::Struct(fields) => DataType::Struct(struct_fields(fields)),
    }
}

/// `TIMESTAMPTZ`: microseconds in UTC, as DuckDB keeps it.
pub(crate) fn timestamptz() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn item(element: &Type) -> Field {
    Field::new_list_field(data_type(element), true)
}

fn struct_fields(fields: &[(&'static str, Type)]) -> Fields {
    fields.iter().map(|(name, ty)| Field::new(*name, data_type(ty), true)).collect()
}

/// The offsets of lists and texts that end there.
fn offsets(ends: Vec<i32>) -> OffsetBuffer<i32> {
    let offsets: Vec<_> = std::iter::once(0).chain(ends).collect();
    OffsetBuffer::new(offsets.into())
}

/// A column of results that grows row by row.
pub(crate) struct Writer {
    values: Values,
    valid: Vec<bool>,
}

enum Values {
    Boolean(Vec<bool>),
    UTinyint(Vec<u8>),
    UInteger(Vec<u32>),
    Bigint(Vec<i64>),
    Double(Vec<f64>),
    Timestamptz(Vec<i64>),
    Interval(Vec<IntervalMonthDayNano>),
    Text {
        ends: Vec<i32>,
        bytes: Vec<u8>,
    },
    List {
        ends: Vec<i32>,
        element: Box<Writer>,
        ty: Type,
    },
    Struct {
        names: Vec<(&'static str, Type)>,
        fields: Vec<Writer>,
    },
    /// Of no type: nothing but NULL.
    Nothing,
}

impl Writer {
    pub(crate) fn new(ty: &Type, rows: usize) -> Self {
        let values = match ty {
            Type::Any => Values::Nothing,
            Type::Boolean => Values::Boolean(Vec::with_capacity(rows)),
            Type::UTinyint => Values::UTinyint(Vec::with_capacity(rows)),
            Type::UInteger => Values::UInteger(Vec::with_capacity(rows)),
            Type::Bigint => Values::Bigint(Vec::with_capacity(rows)),
            Type::Double => Values::Double(Vec::with_capacity(rows)),
            Type::Varchar => Values::Text { ends: Vec::with_capacity(rows), bytes: Vec::new() },
            Type::Timestamptz => Values::Timestamptz(Vec::with_capacity(rows)),
            Type::Interval => Values::Interval(Vec::with_capacity(rows)),
            Type::List(element) => Values::List {
                ends: Vec::with_capacity(rows),
                element: Box::new(Self::new(element, rows)),
                ty: (**element).clone(),
            },
            Type::Struct(names) => Values::Struct {
                names: names.clone(),
                fields: names.iter().map(|(_, ty)| Self::new(ty, rows)).collect(),
            },
        };
        Self { values, valid: Vec::with_capacity(rows) }
    }

    /// The array of the `rows` rows that were written.
    pub(crate) fn finish(mut self, rows: usize) -> Result<ArrayRef> {
        self.valid.resize(rows, true);
        let nulls = Some(NullBuffer::from(self.valid)).filter(|nulls| nulls.null_count() > 0);
        Ok(match self.values {
            Values::Nothing => new_null_array(&DataType::Null, rows),
            Values::Boolean(values) => Arc::new(BooleanArray::new(values.into(), nulls)),
            Values::UTinyint(values) => Arc::new(UInt8Array::new(values.into(), nulls)),
            Values::UInteger(values) => Arc::new(UInt32Array::new(values.into(), nulls)),
            Values::Bigint(values) => Arc::new(Int64Array::new(values.into(), nulls)),
            Values::Double(values) => Arc::new(Float64Array::new(values.into(), nulls)),
            Values::Timestamptz(values) => {
                Arc::new(TimestampMicrosecondArray::new(values.into(), nulls).with_timezone("UTC"))
            }
            Values::Interval(values) => Arc::new(IntervalMonthDayNanoArray::new(values.into(), nulls)),
            Values::Text { ends, bytes } => Arc::new(StringArray::try_new(offsets(ends), Buffer::from(bytes), nulls)?),
            Values::List { ends, element, ty } => {
                let length = ends.last().copied().unwrap_or(0);
                let values = element.finish(length as usize)?;
                Arc::new(ListArray::new(Arc::new(item(&ty)), offsets(ends), values, nulls))
            }
            Values::Struct { names, fields } => {
                let arrays = fields.into_iter().map(|field| field.finish(rows)).collect::<Result<_>>()?;
                Arc::new(StructArray::new(struct_fields(&names), arrays, nulls))
            }
        })
    }

    /// The rows before `row` are those that have been written.
    #[inline]
    fn put<T>(valid: &mut Vec<bool>, values: &mut Vec<T>, row: usize, value: T) {
        debug_assert_eq!(values.len(), row, "rows are written once and in order");
        values.push(value);
        valid.push(true);
    }
}

impl Output for Writer {
    fn null(&mut self, row: usize) {
        match &mut self.values {
            Values::Nothing => {}
            Values::Boolean(values) => values.push(false),
            Values::UTinyint(values) => values.push(0),
            Values::UInteger(values) => values.push(0),
            Values::Bigint(values) | Values::Timestamptz(values) => values.push(0),
            Values::Double(values) => values.push(0.0),
            Values::Interval(values) => values.push(IntervalMonthDayNano::ZERO),
            Values::Text { ends, .. } | Values::List { ends, .. } => ends.push(ends.last().copied().unwrap_or(0)),
            Values::Struct { fields, .. } => {
                for field in fields {
                    field.null(row);
                }
            }
        }
        // A struct says only where it is NULL.
        self.valid.resize(row, true);
        self.valid.push(false);
    }

    #[inline]
    fn boolean(&mut self, row: usize, value: bool) {
        if let Values::Boolean(values) = &mut self.values {
            Self::put(&mut self.valid, values, row, value);
        }
    }

    #[inline]
    fn utinyint(&mut self, row: usize, value: u8) {
        if let Values::UTinyint(values) = &mut self.values {
            Self::put(&mut self.valid, values, row, value);
        }
    }

    #[inline]
    fn uinteger(&mut self, row: usize, value: u32) {
        if let Values::UInteger(values) = &mut self.values {
            Self::put(&mut self.valid, values, row, value);
        }
    }

    #[inline]
    fn bigint(&mut self, row: usize, value: i64) {
        if let Values::Bigint(values) | Values::Timestamptz(values) = &mut self.values {
            Self::put(&mut self.valid, values, row, value);
        }
    }

    #[inline]
    fn double(&mut self, row: usize, value: f64) {
        if let Values::Double(values) = &mut self.values {
            Self::put(&mut self.valid, values, row, value);
        }
    }

    fn interval(&mut self, row: usize, micros: i64) {
        const DAY: i64 = 86_400_000_000;
        if let Values::Interval(values) = &mut self.values {
            // Whole days as days, as on DuckDB.
            let days = i32::try_from(micros / DAY).unwrap_or(i32::MAX);
            let value = if micros % DAY == 0 {
                IntervalMonthDayNano::new(0, days, 0)
            } else {
                IntervalMonthDayNano::new(0, 0, micros.saturating_mul(1000))
            };
            Self::put(&mut self.valid, values, row, value);
        }
    }

    #[inline]
    fn text(&mut self, row: usize, text: &str) {
        if let Values::Text { ends, bytes } = &mut self.values {
            bytes.extend_from_slice(text.as_bytes());
            Self::put(&mut self.valid, ends, row, bytes.len() as i32);
        }
    }

    fn field(&mut self, index: usize) -> &mut Self {
        let Values::Struct { fields, .. } = &mut self.values else {
            unreachable!("only structs have fields");
        };
        &mut fields[index]
    }

    fn list(&mut self, row: usize, length: usize, mut write: impl FnMut(&mut Self, usize, usize)) {
        if let Values::List { ends, element, .. } = &mut self.values {
            let start = ends.last().copied().unwrap_or(0);
            for index in 0..length {
                write(element, start as usize + index, index);
            }
            Self::put(&mut self.valid, ends, row, start + length as i32);
        }
    }
}
