//! What DuckDB understands and DataFusion does not, where an analyst's statement needs it.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, Int64Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::common::{DFSchema, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr as LogicalExpr, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};
use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, DataType as SqlType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgOperator, FunctionArguments, Ident, Interval, NamedWindowExpr, Select, SelectFlavor, SelectItem,
    Statement, UnaryOperator, Value, VisitMut as _, VisitorMut, WildcardAdditionalOptions, WindowFrameBound,
    WindowSpec, WindowType,
};

/// Rewrites what DataFusion would refuse, or take for something else.
pub(crate) fn translate(statement: &mut Statement) {
    let _ = statement.visit(&mut Translator);
}

struct Translator;

impl VisitorMut for Translator {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        // `FROM t` has all columns; DataFusion gives none when it is sorted or part of another query.
        if select.flavor == SelectFlavor::FromFirstNoSelect {
            select.flavor = SelectFlavor::Standard;
            select.select_token = AttachedToken::empty();
            select.projection = vec![SelectItem::Wildcard(WildcardAdditionalOptions::default())];
        }
        name_columns(&mut select.projection);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if swallows(expr) {
            let (first, rest) = flat(expr.clone());
            *expr = associate(first, rest);
        }
        // `f(a = 1)` is a comparison; named arguments are those of table functions.
        if let Expr::Function(Function { args: FunctionArguments::List(list), .. }) = expr {
            for argument in &mut list.args {
                if let FunctionArg::Named {
                    name,
                    arg: FunctionArgExpr::Expr(value),
                    operator: FunctionArgOperator::Equals,
                } = argument
                {
                    // An AND or OR after it is part of the value.
                    let (first, rest) = flat(value.clone());
                    let comparison = binary(Expr::Identifier(name.clone()), BinaryOperator::Eq, first);
                    *argument = FunctionArg::Unnamed(FunctionArgExpr::Expr(associate(comparison, rest)));
                }
            }
        }
        if let Some(case) = if_then_else(expr) {
            *expr = case;
        }
        if let Expr::Function(function) = expr
            && function.name.to_string().eq_ignore_ascii_case("unnest")
            && let FunctionArguments::List(list) = &mut function.args
            && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(_)), FunctionArg::Named { name, .. }] =
                list.args.as_slice()
            && name.value.eq_ignore_ascii_case("recursive")
        {
            // A list of structs: its elements, and then their fields.
            list.args.pop();
            let inner = expr.clone();
            if let Expr::Function(function) = expr
                && let FunctionArguments::List(list) = &mut function.args
            {
                list.args = vec![FunctionArg::Unnamed(FunctionArgExpr::Expr(inner))];
            }
        }
        // A field of whatever is a struct: `f(x).field`.
        if let Expr::CompoundFieldAccess { root, access_chain } = expr {
            // A column may be written with the name of its table: `t.x[1]`.
            let is_column =
                |access: &AccessExpr| matches!(access, AccessExpr::Dot(_)) && matches!(**root, Expr::Identifier(_));
            let after = access_chain.iter().take_while(|access| is_column(access)).count();
            for access in access_chain.iter_mut().skip(after) {
                if let AccessExpr::Dot(field) = access
                    && let Expr::Identifier(name) = field
                {
                    *field = Expr::value(Value::SingleQuotedString(name.value.clone()));
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The frame of a window may be computed, such as `(30 || ' days')::interval`; DataFusion wants it as a literal. To be called
/// when values have taken the place of parameters.
pub(crate) fn fold_frames(statement: &mut Statement) {
    let _ = statement.visit(&mut Frames);
}

struct Frames;

impl VisitorMut for Frames {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for window in &mut select.named_window {
            if let NamedWindowExpr::WindowSpec(window) = &mut window.1 {
                fold_frame(window);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Function(Function { over: Some(WindowType::WindowSpec(window)), .. }) = expr {
            fold_frame(window);
        }
        ControlFlow::Continue(())
    }
}

fn fold_frame(window: &mut WindowSpec) {
    let Some(frame) = &mut window.window_frame else {
        return;
    };
    for bound in std::iter::once(&mut frame.start_bound).chain(&mut frame.end_bound) {
        if let WindowFrameBound::Preceding(Some(offset)) | WindowFrameBound::Following(Some(offset)) = bound
            && let Expr::Cast { data_type: SqlType::Interval { .. }, expr, .. } = offset.as_ref()
            && let Some(text) = text_of(expr)
        {
            **offset = Expr::Interval(Interval {
                value: Box::new(Expr::value(Value::SingleQuotedString(text))),
                leading_field: None,
                leading_precision: None,
                last_field: None,
                fractional_seconds_precision: None,
            });
        }
    }
}

/// The text of literals that are put together.
fn text_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) | Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        Expr::Nested(expr) | Expr::Cast { expr, .. } => text_of(expr),
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } => Some(text_of(left)? + &text_of(right)?),
        _ => None,
    }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

/// Whether an IS DISTINCT FROM has taken an AND or OR after it for its right side, as sqlparser 0.62 lets it:
/// `a is distinct from b or c` is `(a is distinct from b) or c`.
fn swallows(expr: &Expr) -> bool {
    let is_logical = |expr: &Expr| {
        matches!(expr, Expr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. }) || swallows(expr)
    };
    match expr {
        Expr::IsDistinctFrom(_, right) | Expr::IsNotDistinctFrom(_, right) => is_logical(right),
        Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
            swallows(left) || swallows(right)
        }
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => swallows(expr),
        _ => false,
    }
}

