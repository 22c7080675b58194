//! The bytes that recording may take.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// A cap on memory; what is taken is never given back, as series live as long as their monitor.
#[derive(Debug)]
pub(crate) struct Budget {
    limit_bytes: usize,
    used_bytes: AtomicUsize,
}

impl Budget {
    pub(crate) const fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            used_bytes: AtomicUsize::new(0),
        }
    }

    /// Takes `bytes`; `false` when they are not there.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let taken = self.used_bytes.fetch_update(Relaxed, Relaxed, |used| {
            let after = used.checked_add(bytes)?;
            (after <= self.limit_bytes).then_some(after)
        });
        taken.is_ok()
    }

    pub(crate) fn used_bytes(&self) -> usize {
        self.used_bytes.load(Relaxed)
    }

    pub(crate) fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }
}
