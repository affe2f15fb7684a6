//! The files in `sql/` and `queries/` say the same on every engine.
//!
//! What an engine does not know fails in the `.slt` files. This is about what all engines take and answer differently:
//!
//! - `5 / 2` is 2.5 on DuckDB and 2 on DataFusion: one side of a division is evidently a DOUBLE, by a cast, a literal with a
//!   point, a function, or as a column that the file makes of one;
//! - `1 / 0` is NULL on DuckDB and an error on DataFusion: a divisor is a number that is not zero, or `nullif(…, 0)`;
//! - NULLs come last on DuckDB, and first on DataFusion where the order is descending: every ORDER BY says which;
//! - `"Name"` is `name` on DuckDB and another name on DataFusion: quoted names are lower case;
//! - a sum of BIGINT is a HUGEINT on DuckDB and wraps around on DataFusion. A sum of counts cannot get there, since a count is
//!   at most the number of rows; so a sum is of columns, which are counts, of whole numbers, and of what is added or
//!   chosen from those. What is multiplied or computed is cast to DOUBLE first;
//! - `x ~ 'b'` is a match of the whole text on DuckDB before 2.0, and of a part of it elsewhere;
//! - a day of an interval added to a TIMESTAMPTZ is a day of the session's time zone on DuckDB, which has 23 or 25 hours twice
//!   a year, and 24 hours on DataFusion: intervals are hours and less;
//! - `select *` has the columns in the order of whoever made the table;
//! - some functions and joins are known to one engine only, or mean something else on the other.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, DateTimeField, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, JoinOperator, NamedWindowExpr, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectFlavor,
    SelectItem, TableFactor, Value, Visit as _, Visitor, WindowType,
};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

/// Known to one engine only.
const FUNCTIONS: &str = "any_value approx_count_distinct approx_percentile_cont approx_quantile arg_max arg_min argmax argmin \
    array_to_json bit_count count_if countif date_bin date_diff date_part date_sub datediff datesub dayname epoch epoch_ms first format \
    from_json getvariable hash histogram if ifnull json json_array json_extract json_extract_string json_group_array json_group_object \
    json_object last last_day len list list_aggr list_aggregate list_apply list_filter list_sum list_transform list_zip make_date map \
    max_by min_by mode monthname named_struct parse_filename product quantile query range read_csv read_json read_ndjson read_parquet \
    read_text regexp_extract regexp_full_match regexp_matches row split_to_array str_split string_split strftime strlen strptime \
    struct_extract struct_insert struct_pack time_bucket to_char to_timestamp today typeof unpivot url_decode uuid year";

fn lint(sql: &str) -> Vec<String> {
    let statements = match Parser::parse_sql(&DuckDbDialect {}, sql) {
        Ok(statements) => statements,
        Err(error) => return vec![format!("cannot be parsed: {error}")],
    };
    let mut named = Named::default();
    let _ = statements.visit(&mut named);
    let mut lint = Lint { doubles: doubles(&named.0), ..Lint::default() };
    for statement in &statements {
        let _ = statement.visit(&mut lint);
    }
    for token in Tokenizer::new(&DuckDbDialect {}, sql).tokenize().unwrap_or_default() {
        if let Token::Word(word) = &token
            && word.quote_style == Some('"')
            && word.value != word.value.to_lowercase()
        {
            lint.found.insert(format!("a quoted name that is not lower case: {word}"));
        }
    }
    lint.found.into_iter().collect()
}

/// The columns that are evidently DOUBLE wherever the file makes one of that name.
type Doubles = BTreeSet<String>;

/// What a file names: `expr as name`.
#[derive(Default)]
struct Named(Vec<(String, Expr)>);

impl Visitor for Named {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item {
                self.0.push((alias.value.clone(), expr.clone()));
            }
        }
        ControlFlow::Continue(())
    }
}

fn doubles(named: &[(String, Expr)]) -> Doubles {
    let mut doubles = Doubles::new();
    loop {
        let next: Doubles = named
            .iter()
            .map(|(name, _)| name)
            .filter(|name| named.iter().all(|(other, expr)| other != *name || is_double(expr, &doubles)))
            .cloned()
            .collect();
        if next == doubles {
            return doubles;
        }
        doubles = next;
    }
}

#[derive(Default)]
struct Lint {
    doubles: Doubles,
    found: BTreeSet<String>,
}

