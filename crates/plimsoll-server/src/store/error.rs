//! What can go wrong with a store.

use std::io;
use std::path::{Path, PathBuf};

use super::schema::FieldError;
use super::wire::Malformed;

/// A store that could not be opened or looked after.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has the folder.
    #[error("{} is in use by {holder}", dir.display())]
    Locked {
        /// The folder.
        dir: PathBuf,
        /// What the other process wrote about itself.
        holder: String,
    },
    /// Written by a newer server.
    #[error("{} has format {found}, this server reads up to {reads}: use a newer plimsoll", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u8,
        /// The newest known here.
        reads: u8,
    },
    /// The system refused.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Bytes with a good checksum make no sense.
    #[error("cannot decode {}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: Malformed,
    },
}

impl StoreError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
        StoreError::Io {
            doing,
            path: path.into(),
            source,
        }
    }

    /// Whether it is for lack of room: done again, it works when there is some.
    pub fn is_full(&self) -> bool {
        matches!(self, StoreError::Io { source, .. } if is_full(source))
    }
}

/// Whether the system refused for lack of room.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// A batch that was not taken. Nothing of it is kept.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// No room; try again when there is.
    #[error("the disk is full")]
    DiskFull,
    /// The disk failed, or the store is closing; try again.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A column's type is not its field's, or the field is one too many.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// Larger than a batch may be.
    #[error("a batch of {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Encoded size.
        bytes: usize,
        /// The most.
        limit: usize,
    },
    /// A series was forgotten for its idleness between its rows' arrival and now; try again.
    #[error("a series was forgotten meanwhile")]
    Forgotten,
    /// Columns of unequal length.
    #[error("column `{0}` has another number of rows than its table")]
    Uneven(String),
}
