//! Sign-ins on their way into a lake: gathered by provider and day, each event once, sorted by time.
//!
//! An event that is there already stays as it is. Of those that are new the first by time, id, file and record counts,
//! so the result does not depend on which thread was faster.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, StringArray, StringBuilder, UInt32Array};
use datafusion::arrow::compute::{concat_batches, take_record_batch};
use datafusion::arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::HashSet;
use datafusion::error::DataFusionError;
use sha2::{Digest as _, Sha256};

use super::LakeError;
use super::manifest::DataFile;
use super::parquet;

const DAY: i64 = 86_400_000_000;

/// Provider, and day as a number; events without a time have none.
pub(super) type Place = (String, Option<i64>);

/// Where columns are.
#[derive(Clone, Copy)]
struct Columns {
    time: usize,
    provider: usize,
    id: usize,
    file: usize,
    record: usize,
}

/// The sign-ins that are being loaded.
pub(super) struct Gathered {
    schema: SchemaRef,
    columns: Columns,
    /// Where what does not fit in memory goes.
    aside: PathBuf,
    /// Bytes that are kept in memory.
    memory: usize,
    held: Mutex<Held>,
    runs: AtomicUsize,
}

#[derive(Default)]
struct Held {
    places: BTreeMap<Place, Rows>,
    bytes: usize,
}

#[derive(Default)]
struct Rows {
    batches: Vec<RecordBatch>,
    runs: Vec<PathBuf>,
}

/// What became of the sign-ins of one place.
pub(super) struct Placed {
    /// Where it is, below the folder of the relation.
    pub(super) partition: Vec<String>,
    /// The rows of the file that is to be, and their first and last instant; none when nothing is new.
    pub(super) rows: Option<(RecordBatch, Option<(i64, i64)>)>,
    /// Rows that are new, by the file they come from.
    pub(super) new: HashMap<String, u64>,
}

impl Gathered {
    pub(super) fn new(schema: SchemaRef, aside: PathBuf, memory: usize) -> Result<Self, LakeError> {
        let of = |name: &str| schema.index_of(name).map_err(DataFusionError::from);
        let columns = Columns {
            time: of("event_time")?,
            provider: of("provider")?,
            id: of("event_id")?,
            file: of("source_file")?,
            record: of("source_record")?,
        };
        Ok(Self { schema, columns, aside, memory, held: Mutex::default(), runs: AtomicUsize::new(0) })
    }

    /// Takes rows, in any order and from any thread.
    pub(super) fn add(&self, batch: RecordBatch) -> Result<(), LakeError> {
        let batch = self.named(batch)?;
        let mut places = Vec::new();
        for (place, rows) in self.places(&batch) {
            let part = match rows.as_slice() {
                [first, .., last] if last - first + 1 == rows.len() as u32 => batch.slice(*first as usize, rows.len()),
                _ => take_record_batch(&batch, &UInt32Array::from(rows)).map_err(DataFusionError::from)?,
            };
            places.push((place, part));
        }
        let full = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.bytes += batch.get_array_memory_size();
            for (place, part) in places {
                held.places.entry(place).or_default().batches.push(part);
            }
            (held.bytes > self.memory).then(|| {
                held.bytes = 0;
                let places = held.places.iter_mut().filter(|(_, rows)| !rows.batches.is_empty());
                places.map(|(place, rows)| (place.clone(), std::mem::take(&mut rows.batches))).collect::<Vec<_>>()
            })
        };
        for (place, batches) in full.into_iter().flatten() {
            self.spill(place, &batches)?;
        }
        Ok(())
    }

    fn spill(&self, place: Place, batches: &[RecordBatch]) -> Result<(), LakeError> {
        let path = self.aside.join(format!("run-{}.parquet", self.runs.fetch_add(1, Ordering::Relaxed)));
        parquet::write(&path, &self.schema, batches, None)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.places.entry(place).or_default().runs.push(path);
        Ok(())
    }

    /// Gives events without an id one that is the same for the same record.
    fn named(&self, batch: RecordBatch) -> Result<RecordBatch, LakeError> {
        let ids = batch.column(self.columns.id).as_string::<i32>();
        if ids.null_count() == 0 {
            return Ok(batch);
        }
        let said: Vec<_> = (0..batch.num_columns())
            .filter(|column| *column != self.columns.file && *column != self.columns.record)
            .map(|column| ArrayRef::clone(batch.column(column)))
            .collect();
        let fields = said.iter().map(|column| SortField::new(column.data_type().clone())).collect();
        let rows = RowConverter::new(fields).and_then(|converter| converter.convert_columns(&said));
        let rows = rows.map_err(DataFusionError::from)?;
        let mut named = StringBuilder::new();
        for (id, row) in ids.iter().zip(rows.iter()) {
            match id {
                Some(id) => named.append_value(id),
                None => {
                    let digest = Sha256::digest(row.as_ref());
                    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
                    named.append_value(format!("sha256:{hex}"));
                }
            }
        }
        let mut columns = batch.columns().to_vec();
        columns[self.columns.id] = std::sync::Arc::new(named.finish());
        Ok(RecordBatch::try_new(SchemaRef::clone(&self.schema), columns).map_err(DataFusionError::from)?)
    }

    /// The rows of each place, in order.
    fn places(&self, batch: &RecordBatch) -> Vec<(Place, Vec<u32>)> {
        let times = batch.column(self.columns.time).as_primitive::<TimestampMicrosecondType>();
        let providers = batch.column(self.columns.provider).as_string::<i32>();
        let mut places: Vec<(Place, Vec<u32>)> = Vec::new();
        let mut last = 0;
        for row in 0..batch.num_rows() {
            let provider = if providers.is_null(row) { "unknown" } else { providers.value(row) };
            let day = (!times.is_null(row)).then(|| times.value(row).div_euclid(DAY));
            let is_it = |((known, known_day), _): &(Place, Vec<u32>)| *known_day == day && known == provider;
            // Most rows are of the day of the row before.
            if !places.get(last).is_some_and(is_it) {
                last = places.iter().position(is_it).unwrap_or_else(|| {
                    places.push(((provider.to_owned(), day), Vec::new()));
                    places.len() - 1
                });
            }
            places[last].1.push(row as u32);
        }
        places
    }

    /// The places there are rows for.
    pub(super) fn take(self) -> Result<(Finish, Vec<Place>), LakeError> {
        let held = self.held.into_inner().unwrap_or_else(PoisonError::into_inner);
        let places = held.places.keys().cloned().collect();
        let rows = held.places.into_iter().map(|(place, rows)| (place, Mutex::new(rows))).collect();
        Ok((Finish { schema: self.schema, columns: self.columns, rows }, places))
    }
}

