//! A file of sealed blocks: opened, read, appended to.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};

use super::block::{self, Block};
use super::commit::{self, BlockRef, Commit, SealedRun};
use super::damage::{Damage, DamageLog};
use super::error::StoreError;
use super::frame::{self, Kind};
use super::salvage;
use super::segment::sync_dir;
use super::tier::Period;
use super::wire;

/// A file of sealed blocks. Its handle and index are there while it is used.
#[derive(Debug)]
pub struct DayFile {
    /// What it covers.
    pub period: Period,
    path: PathBuf,
    state: Mutex<State>,
    /// Held by whoever appends or replaces.
    writer: Mutex<()>,
    used: AtomicU64,
    damage: Arc<DamageLog>,
}

#[derive(Debug)]
struct State {
    length: u64,
    commits: Arc<Vec<Commit>>,
    /// Runs of blocks that no readable commit speaks for.
    salvaged: Arc<Vec<Arc<SealedRun>>>,
    open: Option<View>,
}

/// A file as it stood at one moment; later appends, compaction and removal do not change it.
#[derive(Clone, Debug)]
pub struct View {
    path: Arc<Path>,
    file: Arc<File>,
    /// What was sealed into it, the oldest first.
    pub runs: Arc<Vec<Arc<SealedRun>>>,
    damage: Arc<DamageLog>,
}

/// What the first frame of a file says.
const DAY_FILE: &str = "blocks";

impl DayFile {
    /// Opens a file and reads its commits. `live` are the seals whose rows are still in the journal: what such a
    /// seal left without a commit is cut off, for it will be sealed again.
    pub(crate) fn open(
        path: &Path,
        period: Period,
        live: &BTreeSet<u64>,
        damage: Arc<DamageLog>,
    ) -> Result<DayFile, StoreError> {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(|source| StoreError::io("open", path, source))?;
        let found = salvage::read(&file, path, live)?;
        let state = State {
            length: found.length,
            commits: Arc::new(found.commits),
            salvaged: Arc::new(found.runs),
            open: None,
        };
        found
            .damage
            .into_iter()
            .for_each(|found| damage.report(found));
        Ok(DayFile::with(path, period, state, damage))
    }

    /// A file that does not exist yet; the first commit makes it.
    pub(crate) fn missing(path: &Path, period: Period, damage: Arc<DamageLog>) -> DayFile {
        let state = State {
            length: 0,
            commits: Arc::default(),
            salvaged: Arc::default(),
            open: None,
        };
        DayFile::with(path, period, state, damage)
    }

    fn with(path: &Path, period: Period, state: State, damage: Arc<DamageLog>) -> DayFile {
        DayFile {
            period,
            path: path.into(),
            state: Mutex::new(state),
            writer: Mutex::default(),
            used: AtomicU64::new(0),
            damage,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes.
    pub fn length(&self) -> u64 {
        self.state.lock().length
    }

    /// What was sealed into it, the oldest first; without what was salvaged.
    pub fn commits(&self) -> Arc<Vec<Commit>> {
        self.state.lock().commits.clone()
    }

    /// The last seal that it has.
    pub fn last_seal(&self) -> Option<u64> {
        self.state
            .lock()
            .commits
            .iter()
            .map(|commit| commit.seal)
            .max()
    }

    /// The file as it stands now, with its index.
    ///
    /// # Errors
    /// When the system refuses. A damaged index is rebuilt from the blocks.
    pub fn view(&self) -> Result<View, StoreError> {
        let mut state = self.state.lock();
        if let Some(view) = &state.open {
            return Ok(view.clone());
        }
        let view = if state.length == 0 {
            return Err(StoreError::io(
                "open",
                &self.path,
                io::ErrorKind::NotFound.into(),
            ));
        } else {
            let file = File::open(&self.path)
                .map_err(|source| StoreError::io("open", &self.path, source))?;
            let (mut runs, damage) = salvage::index(&file, &self.path, &state.commits);
            damage
                .into_iter()
                .for_each(|damage| self.damage.report(damage));
            runs.extend(state.salvaged.iter().cloned());
            runs.sort_by_key(|run| (run.seal, run.blocks.first().map(|block| block.offset)));
            let path = self.path.as_path().into();
            View {
                path,
                file: Arc::new(file),
                runs: Arc::new(runs),
                damage: self.damage.clone(),
            }
        };
        state.open = Some(view.clone());
        Ok(view)
    }

    /// Whether there is nothing in it (yet).
    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().length == 0
    }

    /// Takes note of a use, for [`DayFile::close`] to be called on those unused for long.
    pub(crate) fn touch(&self, moment: u64) {
        self.used.store(moment, Ordering::Relaxed);
    }

    /// When it was used last, if it is open.
    pub(crate) fn used(&self) -> Option<u64> {
        self.state
            .lock()
            .open
            .as_ref()
            .map(|_| self.used.load(Ordering::Relaxed))
    }

    /// Lets go of handle and index.
    pub(crate) fn close(&self) {
        self.state.lock().open = None;
    }

    /// Makes sure that what is in the file survives a power cut.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        let synced = File::open(&self.path).and_then(|file| file.sync_data());
        let synced = synced.and_then(|()| sync_dir(self.path.parent().unwrap_or(Path::new("."))));
        synced.map_err(|source| StoreError::io("sync", &self.path, source))
    }

