//! The other relations on their way into a lake: lists, policies, and what the readers of accounts and methods give.
//!
//! A row is known by where it comes from (the reader, or a list) and by the key of its relation; a later row takes the
//! place of an earlier one. Rows about one account from several directories stay side by side, and add up.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, BooleanArray, ListBuilder, RecordBatch, RecordBatchOptions, StringArray, StringBuilder,
    UInt32Array, new_null_array,
};
use datafusion::arrow::compute::{cast, concat_batches, filter_record_batch, take_record_batch};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use mfa_core::catalog::SqlFile;
use mfa_core::policy::Compiled;
use mfa_core::readers::framing::{Position, Stream};
use mfa_core::readers::{Layout, Record};

use super::recognise::{column_name, key};
use super::{LakeError, schema};

/// What a file gave.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) batches: Vec<RecordBatch>,
    pub(super) records: u64,
    /// Record and reason.
    pub(super) rejects: Vec<(u64, String)>,
}

/// Reads a list of rows as text.
pub(super) fn list(path: &str, relation: &'static SqlFile, layout: Layout, max: u64) -> Result<Read, LakeError> {
    let cannot = |error: std::io::Error| LakeError::Input(mfa_files::cannot_open(path, &error));
    let mut stream = Stream::open(File::open(path).map_err(cannot)?, layout).map_err(cannot)?;
    let mut read = Read::default();
    let mut spare = Vec::new();
    while let Some(block) = stream.next_block(spare).map_err(cannot)? {
        let mut position = Position::default();
        let mut cells = Cells::new(relation);
        while let Some(piece) = block.next(&mut position) {
            read.records += 1;
            let taken = match piece.content {
                Ok(record) => cells.take(piece.number, record),
                Err(reject) => Err(reject.category.explain().to_owned()),
            };
            if let Err(why) = taken {
                read.rejects.push((piece.number, why));
            }
        }
        read.batches.push(cells.finish(path, &mut read.rejects)?);
        if read.rejects.len() as u64 > max {
            break;
        }
        spare = block.into_bytes();
    }
    Ok(read)
}

/// A cell that has been read and has no type yet.
enum Cell {
    Null,
    Text(String),
    List(Vec<Option<String>>),
}

/// Rows as text.
struct Cells {
    relation: &'static SqlFile,
    schema: SchemaRef,
    columns: Vec<Vec<Cell>>,
    records: Vec<u64>,
}

impl Cells {
    fn new(relation: &'static SqlFile) -> Self {
        let schema = schema(relation);
        let columns = schema.fields().iter().map(|_| Vec::new()).collect();
        Self { relation, schema, columns, records: Vec::new() }
    }

    fn take(&mut self, number: u64, record: Record<'_>) -> Result<(), String> {
        let mut row: Vec<Cell> = self.columns.iter().map(|_| Cell::Null).collect();
        let mut is_any = false;
        let mut put = |column: &str, cell: Cell| {
            if let Ok(index) = self.schema.index_of(column) {
                is_any |= !matches!(cell, Cell::Null);
                row[index] = cell;
            }
        };
        match record {
            Record::Csv(header, fields) => {
                for (column, field) in header.iter().zip(fields) {
                    let text = std::str::from_utf8(field).map_err(|_| "not valid UTF-8".to_owned())?.trim();
                    if !text.is_empty() {
                        put(&column_name(column), Cell::Text(text.to_owned()));
                    }
                }
            }
            Record::Json(bytes) => {
                let object: serde_json::Map<String, serde_json::Value> =
                    serde_json::from_slice(bytes).map_err(|_| "not a JSON object".to_owned())?;
                for (column, value) in object {
                    put(&column_name(column.as_bytes()), json_cell(value));
                }
            }
        }
        if !is_any {
            return Err(format!("no column of {} has a value", self.relation.name));
        }
        for (column, cell) in self.columns.iter_mut().zip(row) {
            column.push(cell);
        }
        self.records.push(number);
        Ok(())
    }

