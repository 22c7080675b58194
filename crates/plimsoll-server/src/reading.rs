//! Several questions to the store that make one answer.

use std::collections::BTreeSet;

use crate::store::Store;
use crate::store::query::{AnswerSeries, Query};
use crate::store::read::error::QueryError;

/// A limit that cuts nothing: what is too much to be read at once is an error.
pub const NO_LIMIT: usize = usize::MAX / 4;

/// The store as one answer reads it, and what was found missing meanwhile.
#[derive(Debug)]
pub struct Reading<'s> {
    store: &'s Store,
    missing: BTreeSet<String>,
}

impl<'s> Reading<'s> {
    /// Nothing was asked yet.
    pub fn of(store: &'s Store) -> Self {
        Self {
            store,
            missing: BTreeSet::new(),
        }
    }

    /// The store itself, for what is no query.
    pub fn store(&self) -> &'s Store {
        self.store
    }

    /// Asks for the series of a query whose limit is high enough. Blocking.
    ///
    /// # Errors
    /// As [`Store::query`].
    pub fn ask(&mut self, query: &Query) -> Result<Vec<AnswerSeries>, QueryError> {
        let answer = self.store.query(query)?;
        self.missing.extend(answer.missing);
        Ok(answer.series)
    }

    /// What is known to be missing from everything that was asked for, in words with its extent.
    pub fn missing(&mut self) -> Vec<String> {
        std::mem::take(&mut self.missing).into_iter().collect()
    }
}
