//! The memtables: the one that is written to, and those waiting to be sealed.

use std::sync::Arc;

use parking_lot::RwLock;

use super::memtable::Memtable;

/// All rows that are not in blocks yet.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Oldest first; the last is written to.
    tables: RwLock<Vec<Arc<Memtable>>>,
}

impl Memory {
    pub(crate) fn new(tables: Vec<Arc<Memtable>>) -> Memory {
        Memory {
            tables: RwLock::new(tables),
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
        self.tables.write().retain(|table| table.number != number);
    }
}
