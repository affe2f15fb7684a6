//! Table functions that list what mfa knows: the catalog, and the history of reads.

use std::sync::atomic::Ordering;

use crate::catalog;
use crate::functions::{Output, Type};
use crate::readers::history::History;

/// One value of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A text.
    Text(String),
    /// A number.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// Texts.
    Texts(Vec<String>),
}

/// A function without parameters whose rows are made when it runs.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// Name in SQL.
    pub name: &'static str,
    /// Its columns: text, number, truth or texts.
    pub columns: &'static [(&'static str, Of)],
    /// Makes its rows.
    pub rows: fn(&History) -> Vec<Vec<Cell>>,
}

/// The type of a column of a list.
#[derive(Debug, Clone, Copy)]
pub enum Of {
    /// `VARCHAR`.
    Text,
    /// `BIGINT`.
    Int,
    /// `BOOLEAN`.
    Bool,
    /// `VARCHAR[]`.
    Texts,
}

impl Of {
    /// The type as SQL spells it.
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Text => "VARCHAR",
            Self::Int => "BIGINT",
            Self::Bool => "BOOLEAN",
            Self::Texts => "VARCHAR[]",
        }
    }
}

impl From<Of> for Type {
    fn from(of: Of) -> Self {
        match of {
            Of::Text => Self::Varchar,
            Of::Int => Self::Bigint,
            Of::Bool => Self::Boolean,
            Of::Texts => Self::list(Self::Varchar),
        }
    }
}

impl Cell {
    /// Writes it to a row of a column.
    pub fn write(&self, output: &mut impl Output, row: usize) {
        match self {
            Self::Null => output.null(row),
            Self::Text(text) => output.text(row, text),
            Self::Int(number) => output.bigint(row, *number),
            Self::Bool(value) => output.boolean(row, *value),
            Self::Texts(texts) => output.texts(row, texts),
        }
    }
}

/// All of them.
pub static LISTS: &[List] = &[
    List {
        name: "mfa_functions",
        columns: &[
            ("name", Of::Text),
            ("kind", Of::Text),
            ("signature", Of::Text),
            ("parameters", Of::Texts),
            ("description", Of::Text),
            ("example", Of::Text),
            ("since", Of::Text),
        ],
        rows: |_| functions(),
    },
    List {
        name: "mfa_contract",
        columns: &[
            ("relation", Of::Text),
            ("required", Of::Bool),
            ("key", Of::Text),
            ("grain", Of::Text),
            ("description", Of::Text),
            ("columns", Of::Texts),
            ("loads", Of::Text),
        ],
        rows: |_| contract(),
    },
    List {
        name: "mfa_read_stats",
        columns: &[
            ("scan", Of::Int),
            ("reader", Of::Text),
            ("file", Of::Text),
            ("records", Of::Int),
            ("rows", Of::Int),
            ("rejects", Of::Int),
            ("ignored", Of::Int),
            ("finished", Of::Bool),
        ],
        rows: read_stats,
    },
    List {
        name: "mfa_rejects",
        columns: &[
            ("scan", Of::Int),
            ("reader", Of::Text),
            ("file", Of::Text),
            ("record", Of::Int),
            ("byte_offset", Of::Int),
            ("category", Of::Text),
            ("column_name", Of::Text),
            ("message", Of::Text),
        ],
        rows: read_rejects,
    },
];

fn functions() -> Vec<Vec<Cell>> {
    catalog::entries()
        .into_iter()
        .map(|entry| {
            vec![
                Cell::Text(entry.name),
                Cell::Text(entry.kind.to_owned()),
                Cell::Text(entry.signature),
                Cell::Texts(entry.parameters),
                Cell::Text(entry.description),
                Cell::Text(entry.example),
                Cell::Text(entry.since.to_owned()),
            ]
        })
        .collect()
}

fn contract() -> Vec<Vec<Cell>> {
    let text = |text: Option<&str>| text.map_or(Cell::Null, |text| Cell::Text(text.to_owned()));
    catalog::CONTRACT
        .iter()
        .map(|file| {
            vec![
                Cell::Text(file.name.to_owned()),
                Cell::Bool(file.tag("required").is_some()),
                text(file.tag("key")),
                text(file.tag("grain")),
                Cell::Text(file.summary.clone()),
                Cell::Texts(file.columns.iter().map(|column| format!("{} {}", column.name, column.ty)).collect()),
                text(file.tag("loads")),
            ]
        })
        .collect()
}

fn int(number: u64) -> Cell {
    Cell::Int(number.cast_signed())
}

fn read_stats(history: &History) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for scan in history.scans() {
        for file in &scan.files {
            let counts = [&file.records, &file.rows, &file.rejects, &file.ignored];
            let mut row = vec![Cell::Int(scan.id), Cell::Text(scan.reader.to_owned()), Cell::Text(file.path.clone())];
            row.extend(counts.map(|count| int(count.load(Ordering::Relaxed))));
            row.push(Cell::Bool(file.is_finished()));
            rows.push(row);
        }
    }
    rows
}

fn read_rejects(history: &History) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for scan in history.scans() {
        for rejected in scan.rejects() {
            let category = rejected.reject.category;
            rows.push(vec![
                Cell::Int(scan.id),
                Cell::Text(scan.reader.to_owned()),
                Cell::Text(scan.files[rejected.file].path.clone()),
                int(rejected.record),
                int(rejected.offset),
                Cell::Text(category.as_str().to_owned()),
                rejected.reject.column.map_or(Cell::Null, |column| Cell::Text(column.into_owned())),
                Cell::Text(category.explain().to_owned()),
            ]);
        }
    }
    rows
}
