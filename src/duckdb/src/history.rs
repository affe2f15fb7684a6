//! What was read, and what was not: the memory behind `mfa_read_stats()` and `mfa_rejects()`.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mfa_core::readers::Reject;

/// Scans that are remembered.
const SCANS: usize = 64;

/// Rejects that one scan remembers; those beyond are counted, not kept.
const REJECTS: usize = 1_000_000;

/// The scans of one database instance, oldest first.
#[derive(Default)]
pub(crate) struct History {
    scans: Mutex<(i64, VecDeque<Arc<Scan>>)>,
}

/// One execution of a reader.
pub(crate) struct Scan {
    pub(crate) id: i64,
    pub(crate) reader: &'static str,
    pub(crate) files: Vec<File>,
    rejects: Mutex<Vec<Rejected>>,
    rejected: AtomicU64,
}

/// One file of a scan. Rows + rejects + ignored = records, at any moment.
#[derive(Default)]
pub(crate) struct File {
    pub(crate) path: String,
    /// Records met; counted where they are found, not where they end up. One with several rows counts once for each.
    pub(crate) records: AtomicU64,
    pub(crate) rows: AtomicU64,
    pub(crate) rejects: AtomicU64,
    pub(crate) ignored: AtomicU64,
    /// Blocks that a thread is reading.
    pub(crate) open_blocks: AtomicUsize,
    /// Whether there are no more blocks to take.
    pub(crate) exhausted: AtomicBool,
}

impl File {
    /// Whether every record has been seen; a `LIMIT` or an error can end a scan before.
    pub(crate) fn is_finished(&self) -> bool {
        self.exhausted.load(Ordering::Acquire) && self.open_blocks.load(Ordering::Acquire) == 0
    }
}

#[derive(Clone)]
pub(crate) struct Rejected {
    pub(crate) file: usize,
    pub(crate) record: u64,
    pub(crate) offset: u64,
    pub(crate) reject: Reject,
}

impl History {
    pub(crate) fn start(&self, reader: &'static str, paths: &[String]) -> Arc<Scan> {
        let mut scans = self.scans.lock().unwrap_or_else(PoisonError::into_inner);
        scans.0 += 1;
        let files = paths.iter().map(|path| File { path: path.clone(), ..File::default() }).collect();
        let scan =
            Arc::new(Scan { id: scans.0, reader, files, rejects: Mutex::default(), rejected: AtomicU64::new(0) });
        scans.1.push_back(Arc::clone(&scan));
        if scans.1.len() > SCANS {
            scans.1.pop_front();
        }
        scan
    }

    pub(crate) fn scans(&self) -> Vec<Arc<Scan>> {
        self.scans.lock().unwrap_or_else(PoisonError::into_inner).1.iter().cloned().collect()
    }
}

impl Scan {
    /// Keeps a reject and returns how many there are.
    pub(crate) fn reject(&self, rejected: Rejected) -> u64 {
        self.files[rejected.file].rejects.fetch_add(1, Ordering::Relaxed);
        let mut rejects = self.rejects.lock().unwrap_or_else(PoisonError::into_inner);
        if rejects.len() < REJECTS {
            rejects.push(rejected);
        }
        self.rejected.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The rejects, in the order of files and records.
    pub(crate) fn rejects(&self) -> Vec<Rejected> {
        let mut rejects = self.rejects.lock().unwrap_or_else(PoisonError::into_inner).clone();
        rejects.sort_by_key(|rejected| (rejected.file, rejected.record));
        rejects
    }
}
