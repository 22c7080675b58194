//! Why `meta.db` cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// What went wrong with the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetaError {
    /// A newer server has written it.
    #[error(
        "{} has format {found}, this plimsoll ({}) reads up to {reads}: use plimsoll {needs} or newer",
        path.display(),
        env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: usize,
        /// The newest known here.
        reads: usize,
        /// The version that first wrote it.
        needs: String,
    },
    /// It is no database, or one with broken pages.
    #[error(
        "{} is damaged ({what}): restore it from a backup, or move it away to begin without tokens",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        what: String,
    },
    /// SQLite refused.
    #[error("cannot {doing} {}", path.display())]
    Sql {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: rusqlite::Error,
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
}

impl MetaError {
    pub(super) fn sql(doing: &'static str, path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match source.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged {
                path: path.into(),
                what: source.to_string(),
            },
            _ => Self::Sql {
                doing,
                path: path.into(),
                source,
            },
        }
    }

    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            doing,
            path: path.into(),
            source,
        }
    }

    /// Whether the disk has no more room.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Sql { source, .. } => {
                source.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
            }
            Self::Io { source, .. } => source.kind() == io::ErrorKind::StorageFull,
            _ => false,
        }
    }
}
