//! How much waits, and for how long.

use super::{Gauge, Running, Timer};

/// A queue of work.
#[derive(Clone, Debug)]
pub struct Queue {
    size: Gauge,
    wait: Timer,
}

/// One item in a [`Queue`]; keep it with the work. The wait ends when it is dropped.
#[derive(Debug)]
#[must_use = "the wait ends when this is dropped"]
pub struct Waiting {
    size: Gauge,
    /// Records the wait when it is dropped.
    _wait: Running,
}

impl Queue {
    pub(super) fn new(size: Gauge, wait: Timer) -> Self {
        size.add(0.0);
        Self { size, wait }
    }

    /// Counts an item in.
    pub fn enter(&self) -> Waiting {
        self.size.add(1.0);
        Waiting {
            size: self.size.clone(),
            _wait: self.wait.start(),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.size.add(-1.0);
    }
}
