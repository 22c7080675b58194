//! The memtables: the one that is written to, and those waiting to be sealed.

use std::sync::{Arc, Weak};

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use parking_lot::{Mutex, RwLock};

use super::memtable::{Memtable, Reading};
use super::table::SeriesId;

/// All rows that are not in blocks yet.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Oldest first; the last is written to.
    tables: RwLock<Vec<Arc<Memtable>>>,
    /// Sealed ones that may still be read. Locked after `tables`.
    sealed: Mutex<Vec<Weak<Reading>>>,
}

impl Memory {
    pub(crate) fn new(tables: Vec<Arc<Memtable>>) -> Memory {
        Memory {
            tables: RwLock::new(tables),
            sealed: Mutex::default(),
        }
    }

    /// The one that is written to.
    pub(crate) fn active(&self) -> Arc<Memtable> {
        self.tables
            .read()
            .last()
            .expect("there is always one to write to")
            .clone()
    }

    /// All, oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Memtable>> {
        self.tables.read().clone()
    }

    /// Those that are written to no more, oldest first.
    pub(crate) fn frozen(&self) -> Vec<Arc<Memtable>> {
        let tables = self.tables.read();
        tables[..tables.len() - 1].to_vec()
    }

    /// From now on `next` is written to.
    pub(crate) fn freeze(&self, next: Arc<Memtable>) {
        self.tables.write().push(next);
    }

    /// Its rows are in blocks.
    pub(crate) fn forget(&self, number: u64) {
        let mut tables = self.tables.write();
        let mut sealed = self.sealed.lock();
        sealed.retain(|reading| reading.strong_count() > 0);
        let gone = tables.extract_if(.., |table| table.number == number);
        sealed.extend(gone.map(|table| table.reading()));
    }

    /// The series of all rows that anybody can reach here; `None` while somebody reads rows that are sealed by now.
    pub(crate) fn series(&self) -> Option<HashSet<SeriesId, RandomState>> {
        let tables = self.tables.read();
        let mut sealed = self.sealed.lock();
        sealed.retain(|reading| reading.strong_count() > 0);
        let mut series = HashSet::default();
        tables.iter().for_each(|table| table.series(&mut series));
        sealed.is_empty().then_some(series)
    }
}
