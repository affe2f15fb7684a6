//! A relation of a lake as a table.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, FieldRef, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, Result, ScalarValue, Statistics};
use datafusion::datasource::file_format::FileFormat as _;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::object_store::path::Path as StorePath;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use mfa_core::catalog::SqlFile;

use super::manifest::DataFile;
use super::{LakeError, schema};

/// The files of a relation. What is in them is known before they are opened, so a query opens those it may need.
#[derive(Debug)]
pub(super) struct LakeTable {
    schema: SchemaRef,
    files: Vec<(PartitionedFile, Arc<Statistics>)>,
}

impl LakeTable {
    pub(super) fn new(root: &Path, relation: &SqlFile, files: &[DataFile]) -> Result<Self, LakeError> {
        let schema = schema(relation);
        let files = files.iter().map(|file| {
            let path = root.join(&file.path);
            let location = StorePath::from_absolute_path(&path)
                .map_err(|error| LakeError::Input(format!("'{}': {error}", path.display())))?;
            let mut partitioned = PartitionedFile::new(location.to_string(), file.bytes);
            partitioned.object_meta.location = location;
            let statistics = Arc::new(statistics(&schema, file));
            Ok((partitioned.with_statistics(Arc::clone(&statistics)), statistics))
        });
        let files = files.collect::<Result<_, LakeError>>()?;
        Ok(Self { schema, files })
    }

    /// The files in which rows may be that the filters let through.
    fn wanted(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<bool>> {
        let all = || vec![true; self.files.len()];
        let Some(filter) = conjunction(filters.iter().cloned()) else {
            return Ok(all());
        };
        let columns = DFSchema::try_from(Arc::clone(&self.schema))?;
        let filter = state.create_physical_expr(filter, &columns)?;
        // What cannot be decided for a file is decided for its rows.
        let builder = PruningPredicateBuilder::new().with_file_schema(Arc::clone(&self.schema));
        let Ok(predicate) = builder.try_build(filter) else {
            return Ok(all());
        };
        let statistics = self.files.iter().map(|(_, statistics)| Arc::clone(statistics)).collect();
        let statistics = PrunableStatistics::new(statistics, Arc::clone(&self.schema));
        Ok(predicate.prune(&statistics).unwrap_or_else(|_| all()))
    }
}

/// What the manifest says of a file.
fn statistics(schema: &SchemaRef, file: &DataFile) -> Statistics {
    let rows = usize::try_from(file.rows).unwrap_or(usize::MAX);
    let of_column = |field: &FieldRef| {
        let (min, max) = match (field.name().as_str(), field.data_type(), file.times) {
            ("event_time", DataType::Timestamp(_, zone), Some((first, last))) => {
                let value = |micros| ScalarValue::TimestampMicrosecond(Some(micros), zone.clone());
                (value(first), value(last))
            }
            ("provider", DataType::Utf8, Some(_)) => match file.partition.first() {
                Some(provider) => (ScalarValue::from(provider.as_str()), ScalarValue::from(provider.as_str())),
                None => return ColumnStatistics::new_unknown(),
            },
            _ => return ColumnStatistics::new_unknown(),
        };
        ColumnStatistics {
            null_count: Precision::Exact(0),
            min_value: Precision::Exact(min),
            max_value: Precision::Exact(max),
            ..ColumnStatistics::new_unknown()
        }
    };
    Statistics {
        num_rows: Precision::Exact(rows),
        total_byte_size: Precision::Inexact(usize::try_from(file.bytes).unwrap_or(usize::MAX)),
        column_statistics: schema.fields().iter().map(of_column).collect(),
    }
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = self.wanted(state, filters)?;
        let files: Vec<_> = self.files.iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(file, _)| file).collect();
        let statistics = match files.as_slice() {
            [] => Statistics::new_unknown(&self.schema).with_num_rows(Precision::Exact(0)),
            files => Statistics::try_merge_iter(files.iter().map(|(_, statistics)| &**statistics), &self.schema)?,
        };
        let files = files.into_iter().map(|(file, _)| file.clone()).collect();
        let groups = FileGroup::new(files).split_files(state.config().target_partitions());
        let format = ParquetFormat::default().with_options(state.table_options().parquet.clone());
        let source = ParquetSource::new(Arc::clone(&self.schema));
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_limit(limit)
            .with_projection_indices(projection.cloned())?
            .build();
        format.create_physical_plan(state, config).await
    }
}
