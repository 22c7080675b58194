//! Judges one service: takes what it did slot by slot, finds what is wrong, and says when that becomes an alert.
//!
//! The same code in a service, over the windows of its own last hour, and in the server, over its store. It reads no clock;
//! slots are ten seconds of the wall clock, and what is evaluated is what is known up to a slot.
//!
//! What is judged: classes by the p95 against the line of their bands, routes against what is usual of them, errors, levels
//! against their limits, memory that grows without end, silence and surges, floors of classes, how fast error budgets burn,
//! and what will reach its line in some days.

mod ahead;
mod burn;
mod class;
mod climb;
mod counts;
mod floor;
mod heard;
mod judged;
mod known;
mod leak;
mod level;
mod observed;
mod own;
#[cfg(test)]
mod properties;
mod requests;
mod rewind;
mod route;
mod significance;
mod slots;
#[cfg(test)]
mod tests;
mod traffic;
mod watch;
mod watched;
mod window;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use counts::{Counts, TAIL};
pub use judged::Judged;
pub use known::Known;
pub use observed::{LevelObserved, Observed, RouteObserved};
pub use own::{Alert, Alerts, OwnJudge, Told};
pub use watch::Watch;

use crate::alert::{self, Kind, Phase, State, Transition, Unit};
use crate::analysis::Usual;
use crate::analysis::forecast::Foreseen;
use crate::standards::{Limit, Standards};
use ahead::Ahead;
pub(crate) use burn::SLOW_BURN;
use class::ClassWatched;
use heard::Heard;
use leak::Leak;
use route::{Route, RouteName};
use slots::Slots;

/// Length of a slot, nanoseconds.
pub const SLOT_NS: i64 = 10_000_000_000;
/// Most routes that are watched of a service.
pub const MOST_ROUTES: usize = 2_000;
/// Most levels and instances that are watched of a service.
pub const MOST_LEVELS: usize = 256;
/// Slots after a start in which answers are slow because everything is cold: they are not counted.
const COLD: i64 = 3;
/// Minutes whose sums late rows may still change.
const LATE_MINUTES: i64 = 2;

/// A service under judgement.
#[derive(Clone, Debug)]
pub struct Judge {
    standards: Arc<Standards>,
    routes: BTreeMap<RouteName, Route>,
    classes: Vec<ClassWatched>,
    levels: BTreeMap<Arc<str>, LevelWatched>,
    leaks: BTreeMap<Arc<str>, (Leak, Watch)>,
    /// What forecasts say, by the key of the level.
    ahead: BTreeMap<Arc<str>, Ahead>,
    service: Service,
    /// The first slot after the last start.
    started: Option<i64>,
    /// Where alerts were of things that are not watched yet.
    kept: BTreeMap<Arc<str>, State>,
}

#[derive(Clone, Debug)]
struct LevelWatched {
    values: Slots<f64>,
    limit: Limit,
    watch: Watch,
}

/// The service as a whole.
#[derive(Clone, Debug)]
struct Service {
    requests: Slots<Counts>,
    heard: Heard,
    usual: Option<Usual>,
    silence: Watch,
    surge: Watch,
}

/// Something became different.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Of what: [`Watch::key`].
    pub key: Arc<str>,
    /// What kind of trouble.
    pub kind: Kind,
    /// What became of it.
    pub transition: Transition,
}

impl Judge {
    /// A judge who knows nothing yet.
    pub fn new(standards: Arc<Standards>) -> Self {
        Self {
            classes: ClassWatched::all(&standards),
            standards,
            routes: BTreeMap::new(),
            levels: BTreeMap::new(),
            leaks: BTreeMap::new(),
            ahead: BTreeMap::new(),
            service: Service {
                requests: Slots::default(),
                heard: Heard::default(),
                usual: None,
                silence: Watch::new("silence", Kind::Silence, Unit::PerMinute),
                surge: Watch::new("surge", Kind::TrafficSurge, Unit::PerMinute),
            },
            started: None,
            kept: BTreeMap::new(),
        }
    }

    /// What is expected.
    pub fn standards(&self) -> &Arc<Standards> {
        &self.standards
    }

    /// Expects something else from now on. Alerts stay where they are; counts against the old lines and forecasts go, and are
    /// to be observed and foreseen again.
    pub fn expect(&mut self, standards: Arc<Standards>) {
        let states: Vec<(Arc<str>, State)> = self
            .watches()
            .map(|watch| (watch.key.clone(), watch.state.clone()))
            .collect();
        let asked: Vec<Arc<str>> = self.asked().collect();
        self.classes = ClassWatched::all(&standards);
        for (class, watched) in standards.classes.iter().zip(&mut self.classes) {
            watched.is_asked = asked.contains(&class.name);
        }
        self.service.heard = Heard::default();
        self.ahead.values_mut().for_each(|one| one.foreseen = None);
        for ((method, route), watched) in &mut self.routes {
            let usual = watched.usual.take();
            let fresh = Route::new(method, route, &standards);
            *watched = Route { usual, ..fresh };
        }
        self.standards = standards;
        for (key, state) in states {
            self.restore(&key, state);
        }
    }

