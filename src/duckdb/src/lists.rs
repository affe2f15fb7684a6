//! Table functions that list what mfa knows: the catalog, and the history of reads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use mfa_core::catalog;

use crate::ffi::table::{Call, Column, TableFunction};
use crate::ffi::write::Rows;
use crate::ffi::{Error, Type};
use crate::history::History;

/// One value of a list.
pub(crate) enum Cell {
    Null,
    Text(String),
    Int(i64),
    Bool(bool),
    Texts(Vec<String>),
}

type Columns = &'static [(&'static str, Of)];

/// The type of a column of a list.
#[derive(Clone, Copy)]
enum Of {
    Text,
    Int,
    Bool,
    Texts,
}

/// A function without parameters whose rows are made when it runs.
pub(crate) struct List {
    name: &'static str,
    columns: Columns,
    rows: Box<dyn Fn() -> Vec<Vec<Cell>> + Send + Sync>,
}

/// All of them.
pub(crate) fn lists(history: &Arc<History>) -> Vec<List> {
    let (stats, rejects) = (Arc::clone(history), Arc::clone(history));
    vec![
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
            rows: Box::new(functions),
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
            rows: Box::new(contract),
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
            rows: Box::new(move || read_stats(&stats)),
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
            rows: Box::new(move || read_rejects(&rejects)),
        },
    ]
}

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

/// The rows of one execution, and how many are out.
#[derive(Default)]
pub(crate) struct Scan {
    wanted: Vec<usize>,
    rows: Vec<Vec<Cell>>,
    next: std::sync::atomic::AtomicUsize,
}

impl TableFunction for List {
    type Bound = ();
    type Scan = Scan;
    type Thread = ();

    fn name(&self) -> &'static str {
        self.name
    }

    fn parameters(&self) -> Vec<Type> {
        Vec::new()
    }

    fn named(&self) -> Vec<(&'static str, Type)> {
        Vec::new()
    }

    fn bind(&self, _: &Call) -> Result<(Vec<Column>, ()), Error> {
        let ty = |of: Of| match of {
            Of::Text => Type::Varchar,
            Of::Int => Type::Bigint,
            Of::Bool => Type::Boolean,
            Of::Texts => Type::List(Box::new(Type::Varchar)),
        };
        Ok((self.columns.iter().map(|(name, of)| Column { name, ty: ty(*of) }).collect(), ()))
    }

    fn estimate(&self, (): &()) -> Option<u64> {
        None
    }

    fn start(&self, (): &(), wanted: Vec<usize>) -> Result<(Scan, u64), Error> {
        Ok((Scan { wanted, rows: (self.rows)(), ..Scan::default() }, 1))
    }

    fn fill(&self, scan: &Scan, (): &mut (), rows: &mut Rows<'_>) -> Result<usize, Error> {
        let from = scan.next.load(Ordering::Relaxed);
        let to = (from + Rows::capacity()).min(scan.rows.len());
        for (at, row) in scan.rows[from..to].iter().enumerate() {
            for (writer, column) in rows.columns.iter_mut().zip(&scan.wanted) {
                match row.get(*column) {
                    Some(Cell::Text(text)) => writer.text(at, text),
                    Some(Cell::Int(number)) => writer.bigint(at, *number),
                    Some(Cell::Bool(value)) => writer.boolean(at, *value),
                    Some(Cell::Texts(texts)) => writer.texts(at, texts),
                    Some(Cell::Null) | None => writer.null(at),
                }
            }
        }
        scan.next.store(to, Ordering::Relaxed);
        Ok(to - from)
    }
}
