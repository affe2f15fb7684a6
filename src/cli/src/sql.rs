//! `mfa sql`, and running statements for the other commands.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use mfa_datafusion::Session;
use tokio::runtime::Runtime;

use crate::answer::Answer;
use crate::arguments::{Sql, SqlAction};
use crate::config::{Config, settings, typed};
use crate::{Outcome, install};

/// Plans of views in views are deep.
const STACK: usize = 32 << 20;

/// Values for `$name`.
pub(crate) type Params = Vec<(String, ScalarValue)>;

pub(crate) fn run(sql: &Sql, config: &Config) -> Result<Outcome> {
    if let Some(SqlAction::Install) = sql.action {
        return install::run(config);
    }
    let mut statement = sql.statement.clone().unwrap_or_default();
    if statement == "-" {
        statement.clear();
        std::io::stdin().read_to_string(&mut statement).context("cannot read standard input")?;
    }
    let answer_to = config.answer()?;
    let (session, lake) = config.session(false)?;
    let mut params = Params::new();
    for pair in &sql.params {
        let (key, text) = pair.split_once('=').with_context(|| format!("--param {pair}: write NAME=VALUE"))?;
        let setting = key.strip_prefix("mfa_").unwrap_or(key);
        if let Some(param) = settings().iter().find(|param| param.name == setting) {
            let value = typed(param.ty, text).with_context(|| format!("--param {key}"))?;
            session.set_variable(&format!("mfa_{setting}"), value.clone())?;
            params.push((key.to_owned(), value));
        } else {
            // A text, which takes the type of what it is compared with.
            params.push((key.to_owned(), ScalarValue::from(text)));
        }
    }
    answer(session, statement, params, answer_to)?;
    drop(lake);
    Ok(Outcome::Success)
}

fn runtime() -> Result<Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build();
    runtime.context("cannot start threads")
}

/// Runs statements and writes the rows of the last.
pub(crate) fn answer(session: Session, statements: String, params: Params, answer: Answer) -> Result<u64> {
    let runtime = runtime()?;
    // On a thread of the runtime, whose stack is large.
    let task = runtime.spawn(async move {
        match session.sql(&statements).await? {
            Some(frame) if frame.schema().fields().is_empty() => {
                frame.collect().await?;
                Ok(0)
            }
            Some(frame) => answer.query(with(frame, params)?).await,
            None => Ok(0),
        }
    });
    runtime.block_on(task).context("the query ended unexpectedly")?
}

fn with(
    frame: datafusion::dataframe::DataFrame,
    params: Params,
) -> Result<datafusion::dataframe::DataFrame, DataFusionError> {
    if params.is_empty() { Ok(frame) } else { frame.with_param_values(params) }
}

/// Runs each statement and gives its rows.
pub(crate) fn collect(session: &Session, statements: Vec<(String, Params)>) -> Result<Vec<Result<Vec<RecordBatch>>>> {
    let runtime = runtime()?;
    let session = session.clone();
    let task = runtime.spawn(async move {
        let mut answers = Vec::new();
        for (statement, params) in statements {
            let answer = async {
                Ok(match session.sql(&statement).await? {
                    Some(frame) => with(frame, params)?.collect().await?,
                    None => Vec::new(),
                })
            };
            answers.push(answer.await);
        }
        answers
    });
    runtime.block_on(task).context("the query ended unexpectedly")
}
