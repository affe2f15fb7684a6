//! The scalar functions as DataFusion's.

use std::hash::{Hash, Hasher};

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use mfa_core::functions::{Scalar, Type};

use crate::column::{Arrow, Values};
use crate::writer::{Writer, data_type};

/// All of them.
pub fn scalars() -> impl Iterator<Item = ScalarUDF> {
    mfa_core::functions::scalars().into_iter().map(|scalar| ScalarUDF::new_from_impl(Function::new(scalar)))
}

#[derive(Debug)]
struct Function {
    scalar: Scalar<Arrow>,
    returns: DataType,
    signature: Signature,
}

impl Function {
    fn new(scalar: Scalar<Arrow>) -> Self {
        let ways = scalar.signatures.iter().map(|types| match types.as_slice() {
            [] => TypeSignature::Nullary,
            types if types.contains(&Type::Any) => TypeSignature::Any(types.len()),
            types => TypeSignature::Exact(types.iter().map(data_type).collect()),
        });
        let signature = Signature::one_of(ways.collect(), Volatility::Immutable);
        Self { returns: data_type(&scalar.returns), scalar, signature }
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.scalar.name == other.scalar.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.scalar.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.scalar.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        // What takes anything still wants a text for the policy.
        let texts = [DataType::Utf8, DataType::LargeUtf8, DataType::Utf8View, DataType::Null];
        if let Some(policy) = arguments.get(6)
            && !texts.contains(policy)
        {
            return plan_err!("{}: policy is {policy}, but should be VARCHAR", self.scalar.name);
        }
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = arguments.args.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { arguments.number_rows };
        let columns = arguments.args.iter().map(Values::argument).collect::<Result<Vec<_>>>()?;
        let mut writer = Writer::new(&self.scalar.returns, rows);
        (self.scalar.call)(&columns, rows, &mut writer)
            .map_err(|error| exec_datafusion_err!("{}: {error}", self.scalar.name))?;
        let array = writer.finish(rows)?;
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }
}
