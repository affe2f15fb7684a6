//! `docs/data-model.md`.

use super::{codes, link, reference, sql, table, text};
use crate::catalog::{CONTRACT, Reference, SqlFile, VIEWS};

const ABOUT: &str = "\
# Data model

Written by `make docs` from the headers in `sql/contract`. The inputs: what you load, and what the [views](views.md) read. Only names and columns
count; tables, views, CTEs and data frames all do. A column that you do not have is NULL, which is unknown. An optional input that is not loaded
has no rows.

Keys and references are what rows are told apart and joined by. Nothing enforces them: a sign-in may name an account that no list has.
Login names are compared in lower case.

";

pub(super) fn render() -> String {
    let mut page = ABOUT.to_owned();
    page += &table(
        &["input", "", "grain", "key"],
        CONTRACT.iter().map(|input| {
            let required = if input.tag("required").is_some() { "required" } else { "" };
            let grain = text(input.tag("grain").unwrap_or_default());
            vec![link(input.name, ""), required.to_owned(), grain, codes(input.key())]
        }),
    );
    page += "## Diagram\n\nKeys, and the references to them. References by login name are left out here; they are listed below.\n\n";
    page += &diagram();
    for input in CONTRACT.iter() {
        page += &section(input);
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

/// Whether a reference names rows by their key, or by a part of it.
fn by_key(reference: &Reference) -> bool {
    CONTRACT
        .iter()
        .find(|input| input.name == reference.relation)
        .is_some_and(|input| reference.to.iter().all(|column| input.key().contains(column)))
}

fn diagram() -> String {
    let mut lines = "```mermaid\nerDiagram\n".to_owned();
    for input in CONTRACT.iter() {
        for reference in input.references.iter().filter(|reference| by_key(reference)) {
            let target = CONTRACT.iter().find(|input| input.name == reference.relation);
            // By a part of the key, or from a list, there can be several.
            let is_list =
                |name: &&str| input.columns.iter().any(|column| column.name == *name && column.ty.ends_with("[]"));
            let is_one = target.is_some_and(|target| target.key().len() == reference.to.len())
                && !reference.columns.iter().any(is_list);
            let cardinality = if is_one { "|o--o{" } else { "}o--o{" };
            lines += &format!(
                "    {} {cardinality} {} : \"{}\"\n",
                reference.relation,
                input.name,
                reference.columns.join(", ")
            );
        }
    }
    for input in CONTRACT.iter() {
        lines += &format!("    {} {{\n", input.name);
        for column in &input.columns {
            let is_key = input.key().contains(&column.name);
            let refers =
                input.references.iter().any(|reference| by_key(reference) && reference.columns.contains(&column.name));
            let mark = match (is_key, refers) {
                (true, true) => "PK, FK",
                (true, false) => "PK",
                (false, true) => "FK",
                (false, false) => continue,
            };
            lines += &format!("        {} {} {mark}\n", column.ty, column.name);
        }
        lines += "    }\n";
    }
    lines + "```\n\n"
}

fn section(input: &SqlFile) -> String {
    let kind = if input.tag("required").is_some() { "Required" } else { "Optional" };
    let mut section = format!("## {}\n\n{}\n\n", input.name, text(&input.summary));
    if !input.details.is_empty() {
        section += &format!("{}\n\n", text(&input.details));
    }
    section += &format!("- {kind}; {}\n", text(input.tag("grain").unwrap_or_default()));
    section += &format!("- Key: {}\n", codes(input.key()));
    for reference in &input.references {
        let to = if reference.to == reference.columns {
            String::new()
        } else {
            format!(" ({})", codes(reference.to.iter().copied()))
        };
        section += &format!("- {} → {}{to}\n", codes(reference.columns.iter().copied()), link(reference.relation, ""));
    }
    let readers: Vec<_> = VIEWS
        .iter()
        .filter(|view| view.tag("reads").is_some_and(|reads| reads.split(", ").any(|name| name == input.name)))
        .map(|view| link(view.name, "views.md"))
        .collect();
    if !readers.is_empty() {
        section += &format!("- Read by: {}\n", readers.join(", "));
    }
    section += &format!("- DDL: [sql/contract/{0}.sql](../sql/contract/{0}.sql)\n\n", input.name);
    section += &reference::columns(input, &input.key());
    section + &sql(input.tag("loads").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_references_name_columns() {
        let find = |name: &str| CONTRACT.iter().find(|input| input.name == name).unwrap();
        for input in CONTRACT.iter() {
            let ty = |input: &SqlFile, name: &str| {
                let column = input.columns.iter().find(|column| column.name == name);
                column.map(|column| column.ty.trim_end_matches("[]").to_owned())
            };
            assert!(!input.key().is_empty(), "{}", input.name);
            for name in input.key() {
                assert!(ty(input, name).is_some(), "{}.{name}", input.name);
            }
            for reference in &input.references {
                let target = find(reference.relation);
                for (from, to) in reference.columns.iter().zip(&reference.to) {
                    let (from, to) = (ty(input, from), ty(target, to));
                    assert!(from.is_some() && from == to, "{}: {reference:?}", input.name);
                }
            }
        }
    }

    #[test]
    fn who_is_named_is_referred_to() {
        // An account and an application are named alike in every input.
        for input in CONTRACT.iter() {
            for (columns, relation) in [(&["provider", "identity_id"][..], "mfa_identities"), (&["app_id"], "mfa_apps")]
            {
                let has = columns.iter().all(|name| input.columns.iter().any(|column| column.name == *name));
                let refers = input.references.iter().any(|one| one.relation == relation && one.columns == columns);
                assert_eq!(has && input.name != relation, refers, "{}: {columns:?}", input.name);
            }
        }
    }
}
