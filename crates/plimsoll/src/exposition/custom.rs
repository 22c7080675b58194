//! Tracked functions and the service's own metrics.

use std::collections::BTreeMap;

use hashbrown::HashSet;

use super::bounds::CALLS;
use super::text::{Kind, Labels, Text};
use crate::window::{MetricKey, Window};

/// What the server adds to our own, which it measures itself with.
const OF_SERVER: [&str; 3] = [
    "plimsoll_store_",
    "plimsoll_ingest_",
    "plimsoll_task_restarts",
];

/// Names of families that are taken: a name twice, with other meanings, spoils a whole scrape.
#[derive(Debug, Default)]
pub(super) struct Names(HashSet<String, foldhash::fast::FixedState>);

impl Names {
    /// What stands in `text` already, and what may still be written.
    pub(super) fn reserving(text: &Text) -> Self {
        let later = super::compatibility::NAMES
            .iter()
            .map(|name| (*name).to_owned());
        Self(text.names().iter().cloned().chain(later).collect())
    }

    /// Takes `name` unless it begins like our own, is there already, or could be mistaken for samples of another family.
    fn take(&mut self, name: &str) -> bool {
        let of_server = OF_SERVER.iter().any(|own| name.starts_with(own));
        (of_server || !name.starts_with("plimsoll_"))
            && !name.starts_with("http_server_")
            && self.0.insert(name.to_owned())
    }
}

pub(super) fn functions(text: &mut Text, total: &Window) {
    if total.functions.is_empty() {
        return;
    }
    let help = "Calls of tracked functions.";
    text.family(
        "plimsoll_function_duration_seconds",
        Kind::Histogram,
        Some("seconds"),
        help,
    );
    for (key, duration) in &total.functions {
        let mut labels = Labels::default();
        labels.add("function", &key.function);
        labels.add("outcome", key.outcome.as_str());
        text.histogram(&labels, &CALLS, &CALLS.count(duration), duration.sum, None);
    }
}

pub(super) fn write(text: &mut Text, total: &Window, names: &mut Names) {
    each_family(&total.counters, |name, series| {
        let family = plain(name);
        let family = family.strip_suffix("_total").unwrap_or(&family);
        if names.take(family) {
            text.family(family, Kind::Counter, None, name);
            each_series(series, |labels, count| {
                text.sample("_total", labels, *count)
            });
        }
    });
    each_family(&total.gauges, |name, series| {
        let family = plain(name);
        if names.take(&family) {
            text.family(&family, Kind::Gauge, None, name);
            each_series(series, |labels, gauge| {
                if let Some(value) = gauge.current() {
                    text.sample("", labels, value);
                }
            });
        }
    });
    each_family(&total.timers, |name, series| {
        let family = plain(name);
        let family = format!(
            "{}_seconds",
            family.strip_suffix("_seconds").unwrap_or(&family)
        );
        if names.take(&family) {
            text.family(&family, Kind::Histogram, Some("seconds"), name);
            each_series(series, |labels, duration| {
                text.histogram(labels, &CALLS, &CALLS.count(duration), duration.sum, None);
            });
        }
    });
}

/// Calls `write` with the series of each name; the map is sorted by name.
fn each_family<'a, V>(
    map: &'a BTreeMap<MetricKey, V>,
    mut write: impl FnMut(&'a str, &[(&'a MetricKey, &'a V)]),
) {
    let series: Vec<_> = map.iter().collect();
    for family in series.chunk_by(|(a, _), (b, _)| a.name == b.name) {
        write(&family[0].0.name, family);
    }
}

/// Calls `write` with each series whose labels are not the same as those of one before, once spelled out.
fn each_series<V>(series: &[(&MetricKey, &V)], mut write: impl FnMut(&Labels, &V)) {
    let mut seen: HashSet<String, foldhash::fast::FixedState> = HashSet::default();
    for (key, value) in series {
        let labels = labels(key);
        if series.len() == 1 || seen.insert(labels.as_str().to_owned()) {
            write(&labels, value);
        }
    }
}

fn labels(key: &MetricKey) -> Labels {
    let mut labels = Labels::default();
    let mut names: Vec<String> = Vec::with_capacity(key.tags.len());
    for (tag, value) in key.tags.iter() {
        // Prometheus keeps names that begin with two underscores for itself, and `le` for bounds.
        let name = plain(tag).replace(':', "_");
        let name = if name == "le" || name.starts_with("__") {
            format!("tag_{name}")
        } else {
            name
        };
        if !names.contains(&name) {
            labels.add(&name, value);
            names.push(name);
        }
    }
    labels
}

/// A name as Prometheus allows it.
fn plain(name: &str) -> String {
    let allowed = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '_'
        }
    };
    let plain: String = name.chars().map(allowed).collect();
    if plain.is_empty() || plain.starts_with(|c: char| c.is_ascii_digit()) {
        format!("_{plain}")
    } else {
        plain
    }
}
