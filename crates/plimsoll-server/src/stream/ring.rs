//! The last events, for clients that come back.

use std::collections::VecDeque;
use std::sync::Arc;

use super::sent::Sent;

/// Most bytes kept; the oldest go first.
const MAX_BYTES: usize = 4 << 20;
/// Most seconds with events kept.
const MAX_BATCHES: usize = 600;

/// The last events in order.
#[derive(Debug)]
pub(super) struct Ring {
    batches: VecDeque<Arc<Sent>>,
    bytes: usize,
    /// Id of the last event that is not kept.
    before: u64,
    /// Id of the last event.
    last: u64,
}

/// How a client goes on.
#[derive(Debug)]
pub(super) enum Resumed {
    /// With these, then with what comes.
    With(Vec<Arc<Sent>>),
    /// Events between are gone, or the id is none of ours.
    Lost,
}

impl Ring {
    /// Empty; ids follow `last`.
    pub(super) fn after(last: u64) -> Self {
        Self {
            batches: VecDeque::new(),
            bytes: 0,
            before: last,
            last,
        }
    }

    /// Id of the last event.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    pub(super) fn push(&mut self, sent: Arc<Sent>) {
        let Some(last) = sent.last_id() else { return };
        self.last = last;
        self.bytes += sent.len();
        self.batches.push_back(sent);
        while self.bytes > MAX_BYTES || self.batches.len() > MAX_BATCHES {
            let Some(oldest) = self.batches.pop_front() else {
                return;
            };
            self.bytes -= oldest.len();
            self.before = oldest.last_id().unwrap_or(self.before);
        }
    }

    /// Events from now on do not follow those before: something was not told.
    pub(super) fn break_off(&mut self) {
        *self = Self::after(self.last + 1);
    }

    /// Goes on after the event `after`.
    pub(super) fn resume(&self, after: u64) -> Resumed {
        if after < self.before || after > self.last {
            return Resumed::Lost;
        }
        let missed = self.batches.iter();
        let missed = missed.filter(|sent| sent.last_id().is_some_and(|last| last > after));
        Resumed::With(missed.cloned().collect())
    }
}
