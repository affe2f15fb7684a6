//! Scalar functions over the kernels of `mfa-core`.

use mfa_core::model::{Method, Provider, Row as _, SignIn};
use mfa_core::outline;
use mfa_core::policy::{DEFAULT_POLICY, Policy, Reason};
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
    use Type::{Bigint, Boolean, Double, Interval, Timestamptz, Varchar};
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
        Scalar { name: "mfa_reasons", parameters: &[Bigint], returns: texts.clone(), row: reasons },
        Scalar {
            name: "mfa_policy_waves",
            parameters: &[Varchar],
            returns: Type::List(Box::new(Type::Struct(vec![
                ("wave", Varchar),
                ("report_only_from", Timestamptz),
                ("enforce_from", Timestamptz),
                ("success_rate", Double),
                ("min_signins", Bigint),
                ("window", Interval),
            ]))),
            row: policy_waves,
        },
        Scalar {
            name: "mfa_policy_requirements",
            parameters: &[Varchar, Timestamptz],
            returns: Type::List(Box::new(Type::Struct(vec![
                ("place", Bigint),
                ("tier", Varchar),
                ("is_enrolled", Boolean),
                ("min_factors", Bigint),
                ("min_recovery", Bigint),
                ("grace", Interval),
                ("app", Varchar),
                ("circumstance", Varchar),
                ("kind", Varchar),
                ("effect", Varchar),
                ("strength", Varchar),
                ("max_age", Interval),
                ("methods", texts),
            ]))),
            row: policy_requirements,
        },
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

/// The document of a row; NULL is the one that is shipped.
fn policy(argument: &Vector<'_>, row: usize) -> Result<Policy, Error> {
    Policy::parse(argument.text(row).unwrap_or(DEFAULT_POLICY)).map_err(|error| error.to_string())
}

fn policy_waves(arguments: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    let policy = policy(&arguments[0], row)?;
    let waves = outline::waves(&policy);
    result.list(row, waves.len(), |element, row, index| {
        let wave = &waves[index];
        element.field(0).optional_text(row, wave.wave);
        optional(element.field(1), row, wave.report_only_from, Writer::bigint);
        optional(element.field(2), row, wave.enforce_from, Writer::bigint);
        optional(element.field(3), row, wave.success_rate, Writer::double);
        optional(
            element.field(4),
            row,
            wave.min_signins.map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
            Writer::bigint,
        );
        optional(element.field(5), row, wave.window, Writer::interval);
    });
    Ok(())
}

fn policy_requirements(arguments: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    let policy = policy(&arguments[0], row)?;
    let Some(as_of) = arguments[1].timestamp(row) else {
        result.null(row);
        return Ok(());
    };
    let cells = outline::matrix(&policy, as_of);
    result.list(row, cells.len(), |element, row, index| {
        let cell = &cells[index];
        element.field(0).bigint(row, index as i64 + 1);
        element.field(1).text(row, cell.tier);
        element.field(2).boolean(row, cell.is_enrolled);
        element.field(3).bigint(row, cell.min_factors.into());
        element.field(4).bigint(row, cell.min_recovery.into());
        element.field(5).interval(row, cell.grace);
        element.field(6).optional_text(row, cell.app);
        element.field(7).optional_text(row, cell.circumstance);
        element.field(8).text(row, cell.kind);
        element.field(9).text(row, cell.effect);
        element.field(10).optional_text(row, cell.strength.map(|strength| strength.as_str()));
        optional(element.field(11), row, cell.max_age, Writer::interval);
        let methods: Vec<_> = Method::from_mask(cell.methods).map(Method::as_str).collect();
        element.field(12).texts(row, &methods);
    });
    Ok(())
}

fn optional<'w, 'c, T>(
    writer: &'w mut Writer<'c>,
    row: usize,
    value: Option<T>,
    write: fn(&'w mut Writer<'c>, usize, T),
) {
    match value {
        Some(value) => write(writer, row, value),
        None => writer.null(row),
    }
}

fn version(_: &[Vector<'_>], row: usize, result: &mut Writer<'_>) -> Result<(), Error> {
    result.text(row, env!("CARGO_PKG_VERSION"));
    Ok(())
}
