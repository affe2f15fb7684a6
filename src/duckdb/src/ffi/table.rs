//! Table functions.

use std::ffi::c_void;

use libduckdb_sys::{
    duckdb_bind_info, duckdb_data_chunk, duckdb_data_chunk_set_size, duckdb_function_info, duckdb_init_info,
};
use mfa_core::functions::Type;
use quack_rs::connection::{Connection, Registrar as _};
use quack_rs::error::ExtensionError;
use quack_rs::table::{
    BindInfo, FfiBindData, FfiInitData, FfiLocalInitData, FunctionInfo, InitInfo, TableFunctionBuilder,
};
use quack_rs::types::TypeId;
use quack_rs::value::Value;

use super::types::logical;
use super::write::Rows;
use super::{Error, guarded};

/// A function that returns rows.
pub(crate) trait TableFunction: Send + Sync + 'static {
    /// What one call was resolved to; shared by all executions of a plan.
    type Bound: Send + Sync + 'static;
    /// One execution, shared by its threads.
    type Scan: Send + Sync + 'static;
    /// One thread of an execution.
    type Thread: Send + Sync + Default + 'static;

    /// Its name in SQL.
    fn name(&self) -> &'static str;
    /// The types of its positional parameters. A table function has no overloads: ANY takes what can be several.
    fn parameters(&self) -> Vec<Type>;
    /// Its named parameters.
    fn named(&self) -> Vec<(&'static str, Type)>;
    /// Resolves a call: its result columns, and what [`Self::start`] needs.
    fn bind(&self, call: &Call) -> Result<(Vec<Column>, Self::Bound), Error>;
    /// About how many rows there will be.
    fn estimate(&self, bound: &Self::Bound) -> Option<u64>;
    /// Starts an execution that wants only these columns. Also says how many threads can help.
    fn start(&self, bound: &Self::Bound, wanted: Vec<usize>) -> Result<(Self::Scan, u64), Error>;
    /// Fills rows and returns how many; none means that this thread is done.
    fn fill(&self, scan: &Self::Scan, thread: &mut Self::Thread, rows: &mut Rows<'_>) -> Result<usize, Error>;
}

/// A result column.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) ty: Type,
}

/// The arguments of one call.
pub(crate) struct Call {
    info: BindInfo,
}

impl Call {
    /// A positional VARCHAR, or the elements of a VARCHAR[]; NULL is `None`, another type an error.
    pub(crate) fn texts(&self, index: u64) -> Result<Vec<Option<String>>, Error> {
        let text = |value: &Value| match value.type_id() {
            _ if value.is_null() || value.is_sql_null() => Ok(None),
            Some(TypeId::Varchar) => value.as_str().map(Some).map_err(|error| error.to_string()),
            _ => Err("the path must be a VARCHAR or a VARCHAR[]".to_owned()),
        };
        // SAFETY: `info` is valid during bind, which is as long as `self` lives.
        let value = unsafe { self.info.get_parameter_value(index) };
        if value.type_id() == Some(TypeId::List) && !value.is_sql_null() {
            return value.list_items().iter().map(text).collect();
        }
        text(&value).map(|text| vec![text])
    }

    fn named(&self, name: &str) -> Option<Value> {
        // SAFETY: as above.
        let value = unsafe { self.info.get_named_parameter_value(name) };
        (!value.is_null() && !value.is_sql_null()).then_some(value)
    }

    /// A named VARCHAR.
    pub(crate) fn named_text(&self, name: &str) -> Option<String> {
        self.named(name).and_then(|value| value.as_str().ok())
    }

    /// A named BIGINT.
    pub(crate) fn named_bigint(&self, name: &str) -> Option<i64> {
        self.named(name).and_then(|value| value.as_i64())
    }
}

struct Bound<F: TableFunction> {
    function: std::sync::Arc<F>,
    bound: F::Bound,
    types: Vec<Type>,
}

struct Scan<F: TableFunction> {
    scan: F::Scan,
    /// The types of the wanted columns.
    types: Vec<Type>,
}

