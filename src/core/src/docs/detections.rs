//! `docs/detections.md`.

use super::{code, codes, link, table, text};
use crate::catalog::{Equivalent, PRESETS, Param, SqlFile, VIEWS};

const ABOUT: &str = "\
# Detections

Written by `make docs` from the headers in `sql/views/detect`. A detection is a view with one or several rules; [`mfa_detections`](views.md#mfa_detections) is all of them in one
list, with the same columns. A threshold is a variable of the session: `set variable mfa_fatigue_denies = 3`.

Published rules are for one log, and many of them for one event. Beside each detection stands what is published for the same purpose, by publisher
and id, and what is different here and why; on the tests that publishers ship they are compared in [their own page](detection-parity.md). MITRE ATT&CK names what a finding may be; it does not say that it is.

";

/// The views that find something, without their union.
fn detections() -> impl Iterator<Item = &'static SqlFile> {
    VIEWS.iter().filter(|view| view.tag("area") == Some("detect") && view.name != "mfa_detections")
}

/// The rules of a view: the words of its column `rule`.
fn rules(view: &SqlFile) -> Vec<&'static str> {
    let column = view.columns.iter().find(|column| column.name == "rule");
    column.map(|column| column.doc.split(", ").flat_map(|words| words.split(" or ")).collect()).unwrap_or_default()
}

/// How bad its findings are.
fn severity(view: &SqlFile) -> &'static str {
    view.columns.iter().find(|column| column.name == "severity").map_or("", |column| column.doc)
}

/// The parameters of all detections.
const SHARED: [&str; 2] = ["as_of", "detection_days"];

/// The parameter that stands for several others.
const PRESET: &str = "preset";

const ABOUT_PRESETS: &str = "\
## Presets

`set variable mfa_preset = 'elastic'` puts the thresholds that a publisher has in the place of the defaults, where it has some; a threshold that is
set itself comes before both. What counts, such as which factor was refused, stays as it is here. A name that is no preset is an error.

";

/// The parameters that only this one has.
fn own(view: &SqlFile) -> impl Iterator<Item = &Param> {
    view.params.iter().filter(|param| !SHARED.contains(&param.name) && param.name != PRESET)
}

fn thresholds(view: &SqlFile) -> String {
    own(view).map(|param| format!("{} {}", code(param.name), param.default)).collect::<Vec<_>>().join(", ")
}

fn parameter(param: &Param) -> Vec<String> {
    vec![code(&format!("mfa_{}", param.name)), code(param.ty), code(param.default), text(param.doc)]
}

