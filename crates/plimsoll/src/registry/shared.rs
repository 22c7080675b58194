//! What the threads of one monitor share: tables of names, the list of shards, the cap on memory.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};

use super::budget::Budget;
use super::metrics::Metrics;
use super::names::Names;
use super::series::{NameId, OTHER_NAME, RouteId, SeriesKey};
use super::shard::Shard;
use crate::monitor::{Failures, Options};
use crate::window::RequestKey;

/// Names a monitor on the way of a request, so that no reference count shared by all cores is touched for each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MonitorId(u32);

impl MonitorId {
    pub(crate) fn number(self) -> NonZeroU32 {
        NonZeroU32::new(self.0).unwrap_or(NonZeroU32::MAX)
    }

    /// The monitor whose number stands in the low half of `word`.
    #[inline]
    pub(crate) fn of_word(word: u64) -> Self {
        Self(word as u32)
    }
}

static NEXT_ID: AtomicU32 = AtomicU32::new(1);

/// Where a thread that meets a monitor for the first time finds it. Read once per thread and monitor.
static MONITORS: RwLock<Vec<(MonitorId, Weak<Shared>)>> = RwLock::new(Vec::new());

/// Bounds on what a monitor records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Routes beside `<unmatched>` and `<other>`.
    pub routes: usize,
    /// Kinds of errors.
    pub error_types: usize,
    /// Names of load tests.
    pub runs: usize,
    /// The service's own counters, gauges, timers, and tracked functions.
    pub metrics: usize,
    /// Memory of all series of all threads.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            routes: 1024,
            error_types: 100,
            runs: 16,
            metrics: 1000,
            bytes: 64 << 20,
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) id: MonitorId,
    alive: AtomicBool,
    pub(crate) budget: Budget,
    pub(crate) routes: Names,
    pub(crate) error_types: Names,
    pub(crate) runs: Names,
    pub(crate) metrics: Metrics,
    pub(crate) connections: Connections,
    pub(crate) options: Options,
    pub(crate) failures: Arc<Failures>,
    has_queues: AtomicBool,
    shards: Mutex<Shards>,
}

/// Connections happen a thousand times less often than requests: plain shared counters.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    pub(crate) opened: AtomicU64,
    pub(crate) closed: AtomicU64,
    pub(crate) reset: AtomicU64,
    pub(crate) aborted: AtomicU64,
    /// Entered a queue.
    pub(crate) queued: AtomicU64,
    /// Left it.
    pub(crate) dequeued: AtomicU64,
}

impl Connections {
    pub(crate) fn enter_queue(&self) {
        self.queued.fetch_add(1, Relaxed);
    }

    pub(crate) fn leave_queue(&self) {
        self.dequeued.fetch_add(1, Relaxed);
    }
}

#[derive(Debug, Default)]
struct Shards {
    all: Vec<Arc<Shard>>,
    /// Those whose thread is gone.
    free: Vec<Arc<Shard>>,
}

impl Shared {
    pub(crate) fn new(limits: Limits, options: Options, failures: Arc<Failures>) -> Arc<Self> {
        let names = |limit: usize| {
            let reserved = ["", RequestKey::OTHER];
            Names::new(&reserved, limit.min(250), usize::from(OTHER_NAME))
        };
        let shared = Arc::new(Self {
            id: MonitorId(NEXT_ID.fetch_add(1, Relaxed)),
            alive: AtomicBool::new(true),
            budget: Budget::new(limits.bytes),
            routes: Names::new(
                &[RequestKey::UNMATCHED, RequestKey::OTHER],
                limits.routes.min(60_000),
                1,
            ),
            error_types: names(limits.error_types),
            runs: names(limits.runs),
            metrics: Metrics::new(limits.metrics),
            connections: Connections::default(),
            options,
            failures,
            has_queues: AtomicBool::new(false),
            shards: Mutex::default(),
        });
        let mut monitors = MONITORS.write();
        monitors.retain(|(_, monitor)| monitor.strong_count() > 0);
        monitors.push((shared.id, Arc::downgrade(&shared)));
        drop(monitors);
        shared
    }

    /// The monitor of this number, unless it has ended.
    pub(crate) fn find(id: MonitorId) -> Option<Arc<Self>> {
        let monitors = MONITORS.read();
        let (_, monitor) = monitors.iter().find(|(monitor, _)| *monitor == id)?;
        monitor.upgrade().filter(|shared| shared.is_alive())
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.alive.load(Relaxed)
    }

    /// Nobody reads any more: threads let go of their shards when they next meet another monitor.
    pub(crate) fn end(&self) {
        self.alive.store(false, Relaxed);
        MONITORS.write().retain(|(id, _)| *id != self.id);
    }

    pub(crate) fn take_shard(&self) -> Arc<Shard> {
        let mut shards = self.shards.lock();
        if let Some(free) = shards.free.pop() {
            return free;
        }
        // A shard itself is not charged: there are as many as threads at most.
        let shard = Arc::new(Shard::new());
        shards.all.push(Arc::clone(&shard));
        shard
    }

    pub(crate) fn give_back(&self, shard: Arc<Shard>) {
        self.shards.lock().free.push(shard);
    }

    pub(crate) fn shards(&self) -> Vec<Arc<Shard>> {
        self.shards.lock().all.clone()
    }

    #[inline]
    pub(crate) fn has_queues(&self) -> bool {
        self.has_queues.load(Relaxed)
    }

    pub(crate) fn use_queues(&self) {
        self.has_queues.store(true, Relaxed);
    }

    /// The name of a route.
    pub(crate) fn route(&self, number: RouteId) -> Arc<str> {
        self.routes.name(usize::from(number))
    }

    /// Spells out a packed key.
    pub(crate) fn request_key(&self, key: SeriesKey) -> RequestKey {
        let name =
            |names: &Names, number: NameId| (number > 0).then(|| names.name(usize::from(number)));
        RequestKey {
            route: self.routes.name(usize::from(key.route())),
            method: key.method().name(),
            status: key.status(),
            error_type: name(&self.error_types, key.error()),
            run: name(&self.runs, key.run()),
        }
    }

    /// The number of an error type, the collective one when there are too many.
    pub(crate) fn error_type(&self, name: &str) -> NameId {
        NameId::try_from(self.error_types.number(name).0).unwrap_or(OTHER_NAME)
    }

    /// The number of a load test's name, the collective one when there are too many.
    pub(crate) fn run(&self, name: &str) -> NameId {
        NameId::try_from(self.runs.number(name).0).unwrap_or(OTHER_NAME)
    }
}
