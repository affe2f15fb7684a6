//! Reading vectors.

use std::marker::PhantomData;
use std::ops::Range;

use libduckdb_sys::{
    DUCKDB_TYPE, DUCKDB_TYPE_DUCKDB_TYPE_BIGINT as BIGINT, DUCKDB_TYPE_DUCKDB_TYPE_BOOLEAN as BOOLEAN,
    DUCKDB_TYPE_DUCKDB_TYPE_DATE as DATE, DUCKDB_TYPE_DUCKDB_TYPE_DOUBLE as DOUBLE,
    DUCKDB_TYPE_DUCKDB_TYPE_ENUM as ENUM, DUCKDB_TYPE_DUCKDB_TYPE_LIST as LIST,
    DUCKDB_TYPE_DUCKDB_TYPE_SQLNULL as SQLNULL, DUCKDB_TYPE_DUCKDB_TYPE_STRUCT as STRUCT,
    DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP as TIMESTAMP, DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_MS as TIMESTAMP_MS,
    DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_NS as TIMESTAMP_NS, DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_S as TIMESTAMP_S,
    DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP_TZ as TIMESTAMP_TZ, DUCKDB_TYPE_DUCKDB_TYPE_VARCHAR as VARCHAR,
    duckdb_list_entry, duckdb_list_vector_get_child, duckdb_list_vector_get_size, duckdb_struct_vector_get_child,
    duckdb_vector, duckdb_vector_get_column_type, duckdb_vector_get_data, duckdb_vector_get_validity,
};
use mfa_core::Word;
use mfa_core::functions::{Column, RUN, Shape};
use quack_rs::types::LogicalType;

/// A vector of DuckDB's, flat, for reading. It lives as long as the callback that was given it.
pub(crate) struct Vector<'chunk> {
    data: *const u8,
    /// Null when every row is valid.
    validity: *mut u64,
    ty: DUCKDB_TYPE,
    /// Rows that may be read: none where all are NULL.
    rows: usize,
    fields: Vec<(String, Vector<'chunk>)>,
    element: Option<Box<Vector<'chunk>>>,
    /// The words of an ENUM and the bytes of its index.
    words: Vec<String>,
    word_width: usize,
    chunk: PhantomData<&'chunk ()>,
}

impl<'chunk> Vector<'chunk> {
    /// # Safety
    /// `vector` must be a flat vector with `rows` rows that outlives `'chunk`.
    pub(super) unsafe fn new(vector: duckdb_vector, rows: usize) -> Self {
        // SAFETY: the vector is valid by contract; the logical type is owned by us and freed on drop; children of a vector
        // are valid as long as it is, and a list's child has as many rows as the list's size says.
        unsafe {
            let logical = LogicalType::from_raw(duckdb_vector_get_column_type(vector));
            let ty = libduckdb_sys::duckdb_get_type_id(logical.as_raw());
            let (mut fields, mut element, mut words, mut word_width) = (Vec::new(), None, Vec::new(), 0);
            match ty {
                STRUCT => {
                    for index in 0..logical.struct_child_count() {
                        let child = Vector::new(duckdb_struct_vector_get_child(vector, index), rows);
                        fields.push((logical.struct_child_name(index), child));
                    }
                }
                LIST => {
                    let length = duckdb_list_vector_get_size(vector) as usize;
                    element = Some(Box::new(Vector::new(duckdb_list_vector_get_child(vector), length)));
                }
                ENUM => {
                    let size = logical.enum_dictionary_size();
                    words = (0..size).map(|index| logical.enum_dictionary_value(u64::from(index))).collect();
                    word_width = if size <= 0xFF {
                        1
                    } else if size <= 0xFFFF {
                        2
                    } else {
                        4
                    };
                }
                _ => {}
            }
            let data = if ty == STRUCT { std::ptr::null() } else { duckdb_vector_get_data(vector).cast_const().cast() };
            let validity = duckdb_vector_get_validity(vector);
            let rows = if ty == SQLNULL { 0 } else { rows };
            Self { data, validity, ty, rows, fields, element, words, word_width, chunk: PhantomData }
        }
    }

