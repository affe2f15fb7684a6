//! What a relation of a query stands for: views, inputs that are not loaded, readers and lists.
//!
//! DataFusion asks for every relation before it looks for a table. A name of ours is answered here, unless the query or the
//! catalog knows it: then it is theirs. A view is planned from its SQL, with the settings of the session as literals, so
//! that nothing is written to the catalog and the filters of the query reach the scans below.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock, Weak};

use datafusion::arrow::array::Array as _;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{MemTable, TableProvider};
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, ScalarValue, TableReference, plan_datafusion_err, plan_err};
use datafusion::datasource::provider_as_source;
use datafusion::execution::SessionState;
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::sql::parser::Statement as PlannedStatement;
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, ObjectName, Statement, TableFactor, Value, visit_expressions_mut,
    visit_relations,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::parser::Parser;
use futures::FutureExt as _;
use mfa_core::catalog::{self, CONTRACT, Param, Relation, SqlFile, VIEWS};
use mfa_core::functions::Type;
use mfa_core::lists::{LISTS, List};
use mfa_core::readers::history::History;
use mfa_core::readers::{READERS, Reader};
use parking_lot::RwLock;

use crate::dialect::{fold_frames, translate};
use crate::files;
use crate::logs::LogTable;
use crate::settings::{Settings, cast_to, literal};
use crate::sharing::Shared;
use crate::writer::{Writer, data_type};

/// Answers for the relations that are ours.
#[derive(Debug)]
pub(crate) struct Relations {
    pub(crate) state: Weak<RwLock<SessionState>>,
    pub(crate) history: Arc<History>,
}

thread_local! {
    /// The next relation is DataFusion's to answer.
    static ASKED_BACK: Cell<bool> = const { Cell::new(false) };
    /// The view that is being planned for a query, if one is.
    static PLANNING: RefCell<Option<Planning>> = const { RefCell::new(None) };
}

/// While a view is planned, with all the views below it.
struct Planning {
    /// What the query knows under names of ours: its common table expressions.
    known: HashMap<String, LogicalPlan>,
    /// How often each relation is named, in the SQL of all these views.
    named: HashMap<String, usize>,
    /// Relations that are named more than once.
    shared: HashMap<String, Arc<Shared>>,
    /// Common table expressions that are, by where their plan is.
    expressions: HashMap<usize, Arc<Shared>>,
    /// The statements being planned, innermost last: how often each names its own common table expressions.
    statements: Vec<HashMap<String, usize>>,
}

impl RelationPlanner for Relations {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        if ASKED_BACK.take() {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        }
        let (plan, alias) = match &relation {
            TableFactor::Table { name, alias, args: None, .. } => {
                let plan = match ours(name) {
                    Some(name) => self.relation(&name, &relation, context)?,
                    None => match expression(name, &relation, context)? {
                        Some(plan) => plan,
                        None => return Ok(RelationPlanning::Original(Box::new(relation))),
                    },
                };
                (plan, alias.clone())
            }
            TableFactor::Table { name, alias, args: Some(arguments), .. } => {
                let Some(plan) = self.call(name, &arguments.args, context)? else {
                    return Ok(RelationPlanning::Original(Box::new(relation)));
                };
                (plan, alias.clone())
            }
            TableFactor::Function { name, alias, args, .. } => {
                let Some(plan) = self.call(name, args, context)? else {
                    return Ok(RelationPlanning::Original(Box::new(relation)));
                };
                (plan, alias.clone())
            }
            _ => return Ok(RelationPlanning::Original(Box::new(relation))),
        };
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, alias))))
    }
}

/// A name that may be ours.
fn ours(name: &ObjectName) -> Option<String> {
    let [part] = name.0.as_slice() else {
        return None;
    };
    let name = part.as_ident()?.value.to_ascii_lowercase();
    (name.starts_with("mfa_") || READERS.iter().any(|reader| reader.name == name)).then_some(name)
}

impl Relations {
    fn relation(
        &self,
        name: &str,
        relation: &TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let (known, shared, is_shared) = PLANNING.with_borrow(|planning| match planning {
            Some(planning) => (
                planning.known.get(name).cloned(),
                planning.shared.get(name).cloned(),
                planning.named.get(name).is_some_and(|times| *times > 1),
            ),
            None => (None, None, false),
        });
        if let Some(plan) = known {
            return Ok(plan);
        }
        if let Some(shared) = shared {
            return shared.scan();
        }
        let unknown = match ask_back(relation, context) {
            Ok(plan) => return Ok(plan),
            Err(error) => error,
        };
        let plan = match catalog::resolve(name) {
            Ok(None) => return Err(unknown),
            Err(message) => return plan_err!("{message}"),
            Ok(Some(Relation::View(view))) => self.view(view, context)?,
            Ok(Some(Relation::Empty(input))) => self.plan(parse(&input.no_rows())?)?,
        };
        if !is_shared || is_small(&plan) {
            return LogicalPlanBuilder::from(plan).alias(name)?.build();
        }
        let shared = Shared::new(name, plan)?;
        PLANNING.with_borrow_mut(|planning| {
            if let Some(planning) = planning {
                planning.shared.insert(name.to_owned(), Arc::clone(&shared));
            }
        });
        shared.scan()
    }

