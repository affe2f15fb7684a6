//! The readers as tables: files to blocks to rows.
//!
//! A call becomes DataFusion's own scan of files, a `DataSourceExec` whose format is a log. So files are grouped over
//! partitions, projections are pushed down, and a cluster slices the scan as it slices one of Parquet.

use std::io::{self, Read};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::arrow::array::RecordBatchOptions;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics, exec_datafusion_err, internal_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{
    FileGroup, FileOpenFuture, FileOpener, FileScanConfig, FileScanConfigBuilder, FileSource,
};
use datafusion::datasource::projection::{ProjectionOpener, SplitProjection};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::object_store::path::Path;
use datafusion::object_store::{GetResultPayload, ObjectStore, ObjectStoreExt as _};
use datafusion::physical_expr::projection::ProjectionExprs;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use mfa_core::functions::{Output as _, Type};
use mfa_core::model::{Row, Value};
use mfa_core::readers::framing::{Block, Position, Stream};
use mfa_core::readers::history::{History, Scan, Sink, Source, Tolerance};
use mfa_core::readers::{Parse, Reader};

use crate::writer::{Writer, data_type};

/// A call of a reader.
#[derive(Debug, Clone)]
pub(crate) struct LogTable {
    call: Arc<Call>,
    schema: SchemaRef,
    files: Vec<(Path, u64)>,
}

#[derive(Debug)]
struct Call {
    reader: &'static Reader,
    parse: Parse,
    tolerance: Tolerance,
    /// As they were named.
    paths: Vec<String>,
    history: Arc<History>,
}

impl LogTable {
    /// Resolves the paths of a call.
    pub(crate) fn find(
        reader: &'static Reader,
        parse: Parse,
        tolerance: Tolerance,
        paths: &[Option<String>],
        history: &Arc<History>,
    ) -> Result<Self, String> {
        let (paths, _) = mfa_files::find(paths)?;
        let mut files = Vec::with_capacity(paths.len());
        for path in &paths {
            let cannot = |error: io::Error| mfa_files::cannot_open(path, &error);
            let absolute = std::fs::canonicalize(path).map_err(cannot)?;
            let bytes = absolute.metadata().map_err(cannot)?.len();
            let location = Path::from_absolute_path(&absolute).map_err(|error| error.to_string())?;
            files.push((location, bytes));
        }
        let fields: Vec<_> = parse
            .columns()
            .iter()
            .map(|column| Field::new(column.name, data_type(&column.kind.into()), true))
            .collect();
        let call = Arc::new(Call { reader, parse, tolerance, paths, history: Arc::clone(history) });
        Ok(Self { call, schema: Arc::new(Schema::new(fields)), files })
    }
}

#[async_trait]
impl TableProvider for LogTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.files.iter().enumerate().map(|(index, (location, bytes))| {
            let mut file = PartitionedFile::new(location.to_string(), *bytes);
            file.object_meta.location = location.clone();
            file.extensions.insert(FileIndex(index));
            file
        });
        // In order where it ends at the first bad record, so that it is the first.
        let partitions = if self.call.tolerance.fail { 1 } else { state.config().target_partitions() };
        let groups = FileGroup::new(files.collect()).split_files(partitions);
        let bytes: u64 = self.files.iter().map(|(_, bytes)| bytes).sum();
        let mut statistics = Statistics::new_unknown(&self.schema);
        // Sign-ins are one to five kilobytes; a guess this rough is still what the optimiser needs to order joins.
        statistics.num_rows = Precision::Inexact(bytes as usize / 2_000 + 1);
        let source = LogSource::new(Arc::clone(&self.call), &self.schema);
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_limit(limit)
            .with_preserve_order(self.call.tolerance.fail)
            .with_projection_indices(projection.cloned())?
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// Which of the files of a call.
#[derive(Debug, Clone, Copy)]
struct FileIndex(usize);

/// A log as a format of files.
#[derive(Clone)]
struct LogSource {
    call: Arc<Call>,
    schema: TableSchema,
    projection: SplitProjection,
    batch_size: usize,
    metrics: ExecutionPlanMetricsSet,
    /// The account of an execution, which begins when the first file is opened.
    account: Arc<OnceLock<Arc<Scan>>>,
}