    #[inline]
    fn get<T: Copy>(&self, row: usize) -> Option<T> {
        // SAFETY: the type was checked by the caller, `is_valid` has checked the row.
        self.is_valid(row).then(|| unsafe { self.data.cast::<T>().add(row).read() })
    }

    /// # Safety
    /// The row must be one that may be read and is not NULL.
    #[inline]
    unsafe fn valid_word(&self, row: usize) -> Word<'_> {
        if self.ty == VARCHAR {
            // SAFETY: a string is two words. They are read one by one, to stay in registers.
            let words = unsafe {
                let first = self.data.cast::<u64>().add(2 * row);
                [first.read(), first.add(1).read()]
            };
            let length = words[0] as u32 as usize;
            if length <= Word::INLINE {
                // SAFETY: the row is there; a short string is its length and twelve bytes, padded with zeros, and DuckDB's
                // strings are valid UTF-8.
                let text = unsafe {
                    std::str::from_utf8_unchecked(std::slice::from_raw_parts(self.data.add(row * 16 + 4), length))
                };
                return Word::inline(words, text);
            }
        }
        self.other_word(row)
    }

    /// A longer word, or one of an ENUM.
    #[cold]
    fn other_word(&self, row: usize) -> Word<'_> {
        Word::new(self.text(row).unwrap_or_default())
    }

    fn other_timestamp(&self, row: usize) -> Option<i64> {
        match self.ty {
            TIMESTAMP => self.get(row),
            TIMESTAMP_S => self.get::<i64>(row).map(|seconds| seconds.saturating_mul(1_000_000)),
            TIMESTAMP_MS => self.get::<i64>(row).map(|millis| millis.saturating_mul(1_000)),
            TIMESTAMP_NS => self.get::<i64>(row).map(|nanos| nanos.div_euclid(1_000)),
            DATE => self.get::<i32>(row).map(|days| i64::from(days).saturating_mul(86_400_000_000)),
            _ => None,
        }
    }
}

