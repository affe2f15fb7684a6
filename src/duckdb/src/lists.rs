//! Table functions that list what mfa knows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mfa_core::functions::{Output as _, Type};
use mfa_core::lists::{Cell, List};
use mfa_core::readers::history::History;

use crate::ffi::Error;
use crate::ffi::table::{Call, Column, TableFunction};
use crate::ffi::write::Rows;

/// One of them.
pub(crate) struct ListFunction {
    pub(crate) list: &'static List,
    pub(crate) history: Arc<History>,
}

/// The rows of one execution, and how many are out.
#[derive(Default)]
pub(crate) struct Scan {
    wanted: Vec<usize>,
    rows: Vec<Vec<Cell>>,
    next: AtomicUsize,
}

impl TableFunction for ListFunction {
    type Bound = ();
    type Scan = Scan;
    type Thread = ();

    fn name(&self) -> &'static str {
        self.list.name
    }

    fn parameters(&self) -> Vec<Type> {
        Vec::new()
    }

    fn named(&self) -> Vec<(&'static str, Type)> {
        Vec::new()
    }

    fn bind(&self, _: &Call) -> Result<(Vec<Column>, ()), Error> {
        Ok((self.list.columns.iter().map(|(name, of)| Column { name, ty: Type::from(*of) }).collect(), ()))
    }

    fn estimate(&self, (): &()) -> Option<u64> {
        None
    }

    fn start(&self, (): &(), wanted: Vec<usize>) -> Result<(Scan, u64), Error> {
        Ok((Scan { wanted, rows: (self.list.rows)(&self.history), ..Scan::default() }, 1))
    }

    fn fill(&self, scan: &Scan, (): &mut (), rows: &mut Rows<'_>) -> Result<usize, Error> {
        let from = scan.next.load(Ordering::Relaxed);
        let to = (from + Rows::capacity()).min(scan.rows.len());
        for (at, row) in scan.rows[from..to].iter().enumerate() {
            for (writer, column) in rows.columns.iter_mut().zip(&scan.wanted) {
                match row.get(*column) {
                    Some(cell) => cell.write(writer, at),
                    None => writer.null(at),
                }
            }
        }
        scan.next.store(to, Ordering::Relaxed);
        Ok(to - from)
    }
}