/// Puts operands and operators together again, as they follow each other in the text.
fn associate(first: Expr, rest: Vec<(BinaryOperator, Expr)>) -> Expr {
    let (mut ors, mut ands) = (Vec::new(), first);
    for (op, operand) in rest {
        if op == BinaryOperator::And {
            ands = binary(ands, op, operand);
        } else {
            ors.push(std::mem::replace(&mut ands, operand));
        }
    }
    ors.push(ands);
    let mut ors = ors.into_iter();
    let first = ors.next();
    ors.fold(first.unwrap_or_else(|| Expr::value(Value::Null)), |left, right| binary(left, BinaryOperator::Or, right))
}

/// The first operand, and those after it with the operator before each.
fn flat(expr: Expr) -> (Expr, Vec<(BinaryOperator, Expr)>) {
    match expr {
        Expr::BinaryOp { left, op: op @ (BinaryOperator::And | BinaryOperator::Or), right } => {
            let (first, mut rest) = flat(*left);
            let (next, after) = flat(*right);
            rest.push((op, next));
            rest.extend(after);
            (first, rest)
        }
        Expr::IsDistinctFrom(left, right) => {
            let (first, rest) = flat(*right);
            (Expr::IsDistinctFrom(left, Box::new(first)), rest)
        }
        Expr::IsNotDistinctFrom(left, right) => {
            let (first, rest) = flat(*right);
            (Expr::IsNotDistinctFrom(left, Box::new(first)), rest)
        }
        Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
            let (first, rest) = flat(*expr);
            (Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(first) }, rest)
        }
        other => (other, Vec::new()),
    }
}

/// `if(condition, a, b)`.
fn if_then_else(expr: &Expr) -> Option<Expr> {
    let Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) = expr else {
        return None;
    };
    let [
        FunctionArg::Unnamed(FunctionArgExpr::Expr(condition)),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(then)),
        FunctionArg::Unnamed(FunctionArgExpr::Expr(otherwise)),
    ] = list.args.as_slice()
    else {
        return None;
    };
    name.to_string().eq_ignore_ascii_case("if").then(|| Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition: condition.clone(), result: then.clone() }],
        else_result: Some(Box::new(otherwise.clone())),
    })
}

/// The columns of a struct that is unnested have the names of its fields. DataFusion puts the expression before them.
pub(crate) fn name_fields(plan: LogicalPlan) -> Result<LogicalPlan> {
    let LogicalPlan::Projection(projection) = &plan else {
        return Ok(plan);
    };
    let mut is_unnested = false;
    let named = projection.expr.iter().zip(plan.schema().columns()).map(|(expr, column)| {
        if let LogicalExpr::Alias(alias) = expr
            && let LogicalExpr::Column(field) = alias.expr.as_ref()
            && let Some((_, name)) =
                field.name.strip_prefix("__unnest_placeholder(").and_then(|name| name.rsplit_once(")."))
            && alias.name.ends_with(&format!(".{name}"))
        {
            is_unnested = true;
            return LogicalExpr::Column(column).alias(name);
        }
        LogicalExpr::Column(column)
    });
    let named: Vec<_> = named.collect();
    if !is_unnested {
        return Ok(plan);
    }
    LogicalPlanBuilder::from(plan).project(named)?.build()
}

