//! DataFusion as the tests ask it: SQL in, texts out. Values are written as DuckDB writes them, so that answers can be compared.

use datafusion::arrow::array::Array;
use datafusion::prelude::SessionConfig;
use mfa_datafusion::{Session, show};
use sqllogictest::{DB, DBOutput, DefaultColumnType};

/// A session of its own.
pub(crate) struct DataFusion {
    session: Session,
    runtime: tokio::runtime::Runtime,
}

/// What it said.
#[derive(Debug)]
pub(crate) struct EngineError(String);

impl std::fmt::Display for EngineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for EngineError {}

impl DataFusion {
    /// An empty one.
    pub(crate) fn start() -> Result<Self, EngineError> {
        let failed = |error: &dyn std::fmt::Display| EngineError(error.to_string());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_stack_size(32 << 20)
            .enable_all()
            .build()
            .map_err(|error| failed(&error))?;
        let session = Session::new(SessionConfig::new().with_target_partitions(2)).map_err(|error| failed(&error))?;
        Ok(Self { session, runtime })
    }
}

impl DB for DataFusion {
    type Error = EngineError;
    type ColumnType = DefaultColumnType;

    fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, EngineError> {
        let (session, sql) = (self.session.clone(), sql.to_owned());
        let task = self.runtime.spawn(async move {
            let Some(frame) = session.sql(&sql).await? else {
                return Ok(None);
            };
            Ok(Some((frame.schema().fields().len(), frame.collect().await?)))
        });
        let answer = self.runtime.block_on(task).map_err(|error| EngineError(error.to_string()))?;
        let Some((columns, batches)) =
            answer.map_err(|error: datafusion::error::DataFusionError| EngineError(error.to_string()))?
        else {
            return Ok(DBOutput::StatementComplete(0));
        };
        if columns == 0 {
            return Ok(DBOutput::StatementComplete(0));
        }
        let mut rows = Vec::new();
        for batch in &batches {
            let is_plan = batch.schema().fields().iter().any(|field| field.name() == "plan_type");
            for row in 0..batch.num_rows() {
                let show = |column: &std::sync::Arc<dyn Array>| {
                    let text = show(column, row).unwrap_or_else(|| "NULL".to_owned());
                    // An answer is a line for each row, so that the lines of a plan become one.
                    let text =
                        if is_plan { text.split('\n').map(str::trim).collect::<Vec<_>>().join(" | ") } else { text };
                    if text.is_empty() { "(empty)".to_owned() } else { text }
                };
                rows.push(batch.columns().iter().map(show).collect());
            }
        }
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Any; columns], rows })
    }

    fn engine_name(&self) -> &str {
        "datafusion"
    }
}
