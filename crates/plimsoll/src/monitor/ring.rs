//! The last hour of windows, in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::window::Window;

/// Windows in order of time; bounded by age and by size, so that many series shorten the memory rather than fill the
/// machine's.
#[derive(Debug)]
pub struct Ring {
    state: RwLock<State>,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    windows: VecDeque<(Arc<Window>, usize)>,
    bytes: usize,
}

impl Ring {
    /// How far back windows are kept.
    pub const SPAN_NS: i64 = 3_600_000_000_000;
    /// Most bytes of windows.
    pub const MAX_BYTES: usize = 64 << 20;

    /// An empty one that holds at most so many bytes of windows; [`Ring::MAX_BYTES`] is usual.
    pub fn new(max_bytes: usize) -> Self {
        Self {
            state: RwLock::default(),
            max_bytes,
        }
    }

    /// Adds the newest window and lets go of those that are too old or too many.
    pub fn push(&self, window: Arc<Window>) {
        let oldest_kept = window.end_unix_ns - Self::SPAN_NS;
        let size = window.size_bytes();
        let mut state = self.state.write();
        state.windows.push_back((window, size));
        state.bytes += size;
        while let Some((first, first_bytes)) = state.windows.front() {
            let first_bytes = *first_bytes;
            let is_only_one = state.windows.len() == 1;
            if is_only_one || (first.end_unix_ns > oldest_kept && state.bytes <= self.max_bytes) {
                break;
            }
            state.bytes -= first_bytes;
            state.windows.pop_front();
        }
    }

    /// Windows that ended after `since_unix_ns`, oldest first.
    pub fn since(&self, since_unix_ns: i64) -> Vec<Arc<Window>> {
        let state = self.state.read();
        let newest_first = state
            .windows
            .iter()
            .rev()
            .take_while(|(window, _)| window.end_unix_ns > since_unix_ns);
        let mut windows: Vec<_> = newest_first.map(|(window, _)| Arc::clone(window)).collect();
        windows.reverse();
        windows
    }

    /// Windows that ended after `since_unix_ns`, merged; `None` when there are none.
    pub fn merged_since(&self, since_unix_ns: i64) -> Option<Window> {
        let windows = self.since(since_unix_ns);
        let (first, rest) = windows.split_first()?;
        let mut merged = Window::clone(first);
        rest.iter().for_each(|window| merged.merge(window));
        Some(merged)
    }

    /// Number of windows.
    pub fn len(&self) -> usize {
        self.state.read().windows.len()
    }

    /// Whether no window has been closed yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{MetricKey, Window};

    const WINDOW_NS: i64 = 10_000_000_000;

    fn window(number: i64) -> Arc<Window> {
        let mut window = Window::empty(number * WINDOW_NS, (number + 1) * WINDOW_NS);
        window.counters.insert(MetricKey::new("n", &[]), 1);
        Arc::new(window)
    }

    #[test]
    fn an_hour_is_kept() {
        let ring = Ring::new(Ring::MAX_BYTES);
        (0..1000).for_each(|number| ring.push(window(number)));
        assert_eq!(ring.len(), 360);
        let merged = ring.merged_since(i64::MIN).unwrap();
        assert_eq!(
            (merged.seconds(), merged.counters.values().sum::<u64>()),
            (3600.0, 360)
        );
    }

    #[test]
    fn only_what_was_asked_for_is_merged() {
        let ring = Ring::new(Ring::MAX_BYTES);
        (0..30).for_each(|number| ring.push(window(number)));
        assert_eq!(
            ring.merged_since(27 * WINDOW_NS)
                .unwrap()
                .counters
                .values()
                .sum::<u64>(),
            3
        );
        assert_eq!(ring.merged_since(30 * WINDOW_NS), None);
    }

    #[test]
    fn size_is_bounded_but_the_newest_stays() {
        let ring = Ring::new(3 * window(0).size_bytes());
        (0..30).for_each(|number| ring.push(window(number)));
        assert_eq!(ring.len(), 3);
        let tiny = Ring::new(1);
        (0..30).for_each(|number| tiny.push(window(number)));
        assert_eq!(tiny.len(), 1);
    }
}
