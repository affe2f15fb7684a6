//! Writing vectors.

use std::hint::select_unpredictable;
use std::marker::PhantomData;

use libduckdb_sys::{
    duckdb_data_chunk, duckdb_data_chunk_get_size, duckdb_data_chunk_get_vector, duckdb_interval, duckdb_list_entry,
    duckdb_list_vector_get_child, duckdb_list_vector_get_size, duckdb_list_vector_reserve, duckdb_list_vector_set_size,
    duckdb_struct_vector_get_child, duckdb_vector, duckdb_vector_assign_string_element_len,
    duckdb_vector_ensure_validity_writable, duckdb_vector_get_data, duckdb_vector_get_validity, duckdb_vector_size,
};
use mfa_core::Name;
use mfa_core::functions::{Output, Type};

/// How much memory for longer strings is asked for at once, which is a string of this length.
static BLANK: [u8; 16 << 10] = [b' '; 16 << 10];

/// A longer string as a vector holds it: `duckdb_string_t` of the C API.
#[repr(C)]
#[derive(Clone, Copy)]
struct LongText {
    length: u32,
    prefix: [u8; 4],
    text: *mut u8,
}

/// Writes one vector of DuckDB's, row by row, in any order. It lives as long as the callback that was given the vector.
pub(crate) struct Writer<'chunk> {
    vector: duckdb_vector,
    data: *mut u8,
    /// Null until the first NULL.
    validity: *mut u64,
    /// Memory of the vector's for longer strings, and how much of it is left.
    heap: *mut u8,
    heap_left: usize,
    fields: Vec<Writer<'chunk>>,
    element: Option<ListWriter<'chunk>>,
    chunk: PhantomData<&'chunk mut ()>,
}

struct ListWriter<'chunk> {
    writer: Box<Writer<'chunk>>,
    ty: Type,
    length: usize,
    capacity: usize,
}

impl<'chunk> Writer<'chunk> {
    /// Texts up to this length are stored in the vector itself.
    pub(crate) const INLINE: usize = 12;

    /// # Safety
    /// `vector` must be a writable vector of type `ty` that outlives `'chunk`, written by nobody else.
    pub(super) unsafe fn new(vector: duckdb_vector, ty: &Type) -> Self {
        // SAFETY: the vector is valid by contract, and so are the children of a vector of such a type.
        unsafe {
            let fields = match ty {
                Type::Struct(fields) => (0u64..)
                    .zip(fields)
                    .map(|(index, (_, ty))| Self::new(duckdb_struct_vector_get_child(vector, index), ty))
                    .collect(),
                _ => Vec::new(),
            };
            let element = match ty {
                Type::List(element) => {
                    let writer = Self::new(duckdb_list_vector_get_child(vector), element);
                    let length = duckdb_list_vector_get_size(vector) as usize;
                    Some(ListWriter { writer: Box::new(writer), ty: (**element).clone(), length, capacity: 0 })
                }
                _ => None,
            };
            let data = if matches!(ty, Type::Struct(_)) {
                std::ptr::null_mut()
            } else {
                duckdb_vector_get_data(vector).cast()
            };
            let (validity, heap) = (std::ptr::null_mut(), std::ptr::null_mut());
            Self { vector, data, validity, heap, heap_left: 0, fields, element, chunk: PhantomData }
        }
    }

    #[inline]
    fn put<T>(&mut self, row: usize, value: T) {
        // SAFETY: `data` is the vector's array of `T`, by the type the writer was made for, and has room for `row`.
        unsafe { self.data.cast::<T>().add(row).write(value) }
    }

    fn assign(&mut self, row: usize, text: &[u8]) {
        // SAFETY: `vector` is a valid VARCHAR vector; the bytes are copied before the call returns.
        unsafe {
            duckdb_vector_assign_string_element_len(self.vector, row as u64, text.as_ptr().cast(), text.len() as u64);
        }
    }

    /// The mask of the rows that are not NULL.
    #[inline]
    fn validity(&mut self) -> *mut u64 {
        if self.validity.is_null() {
            // SAFETY: `vector` is valid and writable.
            unsafe {
                duckdb_vector_ensure_validity_writable(self.vector);
                self.validity = duckdb_vector_get_validity(self.vector);
            }
        }
        self.validity
    }