/// Two expressions of a SELECT may be alike, which DataFusion refuses, and it takes `cast(x as date)` for another `x`. So
/// what has no name is named as it is written.
fn name_columns(items: &mut [SelectItem]) {
    let mut names = HashSet::new();
    for item in items {
        let SelectItem::UnnamedExpr(expr) = item else {
            continue;
        };
        let text = expr.to_string();
        // A struct that is unnested becomes several columns.
        if text.to_ascii_lowercase().contains("unnest(") {
            continue;
        }
        let mut name = text.clone();
        let mut count = 0;
        while !names.insert(name.clone()) {
            count += 1;
            name = format!("{text}_{count}");
        }
        if count == 0 && matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
            continue;
        }
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
    }
}

/// The rows of DESCRIBE.
pub(crate) fn describe(schema: &DFSchema) -> Result<RecordBatch> {
    let fields = schema.fields();
    let names = fields.iter().map(|field| Some(field.name().as_str()));
    let types: Vec<_> = fields.iter().map(|field| type_name(field.data_type())).collect();
    let nothing = || Arc::new(StringArray::new_null(fields.len())) as ArrayRef;
    let columns: [(&str, ArrayRef); 6] = [
        ("column_name", Arc::new(names.collect::<StringArray>())),
        ("column_type", Arc::new(StringArray::from(types))),
        ("null", Arc::new(StringArray::from(vec!["YES"; fields.len()]))),
        ("key", nothing()),
        ("default", nothing()),
        ("extra", nothing()),
    ];
    let schema =
        Schema::new(columns.iter().map(|(name, _)| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>());
    Ok(RecordBatch::try_new(Arc::new(schema), columns.into_iter().map(|(_, column)| column).collect())?)
}

/// The name of a type on DuckDB.
fn type_name(ty: &DataType) -> String {
    match ty {
        DataType::Null => "\"NULL\"".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Int8 => "TINYINT".to_owned(),
        DataType::Int16 => "SMALLINT".to_owned(),
        DataType::Int32 => "INTEGER".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::UInt8 => "UTINYINT".to_owned(),
        DataType::UInt16 => "USMALLINT".to_owned(),
        DataType::UInt32 => "UINTEGER".to_owned(),
        DataType::UInt64 => "UBIGINT".to_owned(),
        DataType::Float32 => "FLOAT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Decimal128(precision, scale) => format!("DECIMAL({precision},{scale})"),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "VARCHAR".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "BLOB".to_owned(),
        DataType::Date32 => "DATE".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "TIME".to_owned(),
        DataType::Timestamp(_, None) => "TIMESTAMP".to_owned(),
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "INTERVAL".to_owned(),
        DataType::List(element) | DataType::LargeList(element) => format!("{}[]", type_name(element.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|field| format!("{} {}", field.name(), type_name(field.data_type()))).collect();
            format!("STRUCT({})", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// DuckDB's functions.
pub(crate) fn functions() -> [ScalarUDF; 2] {
    let any = || Signature::any(1, Volatility::Immutable);
    [
        ScalarUDF::new_from_impl(OfDuckDb { name: "typeof", signature: any(), returns: DataType::Utf8 }),
        ScalarUDF::new_from_impl(OfDuckDb { name: "len", signature: any(), returns: DataType::Int64 }),
    ]
}

/// `typeof(x)`: the name of a type. `len(x)`: the elements of a list, the characters of a text.
#[derive(Debug, PartialEq, Eq, Hash)]
struct OfDuckDb {
    name: &'static str,
    signature: Signature,
    returns: DataType,
}

impl ScalarUDFImpl for OfDuckDb {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [DataType::List(_) | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null] => {}
            [other] if self.name == "len" => return plan_err!("len: a list or a VARCHAR, not {}", type_name(other)),
            _ => {}
        }
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [argument] = arguments.args.as_slice() else {
            return exec_err!("{} takes one argument", self.name);
        };
        if self.name == "typeof" {
            return Ok(ColumnarValue::Scalar(ScalarValue::from(type_name(&argument.data_type()))));
        }
        let array = argument.to_array(arguments.number_rows)?;
        let lengths: Int64Array = match array.data_type() {
            DataType::Null => Int64Array::new_null(array.len()),
            DataType::List(_) => array.as_list::<i32>().iter().map(|list| list.map(|list| list.len() as i64)).collect(),
            _ => {
                let texts = datafusion::arrow::compute::cast(&array, &DataType::Utf8)?;
                texts.as_string::<i32>().iter().map(|text| text.map(|text| text.chars().count() as i64)).collect()
            }
        };
        Ok(ColumnarValue::Array(Arc::new(lengths)))
    }
}