impl Lint {
    fn order(&mut self, order: &[OrderByExpr]) {
        for expr in order.iter().filter(|expr| expr.options.nulls_first.is_none()) {
            self.found.insert(format!("ORDER BY without NULLS FIRST or LAST: {expr}"));
        }
    }

    fn function(&mut self, function: &Function) {
        let name = function.name.to_string().to_lowercase();
        if FUNCTIONS.split_whitespace().any(|other| other == name) {
            self.found.insert(format!("not on every engine: {name}"));
        }
        self.order(&function.within_group);
        if let Some(WindowType::WindowSpec(window)) = &function.over {
            self.order(&window.order_by);
        }
        let FunctionArguments::List(list) = &function.args else {
            return;
        };
        for clause in &list.clauses {
            if let FunctionArgumentClause::OrderBy(order) = clause {
                self.order(order);
            }
        }
        if name == "sum"
            && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice()
            && !is_small(argument, &self.doubles)
        {
            self.found.insert(format!("a sum that may overflow; cast it to DOUBLE: {function}"));
        }
    }
}

impl Visitor for Lint {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        match &query.order_by {
            Some(OrderBy { kind: OrderByKind::Expressions(order), .. }) => self.order(order),
            Some(OrderBy { kind: OrderByKind::All(_), .. }) => {
                self.found.insert("ORDER BY ALL".to_owned());
            }
            None => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if select.flavor == SelectFlavor::FromFirstNoSelect
            || select
                .projection
                .iter()
                .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)))
        {
            self.found.insert("select *".to_owned());
        }
        for window in &select.named_window {
            if let NamedWindowExpr::WindowSpec(window) = &window.1 {
                self.order(&window.order_by);
            }
        }
        for join in select.from.iter().flat_map(|from| &from.joins) {
            if matches!(join.join_operator, JoinOperator::AsOf { .. } | JoinOperator::Semi(_) | JoinOperator::Anti(_)) {
                self.found.insert(format!("a join that is not on every engine: {join}"));
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<()> {
        match table {
            TableFactor::Pivot { .. } | TableFactor::Unpivot { .. } => {
                self.found.insert("PIVOT".to_owned());
            }
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => {
                let name = name.to_string().to_lowercase();
                if FUNCTIONS.split_whitespace().any(|other| other == name) {
                    self.found.insert(format!("not on every engine: {name}"));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => self.function(function),
            Expr::BinaryOp {
                op:
                    BinaryOperator::DuckIntegerDivide
                    | BinaryOperator::PGRegexMatch
                    | BinaryOperator::PGRegexIMatch
                    | BinaryOperator::PGRegexNotMatch
                    | BinaryOperator::PGRegexNotIMatch,
                ..
            } => {
                self.found.insert(format!("not on every engine: {expr}"));
            }
            Expr::BinaryOp { left, op: BinaryOperator::Plus | BinaryOperator::Minus, right }
                if has_days(left) || has_days(right) =>
            {
                self.found.insert(format!("an interval of days depends on the time zone; use hours: {expr}"));
            }
            Expr::BinaryOp { left, op: BinaryOperator::Divide | BinaryOperator::Modulo, right } => {
                let is_division = matches!(expr, Expr::BinaryOp { op: BinaryOperator::Divide, .. });
                if is_division && !is_double(left, &self.doubles) && !is_double(right, &self.doubles) {
                    self.found
                        .insert(format!("a division of whole numbers, or of who knows what; cast to DOUBLE: {expr}"));
                }
                if !is_not_zero(right) {
                    self.found.insert(format!("a divisor that may be zero; nullif(…, 0): {expr}"));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Evidently a DOUBLE.
fn is_double(expr: &Expr, columns: &Doubles) -> bool {
    let is_double = |expr: &Expr| is_double(expr, columns);
    match expr {
        Expr::Identifier(name) => columns.contains(&name.value),
        Expr::CompoundIdentifier(names) => names.last().is_some_and(|name| columns.contains(&name.value)),
        Expr::Nested(expr) | Expr::UnaryOp { expr, .. } | Expr::Floor { expr, .. } | Expr::Ceil { expr, .. } => {
            is_double(expr)
        }
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().all(|when| is_double(&when.result))
                && else_result.iter().all(|otherwise| is_double(otherwise))
        }
        Expr::Cast { data_type, .. } => matches!(data_type, DataType::Double(_) | DataType::DoublePrecision),
        // `* 1.0` makes a DOUBLE of both kinds of numbers with a point.
        Expr::Value(value) => matches!(&value.value, Value::Number(number, _) if number.contains('.')),
        Expr::Extract { field, .. } => *field == DateTimeField::Epoch,
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply | BinaryOperator::Divide,
            right,
        } => is_double(left) || is_double(right),
        Expr::Function(function) => match (function.name.to_string().to_lowercase().as_str(), &function.args) {
            ("sqrt" | "exp" | "ln" | "regr_slope" | "mfa_distance_km", _) => true,
            ("nullif" | "greatest" | "abs" | "sum" | "max" | "min", FunctionArguments::List(list)) => {
                matches!(list.args.first(), Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) if is_double(first))
            }
            _ => false,
        },
        _ => false,
    }
}

/// `interval '1 day'`, `(n || ' days')::interval`.
fn has_days(expr: &Expr) -> bool {
    let text = match expr {
        Expr::Interval(interval) => format!("{} {:?}", interval.value, interval.leading_field),
        // What is between quotes; `$gap_days` is a number.
        Expr::Cast { data_type: DataType::Interval { .. }, expr, .. } => {
            expr.to_string().split('\'').skip(1).step_by(2).collect::<Vec<_>>().join(" ")
        }
        _ => return false,
    };
    let text = text.to_lowercase();
    ["day", "week", "month", "year"].iter().any(|unit| text.contains(unit))
}

fn is_not_zero(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(expr) | Expr::Cast { expr, .. } => is_not_zero(expr),
        Expr::Value(value) => {
            matches!(&value.value, Value::Number(number, _) if number.parse().is_ok_and(|number: f64| number != 0.0))
        }
        Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) => {
            let [first, ..] = list.args.as_slice() else {
                return false;
            };
            match (name.to_string().to_lowercase().as_str(), first) {
                ("nullif", _) => true,
                ("sqrt", FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) => is_not_zero(first),
                _ => false,
            }
        }
        _ => false,
    }
}

/// A count, a whole number, or chosen or added from those; or a DOUBLE, which does not wrap around.
fn is_small(expr: &Expr, columns: &Doubles) -> bool {
    let is_small = |expr: &Expr| is_small(expr, columns);
    let is_double = |expr: &Expr| is_double(expr, columns);
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => true,
        Expr::Value(value) => !matches!(value.value, Value::Number(..)) || value.to_string().len() <= 9,
        Expr::Nested(expr) | Expr::UnaryOp { expr, .. } => is_small(expr),
        Expr::BinaryOp { left, op: BinaryOperator::Plus | BinaryOperator::Minus, right } => {
            is_small(left) && is_small(right)
        }
        Expr::Case { conditions, else_result, .. } => {
            conditions.iter().all(|when| is_small(&when.result))
                && else_result.iter().all(|otherwise| is_small(otherwise))
        }
        Expr::Cast { expr: inner, .. } => is_double(expr) || is_small(inner),
        Expr::Function(function) if function.over.is_some() => true,
        Expr::Function(Function { name, args: FunctionArguments::List(list), .. }) => {
            let name = name.to_string().to_lowercase();
            ["count", "sum"].contains(&name.as_str())
                || ["coalesce", "greatest", "least", "nullif", "max", "min"].contains(&name.as_str())
                    && list.args.iter().all(
                        |argument| matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) if is_small(argument)),
                    )
        }
        other => is_double(other),
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            found.push(path);
        }
    }
}

