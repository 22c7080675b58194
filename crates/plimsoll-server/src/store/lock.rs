//! One process per folder: a lock that says who holds it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use parking_lot::Mutex;
use rustix::fs::FlockOperation;

use super::error::StoreError;

/// Who has a folder open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process number, as it sees itself.
    pub process: Option<u32>,
    /// Where it answers; none while it starts, or when it is no server.
    pub url: Option<String>,
}

impl Holder {
    /// Who has `dir` open now; `None`: nobody. Takes no lock, so that a server that starts meanwhile is not disturbed.
    ///
    /// # Errors
    /// A lock file that may not be read.
    pub fn of(dir: &Path) -> io::Result<Option<Self>> {
        let path = dir.join("lock");
        let inode = match std::fs::metadata(&path) {
            Ok(meta) => meta.ino(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // `1: FLOCK  ADVISORY  WRITE 4711 08:01:123456 0 EOF`
        let locks = std::fs::read_to_string("/proc/locks")?;
        let held = locks.lines().any(|line| {
            line.contains("FLOCK")
                && line.split_whitespace().any(|word| {
                    word.rsplit_once(':')
                        .is_some_and(|(_, last)| last == inode.to_string())
                })
        });
        if !held {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path)?;
        let told = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
        Ok(Some(Self {
            process: told("process ").and_then(|number| number.parse().ok()),
            url: text
                .lines()
                .find(|line| line.starts_with("http"))
                .map(str::to_owned),
        }))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_tells_who_has_it_open_only_while_it_is_open() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Holder::of(dir.path()).unwrap(), None);
        let lock = FolderLock::take(dir.path()).unwrap();
        let process = Some(std::process::id());
        let held = |url: Option<&str>| {
            let url = url.map(str::to_owned);
            Some(Holder { process, url })
        };
        assert_eq!(Holder::of(dir.path()).unwrap(), held(None));
        let url = "http://127.0.0.1:1876";
        lock.tell(Some(url)).unwrap();
        assert_eq!(Holder::of(dir.path()).unwrap(), held(Some(url)));
        drop(lock);
        assert_eq!(Holder::of(dir.path()).unwrap(), None);
    }
}
