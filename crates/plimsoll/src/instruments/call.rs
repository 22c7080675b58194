//! Calls of tracked functions.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;

use super::scope;
use crate::clock::Stamp;
use crate::monitor::Monitor;
use crate::registry::{self, MonitorId, TimingId, TimingKey, with_local};
use crate::window::{FunctionKey, FunctionOutcome};

/// A function or an operation whose calls are timed.
#[derive(Clone, Debug)]
pub struct Function(Option<Arc<Named>>);

#[derive(Debug)]
struct Named {
    monitor: MonitorId,
    name: Arc<str>,
    ids: [OnceLock<TimingId>; 4],
}

/// A call that is still running. Dropped without [`Call::end`] it counts as a panic if the thread panics, else as
/// cancelled.
#[derive(Debug)]
#[must_use = "the call ends when this is dropped"]
pub struct Call {
    counted: Counted,
    began: Stamp,
    dropped_as: FunctionOutcome,
}

#[derive(Debug)]
enum Counted {
    Nowhere,
    Literal(MonitorId, &'static str),
    Named(Arc<Named>),
}

impl Function {
    pub(super) fn new(monitor: Option<MonitorId>, name: &str) -> Self {
        let named = |monitor| Named {
            monitor,
            name: name.into(),
            ids: [const { OnceLock::new() }; 4],
        };
        Self(monitor.map(named).map(Arc::new))
    }

    /// A call begins.
    pub fn begin(&self) -> Call {
        Call::begin(self.0.clone().map_or(Counted::Nowhere, Counted::Named))
    }
}

impl Call {
    #[inline]
    fn begin(counted: Counted) -> Self {
        let began = match counted {
            Counted::Nowhere => Stamp::NEVER,
            _ => Stamp::now(),
        };
        Self {
            counted,
            began,
            dropped_as: FunctionOutcome::Cancelled,
        }
    }

    /// The call ended.
    pub fn end(mut self, outcome: FunctionOutcome) {
        self.dropped_as = outcome;
    }

    /// Dropping the call is its ordinary end: there is no await at which it could be cancelled.
    pub fn ends_when_dropped(mut self) -> Self {
        self.dropped_as = FunctionOutcome::Ok;
        self
    }
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        if matches!(self.counted, Counted::Nowhere) {
            return;
        }
        let ns = self.began.elapsed_ns();
        let outcome = if std::thread::panicking() {
            FunctionOutcome::Panic
        } else {
            self.dropped_as
        };
        match &self.counted {
            Counted::Nowhere => {}
            Counted::Literal(monitor, name) => record(*monitor, name, outcome, ns),
            Counted::Named(named) => named.record(outcome, ns),
        }
    }
}

impl Named {
    fn record(&self, outcome: FunctionOutcome, ns: u64) {
        let id = &self.ids[outcome as usize];
        let id = id.get().copied().or_else(|| {
            let found = find(self.monitor, &self.name, outcome)?;
            Some(*id.get_or_init(|| found))
        });
        if let Some(id) = id {
            registry::time(self.monitor, id, ns);
        }
    }
}

/// A call of the function `name` begins, for the monitor in scope on this thread; without one, nothing is recorded.
#[inline]
pub fn begin_current(name: &'static str) -> Call {
    Call::begin(
        scope::current().map_or(Counted::Nowhere, |monitor| Counted::Literal(monitor, name)),
    )
}

/// A call of the function `name` begins, for `monitor`.
pub fn begin_in(monitor: impl AsRef<Monitor>, name: &'static str) -> Call {
    let monitor = monitor.as_ref().tracking();
    Call::begin(monitor.map_or(Counted::Nowhere, |monitor| Counted::Literal(monitor, name)))
}

/// Numbers of functions by monitor and address of the name (literals do not move).
type Found = HashMap<(MonitorId, usize, usize), [Option<TimingId>; 4], foldhash::fast::FixedState>;

/// More than any program has; a process that makes and drops monitors all the time starts over here.
const FOUND_MAX: usize = 4_096;

thread_local! {
    static FOUND: RefCell<Found> = const { RefCell::new(Found::with_hasher(foldhash::fast::FixedState::with_seed(0))) };
}

fn record(monitor: MonitorId, name: &'static str, outcome: FunctionOutcome, ns: u64) {
    let key = (monitor, name.as_ptr().addr(), name.len());
    let known = FOUND.try_with(|found| found.borrow().get(&key)?[outcome as usize]);
    let id = match known {
        Ok(Some(id)) => Some(id),
        _ => remember(key, monitor, name, outcome),
    };
    if let Some(id) = id {
        registry::time(monitor, id, ns);
    }
}

#[cold]
fn remember(
    key: (MonitorId, usize, usize),
    monitor: MonitorId,
    name: &str,
    outcome: FunctionOutcome,
) -> Option<TimingId> {
    let id = find(monitor, name, outcome)?;
    // Without the table (the thread is about to end) the number is only looked up again.
    let _ = FOUND.try_with(|found| {
        let mut found = found.borrow_mut();
        if found.len() >= FOUND_MAX {
            found.clear();
        }
        found.entry(key).or_default()[outcome as usize] = Some(id);
    });
    Some(id)
}

/// The number of an outcome; `None` where there is no room, which is counted, or no monitor any more.
fn find(monitor: MonitorId, name: &str, outcome: FunctionOutcome) -> Option<TimingId> {
    let key = TimingKey::Function(FunctionKey {
        function: name.into(),
        outcome,
    });
    with_local(monitor, |local| local.shared.metrics.timing(&key)).flatten()
}
