//! Functions of policy documents.

use super::{Column, Output};
use crate::model::Method;
use crate::outline;
use crate::policy::{DEFAULT_POLICY, Lint, Policy};

/// The document of a row; NULL is the one that is shipped.
fn policy(argument: &impl Column, row: usize) -> Result<Policy, String> {
    Policy::parse(argument.text(row).unwrap_or(DEFAULT_POLICY)).map_err(|error| error.to_string())
}

pub(super) fn waves<C: Column, O: Output>(arguments: &[C], row: usize, result: &mut O) -> Result<(), String> {
    let policy = policy(&arguments[0], row)?;
    let waves = outline::waves(&policy);
    result.list(row, waves.len(), |element, row, index| {
        let wave = &waves[index];
        element.field(0).optional_text(row, wave.wave);
        element.field(1).optional(row, wave.report_only_from, O::bigint);
        element.field(2).optional(row, wave.enforce_from, O::bigint);
        element.field(3).optional(row, wave.success_rate, O::double);
        element.field(4).optional(
            row,
            wave.min_signins.map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
            O::bigint,
        );
        element.field(5).optional(row, wave.window, O::interval);
    });
    Ok(())
}

pub(super) fn requirements<C: Column, O: Output>(arguments: &[C], row: usize, result: &mut O) -> Result<(), String> {
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
        element.field(11).optional(row, cell.max_age, O::interval);
        let methods: Vec<_> = Method::from_mask(cell.methods).map(Method::as_str).collect();
        element.field(12).texts(row, &methods);
    });
    Ok(())
}

/// Calls `compute` for each row without NULLs. A document costs more to read than to compare, and is often that of the row before.
pub(super) fn each<C: Column, O: Output>(
    arguments: &[C],
    count: usize,
    output: &mut O,
    compute: fn(&[&str]) -> Result<String, String>,
) -> Result<(), String> {
    let mut last: Option<(Vec<&str>, String)> = None;
    for row in 0..count {
        let Some(documents) = arguments.iter().map(|argument| argument.text(row)).collect::<Option<Vec<_>>>() else {
            output.null(row);
            continue;
        };
        let answer = match last.take() {
            Some((same, answer)) if same == documents => answer,
            _ => compute(&documents)?,
        };
        output.text(row, &answer);
        last = Some((documents, answer));
    }
    Ok(())
}

fn parse(document: &str) -> Result<Policy, String> {
    Policy::parse(document).map_err(|error| error.to_string())
}

pub(super) fn hash(documents: &[&str]) -> Result<String, String> {
    Ok(parse(documents[0])?.hash())
}

pub(super) fn canonical(documents: &[&str]) -> Result<String, String> {
    Ok(parse(documents[0])?.canonical_json())
}

pub(super) fn merge(documents: &[&str]) -> Result<String, String> {
    Policy::patch(documents[0], documents[1]).map_err(|error| error.to_string())
}

pub(super) fn lint<C: Column, O: Output>(arguments: &[C], count: usize, output: &mut O) -> Result<(), String> {
    let mut last: Option<(&str, Vec<Lint>)> = None;
    for row in 0..count {
        let Some(document) = arguments.first().and_then(|documents| documents.text(row)) else {
            output.null(row);
            continue;
        };
        let lints = match last.take() {
            Some((same, lints)) if same == document => lints,
            _ => Policy::lint(document),
        };
        output.list(row, lints.len(), |element, row, index| {
            let Lint { severity, rule, path, message } = &lints[index];
            for (field, text) in [severity.as_str(), rule.as_str(), path, message].into_iter().enumerate() {
                element.field(field).text(row, text);
            }
        });
        last = Some((document, lints));
    }
    Ok(())
}