    /// Plans a view, which sees the common table expressions of the query, but not the other way round.
    fn view(&self, view: &SqlFile, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let parsed = PARSED.get(view.name).ok_or_else(|| plan_datafusion_err!("{} has no SQL", view.name))?;
        let mut statement = parsed.statement.clone();
        self.fill_in(&mut statement, view)?;
        let is_outermost = PLANNING.with_borrow(Option::is_none);
        if is_outermost {
            let known = parsed.reads.iter().filter_map(|name| {
                let relation = table(name).ok()?;
                Some((name.clone(), ask_back(&relation, context).ok()?))
            });
            let known = known.collect();
            let mut named = HashMap::new();
            for name in parsed.reads.iter().map(String::as_str).chain([view.name]) {
                for (name, times) in PARSED.get(name).iter().flat_map(|parsed| &parsed.names) {
                    *named.entry(name.clone()).or_default() += times;
                }
            }
            let planning =
                Planning { known, named, shared: HashMap::new(), expressions: HashMap::new(), statements: Vec::new() };
            PLANNING.set(Some(planning));
        }
        PLANNING.with_borrow_mut(|planning| {
            if let Some(planning) = planning {
                planning.statements.push(parsed.names.clone());
            }
        });
        let plan = stacker::maybe_grow(1 << 20, 8 << 20, || self.plan(statement));
        PLANNING.with_borrow_mut(|planning| {
            if let Some(planning) = planning {
                planning.statements.pop();
            }
        });
        if is_outermost {
            PLANNING.set(None);
        }
        plan
    }

    fn plan(&self, statement: Statement) -> Result<LogicalPlan> {
        let mut state = self.state()?;
        // To look for sorts that nobody needs, DataFusion copies the whole plan of a common table expression wherever it is
        // named; then nothing would tell that it is the same.
        state.config_mut().options_mut().sql_parser.enable_subquery_sort_elimination = false;
        // What the catalog holds is in memory, so there is nothing to wait for.
        state
            .statement_to_plan(PlannedStatement::Statement(Box::new(statement)))
            .now_or_never()
            .unwrap_or_else(|| plan_err!("a table that a view reads takes time to be found; name it in the query"))
    }

    fn state(&self) -> Result<SessionState> {
        let state = self.state.upgrade().ok_or_else(|| plan_datafusion_err!("the session has ended"))?;
        let state = state.read().clone();
        Ok(state)
    }

    /// Puts the settings of the session, or the defaults, where the view has its parameters.
    fn fill_in(&self, statement: &mut Statement, view: &SqlFile) -> Result<()> {
        let state = self.state()?;
        let settings = state.config_options().extensions.get::<Settings>().cloned().unwrap_or_default();
        let values: HashMap<_, _> = view
            .params
            .iter()
            .map(|param| Ok((format!("${}", param.name), value_of(view, param, &settings)?)))
            .collect::<Result<_>>()?;
        let _ = visit_expressions_mut(statement, |expr| {
            if let SqlExpr::Value(value) = expr
                && let Value::Placeholder(name) = &value.value
                && let Some(value) = values.get(name)
            {
                *expr = value.clone();
            }
            ControlFlow::<()>::Continue(())
        });
        fold_frames(statement);
        Ok(())
    }

    /// A reader or a list; nothing when the name is another's.
    fn call(
        &self,
        name: &ObjectName,
        arguments: &[FunctionArg],
        context: &mut dyn RelationPlannerContext,
    ) -> Result<Option<LogicalPlan>> {
        let Some(name) = ours(name) else {
            return self.duckdbs(&name.to_string().to_ascii_lowercase(), arguments, context);
        };
        let table: Arc<dyn TableProvider> = if let Some(reader) = READERS.iter().find(|reader| reader.name == name) {
            Arc::new(self.reader(reader, arguments, context)?)
        } else if let Some(list) = LISTS.iter().find(|list| list.name == name) {
            if !arguments.is_empty() {
                return plan_err!("{name} takes no arguments");
            }
            Arc::new(rows(list, &self.history)?)
        } else {
            return Ok(None);
        };
        scan(&name, arguments, table).map(Some)
    }

