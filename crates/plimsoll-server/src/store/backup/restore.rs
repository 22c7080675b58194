//! A store from a backup.

use std::fs::File;
use std::path::{Component, Path};

use super::manifest::{Entry, Manifest};
use super::{BackupError, Copied, Partial, failed};
use crate::meta;
use crate::store::frame::{Found, Frames};

/// Makes a store's folder from a backup. Every file is checked as a whole, and then each of its frames. Blocking.
///
/// # Errors
/// When the target has something in it, or the backup is not complete and whole: then there is no target.
pub fn restore(backup: &Path, target: &Path) -> Result<Copied, BackupError> {
    let manifest = Manifest::read(backup)?;
    let partial = Partial::begin(target)?;
    let mut copied = Copied::default();
    for entry in &manifest.files {
        restore_file(backup, entry, &partial)?;
        copied.files += 1;
        copied.bytes += entry.length;
    }
    partial.finish()?;
    Ok(copied)
}

fn restore_file(backup: &Path, entry: &Entry, partial: &Partial) -> Result<(), BackupError> {
    let path = backup.join(&entry.name);
    let damaged = |what: String| BackupError::Damaged {
        path: path.clone(),
        what,
    };
    if !Path::new(&entry.name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
    {
        return Err(damaged(format!(
            "`{}` is no name of a file in it",
            entry.name
        )));
    }
    let file = File::open(&path).map_err(failed("open", &path))?;
    let length = file.metadata().map_err(failed("read", &path))?.len();
    if length != entry.length {
        return Err(damaged(format!(
            "it has {length} bytes instead of {}",
            entry.length
        )));
    }
    let checksum = partial.copy(&file, &path, &entry.name, length)?;
    if entry.name == meta::FILE {
        if checksum != entry.crc32c {
            return Err(damaged("its checksum is another".into()));
        }
        return Ok(meta::check(&partial.folder.join(meta::FILE))?);
    }
    match broken_frame(&file, length) {
        Some(what) => Err(damaged(what)),
        None if checksum != entry.crc32c => Err(damaged("its checksum is another".into())),
        None => Ok(()),
    }
}

fn broken_frame(file: &File, length: u64) -> Option<String> {
    Frames::new(file, 0, length).find_map(|found| match found {
        Found::Frame(_) => None,
        Found::Hole(hole) => Some(format!(
            "bytes {}..{} are none that were written",
            hole.start, hole.end
        )),
        Found::Foreign { format } => Some(format!("it has a frame of format {format}")),
    })
}