/// Everything is gathered: the files can be made, place by place.
pub(super) struct Finish {
    schema: SchemaRef,
    columns: Columns,
    rows: BTreeMap<Place, Mutex<Rows>>,
}

/// The folders of a place, as they are named everywhere else.
pub(super) fn partition((provider, day): &Place) -> Vec<String> {
    let day = day.and_then(chrono_day).unwrap_or_else(|| "unknown".to_owned());
    vec![provider.clone(), day]
}

fn chrono_day(day: i64) -> Option<String> {
    let array = datafusion::arrow::array::Date32Array::from(vec![i32::try_from(day).ok()?]);
    array_value_to_string(&array, 0).ok()
}

impl Finish {
    /// What becomes of a place, with the files that are there.
    pub(super) fn place(&self, root: &Path, place: &Place, files: &[&DataFile]) -> Result<Placed, LakeError> {
        let rows = match self.rows.get(place) {
            Some(rows) => std::mem::take(&mut *rows.lock().unwrap_or_else(PoisonError::into_inner)),
            None => Rows::default(),
        };
        let mut batches = rows.batches;
        for run in &rows.runs {
            batches.push(parquet::read(run, &self.schema, None)?);
            fs::remove_file(run).map_err(|error| LakeError::io(format!("cannot delete '{}'", run.display()), error))?;
        }
        let all = concat_batches(&self.schema, &batches).map_err(DataFusionError::from)?;
        drop(batches);
        let there = files.iter().map(|file| parquet::read(&root.join(&file.path), &self.schema, Some(&["event_id"])));
        let there = there.collect::<Result<Vec<_>, _>>()?;
        let mut seen: HashSet<&str> = HashSet::new();
        for batch in &there {
            seen.extend(batch.column(0).as_string::<i32>().iter().flatten());
        }
        let ids = all.column(self.columns.id).as_string::<i32>();
        let mut order = self.order(&all);
        order.retain(|row| seen.insert(ids.value(*row as usize)));
        let files_of_rows = all.column(self.columns.file).as_string::<i32>();
        let mut new: HashMap<String, u64> = HashMap::new();
        for row in &order {
            let file = if files_of_rows.is_null(*row as usize) { "" } else { files_of_rows.value(*row as usize) };
            match new.get_mut(file) {
                Some(count) => *count += 1,
                None => {
                    new.insert(file.to_owned(), 1);
                }
            }
        }
        let partition = partition(place);
        if order.is_empty() {
            return Ok(Placed { partition, rows: None, new });
        }
        let mut rows = take_record_batch(&all, &UInt32Array::from(order)).map_err(DataFusionError::from)?;
        drop(seen);
        drop(all);
        if !files.is_empty() {
            let mut batches = vec![rows];
            for file in files {
                batches.push(parquet::read(&root.join(&file.path), &self.schema, None)?);
            }
            let all = concat_batches(&self.schema, &batches).map_err(DataFusionError::from)?;
            let order = UInt32Array::from(self.order(&all));
            rows = take_record_batch(&all, &order).map_err(DataFusionError::from)?;
        }
        let times = rows.column(self.columns.time).as_primitive::<TimestampMicrosecondType>();
        let times = place.1.and_then(|_| Some((*times.values().first()?, *times.values().last()?)));
        Ok(Placed { partition, rows: Some((rows, times)), new })
    }

    /// By time, id, file and record.
    fn order(&self, batch: &RecordBatch) -> Vec<u32> {
        let times = batch.column(self.columns.time).as_primitive::<TimestampMicrosecondType>();
        let ids = batch.column(self.columns.id).as_string::<i32>();
        let files = batch.column(self.columns.file).as_string::<i32>();
        let records = batch.column(self.columns.record).as_primitive::<datafusion::arrow::datatypes::Int64Type>();
        let text = |array: &'_ StringArray, row: usize| -> Option<String> {
            (!array.is_null(row)).then(|| array.value(row).to_owned())
        };
        let mut order: Vec<_> = (0..batch.num_rows() as u32).map(|row| (times.value(row as usize), row)).collect();
        order.sort_unstable_by(|(a_time, a), (b_time, b)| {
            let (a, b) = (*a as usize, *b as usize);
            a_time.cmp(b_time).then_with(|| {
                ids.value(a)
                    .cmp(ids.value(b))
                    .then_with(|| text(files, a).cmp(&text(files, b)))
                    .then_with(|| records.value(a).cmp(&records.value(b)))
                    .then_with(|| a.cmp(&b))
            })
        });
        order.into_iter().map(|(_, row)| row).collect()
    }
}
