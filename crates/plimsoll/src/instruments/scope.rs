//! Whose functions are running: the monitor that a thread works for at the moment.

use std::cell::Cell;
use std::marker::PhantomData;

use crate::monitor::Monitor;
use crate::registry::MonitorId;

thread_local! {
    static CURRENT: Cell<Option<MonitorId>> = const { Cell::new(None) };
}

/// While it lives, [tracked](macro@crate::track) functions called on this thread count for one monitor. Scopes nest.
#[derive(Debug)]
#[must_use = "the scope ends when this is dropped"]
pub struct Scope {
    before: Option<MonitorId>,
    /// Belongs to the thread it was made on.
    thread: PhantomData<*const ()>,
}

impl Scope {
    #[inline]
    pub(crate) fn enter(monitor: Option<MonitorId>) -> Self {
        Self {
            before: CURRENT.replace(monitor),
            thread: PhantomData,
        }
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

/// The monitor in scope on this thread.
#[inline]
pub(super) fn current() -> Option<MonitorId> {
    // A thread that is about to end has no scope any more.
    CURRENT.try_with(Cell::get).ok().flatten()
}

impl Monitor {
    /// What a scope carries: nothing when monitoring is disabled.
    pub(super) fn tracking(&self) -> Option<MonitorId> {
        self.is_enabled().then(|| self.inner.registry.id())
    }
}