impl LogSource {
    fn new(call: Arc<Call>, schema: &SchemaRef) -> Self {
        let schema = TableSchema::from(Arc::clone(schema));
        Self {
            call,
            projection: SplitProjection::unprojected(&schema),
            schema,
            batch_size: 8192,
            metrics: ExecutionPlanMetricsSet::new(),
            account: Arc::default(),
        }
    }
}

impl FileSource for LogSource {
    fn create_file_opener(
        &self,
        store: Arc<dyn ObjectStore>,
        _: &FileScanConfig,
        _partition: usize,
    ) -> Result<Arc<dyn FileOpener>> {
        let file_schema = self.schema.file_schema();
        let wanted = self.projection.file_indices.clone();
        let reading = Reading {
            call: Arc::clone(&self.call),
            schema: Arc::new(file_schema.project(&wanted)?),
            wanted,
            batch_size: self.batch_size,
            account: Arc::clone(&self.account),
        };
        let opener = LogOpener { store, reading };
        ProjectionOpener::try_new(self.projection.clone(), Arc::new(opener), file_schema)
    }

    fn table_schema(&self) -> &TableSchema {
        &self.schema
    }

    fn with_batch_size(&self, batch_size: usize) -> Arc<dyn FileSource> {
        Arc::new(Self { batch_size, ..self.clone() })
    }

    fn projection(&self) -> Option<&ProjectionExprs> {
        Some(&self.projection.source)
    }

    fn try_pushdown_projection(&self, projection: &ProjectionExprs) -> Result<Option<Arc<dyn FileSource>>> {
        let merged = self.projection.source.try_merge(projection)?;
        let projection = SplitProjection::new(self.schema.file_schema(), &merged);
        Ok(Some(Arc::new(Self { projection, ..self.clone() })))
    }

    fn metrics(&self) -> &ExecutionPlanMetricsSet {
        &self.metrics
    }

    fn file_type(&self) -> &str {
        self.call.reader.name
    }

    /// A record's number is counted from the beginning of its file, so a file is read as a whole.
    fn supports_repartitioning(&self) -> bool {
        false
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        datafusion::physical_plan::apply_expression_roots(self.projection.source.iter(), f)
    }
}

/// Opens the files of a partition, one after the other.
#[derive(Clone)]
struct LogOpener {
    store: Arc<dyn ObjectStore>,
    reading: Reading,
}

/// How files become batches.
#[derive(Clone)]
pub(crate) struct Reading {
    call: Arc<Call>,
    /// The columns that are wanted.
    wanted: Vec<usize>,
    schema: SchemaRef,
    batch_size: usize,
    account: Arc<OnceLock<Arc<Scan>>>,
}

impl FileOpener for LogOpener {
    fn open(&self, file: PartitionedFile) -> Result<FileOpenFuture> {
        let Self { store, reading } = self.clone();
        let FileIndex(index) = *file
            .extensions
            .get::<FileIndex>()
            .ok_or_else(|| internal_datafusion_err!("a log without its place in the call"))?;
        Ok(Box::pin(async move {
            let path = reading.call.paths[index].clone();
            let result = store.get(&file.object_meta.location).await.map_err(|error| {
                let error = io::Error::from(error);
                exec_datafusion_err!("{}: {}", reading.call.reader.name, mfa_files::cannot_open(&path, &error))
            })?;
            let input: Box<dyn Read + Send> = match result.payload {
                GetResultPayload::File(file, _) => Box::new(file),
                GetResultPayload::Stream(stream) => {
                    Box::new(Chunks { stream: stream.map_err(io::Error::from).boxed(), chunk: Default::default() })
                }
            };
            // Reading and parsing block, so they have a thread of their own; two batches wait at most.
            let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&reading.schema), 2);
            let output = builder.tx();
            builder.spawn_blocking(move || reading.read(input, index, |batch| output.blocking_send(Ok(batch)).is_ok()));
            Ok(builder.build().boxed())
        }))
    }
}

impl Reading {
    /// Reads all columns of files, outside of a query.
    pub(crate) fn whole(table: LogTable, batch_size: usize) -> Self {
        let wanted = (0..table.schema.fields().len()).collect();
        Self { call: table.call, schema: table.schema, wanted, batch_size, account: Arc::default() }
    }

