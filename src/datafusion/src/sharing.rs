//! What a query reads more than once is computed once.
//!
//! DataFusion copies a common table expression to each place that names it. Views over views name each other many times, and
//! the plan of one would have tens of thousands of nodes. So a relation that is named more than once becomes a scan of a
//! [`Shared`] plan. When a query is planned, every scan of it says which columns and rows it wants; the shared plan is then
//! planned for all of them together, so that projections and filters still reach the files, and runs once, when the first
//! scan does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_trait::async_trait;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics, TableReference, internal_datafusion_err};
use datafusion::datasource::provider_as_source;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::utils::{conjunction, disjunction};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties, collect_partitioned,
};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner as _};
use futures::future::{self, BoxFuture};
use futures::{FutureExt as _, StreamExt as _, TryFutureExt as _, TryStreamExt as _};
use tokio::sync::OnceCell;

use crate::sizes;

/// A plan that is scanned more than once.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What is below has a lower number.
    number: usize,
    name: String,
    plan: LogicalPlan,
    schema: SchemaRef,
    /// About how many it has.
    rows: OnceCell<usize>,
}

impl Shared {
    pub(crate) fn new(name: &str, plan: LogicalPlan) -> Result<Arc<Self>> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // Its columns are asked for by their own names.
        let plan = LogicalPlanBuilder::from(plan).alias(name)?.build()?;
        let schema = Arc::clone(plan.schema().inner());
        Ok(Arc::new(Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            name: name.to_owned(),
            plan,
            schema,
            rows: OnceCell::new(),
        }))
    }

    /// A scan of it.
    pub(crate) fn scan(self: &Arc<Self>) -> Result<LogicalPlan> {
        let table = provider_as_source(Arc::new(SharedTable(Arc::clone(self))));
        // DataFusion takes scans of the same name for the same.
        let name = TableReference::bare(format!("{} {}", self.name, self.number));
        LogicalPlanBuilder::scan(name, table, None)?.alias(self.name.as_str())?.build()
    }
}

/// A shared plan as a table.
#[derive(Debug)]
pub(crate) struct SharedTable(Arc<Shared>);

impl SharedTable {
    /// About how many rows it has.
    pub(crate) async fn rows(&self, state: &dyn Session) -> Result<usize> {
        self.0.rows.get_or_try_init(async || sizes::of_logical(&self.0.plan, state).await).await.copied()
    }
}

#[async_trait]
impl TableProvider for SharedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = self.rows(state).await?;
        let run = state
            .config()
            .get_extension::<Scope>()
            .ok_or_else(|| internal_datafusion_err!("a view was planned by a planner that mfa did not register"))?
            .run(&self.0);
        let columns = projection.cloned().unwrap_or_else(|| (0..self.0.schema.fields().len()).collect());
        let mut uses = run.uses();
        let is_first = uses.is_empty();
        uses.push(Use { columns: columns.clone(), filter: conjunction(filters.iter().cloned()) });
        drop(uses);
        let schema = Arc::new(self.0.schema.project(&columns)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(state.config().target_partitions()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(SharedExec { run, rows, columns, is_first, schema, properties: Arc::new(properties) }))
    }
}

/// The shared plans of one query.
#[derive(Debug, Default)]
struct Scope {
    runs: Mutex<BTreeMap<usize, Arc<Run>>>,
}

impl Scope {
    fn run(&self, shared: &Arc<Shared>) -> Arc<Run> {
        let new = || {
            Arc::new(Run {
                shared: Arc::clone(shared),
                uses: Mutex::default(),
                plan: OnceLock::new(),
                rows: OnceLock::new(),
            })
        };
        Arc::clone(lock(&self.runs).entry(shared.number).or_insert_with(new))
    }

    /// The next to be planned: all that scan it have been planned by then, since they have higher numbers.
    fn next(&self) -> Option<Arc<Run>> {
        lock(&self.runs).values().rev().find(|run| run.plan.get().is_none()).cloned()
    }
}

/// What one scan wants.
#[derive(Debug)]
struct Use {
    columns: Vec<usize>,
    filter: Option<Expr>,
}

