//! The list of a backup's files.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{BackupError, failed};
use crate::store::table::Nanos;

/// The list's name.
pub(super) const NAME: &str = "backup.json";

/// The format of list and folder. 2 may have `meta.db`.
pub(super) const FORMAT: u32 = 2;

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// When it was made, nanoseconds since the epoch.
    pub(super) made: Nanos,
    pub(super) files: Vec<Entry>,
}

/// One of its files.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Relative to the folder, with `/`.
    pub(super) name: String,
    /// Bytes.
    pub(super) length: u64,
    /// Of all of them.
    pub(super) crc32c: u32,
}

impl Entry {
    /// What a file is like.
    pub(super) fn of(path: &Path, name: &str) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        Ok(Self {
            name: name.to_owned(),
            length: bytes.len() as u64,
            crc32c: crc32c::crc32c(&bytes),
        })
    }
}

impl Manifest {
    pub(super) fn new(now: Nanos) -> Self {
        Self {
            format: FORMAT,
            made: now,
            files: Vec::new(),
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let path = folder.join(NAME);
        let text = serde_json::to_vec_pretty(self).expect("plain numbers and texts");
        let written = File::create_new(&path).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()
        });
        written.map_err(failed("write", &path))
    }

    pub(super) fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(NAME);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::NoBackup(folder.into()));
            }
            read => read.map_err(failed("read", &path))?,
        };
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|source| BackupError::Manifest { path, source })?;
        if manifest.format > FORMAT {
            return Err(BackupError::NewerFormat {
                path: folder.into(),
                found: manifest.format,
                reads: FORMAT,
            });
        }
        Ok(manifest)
    }
}

/// Copies up to `length` bytes; tells how many there were, and their checksum.
pub(super) fn copy(from: &File, mut to: &File, length: u64) -> io::Result<(u64, u32)> {
    let mut from = from.take(length);
    let mut buffer = vec![0; 1 << 20];
    let (mut copied, mut checksum) = (0, 0);
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok((copied, checksum));
        }
        checksum = crc32c::crc32c_append(checksum, &buffer[..read]);
        to.write_all(&buffer[..read])?;
        copied += read as u64;
    }
}
