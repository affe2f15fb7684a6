//! Answers: rows in one of the formats, to standard output or a file.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use comfy_table::{CellAlignment, Table};
use datafusion::arrow::array::{Array, ArrayRef, AsArray as _, Int64Array, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::dataframe::DataFrame;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use futures::StreamExt as _;
use mfa_datafusion::show;
use serde_json::Value;

use crate::nearest;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Csv,
    Json,
    Jsonl,
    Markdown,
    Parquet,
}

const FORMATS: &[(&str, Format)] = &[
    ("table", Format::Table),
    ("csv", Format::Csv),
    ("json", Format::Json),
    ("jsonl", Format::Jsonl),
    ("markdown", Format::Markdown),
    ("parquet", Format::Parquet),
];

impl Format {
    pub(crate) fn named(name: &str) -> Result<Self> {
        let found = FORMATS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        match found {
            Some((_, format)) => Ok(*format),
            None => bail!("there is no format {name}; {}", nearest(name, FORMATS.iter().map(|(name, _)| *name))),
        }
    }

    fn of_file(path: &std::path::Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "md" => Some(Self::Markdown),
            "parquet" => Some(Self::Parquet),
            "txt" => Some(Self::Table),
            _ => None,
        }
    }
}

/// Where rows go.
#[derive(Debug)]
pub(crate) struct Answer {
    format: Format,
    path: Option<PathBuf>,
}

impl Answer {
    pub(crate) fn new(format: Option<Format>, path: Option<PathBuf>) -> Result<Self> {
        let of_file = path.as_deref().and_then(Format::of_file);
        let is_terminal = path.is_none() && io::stdout().is_terminal();
        let format = format.or(of_file).unwrap_or(if is_terminal { Format::Table } else { Format::Csv });
        if format == Format::Parquet && is_terminal {
            bail!("Parquet is not for terminals: use --output");
        }
        Ok(Self { format, path })
    }

    /// Writes the rows of a query as they come.
    pub(crate) async fn query(self, frame: DataFrame) -> Result<u64> {
        let schema: SchemaRef = Arc::new(frame.schema().as_arrow().clone());
        let mut stream = frame.execute_stream().await?;
        // What fails before it has rows has no answer, not even the names of columns.
        let mut next = stream.next().await.transpose()?;
        let mut output = self.begin(&schema)?;
        let mut rows = 0;
        while let Some(batch) = next {
            rows += batch.num_rows() as u64;
            output.batch(&batch)?;
            next = stream.next().await.transpose()?;
        }
        output.finish()?;
        Ok(rows)
    }

    /// Writes batches that are there.
    pub(crate) fn batch(self, batch: &RecordBatch) -> Result<()> {
        let mut output = self.begin(&batch.schema())?;
        output.batch(batch)?;
        output.finish()
    }

    /// Writes rows of texts.
    pub(crate) fn rows(self, names: &[&str], rows: Vec<Vec<Option<String>>>) -> Result<()> {
        let columns: Vec<ArrayRef> = (0..names.len())
            .map(|column| {
                let texts = rows.iter().map(|row| row.get(column).cloned().flatten());
                Arc::new(texts.collect::<StringArray>()) as ArrayRef
            })
            .collect();
        self.columns(names, columns)
    }

    /// Writes columns.
    pub(crate) fn columns(self, names: &[&str], columns: Vec<ArrayRef>) -> Result<()> {
        let fields: Vec<_> = names
            .iter()
            .zip(&columns)
            .map(|(name, column)| Field::new(*name, column.data_type().clone(), true))
            .collect();
        self.batch(&RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
    }

    /// Writes a text as it is.
    pub(crate) fn text(self, text: &str) -> Result<()> {
        let mut target = Target::open(self.path)?;
        target.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            target.write_all(b"\n")?;
        }
        target.finish()
    }

    fn begin(self, schema: &SchemaRef) -> Result<Output> {
        let mut target = Target::open(self.path)?;
        let names: Vec<_> = schema.fields().iter().map(|field| field.name().clone()).collect();
        let writer = match self.format {
            Format::Table => {
                let mut table = Table::new();
                table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED).set_header(&names);
                for (column, field) in table.column_iter_mut().zip(schema.fields()) {
                    if field.data_type().is_numeric() {
                        column.set_cell_alignment(CellAlignment::Right);
                    }
                }
                Writer::Table(table, target)
            }
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(target);
                csv.write_record(&names)?;
                Writer::Csv(Box::new(csv))
            }
            Format::Json => Writer::Json { target, is_first: true },
            Format::Jsonl => Writer::Jsonl(target),
            Format::Markdown => {
                writeln!(target, "| {} |", names.iter().map(|name| in_markdown(name)).collect::<Vec<_>>().join(" | "))?;
                let rule = |field: &Arc<Field>| if field.data_type().is_numeric() { "--:" } else { "---" };
                writeln!(target, "| {} |", schema.fields().iter().map(rule).collect::<Vec<_>>().join(" | "))?;
                Writer::Markdown(target)
            }
            Format::Parquet => {
                let properties =
                    WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
                Writer::Parquet(Box::new(ArrowWriter::try_new(target, SchemaRef::clone(schema), Some(properties))?))
            }
        };
        Ok(Output { names, writer })
    }
}

/// An answer that is being written.
struct Output {
    names: Vec<String>,
    writer: Writer,
}

enum Writer {
    Table(Table, Target),
    Csv(Box<csv::Writer<Target>>),
    Json { target: Target, is_first: bool },
    Jsonl(Target),
    Markdown(Target),
    Parquet(Box<ArrowWriter<Target>>),
}

