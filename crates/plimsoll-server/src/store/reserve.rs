//! Room kept free on the disk, so that what is in the journal can be sealed when nothing else can be written.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::PathBuf;

use parking_lot::Mutex;
use rustix::fs::FallocateFlags;

/// It grows and shrinks in steps of so many bytes; a journal smaller than that keeps no room.
const STEP: u64 = 1 << 20;

/// A file of nothing, as large as what waits to be sealed: blocks take less than the journal did.
#[derive(Debug)]
pub(crate) struct Reserve {
    path: PathBuf,
    size: Mutex<u64>,
}

impl Reserve {
    /// Begins with nothing; what an earlier process kept is given back.
    pub(crate) fn new(path: PathBuf) -> Reserve {
        // Mostly it is not there.
        let _ = fs::remove_file(&path);
        Reserve {
            path,
            size: Mutex::new(0),
        }
    }

    /// Keeps room for `bytes`.
    ///
    /// # Errors
    /// When there is no more.
    pub(crate) fn keep(&self, bytes: u64) -> io::Result<()> {
        let wanted = bytes / STEP * STEP;
        let mut size = self.size.lock();
        if wanted > *size {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&self.path)?;
            allocate(&file, wanted).inspect_err(|_| {
                // What was set aside of it; if even this fails, the next start gives it back.
                let _ = file.set_len(*size);
            })?;
            *size = wanted;
        }
        Ok(())
    }

    /// Whether what is set aside is room for `bytes`.
    pub(crate) fn is_enough_for(&self, bytes: u64) -> bool {
        bytes / STEP * STEP <= *self.size.lock()
    }

    /// Gives back what is more than room for `bytes`.
    pub(crate) fn shrink(&self, bytes: u64) {
        let wanted = bytes / STEP * STEP;
        let mut size = self.size.lock();
        if wanted < *size {
            let shrunk = match wanted {
                0 => fs::remove_file(&self.path),
                _ => OpenOptions::new()
                    .write(true)
                    .open(&self.path)
                    .and_then(|file| file.set_len(wanted)),
            };
            if let Err(error) = shrunk {
                tracing::warn!(path = %self.path.display(), %error, "cannot give room back");
            }
            *size = wanted;
        }
    }
}

/// A file system that cannot set room aside has to do without.
fn allocate(file: &File, size: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, size) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
        done => done.map_err(Into::into),
    }
}
