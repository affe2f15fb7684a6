//! Functions that look at one row at a time.

use super::{Column, Output};
use crate::catalog;
use crate::model::{Method, Provider, Row as _, SignIn};
use crate::policy::Reason;
use crate::readers::{self, NormalizeSignInError, Reject};

/// Calls `compute` for each row.
pub(super) fn each<C: Column, O: Output>(
    arguments: &[C],
    count: usize,
    output: &mut O,
    compute: fn(&[C], usize, &mut O) -> Result<(), String>,
) -> Result<(), String> {
    (0..count).try_for_each(|row| compute(arguments, row, output))
}

pub(super) fn canonical_method<C: Column, O: Output>(
    arguments: &[C],
    row: usize,
    result: &mut O,
) -> Result<(), String> {
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

pub(super) fn method_strength<C: Column, O: Output>(arguments: &[C], row: usize, result: &mut O) -> Result<(), String> {
    let strength = arguments[0].text(row).and_then(Method::parse).map(|method| method.strength().as_str());
    result.optional_text(row, strength);
    Ok(())
}

pub(super) fn is_phishing_resistant<C: Column, O: Output>(
    arguments: &[C],
    row: usize,
    result: &mut O,
) -> Result<(), String> {
    match arguments[0].text(row).and_then(Method::parse) {
        Some(method) if method != Method::Unknown => result.boolean(row, method.is_phishing_resistant()),
        _ => result.null(row),
    }
    Ok(())
}

pub(super) fn preset<C: Column, O: Output>(arguments: &[C], row: usize, result: &mut O) -> Result<(), String> {
    let preset = arguments[0].text(row).map(catalog::preset).transpose()?;
    result.optional_text(row, preset);
    Ok(())
}

pub(super) fn distance_km<C: Column, O: Output>(arguments: &[C], row: usize, result: &mut O) -> Result<(), String> {
    let degrees = |index: usize| arguments[index].double(row);
    let distance = degrees(0)
        .zip(degrees(1))
        .zip(degrees(2).zip(degrees(3)))
        .and_then(|((lat1, lon1), (lat2, lon2))| crate::geo::distance_km(lat1, lon1, lat2, lon2));
    match distance {
        Some(distance) => result.double(row, distance),
        None => result.null(row),
    }
    Ok(())
}

pub(super) fn normalize_signin<C: Column, O: Output>(
    arguments: &[C],
    row: usize,
    result: &mut O,
) -> Result<(), String> {
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
fn normalize<'a>(provider: &str, json: &'a str) -> Result<Result<Option<SignIn<'a>>, Reject>, String> {
    match readers::normalize_signin(provider, json.as_bytes()) {
        Ok(signin) => Ok(Ok(signin)),
        Err(NormalizeSignInError::Reject { reject, .. }) => Ok(Err(reject)),
        Err(error @ NormalizeSignInError::UnknownProvider { .. }) => Err(error.to_string()),
    }
}

pub(super) fn signin_reject<C: Column, O: Output>(arguments: &[C], row: usize, result: &mut O) -> Result<(), String> {
    let (Some(provider), Some(json)) = (arguments[0].text(row), arguments[1].text(row)) else {
        result.null(row);
        return Ok(());
    };
    let reject = normalize(provider, json)?.err();
    result.optional_text(row, reject.map(|reject| reject.category.as_str()));
    Ok(())
}

pub(super) fn methods<C: Column, O: Output>(arguments: &[C], row: usize, result: &mut O) -> Result<(), String> {
    names(arguments, row, result, |mask| Method::from_mask(mask).map(Method::as_str).collect())
}

pub(super) fn reasons<C: Column, O: Output>(arguments: &[C], row: usize, result: &mut O) -> Result<(), String> {
    names(arguments, row, result, |mask| Reason::from_mask(mask).map(Reason::as_str).collect())
}

fn names<C: Column, O: Output>(
    arguments: &[C],
    row: usize,
    result: &mut O,
    decode: fn(u32) -> Vec<&'static str>,
) -> Result<(), String> {
    match arguments[0].bigint(row) {
        None => result.null(row),
        Some(mask) => {
            let mask = u32::try_from(mask).map_err(|_| "a mask is between 0 and 4294967295".to_owned())?;
            result.texts(row, &decode(mask));
        }
    }
    Ok(())
}

pub(super) fn version<C: Column, O: Output>(_: &[C], row: usize, result: &mut O) -> Result<(), String> {
    result.text(row, env!("CARGO_PKG_VERSION"));
    Ok(())
}
