//! Scalar functions over the kernels of `mfa-core`.

use mfa_core::model::{Method, Provider, Row as _, SignIn};
use mfa_core::policy::Reason;
use mfa_core::readers::{self, NormalizeSignInError, Reject};

use crate::ffi::Error;
use crate::ffi::Type;
use crate::ffi::read::Vector;
use crate::ffi::scalar::ScalarFunction;
use crate::ffi::write::Writer;

/// A scalar function: name, parameter types, result type, and what it does with each row.
#[derive(Clone)]
pub(crate) struct Scalar {
    name: &'static str,
    parameters: &'static [Type],
    returns: Type,
    row: fn(&[Vector<'_>], usize, &mut Writer<'_>) -> Result<(), Error>,
}

/// All of them.
pub(crate) fn scalars() -> Vec<Scalar> {
    use Type::{Bigint, Boolean, Double, Varchar};
    let texts = Type::List(Box::new(Varchar));
    let signin = Type::Struct(SignIn::COLUMNS.iter().map(|column| (column.name, column.kind.into())).collect());
    vec![
        Scalar {
            name: "mfa_canonical_method",
            parameters: &[Varchar, Varchar],
            returns: Varchar,
            row: canonical_method,
        },
        Scalar { name: "mfa_method_strength", parameters: &[Varchar], returns: Varchar, row: method_strength },
        Scalar {
            name: "mfa_is_phishing_resistant",
            parameters: &[Varchar],
            returns: Boolean,
            row: is_phishing_resistant,
        },
        Scalar {
            name: "mfa_distance_km",
            parameters: &[Double, Double, Double, Double],
            returns: Double,
            row: distance_km,
        },
        Scalar {
            name: "mfa_normalize_signin",
            parameters: &[Varchar, Varchar],
            returns: signin,
            row: normalize_signin,
        },
        Scalar { name: "mfa_signin_reject", parameters: &[Varchar, Varchar], returns: Varchar, row: signin_reject },
        Scalar { name: "mfa_methods", parameters: &[Bigint], returns: texts.clone(), row: methods },
        Scalar { name: "mfa_reasons", parameters: &[Bigint], returns: texts, row: reasons },
        Scalar { name: "mfa_version", parameters: &[], returns: Varchar, row: version },
    ]
}

impl ScalarFunction for Scalar {
    fn name(&self) -> &'static str {
        self.name
    }

    fn signatures(&self) -> Vec<Vec<Type>> {
        vec![self.parameters.to_vec()]
    }

    fn returns(&self) -> Type {
        self.returns.clone()
    }

    fn call(&self, arguments: &[Vector<'_>], rows: usize, result: &mut Writer<'_>) -> Result<(), Error> {
        (0..rows)
            .try_for_each(|row| (self.row)(arguments, row, result).map_err(|error| format!("{}: {error}", self.name)))
    }
}

fn canonical_method(arguments: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    let provider = match arguments[0].text(row) {
        None => None,
        Some(name) => Some(Provider::parse(name).ok_or_else(|| {
            let known: Vec<_> = Provider::ALL.iter().map(|provider| provider.as_str()).collect();
            format!("unknown provider; known are {}", known.join(", "))
        })?),
    };
    let method = arguments[1].text(row).and_then(|spelling| Method::from_spelling(provider, spelling));
    result.optional_text(row, method.map(Method::as_str));
    Ok(())
}

fn method_strength(arguments: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    let strength = arguments[0].text(row).and_then(Method::parse).map(|method| method.strength().as_str());
    result.optional_text(row, strength);
    Ok(())
}

fn is_phishing_resistant(arguments: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    match arguments[0].text(row).and_then(Method::parse) {
        Some(method) if method != Method::Unknown => result.boolean(row, method.is_phishing_resistant()),
        _ => result.null(row),
    }
    Ok(())
}

fn distance_km(arguments: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    let degrees = |index: usize| arguments[index].double(row);
    let distance = degrees(0)
        .zip(degrees(1))
        .zip(degrees(2).zip(degrees(3)))
        .and_then(|((lat1, lon1), (lat2, lon2))| mfa_core::geo::distance_km(lat1, lon1, lat2, lon2));
    match distance {
        Some(distance) => result.double(row, distance),
        None => result.null(row),
    }
    Ok(())
}

fn normalize_signin(arguments: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    let (Some(provider), Some(json)) = (arguments[0].text(row), arguments[1].text(row)) else {
        result.null(row);
        return Ok(());
    };
    match normalize(provider, json)? {
        Ok(Some(signin)) => {
            for column in 0..SignIn::COLUMNS.len() {
                result.field(column).value(row, signin.value(column));
            }
        }
        Ok(None) | Err(_) => result.null(row),
    }
    Ok(())
}

/// The sign-in, or why there is none; an unknown provider is a mistake in the query.
fn normalize<'a>(provider: &str, json: &'a str) -> Result<Result<Option<SignIn<'a>>, Reject>, Error> {
    match readers::normalize_signin(provider, json.as_bytes()) {
        Ok(signin) => Ok(Ok(signin)),
        Err(NormalizeSignInError::Reject { reject, .. }) => Ok(Err(reject)),
        Err(error @ NormalizeSignInError::UnknownProvider { .. }) => Err(error.to_string()),
    }
}

fn signin_reject(arguments: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    let (Some(provider), Some(json)) = (arguments[0].text(row), arguments[1].text(row)) else {
        result.null(row);
        return Ok(());
    };
    let reject = normalize(provider, json)?.err();
    result.optional_text(row, reject.map(|reject| reject.category.as_str()));
    Ok(())
}

fn methods(arguments: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    names(arguments, row, result, |mask| Method::from_mask(mask).map(Method::as_str).collect())
}

fn reasons(arguments: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    names(arguments, row, result, |mask| Reason::from_mask(mask).map(Reason::as_str).collect())
}

fn names(
    arguments: &[Vector<'_>],
    row: usize,
    result: &mut Writer<'_>,
    decode: fn(u32) -> Vec<&'static str>,
) -> Result<(), Error> {
    match arguments[0].bigint(row) {
        None => result.null(row),
        Some(mask) => {
            let mask = u32::try_from(mask).map_err(|_| "a mask is between 0 and 4294967295".to_owned())?;
            result.texts(row, &decode(mask));
        }
    }
    Ok(())
}

fn version(_: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    result.text(row, env!("CARGO_PKG_VERSION"));
    Ok(())
}