    /// Takes what the service did in a slot, in place of what is known of it.
    pub fn observe(&mut self, slot: i64, observed: &Observed) {
        if observed.started && self.started.is_none_or(|started| slot > started) {
            self.started = Some(slot);
        }
        let is_cold = self
            .started
            .is_some_and(|started| (started..started + COLD).contains(&slot));
        let mut all = Counts::default();
        for seen in &observed.routes {
            let name = (seen.method.clone(), seen.route.clone());
            let is_new = !self.routes.contains_key(&name);
            if is_new && self.routes.len() == MOST_ROUTES {
                continue;
            }
            let (standards, kept) = (&self.standards, &mut self.kept);
            let route = self.routes.entry(name).or_insert_with(|| {
                let mut route = Route::new(&seen.method, &seen.route, standards);
                route.slow.take_up(kept);
                route.errors.take_up(kept);
                route
            });
            let counts = Counts::of(
                &seen.duration,
                seen.errors,
                &route.bands,
                route.usual.as_ref(),
            );
            all.add(&counts);
            self.classes[route.class].is_asked |= counts.requests > 0;
            if !is_cold {
                route.counts.put(slot, counts);
            }
        }
        self.service.requests.put(slot, all);
        if !is_cold {
            self.service.heard.put(slot);
        }
        for seen in &observed.levels {
            self.observe_level(slot, seen);
        }
        for (instance, bytes) in &observed.memory {
            if self.leaks.len() < MOST_LEVELS || self.leaks.contains_key(instance) {
                let kept = &mut self.kept;
                let (leak, _) = self.leaks.entry(instance.clone()).or_insert_with(|| {
                    let key = format!("leak:{instance}");
                    let mut watch = Watch::new(&key, Kind::MemoryLeak, Unit::Bytes);
                    watch.take_up(kept);
                    (Leak::default(), watch)
                });
                leak.put(slot, *bytes);
            }
        }
    }

    fn observe_level(&mut self, slot: i64, seen: &LevelObserved) {
        if self.levels.len() == MOST_LEVELS && !self.levels.contains_key(&seen.key) {
            return;
        }
        let kept = &mut self.kept;
        let level = self.levels.entry(seen.key.clone()).or_insert_with(|| {
            let mut watch = Watch::new(&seen.key, seen.kind, seen.unit);
            watch.take_up(kept);
            LevelWatched {
                values: Slots::default(),
                limit: seen.limit,
                watch,
            }
        });
        level.limit = seen.limit;
        level.values.put(slot, seen.value);
    }

    /// Says what is usual of a route. While something is wrong with it, what was usual before stays.
    pub fn learn(&mut self, method: &Arc<str>, route: &Arc<str>, usual: Option<Usual>) {
        let known = self.routes.get_mut(&(method.clone(), route.clone()));
        if let Some(known) = known.filter(|known| known.may_learn()) {
            known.usual = usual;
        }
    }

    /// Says when something reaches its line: `disk`, `pool:postgres`. `None` where there is no forecast of it.
    pub fn foresee(&mut self, key: &str, foreseen: Option<Foreseen>) {
        if let Some(known) = self.ahead.get_mut(key) {
            known.foreseen = foreseen;
            return;
        }
        let Some(found) = foreseen.filter(|_| self.ahead.len() < MOST_LEVELS) else {
            return;
        };
        let mut ahead = Ahead::new(key, &found);
        ahead.watch.take_up(&mut self.kept);
        ahead.foreseen = foreseen;
        self.ahead.insert(key.into(), ahead);
    }

    /// Says what is usual of the service as a whole.
    pub fn learn_service(&mut self, usual: Option<Usual>) {
        let quiet = [&self.service.silence, &self.service.surge]
            .iter()
            .all(|watch| watch.state.phase == Phase::Quiet);
        if quiet {
            self.service.usual = usual;
        }
    }

    /// What is usual of a route, as far as it was said.
    pub fn usual(&self, method: &str, route: &str) -> Option<&Usual> {
        let name: RouteName = (method.into(), route.into());
        self.routes.get(&name)?.usual.as_ref()
    }

