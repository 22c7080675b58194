//! Who listens, and what they are sent.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast};

use super::client::{Client, Seat};
use super::ring::{Resumed, Ring};
use super::sent::{self, Sent, Wish};
use super::told::StreamData;
use super::touched::Touched;
use crate::doors::pass::Pass;
use crate::http::connection::Connection;
use crate::store::table::Nanos;

/// Seconds with events that a client may lag behind; then it is dropped.
pub(super) const LAG: usize = 32;
/// When a client that lost its connection is to come back.
const RETRY_MS: u64 = 2_000;
/// How long events are still made when nobody listens any more, for clients that come back.
const LINGER: Duration = Duration::from_secs(30);

/// Sends what changes to all who listen. Costs an append one look at a flag while nobody does.
#[derive(Debug)]
pub struct Hub {
    open: Mutex<Open>,
    clients_max: usize,
    listening: AtomicBool,
    came: Notify,
    pub(super) touched: Mutex<Touched>,
    /// Clients dropped because they did not read.
    pub dropped_slow: AtomicU64,
    /// Clients turned away because there were too many.
    pub refused: AtomicU64,
    /// Events made.
    pub events: AtomicU64,
}

#[derive(Debug)]
struct Open {
    ring: Ring,
    /// `None` once the server stops.
    live: Option<broadcast::Sender<Arc<Sent>>>,
    seats: HashMap<u64, Arc<Seat>>,
    next_seat: u64,
    /// Batches sent.
    sent: u64,
    /// When the last client left.
    deserted: Option<Instant>,
}

/// Why a client is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There are too many.
    Full,
    /// The server is stopping.
    Stopping,
}

impl Hub {
    /// For at most `clients_max` clients. Ids go on from `now`, so that those of an earlier run are older.
    pub fn new(clients_max: usize, now: Nanos) -> Self {
        // Microseconds: JavaScript's numbers hold them, and no run makes a million events a second.
        let first = u64::try_from(now / 1_000).unwrap_or(0);
        let (live, _) = broadcast::channel(LAG);
        Self {
            open: Mutex::new(Open {
                ring: Ring::after(first),
                live: Some(live),
                seats: HashMap::new(),
                next_seat: 0,
                sent: 0,
                deserted: None,
            }),
            clients_max,
            listening: AtomicBool::new(false),
            came: Notify::new(),
            touched: Mutex::default(),
            dropped_slow: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            events: AtomicU64::new(0),
        }
    }

    /// Lets a client in that has seen the events up to `after`; `None`: it comes for the first time. An id that is no number
    /// is one that is not known.
    ///
    /// # Errors
    /// When there are too many, and when the server stops.
    pub fn enter(
        self: &Arc<Self>,
        wish: Wish,
        after: Option<Option<u64>>,
        connection: Option<Connection>,
    ) -> Result<Client, Refused> {
        let mut open = self.open.lock();
        let Some(live) = &open.live else {
            return Err(Refused::Stopping);
        };
        if open.seats.len() >= self.clients_max {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Refused::Full);
        }
        let live = live.subscribe();
        open.deserted = None;
        if !self.listening.swap(true, Ordering::AcqRel) {
            // What was written while nobody listened was not told.
            open.ring.break_off();
            self.came.notify_one();
        }
        let last = open.ring.last();
        let (first, seen) = match after {
            None => (vec![sent::greeting(RETRY_MS, last)], last),
            Some(after) => match after.map(|after| (after, open.ring.resume(after))) {
                Some((after, Resumed::With(missed))) => {
                    let missed = missed.iter().filter_map(|sent| sent.part(&wish, after));
                    let greeting = sent::greeting(RETRY_MS, after);
                    (std::iter::once(greeting).chain(missed).collect(), last)
                }
                _ => {
                    let reset = sent::reset(last).unwrap_or_default();
                    (vec![sent::greeting(RETRY_MS, last), reset], last)
                }
            },
        };
        let number = open.next_seat;
        open.next_seat += 1;
        let seat = Arc::new(Seat::new(number, open.sent, connection));
        open.seats.insert(number, seat.clone());
        drop(open);
        Ok(Client::new(self.clone(), seat, live, wish, first, seen))
    }

    /// Sends events to all.
    pub(super) fn publish(&self, told: &[StreamData]) -> Result<(), serde_json::Error> {
        if told.is_empty() {
            return Ok(());
        }
        let mut open = self.open.lock();
        let sent = Arc::new(Sent::write(open.ring.last() + 1, told)?);
        open.ring.push(sent.clone());
        open.send(sent);
        self.events.fetch_add(told.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Sends a sign of life to all.
    pub(super) fn beat(&self) {
        self.open.lock().send(Arc::new(Sent::sign_of_life()));
    }

    /// Cuts the connections of clients that do not read; their bodies are not asked any more, so nobody else can.
    pub(super) fn cut_stalled(&self) {
        let open = self.open.lock();
        let stalled = open
            .seats
            .values()
            .filter(|seat| seat.lags(open.sent, LAG as u64));
        for seat in stalled {
            self.drop_slow(seat);
        }
    }

    /// Ends the streams of those whose pass is no longer good.
    pub(super) fn end_barred(&self, is_good: impl Fn(&Pass) -> bool) {
        let open = self.open.lock();
        let is_barred = |seat: &&Arc<Seat>| seat.pass().is_some_and(|pass| !is_good(pass));
        open.seats
            .values()
            .filter(is_barred)
            .for_each(|seat| seat.end());
    }

    pub(super) fn drop_slow(&self, seat: &Seat) {
        if seat.cut() {
            self.dropped_slow.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn leave(&self, seat: u64) {
        let mut open = self.open.lock();
        open.seats.remove(&seat);
        if open.seats.is_empty() {
            open.deserted = Some(Instant::now());
        }
    }

    /// Whether somebody listens, or did a moment ago.
    pub fn is_listening(&self) -> bool {
        self.listening.load(Ordering::Acquire)
    }

    /// Clients now.
    pub fn clients(&self) -> usize {
        self.open.lock().seats.len()
    }

    /// Returns when somebody listens.
    pub(super) async fn someone(&self) {
        while !self.is_listening() {
            self.came.notified().await;
        }
    }

    /// Rests when nobody has listened for [`LINGER`]; tells whether it does.
    pub(super) fn rests(&self) -> bool {
        let open = self.open.lock();
        let deserted = open.deserted.is_some_and(|since| since.elapsed() > LINGER);
        if deserted {
            self.listening.store(false, Ordering::Release);
            *self.touched.lock() = Touched::default();
        }
        deserted
    }

    /// Ends all streams at once; nobody is let in any more.
    pub fn close(&self) {
        self.open.lock().live = None;
    }
}

impl Open {
    fn send(&mut self, sent: Arc<Sent>) {
        if let Some(live) = &self.live {
            self.sent += 1;
            // Without clients there is nobody to receive it.
            let _ = live.send(sent);
        }
    }
}
