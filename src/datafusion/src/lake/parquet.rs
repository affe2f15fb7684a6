//! Parquet files: how they are written, and read outside of a query.

use std::fs::{self, File};
use std::path::Path;

use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::arrow::{ArrowWriter, ProjectionMask};
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::SortingColumn;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::ColumnPath;

use super::LakeError;

/// Rows that are compressed together, and skipped together.
const ROW_GROUP: usize = 128 << 10;

/// Columns that are asked for one value.
const LOOKED_UP: &[&str] = &["identity_id", "user_principal"];

/// Writes the batches to a new file, makes what is in it last, and returns its size.
pub(super) fn write(
    path: &Path,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    by: Option<&str>,
) -> Result<u64, LakeError> {
    let failed = |error: ParquetError| match error {
        ParquetError::External(error) => match error.downcast::<std::io::Error>() {
            Ok(error) => LakeError::io(format!("cannot write '{}'", path.display()), *error),
            Err(error) => DataFusionError::External(error).into(),
        },
        error => DataFusionError::from(error).into(),
    };
    let cannot = |error| LakeError::io(format!("cannot write '{}'", path.display()), error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    let file = File::create_new(path).map_err(cannot)?;
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let mut writer = ArrowWriter::try_new(&file, schema.clone(), Some(properties(schema, rows, by))).map_err(failed)?;
    for batch in batches {
        writer.write(batch).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    file.sync_all().map_err(cannot)?;
    let bytes = file.metadata().map_err(cannot)?.len();
    Ok(bytes)
}

fn properties(schema: &SchemaRef, rows: usize, by: Option<&str>) -> WriterProperties {
    let sorted = by.and_then(|name| schema.index_of(name).ok()).map(|column| {
        vec![SortingColumn {
            column_idx: i32::try_from(column).unwrap_or_default(),
            descending: false,
            nulls_first: false,
        }]
    });
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(concat!("mfa ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_sorting_columns(sorted);
    for column in LOOKED_UP {
        if schema.index_of(column).is_ok() {
            // A day has far fewer people than sign-ins.
            let people = (rows.min(ROW_GROUP) / 4).max(64) as u64;
            properties = properties
                .set_column_bloom_filter_enabled(ColumnPath::from(*column), true)
                .set_column_bloom_filter_fpp(ColumnPath::from(*column), 0.01)
                .set_column_bloom_filter_max_ndv(ColumnPath::from(*column), people);
        }
    }
    properties.build()
}

/// Reads some columns of a file, or all, in the order of `schema`.
pub(super) fn read(path: &Path, schema: &SchemaRef, columns: Option<&[&str]>) -> Result<RecordBatch, LakeError> {
    let file = File::open(path).map_err(|error| LakeError::io(format!("cannot read '{}'", path.display()), error))?;
    let failed = |error: ParquetError| LakeError::Input(format!("cannot read '{}': {error}", path.display()));
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
    let schema = match columns {
        Some(columns) => {
            let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
            builder = builder.with_projection(mask);
            let indices: Vec<_> = columns.iter().filter_map(|column| schema.index_of(column).ok()).collect();
            SchemaRef::new(schema.project(&indices).map_err(DataFusionError::from)?)
        }
        None => SchemaRef::clone(schema),
    };
    let mut batches = Vec::new();
    for batch in builder.with_batch_size(8192).build().map_err(failed)? {
        let batch = batch.map_err(DataFusionError::from)?;
        // The metadata of a file's schema may differ from ours, its types do not.
        let batch = RecordBatch::try_new(SchemaRef::clone(&schema), batch.columns().to_vec());
        batches.push(
            batch.map_err(|_| LakeError::Input(format!("'{}' has other columns than the contract", path.display())))?,
        );
    }
    Ok(concat_batches(&schema, &batches).map_err(DataFusionError::from)?)
}