/// One execution of a shared plan.
#[derive(Debug)]
struct Run {
    shared: Arc<Shared>,
    uses: Mutex<Vec<Use>>,
    /// The columns that any scan wants, and the plan for them.
    plan: OnceLock<(Vec<usize>, Arc<dyn ExecutionPlan>)>,
    rows: OnceLock<SharedRows>,
}

/// Whoever waits for the rows drives their computation on, whoever else has gone: a plan cannot be run twice.
type SharedRows = future::Shared<BoxFuture<'static, Result<Arc<Rows>, Arc<DataFusionError>>>>;

/// The rows of a run, and the memory they take.
#[derive(Debug)]
struct Rows {
    columns: Vec<usize>,
    batches: Vec<RecordBatch>,
    _memory: MemoryReservation,
}

impl Run {
    fn uses(&self) -> MutexGuard<'_, Vec<Use>> {
        lock(&self.uses)
    }

    /// What all scans want together.
    fn logical_plan(&self) -> Result<(Vec<usize>, LogicalPlan)> {
        let uses = self.uses();
        let columns: BTreeSet<_> = uses.iter().flat_map(|scan| scan.columns.iter().copied()).collect();
        let columns: Vec<_> = columns.into_iter().collect();
        let filters: Option<Vec<_>> = uses.iter().map(|scan| scan.filter.clone()).collect();
        let mut builder = LogicalPlanBuilder::from(self.shared.plan.clone());
        if let Some(filter) = filters.and_then(disjunction) {
            builder = builder.filter(filter)?;
        }
        let schema = self.shared.plan.schema();
        let plan =
            builder.project(columns.iter().map(|column| Expr::from(schema.qualified_field(*column))))?.build()?;
        Ok((columns, plan))
    }

    fn rows(&self, context: &Arc<TaskContext>) -> SharedRows {
        let begin = || {
            let (name, schema) = (self.shared.name.clone(), Arc::clone(&self.shared.schema));
            let (plan, context) = (self.plan.get().cloned(), Arc::clone(context));
            let rows = async move {
                let (columns, plan) = plan.ok_or_else(|| internal_datafusion_err!("{name} was not planned"))?;
                let schema = Arc::new(schema.project(&columns)?);
                let memory = MemoryConsumer::new(name).register(context.memory_pool());
                let mut batches = Vec::new();
                for batch in collect_partitioned(plan, context).await?.into_iter().flatten() {
                    memory.try_grow(batch.get_array_memory_size())?;
                    batches.push(conform(batch, &schema)?);
                }
                Ok(Arc::new(Rows { columns, batches, _memory: memory }))
            };
            rows.map_err(Arc::new).boxed().shared()
        };
        self.rows.get_or_init(begin).clone()
    }
}

/// A batch in the types that were promised: the plan of a list may name its element otherwise than its schema does.
fn conform(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| match column.data_type() == field.data_type() {
        true => Ok(Arc::clone(column)),
        false => cast(column, field.data_type()),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns.collect::<Result<_, _>>()?, &options)?)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Plans a query, then what it shares.
#[derive(Debug)]
pub(crate) struct SharingPlanner;

#[async_trait]
impl QueryPlanner for SharingPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::default();
        let Some(state) = session.as_any().downcast_ref::<SessionState>() else {
            return planner.create_physical_plan(plan, session).await;
        };
        let scope = Arc::new(Scope::default());
        let config = state.config().clone().with_extension(Arc::clone(&scope));
        let state = SessionStateBuilder::new_from_existing(state.clone()).with_config(config).build();
        let physical = planner.create_physical_plan(plan, &state).await?;
        while let Some(run) = scope.next() {
            let (columns, plan) = run.logical_plan()?;
            let plan = planner.create_physical_plan(&state.optimize(&plan)?, &state).await?;
            run.plan
                .set((columns, plan))
                .map_err(|_| internal_datafusion_err!("{} was planned twice", run.shared.name))?;
        }
        Ok(physical)
    }
}

/// A scan of a shared plan.
struct SharedExec {
    run: Arc<Run>,
    /// About how many.
    rows: usize,
    columns: Vec<usize>,
    /// Shows the shared plan below it, as no other scan of it does.
    is_first: bool,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl fmt::Debug for SharedExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedExec").field("name", &self.run.shared.name).field("columns", &self.columns).finish()
    }
}

