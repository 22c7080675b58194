//! A file of sealed blocks: opened, read, appended to.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::appender::Appender;
use super::block::{self, Block};
use super::commit::{BlockRef, Commit, SealedRun};
use super::damage::{Damage, DamageLog};
use super::error::StoreError;
use super::frame::{self, Kind};
use super::salvage;
use super::segment::sync_dir;
use super::tier::Period;

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
            .for_each(|found| damage.report(found.within(period)));
        Ok(DayFile::with(path, period, state, damage))
    }

    /// A file that does not exist yet; the first commit makes it.
    pub(crate) fn missing(path: &Path, period: Period, damage: Arc<DamageLog>) -> DayFile {
        DayFile::with(path, period, State::empty(), damage)
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
                .for_each(|damage| self.damage.report(damage.within(self.period)));
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
        Appender::behind(self, guard, seal, self.state.lock().length)
    }

    /// Begins to write the file anew, under its highest seal. Nothing counts before [`Appender::commit`]; until then
    /// readers and the next start see the file as it was. The [`DayFile::view`] to write from must be taken after this,
    /// for only now nobody appends.
    pub(crate) fn rewrite(&self) -> Appender<'_> {
        let guard = self.writer.lock();
        let commits = self.commits();
        let mut joined = Commit {
            seal: self.last_seal().unwrap_or(0),
            ..Commit::default()
        };
        for commit in commits.iter() {
            commit
                .touched
                .iter()
                .for_each(|(hour, seal)| joined.touch(*hour, *seal));
            for (hour, seal) in &commit.covers {
                let latest = joined.covers.entry(*hour).or_default();
                *latest = (*latest).max(*seal);
            }
        }
        Appender::anew(self, guard, joined)
    }

    /// Removes the file. Who reads it goes on reading.
    pub(crate) fn remove(&self) -> Result<(), StoreError> {
        let _alone = self.writer.lock();
        std::fs::remove_file(&self.path)
            .map_err(|source| StoreError::io("remove", &self.path, source))?;
        *self.state.lock() = State::empty();
        Ok(())
    }

    /// Takes note of a commit that is on disk.
    pub(super) fn committed(&self, commit: Commit, runs: Vec<SealedRun>, length: u64, anew: bool) {
        let mut state = self.state.lock();
        if anew {
            *state = State::empty();
        }
        state.length = length;
        Arc::make_mut(&mut state.commits).push(commit);
        if let Some(view) = &mut state.open {
            let runs = runs.into_iter().map(Arc::new);
            view.runs = Arc::new(view.runs.iter().cloned().chain(runs).collect());
        }
    }
}

impl State {
    fn empty() -> State {
        State {
            length: 0,
            commits: Arc::default(),
            salvaged: Arc::default(),
            open: None,
        }
    }
}

impl View {
    /// The bytes of one block's frame, if they are whole.
    pub(super) fn frame(
        &self,
        run: &SealedRun,
        block: &BlockRef,
    ) -> Result<frame::Frame, Box<Damage>> {
        let frame = frame::read_known(&self.file, block.offset, block.length as usize);
        frame
            .filter(|frame| frame.kind == Kind::Block)
            .ok_or_else(|| self.report(run, block))
    }

    /// Reads one block.
    ///
    /// # Errors
    /// What is missing, when it is damaged.
    pub fn block(&self, run: &SealedRun, block: &BlockRef) -> Result<Block, Box<Damage>> {
        let read = block::decode(self.frame(run, block)?.payload).ok();
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
