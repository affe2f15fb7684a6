//! Faults of DataFusion's optimizer that change answers, and the rules that go round them.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{Dependency, FunctionalDependence, FunctionalDependencies, Result};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan};
use datafusion::optimizer::push_down_filter::PushDownFilter;
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

type Rule = Arc<dyn OptimizerRule + Send + Sync>;

/// The rules that believe what a plan says of its keys.
const BELIEVERS: [&str; 4] =
    ["replace_distinct_aggregate", "eliminate_join", "eliminate_duplicated_expr", "optimize_projections"];

/// The optimizer's rules, mended.
pub(crate) fn rules(state: &SessionState) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for rule in state.optimizers() {
        if BELIEVERS.contains(&rule.name()) {
            rules.push(Arc::new(GroupsAreKeys));
        }
        let is_filters = rule.name() == PushDownFilter::new().name();
        rules.push(if is_filters { Arc::new(KeepFilters::default()) } else { Arc::clone(rule) });
    }
    rules
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

/// The key of an aggregate is all it groups by.
///
/// Where `a` is a key of one side of a join, DataFusion 55 takes it for the key of whatever is grouped by `a, b` above, drops `b`
/// from the ORDER BY and from the GROUP BY of what is above that, and so has rows in the wrong order and too few of them.
#[derive(Debug)]
struct GroupsAreKeys;

impl OptimizerRule for GroupsAreKeys {
    fn name(&self) -> &'static str {
        "groups_are_keys"
    }

    fn rewrite(&self, plan: LogicalPlan, _config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let mut is_wrong = false;
        plan.apply_with_subqueries(|plan| {
            is_wrong |= matches!(plan, LogicalPlan::Aggregate(aggregate) if !is_right(aggregate));
            Ok(if is_wrong { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        })?;
        if !is_wrong {
            return Ok(Transformed::no(plan));
        }
        // What is above learns from what is below.
        let plan = plan.transform_up_with_subqueries(|plan| match plan {
            LogicalPlan::Aggregate(aggregate) if is_right(&aggregate) => {
                Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)))
            }
            LogicalPlan::Aggregate(mut aggregate) => {
                let (groups, fields) = (aggregate.group_expr.len(), aggregate.schema.fields());
                let key = FunctionalDependence::new(
                    (0..groups).collect(),
                    (0..fields.len()).collect(),
                    fields.iter().take(groups).any(|field| field.is_nullable()),
                );
                let keys = FunctionalDependencies::new(vec![key.with_mode(Dependency::Single)]);
                aggregate.schema = Arc::new(aggregate.schema.as_ref().clone().with_functional_dependencies(keys)?);
                Ok(Transformed::yes(LogicalPlan::Aggregate(aggregate)))
            }
            plan => plan.recompute_schema().map(Transformed::yes),
        })?;
        // It says the same as before, so that nothing has to be looked at again for it.
        Ok(Transformed::no(plan.data))
    }
}

fn is_right(aggregate: &Aggregate) -> bool {
    let groups = aggregate.group_expr.len();
    aggregate.schema.functional_dependencies().iter().all(|key| key.source_indices.iter().copied().eq(0..groups))
}
