//! Bounded tables that give each name a small number.

use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;

/// Names in the order they came; the first ones are reserved, and beyond the bound all share one of these.
#[derive(Debug)]
pub(crate) struct Names {
    limit: usize,
    overflow: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    numbers: HashMap<Arc<str>, usize, foldhash::fast::FixedState>,
    names: Vec<Arc<str>>,
}

impl Names {
    /// A table of at most `limit` names beside the `reserved` ones; further names get the number `overflow`.
    pub(crate) fn new(reserved: &[&str], limit: usize, overflow: usize) -> Self {
        let names = Self {
            limit: limit + reserved.len(),
            overflow,
            table: Mutex::default(),
        };
        for name in reserved {
            names.table.lock().add((*name).into());
        }
        names
    }

    /// The number of `name`, and whether it has one of its own.
    pub(crate) fn number(&self, name: &str) -> (usize, bool) {
        let mut table = self.table.lock();
        if let Some(&number) = table.numbers.get(name) {
            return (number, true);
        }
        if table.names.len() >= self.limit {
            return (self.overflow, false);
        }
        (table.add(name.into()), true)
    }

    pub(crate) fn name(&self, number: usize) -> Arc<str> {
        let table = self.table.lock();
        table
            .names
            .get(number)
            .or(table.names.first())
            .cloned()
            .unwrap_or_default()
    }
}

impl Table {
    fn add(&mut self, name: Arc<str>) -> usize {
        let number = self.names.len();
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_bound_share_the_collective_one() {
        let names = Names::new(&["<none>", "<other>"], 2, 1);
        assert_eq!(names.number("/a"), (2, true));
        assert_eq!(names.number("/b"), (3, true));
        assert_eq!(names.number("/c"), (1, false));
        assert_eq!(names.number("/a"), (2, true));
        assert_eq!(
            (names.name(3).as_ref(), names.name(1).as_ref()),
            ("/b", "<other>")
        );
    }
}
