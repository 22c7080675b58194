//! One process per folder: a lock that says who holds it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use parking_lot::Mutex;
use rustix::fs::FlockOperation;

use super::error::StoreError;

/// Held for as long as the store is open; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct FolderLock {
    file: Mutex<File>,
}

impl FolderLock {
    /// Takes the lock of a folder.
    ///
    /// # Errors
    /// [`StoreError::Locked`] with what the holder wrote about itself.
    pub(crate) fn take(dir: &Path) -> Result<FolderLock, StoreError> {
        let path = dir.join("lock");
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let mut file = opened.map_err(|source| StoreError::io("open", &path, source))?;
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                let told = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
                let holder = if told {
                    holder.trim().replace('\n', ", ")
                } else {
                    "an unknown process".into()
                };
                return Err(StoreError::Locked {
                    dir: dir.into(),
                    holder,
                });
            }
            Err(error) => return Err(StoreError::io("lock", &path, error.into())),
        }
        let lock = FolderLock {
            file: Mutex::new(file),
        };
        lock.tell(None)
            .map_err(|source| StoreError::io("write", &path, source))?;
        Ok(lock)
    }

    /// Writes who holds the lock, and where it answers.
    pub(crate) fn tell(&self, url: Option<&str>) -> io::Result<()> {
        let mut file = self.file.lock();
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "process {}", std::process::id())?;
        match url {
            Some(url) => write!(file, "\n{url}"),
            None => Ok(()),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing would not do while a process that is being started still has a copy of the descriptor.
        if let Err(error) = rustix::fs::flock(&*self.file.lock(), FlockOperation::Unlock) {
            tracing::warn!(%error, "cannot let go of the folder's lock");
        }
    }
}