    /// Table functions of DuckDB that statements about mfa are written with: `query`, `read_text`, `read_csv`.
    fn duckdbs(
        &self,
        name: &str,
        arguments: &[FunctionArg],
        context: &mut dyn RelationPlannerContext,
    ) -> Result<Option<LogicalPlan>> {
        if !["query", "read_text", "read_csv"].contains(&name) {
            return Ok(None);
        }
        let [FunctionArg::Unnamed(FunctionArgExpr::Expr(first)), options @ ..] = arguments else {
            return plan_err!("{name} needs an argument");
        };
        let first = constant(first, context)
            .map_err(|error| plan_datafusion_err!("{name}: the first argument must be a constant: {error}"))?;
        let table = match (name, options) {
            ("query", []) => {
                let sql = text(&first).ok_or_else(|| plan_datafusion_err!("query: a SELECT is needed"))?;
                let statement @ Statement::Query(_) = parse(&sql)? else {
                    return plan_err!("query: only a SELECT is taken");
                };
                return self.plan(statement).map(Some);
            }
            ("read_text", []) => files::text(&texts(name, &first)?)?,
            ("read_csv", options) => {
                let mut types = Vec::new();
                for option in options {
                    match option {
                        FunctionArg::Named {
                            name, arg: FunctionArgExpr::Expr(SqlExpr::Dictionary(fields)), ..
                        } if name.value.eq_ignore_ascii_case("types") => {
                            for field in fields {
                                types.push((field.key.value.clone(), type_of(&field.value, context)?));
                            }
                        }
                        other => return plan_err!("read_csv: {other} is not offered; there is types"),
                    }
                }
                files::csv(&texts(name, &first)?, &types)?
            }
            _ => return plan_err!("{name} takes one argument"),
        };
        scan(name, arguments, table).map(Some)
    }