    /// The rows in their types; those with a value that is not of its type are rejects.
    fn finish(self, path: &str, rejects: &mut Vec<(u64, String)>) -> Result<RecordBatch, LakeError> {
        let mut good = vec![true; self.records.len()];
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (field, cells) in self.schema.fields().iter().zip(self.columns) {
            let is_null: Vec<_> = cells.iter().map(|cell| matches!(cell, Cell::Null)).collect();
            let array: ArrayRef = match field.data_type() {
                DataType::List(element) if *element.data_type() == DataType::Utf8 => {
                    let mut lists = ListBuilder::new(StringBuilder::new());
                    for cell in cells {
                        lists.append_option(match cell {
                            Cell::Null => None,
                            Cell::List(texts) => Some(texts),
                            Cell::Text(text) => Some(split(&text)),
                        });
                    }
                    Arc::new(lists.finish())
                }
                // The policy results of sign-ins are in logs only.
                DataType::List(_) => new_null_array(field.data_type(), cells.len()),
                ty => {
                    let texts: StringArray = cells
                        .into_iter()
                        .map(|cell| match cell {
                            Cell::Null => None,
                            Cell::Text(text) => Some(text),
                            Cell::List(texts) => Some(texts.into_iter().flatten().collect::<Vec<_>>().join(", ")),
                        })
                        .collect();
                    cast(&texts, ty).map_err(DataFusionError::from)?
                }
            };
            for (row, was_null) in is_null.into_iter().enumerate() {
                let is_nested = matches!(field.data_type(), DataType::List(_));
                if array.is_null(row) && !was_null && !is_nested && good[row] {
                    good[row] = false;
                    let ty = self.relation.columns.iter().find(|column| column.name == field.name());
                    let ty = ty.map_or("", |column| column.ty);
                    rejects.push((self.records[row], format!("{} is no {ty}", field.name())));
                }
            }
            arrays.push(array);
        }
        let arrays = self.schema.fields().iter().zip(arrays).map(|(field, array)| -> Result<ArrayRef, LakeError> {
            // Where a list of rows does not say where it is from.
            Ok(match field.name().as_str() {
                "source_file" if array.null_count() == array.len() => {
                    Arc::new(StringArray::from(vec![path; array.len()]))
                }
                _ => array,
            })
        });
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(good.len()));
        let batch = RecordBatch::try_new_with_options(self.schema, arrays, &options).map_err(DataFusionError::from)?;
        Ok(filter_record_batch(&batch, &BooleanArray::from(good)).map_err(DataFusionError::from)?)
    }
}

/// Where one cell of a table of text holds several: `a; b`, or as engines print lists, `[a, b]`.
fn split(text: &str) -> Vec<Option<String>> {
    let (text, separator) = match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(inner) => (inner, ','),
        None => (text, ';'),
    };
    let parts = text.split(separator).map(|part| part.trim().trim_matches(['"', '\'']));
    parts.filter(|part| !part.is_empty()).map(|part| Some(part.to_owned())).collect()
}

fn json_cell(value: serde_json::Value) -> Cell {
    use serde_json::Value;
    match value {
        Value::Null => Cell::Null,
        Value::String(text) => Cell::Text(text),
        Value::Array(values) => Cell::List(
            values
                .into_iter()
                .map(|value| match value {
                    Value::Null => None,
                    Value::String(text) => Some(text),
                    other => Some(other.to_string()),
                })
                .collect(),
        ),
        other => Cell::Text(other.to_string()),
    }
}

/// Reads rows of a Parquet file, columns by name; those it does not have are unknown.
pub(super) fn parquet(path: &str, relation: &'static SqlFile) -> Result<Read, LakeError> {
    let cannot = |error: std::io::Error| LakeError::Input(mfa_files::cannot_open(path, &error));
    let bad = |what: String| LakeError::Input(format!("cannot load '{path}': {what}"));
    let file = File::open(path).map_err(cannot)?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| bad(error.to_string()))?;
    let schema = schema(relation);
    let mut read = Read::default();
    for batch in builder.build().map_err(|error| bad(error.to_string()))? {
        let batch = batch.map_err(|error| bad(error.to_string()))?;
        read.records += batch.num_rows() as u64;
        let arrays = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
            Some(array) => cast(array, field.data_type())
                .map_err(|_| bad(format!("its column {} is {}", field.name(), array.data_type()))),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        });
        let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
        if arrays.iter().all(|array| array.null_count() == array.len()) && batch.num_rows() > 0 {
            return Err(bad(format!("it has no column of {}", relation.name)));
        }
        read.batches.push(RecordBatch::try_new(SchemaRef::clone(&schema), arrays).map_err(DataFusionError::from)?);
    }
    Ok(read)
}

