//! A copy of a running store, and a store from such a copy.
//!
//! What was acknowledged before a backup begins is in it. It has only day files: memory is sealed first, then seals and
//! upkeep wait for the moment in which the files are opened and their lengths noted. Files only grow behind that length
//! or are replaced as a whole, so they are copied while writes, seals and queries go on.
//!
//! The folder gets its name when all is there; until then it is called `NAME.partial`, and a backup that was
//! interrupted is begun anew. `backup.json` has the length and checksum of each file.

mod manifest;
mod restore;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::Store;
use super::error::StoreError;
use super::segment::sync_dir;
use super::table::Nanos;
use crate::meta::{self, Meta, MetaError};
use manifest::{Entry, Manifest};
pub use restore::restore;

/// What a backup or a restore copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Day files, and the one of what users did.
    pub files: usize,
    /// Bytes of them.
    pub bytes: u64,
}

/// Why there is no backup, or no store from one. Nothing is left under the target's name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Something is there, and is not overwritten.
    #[error("{} is not empty: name a folder that does not exist", .0.display())]
    NotEmpty(PathBuf),
    /// The backup would lie in what it copies.
    #[error("{} lies in the data folder {}: name a folder elsewhere", target.display(), data.display())]
    Inside {
        /// The folder that was named.
        target: PathBuf,
        /// The data folder.
        data: PathBuf,
    },
    /// Not what a backup made, or one that did not come to its end.
    #[error("{} is no complete backup: it has no backup.json", .0.display())]
    NoBackup(PathBuf),
    /// The list of its files cannot be read.
    #[error("cannot read {}", path.display())]
    Manifest {
        /// The list.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// Made by a newer server.
    #[error("{} has format {found}, this server reads up to {reads}: use a newer plimsoll", path.display())]
    NewerFormat {
        /// The backup.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest known here.
        reads: u32,
    },
    /// A file is not as it was when the backup was made.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where, or in which way.
        what: String,
    },
    /// What users did cannot be copied.
    #[error(transparent)]
    Meta(#[from] MetaError),
    /// The store could not write down what it has in memory.
    #[error(transparent)]
    Store(#[from] StoreError),
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

fn failed<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> BackupError + 'a {
    move |source| BackupError::Io {
        doing,
        path: path.into(),
        source,
    }
}

impl Store {
    /// Copies all that was acknowledged so far to a new folder, while writes and queries go on; `meta` first, if there is
    /// one. Blocking.
    ///
    /// # Errors
    /// When the folder has something in it or lies in the store's own, or a file cannot be read or written. The store is not
    /// touched by that.
    pub fn backup(
        &self,
        meta: Option<&Meta>,
        target: &Path,
        now: Nanos,
    ) -> Result<Copied, BackupError> {
        refuse_inside(target, &self.config.dir)?;
        let partial = Partial::begin(target)?;
        let mut manifest = Manifest::new(now);
        if let Some(meta) = meta {
            let path = partial.folder.join(meta::FILE);
            meta.copy_to(&path)?;
            let entry = Entry::of(&path, meta::FILE).map_err(failed("read", &path))?;
            manifest.files.push(entry);
        }
        self.flush()?;
        let files = self.open_for_backup()?;
        for (file, path, length) in &files {
            let name = path
                .strip_prefix(&self.config.dir)
                .unwrap_or(path)
                .to_string_lossy()
                .into_owned();
            let checksum = partial.copy(file, path, &name, *length)?;
            manifest.files.push(Entry {
                name,
                length: *length,
                crc32c: checksum,
            });
        }
        manifest.write(&partial.folder)?;
        partial.finish()?;
        Ok(Copied {
            files: manifest.files.len(),
            bytes: manifest.files.iter().map(|entry| entry.length).sum(),
        })
    }

    /// All day files with their lengths, between two seals.
    fn open_for_backup(&self) -> Result<Vec<(File, PathBuf, u64)>, BackupError> {
        let _no_upkeep = self.upkeep.lock();
        let _no_seal = self.sealer.pause();
        let open = |path: &Path| File::open(path).map_err(failed("open", path));
        let files = self.files.all();
        files
            .iter()
            .map(|file| Ok((open(file.path())?, file.path().into(), file.length())))
            .collect()
    }
}

/// A folder on its way to its name; removed when it does not get there.
struct Partial {
    folder: PathBuf,
    target: PathBuf,
    is_done: bool,
}

impl Partial {
    fn begin(target: &Path) -> Result<Self, BackupError> {
        refuse_what_is_there(target)?;
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let folder = target.with_file_name(name);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("remove", &folder)(error));
            }
            _ => fs::create_dir_all(&folder).map_err(failed("create", &folder))?,
        }
        Ok(Self {
            folder,
            target: target.into(),
            is_done: false,
        })
    }

    /// Copies the first bytes of a file, and makes sure that they are on disk; tells their checksum.
    fn copy(&self, from: &File, path: &Path, name: &str, length: u64) -> Result<u32, BackupError> {
        let to = self.folder.join(name);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(failed("create", folder))?;
        }
        let file = File::create_new(&to).map_err(failed("create", &to))?;
        let (copied, checksum) =
            manifest::copy(from, &file, length).map_err(failed("copy", path))?;
        if copied < length {
            let what = format!("it has {copied} of {length} bytes");
            return Err(BackupError::Damaged {
                path: path.into(),
                what,
            });
        }
        file.sync_data().map_err(failed("sync", &to))?;
        Ok(checksum)
    }

    /// Gives the folder its name.
    fn finish(mut self) -> Result<(), BackupError> {
        let entries = fs::read_dir(&self.folder).map_err(failed("list", &self.folder))?;
        for folder in entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
        {
            sync_dir(&folder).map_err(failed("sync", &folder))?;
        }
        sync_dir(&self.folder).map_err(failed("sync", &self.folder))?;
        // An empty folder of that name gives way.
        fs::rename(&self.folder, &self.target).map_err(failed("rename", &self.folder))?;
        self.is_done = true;
        let above = self
            .target
            .parent()
            .filter(|above| !above.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        sync_dir(above).map_err(failed("sync", above))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_done
            && let Err(error) = fs::remove_dir_all(&self.folder)
        {
            let folder = self.folder.display();
            tracing::warn!(%error, "cannot remove {folder}, which is incomplete");
        }
    }
}

fn refuse_inside(target: &Path, data: &Path) -> Result<(), BackupError> {
    let data = fs::canonicalize(data).map_err(failed("open", data))?;
    let there = target
        .ancestors()
        .find_map(|path| fs::canonicalize(path).ok());
    match there {
        Some(there) if there.starts_with(&data) => Err(BackupError::Inside {
            target: target.into(),
            data,
        }),
        _ => Ok(()),
    }
}

fn refuse_what_is_there(target: &Path) -> Result<(), BackupError> {
    match fs::read_dir(target).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(BackupError::NotEmpty(target.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("open", target)(error)),
    }
}

#[cfg(test)]
mod tests;
