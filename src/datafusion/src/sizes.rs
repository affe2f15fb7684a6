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

use crate::sharing::SharedTable;

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use datafusion::physical_plan::displayable;
    use datafusion::prelude::SessionConfig;

    use crate::Session;

    /// The plan of a statement over `many`, of ten thousand rows, and `few`, of ten.
    async fn plan(sql: &str) -> String {
        let session = Session::new(SessionConfig::new().with_target_partitions(2)).unwrap();
        let tables = "create table many as select value as k from generate_series(1, 10000) as t(value);
            create table few as select value as k from generate_series(1, 10) as t(value)";
        session.sql(tables).await.unwrap();
        let plan = session.sql(sql).await.unwrap().unwrap().create_physical_plan().await.unwrap();
        displayable(plan.as_ref()).indent(false).to_string()
    }

    #[tokio::test]
    async fn the_few_are_kept_whichever_side_names_them() {
        for sql in [
            "select * from many left join (select k, count(*) as n from few group by k) as f using (k)",
            "select * from many where k in (select k from few group by k)",
            "select * from (select k, count(*) as n from few group by k) as f right join many using (k)",
        ] {
            let plan = plan(sql).await;
            let join = plan.lines().position(|line| line.contains("HashJoinExec")).unwrap();
            assert!(plan.lines().nth(join).unwrap().contains("mode=CollectLeft"), "{plan}");
            // What is kept comes first; the few are counted or made distinct.
            assert!(plan.lines().skip(join + 1).take(4).any(|line| line.contains("AggregateExec")), "{plan}");
        }
    }

    #[tokio::test]
    async fn the_few_are_repeated_for_the_many() {
        let plan = plan("select m.k, f.n from many as m cross join (select count(*) as n from few) as f").await;
        let cross = plan.lines().position(|line| line.contains("CrossJoinExec")).unwrap();
        let below: Vec<_> = plan.lines().skip(cross + 1).take(2).collect();
        assert!(!below.concat().contains("DataSourceExec: partitions=1, partition_sizes"), "{plan}");
    }
}