/// Reads a policy document. A policy's own text says what it is called and from when it holds.
pub(super) fn policy(path: &str, relation: &'static SqlFile) -> Result<Read, LakeError> {
    let cannot = |error: std::io::Error| LakeError::Input(mfa_files::cannot_open(path, &error));
    let text = match String::from_utf8(fs::read(path).map_err(cannot)?) {
        Ok(text) => text,
        Err(_) => return Ok(Read { records: 1, rejects: vec![(1, "not valid UTF-8".to_owned())], ..Read::default() }),
    };
    let compiled = match Compiled::parse(&text) {
        Ok(compiled) => compiled,
        Err(error) => return Ok(Read { records: 1, rejects: vec![(1, error.to_string())], ..Read::default() }),
    };
    let mut cells = Cells::new(relation);
    let policy = compiled.policy();
    let effective_from =
        datafusion::arrow::array::TimestampMicrosecondArray::from(vec![policy.effective_from.micros()]);
    let effective_from =
        datafusion::arrow::util::display::array_value_to_string(&effective_from, 0).map_err(DataFusionError::from)?;
    for (field, column) in SchemaRef::clone(&cells.schema).fields().iter().zip(&mut cells.columns) {
        column.push(match field.name().as_str() {
            "policy_id" => Cell::Text(policy.id.clone()),
            "version" => Cell::Text(policy.version.clone()),
            "effective_from" => Cell::Text(format!("{effective_from}Z")),
            "document" => Cell::Text(text.clone()),
            "hash" => Cell::Text(compiled.hash().to_owned()),
            "approved_by" => Cell::List(policy.approved_by.iter().cloned().map(Some).collect()),
            "ticket" => policy.ticket.clone().map_or(Cell::Null, Cell::Text),
            _ => Cell::Null,
        });
    }
    cells.records.push(1);
    let mut read = Read { records: 1, ..Read::default() };
    read.batches.push(cells.finish(path, &mut read.rejects)?);
    Ok(read)
}

/// The rows of a relation from one source, after some more have come.
pub(super) struct Merged {
    pub(super) rows: RecordBatch,
    /// By the file they come from: rows that are new, and that replaced an earlier one.
    pub(super) counts: BTreeMap<usize, (u64, u64)>,
    pub(super) is_changed: bool,
}

/// Puts `new` rows, each from a file, over those that are `there`.
pub(super) fn merge(
    relation: &'static SqlFile,
    there: Option<RecordBatch>,
    new: &[(usize, RecordBatch)],
) -> Result<Merged, LakeError> {
    let schema = schema(relation);
    let there = there.unwrap_or_else(|| RecordBatch::new_empty(SchemaRef::clone(&schema)));
    let old_rows = there.num_rows();
    let mut origins: Vec<Option<usize>> = vec![None; old_rows];
    let mut batches = vec![there];
    for (file, batch) in new {
        origins.extend(std::iter::repeat_n(Some(*file), batch.num_rows()));
        batches.push(batch.clone());
    }
    let all = concat_batches(&schema, &batches).map_err(DataFusionError::from)?;
    let keys: Vec<_> = key(relation).filter_map(|column| schema.index_of(column).ok()).collect();
    let keys: Vec<usize> = if relation.name == "mfa_proposed_policy" { Vec::new() } else { keys };
    let convert = |columns: &[usize]| -> Result<_, DataFusionError> {
        let arrays: Vec<_> = columns.iter().map(|column| ArrayRef::clone(all.column(*column))).collect();
        let fields = arrays.iter().map(|array| SortField::new(array.data_type().clone())).collect();
        Ok(RowConverter::new(fields)?.convert_columns(&arrays)?)
    };
    let everything = convert(&(0..all.num_columns()).collect::<Vec<_>>())?;
    // Without a key there is one row.
    let key_rows = if keys.is_empty() { None } else { Some(convert(&keys)?) };
    // Where the row of a key is in the result, and which row it is.
    let mut places: HashMap<Option<&[u8]>, usize> = HashMap::with_capacity(all.num_rows());
    let mut result: Vec<u32> = Vec::with_capacity(all.num_rows());
    let rows: Vec<_> = key_rows.iter().flat_map(|rows| rows.iter()).collect();
    for row in 0..origins.len() {
        let key = rows.get(row).map(|key| key.data());
        match places.get(&key) {
            Some(place) => result[*place] = row as u32,
            None => {
                places.insert(key, result.len());
                result.push(row as u32);
            }
        }
    }
    let mut counts: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for (place, row) in result.iter().enumerate() {
        let Some(file) = origins[*row as usize] else {
            continue;
        };
        if place >= old_rows {
            counts.entry(file).or_default().0 += 1;
        } else if everything.row(place) != everything.row(*row as usize) {
            counts.entry(file).or_default().1 += 1;
        }
    }
    let is_changed = !counts.is_empty();
    let rows = take_record_batch(&all, &UInt32Array::from(result)).map_err(DataFusionError::from)?;
    Ok(Merged { rows, counts, is_changed })
}