    /// Writes up to [`RUN`] rows, of one run. No branch, but for a run with a NULL.
    #[inline]
    fn put_all<T: Copy>(&mut self, first: usize, values: impl Iterator<Item = Option<T>>, blank: T) {
        let mut missing = 0;
        for (index, value) in values.enumerate() {
            missing |= u64::from(value.is_none()) << index;
            self.put(first + index, value.unwrap_or(blank));
        }
        self.nulls(first, missing);
    }

    /// Makes rows NULL that follow `first`, all of one run: those whose bit is set.
    #[inline]
    fn nulls(&mut self, first: usize, missing: u64) {
        if missing != 0 {
            // SAFETY: as for `null`; the rows of a run share one word of the mask.
            unsafe { *self.validity().add(first / 64) &= !(missing << (first % 64)) };
        }
    }

    /// Writes a text too long for the vector; the answer is what other rows that share it hold.
    fn long_text(&mut self, row: usize, text: &str) -> [u64; 2] {
        self.text(row, text);
        // SAFETY: the vector is one of VARCHAR, and the row has been written.
        unsafe { self.data.cast::<[u64; 2]>().add(row).read() }
    }
}

impl Output for Writer<'_> {
    /// Makes `row` NULL.
    #[inline]
    fn null(&mut self, row: usize) {
        // SAFETY: `vector` is valid; `row` is within it, which every caller of this module's types upholds by taking rows
        // from the chunk's own size.
        unsafe { *self.validity().add(row / 64) &= !(1 << (row % 64)) };
        for field in &mut self.fields {
            field.null(row);
        }
    }

    fn boolean(&mut self, row: usize, value: bool) {
        self.put(row, value);
    }

    fn utinyint(&mut self, row: usize, value: u8) {
        self.put(row, value);
    }

    fn uinteger(&mut self, row: usize, value: u32) {
        self.put(row, value);
    }

    /// A BIGINT, or a TIMESTAMPTZ as microseconds.
    fn bigint(&mut self, row: usize, value: i64) {
        self.put(row, value);
    }

    fn double(&mut self, row: usize, value: f64) {
        self.put(row, value);
    }

    /// An INTERVAL of this many microseconds.
    fn interval(&mut self, row: usize, micros: i64) {
        self.put(row, interval(micros));
    }

    #[inline]
    fn text(&mut self, row: usize, text: &str) {
        if text.len() <= Self::INLINE {
            let mut inline = [0u8; 16];
            inline[..4].copy_from_slice(&(text.len() as u32).to_ne_bytes());
            inline[4..4 + text.len()].copy_from_slice(text.as_bytes());
            self.put(row, inline);
            return;
        }
        if text.len() > BLANK.len() / 4 {
            self.assign(row, text.as_bytes());
            return;
        }
        if text.len() > self.heap_left {
            // A call for each string costs more than all else that is done to write it, so one call is for many: it makes
            // a blank string in the memory of the vector, and the strings are written over it.
            self.assign(row, &BLANK);
            // SAFETY: that string is longer than what is stored in the vector itself.
            self.heap = unsafe { self.data.cast::<LongText>().add(row).read().text };
            self.heap_left = BLANK.len();
        }
        let (length, mut prefix) = (text.len(), [0; 4]);
        prefix.copy_from_slice(&text.as_bytes()[..4]);
        // SAFETY: `heap` has room for the text, nobody else has been given that part of it, and it lives as long as the
        // vector does.
        unsafe { self.heap.copy_from_nonoverlapping(text.as_ptr(), length) };
        self.put(row, LongText { length: length as u32, prefix, text: self.heap });
        // SAFETY: still within it, or just behind.
        self.heap = unsafe { self.heap.add(length) };
        self.heap_left -= length;
    }

    fn utinyints(&mut self, first: usize, values: impl Iterator<Item = Option<u8>>) {
        self.put_all(first, values, 0);
    }

    fn uintegers(&mut self, first: usize, values: impl Iterator<Item = Option<u32>>) {
        self.put_all(first, values, 0);
    }

    fn bigints(&mut self, first: usize, values: impl Iterator<Item = Option<i64>>) {
        self.put_all(first, values, 0);
    }

    fn intervals(&mut self, first: usize, values: impl Iterator<Item = Option<i64>>) {
        self.put_all(first, values.map(|micros| micros.map(interval)), interval(0));
    }

    /// One name for a run of `count` rows.
    fn name(&mut self, first: usize, count: usize, name: &Name) {
        let text = self.long_text(first, name.as_str());
        (first + 1..first + count).for_each(|row| self.put(row, text));
    }

    /// A name for each of a run of rows. One too long for the vector is kept beside it, once for the neighbours that share it.
    #[inline]
    fn names<'n, T>(&mut self, first: usize, rows: &[T], name: impl Fn(&T) -> Option<&'n Name>) {
        static NOTHING: Name = Name::of("");
        let (mut missing, mut long) = (0, 0);
        for (index, row) in rows.iter().enumerate() {
            let name = name(row);
            missing |= u64::from(name.is_none()) << index;
            let (words, is_inline) = name.unwrap_or(&NOTHING).words();
            long |= u64::from(!is_inline) << index;
            self.put(first + index, words);
        }
        self.nulls(first, missing);
        // Those met last, by where they are.
        let mut met = [(std::ptr::null(), [0; 2]); 4];
        while long != 0 {
            let index = long.trailing_zeros() as usize;
            long &= long - 1;
            let name = name(&rows[index]).unwrap_or(&NOTHING);
            if let Some((_, text)) = met.iter().find(|(known, _)| std::ptr::eq(*known, name)) {
                self.put(first + index, *text);
            } else {
                met.rotate_right(1);
                met[0] = (std::ptr::from_ref(name), self.long_text(first + index, name.as_str()));
            }
        }
    }

    /// The writer of a field of a STRUCT.
    fn field(&mut self, index: usize) -> &mut Self {
        &mut self.fields[index]
    }

    /// A list of `length` elements; `write` is called with the element writer and each element's row and index.
    fn list(&mut self, row: usize, length: usize, mut write: impl FnMut(&mut Self, usize, usize)) {
        let Some(list) = &mut self.element else {
            return;
        };
        let offset = list.length;
        let end = offset + length;
        // SAFETY: `vector` is a valid list vector. Reserving may move the child's memory, so the child's writer is made
        // anew; the size covers all rows written before it is set.
        unsafe {
            if end > list.capacity {
                list.capacity = end.next_power_of_two().max(duckdb_vector_size() as usize);
                duckdb_list_vector_reserve(self.vector, list.capacity as u64);
                *list.writer = Writer::new(duckdb_list_vector_get_child(self.vector), &list.ty);
            }
            duckdb_list_vector_set_size(self.vector, end as u64);
        }
        list.length = end;
        for index in 0..length {
            write(&mut list.writer, offset + index, index);
        }
        self.put(row, duckdb_list_entry { offset: offset as u64, length: length as u64 });
    }
}