impl DisplayAs for SharedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "SharedExec: {}, columns=[{}]", self.run.shared.name, names.join(", "))
    }
}

impl ExecutionPlan for SharedExec {
    fn name(&self) -> &'static str {
        "SharedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    /// For EXPLAIN ANALYZE: by the time there is a shared plan to see, all that looks for something to improve has gone by.
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.run.plan.get().filter(|_| self.is_first).map(|(_, plan)| plan).into_iter().collect()
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn statistics_from_inputs(&self, _: &[Arc<Statistics>], _: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let statistics = Statistics::new_unknown(&self.schema);
        Ok(Arc::new(statistics.with_num_rows(Precision::Inexact(self.rows))))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (rows, wanted) = (self.run.rows(&context), self.columns.clone());
        let partitions = self.properties.output_partitioning().partition_count();
        let stream = futures::stream::once(async move {
            let rows = rows.await.map_err(DataFusionError::Shared)?;
            let place = |wanted| rows.columns.iter().position(|column| column == wanted);
            let places: Vec<_> = wanted.iter().filter_map(place).collect();
            let own = rows.batches.iter().skip(partition).step_by(partitions);
            let projected: Vec<_> = own.map(|batch| Ok(batch.project(&places)?)).collect();
            Ok::<_, DataFusionError>(futures::stream::iter(projected))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream.try_flatten().boxed())))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use datafusion::physical_plan::{collect, displayable};
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    /// A plan that reads `v`, which counts the rows of each of seven groups, twice.
    async fn plan() -> (SessionContext, Arc<dyn ExecutionPlan>) {
        let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2));
        crate::register(&context).unwrap();
        let counted = "select value % 7 as k, count(*) as n from generate_series(1, 100000) group by value % 7";
        let counted = context.sql(counted).await.unwrap().into_unoptimized_plan();
        let shared = Shared::new("v", counted).unwrap();
        let both = LogicalPlanBuilder::from(shared.scan().unwrap()).union(shared.scan().unwrap()).unwrap();
        let state = context.state();
        let plan = state.create_physical_plan(&both.build().unwrap()).await.unwrap();
        (context, plan)
    }

    #[tokio::test]
    async fn what_is_read_twice_is_planned_once() {
        let (_, plan) = plan().await;
        let shown = displayable(plan.as_ref()).indent(true).to_string();
        assert_eq!(shown.matches("SharedExec").count(), 2, "{shown}");
        assert_eq!(shown.matches("mode=FinalPartitioned").count(), 1, "{shown}");
    }

    #[tokio::test]
    async fn a_scan_that_is_given_up_leaves_the_rows_to_the_others() {
        let (context, plan) = plan().await;
        let mut given_up = plan.execute(0, context.task_ctx()).unwrap();
        assert!(given_up.next().now_or_never().is_none(), "there is something to wait for");
        drop(given_up);
        let rows: usize = collect(plan, context.task_ctx()).await.unwrap().iter().map(RecordBatch::num_rows).sum();
        assert_eq!(rows, 14);
    }

    #[tokio::test]
    async fn a_common_table_expression_of_a_view_is_run_once() {
        let session = crate::Session::new(SessionConfig::new()).unwrap();
        for input in mfa_core::catalog::CONTRACT.iter() {
            session.sql(&format!("create table {} as {}", input.name, input.no_rows())).await.unwrap();
        }
        let plan = session.sql("select * from mfa_registration_coverage").await.unwrap().unwrap();
        let plan = plan.create_physical_plan().await.unwrap();
        let shown = displayable(plan.as_ref()).indent(true).to_string();
        let lines: Vec<_> = shown.lines().collect();
        let depth = |line: &str| line.len() - line.trim_start().len();
        let is_open = |pair: &&[&str]| pair[0].contains("SharedExec: members,") && depth(pair[1]) > depth(pair[0]);
        assert!(shown.matches("SharedExec: members,").count() > 1, "{shown}");
        assert_eq!(lines.windows(2).filter(is_open).count(), 1, "{shown}");
    }
}
