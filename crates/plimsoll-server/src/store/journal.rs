//! The journal's writer: one sync for all that wait. Who comes first writes; a thread goes on with what came meanwhile.

use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use plimsoll::histogram::Histogram;

use super::error::{AppendError, is_full};
use super::memtable::Memtable;
use super::sealer::Sealer;
use super::segment::{self, Segment};
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

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// Held by whoever writes.
    writer: Mutex<Writer>,
    work: Condvar,
    room: Condvar,
    /// Seconds of each write, its sync included, since they were last taken.
    write_secs: Mutex<Histogram>,
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
    /// Starts the writer.
    pub(crate) fn start(
        sealer: Arc<Sealer>,
        segment: Segment,
        limits: Limits,
    ) -> io::Result<Journal> {
        let writer = Writer {
            next: segment.number() + 1,
            others: segment::total(&sealer.journal_dir).saturating_sub(segment.length()),
            segment: Some(segment),
            sealer,
            limits,
        };
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            writer: Mutex::new(writer),
            work: Condvar::new(),
            room: Condvar::new(),
            write_secs: Mutex::default(),
        });
        let for_thread = shared.clone();
        let thread = thread::Builder::new()
            .name("store-journal".into())
            .spawn(move || for_thread.run())?;
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
        // Where nobody writes, nobody needs to be woken.
        if let Some(mut writer) = self.shared.writer.try_lock() {
            self.shared.serve(&mut writer);
            drop(writer);
            // Whoever came meanwhile relies on this.
            if !self.shared.queue.lock().is_empty() {
                self.shared.work.notify_one();
            }
        }
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

    /// How long writes took, their syncs included, since this was last asked; seconds.
    pub(crate) fn take_write_secs(&self) -> Histogram {
        mem::take(&mut *self.shared.write_secs.lock())
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
        // Who writes still is waited for.
        drop(self.shared.writer.lock());
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

impl Queue {
    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.freezes.is_empty()
    }
}

impl Shared {
    fn run(&self) {
        loop {
            let mut queue = self.queue.lock();
            while queue.is_empty() {
                if queue.closing {
                    return;
                }
                self.work.wait(&mut queue);
            }
            drop(queue);
            self.serve(&mut self.writer.lock());
        }
    }

    /// Writes what waits, as one group.
    fn serve(&self, writer: &mut Writer) {
        let (entries, freezes) = {
            let mut queue = self.queue.lock();
            queue.bytes = 0;
            (mem::take(&mut queue.entries), mem::take(&mut queue.freezes))
        };
        self.room.notify_all();
        if !entries.is_empty() {
            writer.write(entries, self);
        }
        for done in freezes {
            // Who asked may have gone.
            let _ = done.send(writer.freeze());
        }
    }
}

#[derive(Debug)]
struct Writer {
    /// `None` after a failed sync, until a new one can be made.
    segment: Option<Segment>,
    next: u64,
    /// Bytes of the other segments when they were last counted; those that went since only make it too much.
    others: u64,
    sealer: Arc<Sealer>,
    limits: Limits,
}

impl Writer {
    fn write(&mut self, entries: Vec<Entry>, shared: &Shared) {
        let begun = Instant::now();
        // Recorded before anyone is answered: whoever has an answer finds its write among the times.
        let record = || {
            let mut write_secs = shared.write_secs.lock();
            write_secs.record(begun.elapsed().as_secs_f64());
        };
        if let Err(error) = self.make_room().and_then(|()| self.append(&entries)) {
            record();
            entries
                .into_iter()
                .for_each(|entry| drop(entry.done.send(Err(error.clone()))));
            return;
        }
        let active = self.sealer.memory.active();
        let (batches, waiting): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .map(|entry| (entry.batch, entry.done))
            .unzip();
        active.insert(batches);
        record();
        for done in waiting {
            // Who waited may have gone; the rows stay.
            let _ = done.send(Ok(()));
        }
        active.tidy();
    }

    /// Freezes a full memtable, and waits for the sealer if that is behind.
    fn make_room(&mut self) -> Result<(), AppendError> {
        let active = self.sealer.memory.active();
        if active.rows() < self.limits.rows && active.bytes() < self.limits.bytes {
            return Ok(());
        }
        self.sealer.wait_for_room()?;
        self.replace().map_err(|error| refused(&error))
    }

    fn append(&mut self, entries: &[Entry]) -> Result<(), AppendError> {
        if self.segment.is_none() {
            self.replace().map_err(|error| refused(&error))?;
        }
        let segment = self.segment.as_mut().expect("made above");
        let waiting: u64 = entries.iter().map(|entry| entry.frame.len() as u64).sum();
        let reserve = &self.sealer.reserve;
        // The folder is looked at only when the segments that were there may need more than is set aside.
        if !reserve.is_enough_for(self.others + segment.length() + waiting) {
            let total = segment::total(&self.sealer.journal_dir);
            self.others = total.saturating_sub(segment.length());
            let kept = reserve.keep(total + waiting);
            kept.map_err(|error| refused(&error))?;
        }
        let frames: Vec<&[u8]> = entries.iter().map(|entry| &entry.frame[..]).collect();
        segment.append(&frames).map_err(|error| {
            if !is_full(&error) {
                self.segment = None;
            }
            refused(&error)
        })
    }

    fn freeze(&mut self) -> io::Result<()> {
        if self.sealer.memory.active().rows() == 0 {
            return Ok(());
        }
        self.replace()
    }

    /// Begins a new segment and with it a new memtable.
    fn replace(&mut self) -> io::Result<()> {
        // Counted before it is made: a number that was tried is never tried again.
        let number = self.next;
        self.next += 1;
        self.others = segment::total(&self.sealer.journal_dir);
        let segment = Segment::create(&self.sealer.journal_dir, number)?;
        self.sealer.memory.freeze(Arc::new(Memtable::new(number)));
        self.segment = Some(segment);
        self.sealer.wake();
        Ok(())
    }
}

fn refused(error: &io::Error) -> AppendError {
    if is_full(error) {
        return AppendError::DiskFull;
    }
    tracing::error!(%error, "cannot write the journal, it goes on in a new segment");
    AppendError::Unavailable("the disk failed".into())
}
