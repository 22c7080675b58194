//! Judges what services did: every ten seconds what the store took in, by the library's own judge, and tells what fires.
//!
//! The way: [`slots`] reads, [`usual`] and [`foresee`] tell what to expect, `plimsoll::judge` finds, [`book`] keeps alerts and hands them on to be told, [`situation`] and
//! `plimsoll::analysis::findings` say why. [`judgement`] is all of it together.

pub mod book;
pub mod budget;
pub mod deploys;
pub mod foresee;
pub mod in_force;
pub mod judgement;
pub mod replay;
pub mod run;
#[cfg(test)]
mod shapes;
pub mod situation;
mod slots;
#[cfg(test)]
pub(crate) mod tests;
pub mod usual;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::Mutex;
use plimsoll::alert::{Phase, State};
use plimsoll::judge::{Event, Judged, SLOT_NS};

use crate::meta::alerts::Alert;
use crate::meta::{Meta, MetaError};
use crate::store::table::Nanos;
use in_force::InForce;

/// Slots that late rows may still change, and that are read again each time.
const AGAIN: i64 = 6;
/// Slots that are read at the start.
const AT_START: i64 = 60;
/// A slot is judged so long after its end: exporters need a moment.
const SETTLE_NS: Nanos = 2_500_000_000;
/// Most services that are judged.
pub const MOST_SERVICES: usize = 1_000;

/// All services under judgement.
#[derive(Debug)]
pub struct Judging {
    /// What is expected.
    pub in_force: InForce,
    meta: Arc<Meta>,
    services: Mutex<BTreeMap<String, Judged>>,
    /// The newest slot that was judged.
    last: AtomicI64,
    /// What became different and could not be written yet, by service.
    untold: Mutex<BTreeMap<String, Vec<Event>>>,
    /// Judgements of the newest slot.
    judgements: Mutex<judgement::Cache>,
}

impl Judging {
    /// Takes up where alerts were.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(meta: Arc<Meta>, in_force: InForce, now: Nanos) -> Result<Self, MetaError> {
        let judging = Self {
            services: Mutex::new(BTreeMap::new()),
            last: AtomicI64::new(0),
            untold: Mutex::default(),
            judgements: Mutex::default(),
            in_force,
            meta,
        };
        let (firing, times) = judging.meta.read(|file| {
            let firing = crate::meta::alerts::all_firing(file)?;
            let times = firing.iter().map(|alert| {
                let hour = now.saturating_sub(3_600 * 1_000_000_000);
                crate::meta::alerts::firings(file, &alert.service, &alert.key, hour)
            });
            let times = times.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok((firing, times))
        })?;
        let mut services = judging.services.lock();
        for (alert, firings) in firing.iter().zip(times) {
            let judged = judging.entry(&mut services, &alert.service);
            if let Some(judged) = judged {
                judged.judge.restore(&alert.key, state_of(alert, firings));
            }
        }
        drop(services);
        Ok(judging)
    }

    /// What users did and what was told.
    pub fn meta(&self) -> &Arc<Meta> {
        &self.meta
    }

    /// The newest slot that was judged; 0 before the first.
    pub fn last_slot(&self) -> i64 {
        self.last.load(Ordering::Relaxed)
    }

    /// Looks at one service; `None` when nothing is known of it.
    pub fn with<T>(&self, service: &str, look: impl FnOnce(&Judged) -> T) -> Option<T> {
        self.services.lock().get(service).map(look)
    }

    /// Ends an alert by hand, as far as the judge knows of it.
    fn resolve(&self, service: &str, key: &str) {
        if let Some(judged) = self.services.lock().get_mut(service) {
            judged.judge.resolve(key);
        }
    }

    /// The services that are judged.
    pub fn names(&self) -> Vec<String> {
        self.services.lock().keys().cloned().collect()
    }

    /// Takes up other standards: everything is judged anew by them, from what the store has of the last minutes.
    pub fn expect_in_force(&self) {
        let standards = self.in_force.standards();
        for judged in self.services.lock().values_mut() {
            judged.judge.expect(standards.clone());
            judged.forecast_in = None;
        }
        // The next look reads as much as the first.
        self.last.store(0, Ordering::Relaxed);
    }

    /// The entry of a service, made if need be; `None` when there are too many.
    fn entry<'a>(
        &self,
        services: &'a mut BTreeMap<String, Judged>,
        service: &str,
    ) -> Option<&'a mut Judged> {
        if !services.contains_key(service) && services.len() >= MOST_SERVICES {
            return None;
        }
        let judged = services
            .entry(service.to_owned())
            .or_insert_with(|| Judged::new(self.in_force.standards()));
        Some(judged)
    }
}

/// Where an alert was when the server ended.
fn state_of(alert: &Alert, firings: Vec<Nanos>) -> State {
    State {
        phase: Phase::Firing {
            well_ns: 0,
            worst: alert.severity,
        },
        last_ns: 0,
        since_ns: alert.since,
        firings,
    }
}

/// The newest slot that is over and settled.
pub fn settled(now: Nanos) -> i64 {
    (now - SETTLE_NS).div_euclid(SLOT_NS)
}