    fn reader(
        &self,
        reader: &'static Reader,
        arguments: &[FunctionArg],
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogTable> {
        let name = reader.name;
        let (mut paths, mut rows, mut on_error, mut max_rejects) = (None, None, None, None);
        let mut mapping = None;
        for argument in arguments {
            let (parameter, argument) = match argument {
                FunctionArg::Unnamed(argument) => (None, argument),
                FunctionArg::Named { name, arg, .. } => (Some(name.value.to_ascii_lowercase()), arg),
                FunctionArg::ExprNamed { name, arg, .. } => (Some(name.to_string().to_ascii_lowercase()), arg),
            };
            let FunctionArgExpr::Expr(argument) = argument else {
                return plan_err!("{name}: an argument must be a value");
            };
            let value = constant(argument, context)
                .map_err(|_| plan_datafusion_err!("{name}: an argument must be a constant"))?;
            match parameter.as_deref() {
                None if paths.is_none() => paths = Some(texts(name, &value)?),
                None => return plan_err!("{name} takes one path or one list of paths"),
                Some("rows") if reader.parse.len() > 1 => rows = text(&value),
                Some("on_error") => on_error = text(&value),
                Some("mapping") if reader.is_mapped() => mapping = text(&value),
                Some("max_rejects") if value.is_null() => max_rejects = None,
                Some("max_rejects") => {
                    max_rejects = i64::try_from(value)
                        .map(Some)
                        .map_err(|_| plan_datafusion_err!("{name}: max_rejects must be a number"))?;
                }
                Some(other) => {
                    let rows = if reader.parse.len() > 1 { ", rows" } else { "" };
                    let mapping = if reader.is_mapped() { ", mapping" } else { "" };
                    return plan_err!("{name} has no parameter {other}; it has max_rejects, on_error{rows}{mapping}");
                }
            }
        }
        let paths = paths.ok_or_else(|| plan_datafusion_err!("{name} needs a path: {name}('…')"))?;
        let mapping = mapping
            .map(|text: String| mfa_files::mapping(&text))
            .transpose()
            .map_err(|error| plan_datafusion_err!("{name}: {error}"))?;
        let (parse, tolerance) = reader
            .resolve(rows.as_deref(), on_error.as_deref(), max_rejects, mapping.as_deref())
            .map_err(|error| plan_datafusion_err!("{error}"))?;
        LogTable::find(reader, parse, tolerance, &paths, &self.history)
            .map_err(|error| plan_datafusion_err!("{name}: {error}"))
    }
}

/// A scan of what a function returns. DataFusion takes scans of the same name for the same, whatever they read, so that the
/// arguments belong to the name.
fn scan(name: &str, arguments: &[FunctionArg], table: Arc<dyn TableProvider>) -> Result<LogicalPlan> {
    let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
    let call = TableReference::bare(format!("{name}({})", arguments.join(", ")));
    LogicalPlanBuilder::scan(call, provider_as_source(table), None)?.alias(name)?.build()
}

/// Plans a relation as DataFusion would.
fn ask_back(relation: &TableFactor, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
    let mut relation = relation.clone();
    if let TableFactor::Table { alias, .. } = &mut relation {
        *alias = None;
    }
    ASKED_BACK.set(true);
    let plan = context.plan(relation);
    ASKED_BACK.set(false);
    plan
}

/// A common table expression of a view, shared when the view names it more than once; nothing when it is not one.
fn expression(
    name: &ObjectName,
    relation: &TableFactor,
    context: &mut dyn RelationPlannerContext,
) -> Result<Option<LogicalPlan>> {
    let name = name.to_string();
    let times = PLANNING.with_borrow(|planning| {
        planning.as_ref().and_then(|planning| planning.statements.last()?.get(&name).copied()).unwrap_or(0)
    });
    if times < 2 {
        return Ok(None);
    }
    let plan = ask_back(relation, context)?;
    let LogicalPlan::SubqueryAlias(alias) = &plan else {
        return Ok(Some(plan));
    };
    if is_small(&plan) {
        return Ok(Some(plan));
    }
    let place = Arc::as_ptr(&alias.input).addr();
    let known = PLANNING.with_borrow(|planning| planning.as_ref()?.expressions.get(&place).cloned());
    if let Some(shared) = known {
        return shared.scan().map(Some);
    }
    // The plan is kept by what is shared, so nothing else can be where it is.
    let shared = Shared::new(&name, plan.clone())?;
    PLANNING.with_borrow_mut(|planning| {
        if let Some(planning) = planning {
            planning.expressions.insert(place, Arc::clone(&shared));
        }
    });
    shared.scan().map(Some)
}

/// Whether a plan costs nothing to repeat.
fn is_small(plan: &LogicalPlan) -> bool {
    let mut work = 0;
    let _ = plan.apply(|node| {
        if !matches!(
            node,
            LogicalPlan::Projection(_)
                | LogicalPlan::SubqueryAlias(_)
                | LogicalPlan::EmptyRelation(_)
                | LogicalPlan::Filter(_)
                | LogicalPlan::TableScan(_)
                | LogicalPlan::Values(_)
                | LogicalPlan::Unnest(_)
        ) {
            work += 1;
        }
        Ok(TreeNodeRecursion::Continue)
    });
    work == 0
}

/// A view, parsed, with all relations of ours that it and the views below it read.
struct Parsed {
    statement: Statement,
    reads: BTreeSet<String>,
    /// How often it names each relation.
    names: HashMap<String, usize>,
}

static PARSED: LazyLock<HashMap<&'static str, Parsed>> = LazyLock::new(|| {
    let statements: Vec<_> = VIEWS.iter().filter_map(|view| Some((view.name, parse(view.body).ok()?))).collect();
    let direct: HashMap<_, _> = statements.iter().map(|(name, statement)| (*name, reads(statement))).collect();
    let all = |name: &str| {
        let (mut found, mut open) = (BTreeSet::new(), vec![name.to_owned()]);
        while let Some(name) = open.pop() {
            for read in direct.get(name.as_str()).into_iter().flatten() {
                if found.insert(read.clone()) {
                    open.push(read.clone());
                }
            }
        }
        found
    };
    statements
        .iter()
        .map(|(name, statement)| {
            (*name, Parsed { statement: statement.clone(), reads: all(name), names: names(statement) })
        })
        .collect()
});

/// The relations of ours that a statement names.
fn reads(statement: &Statement) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let _ = visit_relations(statement, |name| {
        if let Some(name) = ours(name)
            && (VIEWS.iter().any(|view| view.name == name) || CONTRACT.iter().any(|input| input.name == name))
        {
            names.insert(name);
        }
        ControlFlow::<()>::Continue(())
    });
    names
}

/// How often a statement names each relation.
fn names(statement: &Statement) -> HashMap<String, usize> {
    let mut names = HashMap::new();
    let _ = visit_relations(statement, |name| {
        *names.entry(name.to_string()).or_default() += 1;
        ControlFlow::<()>::Continue(())
    });
    names
}

