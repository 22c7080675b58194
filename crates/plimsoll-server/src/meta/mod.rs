//! `meta.db`: what users do, as opposed to what services send. One SQLite file in the data folder.
//!
//! Who has the folder's lock has the file: one process, one connection. Everything here blocks; handlers call it from
//! threads that may. A change is on disk when its call returns (`synchronous=FULL`), and is all there or not at all.
//!
//! Each part has its tables in [`migrations`] and its statements in a file of its own ([`tokens`], [`sessions`],
//! [`outbox`]).

pub mod alerts;
pub mod deploys;
mod error;
mod migrations;
pub mod outbox;
pub mod sessions;
pub mod silences;
pub mod suggestions;
#[cfg(test)]
mod tests;
pub mod thresholds;
pub mod tokens;

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub use error::MetaError;

use crate::store::table::Nanos;

/// The file's name in the data folder.
pub const FILE: &str = "meta.db";

/// How SQLite keeps it.
const PRAGMAS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -64000;
    PRAGMA temp_store = MEMORY;
    PRAGMA foreign_keys = ON;
    PRAGMA busy_timeout = 30000;
";

/// The open file.
#[derive(Debug)]
pub struct Meta {
    connection: Mutex<Connection>,
    path: PathBuf,
}

impl Meta {
    /// Opens the file of a data folder, made if need be, and brings it to this server's format; a copy of an older one is
    /// kept beside it. The caller holds the folder's lock.
    ///
    /// # Errors
    /// [`MetaError::Newer`] for a file of a newer server, [`MetaError::Damaged`] for one that is no database.
    pub fn open(dir: &Path, now: Nanos) -> Result<Arc<Self>, MetaError> {
        let path = dir.join(FILE);
        // Hashes only, but nobody else's business.
        private_file(&path).map_err(|source| MetaError::io("open", &path, source))?;
        let mut connection =
            Connection::open(&path).map_err(|source| MetaError::sql("open", &path, source))?;
        let checked = connection
            .execute_batch(PRAGMAS)
            .and_then(|()| whole(&connection));
        match checked {
            Ok(None) => {}
            Ok(Some(what)) => return Err(MetaError::Damaged { path, what }),
            Err(source) => return Err(MetaError::sql("open", &path, source)),
        }
        migrations::bring_up_to_date(&mut connection, &path, now)?;
        Ok(Arc::new(Self {
            connection: Mutex::new(connection),
            path,
        }))
    }

    /// The data folder.
    pub fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Looks into a folder that a server may hold, without changing anything; `None` when there is no file yet.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn peek<T>(
        dir: &Path,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, MetaError> {
        let path = dir.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)
            .map_err(|source| MetaError::sql("open", &path, source))?;
        migrations::refuse_newer(&connection, &path)?;
        if migrations::is_empty(&connection, &path)? {
            return Ok(None);
        }
        look(&connection)
            .map(Some)
            .map_err(|source| MetaError::sql("read", &path, source))
    }

    /// Writes a copy of all that is committed to a new file, while others read and write. Blocking.
    ///
    /// # Errors
    /// A file that is there already, a disk that refuses.
    pub fn copy_to(&self, target: &Path) -> Result<(), MetaError> {
        copy(&self.connection.lock(), target)
    }

    /// Reads.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, MetaError> {
        let connection = self.connection.lock();
        work(&connection).map_err(|source| MetaError::sql("read", &self.path, source))
    }

    /// Changes something, all of it or nothing; `work` may refuse with an error of its own.
    pub(crate) fn change<T, E: From<MetaError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<Result<T, E>, rusqlite::Error>,
    ) -> Result<T, E> {
        let mut connection = self.connection.lock();
        let failed = |source| E::from(MetaError::sql("write", &self.path, source));
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let done = work(&transaction).map_err(failed)??;
        transaction.commit().map_err(failed)?;
        Ok(done)
    }
}

/// Checks a file that no process has open, page by page.
///
/// # Errors
/// [`MetaError::Damaged`] with what SQLite found.
pub fn check(path: &Path) -> Result<(), MetaError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|source| MetaError::sql("open", path, source))?;
    match whole(&connection).map_err(|source| MetaError::sql("check", path, source))? {
        None => Ok(()),
        Some(what) => Err(MetaError::Damaged {
            path: path.into(),
            what,
        }),
    }
}

/// What is broken in it, if anything.
fn whole(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    Ok(Some(found).filter(|found| found != "ok"))
}

fn copy(connection: &Connection, target: &Path) -> Result<(), MetaError> {
    let io = |source| MetaError::io("create", target, source);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(target)
        .map_err(io)?;
    connection
        .execute("VACUUM INTO ?1", [target.to_string_lossy()])
        .map_err(|source| MetaError::sql("copy to", target, source))?;
    file.sync_all()
        .map_err(|source| MetaError::io("sync", target, source))
}

fn private_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    // One that was restored may be open to others.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}
