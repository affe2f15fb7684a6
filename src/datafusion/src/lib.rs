//! The catalog of mfa on DataFusion.
//!
//! [`register`] brings to a session what `LOAD mfa` brings to DuckDB: every scalar function, compiled for Arrow's arrays
//! ([`scalars`]); readers, lists, virtual views and inputs that are not loaded, answered when a query names them
//! (`relations`); the settings `mfa.*`. Nothing is written to the session's catalog.
//!
//! [`Session`] is a session with DuckDB's dialect, types and variables besides, so that what an analyst wrote for the one
//! engine runs on the other.

mod column;
mod dialect;
mod files;
pub mod lake;
mod logs;
mod optimizer;
mod relations;
mod scalars;
mod session;
mod settings;
mod sharing;
mod sizes;
mod text;
mod types;
mod writer;

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SessionContext;
use datafusion::physical_plan::operator_statistics::StatisticsRegistry;
use mfa_core::readers::history::History;

pub use scalars::scalars;
pub use session::{Command, Session};
pub use settings::Settings;
pub use text::show;

/// Brings the catalog to a session.
///
/// # Errors
/// When DataFusion refuses it.
pub fn register(context: &SessionContext) -> Result<()> {
    for function in scalars() {
        context.register_udf(function);
    }
    let history = Arc::new(History::default());
    context.register_relation_planner(Arc::new(relations::Relations { state: context.state_weak_ref(), history }))?;
    let state = context.state_ref();
    let mut state = state.write();
    let mut sharing = SessionStateBuilder::new_from_existing(state.clone())
        .with_query_planner(Arc::new(sharing::SharingPlanner))
        .with_optimizer_rules(optimizer::rules(&state))
        .with_statistics_registry(StatisticsRegistry::with_providers(vec![Arc::new(sizes::Sizes)]))
        .build();
    let options = sharing.config_mut().options_mut();
    options.extensions.insert(Settings::default());
    options.optimizer.use_statistics_registry = true;
    // A million accounts are less to keep than every sign-in is to move to where its account is.
    options.optimizer.hash_join_single_partition_threshold_rows = 1_000_000;
    // Where a query wants ten fields of what a policy answers, DataFusion 55 would ask it ten times.
    options.optimizer.enable_leaf_expression_pushdown = false;
    *state = sharing;
    Ok(())
}
