//! `docs/functions.md` and `docs/views.md`.

use super::{Question, code, codes, link, sql, table, text};
use crate::catalog::{CONTRACT, FUNCTIONS, Function, SqlFile, VIEWS};
use crate::lists::LISTS;

/// Areas in the order of work, each with what it is about.
const AREAS: &[(&str, &str)] = &[
    ("assess", "what there is and what is missing"),
    ("policy", "what the policy says of whom"),
    ("rollout", "from the pilot to the cutover"),
    ("exceptions", "who is exempt, why and until when"),
    ("hardening", "better methods in place of weaker ones"),
    ("metrics", "measures that add up"),
    ("detect", "what needs a look now; see [the detection catalog](detections.md)"),
    ("comply", "reminders, stages and reviews"),
    ("support", "the help desk"),
    ("evidence", "what auditors ask for"),
];

pub(super) fn functions() -> String {
    let mut page = "# Functions\n\nWritten by `make docs` from `src/core/src/catalog/functions.rs`. Everything but readers, which have \
                    [their own page](readers.md), and [views](views.md). In SQL: `from mfa_functions()`.\n\n"
        .to_owned();
    for area in areas(FUNCTIONS.iter().map(|function| function.area)) {
        page += &format!("## {area}\n\n");
        for function in FUNCTIONS.iter().filter(|function| function.area == area) {
            page += &describe(function);
        }
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

/// Each once, in order.
fn areas(all: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let mut areas = Vec::new();
    for area in all {
        if !areas.contains(&area) {
            areas.push(area);
        }
    }
    areas
}

fn describe(function: &Function) -> String {
    let names: Vec<_> = function.parameters.iter().map(|(name, _, _)| *name).collect();
    let mut section = format!("### {}\n\n{}\n\n", function.name, text(function.description));
    section += &format!(
        "{} function, `{}({})`.\n\n",
        super::sentence(function.kind).trim_end_matches('.'),
        function.name,
        names.join(", ")
    );
    section += &table(
        &["parameter", "type", "meaning"],
        function.parameters.iter().map(|(name, ty, doc)| vec![code(name), code(ty), text(doc)]),
    );
    section += &match LISTS.iter().find(|list| list.name == function.name) {
        Some(list) => {
            table(&["column", "type"], list.columns.iter().map(|(name, of)| vec![code(name), code(of.sql())]))
        }
        None => format!("Returns `{}`.\n\n", function.returns),
    };
    section + &sql(function.example)
}

pub(super) fn views(questions: &[Question]) -> String {
    let mut page = "# Views\n\nWritten by `make docs` from the headers in `sql/views`. A view is nothing that is stored: its SQL takes the \
                    place of its name in your query. What it reads is loaded as in [the data model](data-model.md); what is \
                    optional and not loaded has no rows.\n\n"
        .to_owned();
    page += &table(
        &["area", "views"],
        AREAS.iter().map(|(area, about)| {
            let names: Vec<_> = of(area).map(|view| link(view.name, "")).collect();
            vec![format!("[{area}](#{area}): {about}"), names.join(", ")]
        }),
    );
    page += &settings();
    for (area, about) in AREAS {
        page += &format!("## {area}\n\n{}\n\n", super::sentence(about));
        for view in of(area) {
            page += &section(view, questions);
        }
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

fn of(area: &str) -> impl Iterator<Item = &'static SqlFile> {
    VIEWS.iter().filter(move |view| view.tag("area") == Some(area))
}

/// The parameters of all views.
fn settings() -> String {
    let mut seen: Vec<(&str, Vec<String>)> = Vec::new();
    for param in VIEWS.iter().flat_map(|view| &view.params) {
        if !seen.iter().any(|(name, _)| *name == param.name) {
            let name = code(&format!("mfa_{}", param.name));
            seen.push((param.name, vec![name, code(param.ty), code(param.default), text(param.doc)]));
        }
    }
    seen.sort();
    format!(
        "## Parameters\n\nA parameter of a view is a variable of the session, one for all views that have it: `set variable mfa_as_of = \
         timestamptz '2026-09-30'`. On the command line: `--as-of` and `--set`.\n\n{}",
        table(&["variable", "type", "default", "meaning"], seen.into_iter().map(|(_, cells)| cells))
    )
}

/// A relation that a view reads, where it is described.
fn relation(name: &str) -> String {
    match name.strip_suffix("()") {
        Some(function) => link(function, "functions.md"),
        None if CONTRACT.iter().any(|input| input.name == name) => link(name, "data-model.md"),
        None if VIEWS.iter().any(|view| view.name == name) => link(name, ""),
        None => code(name),
    }
}

fn section(view: &SqlFile, questions: &[Question]) -> String {
    let mut section = format!("### {}\n\n{}\n\n", view.name, text(&view.summary));
    if !view.details.is_empty() {
        section += &format!("{}\n\n", text(&view.details));
    }
    section += &format!("- Grain: {}\n", text(view.tag("grain").unwrap_or_default()));
    let reads: Vec<_> = view.tag("reads").unwrap_or_default().split(", ").map(relation).collect();
    section += &format!("- Reads: {}\n", reads.join(", "));
    let asked: Vec<_> = questions
        .iter()
        .filter(|question| {
            question.file.tag("reads").is_some_and(|reads| reads.split(", ").any(|name| name == view.name))
        })
        .map(|question| format!("[{}](../{})", question.file.tag("title").unwrap_or(question.file.name), question.path))
        .collect();
    if !asked.is_empty() {
        section += &format!("- Saved questions: {}\n", asked.join(", "));
    }
    if !view.params.is_empty() {
        section += &format!("- Parameters: {}\n", codes(view.params.iter().map(|param| param.name)));
    }
    section += "\n";
    section += &columns(view, &[]);
    section + &sql(view.tag("example").unwrap_or_default())
}

/// The columns of a relation, those of its key marked.
pub(super) fn columns(file: &SqlFile, key: &[&str]) -> String {
    table(
        &["column", "type", "meaning"],
        file.columns.iter().map(|column| {
            let name =
                if key.contains(&column.name) { format!("**{}**", code(column.name)) } else { code(column.name) };
            vec![name, code(column.ty), text(column.doc)]
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_area_is_described() {
        let mut known: Vec<_> = AREAS.iter().map(|(area, _)| *area).collect();
        let mut used = areas(VIEWS.iter().filter_map(|view| view.tag("area")));
        known.sort_unstable();
        used.sort_unstable();
        assert_eq!(known, used);
    }

    #[test]
    fn a_parameter_means_the_same_in_every_view() {
        let all: Vec<_> = VIEWS.iter().flat_map(|view| &view.params).collect();
        for param in &all {
            let first = all.iter().find(|other| other.name == param.name).unwrap();
            assert_eq!((param.ty, param.default), (first.ty, first.default), "{}", param.name);
        }
    }
}
