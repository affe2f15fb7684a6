//! Scalar functions.

use std::ffi::c_void;

use libduckdb_sys::{
    duckdb_data_chunk, duckdb_data_chunk_get_column_count, duckdb_data_chunk_get_vector, duckdb_function_info,
    duckdb_vector,
};
use mfa_core::functions::{Call, Engine, Scalar, Type};
use quack_rs::connection::{Connection, Registrar as _};
use quack_rs::error::ExtensionError;
use quack_rs::scalar::{ScalarFunctionInfo, ScalarFunctionSetBuilder, ScalarOverloadBuilder};
use quack_rs::types::NullHandling;

use super::guarded;
use super::read::Vector;
use super::types::logical;
use super::write::{Writer, size};

/// DuckDB's memory, as the functions see it.
pub(crate) struct DuckDb;

impl Engine for DuckDb {
    type Column<'c> = Vector<'c>;
    type Output<'c> = Writer<'c>;
}

struct Registered {
    name: &'static str,
    returns: Type,
    call: Call<DuckDb>,
}

/// Makes `function` known to the database.
pub(crate) fn register(connection: &Connection, function: &Scalar<DuckDb>) -> Result<(), ExtensionError> {
    let mut set = ScalarFunctionSetBuilder::new(function.name);
    for parameters in &function.signatures {
        let registered = Registered { name: function.name, returns: function.returns.clone(), call: function.call };
        let data = Box::into_raw(Box::new(registered)).cast::<c_void>();
        let mut overload = ScalarOverloadBuilder::new()
            .returns_logical(logical(&function.returns))
            .function(call)
            .null_handling(NullHandling::SpecialNullHandling);
        for parameter in parameters {
            overload = overload.param_logical(logical(parameter));
        }
        // SAFETY: `data` is a leaked box that `destroy` frees, once, when DuckDB drops the function.
        set = set.overload(unsafe { overload.extra_info(data, Some(destroy)) });
    }
    // SAFETY: the connection is the one of this LOAD.
    unsafe { connection.register_scalar_set(set) }
}

unsafe extern "C" fn destroy(data: *mut c_void) {
    // SAFETY: DuckDB passes back what `register` leaked.
    drop(unsafe { Box::from_raw(data.cast::<Registered>()) });
}

unsafe extern "C" fn call(info: duckdb_function_info, input: duckdb_data_chunk, output: duckdb_vector) {
    // SAFETY: DuckDB calls this with the function's own info and data, a flat input chunk and an output vector of the
    // declared type, all valid until it returns.
    unsafe {
        let info = ScalarFunctionInfo::new(info);
        let result = guarded(|| {
            let registered = &*info.get_extra_info().cast::<Registered>();
            let rows = size(input);
            let arguments: Vec<_> = (0..duckdb_data_chunk_get_column_count(input))
                .map(|index| Vector::new(duckdb_data_chunk_get_vector(input, index), rows))
                .collect();
            let mut writer = Writer::new(output, &registered.returns);
            (registered.call)(&arguments, rows, &mut writer).map_err(|error| format!("{}: {error}", registered.name))
        });
        if let Err(error) = result {
            info.set_error(&error);
        }
    }
}
