//! The thread that seals what is frozen.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::error::{AppendError, StoreError};
use super::files::Files;
use super::memory::Memory;
use super::memtable::Memtable;
use super::replay;
use super::reserve::Reserve;
use super::seal;
use super::segment;
use super::series::SeriesIndex;

/// Frozen memtables that may wait; the writers wait when there are more.
const MAX_FROZEN: usize = 2;

/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Seals frozen memtables in their order.
#[derive(Debug)]
pub(crate) struct Sealer {
    pub(crate) memory: Arc<Memory>,
    pub(crate) series: Arc<SeriesIndex>,
    pub(crate) files: Arc<Files>,
    pub(crate) journal_dir: PathBuf,
    /// Room for the blocks of what is in the journal.
    pub(crate) reserve: Reserve,
    state: Mutex<State>,
    changed: Condvar,
    /// Only one seals at a time.
    sealing: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Segments to be kept for a look at them.
    damaged: BTreeSet<u64>,
    last_seal: Option<u64>,
    failed: Option<Failure>,
    stopping: bool,
}

#[derive(Clone, Copy, Debug)]
enum Failure {
    Full,
    Other,
}

impl Sealer {
    pub(crate) fn new(
        memory: Arc<Memory>,
        series: Arc<SeriesIndex>,
        files: Arc<Files>,
        journal_dir: PathBuf,
        damaged: BTreeSet<u64>,
    ) -> Sealer {
        let reserve = Reserve::new(journal_dir.join("reserve"));
        let state = Mutex::new(State {
            damaged,
            ..State::default()
        });
        Sealer {
            memory,
            series,
            files,
            journal_dir,
            reserve,
            state,
            changed: Condvar::new(),
            sealing: Mutex::default(),
        }
    }

    /// Starts the thread.
    pub(crate) fn start(self: &Arc<Self>) -> io::Result<JoinHandle<()>> {
        let sealer = self.clone();
        thread::Builder::new()
            .name("store-seal".into())
            .spawn(move || sealer.run())
    }

    fn run(&self) {
        loop {
            {
                let mut state = self.state.lock();
                while !state.stopping && self.memory.frozen().is_empty() {
                    self.changed.wait(&mut state);
                }
                if !state.stopping && state.failed.is_some() {
                    self.changed.wait_for(&mut state, RETRY);
                }
                if state.stopping {
                    return;
                }
            }
            // It was logged, and is tried again.
            let _ = self.seal_all();
        }
    }

    /// Seals what is frozen now; a memtable that fails holds up those after it, for seals keep their order.
    pub(crate) fn seal_all(&self) -> Result<(), StoreError> {
        let _one = self.sealing.lock();
        for memtable in self.memory.frozen() {
            let sealed = self.seal(&memtable);
            let mut state = self.state.lock();
            match &sealed {
                Ok(()) => {
                    state.last_seal = Some(memtable.number);
                    state.failed = None;
                }
                Err(error) => {
                    if state.failed.is_none() {
                        tracing::error!(seal = memtable.number, %error, "cannot seal, trying again: {}", why(error));
                    }
                    state.failed = Some(if error.is_full() {
                        Failure::Full
                    } else {
                        Failure::Other
                    });
                }
            }
            drop(state);
            self.changed.notify_all();
            sealed?;
        }
        Ok(())
    }

    fn seal(&self, memtable: &Memtable) -> Result<(), StoreError> {
        let began = std::time::Instant::now();
        let sealed = seal::seal(memtable, &self.series, &self.files);
        match sealed {
            Err(error) if error.is_full() => {
                // What room was kept for.
                self.reserve.shrink(0);
                seal::seal(memtable, &self.series, &self.files)?;
            }
            other => other?,
        }
        // Readers look here first and at the files after: now these have the rows.
        self.memory.forget(memtable.number);
        let path = segment::path(&self.journal_dir, memtable.number);
        let damaged = self.state.lock().damaged.contains(&memtable.number);
        let gone = if damaged {
            replay::move_aside(&self.journal_dir, memtable.number)
        } else {
            fs::remove_file(&path).and_then(|()| segment::sync_dir(&self.journal_dir))
        };
        if let Err(error) = gone {
            // The next start finds that all files have this seal, and tries again.
            tracing::warn!(path = %path.display(), %error, "cannot remove the sealed segment {}", path.display());
        }
        self.reserve.shrink(segment::total(&self.journal_dir));
        let (rows, took) = (memtable.rows(), began.elapsed());
        tracing::debug!(
            seal = memtable.number,
            rows,
            ?took,
            "sealed {rows} rows in {took:?}"
        );
        Ok(())
    }

    /// Nothing is sealed while the guard lives.
    pub(crate) fn pause(&self) -> MutexGuard<'_, ()> {
        self.sealing.lock()
    }

    /// Something was frozen.
    pub(crate) fn wake(&self) {
        // Taken so that the thread is either before its check or waiting.
        drop(self.state.lock());
        self.changed.notify_all();
    }

    /// Waits until another memtable may be frozen.
    ///
    /// # Errors
    /// When sealing fails, so that there is no use in waiting.
    pub(crate) fn wait_for_room(&self) -> Result<(), AppendError> {
        let mut state = self.state.lock();
        while self.memory.frozen().len() >= MAX_FROZEN {
            match state.failed {
                Some(Failure::Full) => return Err(AppendError::DiskFull),
                Some(Failure::Other) => {
                    return Err(AppendError::Unavailable("blocks cannot be written".into()));
                }
                None if state.stopping => {
                    return Err(AppendError::Unavailable("it is closing".into()));
                }
                None => self.changed.wait(&mut state),
            }
        }
        Ok(())
    }

    pub(crate) fn last_seal(&self) -> Option<u64> {
        self.state.lock().last_seal
    }

    pub(crate) fn stop(&self) {
        self.state.lock().stopping = true;
        self.changed.notify_all();
    }
}

fn why(error: &StoreError) -> String {
    std::error::Error::source(error)
        .map(ToString::to_string)
        .unwrap_or_default()
}