    /// Judges what is known up to the slot `last`, at the moment `now` (nanoseconds since the Unix epoch).
    pub fn evaluate(&mut self, last: i64, now: i64) -> Vec<Event> {
        self.judge(last);
        self.ahead.values_mut().for_each(|one| one.judge(now));
        let rules = self.standards.alerts;
        let mut events = self.end_of_classes_that_left();
        for watch in self.watches_mut() {
            if let Some(transition) = alert::step(&mut watch.state, watch.reading, now, &rules) {
                events.push(Event {
                    key: watch.key.clone(),
                    kind: watch.kind,
                    transition,
                });
            }
        }
        events
    }

    /// Alerts of classes that the standards do not have any more are over: nothing could ever end them otherwise.
    fn end_of_classes_that_left(&mut self) -> Vec<Event> {
        let kind_of = |key: &str| {
            let (name, kind) = class::of_key(key)?;
            self.standards.class_at(name).is_none().then_some(kind)
        };
        let left = self.kept.iter();
        let left = left.filter_map(|(key, state)| Some((key.clone(), kind_of(key)?, state.phase)));
        let left: Vec<(Arc<str>, Kind, Phase)> = left.collect();
        left.iter()
            .for_each(|(key, ..)| drop(self.kept.remove(key)));
        let firing = left
            .into_iter()
            .filter(|(.., phase)| matches!(phase, Phase::Firing { .. }));
        let over = firing.map(|(key, kind, _)| Event {
            key,
            kind,
            transition: Transition::Resolved,
        });
        over.collect()
    }

    fn judge(&mut self, last: i64) {
        let error_limit = self.standards.limits.error_rate;
        let mut of_classes = vec![requests::Sums::default(); self.classes.len()];
        for route in self.routes.values_mut() {
            let sums = requests::sums(&route.counts, last);
            route.judge(&sums, error_limit);
            for (mine, theirs) in of_classes[route.class].iter_mut().zip(&sums) {
                mine.add(theirs);
            }
        }
        self.burn(last);
        for (at, class) in self.classes.iter_mut().enumerate() {
            let expected = &self.standards.classes[at];
            class.judge(expected, &of_classes[at], &self.service.heard, last);
        }
        for level in self.levels.values_mut() {
            let value = match level.watch.kind {
                Kind::HealthCheck => level::check(&level.values, last),
                _ => level::level(&level.values, last),
            };
            level.watch.found(
                level::reading(value, level.limit),
                value,
                level.limit.value(),
            );
        }
        let memory_line = match self.levels.get("memory") {
            Some(level) => level.limit.value(),
            None => self.standards.limits.memory_bytes(None),
        };
        for (leak, watch) in self.leaks.values_mut() {
            let found = leak.found(last, memory_line);
            watch.found(found.reading, found.now, found.allowed);
        }
        let sums = requests::sums(&self.service.requests, last);
        let usual = self.service.usual.as_ref();
        let floor = self.standards.limits.floor_per_minute;
        let (silence, rate) = traffic::silence(&sums, floor, usual);
        self.service.silence.found(silence, Some(rate), floor);
        let (surge, rate, limit) = traffic::surge(&sums, usual);
        self.service.surge.found(surge, Some(rate), limit);
    }

    /// The classes that were ever asked.
    fn asked(&self) -> impl Iterator<Item = Arc<str>> {
        let classes = self.standards.classes.iter().zip(&self.classes);
        let asked = classes.filter(|(_, watched)| watched.is_asked);
        asked.map(|(class, _)| class.name.clone())
    }

    /// Sums of the last minutes, for the budgets.
    fn burn(&mut self, last: i64) {
        for back in 0..LATE_MINUTES {
            let minute = last.div_euclid(6) - back;
            let mut of_classes = vec![(0, 0); self.classes.len()];
            for route in self.routes.values() {
                let (requests, past) = &mut of_classes[route.class];
                for counts in route.counts.latest(minute * 6 + 5, 6) {
                    *requests += u64::from(counts.requests);
                    *past += u64::from(counts.over_line[0]);
                }
            }
            for (class, (requests, past)) in self.classes.iter_mut().zip(of_classes) {
                class.burn.put(minute, requests, past);
            }
            self.service.heard.sum_up(minute);
        }
    }

    /// Forgets routes of which nothing came for ten minutes, nothing is usual and nothing is told.
    pub fn tidy(&mut self, last: i64) {
        let idle =
            |newest: Option<i64>| newest.is_none_or(|newest| newest <= last - Slots::<()>::MOST);
        self.routes.retain(|_, route| {
            !(idle(route.counts.newest()) && route.may_learn() && route.usual.is_none())
        });
    }
}
