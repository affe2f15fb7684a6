//! The reference, rendered from the catalog: what `make docs` writes to `docs/`.
//!
//! Every fact stands beside what it is about: in a reader, in a function's entry, in the header of a SQL file. Here is only
//! how they are laid out.

mod data_model;
mod detections;
#[cfg(test)]
#[path = "../../examples/questions/mod.rs"]
mod questions;
mod readers;
mod reference;

use crate::catalog::SqlFile;
use crate::policy::LintRule;

/// A saved question: its path from the root of the repository, and its header.
struct Question {
    path: String,
    file: SqlFile,
}

/// Every file that comes from the catalog, by its name in `docs/`. `questions` are the files of `queries/`: path from the root
/// of the repository, and text.
///
/// # Errors
/// A question without a proper header.
pub fn files(questions: &[(String, String)]) -> Result<Vec<(&'static str, String)>, String> {
    let questions = questions
        .iter()
        // A header borrows from its text for good, as those do that are part of the program.
        .map(|(path, text)| Ok(Question { path: path.clone(), file: SqlFile::parse(text.clone().leak())? }))
        .collect::<Result<Vec<_>, String>>()?;
    Ok(vec![
        ("policy-lint.md", LintRule::documentation()),
        ("readers.md", readers::render()),
        ("functions.md", reference::functions()),
        ("views.md", reference::views(&questions)),
        ("data-model.md", data_model::render()),
        ("detections.md", detections::render()),
    ])
}

/// A table; without rows it is empty.
fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rows: String = rows.into_iter().map(|cells| line(&cells)).collect();
    if rows.is_empty() {
        return rows;
    }
    let header: Vec<_> = header.iter().map(|&cell| cell.to_owned()).collect();
    format!("{}|{}\n{rows}\n", line(&header), "---|".repeat(header.len()))
}

/// Words as they are, in a cell or in a line: what Markdown would take for its own is escaped, but for what is code already.
fn text(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut in_code = false;
    for character in words.chars() {
        match character {
            '`' => in_code = !in_code,
            '<' | '*' if !in_code => out.push('\\'),
            // Within a table this one is taken even in code.
            '|' => out.push('\\'),
            _ => {}
        }
        out.push(character);
    }
    out
}

/// A name, as code.
fn code(name: &str) -> String {
    format!("`{name}`")
}

/// Names, as code, with commas between them.
fn codes<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(code).collect::<Vec<_>>().join(", ")
}

/// A statement.
fn sql(statement: &str) -> String {
    format!("```sql\n{statement}\n```\n\n")
}

/// A sentence: with a capital, and a full stop.
fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let stop = if words.ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", characters.as_str())
}

/// Where a heading of a name is, in this file or in another.
fn link(name: &str, file: &str) -> String {
    format!("[`{name}`]({file}#{name})")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

    #[test]
    fn the_published_files_are_these() {
        for (name, text) in files(&questions::read(ROOT.as_ref()).unwrap()).unwrap() {
            let published = std::fs::read_to_string(format!("{ROOT}/docs/{name}")).unwrap_or_default();
            assert!(published == text, "docs/{name} is stale: run make docs");
        }
    }

    #[test]
    fn links_lead_somewhere() {
        let files = files(&questions::read(ROOT.as_ref()).unwrap()).unwrap();
        for (name, text) in &files {
            for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let (file, heading) = target.split_once('#').unwrap_or((target, ""));
                if heading.is_empty() {
                    assert!(std::path::Path::new(ROOT).join("docs").join(file).exists(), "{name}: {target}");
                    continue;
                }
                let file = if file.is_empty() { name } else { file };
                let (_, text) = files.iter().find(|(name, _)| *name == file).unwrap();
                let found =
                    text.lines().any(|line| line.starts_with('#') && line.trim_start_matches(['#', ' ']) == heading);
                assert!(found, "{name}: {target}");
            }
        }
    }

    #[test]
    fn words_of_markdown_are_escaped_outside_of_code() {
        assert_eq!(text("a|b <c> `<d|e>` *"), "a\\|b \\<c> `<d\\|e>` \\*");
        assert_eq!(sentence("one thing"), "One thing.");
        assert_eq!(table(&["a"], Vec::new()), "");
        assert_eq!(table(&["a", "b"], [vec!["1".to_owned(), "2".to_owned()]]), "| a | b |\n|---|---|\n| 1 | 2 |\n\n");
    }
}
