//! `docs/readers.md`.

use super::{code, codes, sentence, sql, table, text};
use crate::catalog::READER_PARAMETERS;
use crate::readers::framing::LISTS;
use crate::readers::{Layout, Parse, READERS, Reader};

const ABOUT: &str = "\
# Readers

Written by `make docs` from `src/core/src/readers`. A reader reads one log; each record becomes rows, is ignored, or is a reject:
rows + rejects + ignored = records, file by file in `mfa_read_stats()`. Rejects are in `mfa_rejects()`, with place and reason and never with
content. The record of another log is a reject, `wrong_provider`.

";

fn form(reader: &Reader) -> &'static str {
    match reader.layout {
        Layout::Json if reader.shapes.iter().any(|shape| shape.starts_with("lines")) => "JSON or text",
        Layout::Json => "JSON",
        Layout::Csv => "CSV",
        Layout::Any => "JSON or CSV",
    }
}

fn rows(reader: &Reader) -> Vec<&'static str> {
    reader.parse.iter().map(|parse| parse.rows()).collect()
}

pub(super) fn render() -> String {
    let mut page = ABOUT.to_owned();
    page += &table(
        &["reader", "log", "rows", "form"],
        READERS.iter().map(|reader| {
            vec![super::link(reader.name, ""), text(reader.summary), codes(rows(reader)), form(reader).to_owned()]
        }),
    );
    page += "## What all of them take\n\n";
    for parameter in READER_PARAMETERS {
        page += &format!("- {}\n", text(parameter));
    }
    page += "- rows VARCHAR: which rows to return, where a reader offers several; the first is the default\n\n";
    let lists = codes(LISTS.iter().filter_map(|key| std::str::from_utf8(key).ok()));
    page += &format!(
        "Compression, encoding and framing are detected from the bytes, never from the name: gzip and zstd; UTF-8 with or without byte \
         order mark, UTF-16 with one. JSON is one object a line, objects one after the other or pretty-printed, arrays, or pages that hold \
         their records in {lists}. CSV has a header line and commas, semicolons or tabs. A record may have 64 MiB.\n\n\
         `source_file` and `source_record` are filled by all; the columns below are those that some record of the log fills, the others \
         are NULL. Where only a few are not, those are named.\n\n"
    );
    for reader in READERS {
        page += &section(reader);
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

fn section(reader: &Reader) -> String {
    let mut section = format!("## {}\n\n{}\n\n", reader.name, text(&sentence(reader.summary)));
    section += &sql(&format!("from {}", reader.example));
    section += &format!("- Documented in: {}\n", text(reader.source));
    section += &format!("- Export: {}\n", text(reader.export));
    let names = rows(reader);
    section += &match &names[..] {
        [only] => format!("- Rows: {}\n", code(only)),
        _ => format!("- Rows: {}, by `rows := '…'`\n", codes(names)),
    };
    if matches!(reader.parse, [Parse::Mapping(_)]) {
        section +=
            "- Takes `mapping`: which path fills which column, in TOML, or the path of a file that ends with .toml\n";
    }
    section += &format!("- Form: {}\n", form(reader));
    section += "- Accepts:\n";
    for shape in reader.shapes {
        section += &format!("  - {}\n", text(shape));
    }
    for (parse, fills) in reader.parse.iter().zip(reader.fills) {
        section += &format!("- Fills of `mfa_{}`: {}\n", parse.rows(), filled(*parse, fills));
    }
    section += "\n";
    if reader.ignores.is_empty() {
        section += "Nothing is ignored: each record becomes rows or a reject.\n\n";
    } else {
        let ignored = reader.ignores.iter().map(|(what, why)| vec![text(what), text(why)]);
        section += &table(&["ignored", "why"], ignored);
    }
    section
}

/// The columns that a parser fills, or those that it does not where they are few.
fn filled(parse: Parse, fills: &str) -> String {
    let fills: Vec<_> = fills.split(' ').collect();
    let names = parse.columns().iter().map(|column| column.name);
    let others: Vec<_> =
        names.filter(|name| !fills.contains(name) && !matches!(*name, "source_file" | "source_record")).collect();
    match others.len() {
        0 => "all".to_owned(),
        few if few * 3 < fills.len() => format!("all but {}", codes(others)),
        _ => codes(fills),
    }
}
