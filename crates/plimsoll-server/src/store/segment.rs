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

/// The unit in which the system writes a file: a page that is half filled is written again when the next frame joins it.
const PAGE: u64 = 4096;

/// Groups of frames longer than this are not padded: there a page more or less does not count.
const PADDED_UP_TO: usize = 64 << 10;

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

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Writes frames behind the last and syncs. After an error nothing of them counts; after a failed sync
    /// ([`io::ErrorKind::Other`] is all that is known of it) the segment must not be written to again.
    pub(crate) fn append(&mut self, frames: &[&[u8]]) -> io::Result<()> {
        let written = self.write(frames).inspect_err(|_| self.cut_back())?;
        self.file.sync_data().map_err(|error| {
            self.cut_back();
            io::Error::other(error)
        })?;
        self.length += written;
        Ok(())
    }

    /// Tells how many bytes it wrote.
    fn write(&self, frames: &[&[u8]]) -> io::Result<u64> {
        let total: usize = frames.iter().map(|frame| frame.len()).sum();
        let padding = padding(self.length, total);
        let padded = padding.as_ref().map_or(0, Vec::len);
        match (frames, &padding) {
            ([one], None) => self.file.write_all_at(one, self.length)?,
            _ => {
                let mut joined = frames.concat();
                joined.extend(padding.iter().flatten());
                self.file.write_all_at(&joined, self.length)?;
            }
        }
        Ok((total + padded) as u64)
    }

    /// What is half written goes. If even that fails, replay finds a frame without a good checksum there.
    fn cut_back(&self) {
        if let Err(error) = self.file.set_len(self.length) {
            tracing::warn!(segment = self.number, %error, "cannot cut segment {} back to its last good length", self.number);
        }
    }
}

/// A frame that fills the rest of the last page, where a group as long as the last would not fit into it any more: the
/// next group then touches one page less. `at` is where the last group begins, `length` its bytes.
fn padding(at: u64, length: usize) -> Option<Vec<u8>> {
    let room = (PAGE - (at + length as u64) % PAGE) as usize;
    if length > PADDED_UP_TO || room < frame::HEADER || room >= length {
        return None;
    }
    let mut padding = frame::begin(room);
    padding.resize(room, 0);
    frame::finish(&mut padding, 0, Kind::Padding);
    Some(padding)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::frame::{Found, Frames};

    fn batch(length: usize) -> Vec<u8> {
        let mut frame = frame::begin(length);
        frame.resize(length, 7);
        frame::finish(&mut frame, 0, Kind::Batch);
        frame
    }

    #[test]
    fn no_group_touches_a_page_more_than_it_needs() {
        let dir = tempfile::tempdir().unwrap();
        let mut segment = Segment::create(dir.path(), 1).unwrap();
        for length in [1900, 1900, 1900, 1500, 1500, 5000, 5000] {
            let start = segment.length;
            segment.append(&[&batch(length)]).unwrap();
            let pages = (start + length as u64 - 1) / PAGE - start / PAGE + 1;
            assert_eq!(pages, (length as u64).div_ceil(PAGE), "{length} at {start}");
        }
        assert_eq!(
            fs::metadata(path(dir.path(), 1)).unwrap().len(),
            segment.length
        );
    }

    #[test]
    fn padding_is_no_damage() {
        let dir = tempfile::tempdir().unwrap();
        let mut segment = Segment::create(dir.path(), 1).unwrap();
        for length in 20..3000 {
            if length % 7 == 0 {
                segment.append(&[&batch(length)]).unwrap();
            }
        }
        let found = Frames::new(&segment.file, 0, segment.length);
        let kinds: Vec<Kind> = found
            .map(|found| match found {
                Found::Frame(frame) => frame.kind,
                other => panic!("{other:?}"),
            })
            .collect();
        let of = |kind| kinds.iter().filter(|found| **found == kind).count();
        assert_eq!(
            of(Kind::Batch),
            (20..3000).filter(|length| length % 7 == 0).count()
        );
        assert!(of(Kind::Padding) > 0);
    }
}