    /// The account of what was read; nothing before the first file.
    pub(crate) fn account(&self) -> Option<&Arc<Scan>> {
        self.account.get()
    }

    /// Hands on the rows of a file; `send` says whether anybody still listens.
    fn read(&self, input: Box<dyn Read + Send>, index: usize, send: impl FnMut(RecordBatch) -> bool) -> Result<()> {
        let mut stream =
            Stream::open(input, self.call.reader.layout).map_err(|error| self.cannot_open(index, &error))?;
        self.read_blocks(index, |spare| stream.next_block(spare), send)
    }

    /// The same from the blocks of a file, which several threads may share.
    pub(crate) fn read_blocks(
        &self,
        index: usize,
        mut next_block: impl FnMut(Vec<u8>) -> io::Result<Option<Block>>,
        mut send: impl FnMut(RecordBatch) -> bool,
    ) -> Result<()> {
        let Call { reader, parse, tolerance, paths, history } = &*self.call;
        let account = self.account.get_or_init(|| history.start(reader.name, paths, *tolerance));
        let mut batch = Batch::new(self);
        let mut spare = Vec::new();
        while let Some(block) = next_block(spare).map_err(|error| self.cannot_open(index, &error))? {
            let (mut position, mut emitted) = (Position::default(), 0);
            loop {
                let before = position;
                let Some(piece) = block.next(&mut position) else {
                    break;
                };
                let more = account
                    .read(index, *parse, piece, emitted, &mut batch)
                    .map_err(|error| exec_datafusion_err!("{}: {error}", reader.name))?;
                emitted = more.unwrap_or(0);
                if more.is_some() {
                    position = before;
                }
                if batch.room() == 0 && !send(std::mem::replace(&mut batch, Batch::new(self)).finish()?) {
                    return Ok(());
                }
            }
            spare = block.into_bytes();
        }
        account.files[index].exhausted.store(true, Ordering::Release);
        if batch.rows > 0 {
            send(batch.finish()?);
        }
        Ok(())
    }

    fn cannot_open(&self, index: usize, error: &io::Error) -> DataFusionError {
        let Call { reader, paths, .. } = &*self.call;
        exec_datafusion_err!("{}: {}", reader.name, mfa_files::cannot_open(&paths[index], error))
    }
}

/// A batch that is being filled.
struct Batch<'o> {
    reading: &'o Reading,
    columns: Vec<Writer>,
    source_file: usize,
    source_record: usize,
    rows: usize,
}

impl<'o> Batch<'o> {
    fn new(reading: &'o Reading) -> Self {
        let columns = reading.call.parse.columns();
        let place = |name: &str| columns.iter().position(|column| column.name == name).unwrap_or(usize::MAX);
        let writer = |index: &usize| Writer::new(&Type::from(columns[*index].kind), reading.batch_size);
        Self {
            columns: reading.wanted.iter().map(writer).collect(),
            source_file: place("source_file"),
            source_record: place("source_record"),
            rows: 0,
            reading,
        }
    }

    fn finish(self) -> Result<RecordBatch> {
        let arrays = self.columns.into_iter().map(|column| column.finish(self.rows)).collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.reading.schema), arrays, &options)?)
    }
}

impl Sink for Batch<'_> {
    fn room(&self) -> usize {
        self.reading.batch_size - self.rows
    }

    fn row<R: Row>(&mut self, row: &R, source: Source<'_>) {
        for (writer, column) in self.columns.iter_mut().zip(&self.reading.wanted) {
            let value = if *column == self.source_file {
                Value::Text(source.file)
            } else if *column == self.source_record {
                Value::Int(source.record.cast_signed())
            } else {
                row.value(*column)
            };
            writer.value(self.rows, value);
        }
        self.rows += 1;
    }
}

/// What an object store sends, read on a thread that may wait for it.
struct Chunks {
    stream: BoxStream<'static, io::Result<Bytes>>,
    chunk: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match futures::executor::block_on(self.stream.next()) {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.chunk.len());
        buffer[..length].copy_from_slice(&self.chunk.split_to(length));
        Ok(length)
    }
}
