//! Running totals of everything that is a plain count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::shard::Shard;
use super::shared::Shared;
use crate::window::Window;

/// Totals since the monitor began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) finished: u64,
    pub(super) begun: u64,
    pub(super) events: u64,
    dropped_series: u64,
    dropped_metrics: u64,
    opened: u64,
    closed: u64,
    reset: u64,
    aborted: u64,
    queued: u64,
    dequeued: u64,
}

impl Totals {
    pub(super) fn read(shared: &Shared, shards: &[Arc<Shard>]) -> Self {
        let sum = |counter: fn(&Shard) -> &AtomicU64| {
            shards.iter().fold(0u64, |sum, shard| {
                sum.wrapping_add(counter(shard).load(Relaxed))
            })
        };
        let connections = &shared.connections;
        // What ends is read before what begins, so that no difference is negative.
        Self {
            finished: sum(|shard| &shard.finished),
            begun: sum(|shard| &shard.begun),
            events: sum(|shard| &shard.events),
            dropped_series: sum(|shard| &shard.dropped_series),
            dropped_metrics: sum(|shard| &shard.dropped_timings)
                + shared.metrics.dropped.load(Relaxed),
            closed: connections.closed.load(Relaxed),
            reset: connections.reset.load(Relaxed),
            aborted: connections.aborted.load(Relaxed),
            opened: connections.opened.load(Relaxed),
            dequeued: connections.dequeued.load(Relaxed),
            queued: connections.queued.load(Relaxed),
        }
    }

    pub(super) fn active(&self) -> u64 {
        self.begun.saturating_sub(self.finished)
    }

    pub(super) fn waiting(&self) -> u64 {
        self.queued.saturating_sub(self.dequeued)
    }

    pub(super) fn connected(&self) -> u64 {
        self.opened.saturating_sub(self.closed)
    }

    /// Adds what happened since `before` to the counts of a window.
    pub(super) fn add_since(&self, before: &Totals, window: &mut Window) {
        window.server.connections_opened += self.opened - before.opened;
        window.server.connections_reset += self.reset - before.reset;
        window.server.connections_aborted += self.aborted - before.aborted;
        window.dropped.series += self.dropped_series - before.dropped_series;
        window.dropped.metrics += self.dropped_metrics - before.dropped_metrics;
    }
}
