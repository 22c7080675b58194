//! What would have fired with other standards: the last days judged anew, minute by minute, without telling anybody.
//!
//! What is usual at some hour is not looked up again: only what standards say is judged, classes, errors, budgets, memory. Floors
//! are left out: whole minutes do not say in which seconds a service was heard.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll::alert::{Kind, Severity, Transition, Unit};
use plimsoll::judge::{Judge, LevelObserved, SLOT_NS};
use plimsoll::standards::{Limit, Standards};
use serde::Serialize;
use utoipa::ToSchema;

use super::slots::{OfServices, requests};
use crate::performance::levels::over_time;
use crate::performance::series::Buckets;
use crate::performance::{MINUTE, Scope};
use crate::reading::Reading;
use crate::services::rfc3339;
use crate::store::Store;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Read at one time, so that a week of many routes needs little memory.
const CHUNK_MINUTES: i64 = 360;
/// Most keys of an answer.
const MOST_KEYS: usize = 200;

/// What would have fired.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replayed {
    /// Days that were judged.
    days: u32,
    /// How often something would have fired.
    firings: usize,
    /// By what, the most frequent first.
    by_key: Vec<Replay>,
    /// Where the data begin; null when there are none.
    #[schema(format = DateTime)]
    history_from: Option<String>,
    /// What damage is known to keep from the answer, in words with its extent.
    missing: Vec<String>,
}

/// One thing that would have fired.
#[derive(Debug, Serialize, ToSchema)]
pub struct Replay {
    service: String,
    /// Within the service: `class:write`.
    key: String,
    /// The worst.
    severity: Severity,
    /// How often.
    count: usize,
    /// The first time.
    #[schema(format = DateTime)]
    first: String,
    /// The last time.
    #[schema(format = DateTime)]
    last: String,
}

#[derive(Debug)]
struct Fired {
    severity: Severity,
    count: usize,
    first: Nanos,
    last: Nanos,
}

/// Judges the days before `now` by `standards`. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub fn replay(
    store: &Store,
    standards: Standards,
    service: Option<&str>,
    days: u32,
    now: Nanos,
) -> Result<Replayed, QueryError> {
    let mut standards = standards;
    for class in &mut standards.classes {
        class.floor_per_minute = None;
    }
    let standards = Arc::new(standards);
    let scope = service.map_or(Scope::Observed, |service| {
        Scope::Service(service.to_owned())
    });
    let end = now.div_euclid(MINUTE);
    let mut judges: BTreeMap<String, Judge> = BTreeMap::new();
    let mut fired: BTreeMap<(String, Arc<str>), Fired> = BTreeMap::new();
    let mut reading = Reading::of(store);
    let mut history_from = None;
    let mut minute = end - i64::from(days) * 24 * 60;
    while minute < end {
        let count = CHUNK_MINUTES.min(end - minute);
        let chunk = chunk(&mut reading, &scope, &standards, minute, count)?;
        let begins = chunk
            .values()
            .filter_map(|minutes| minutes.keys().next())
            .min();
        history_from = history_from.or(begins.map(|minute| minute * MINUTE));
        for (service, minutes) in chunk {
            let judge = judges
                .entry(service.clone())
                .or_insert_with(|| Judge::new(standards.clone()));
            for (minute, observed) in minutes {
                let slot = minute * (MINUTE / SLOT_NS) + 5;
                judge.observe(slot, &observed);
                // Twice, as no look counts for more than half a minute.
                for half in [30, 60] {
                    let at = minute * MINUTE + half * 1_000_000_000;
                    for event in judge.evaluate(slot, at) {
                        note(&mut fired, &service, event.key, event.transition, at);
                    }
                }
            }
        }
        minute += count;
    }
    let firings = fired.values().map(|fired| fired.count).sum();
    let mut by_key: Vec<Replay> = fired.into_iter().map(shown).collect();
    by_key.sort_by_key(|one| std::cmp::Reverse((one.severity, one.count)));
    by_key.truncate(MOST_KEYS);
    Ok(Replayed {
        days,
        firings,
        by_key,
        history_from: history_from.map(rfc3339),
        missing: reading.missing(),
    })
}

fn note(
    fired: &mut BTreeMap<(String, Arc<str>), Fired>,
    service: &str,
    key: Arc<str>,
    transition: Transition,
    at: Nanos,
) {
    let (severity, count) = match transition {
        Transition::Fired(severity) => (severity, 1),
        Transition::Worsened(severity) => (severity, 0),
        _ => return,
    };
    let known = fired.entry((service.to_owned(), key)).or_insert(Fired {
        severity,
        count: 0,
        first: at,
        last: at,
    });
    known.severity = known.severity.max(severity);
    known.count += count;
    known.last = at;
}

fn shown(((service, key), fired): ((String, Arc<str>), Fired)) -> Replay {
    Replay {
        service,
        key: key.to_string(),
        severity: fired.severity,
        count: fired.count,
        first: rfc3339(fired.first),
        last: rfc3339(fired.last),
    }
}

/// What services did in some minutes.
fn chunk(
    reading: &mut Reading<'_>,
    scope: &Scope,
    standards: &Standards,
    first: i64,
    count: i64,
) -> Result<OfServices, QueryError> {
    let mut found = requests(reading, scope, MINUTE, first, first + count - 1)?;
    found.remove("");
    let buckets = Buckets {
        start: first * MINUTE,
        step: MINUTE,
        count: usize::try_from(count).unwrap_or_default(),
        last: MINUTE,
    };
    let line = standards.limits.memory_bytes(None);
    for (service, values) in over_time(reading, scope, buckets, "process", "memory_rss")? {
        let minutes = found.entry(service).or_default();
        for (time, bytes) in values {
            let of_minute = minutes.entry(time.div_euclid(MINUTE)).or_default();
            of_minute.levels.push(LevelObserved {
                key: "memory".into(),
                kind: Kind::HighMemory,
                unit: Unit::Bytes,
                value: bytes,
                limit: Limit::Ceiling(line),
            });
        }
    }
    Ok(found)
}
