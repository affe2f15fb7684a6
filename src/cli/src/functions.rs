//! `mfa functions`: the catalog.

use anyhow::{Result, bail};
use mfa_core::catalog::{self, CONTRACT, VIEWS};

use crate::arguments::Functions;
use crate::config::Config;
use crate::{Outcome, nearest};

pub(crate) fn run(functions: &Functions, config: &Config) -> Result<Outcome> {
    let entries = catalog::entries();
    let answer = config.answer()?;
    let Some(name) = &functions.name else {
        let rows = entries.into_iter().map(|entry| {
            let summary = entry.description.split(". ").next().unwrap_or_default().trim_end_matches('.').to_owned();
            vec![Some(entry.name), Some(entry.kind.to_owned()), Some(entry.signature), Some(summary)]
        });
        answer.rows(&["name", "kind", "signature", "summary"], rows.collect())?;
        return Ok(Outcome::Success);
    };
    let Some(entry) = entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)) else {
        bail!(
            "there is no function, view or setting {name}; {}",
            nearest(name, entries.iter().map(|entry| &*entry.name))
        );
    };
    let mut text = format!("{} ({})\n  {}\n\n{}\n", entry.name, entry.kind, entry.signature, entry.description);
    if let Some(file) = VIEWS.iter().chain(CONTRACT.iter()).find(|file| file.name == entry.name) {
        if !file.details.is_empty() {
            text += &format!("\n{}\n", file.details);
        }
        text += "\nColumns\n";
        for column in &file.columns {
            text += &format!("  {} {}: {}\n", column.name, column.ty, column.doc);
        }
    }
    if !entry.parameters.is_empty() {
        text += "\nParameters\n";
        for parameter in &entry.parameters {
            text += &format!("  {parameter}\n");
        }
    }
    text += &format!("\nExample\n  {}\n", entry.example);
    answer.text(&text)?;
    Ok(Outcome::Success)
}
