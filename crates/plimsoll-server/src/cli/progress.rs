//! Long work on a terminal.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// A line on standard error that is written over; nothing when that is no terminal.
pub(super) struct Line {
    shown: bool,
    on_terminal: bool,
    next: Instant,
}

/// Faster than this nobody reads.
const EVERY: Duration = Duration::from_millis(200);

impl Line {
    pub(super) fn new() -> Self {
        Self {
            shown: false,
            on_terminal: std::io::stderr().is_terminal(),
            next: Instant::now() + EVERY,
        }
    }

    /// Shows `text` if it is time.
    pub(super) fn show(&mut self, text: impl FnOnce() -> String) {
        if self.on_terminal && Instant::now() >= self.next {
            self.next = Instant::now() + EVERY;
            self.shown = true;
            // Progress is no result: a terminal that has gone is none of our business.
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K{}", text());
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}
