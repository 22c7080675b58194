//! The journal's writer: one thread, one sync for all that wait.

use std::io;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};

use super::error::AppendError;
use super::memory::Memory;
use super::memtable::Memtable;
use super::segment::Segment;
use super::table::Batch;

/// Frames waiting for the disk; writers wait when there are more.
const MAX_QUEUED_BYTES: usize = 32 << 20;

/// When the memtable is frozen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
}

/// Writes batches to the journal and makes them visible.
#[derive(Debug)]
pub(crate) struct Journal {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    room: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    entries: Vec<Entry>,
    bytes: usize,
    freezes: Vec<SyncSender<io::Result<()>>>,
    closing: bool,
}

#[derive(Debug)]
struct Entry {
    frame: Vec<u8>,
    batch: Batch,
    done: SyncSender<Result<(), AppendError>>,
}

impl Journal {
    /// Starts the writer. `frozen` is called after each freeze.
    pub(crate) fn start(
        dir: PathBuf,
        segment: Segment,
        memory: Arc<Memory>,
        limits: Limits,
        frozen: impl Fn() + Send + 'static,
    ) -> io::Result<Journal> {
        let shared = Arc::new(Shared::default());
        let mut writer = Writer {
            dir,
            next: segment.number() + 1,
            segment: Some(segment),
            memory,
            limits,
            frozen: Box::new(frozen),
        };
        let queue = shared.clone();
        let thread = thread::Builder::new()
            .name("store-journal".into())
            .spawn(move || writer.run(&queue))?;
        Ok(Journal {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Waits until the batch is on disk and visible.
    pub(crate) fn append(&self, frame: Vec<u8>, batch: Batch) -> Result<(), AppendError> {
        let (done, answer) = sync_channel(1);
        {
            let mut queue = self.shared.queue.lock();
            while queue.bytes > MAX_QUEUED_BYTES && !queue.closing {
                self.shared.room.wait(&mut queue);
            }
            if queue.closing {
                return Err(closed());
            }
            queue.bytes += frame.len();
            queue.entries.push(Entry { frame, batch, done });
        }
        self.shared.work.notify_one();
        answer.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Waits until what was written so far stands in a memtable that is written to no more.
    pub(crate) fn freeze(&self) -> io::Result<()> {
        let (done, answer) = sync_channel(1);
        {
            let mut queue = self.shared.queue.lock();
            if queue.closing {
                return Ok(());
            }
            queue.freezes.push(done);
        }
        self.shared.work.notify_one();
        answer.recv().unwrap_or(Ok(()))
    }

    /// Writes what waits and ends the thread. Later writes are refused.
    pub(crate) fn close(&self) {
        self.shared.queue.lock().closing = true;
        self.shared.work.notify_all();
        self.shared.room.notify_all();
        if let Some(thread) = self.thread.lock().take() {
            // A panic in there was reported by the panic hook; those who waited got their answer.
            let _ = thread.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.close();
    }
}

fn closed() -> AppendError {
    AppendError::Unavailable("it is closing".into())
}

struct Writer {
    dir: PathBuf,
    /// `None` after a failed sync, until a new one can be made.
    segment: Option<Segment>,
    next: u64,
    memory: Arc<Memory>,
    limits: Limits,
    frozen: Box<dyn Fn() + Send>,
}

impl Writer {
    fn run(&mut self, shared: &Shared) {
        loop {
            let (entries, freezes) = {
                let mut queue = shared.queue.lock();
                while queue.entries.is_empty() && queue.freezes.is_empty() {
                    if queue.closing {
                        return;
                    }
                    shared.work.wait(&mut queue);
                }
                queue.bytes = 0;
                (mem::take(&mut queue.entries), mem::take(&mut queue.freezes))
            };
            shared.room.notify_all();
            if !entries.is_empty() {
                self.write(entries);
            }
            for done in freezes {
                // Who asked may have gone.
                let _ = done.send(self.freeze());
            }
        }
    }

    fn write(&mut self, entries: Vec<Entry>) {
        let frames: Vec<&[u8]> = entries.iter().map(|entry| &entry.frame[..]).collect();
        let written = self.usable().and_then(|segment| segment.append(&frames));
        match written {
            Ok(()) => {
                let active = self.memory.active();
                let (batches, waiting): (Vec<_>, Vec<_>) = entries
                    .into_iter()
                    .map(|entry| (entry.batch, entry.done))
                    .unzip();
                active.insert(batches);
                for done in waiting {
                    let _ = done.send(Ok(()));
                }
                active.tidy();
                if active.rows() >= self.limits.rows || active.bytes() >= self.limits.bytes {
                    // Without room for another segment this one goes on, and the next write tries again.
                    if let Err(error) = self.freeze() {
                        tracing::warn!(%error, "cannot begin a new segment of the journal, going on with the last");
                    }
                }
            }
            Err(error) => {
                let full = matches!(
                    error.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                );
                let answer = if full {
                    AppendError::DiskFull
                } else {
                    tracing::error!(%error, "cannot write the journal, it goes on in a new segment");
                    self.segment = None;
                    AppendError::Unavailable("the disk failed".into())
                };
                for entry in entries {
                    let _ = entry.done.send(Err(answer.clone()));
                }
            }
        }
    }

    /// The segment to write to; a new one after the last failed.
    fn usable(&mut self) -> io::Result<&mut Segment> {
        if self.segment.is_none() {
            self.replace()?;
        }
        Ok(self.segment.as_mut().expect("made above"))
    }

    fn freeze(&mut self) -> io::Result<()> {
        if self.memory.active().rows() == 0 {
            return Ok(());
        }
        self.replace()
    }

    fn replace(&mut self) -> io::Result<()> {
        // Counted before it is made: a number that was tried is never tried again.
        let number = self.next;
        self.next += 1;
        let segment = Segment::create(&self.dir, number)?;
        self.memory.freeze(Arc::new(Memtable::new(number)));
        self.segment = Some(segment);
        (self.frozen)();
        Ok(())
    }
}