pub(super) fn render() -> String {
    let mut page = ABOUT.to_owned();
    page += &table(
        &["rule", "view", "ATT&CK", "thresholds"],
        detections().flat_map(|view| {
            let ids = view.techniques.iter().map(|(id, _)| *id).collect::<Vec<_>>().join(", ");
            rules(view)
                .into_iter()
                .map(move |rule| vec![code(rule), link(view.name, ""), ids.clone(), thresholds(view)])
        }),
    );
    let shared =
        detections().flat_map(|view| &view.params).filter(|param| SHARED.contains(&param.name)).take(SHARED.len());
    page += "Those of all:\n\n";
    page += &table(&["threshold", "type", "default", "meaning"], shared.map(parameter));
    page += ABOUT_PRESETS;
    page += &presets();
    for view in detections() {
        page += &section(view);
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

/// What each preset sets, and after which published rule.
fn presets() -> String {
    let rows = PRESETS.iter().flat_map(|name| {
        detections().flat_map(|view| &view.presets).filter(move |preset| preset.name == *name).map(|preset| {
            let values = preset.values.iter().map(|(name, value)| format!("{} {value}", code(&format!("mfa_{name}"))));
            vec![code(preset.name), values.collect::<Vec<_>>().join(", "), text(preset.source)]
        })
    });
    table(&["preset", "thresholds", "published in"], rows)
}

fn section(view: &SqlFile) -> String {
    let mut section = format!("## {}\n\n{}\n\n", view.name, text(&view.summary));
    if !view.details.is_empty() {
        section += &format!("{}\n\n", text(&view.details));
    }
    section += &format!("- Rules: {}\n", codes(rules(view)));
    section += &format!("- Severity: {}\n", text(severity(view)));
    let techniques: Vec<_> = view.techniques.iter().map(|(id, name)| format!("{id} {name}")).collect();
    section += &format!("- MITRE ATT&CK: {}\n", techniques.join("; "));
    section += &format!("- Grain: {}\n", text(view.tag("grain").unwrap_or_default()));
    section += &format!("- Columns and example: {}\n\n", link(view.name, "views.md"));
    section += &table(&["threshold", "type", "default", "meaning"], own(view).map(parameter));
    let published = view.equivalents.iter().filter_map(|equivalent| {
        let (publisher, id) = equivalent.rule?;
        let name = equivalent.name.map(|name| format!("{}<br>", text(name))).unwrap_or_default();
        Some(vec![publisher_name(publisher).to_owned(), format!("{name}{}", code(id)), text(equivalent.difference)])
    });
    section += &table(&["published by", "rule", "difference"], published);
    for Equivalent { difference, .. } in view.equivalents.iter().filter(|equivalent| equivalent.rule.is_none()) {
        section += &format!("Nothing is published for it: {}.\n\n", text(difference).trim_end_matches('.'));
    }
    section
}

/// The word of a tag, and who that is.
const PUBLISHERS: &[(&str, &str)] = &[
    ("chronicle", "Google Security Operations"),
    ("elastic", "Elastic Security"),
    ("panther", "Panther"),
    ("scuba", "CISA SCuBA"),
    ("sentinel", "Microsoft Sentinel"),
    ("sigma", "Sigma"),
    ("splunk", "Splunk Security Content"),
];

fn publisher_name(publisher: &str) -> &str {
    PUBLISHERS.iter().find(|(word, _)| *word == publisher).map_or(publisher, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_says_what_it_finds_and_what_is_published_for_it() {
        for view in detections() {
            let name = view.name;
            assert!(!view.techniques.is_empty(), "{name} has no @mitre");
            assert!(SHARED.iter().all(|shared| view.params.iter().any(|param| param.name == *shared)), "{name}");
            for (id, words) in &view.techniques {
                let number = id.strip_prefix('T').unwrap_or_default();
                let digits = number.split('.').map(|part| (part.len(), part.bytes().all(|byte| byte.is_ascii_digit())));
                let shape: Vec<_> = digits.collect();
                assert!(shape == [(4, true)] || shape == [(4, true), (3, true)], "{name}: {id}");
                assert!(!words.is_empty(), "{name}: {id}");
            }
            assert!(
                !view.equivalents.is_empty(),
                "{name} has no @equivalent; say none and why where nobody publishes one"
            );
            let none = view.equivalents.iter().any(|equivalent| equivalent.rule.is_none());
            assert!(!none || view.equivalents.len() == 1, "{name} has none and some");
            for equivalent in &view.equivalents {
                assert!(equivalent.difference.len() > 10, "{name}: {equivalent:?}");
                if let Some((publisher, _)) = equivalent.rule {
                    assert!(PUBLISHERS.iter().any(|(word, _)| *word == publisher), "{name}: {publisher}");
                }
            }
        }
    }

    #[test]
    fn a_technique_and_a_rule_have_one_name() {
        let techniques: Vec<_> = detections().flat_map(|view| view.techniques.iter()).collect();
        for (id, name) in &techniques {
            assert!(techniques.iter().all(|(other, words)| other != id || words == name), "{id}");
        }
        let published: Vec<_> =
            detections().flat_map(|view| view.equivalents.iter()).filter_map(|one| one.rule).collect();
        for rule in &published {
            assert_eq!(published.iter().filter(|other| *other == rule).count(), 1, "{rule:?}");
        }
    }

    #[test]
    fn rules_are_those_of_the_sql_and_belong_to_one_view() {
        let all: Vec<_> = detections().flat_map(rules).collect();
        for view in detections() {
            for rule in rules(view) {
                assert!(view.body.contains(&format!("'{rule}'")), "{}: {rule}", view.name);
                assert_eq!(all.iter().filter(|other| **other == rule).count(), 1, "{rule}");
            }
        }
    }

    #[test]
    fn severities_are_those_of_the_sql() {
        for view in detections() {
            let line = view.body.lines().find(|line| line.ends_with(" as severity,")).unwrap();
            for word in ["critical", "high", "medium", "low"] {
                let said = severity(view).split([' ', ',']).any(|said| said == word);
                assert_eq!(said, line.contains(&format!("'{word}'")), "{}: {word}", view.name);
            }
        }
    }

    #[test]
    fn a_preset_names_rules_that_are_compared_with() {
        for view in detections() {
            for preset in &view.presets {
                let is_there = view.equivalents.iter().any(|equivalent| {
                    equivalent.rule.is_some_and(|(by, id)| by == preset.name && preset.source.contains(id))
                });
                assert!(is_there, "{}: {preset:?}", view.name);
            }
        }
    }

    #[test]
    fn the_union_reads_them_all() {
        let union = VIEWS.iter().find(|view| view.name == "mfa_detections").unwrap();
        let names: Vec<_> = detections().map(|view| view.name).collect();
        assert_eq!(union.tag("reads").unwrap().split(", ").collect::<Vec<_>>(), names);
    }
}
