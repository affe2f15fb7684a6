//! How many rows a plan may have, roughly: enough to know which side of a join to keep in memory.
//!
//! DataFusion's own statistics end at the first operator that does not know, and a shared plan does not know: it is planned
//! after all that read it. Without numbers it keeps the left side of every join, which is where a view names its sign-ins.
//! Here everything has a number. The many and the few are orders of magnitude apart, so that it need not be a good one.

use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{JoinType, Result, Statistics};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::{LogicalPlan, TableScan};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{CrossJoinExec, HashJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::operator_statistics::{ExtendedStatistics, StatisticsProvider, StatisticsResult};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::union::UnionExec;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::sharing::{SharedExec, SharedTable};

/// What a table has that does not say.
const UNKNOWN: usize = 100_000;

/// What an operator makes of the rows it reads.
enum Work {
    One,
    Half,
    Sum,
    Product,
    First,
    Last,
    Most,
}

impl Work {
    fn join(of: JoinType) -> Self {
        match of {
            JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => Self::First,
            JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => Self::Last,
            JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => Self::Most,
        }
    }

    fn rows(&self, inputs: &[usize]) -> usize {
        let most = inputs.iter().copied().max().unwrap_or(1);
        match self {
            Self::One => 1,
            Self::Half => most.div_ceil(2),
            Self::Sum => inputs.iter().fold(0, |sum, rows| sum.saturating_add(*rows)),
            Self::Product => inputs.iter().fold(1, |product, rows| product.saturating_mul(*rows)),
            Self::First => inputs.first().copied().unwrap_or(most),
            Self::Last => inputs.last().copied().unwrap_or(most),
            Self::Most => most,
        }
    }
}

/// The rows of a plan that is not planned yet. Its tables say how many they have.
pub(crate) fn of_logical<'a>(plan: &'a LogicalPlan, state: &'a dyn Session) -> BoxFuture<'a, Result<usize>> {
    async move {
        let work = match plan {
            LogicalPlan::TableScan(scan) => return of_table(scan, state).await,
            LogicalPlan::Values(values) => return Ok(values.values.len()),
            LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.is_empty() => Work::One,
            LogicalPlan::Aggregate(_) | LogicalPlan::Distinct(_) | LogicalPlan::Filter(_) => Work::Half,
            LogicalPlan::Union(_) => Work::Sum,
            LogicalPlan::Join(join) if join.on.is_empty() && join.filter.is_none() => Work::Product,
            LogicalPlan::Join(join) => Work::join(join.join_type),
            _ => Work::Most,
        };
        let mut inputs = Vec::new();
        for input in plan.inputs() {
            inputs.push(of_logical(input, state).await?);
        }
        Ok(work.rows(&inputs))
    }
    .boxed()
}

async fn of_table(scan: &TableScan, state: &dyn Session) -> Result<usize> {
    let table = source_as_provider(&scan.source)?;
    if let Some(shared) = table.downcast_ref::<SharedTable>() {
        return shared.rows(state).await;
    }
    let nothing = Vec::new();
    Ok(of_leaf(table.scan(state, Some(&nothing), &[], scan.fetch).await?.as_ref()))
}

fn of_leaf(plan: &dyn ExecutionPlan) -> usize {
    if let Some(shared) = plan.downcast_ref::<SharedExec>() {
        return shared.rows();
    }
    let statistics = StatisticsContext::new().compute(plan, &StatisticsArgs::new());
    statistics.ok().and_then(|statistics| statistics.num_rows.get_value().copied()).unwrap_or(UNKNOWN)
}

/// The same of a plan that is planned, where DataFusion asks for it.
#[derive(Debug)]
pub(crate) struct Sizes;

impl StatisticsProvider for Sizes {
    fn compute_statistics(&self, plan: &dyn ExecutionPlan, inputs: &[ExtendedStatistics]) -> Result<StatisticsResult> {
        let inputs: Vec<_> =
            inputs.iter().map(|input| input.base().num_rows.get_value().copied().unwrap_or(UNKNOWN)).collect();
        let work = if let Some(aggregate) = plan.downcast_ref::<AggregateExec>() {
            if aggregate.group_expr().is_empty() { Work::One } else { Work::Half }
        } else if plan.is::<FilterExec>() {
            Work::Half
        } else if plan.is::<UnionExec>() {
            Work::Sum
        } else if plan.is::<CrossJoinExec>() {
            Work::Product
        } else if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
            Work::join(*join.join_type())
        } else if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
            Work::join(*join.join_type())
        } else {
            Work::Most
        };
        let rows = if inputs.is_empty() { of_leaf(plan) } else { work.rows(&inputs) };
        let mut statistics = Statistics::new_unknown(&plan.schema());
        statistics.num_rows = Precision::Inexact(rows);
        Ok(StatisticsResult::Computed(ExtendedStatistics::new(statistics)))
    }
}
