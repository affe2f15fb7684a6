//! Reading Arrow arrays.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, Float64Array, Int64Array, ListArray, PrimitiveArray, StringArray,
    StringViewArray,
};
use datafusion::arrow::buffer::ScalarBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Date64Type, Field, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use datafusion::arrow::error::ArrowError;
use datafusion::common::Result;
use datafusion::logical_expr::ColumnarValue;
use mfa_core::Word;
use mfa_core::functions::{Column, Engine, Shape};

use crate::writer::Writer;

/// Arrow's memory, as the functions see it.
#[derive(Debug)]
pub(crate) struct Arrow;

impl Engine for Arrow {
    type Column<'c> = Values;
    type Output<'c> = Writer;
}

/// A column of arguments.
pub(crate) struct Values {
    array: ArrayRef,
    kind: Kind,
    /// One value for every row.
    is_constant: bool,
}

enum Kind {
    Null,
    Text(StringArray),
    View(StringViewArray),
    Boolean(BooleanArray),
    Double(Float64Array),
    Bigint(Int64Array),
    /// Microseconds.
    Timestamp(ScalarBuffer<i64>),
    List(ListArray, Box<Values>),
    Struct(Vec<(String, Values)>),
    Other,
}

impl Values {
    /// An argument as DataFusion hands it over.
    pub(crate) fn argument(value: &ColumnarValue) -> Result<Self> {
        match value {
            ColumnarValue::Array(array) => Ok(Self::new(array, false)?),
            ColumnarValue::Scalar(scalar) => Ok(Self::new(&scalar.to_array()?, true)?),
        }
    }

    fn new(array: &ArrayRef, is_constant: bool) -> Result<Self, ArrowError> {
        let mut array = Arc::clone(array);
        // What there are several layouts for is brought to one.
        let layout = match array.data_type() {
            DataType::LargeUtf8 => Some(DataType::Utf8View),
            DataType::Dictionary(_, value) => Some(match &**value {
                DataType::LargeUtf8 => DataType::Utf8View,
                value => value.clone(),
            }),
            DataType::LargeList(item)
            | DataType::FixedSizeList(item, _)
            | DataType::ListView(item)
            | DataType::LargeListView(item) => Some(DataType::List(Arc::clone(item))),
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32
            | DataType::UInt64 => Some(DataType::Int64),
            DataType::Float16 | DataType::Float32 => Some(DataType::Float64),
            _ => None,
        };
        if let Some(layout) = layout {
            array = cast(&array, &layout)?;
        }
        let kind = match array.data_type() {
            DataType::Null => Kind::Null,
            DataType::Utf8 => Kind::Text(array.as_string().clone()),
            DataType::Utf8View => Kind::View(array.as_string_view().clone()),
            DataType::Boolean => Kind::Boolean(array.as_boolean().clone()),
            DataType::Float64 => Kind::Double(array.as_primitive().clone()),
            DataType::Int64 => Kind::Bigint(array.as_primitive().clone()),
            DataType::Timestamp(unit, _) => Kind::Timestamp(match unit {
                TimeUnit::Second => {
                    scaled::<TimestampSecondType>(array.as_primitive(), |value| value.saturating_mul(1_000_000))
                }
                TimeUnit::Millisecond => {
                    scaled::<TimestampMillisecondType>(array.as_primitive(), |value| value.saturating_mul(1_000))
                }
                TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().values().clone(),
                TimeUnit::Nanosecond => {
                    scaled::<TimestampNanosecondType>(array.as_primitive(), |value| value.div_euclid(1_000))
                }
            }),
            DataType::Date32 => Kind::Timestamp(scaled::<Date32Type>(array.as_primitive(), |days| {
                i64::from(days).saturating_mul(86_400_000_000)
            })),
            DataType::Date64 => {
                Kind::Timestamp(scaled::<Date64Type>(array.as_primitive(), |millis| millis.saturating_mul(1_000)))
            }
            DataType::List(_) => {
                let list = array.as_list().clone();
                let element = Self::new(list.values(), false)?;
                Kind::List(list, Box::new(element))
            }
            DataType::Struct(fields) => {
                let columns = array.as_struct().columns();
                let named = |(field, column): (&Arc<Field>, _)| Ok((field.name().clone(), Self::new(column, false)?));
                Kind::Struct(fields.iter().zip(columns).map(named).collect::<Result<_, ArrowError>>()?)
            }
            _ => Kind::Other,
        };
        Ok(Self { array, kind, is_constant }.spread())
    }

