//! Everything that is offered, as data: functions, readers, views, input relations and settings.
//!
//! Engines register from here, `mfa_functions()` and the reference documentation are rendered from here, and the tests
//! walk it: what is not in the catalog does not exist.

mod expand;
mod functions;
mod header;
mod presets;
mod relations;

pub use expand::{Relation, resolve, substitute, with_variables};
pub use functions::FUNCTIONS;
pub use header::{ColumnDoc, Equivalent, Param, Preset, Reference, SqlFile};
pub use presets::{PRESETS, preset, preset_value};
pub use relations::{CONTRACT, VIEWS};

use crate::readers::{READERS, Reader};

/// One thing that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name in SQL.
    pub name: String,
    /// scalar, table, reader, view, contract or setting.
    pub kind: &'static str,
    /// How it is written.
    pub signature: String,
    /// One line for each parameter: name, type, meaning.
    pub parameters: Vec<String>,
    /// What it does.
    pub description: String,
    /// A statement that runs over the sample data.
    pub example: String,
    /// Version that brought it.
    pub since: &'static str,
}

/// A function that is not a reader.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Name in SQL.
    pub name: &'static str,
    /// What it is about: methods, sign-ins, policies or catalog.
    pub area: &'static str,
    /// scalar or table.
    pub kind: &'static str,
    /// Its parameters: name, type, meaning.
    pub parameters: &'static [(&'static str, &'static str, &'static str)],
    /// Type of its result, or its columns.
    pub returns: &'static str,
    /// What it does, what it does with NULL, and when it fails.
    pub description: &'static str,
    /// A statement that shows it.
    pub example: &'static str,
}

/// Everything, by kind and name.
pub fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> = FUNCTIONS.iter().map(function).collect();
    entries.extend(READERS.iter().map(reader));
    entries.extend(VIEWS.iter().map(|file| relation(file, "view")));
    entries.extend(CONTRACT.iter().map(|file| relation(file, "contract")));
    entries.extend(settings());
    entries
}

const SINCE: &str = "0.1.0";

fn function(function: &Function) -> Entry {
    let names: Vec<_> = function.parameters.iter().map(|(name, _, _)| *name).collect();
    Entry {
        name: function.name.to_owned(),
        kind: function.kind,
        signature: format!("{}({}) → {}", function.name, names.join(", "), function.returns),
        parameters: function.parameters.iter().map(|(name, ty, doc)| format!("{name} {ty}: {doc}")).collect(),
        description: function.description.to_owned(),
        example: function.example.to_owned(),
        since: SINCE,
    }
}

/// What every reader takes.
pub const READER_PARAMETERS: &[&str] = &[
    "path VARCHAR or VARCHAR[]: files or patterns; .gz and .zst are read directly",
    "on_error VARCHAR: 'reject' (default) skips a bad record and lists it in mfa_rejects(), 'fail' stops at it",
    "max_rejects BIGINT: fails when more records are rejected; no limit by default",
];

fn reader(reader: &Reader) -> Entry {
    let mut parameters: Vec<_> = READER_PARAMETERS.iter().map(|&parameter| parameter.to_owned()).collect();
    let rows: Vec<_> = reader.parse.iter().map(|parse| parse.rows()).collect();
    if rows.len() > 1 {
        parameters.push(format!("rows VARCHAR: which rows to return, {}", rows.join(" or ")));
    }
    if reader.is_mapped() {
        parameters.push(
            "mapping VARCHAR: which path fills which column, in TOML, or the path of a file that ends with .toml"
                .to_owned(),
        );
    }
    let relation = format!("mfa_{}", rows[0]);
    Entry {
        name: reader.name.to_owned(),
        kind: "reader",
        signature: format!("{}(path) → the columns of {relation}", reader.name),
        parameters,
        description: format!(
            "{}. Rows + rejects + ignored = records; see mfa_read_stats() and mfa_rejects().",
            reader.summary
        ),
        example: format!("from {}", reader.example),
        since: SINCE,
    }
}

fn relation(file: &SqlFile, kind: &'static str) -> Entry {
    let description = match (kind, file.tag("required")) {
        ("contract", Some(_)) => format!("{} Required.", file.summary),
        ("contract", None) => format!("{} Optional: without it there are no rows.", file.summary),
        _ => file.summary.clone(),
    };
    Entry {
        name: file.name.to_owned(),
        kind,
        signature: format!("FROM {}", file.name),
        parameters: file.params.iter().map(|param| format!("mfa_{} {}: {}", param.name, param.ty, param.doc)).collect(),
        description: format!("{description} Grain: {}.", file.tag("grain").unwrap_or("unknown")),
        example: file.tag("example").or_else(|| file.tag("loads")).unwrap_or_default().to_owned(),
        since: SINCE,
    }
}

/// The session variables that views read, each once.
fn settings() -> Vec<Entry> {
    let mut settings: Vec<Entry> = Vec::new();
    for param in VIEWS.iter().flat_map(|view| &view.params) {
        let name = format!("mfa_{}", param.name);
        if settings.iter().any(|setting| setting.name == name) {
            continue;
        }
        settings.push(Entry {
            signature: format!("SET VARIABLE {name} = …"),
            parameters: vec![format!("value {}: default {}", param.ty, param.default)],
            description: format!("{}.", capitalise(param.doc)),
            example: format!("set variable {name} = {}", param.default),
            name,
            kind: "setting",
            since: SINCE,
        });
    }
    settings
}

fn capitalise(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_documented_and_named_once() {
        let entries = entries();
        for entry in &entries {
            assert!(!entry.description.trim().is_empty(), "{} has no description", entry.name);
            assert!(!entry.example.is_empty(), "{} has no example", entry.name);
            let same = entries.iter().filter(|other| other.name == entry.name).count();
            assert_eq!(same, 1, "{} is offered twice", entry.name);
        }
    }
}
