//! DuckDB's functions that read files as they are.

use std::fs::File;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};
use datafusion::arrow::csv::reader::Format;
use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::common::{Result, plan_datafusion_err, plan_err};
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};

/// As many rows as DuckDB looks at to tell the types of a file.
const SAMPLE: usize = 20_480;

/// `read_text(paths)`: a row for each file.
pub(crate) fn text(paths: &[Option<String>]) -> Result<Arc<dyn TableProvider>> {
    let (files, _) = mfa_files::find(paths).map_err(|error| plan_datafusion_err!("read_text: {error}"))?;
    let mut contents = Vec::new();
    for file in &files {
        let content = std::fs::read_to_string(file)
            .map_err(|error| plan_datafusion_err!("read_text: {}", mfa_files::cannot_open(file, &error)))?;
        contents.push(content);
    }
    let sizes: Int64Array = contents.iter().map(|content| i64::try_from(content.len()).ok()).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("filename", Arc::new(StringArray::from(files))),
        ("content", Arc::new(StringArray::from(contents))),
        ("size", Arc::new(sizes)),
    ];
    let fields: Vec<_> =
        columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns.into_iter().map(|(_, column)| column).collect())?;
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
}

/// `read_csv(paths, types := …)`: a table with a header. What has no type is what it looks like in the first file.
pub(crate) fn csv(paths: &[Option<String>], types: &[(String, DataType)]) -> Result<Arc<dyn TableProvider>> {
    let (files, _) = mfa_files::find(paths).map_err(|error| plan_datafusion_err!("read_csv: {error}"))?;
    let cannot = |error| plan_datafusion_err!("read_csv: {}", mfa_files::cannot_open(&files[0], &error));
    let file = File::open(&files[0]).map_err(cannot)?;
    let (found, _) = Format::default().with_header(true).infer_schema(file, Some(SAMPLE))?;
    let mut fields: Vec<_> =
        found.fields().iter().map(|field| Field::new(field.name(), like_duckdb(field), true)).collect();
    for (name, ty) in types {
        match fields.iter_mut().find(|field| field.name().eq_ignore_ascii_case(name)) {
            Some(field) => field.set_data_type(ty.clone()),
            None => return plan_err!("read_csv: types names {name}, which is no column of '{}'", files[0]),
        }
    }
    let urls = files.iter().map(ListingTableUrl::parse).collect::<Result<_>>()?;
    let options = ListingOptions::new(Arc::new(CsvFormat::default().with_has_header(true))).with_file_extension("");
    let config = ListingTableConfig::new_with_multi_paths(urls)
        .with_listing_options(options)
        .with_schema(Arc::new(Schema::new(fields)));
    Ok(Arc::new(ListingTable::try_new(config)?))
}

fn like_duckdb(field: &Field) -> DataType {
    match field.data_type() {
        DataType::Timestamp(_, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Null => DataType::Utf8,
        other => other.clone(),
    }
}
