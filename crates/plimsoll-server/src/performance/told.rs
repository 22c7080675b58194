//! What instances told of themselves over time, each figure by one voice, and of that voice all parts together.
//!
//! A runtime tells memory by pool, time by mode, threads by state: each is a series, and their sum is the figure. What two
//! instrumentations tell of the same process is one figure told twice, and not added.

use std::collections::BTreeMap;

use super::states::InstanceKey;
use super::{Period, Scope, field, query, tag_of, total};
use crate::reading::Reading;
use crate::store::query::Aggregate;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// Tags by whose values a figure of a process comes in parts.
const PARTS: [&str; 14] = [
    "cpu_mode",
    "process_cpu_state",
    "state",
    "type",
    "jvm_memory_pool_name",
    "pool",
    "jvm_thread_daemon",
    "jvm_thread_state",
    "daemon",
    "go_memory_type",
    "v8js_heap_space_name",
    "dotnet_gc_heap_generation",
    "gc_heap_generation",
    "generation",
];
/// Of the first of [`PARTS`], these are the modes of a process in which it does not work.
const RESTING: [&str; 3] = ["wait", "iowait", "idle"];
const MODES: usize = 4;

/// A figure: fields whose values add up, and how each is read.
pub(super) type Figure = (&'static [&'static str], Aggregate);

/// Values of a figure by the time of its rows; `None` where a row had none.
pub(super) type Told = BTreeMap<Nanos, Option<f64>>;

/// Who told something: source and scope, and the tags that part it. The first of equals is listened to: the library before
/// others, and a whole before its parts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Voice {
    source: String,
    scope: String,
    parted_by: Vec<&'static str>,
}

/// The figures of each instance, in the order of `figures`.
pub(super) fn told(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
    measurement: &str,
    figures: &[Figure],
    step: Option<Nanos>,
) -> Result<BTreeMap<InstanceKey, Vec<Told>>, QueryError> {
    let is_process = measurement == "process";
    let mut tags = vec!["service", "instance"];
    if is_process {
        tags.extend(["source", "scope"]);
        tags.extend(PARTS);
    }
    let mut ask = query(measurement, period, &tags, scope.filter());
    ask.step = step;
    let columns = figures
        .iter()
        .flat_map(|(fields, aggregate)| fields.iter().map(|name| field(name, *aggregate)));
    ask.fields = columns.collect();
    let mut heard: BTreeMap<InstanceKey, Vec<BTreeMap<Voice, Told>>> = BTreeMap::new();
    for series in reading.ask(&ask)? {
        let tag = |name| tag_of(&series.tags, name);
        if is_process
            && PARTS[..MODES]
                .iter()
                .any(|mode| RESTING.contains(&tag(mode)))
        {
            continue;
        }
        let parts = PARTS.iter().filter(|part| !tag(part).is_empty());
        let parted_by: Vec<&'static str> = parts.copied().collect();
        let instance = heard
            .entry((tag("service").to_owned(), tag("instance").to_owned()))
            .or_insert_with(|| figures.iter().map(|_| BTreeMap::new()).collect());
        let mut columns = series.columns.as_slice();
        for ((fields, _), voices) in figures.iter().zip(instance) {
            let (mine, rest) = columns.split_at(fields.len());
            columns = rest;
            let voice = Voice {
                source: tag("source").to_owned(),
                scope: tag("scope").to_owned(),
                parted_by: parted_by.clone(),
            };
            let told = voices.entry(voice).or_default();
            for (row, &time) in series.times.iter().enumerate() {
                let part = total(mine.iter().map(|column| &column[row]));
                let known = told.entry(time).or_default();
                *known = match (*known, part) {
                    (Some(known), Some(part)) => Some(known + part),
                    (known, part) => known.or(part),
                };
            }
        }
    }
    let chosen = heard.into_iter().map(|(key, figures)| {
        let figures = figures.into_iter().map(newest);
        (key, figures.collect())
    });
    Ok(chosen.collect())
}

/// What the voice told that was heard last.
fn newest(voices: BTreeMap<Voice, Told>) -> Told {
    let last = |told: &Told| {
        let mut values = told.iter().rev();
        values.find_map(|(&time, value)| value.is_some().then_some(time))
    };
    let heard = voices.into_values().rev();
    // Of equals the last one counts here, which is the first in order.
    heard.max_by_key(last).unwrap_or_default()
}
