//! Writing blocks to a day file: behind what it has, or the whole file anew.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use parking_lot::MutexGuard;

use super::block::{self, SortedRows};
use super::commit::{self, BlockRef, Commit, Hour, SealedRun};
use super::day_file::{DayFile, View};
use super::frame::{self, Kind};
use super::segment::sync_dir;
use super::wire;

/// What the first frame of a file says.
const DAY_FILE: &str = "blocks";

/// Buffered until so many bytes.
const BUFFER: usize = 1 << 20;

/// Writes the blocks of one seal, or those of a whole file anew.
#[derive(Debug)]
pub(crate) struct Appender<'a> {
    day: &'a DayFile,
    _alone: MutexGuard<'a, ()>,
    target: PathBuf,
    file: Option<File>,
    buffer: Vec<u8>,
    /// Where the buffer belongs in the file.
    at: u64,
    anew: bool,
    runs: Vec<SealedRun>,
    commit: Commit,
}

impl<'a> Appender<'a> {
    pub(super) fn behind(
        day: &'a DayFile,
        alone: MutexGuard<'a, ()>,
        seal: u64,
        length: u64,
    ) -> Appender<'a> {
        let commit = Commit {
            seal,
            start: length,
            ..Commit::default()
        };
        Appender::with(day, alone, day.path().into(), commit, length, false)
    }

    pub(super) fn anew(
        day: &'a DayFile,
        alone: MutexGuard<'a, ()>,
        commit: Commit,
    ) -> Appender<'a> {
        Appender::with(
            day,
            alone,
            day.path().with_extension("tmp"),
            commit,
            0,
            true,
        )
    }

    fn with(
        day: &'a DayFile,
        alone: MutexGuard<'a, ()>,
        target: PathBuf,
        commit: Commit,
        at: u64,
        anew: bool,
    ) -> Appender<'a> {
        Appender {
            day,
            _alone: alone,
            target,
            file: None,
            buffer: Vec::new(),
            at,
            anew,
            runs: Vec::new(),
            commit,
        }
    }

    /// Writes a block. Rows come sorted by measurement, series and time.
    pub(crate) fn push(&mut self, rows: &SortedRows) -> io::Result<()> {
        self.begin();
        let Some(times) = rows.time_range() else {
            return Ok(());
        };
        let frame = block::encode(rows, self.commit.seal);
        let place = (self.at + self.buffer.len() as u64, frame.len() as u32);
        commit::add(
            &mut self.runs,
            self.commit.seal,
            &rows.measurement,
            &rows.series,
            times,
            place,
        );
        if self.anew {
            // Which seals touched which hours was told by the commits before, and stays.
            self.commit.know_rows(rows);
        } else {
            self.commit.add(rows);
        }
        self.put(&frame)
    }

    /// Copies a run from another place (or an earlier state of this file) as it is; damaged blocks are left out.
    pub(crate) fn copy(&mut self, view: &View, run: &SealedRun) -> io::Result<()> {
        self.begin();
        let mut copy = SealedRun {
            blocks: Vec::new(),
            ..run.clone()
        };
        for block in &run.blocks {
            let Ok(frame) = view.frame(run, block) else {
                continue;
            };
            let Ok(read) = block::decode(frame.payload.clone()) else {
                continue;
            };
            self.commit.know(&read);
            copy.blocks.push(BlockRef {
                offset: self.at + self.buffer.len() as u64,
                ..*block
            });
            let mut bytes = frame::begin(frame.payload.len());
            bytes.extend_from_slice(&frame.payload);
            frame::finish(&mut bytes, 0, Kind::Block);
            self.put(&bytes)?;
        }
        if !copy.blocks.is_empty() {
            self.runs.push(copy);
        }
        Ok(())
    }

    fn put(&mut self, frame: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(frame);
        if self.buffer.len() >= BUFFER {
            self.write()
        } else {
            Ok(())
        }
    }

    /// The file's head comes first.
    fn begin(&mut self) {
        if self.at == 0 && self.buffer.is_empty() {
            self.buffer = frame::begin(64);
            wire::put_bytes(&mut self.buffer, DAY_FILE.as_bytes());
            wire::put_bytes(&mut self.buffer, self.day.period.tier.folder().as_bytes());
            wire::put_bytes(&mut self.buffer, self.day.period.to_string().as_bytes());
            frame::finish(&mut self.buffer, 0, Kind::File);
            self.commit.start = self.buffer.len() as u64;
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let mut options = OpenOptions::new();
                let opened = options
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(&self.target)?;
                // What an attempt that failed may have left behind.
                opened.set_len(self.at)?;
                none.insert(opened)
            }
        };
        file.write_all_at(&self.buffer, self.at)?;
        self.at += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Makes what was written count: when this returns it survives a power cut and is seen by readers.
    /// `covers` are the hours that a rollup computed, and up to which seal.
    pub(crate) fn commit(
        mut self,
        covers: impl IntoIterator<Item = (Hour, u64)>,
    ) -> io::Result<()> {
        self.begin();
        self.commit.covers.extend(covers);
        if !self.runs.is_empty() {
            let index = commit::encode_index(&self.runs);
            self.commit.index = Some((self.at + self.buffer.len() as u64, index.len() as u32));
            self.buffer.extend_from_slice(&index);
        }
        self.buffer.extend_from_slice(&self.commit.encode());
        self.write()?;
        let file = self.file.take().expect("opened by write");
        file.sync_data()?;
        if self.anew {
            fs::rename(&self.target, self.day.path())?;
        }
        if self.anew || self.day.is_empty() {
            sync_dir(self.day.path().parent().unwrap_or(Path::new(".")))?;
        }
        self.day
            .committed(self.commit, self.runs, self.at, self.anew);
        Ok(())
    }
}
