//! A session that takes the statements an analyst writes for DuckDB.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{MemTable, TableProvider as _};
use datafusion::common::{Result, ScalarValue, TableReference, config::Dialect, plan_datafusion_err, plan_err};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::ViewTable;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{DdlStatement, LogicalPlan};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::{CopyToSource, DFParser, DFParserBuilder, Statement as PlannedStatement};
use datafusion::sql::sqlparser::ast::{
    DescribeAlias, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Insert, Query, SetExpr, Statement, Value,
    visit_expressions_mut,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::dialect;
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
        for function in dialect::functions() {
            context.register_udf(function);
        }
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
            Command::Files(mut statement) => {
                if let PlannedStatement::CopyTo(copy) = statement.as_mut()
                    && let CopyToSource::Query(query) = &mut copy.source
                {
                    let mut select = Statement::Query(query.clone());
                    self.fill_in(&mut select)?;
                    dialect::translate(&mut select);
                    if let Statement::Query(select) = select {
                        *query = select;
                    }
                }
                let plan = self.context.state().statement_to_plan(*statement).await?;
                self.context.execute_logical_plan(plan).await.map(Some)
            }
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
        dialect::translate(&mut statement);
        dialect::fold_frames(&mut statement);
        match &mut statement {
            // What a session creates lives as long as the session.
            Statement::CreateTable(table) => table.temporary = false,
            Statement::CreateView(view) => view.temporary = false,
            Statement::ExplainTable {
                describe_alias: DescribeAlias::Describe | DescribeAlias::Desc,
                table_name,
                ..
            } => {
                let query = Command::query(&format!("select * from {table_name}"))?;
                return self.describe(query).await;
            }
            Statement::Explain { describe_alias: DescribeAlias::Describe | DescribeAlias::Desc, statement, .. } => {
                return self.describe((**statement).clone()).await;
            }
            _ => {}
        }
        if let Statement::Insert(insert) = &mut statement
            && let Some(rows) = insert.source.take_if(|query| !matches!(*query.body, SetExpr::Values(_)))
        {
            return self.insert(insert.clone(), *rows).await;
        }
        let mut plan = self.logical_plan(statement).await?;
        let mut created = None;
        match &mut plan {
            LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(table)) => {
                table.input = Arc::new(dialect::name_fields(Arc::unwrap_or_clone(Arc::clone(&table.input)))?);
                created = Some(table.name.clone());
            }
            LogicalPlan::Ddl(_) | LogicalPlan::Dml(_) | LogicalPlan::Explain(_) | LogicalPlan::Statement(_) => {}
            _ => plan = dialect::name_fields(plan)?,
        }
        let frame = self.context.execute_logical_plan(plan).await?;
        if let Some(table) = created {
            self.admit_nulls(table).await?;
        }
        Ok(frame)
    }

    /// Inserts what a query returns. DataFusion takes every VALUES in the query for the rows of the table, so the query is
    /// planned by itself.
    async fn insert(&self, mut insert: Insert, rows: Query) -> Result<DataFrame> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let view = format!("inserted rows {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let plan = self.logical_plan(Statement::Query(Box::new(rows))).await?;
        self.context.register_table(TableReference::bare(view.as_str()), Arc::new(ViewTable::new(plan, None)))?;
        let Statement::Query(source) = Command::query(&format!("select * from \"{view}\""))? else {
            return plan_err!("an INSERT needs rows");
        };
        insert.source = Some(source);
        let inserted = async {
            let plan = self.logical_plan(Statement::Insert(insert)).await?;
            self.context.execute_logical_plan(plan).await
        };
        let inserted = inserted.await;
        self.context.deregister_table(TableReference::bare(view.as_str()))?;
        inserted
    }

    async fn logical_plan(&self, statement: Statement) -> Result<LogicalPlan> {
        self.context.state().statement_to_plan(PlannedStatement::Statement(Box::new(statement))).await
    }

    async fn describe(&self, query: Statement) -> Result<DataFrame> {
        let plan = dialect::name_fields(self.logical_plan(query).await?)?;
        self.context.read_batch(dialect::describe(plan.schema())?)
    }

    /// A table made from a query takes NULL in every column, also in those where the query had none.
    async fn admit_nulls(&self, name: TableReference) -> Result<()> {
        let provider = self.context.table_provider(name.clone()).await?;
        let Some(table) = provider.downcast_ref::<MemTable>() else {
            return Ok(());
        };
        if table.schema().fields().iter().all(|field| field.is_nullable()) {
            return Ok(());
        }
        let fields: Vec<_> = table.schema().fields().iter().map(|field| nullable(field)).collect();
        let schema = Arc::new(Schema::new(fields));
        let mut partitions = Vec::new();
        for partition in &table.batches {
            let partition = partition.read().await;
            let batches = partition.iter().map(|batch| {
                let columns = batch.columns().iter().zip(schema.fields());
                let columns =
                    columns.map(|(column, field)| cast(column, field.data_type())).collect::<Result<_, _>>()?;
                Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
            });
            partitions.push(batches.collect::<Result<Vec<_>>>()?);
        }
        self.context.deregister_table(name.clone())?;
        self.context.register_table(name, Arc::new(MemTable::try_new(schema, partitions)?))?;
        Ok(())
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
    /// DataFusion's own: `CREATE EXTERNAL TABLE`, `COPY … TO`.
    Files(Box<PlannedStatement>),
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
        let mut files = DFParserBuilder::new(sql).with_dialect(&DuckDbDialect {}).build()?;
        loop {
            while files.parser.consume_token(&Token::SemiColon) {}
            if files.parser.peek_token_ref().token == Token::EOF {
                return Ok(commands);
            }
            commands.push(Self::parse_next(&mut files)?);
            let next = files.parser.peek_token_ref();
            if !matches!(next.token, Token::SemiColon | Token::EOF) {
                return plan_err!("a statement should end, but {next} follows{}", next.span.start);
            }
        }
    }

    fn parse_next(files: &mut DFParser<'_>) -> Result<Self> {
        let [first, second] = files.parser.peek_tokens_ref();
        let is =
            |token: &TokenWithSpan, word: Keyword| matches!(&token.token, Token::Word(found) if found.keyword == word);
        if is(first, Keyword::COPY) || is(first, Keyword::CREATE) && is(second, Keyword::EXTERNAL) {
            return Ok(Self::Files(Box::new(files.parse_statement()?)));
        }
        let parser = &mut files.parser;
        if parser.parse_keywords(&[Keyword::RESET, Keyword::VARIABLE]) {
            return Ok(Self::ResetVariable { name: parser.parse_identifier()?.value });
        }
        if !parser.parse_keywords(&[Keyword::SET, Keyword::VARIABLE]) {
            return Ok(Self::Statement(Box::new(parser.parse_statement()?)));
        }
        let name = parser.parse_identifier()?.value;
        parser.expect_token(&Token::Eq)?;
        let value = parser.parse_expr()?;
        Ok(Self::SetVariable { name, value: Box::new(Self::query(&format!("select {value}"))?) })
    }

    fn query(sql: &str) -> Result<Statement> {
        let mut statements = Parser::parse_sql(&DuckDbDialect {}, sql)?;
        statements.pop().ok_or_else(|| plan_datafusion_err!("a statement is missing"))
    }
}

/// The field, and what it is made of, with NULL admitted.
fn nullable(field: &Field) -> Field {
    let ty = match field.data_type() {
        DataType::List(element) => DataType::List(Arc::new(nullable(element))),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| nullable(field)).collect()),
        other => other.clone(),
    };
    Field::new(field.name(), ty, true)
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