fn parse(sql: &str) -> Result<Statement> {
    let statements = Parser::parse_sql(&DuckDbDialect {}, sql)?;
    let [mut statement] =
        <[_; 1]>::try_from(statements).map_err(|_| plan_datafusion_err!("one statement is needed"))?;
    translate(&mut statement);
    Ok(statement)
}

fn parse_expr(sql: &str) -> Result<SqlExpr> {
    Ok(Parser::new(&DuckDbDialect {}).try_with_sql(sql)?.parse_expr()?)
}

fn table(name: &str) -> Result<TableFactor> {
    Ok(Parser::new(&DuckDbDialect {}).try_with_sql(name)?.parse_table_factor()?)
}

/// What the session has set, or else what its preset says, or else the default, in the type of the parameter.
fn value_of(view: &SqlFile, param: &Param, settings: &Settings) -> Result<SqlExpr> {
    let value = match settings.get(&format!("mfa_{}", param.name)) {
        Some(value) => literal(value)?,
        None => {
            let preset = settings.get("mfa_preset").filter(|_| !view.presets.is_empty());
            let preset = preset.map(|name| catalog::preset(&text(name).unwrap_or_default())).transpose();
            let preset = preset.map_err(|error| plan_datafusion_err!("{error}"))?;
            let value = preset.and_then(|preset| catalog::preset_value(view, preset, param.name));
            parse_expr(value.unwrap_or(param.default))?
        }
    };
    // A frame of a window takes a number, not an expression.
    if let ("INTEGER" | "BIGINT", SqlExpr::Value(number)) = (param.ty, &value)
        && let Value::Number(..) = number.value
    {
        return Ok(value);
    }
    let ty = Parser::new(&DuckDbDialect {}).try_with_sql(param.ty)?.parse_data_type()?;
    Ok(SqlExpr::Nested(Box::new(cast_to(value, ty))))
}

/// The value of an argument.
fn constant(argument: &SqlExpr, context: &mut dyn RelationPlannerContext) -> Result<ScalarValue> {
    let expr = context.sql_to_expr(argument.clone(), &DFSchema::empty())?;
    let simplifier = ExprSimplifier::new(SimplifyContext::builder().with_current_time().build());
    let expr = simplifier.coerce(expr, &DFSchema::empty())?;
    match simplifier.simplify(expr)? {
        Expr::Literal(value, _) => Ok(value),
        _ => plan_err!("not a constant"),
    }
}

/// The type that a text names.
fn type_of(name: &SqlExpr, context: &mut dyn RelationPlannerContext) -> Result<DataType> {
    let SqlExpr::Value(value) = name else {
        return plan_err!("read_csv: the type of a column is a text");
    };
    let Value::SingleQuotedString(name) = &value.value else {
        return plan_err!("read_csv: the type of a column is a text");
    };
    let null = parse_expr(&format!("cast(null as {name})"))?;
    Ok(constant(&null, context)?.data_type())
}

fn text(value: &ScalarValue) -> Option<String> {
    value.try_as_str().flatten().map(str::to_owned)
}

/// A path, or a list of them.
fn texts(reader: &str, value: &ScalarValue) -> Result<Vec<Option<String>>> {
    match value {
        ScalarValue::Utf8(_) | ScalarValue::LargeUtf8(_) | ScalarValue::Utf8View(_) | ScalarValue::Null => {
            Ok(vec![text(value)])
        }
        // Without elements, a list is one of anything.
        ScalarValue::List(list)
            if list.value(0).is_empty() || matches!(list.value_type(), DataType::Utf8 | DataType::Null) =>
        {
            let elements = list.value(0);
            let element = |index| ScalarValue::try_from_array(&elements, index).map(|value| text(&value));
            (0..elements.len()).map(element).collect()
        }
        _ => plan_err!("{reader}: the path must be a VARCHAR or a VARCHAR[]"),
    }
}

/// The rows of a list.
fn rows(list: &List, history: &History) -> Result<MemTable> {
    let rows = (list.rows)(history);
    let types: Vec<_> = list.columns.iter().map(|(_, of)| Type::from(*of)).collect();
    let mut writers: Vec<_> = types.iter().map(|ty| Writer::new(ty, rows.len())).collect();
    for (at, row) in rows.iter().enumerate() {
        for (writer, cell) in writers.iter_mut().zip(row) {
            cell.write(writer, at);
        }
    }
    let fields: Vec<_> =
        list.columns.iter().zip(&types).map(|((name, _), ty)| Field::new(*name, data_type(ty), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = writers.into_iter().map(|writer| writer.finish(rows.len())).collect::<Result<_>>()?;
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
    MemTable::try_new(schema, vec![vec![batch]])
}
