//! When cumulative values began to grow.
//!
//! A total that falls was reset; one that starts anew and overtakes its old value before it is seen again was, too, but
//! only its start time tells. So the start of every stream is kept as a row of its own: zero, at the start time. A repeated
//! export writes the same row again, and whoever reads sees the fall.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::store::table::Nanos;

/// A field of a series, as the streams know it.
pub(super) type StreamKey = (Arc<[u8]>, &'static str);

/// The newest stream of each cumulative field of a series.
#[derive(Debug, Default)]
pub(super) struct Streams {
    newest: Mutex<HashMap<StreamKey, Nanos, RandomState>>,
    /// The latest export of each sender.
    exports: Mutex<HashMap<u64, Nanos, RandomState>>,
    /// How often what is known of starts changed.
    changes: AtomicU64,
    hasher: RandomState,
}

/// What the start of a value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// The stream goes on.
    Known,
    /// A stream not seen before, or one that ended before the newest began: its zero is to be written.
    New,
    /// Two senders report the same series at the same time.
    Conflict,
}

impl Streams {
    /// What a value of `time` says whose stream began at `start`.
    pub(super) fn check(&self, key: &StreamKey, start: Nanos, time: Nanos) -> Start {
        match self.newest.lock().get(key) {
            None => Start::New,
            Some(&newest) if newest == start => Start::Known,
            Some(&newest) if newest < start || time <= newest => Start::New,
            Some(_) => Start::Conflict,
        }
    }

    /// A number that is another one whenever a start became known or was forgotten.
    pub(super) fn starts(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// The number of a sender; it means nothing outside this process.
    pub(super) fn sender(&self, tags: &[(&str, &str)], scope: &str) -> u64 {
        self.hasher.hash_one((tags, scope))
    }

    /// When a sender's latest points were taken.
    pub(super) fn export(&self, sender: u64) -> Option<Nanos> {
        self.exports.lock().get(&sender).copied()
    }

    /// Remembers the latest exports, at most `limit`.
    pub(super) fn exported(&self, exports: impl IntoIterator<Item = (u64, Nanos)>, limit: usize) {
        let mut known = self.exports.lock();
        for (sender, time) in exports {
            if known.len() >= limit && !known.contains_key(&sender) {
                known.clear();
            }
            let latest = known.entry(sender).or_insert(time);
            *latest = time.max(*latest);
        }
    }

    /// Remembers starts whose zero is on disk; at most `limit` in all, beyond which they are forgotten and written anew.
    pub(super) fn remember(
        &self,
        started: impl IntoIterator<Item = (StreamKey, Nanos)>,
        limit: usize,
    ) {
        let mut newest = self.newest.lock();
        for (key, start) in started {
            if newest.len() >= limit && !newest.contains_key(&key) {
                newest.clear();
                // What a sender did not send before is no longer known either.
                self.exports.lock().clear();
            }
            let known = newest.entry(key).or_insert(start);
            *known = start.max(*known);
            self.changes.fetch_add(1, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> StreamKey {
        (Arc::from(&b"series"[..]), "value")
    }

    #[test]
    fn a_restart_is_new_and_what_went_before_is_late_rather_than_a_conflict() {
        let streams = Streams::default();
        assert_eq!(streams.check(&key(), 100, 150), Start::New);
        streams.remember([(key(), 100)], 10);
        assert_eq!(streams.check(&key(), 100, 160), Start::Known);
        assert_eq!(streams.check(&key(), 200, 210), Start::New);
        streams.remember([(key(), 200)], 10);
        assert_eq!(streams.check(&key(), 100, 170), Start::New);
        assert_eq!(streams.check(&key(), 200, 220), Start::Known);
    }

    #[test]
    fn an_older_stream_that_goes_on_beside_a_newer_one_is_another_sender() {
        let streams = Streams::default();
        streams.remember([(key(), 100), (key(), 200)], 10);
        assert_eq!(streams.check(&key(), 100, 210), Start::Conflict);
    }

    #[test]
    fn a_full_memory_forgets_and_goes_on() {
        let streams = Streams::default();
        for n in 0..5u8 {
            streams.remember([((Arc::from(&[n][..]), "value"), 1)], 2);
        }
        assert!(streams.newest.lock().len() <= 2);
    }
}
