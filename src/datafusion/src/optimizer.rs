//! A fault of DataFusion's optimizer, and the rule that goes round it.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

/// The optimizer's rules, with [`KeepFilters`] in place of the one it mends.
pub(crate) fn rules(state: &SessionState) -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mend = |rule: &Arc<dyn OptimizerRule + Send + Sync>| -> Arc<dyn OptimizerRule + Send + Sync> {
        if rule.name() == PushDownFilter::new().name() { Arc::new(KeepFilters::default()) } else { Arc::clone(rule) }
    };
    state.optimizers().iter().map(mend).collect()
}

/// Pushes filters down, but not below an aggregate that has a row of no rows.
///
/// `select k from (select 'a' as k, count(*) as n from t) where k = 'b'` has no row: once `k` is the constant it stands for,
/// DataFusion 55 filters the rows of `t` by `'a' = 'b'`, and counts none of them in a row that ought not to be.
#[derive(Debug, Default)]
struct KeepFilters(PushDownFilter);

impl OptimizerRule for KeepFilters {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        self.0.apply_order()
    }

    fn supports_rewrite(&self) -> bool {
        self.0.supports_rewrite()
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let mut below = &plan;
        while let LogicalPlan::Filter(filter) = below {
            below = &filter.input;
        }
        match below {
            LogicalPlan::Aggregate(aggregate) if has_a_row_of_none(&aggregate.group_expr) => Ok(Transformed::no(plan)),
            _ => self.0.rewrite(plan, config),
        }
    }
}

fn has_a_row_of_none(groups: &[Expr]) -> bool {
    groups.is_empty() || groups.iter().any(|group| matches!(group, Expr::GroupingSet(_)))
}
