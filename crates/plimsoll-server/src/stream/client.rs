//! One client and what it is sent.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};

use super::hub::Hub;
use super::sent::{Sent, Wish};
use crate::doors::pass::Pass;
use crate::http::connection::Connection;

/// A client as the hub knows it.
#[derive(Debug)]
pub(super) struct Seat {
    number: u64,
    /// How many batches had been sent when it last took one.
    taken: AtomicU64,
    connection: Option<Connection>,
    is_cut: AtomicBool,
    /// What it was let in by.
    pass: OnceLock<Pass>,
    is_over: AtomicBool,
    over: Notify,
}

/// What a client still has to be sent. Leaves the hub when dropped.
#[derive(Debug)]
pub struct Client {
    hub: Arc<Hub>,
    seat: Arc<Seat>,
    live: broadcast::Receiver<Arc<Sent>>,
    wish: Wish,
    first: VecDeque<Bytes>,
    seen: u64,
}

impl Seat {
    pub(super) fn new(number: u64, sent: u64, connection: Option<Connection>) -> Self {
        Self {
            number,
            taken: AtomicU64::new(sent),
            connection,
            is_cut: AtomicBool::new(false),
            pass: OnceLock::new(),
            is_over: AtomicBool::new(false),
            over: Notify::new(),
        }
    }

    pub(super) fn lags(&self, sent: u64, most: u64) -> bool {
        sent.saturating_sub(self.taken.load(Ordering::Relaxed)) > most
    }

    pub(super) fn pass(&self) -> Option<&Pass> {
        self.pass.get()
    }

    /// Ends the stream. One whose client does not read does not hear of it: told again, its connection is cut.
    pub(super) fn end(&self) {
        if self.is_over.swap(true, Ordering::Relaxed) {
            self.cut();
        }
        self.over.notify_one();
    }

    /// Cuts the connection; false when it was before.
    pub(super) fn cut(&self) -> bool {
        if let Some(connection) = &self.connection {
            connection.cut();
        }
        !self.is_cut.swap(true, Ordering::Relaxed)
    }
}

impl Client {
    pub(super) fn new(
        hub: Arc<Hub>,
        seat: Arc<Seat>,
        live: broadcast::Receiver<Arc<Sent>>,
        wish: Wish,
        first: Vec<Bytes>,
        seen: u64,
    ) -> Self {
        Self {
            hub,
            seat,
            live,
            wish,
            first: first.into(),
            seen,
        }
    }

    /// Lets the stream end when `pass` is no longer good.
    pub fn ends_with(&self, pass: Pass) {
        // A client comes in once.
        let _ = self.seat.pass.set(pass);
    }

    /// The next bytes; `None` when the stream ends: the server stops, the client is too slow, or it may listen no longer.
    pub async fn next(&mut self) -> Option<Bytes> {
        if let Some(bytes) = self.first.pop_front() {
            return Some(bytes);
        }
        loop {
            let received = tokio::select! {
                () = self.seat.over.notified() => return None,
                received = self.live.recv() => received,
            };
            match received {
                Ok(sent) => {
                    self.seat.taken.fetch_add(1, Ordering::Relaxed);
                    if let Some(part) = sent.part(&self.wish, self.seen) {
                        return Some(part);
                    }
                }
                Err(RecvError::Closed) => return None,
                Err(RecvError::Lagged(_)) => {
                    self.hub.drop_slow(&self.seat);
                    return None;
                }
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.hub.leave(self.seat.number);
    }
}