/// An INTERVAL of this many microseconds.
fn interval(micros: i64) -> duckdb_interval {
    const DAY: i64 = 86_400_000_000;
    // Whole days as days, which is how DuckDB itself reads INTERVAL '12 hours' and '30 days'.
    let is_whole = micros % DAY == 0;
    let days = (micros / DAY).min(i64::from(i32::MAX)) as i32;
    duckdb_interval {
        months: 0,
        days: select_unpredictable(is_whole, days, 0),
        micros: select_unpredictable(is_whole, 0, micros),
    }
}

/// The rows a table function may fill in one call.
pub(crate) struct Rows<'chunk> {
    /// One writer for each column that is wanted, in the order of the projection.
    pub(crate) columns: Vec<Writer<'chunk>>,
}

impl Rows<'_> {
    /// How many rows fit.
    pub(crate) fn capacity() -> usize {
        // SAFETY: takes nothing and returns a constant.
        unsafe { duckdb_vector_size() as usize }
    }

    /// # Safety
    /// `chunk` must be an output chunk whose columns have these types.
    pub(super) unsafe fn new<'t>(chunk: duckdb_data_chunk, types: impl Iterator<Item = &'t Type>) -> Self {
        // SAFETY: by contract.
        let columns = (0u64..)
            .zip(types)
            .map(|(index, ty)| unsafe { Writer::new(duckdb_data_chunk_get_vector(chunk, index), ty) })
            .collect();
        Self { columns }
    }
}

/// # Safety
/// `chunk` must be valid.
pub(super) unsafe fn size(chunk: duckdb_data_chunk) -> usize {
    // SAFETY: by contract.
    unsafe { duckdb_data_chunk_get_size(chunk) as usize }
}