    /// Begins to append what a seal brings. Nothing counts before [`Appender::commit`].
    pub(crate) fn append(&self, seal: u64) -> Appender<'_> {
        let guard = self.writer.lock();
        let start = self.state.lock().length;
        Appender {
            day: self,
            _guard: guard,
            file: None,
            buffer: Vec::new(),
            at: start,
            head: 0,
            runs: Vec::new(),
            commit: Commit {
                seal,
                start,
                ..Commit::default()
            },
        }
    }
}

impl View {
    /// Reads one block.
    ///
    /// # Errors
    /// What is missing, when it is damaged.
    pub fn block(&self, run: &SealedRun, block: &BlockRef) -> Result<Block, Box<Damage>> {
        let frame = frame::read_known(&self.file, block.offset, block.length as usize);
        let read = frame
            .filter(|frame| frame.kind == Kind::Block)
            .and_then(|frame| block::decode(frame.payload).ok());
        read.filter(|read| read.rows() == block.rows as usize)
            .ok_or_else(|| self.report(run, block))
    }

    /// Reports that a block cannot be understood.
    pub(crate) fn report(&self, run: &SealedRun, block: &BlockRef) -> Box<Damage> {
        let damage = Damage::block(&self.path, run, block);
        self.damage.report(damage.clone());
        Box::new(damage)
    }
}

/// Appends the blocks of one seal to one file.
#[derive(Debug)]
pub(crate) struct Appender<'a> {
    day: &'a DayFile,
    _guard: MutexGuard<'a, ()>,
    file: Option<File>,
    buffer: Vec<u8>,
    /// Where the buffer belongs in the file.
    at: u64,
    /// Bytes of the file's head, when this makes the file.
    head: u64,
    runs: Vec<SealedRun>,
    commit: Commit,
}

/// Buffered until so many bytes.
const BUFFER: usize = 1 << 20;

impl Appender<'_> {
    /// Writes a block. Rows come sorted by measurement, series and time.
    pub(crate) fn push(&mut self, rows: &block::SortedRows) -> io::Result<()> {
        self.begin();
        let Some((first, last)) = rows.time_range() else {
            return Ok(());
        };
        let frame = block::encode(rows, self.commit.seal);
        let place = (self.at + self.buffer.len() as u64, frame.len() as u32);
        commit::add(
            &mut self.runs,
            self.commit.seal,
            &rows.measurement,
            &rows.series,
            (first, last),
            place,
        );
        self.commit.add(rows);
        self.buffer.extend_from_slice(&frame);
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
            self.head = self.buffer.len() as u64;
            self.commit.start = self.head;
        }
    }

    fn write(&mut self) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let opened = OpenOptions::new()
                    .read(true)
                    .write(true)
                    .create(true)
                    .truncate(false)
                    .open(&self.day.path)?;
                // What a seal that failed may have left behind the last commit.
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
        covers: impl IntoIterator<Item = (commit::Hour, u64)>,
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
        if self.head > 0 {
            sync_dir(self.day.path.parent().unwrap_or(Path::new(".")))?;
        }
        let mut state = self.day.state.lock();
        state.length = self.at;
        Arc::make_mut(&mut state.commits).push(self.commit);
        if let Some(view) = &mut state.open {
            let mut runs = view.runs.to_vec();
            runs.extend(self.runs.drain(..).map(Arc::new));
            view.runs = Arc::new(runs);
        }
        Ok(())
    }
}