#[test]
fn every_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    files(&root.join("sql"), &mut found);
    files(&root.join("queries"), &mut found);
    assert!(found.len() > 70, "only {} files", found.len());
    let mut faults = String::new();
    for path in found {
        let sql = std::fs::read_to_string(&path).expect("a file that can be read");
        for fault in lint(&sql) {
            faults += &format!("{}: {fault}\n", path.strip_prefix(&root).unwrap_or(&path).display());
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

/// Every example of the catalog is one as well.
#[test]
fn every_example_of_a_view() {
    let mut faults = String::new();
    for view in mfa_core::catalog::VIEWS.iter() {
        let example = view.tag("example").unwrap_or_default();
        for fault in lint(example) {
            // An example is read by people, who may say `select *` and sort as they like.
            if !fault.starts_with("select *") && !fault.starts_with("ORDER BY") {
                faults += &format!("{}: {fault}\n", view.name);
            }
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
}

#[track_caller]
fn fires(sql: &str, part: &str) {
    let found = lint(sql);
    assert!(found.iter().any(|fault| fault.contains(part)), "{sql}: {found:?}");
}

#[track_caller]
fn is_quiet(sql: &str) {
    assert_eq!(lint(sql), Vec::<String>::new(), "{sql}");
}

#[test]
fn integer_division() {
    fires("select a / nullif(b, 0) from t", "a division of whole numbers");
    fires("select count(x) / 7 from t", "a division of whole numbers");
    fires("select (b - a) / 86400 from t", "a division of whole numbers");
    is_quiet("select cast(a as double) / nullif(b, 0), a / nullif(cast(b as double), 0) from t");
    is_quiet("with x as (select cast(a as double) as d from t) select d / 2, x.d / nullif(b, 0) from x");
    fires(
        "with x as (select cast(a as double) as d from t), y as (select b as d from t) select x.d / 2 from x, y",
        "a division",
    );
    is_quiet("select sum(a) * 1.0 / nullif(sum(b), 0) from t");
    is_quiet("select (extract(epoch from b) - extract(epoch from a)) / 86400 from t");
    fires("select a // 2 from t", "not on every engine");
    fires("select a ~ 'b' from t", "not on every engine");
    fires("select a + interval '1 day' from t", "time zone");
    fires("select a - (b || ' days')::interval from t", "time zone");
    assert!(lint("select a - ($gap_days * 24 || ' hours')::interval as b from t").is_empty());
}

#[test]
fn division_by_zero() {
    fires("select cast(a as double) / b from t", "may be zero");
    fires("select cast(a as double) / (1 + b) from t", "may be zero");
    fires("select cast(a as double) / 0 from t", "may be zero");
    fires("select a % b from t", "may be zero");
    is_quiet("select cast(a as double) / nullif(1 + b, 0), cast(a as double) / 7, a % 7 from t");
}

#[test]
fn order_of_nulls() {
    fires("select a from t order by a", "NULLS");
    fires("select a from t order by a nulls last, b desc", "NULLS FIRST or LAST: b DESC");
    fires("select row_number() over (partition by a order by b) from t", "NULLS");
    fires("select array_agg(a order by b) from t", "NULLS");
    fires("select sum(a) over w from t window w as (order by b)", "NULLS");
    fires("select percentile_cont(0.5) within group (order by a) from t", "NULLS");
    fires("with x as (select a from t order by a) select a from x", "NULLS");
    is_quiet(
        "select a, row_number() over (order by b nulls first), array_agg(a order by b desc nulls last) from t order by a nulls last",
    );
}

#[test]
fn quoted_names() {
    fires("select \"Name\" from t", "not lower case");
    fires("select a as \"A\" from t", "not lower case");
    is_quiet("select \"name\", 'Name' as n, {'Key': 1} as s from t");
}

#[test]
fn sums() {
    fires("select sum(a * b) from t", "overflow");
    fires("select sum(extract(second from a)) from t", "overflow");
    fires("select sum(bytes(a)) from t", "overflow");
    fires("select sum(case when a then b * 1000 end) from t", "overflow");
    is_quiet("select sum(a), sum(a + b - 1), sum(case when a then 1 else 0 end), sum(coalesce(a, 0)) from t");
    is_quiet("select sum(cast(a as double) * b), sum(count(a)) over () from t");
}

#[test]
fn all_columns() {
    fires("select * from t", "select *");
    fires("select t.* from t", "select *");
    fires("from t", "select *");
    fires("with x as (select * from t) select a from x", "select *");
    is_quiet("select count(*), a from t");
}

#[test]
fn what_one_engine_knows() {
    fires("select arg_max(a, b) from t", "arg_max");
    fires("select strftime(a, '%Y') from t", "strftime");
    fires("select date_bin(interval '1 day', a) from t", "date_bin");
    fires("select a from read_csv('x.csv')", "read_csv");
    fires("select a from t anti join u on t.b = u.b", "join");
    fires("select a from t order by all", "ORDER BY ALL");
    is_quiet("select date_trunc('day', a), list_contains(b, 'x') from t left join u on t.c = u.c");
}

#[test]
fn what_cannot_be_parsed() {
    fires("select a from t where", "cannot be parsed");
    fires("select count(*) filter (a) from t", "cannot be parsed");
}