impl Output {
    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        if let Writer::Parquet(writer) = &mut self.writer {
            return Ok(writer.write(batch)?);
        }
        for row in 0..batch.num_rows() {
            let texts = batch.columns().iter().map(|column| show(column, row));
            match &mut self.writer {
                Writer::Table(table, _) => {
                    table.add_row(texts.map(|text| text.unwrap_or_else(|| "NULL".to_owned())));
                }
                Writer::Csv(csv) => csv.write_record(texts.map(Option::unwrap_or_default))?,
                Writer::Markdown(target) => {
                    let cells: Vec<_> = texts.map(|text| in_markdown(&text.unwrap_or_default())).collect();
                    writeln!(target, "| {} |", cells.join(" | "))?;
                }
                Writer::Json { target, is_first } => {
                    target.write_all(if std::mem::take(is_first) { b"[\n" } else { b",\n" })?;
                    write_object(target, members(&self.names, batch), row)?;
                }
                Writer::Jsonl(target) => {
                    write_object(target, members(&self.names, batch), row)?;
                    target.write_all(b"\n")?;
                }
                Writer::Parquet(_) => {}
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        match self.writer {
            Writer::Table(table, mut target) => {
                writeln!(target, "{table}")?;
                target.finish()
            }
            Writer::Csv(csv) => csv.into_inner().map_err(|error| error.into_error())?.finish(),
            Writer::Json { mut target, is_first } => {
                target.write_all(if is_first { b"[]\n" } else { b"\n]\n" })?;
                target.finish()
            }
            Writer::Jsonl(target) | Writer::Markdown(target) => target.finish(),
            Writer::Parquet(writer) => writer.into_inner()?.finish(),
        }
    }
}

/// Standard output, or a file that appears when it is complete.
enum Target {
    Stdout(BufWriter<io::Stdout>),
    File { aside: PathBuf, path: PathBuf, file: BufWriter<File>, is_done: bool },
}

impl Target {
    fn open(path: Option<PathBuf>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Stdout(BufWriter::new(io::stdout())));
        };
        // A pipe or a device is written to as it is.
        let is_file = !path.exists() || path.is_file();
        let mut name = path.file_name().with_context(|| format!("'{}' is no file", path.display()))?.to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let aside = if is_file { path.with_file_name(name) } else { path.clone() };
        let file = File::options().write(true).create(true).truncate(is_file).open(&aside);
        let file = file.with_context(|| format!("cannot write '{}'", path.display()))?;
        Ok(Self::File { aside, path, file: BufWriter::new(file), is_done: false })
    }

    fn finish(mut self) -> Result<()> {
        match &mut self {
            Self::Stdout(stdout) => stdout.flush()?,
            Self::File { aside, path, file, is_done } => {
                let cannot = || format!("cannot write '{}'", path.display());
                file.flush().with_context(cannot)?;
                if aside != path {
                    fs::rename(&*aside, &*path).with_context(cannot)?;
                }
                *is_done = true;
            }
        }
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Self::File { aside, path, is_done: false, .. } = self
            && aside != path
        {
            let _ = fs::remove_file(aside);
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}

fn in_markdown(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('\n', "<br>")
}

fn members<'a>(names: &'a [String], batch: &'a RecordBatch) -> impl Iterator<Item = (&'a str, &'a dyn Array)> {
    names.iter().map(String::as_str).zip(batch.columns().iter().map(|column| &**column))
}

/// A row as a JSON object, its members in the order of the columns.
fn write_object<'a>(
    target: &mut Target,
    members: impl Iterator<Item = (&'a str, &'a dyn Array)>,
    row: usize,
) -> io::Result<()> {
    target.write_all(b"{")?;
    for (index, (name, column)) in members.enumerate() {
        target.write_all(if index == 0 { b"" } else { b"," })?;
        serde_json::to_writer(&mut *target, name)?;
        target.write_all(b":")?;
        write_json(target, column, row)?;
    }
    target.write_all(b"}")
}

/// A value as JSON: times in ISO 8601, lists and structs as such.
fn write_json(target: &mut Target, array: &dyn Array, row: usize) -> io::Result<()> {
    let value = match array.data_type() {
        _ if array.is_null(row) => Value::Null,
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::List(_) => {
            let elements = array.as_list::<i32>().value(row);
            target.write_all(b"[")?;
            for index in 0..elements.len() {
                target.write_all(if index == 0 { b"" } else { b"," })?;
                write_json(target, &elements, index)?;
            }
            return target.write_all(b"]");
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter().map(|column| &**column);
            return write_object(target, fields.iter().map(|field| field.name().as_str()).zip(columns), row);
        }
        DataType::UInt64 => show(array, row).and_then(|text| text.parse::<u64>().ok()).map_or(Value::Null, Value::from),
        ty if ty.is_integer() => match cast(&array.slice(row, 1), &DataType::Int64) {
            Ok(number) => Value::from(number.as_primitive::<Int64Type>().value(0)),
            Err(_) => Value::Null,
        },
        ty if ty.is_numeric() => match cast(&array.slice(row, 1), &DataType::Float64) {
            Ok(number) => Value::from(number.as_primitive::<Float64Type>().value(0)),
            Err(_) => Value::Null,
        },
        DataType::Timestamp(_, zone) => {
            let text = show(array, row).unwrap_or_default();
            let text = text.trim_end_matches("+00").replacen(' ', "T", 1);
            Value::from(if zone.is_some() { text + "Z" } else { text })
        }
        _ => show(array, row).map_or(Value::Null, Value::from),
    };
    Ok(serde_json::to_writer(target, &value)?)
}

/// A column of numbers.
pub(crate) fn numbers(numbers: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    Arc::new(numbers.map(|number| number.and_then(|number| i64::try_from(number).ok())).collect::<Int64Array>())
}

/// A column of texts.
pub(crate) fn texts<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(texts.collect::<StringArray>())
}
