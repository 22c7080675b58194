//! Why a query cannot be answered.

use crate::store::error::StoreError;

/// A query that cannot be answered as it stands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// No column was asked for.
    #[error("a query needs at least one field")]
    NoFields,
    /// Rows as they are and aggregates cannot stand side by side.
    #[error("fields with and without aggregate cannot be asked for at once")]
    MixedRows,
    /// An expression grew too large when made to match whole values.
    #[error("cannot match whole tag values with the expression")]
    Pattern(#[from] regex::Error),
    /// More buckets than fit into memory.
    #[error(
        "the answer has more than {limit} buckets over all groups: use a wider step or a shorter range"
    )]
    TooManyBuckets {
        /// The most.
        limit: usize,
    },
    /// The files could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}
