//! `mfa sql install`: the views as statements for a DuckDB file.
//!
//! Tools that list a catalog do not see virtual views. Stored under the same names they do, and still take the settings
//! of the session, since it is the SQL that the extension puts there. Reading them takes the extension, whose functions they call.

use anyhow::Result;
use mfa_core::catalog::{SqlFile, VIEWS, with_variables};

use crate::Outcome;
use crate::config::Config;

pub(crate) fn run(config: &Config) -> Result<Outcome> {
    let mut text = String::from(
        "-- The views of mfa, stored. Run it in a DuckDB that has loaded mfa and the inputs: mfa sql install | duckdb …\n",
    );
    for view in in_order() {
        text +=
            &format!("\ncreate or replace view {} as\n{};\n", view.name, with_variables(view).trim_end_matches(';'));
        text += &format!("comment on view {} is {};\n", view.name, quoted(&view.summary));
        for column in &view.columns {
            text += &format!("comment on column {}.{} is {};\n", view.name, column.name, quoted(column.doc));
        }
    }
    config.answer()?.text(&text)?;
    Ok(Outcome::Success)
}

/// Each view after those it reads.
fn in_order() -> Vec<&'static SqlFile> {
    let mut ordered: Vec<&SqlFile> = Vec::new();
    while ordered.len() < VIEWS.len() {
        let is_known =
            |name: &str| ordered.iter().any(|view| view.name == name) || VIEWS.iter().all(|view| view.name != name);
        let next = VIEWS.iter().find(|view| {
            ordered.iter().all(|known| known.name != view.name)
                && view.tag("reads").unwrap_or_default().split(',').map(str::trim).all(is_known)
        });
        // The tests of the catalog know no circle.
        let Some(next) = next else {
            break;
        };
        ordered.push(next);
    }
    ordered
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_is_installed() {
        assert_eq!(in_order().len(), VIEWS.len());
    }
}