impl Column for Vector<'_> {
    fn shape(&self) -> Shape {
        match self.ty {
            SQLNULL => Shape::Null,
            VARCHAR | ENUM => Shape::Text,
            BOOLEAN => Shape::Boolean,
            TIMESTAMP | TIMESTAMP_TZ | TIMESTAMP_S | TIMESTAMP_MS | TIMESTAMP_NS | DATE => Shape::Timestamp,
            LIST => Shape::List,
            STRUCT => Shape::Struct,
            _ => Shape::Other,
        }
    }

    #[inline]
    fn is_valid(&self, row: usize) -> bool {
        // SAFETY: the mask has a bit for each of `rows`.
        row < self.rows
            && (self.validity.is_null() || unsafe { self.validity.add(row / 64).read() } >> (row % 64) & 1 == 1)
    }

    fn type_name(&self) -> String {
        match self.ty {
            LIST => format!("{}[]", self.element.as_ref().map_or_else(String::new, |element| element.type_name())),
            STRUCT => "STRUCT".to_owned(),
            ENUM => "ENUM".to_owned(),
            other => {
                let names = [
                    "INVALID",
                    "BOOLEAN",
                    "TINYINT",
                    "SMALLINT",
                    "INTEGER",
                    "BIGINT",
                    "UTINYINT",
                    "USMALLINT",
                    "UINTEGER",
                    "UBIGINT",
                    "FLOAT",
                    "DOUBLE",
                    "TIMESTAMP",
                    "DATE",
                    "TIME",
                    "INTERVAL",
                    "HUGEINT",
                    "VARCHAR",
                    "BLOB",
                    "DECIMAL",
                    "TIMESTAMP_S",
                    "TIMESTAMP_MS",
                    "TIMESTAMP_NS",
                    "ENUM",
                    "LIST",
                    "STRUCT",
                    "MAP",
                    "UUID",
                    "UNION",
                    "BIT",
                    "TIMETZ",
                    "TIMESTAMPTZ",
                ];
                names.get(other as usize).map_or_else(|| format!("type {other}"), |name| (*name).to_owned())
            }
        }
    }

    /// A VARCHAR or an ENUM; NULL when the row is, or when it is neither.
    #[inline]
    fn text(&self, row: usize) -> Option<&str> {
        match self.ty {
            VARCHAR => {
                let inline = self.get::<[u8; 16]>(row)?;
                let length = u32::from_ne_bytes([inline[0], inline[1], inline[2], inline[3]]) as usize;
                // SAFETY: a string of up to 12 bytes lies in the vector, a longer one where the pointer in its second half
                // points; both outlive the chunk. DuckDB's strings are valid UTF-8.
                unsafe {
                    let start = if length <= 12 {
                        self.data.add(row * 16 + 4)
                    } else {
                        self.data.add(row * 16 + 8).cast::<*const u8>().read_unaligned()
                    };
                    Some(std::str::from_utf8_unchecked(std::slice::from_raw_parts(start, length)))
                }
            }
            ENUM => {
                let index = match self.word_width {
                    1 => usize::from(self.get::<u8>(row)?),
                    2 => usize::from(self.get::<u16>(row)?),
                    _ => self.get::<u32>(row)? as usize,
                };
                self.words.get(index).map(String::as_str)
            }
            _ => None,
        }
    }

    /// A text with the words that a short one is kept in.
    #[inline]
    fn word(&self, row: usize) -> Option<Word<'_>> {
        if !self.is_valid(row) {
            return None;
        }
        // SAFETY: `is_valid` has found the row.
        Some(unsafe { self.valid_word(row) })
    }

    fn rows(&self) -> usize {
        self.rows
    }

    #[inline]
    fn valid(&self, first: usize, count: usize) -> u64 {
        let readable = self.rows.saturating_sub(first).min(count);
        let all = if readable == RUN { u64::MAX } else { !(u64::MAX << (readable % RUN)) };
        if self.validity.is_null() || readable == 0 {
            return all;
        }
        // SAFETY: the mask has a bit for each of `rows`, and `first` is one of them.
        all & unsafe { self.validity.add(first / RUN).read() } >> (first % RUN)
    }

    #[inline]
    fn each_word(&self, first: usize, count: usize, there: u64, mut each: impl FnMut(usize, Option<Word<'_>>)) {
        let valid = there & self.valid(first, count);
        for index in 0..count {
            // SAFETY: `valid` has a bit for rows only that are there.
            each(index, if valid >> index & 1 == 1 { Some(unsafe { self.valid_word(first + index) }) } else { None });
        }
    }

    #[inline]
    fn boolean(&self, row: usize) -> Option<bool> {
        // Read as a byte: any bit pattern is valid for that.
        if self.ty == BOOLEAN { self.get::<u8>(row).map(|byte| byte != 0) } else { None }
    }

    fn double(&self, row: usize) -> Option<f64> {
        if self.ty == DOUBLE { self.get(row) } else { None }
    }

    fn bigint(&self, row: usize) -> Option<i64> {
        if self.ty == BIGINT { self.get(row) } else { None }
    }

    /// A date or a time, as microseconds since 1970; one without a zone is in UTC.
    #[inline]
    fn timestamp(&self, row: usize) -> Option<i64> {
        if self.ty == TIMESTAMP_TZ { self.get(row) } else { self.other_timestamp(row) }
    }

    /// The rows of [`Self::element`] that make up the list.
    #[inline]
    fn list(&self, row: usize) -> Option<Range<usize>> {
        if self.ty != LIST {
            return None;
        }
        let entry = self.get::<duckdb_list_entry>(row)?;
        let start = entry.offset as usize;
        Some(start..start + entry.length as usize)
    }

    /// The elements of all lists.
    fn element(&self) -> Option<&Self> {
        self.element.as_deref()
    }

    /// A field of a STRUCT, by name, whatever its case.
    fn field(&self, name: &str) -> Option<&Self> {
        self.fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, vector)| vector)
    }
}