    /// The parts of a constant are constant, too.
    fn spread(mut self) -> Self {
        if self.is_constant
            && let Kind::Struct(fields) = &mut self.kind
        {
            for (_, field) in fields {
                field.is_constant = true;
                let inner = std::mem::replace(&mut field.kind, Kind::Null);
                *field = Self { array: Arc::clone(&field.array), kind: inner, is_constant: true }.spread();
            }
        }
        self
    }

    #[inline]
    fn at(&self, row: usize) -> Option<usize> {
        let row = if self.is_constant { 0 } else { row };
        (row < self.array.len() && self.array.is_valid(row)).then_some(row)
    }
}

fn scaled<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>, scale: impl Fn(T::Native) -> i64) -> ScalarBuffer<i64> {
    array.values().iter().map(|value| scale(*value)).collect()
}

impl Column for Values {
    fn rows(&self) -> usize {
        self.array.len()
    }

    fn shape(&self) -> Shape {
        match self.kind {
            Kind::Null => Shape::Null,
            Kind::Text(_) | Kind::View(_) => Shape::Text,
            Kind::Boolean(_) => Shape::Boolean,
            Kind::Timestamp(_) => Shape::Timestamp,
            Kind::List(..) => Shape::List,
            Kind::Struct(_) => Shape::Struct,
            Kind::Double(_) | Kind::Bigint(_) | Kind::Other => Shape::Other,
        }
    }

    fn type_name(&self) -> String {
        match &self.kind {
            Kind::Null => "NULL".to_owned(),
            Kind::Text(_) | Kind::View(_) => "VARCHAR".to_owned(),
            Kind::Boolean(_) => "BOOLEAN".to_owned(),
            Kind::Double(_) => "DOUBLE".to_owned(),
            Kind::Bigint(_) => "BIGINT".to_owned(),
            Kind::Timestamp(_) => "TIMESTAMPTZ".to_owned(),
            Kind::List(_, element) => format!("{}[]", element.type_name()),
            Kind::Struct(_) => "STRUCT".to_owned(),
            Kind::Other => self.array.data_type().to_string(),
        }
    }

    #[inline]
    fn is_valid(&self, row: usize) -> bool {
        !matches!(self.kind, Kind::Null) && self.at(row).is_some()
    }

    #[inline]
    fn text(&self, row: usize) -> Option<&str> {
        match &self.kind {
            Kind::Text(array) => Some(array.value(self.at(row)?)),
            Kind::View(array) => Some(array.value(self.at(row)?)),
            _ => None,
        }
    }

    #[inline]
    fn word(&self, row: usize) -> Option<Word<'_>> {
        match &self.kind {
            Kind::Text(array) => Some(Word::new(array.value(self.at(row)?))),
            Kind::View(array) => {
                let row = self.at(row)?;
                let text = array.value(row);
                if text.len() > Word::INLINE {
                    return Some(Word::new(text));
                }
                let view = array.views()[row];
                Some(Word::inline([view as u64, (view >> 64) as u64], text))
            }
            _ => None,
        }
    }

    #[inline]
    fn boolean(&self, row: usize) -> Option<bool> {
        match &self.kind {
            Kind::Boolean(array) => Some(array.value(self.at(row)?)),
            _ => None,
        }
    }

    fn double(&self, row: usize) -> Option<f64> {
        match &self.kind {
            Kind::Double(array) => Some(array.value(self.at(row)?)),
            _ => None,
        }
    }

    fn bigint(&self, row: usize) -> Option<i64> {
        match &self.kind {
            Kind::Bigint(array) => Some(array.value(self.at(row)?)),
            _ => None,
        }
    }

    #[inline]
    fn timestamp(&self, row: usize) -> Option<i64> {
        match &self.kind {
            Kind::Timestamp(values) => Some(values[self.at(row)?]),
            _ => None,
        }
    }

    #[inline]
    fn list(&self, row: usize) -> Option<Range<usize>> {
        match &self.kind {
            Kind::List(array, _) => {
                let row = self.at(row)?;
                let offsets = array.value_offsets();
                Some(offsets[row] as usize..offsets[row + 1] as usize)
            }
            _ => None,
        }
    }

    #[inline]
    fn element(&self) -> Option<&Self> {
        match &self.kind {
            Kind::List(_, element) => Some(element),
            _ => None,
        }
    }

    fn field(&self, name: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Struct(fields) => {
                fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, values)| values)
            }
            _ => None,
        }
    }
}