/// Makes `function` known to the database.
pub(crate) fn register<F: TableFunction>(connection: &Connection, function: F) -> Result<(), ExtensionError> {
    let function = std::sync::Arc::new(function);
    let mut builder = TableFunctionBuilder::new(function.name())
        .bind(bind::<F>)
        .init(init::<F>)
        .local_init(local_init::<F>)
        .scan(scan::<F>)
        .projection_pushdown(true);
    for parameter in function.parameters() {
        builder = builder.param_logical(logical(&parameter));
    }
    for (name, ty) in function.named() {
        builder = builder.named_param_logical(name, logical(&ty));
    }
    let data = Box::into_raw(Box::new(function)).cast::<c_void>();
    // SAFETY: `data` is a leaked box that `destroy` frees, once; the connection is the one of this LOAD.
    unsafe { connection.register_table(builder.extra_info(data, destroy::<F>)) }
}

unsafe extern "C" fn destroy<F: TableFunction>(data: *mut c_void) {
    // SAFETY: DuckDB passes back what `register` leaked.
    drop(unsafe { Box::from_raw(data.cast::<std::sync::Arc<F>>()) });
}

unsafe extern "C" fn bind<F: TableFunction>(raw: duckdb_bind_info) {
    // SAFETY: DuckDB calls this with a valid info, whose extra info is what `register` set.
    unsafe {
        let result = guarded(|| {
            let info = BindInfo::new(raw);
            let function = std::sync::Arc::clone(&*info.get_extra_info().cast::<std::sync::Arc<F>>());
            let call = Call { info };
            let (columns, bound) = function.bind(&call)?;
            for column in &columns {
                call.info.add_result_column_with_type(column.name, &logical(&column.ty));
            }
            if let Some(rows) = function.estimate(&bound) {
                call.info.set_cardinality(rows, false);
            }
            let types = columns.into_iter().map(|column| column.ty).collect();
            FfiBindData::set(raw, Bound { function, bound, types });
            Ok(())
        });
        if let Err(error) = result {
            BindInfo::new(raw).set_error(&error);
        }
    }
}

unsafe extern "C" fn init<F: TableFunction>(raw: duckdb_init_info) {
    // SAFETY: DuckDB calls this with a valid info, after `bind`.
    unsafe {
        let info = InitInfo::new(raw);
        let result = guarded(|| {
            let bound = FfiBindData::<Bound<F>>::get_from_init(raw).ok_or("mfa: not bound")?;
            let wanted: Vec<usize> =
                (0..info.projected_column_count()).filter_map(|index| info.projected_column_index(index)).collect();
            // A column that is none of ours is the row id that `count(*)` asks for; it keeps its place.
            let types = wanted.iter().map(|index| bound.types.get(*index).cloned().unwrap_or(Type::Bigint)).collect();
            let (scan, threads) = bound.function.start(&bound.bound, wanted)?;
            info.set_max_threads(threads.max(1));
            FfiInitData::set(raw, Scan::<F> { scan, types });
            Ok(())
        });
        if let Err(error) = result {
            info.set_error(&error);
        }
    }
}

unsafe extern "C" fn local_init<F: TableFunction>(raw: duckdb_init_info) {
    // SAFETY: DuckDB calls this with a valid info.
    unsafe { FfiLocalInitData::set(raw, F::Thread::default()) }
}

unsafe extern "C" fn scan<F: TableFunction>(raw: duckdb_function_info, output: duckdb_data_chunk) {
    // SAFETY: DuckDB calls this with a valid info, after `init` and `local_init`, and an output chunk of the declared types.
    unsafe {
        let result = guarded(|| {
            let bound = FfiBindData::<Bound<F>>::get_from_function(raw).ok_or("mfa: not bound")?;
            let scan = FfiInitData::<Scan<F>>::get(raw).ok_or("mfa: not started")?;
            let thread = FfiLocalInitData::<F::Thread>::get_mut(raw).ok_or("mfa: no thread state")?;
            let mut rows = Rows::new(output, scan.types.iter());
            bound.function.fill(&scan.scan, thread, &mut rows)
        });
        match result {
            Ok(rows) => duckdb_data_chunk_set_size(output, rows as u64),
            Err(error) => {
                duckdb_data_chunk_set_size(output, 0);
                FunctionInfo::new(raw).set_error(&error);
            }
        }
    }
}
