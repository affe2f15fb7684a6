//! Functions of policy documents.

use mfa_core::policy::{Lint, Policy};

use crate::ffi::read::Vector;
use crate::ffi::scalar::ScalarFunction;
use crate::ffi::write::Writer;
use crate::ffi::{Error, Type};

/// A function of one or more documents. NULL for NULL.
#[derive(Clone)]
pub(crate) struct Documents {
    name: &'static str,
    parameters: &'static [Type],
    compute: fn(&[&str]) -> Result<String, Error>,
}

/// All of them.
pub(crate) fn functions() -> Vec<Documents> {
    use Type::Varchar;
    vec![
        Documents { name: "mfa_policy_hash", parameters: &[Varchar], compute: |policy| Ok(parse(policy[0])?.hash()) },
        Documents {
            name: "mfa_policy_canonical",
            parameters: &[Varchar],
            compute: |policy| Ok(parse(policy[0])?.canonical_json()),
        },
        Documents {
            name: "mfa_policy_merge",
            parameters: &[Varchar, Varchar],
            compute: |documents| Policy::patch(documents[0], documents[1]).map_err(|error| error.to_string()),
        },
    ]
}

fn parse(document: &str) -> Result<Policy, Error> {
    Policy::parse(document).map_err(|error| error.to_string())
}

impl ScalarFunction for Documents {
    fn name(&self) -> &'static str {
        self.name
    }

    fn signatures(&self) -> Vec<Vec<Type>> {
        vec![self.parameters.to_vec()]
    }

    fn returns(&self) -> Type {
        Type::Varchar
    }

    fn call(&self, arguments: &[Vector<'_>], rows: usize, result: &mut Writer<'_>) -> Result<(), Error> {
        // A document costs more to read than to compare, and is often that of the row before.
        let mut last: Option<(Vec<&str>, String)> = None;
        for row in 0..rows {
            let Some(documents) = arguments.iter().map(|argument| argument.text(row)).collect::<Option<Vec<_>>>()
            else {
                result.null(row);
                continue;
            };
            let answer = match last.take() {
                Some((same, answer)) if same == documents => answer,
                _ => (self.compute)(&documents).map_err(|error| format!("{}: {error}", self.name))?,
            };
            result.text(row, &answer);
            last = Some((documents, answer));
        }
        Ok(())
    }
}

/// `mfa_policy_lint`.
#[derive(Clone)]
pub(crate) struct PolicyLint;

impl ScalarFunction for PolicyLint {
    fn name(&self) -> &'static str {
        "mfa_policy_lint"
    }

    fn signatures(&self) -> Vec<Vec<Type>> {
        vec![vec![Type::Varchar]]
    }

    fn returns(&self) -> Type {
        use Type::Varchar;
        let fields = vec![("severity", Varchar), ("rule", Varchar), ("path", Varchar), ("message", Varchar)];
        Type::List(Box::new(Type::Struct(fields)))
    }

    fn call(&self, arguments: &[Vector<'_>], rows: usize, result: &mut Writer<'_>) -> Result<(), Error> {
        let mut last: Option<(&str, Vec<Lint>)> = None;
        for row in 0..rows {
            let Some(document) = arguments.first().and_then(|documents| documents.text(row)) else {
                result.null(row);
                continue;
            };
            let lints = match last.take() {
                Some((same, lints)) if same == document => lints,
                _ => Policy::lint(document),
            };
            result.list(row, lints.len(), |element, row, index| {
                let Lint { severity, rule, path, message } = &lints[index];
                for (field, text) in [severity.as_str(), rule.as_str(), path, message].into_iter().enumerate() {
                    element.field(field).text(row, text);
                }
            });
            last = Some((document, lints));
        }
        Ok(())
    }
}
