//! A session that takes the statements an analyst writes for DuckDB.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::common::{Result, ScalarValue, config::Dialect, plan_datafusion_err, plan_err};
use datafusion::dataframe::DataFrame;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SessionContext;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement as PlannedStatement;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Statement, Value, visit_expressions_mut,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;

use crate::settings::{Settings, literal};
use crate::types::Types;

/// A DataFusion with the catalog of mfa, DuckDB's dialect and types, and session variables.
#[derive(Clone)]
pub struct Session {
    context: SessionContext,
}

impl Session {
    /// A session of its own, in UTC.
    ///
    /// # Errors
    /// When DataFusion refuses the catalog.
    pub fn new(config: SessionConfig) -> Result<Self> {
        let mut config = config.with_information_schema(true);
        let options = config.options_mut();
        options.sql_parser.dialect = Dialect::DuckDB;
        // Literals are Utf8; where they meet Utf8View, DataFusion 55 makes arrays that their own schema refuses.
        options.sql_parser.map_string_types_to_utf8view = false;
        options.execution.parquet.schema_force_view_types = false;
        // A rule that fails makes a plan no better; the plan before it is right.
        options.optimizer.skip_failed_rules = true;
        options.execution.time_zone = Some("UTC".to_owned());
        let state =
            SessionStateBuilder::new().with_config(config).with_default_features().with_type_planner(Arc::new(Types));
        let context = SessionContext::new_with_state(state.build());
        crate::register(&context)?;
        Ok(Self { context })
    }

    /// DataFusion's own.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Runs statements; the rows of the last are for the caller to collect.
    ///
    /// # Errors
    /// The first statement that cannot be parsed, planned or run.
    pub async fn sql(&self, sql: &str) -> Result<Option<DataFrame>> {
        let mut last = None;
        for command in Command::parse(sql)? {
            if let Some(frame) = last.take() {
                DataFrame::collect(frame).await?;
            }
            last = self.run(command).await?;
        }
        Ok(last)
    }

    /// Plans a statement; one without rows has run.
    ///
    /// # Errors
    /// When it cannot be planned or run.
    pub async fn run(&self, command: Command) -> Result<Option<DataFrame>> {
        match command {
            Command::Statement(statement) => self.plan(*statement).await.map(Some),
            Command::SetVariable { name, value } => {
                let batches = self.plan(*value).await?.collect().await?;
                let row = batches.iter().find(|batch| batch.num_rows() > 0);
                let value = match row {
                    Some(batch) => ScalarValue::try_from_array(batch.column(0), 0)?,
                    None => ScalarValue::Null,
                };
                self.set_variable(&name, value)?;
                Ok(None)
            }
            Command::ResetVariable { name } => {
                self.settings(|settings| {
                    settings.reset_variable(&name);
                    Ok(())
                })?;
                Ok(None)
            }
        }
    }

    async fn plan(&self, mut statement: Statement) -> Result<DataFrame> {
        self.fill_in(&mut statement)?;
        // What a session creates lives as long as the session.
        match &mut statement {
            Statement::CreateTable(table) => table.temporary = false,
            Statement::CreateView(view) => view.temporary = false,
            _ => {}
        }
        let plan = self.context.state().statement_to_plan(PlannedStatement::Statement(Box::new(statement))).await?;
        self.context.execute_logical_plan(plan).await
    }

    /// Sets a variable, as `SET VARIABLE` does.
    ///
    /// # Errors
    /// A name that begins with `mfa_` and is no setting.
    pub fn set_variable(&self, name: &str, value: ScalarValue) -> Result<()> {
        self.settings(|settings| settings.set_variable(name, value))
    }

    fn settings<T>(&self, change: impl FnOnce(&mut Settings) -> Result<T>) -> Result<T> {
        let state = self.context.state_ref();
        let mut state = state.write();
        match state.config_mut().options_mut().extensions.get_mut::<Settings>() {
            Some(settings) => change(settings),
            None => plan_err!("mfa is not registered in this session"),
        }
    }

    /// Puts values where a statement asks for variables: `getvariable('name')`.
    fn fill_in(&self, statement: &mut Statement) -> Result<()> {
        let state = self.context.state();
        let Some(settings) = state.config_options().extensions.get::<Settings>() else {
            return Ok(());
        };
        let result = visit_expressions_mut(statement, |expr| {
            let Some(name) = variable_name(expr) else {
                return ControlFlow::Continue(());
            };
            let value = match settings.get(&name) {
                Some(value) => literal(value),
                None => Ok(Expr::value(Value::Null)),
            };
            match value {
                Ok(value) => {
                    *expr = value;
                    ControlFlow::Continue(())
                }
                Err(error) => ControlFlow::Break(error),
            }
        });
        match result {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        }
    }
}

/// A statement.
#[derive(Debug, Clone)]
pub enum Command {
    /// One of DataFusion's.
    Statement(Box<Statement>),
    /// `SET VARIABLE name = value`.
    SetVariable {
        /// Its name.
        name: String,
        /// A query for its value.
        value: Box<Statement>,
    },
    /// `RESET VARIABLE name`.
    ResetVariable {
        /// Its name.
        name: String,
    },
}

impl Command {
    /// The statements of a text.
    ///
    /// # Errors
    /// Where it cannot be parsed.
    pub fn parse(sql: &str) -> Result<Vec<Self>> {
        let mut commands = Vec::new();
        let mut parser = Parser::new(&DuckDbDialect {}).try_with_sql(sql)?;
        loop {
            while parser.consume_token(&Token::SemiColon) {}
            if parser.peek_token_ref().token == Token::EOF {
                return Ok(commands);
            }
            commands.push(Self::parse_next(&mut parser)?);
            if !matches!(parser.peek_token_ref().token, Token::SemiColon | Token::EOF) {
                return plan_err!("a statement ends before {}", parser.peek_token_ref());
            }
        }
    }

    fn parse_next(parser: &mut Parser<'_>) -> Result<Self> {
        if parser.parse_keywords(&[Keyword::RESET, Keyword::VARIABLE]) {
            return Ok(Self::ResetVariable { name: parser.parse_identifier()?.value });
        }
        if !parser.parse_keywords(&[Keyword::SET, Keyword::VARIABLE]) {
            return Ok(Self::Statement(Box::new(parser.parse_statement()?)));
        }
        let name = parser.parse_identifier()?.value;
        parser.expect_token(&Token::Eq)?;
        let value = parser.parse_expr()?;
        let value = Parser::parse_sql(&DuckDbDialect {}, &format!("select {value}"))?.pop();
        let value = value.ok_or_else(|| plan_datafusion_err!("SET VARIABLE {name} needs a value"))?;
        Ok(Self::SetVariable { name, value: Box::new(value) })
    }
}

/// The name in `getvariable('name')`.
fn variable_name(expr: &Expr) -> Option<String> {
    let Expr::Function(function) = expr else {
        return None;
    };
    if !function.name.to_string().eq_ignore_ascii_case("getvariable") {
        return None;
    }
    let FunctionArguments::List(list) = &function.args else {
        return None;
    };
    match list.args.as_slice() {
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value)))] => match &value.value {
            Value::SingleQuotedString(name) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}
