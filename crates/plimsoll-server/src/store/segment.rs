//! One file of the journal: frames at the end, one sync for many.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::frame::{self, Kind};
use super::wire::{self, Decoded, Malformed, Reader};

/// What the first frame of a file says.
const JOURNAL: &str = "journal";

/// A segment that is written to.
#[derive(Debug)]
pub(crate) struct Segment {
    file: File,
    path: PathBuf,
    number: u64,
    /// Up to here everything is written and synced.
    length: u64,
}

impl Segment {
    /// Makes a new segment; it survives a power cut when this returns.
    pub(crate) fn create(dir: &Path, number: u64) -> io::Result<Segment> {
        let path = path(dir, number);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&path)?;
        let mut head = frame::begin(32);
        wire::put_bytes(&mut head, JOURNAL.as_bytes());
        wire::put_varint(&mut head, number);
        frame::finish(&mut head, 0, Kind::File);
        let mut segment = Segment {
            file,
            path,
            number,
            length: 0,
        };
        let made = segment.append(&[&head]).and_then(|()| sync_dir(dir));
        if made.is_err() {
            // Not there for a later try to stumble over; if this fails too, the number is passed over.
            let _ = fs::remove_file(&segment.path);
        }
        made.map(|()| segment)
    }

    /// Goes on with a segment that replay has read to its end.
    pub(crate) fn reopen(dir: &Path, number: u64, length: u64) -> io::Result<Segment> {
        let path = path(dir, number);
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        file.set_len(length)?;
        Ok(Segment {
            file,
            path,
            number,
            length,
        })
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Writes frames behind the last and syncs. After an error nothing of them counts; after a failed sync
    /// ([`io::ErrorKind::Other`] is all that is known of it) the segment must not be written to again.
    pub(crate) fn append(&mut self, frames: &[&[u8]]) -> io::Result<()> {
        let total: usize = frames.iter().map(|frame| frame.len()).sum();
        self.write(frames).inspect_err(|_| self.cut_back())?;
        self.file.sync_data().map_err(|error| {
            self.cut_back();
            io::Error::other(error)
        })?;
        self.length += total as u64;
        Ok(())
    }

    fn write(&self, frames: &[&[u8]]) -> io::Result<()> {
        match frames {
            [one] => self.file.write_all_at(one, self.length),
            many => self.file.write_all_at(&many.concat(), self.length),
        }
    }

    /// What is half written goes. If even that fails, replay finds a frame without a good checksum there.
    fn cut_back(&self) {
        if let Err(error) = self.file.set_len(self.length) {
            tracing::warn!(segment = self.number, %error, "cannot cut segment {} back to its last good length", self.number);
        }
    }
}

/// The number in a segment's first frame.
pub(crate) fn read_head(payload: &[u8]) -> Decoded<u64> {
    let mut reader = Reader::new(payload);
    if reader.text()? != JOURNAL {
        return Err(Malformed("head of a segment"));
    }
    reader.varint()
}

/// Where a segment is.
pub(crate) fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.seg"))
}

/// The segments of a folder, oldest first.
pub(crate) fn list(dir: &Path) -> Result<Vec<u64>, StoreError> {
    let entries = fs::read_dir(dir).map_err(|source| StoreError::io("list", dir, source))?;
    let mut numbers = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| StoreError::io("list", dir, source))?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".seg"));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Bytes of the segments of a folder; what vanishes meanwhile counts nothing.
pub(crate) fn total(dir: &Path) -> u64 {
    let numbers = list(dir).unwrap_or_default();
    let lengths = numbers
        .into_iter()
        .filter_map(|number| fs::metadata(path(dir, number)).ok());
    lengths.map(|about| about.len()).sum()
}

/// Makes what was created, renamed or removed in a folder survive a power cut.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
