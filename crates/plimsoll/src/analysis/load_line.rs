//! The load line: everything that has a limit, and how far it is from it.

use serde::Serialize;

use super::findings::Finding;
use super::forecast::DaysLeft;
use super::score::{Load, Loads};
use super::situation::Situation;
use super::words::{bytes, count, duration, share};
use crate::alert::Unit;
use crate::histogram::Histogram;
use crate::standards::{Class, Limit, Place};

/// Floats that belong together.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Group {
    /// `classes`, `resources`, `pools`, `queues`.
    pub name: &'static str,
    /// The same for people.
    pub label: &'static str,
    /// What is measured against what.
    pub against: &'static str,
    /// In the order of the configuration.
    pub floats: Vec<Float>,
}

/// One thing with a limit.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Float {
    /// Names it within its service: `class:write`, `pool:postgres`.
    pub id: String,
    /// As it is written beside it.
    pub name: String,
    /// Where it is.
    pub place: Place,
    /// Share of the limit that is free, negative past it; null without data.
    pub headroom: Option<f64>,
    /// How many times what its line allows is used; null without data.
    pub ratio: Option<f64>,
    /// What is measured; null without data.
    pub value: Option<f64>,
    /// Its line.
    pub limit: Option<f64>,
    /// The unit of both.
    pub unit: Unit,
    /// Headroom as it usually is at these hours; null where that is not known.
    pub usual_headroom: Option<f64>,
    /// Since when it is past its line, RFC 3339; null when it is not.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub since: Option<String>,
    /// The finding about it.
    pub finding: Option<String>,
    /// Seconds since it was last asked; null unless it rests.
    pub idle_seconds: Option<f64>,
    /// Days until it reaches its line; null where no forecast sees that.
    pub reaches_limit_days: Option<DaysLeft>,
    /// Why it has no value: `no data`, `idle`.
    pub reason: Option<&'static str>,
}

/// Requests of a class without which its p95 does not count for the score.
const ENOUGH: u64 = 5;
/// A value of which the ratio is beyond all measure is shown as this.
const LARGEST: f64 = 1_000.0;

/// What a class did in the last minutes.
#[derive(Clone, Debug, Default)]
pub struct ClassNow {
    /// Its p95, seconds; `None` without requests.
    pub p95: Option<f64>,
    /// How many times its line that is: of routes with bands of their own the worst.
    pub ratio: f64,
    /// Requests.
    pub requests: u64,
    /// Errors.
    pub errors: f64,
    /// The p95 that is usual, seconds.
    pub usual_p95: Option<f64>,
    /// Its routes, method and name.
    pub routes: Vec<String>,
}

/// What a class did.
pub fn class_now(situation: &Situation, class: &Class) -> ClassNow {
    let mut now = ClassNow::default();
    let mut merged = Histogram::new();
    let (mut usual, mut weight) = (0.0, 0.0);
    for route in &situation.routes {
        let expected = situation.standards.expected(&route.method, &route.route);
        if expected.class.name != class.name {
            continue;
        }
        now.routes.push(route.name());
        if route.requests == 0 {
            continue;
        }
        now.requests += route.requests;
        now.errors += route.error_rate * route.requests as f64;
        if expected.bands == class.bands {
            merged.merge(&route.duration);
        } else {
            now.ratio = now.ratio.max(route.p95 / expected.bands.investigate);
            now.p95 = Some(now.p95.unwrap_or(0.0).max(route.p95));
        }
        if let Some(known) = &route.usual {
            usual += known.p95 * route.requests as f64;
            weight += route.requests as f64;
        }
    }
    if let Some(p95) = merged.percentile(0.95) {
        let ratio = p95 / class.bands.investigate;
        if ratio >= now.ratio {
            now.p95 = Some(p95);
        }
        now.ratio = now.ratio.max(ratio);
    }
    now.usual_p95 = (weight > 0.0).then(|| usual / weight);
    now
}

/// All floats of a service.
pub fn load_line(situation: &Situation, findings: &[Finding]) -> Vec<Group> {
    let classes = situation
        .standards
        .classes
        .iter()
        .filter_map(|class| of_class(situation, class));
    let mut classes: Vec<Float> = classes.collect();
    let mut groups = vec![
        (
            "resources",
            "Resources",
            "level against limit",
            resources(situation),
        ),
        ("pools", "Pools", "in use", registered(situation, "pool:")),
        (
            "queues",
            "Queues",
            "waiting",
            registered(situation, "queue:"),
        ),
    ];
    groups[0].3.extend(registered(situation, "resource:"));
    groups[0].3.extend(registered(situation, "cache:"));
    classes
        .iter_mut()
        .for_each(|float| attach(situation, findings, float));
    let mut all = vec![Group {
        name: "classes",
        label: "Classes",
        against: "p95 against investigate",
        floats: classes,
    }];
    for (name, label, against, mut floats) in groups {
        floats
            .iter_mut()
            .for_each(|float| attach(situation, findings, float));
        all.push(Group {
            name,
            label,
            against,
            floats,
        });
    }
    all.retain(|group| !group.floats.is_empty());
    all
}

/// The class as a float; `None` when it was never asked.
fn of_class(situation: &Situation, class: &Class) -> Option<Float> {
    let now = class_now(situation, class);
    let asked = situation.asked.get(&*class.name).copied();
    if now.p95.is_none() && asked.is_none() {
        return None;
    }
    let mut float = Float::named(&format!("class:{}", class.name), &class.name, Unit::Seconds);
    float.limit = Some(class.bands.investigate);
    if let Some(p95) = now.p95 {
        float.measured(p95, now.ratio);
        float.place = if now.ratio > 1.0 {
            Place::Past
        } else {
            class.bands.place(p95)
        };
        let usual = now
            .usual_p95
            .map(|usual| 1.0 - usual / class.bands.investigate);
        float.usual_headroom = usual;
    } else if let Some(asked) = asked {
        float.idle_seconds = Some(((situation.now - asked) as f64 / 1e9).max(0.0).round());
        float.reason = Some("idle");
    }
    Some(float)
}

fn resources(situation: &Situation) -> Vec<Float> {
    let names = [
        ("cpu", "CPU"),
        ("memory", "memory"),
        ("disk", "disk"),
        ("disk_io", "disk I/O"),
        ("network", "network"),
        ("open_files", "open files"),
    ];
    let mut errors = Float::named("errors", "errors", Unit::Ratio);
    let limit = situation.standards.limits.error_rate;
    errors.limit = Some(limit);
    match situation.error_rate() {
        Some(rate) => errors.measured(rate, Limit::Ceiling(limit).ratio(rate)),
        None => errors.reason = Some("no data"),
    }
    let known = names.iter().filter_map(|(key, name)| {
        let level = situation.level(key)?;
        let mut float = Float::named(key, name, level.unit);
        float.limit = Some(level.limit);
        float.measured(level.value, level.ratio);
        Some(float)
    });
    std::iter::once(errors).chain(known).collect()
}

fn registered(situation: &Situation, prefix: &str) -> Vec<Float> {
    let levels = situation.levels.iter().filter_map(|level| {
        let name = level.key.strip_prefix(prefix)?;
        let mut float = Float::named(&level.key, name, level.unit);
        float.limit = Some(level.limit);
        float.measured(level.value, level.ratio);
        Some(float)
    });
    levels.collect()
}

fn attach(situation: &Situation, findings: &[Finding], float: &mut Float) {
    let is_free = float.headroom.is_some_and(|free| free >= 0.0);
    let ahead = situation.ahead(&float.id).filter(|_| is_free);
    float.reaches_limit_days = ahead.map(|ahead| ahead.left);
    let about = findings.iter().find(|finding| finding.id == float.id);
    let about = about.or_else(|| {
        findings
            .iter()
            .find(|finding| finding.float.as_deref() == Some(&float.id))
    });
    float.finding = about.map(|finding| finding.id.clone());
    if float.place == Place::Past {
        let since = about.and_then(|finding| finding.since_ns);
        float.since = since.map(rfc3339);
    }
    if situation.silent_since().is_some() {
        // The last known height is not where it is now.
        let silent = Float::named(&float.id, &float.name, float.unit);
        *float = Float {
            limit: float.limit,
            finding: float.finding.take(),
            reason: Some("no data"),
            ..silent
        };
    }
}

impl Float {
    fn named(id: &str, name: &str, unit: Unit) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            place: Place::Unknown,
            headroom: None,
            ratio: None,
            value: None,
            limit: None,
            unit,
            usual_headroom: None,
            since: None,
            finding: None,
            idle_seconds: None,
            reaches_limit_days: None,
            reason: None,
        }
    }

    fn measured(&mut self, value: f64, ratio: f64) {
        let ratio = ratio.min(LARGEST);
        self.value = Some(value);
        self.ratio = Some(ratio);
        self.headroom = Some(1.0 - ratio);
        self.place = Place::of_headroom(1.0 - ratio);
    }
}

/// What the score is made of.
pub fn loads(situation: &Situation) -> Loads {
    if situation.silent_since().is_some() {
        return Loads::default();
    }
    let classes = situation
        .standards
        .classes
        .iter()
        .map(|class| (class, class_now(situation, class)));
    let worst = classes
        .filter(|(_, now)| now.requests >= ENOUGH)
        .max_by(|(_, one), (_, other)| one.ratio.total_cmp(&other.ratio));
    let response_time = worst.and_then(|(class, now)| {
        let p95 = now.p95?;
        let line = p95 / now.ratio.max(1e-9);
        Some(Load {
            ratio: now.ratio,
            reason: format!(
                "{} p95 is {}, its line {}",
                class.name,
                duration(p95),
                duration(line)
            ),
        })
    });
    let limit = situation.standards.limits.error_rate;
    let errors = situation.error_rate().map(|rate| Load {
        ratio: rate / limit,
        reason: format!(
            "{} of the requests fail, at most {} may",
            share(rate),
            share(limit)
        ),
    });
    let memory = situation.level("memory").map(|memory| Load {
        ratio: memory.ratio,
        reason: format!("{} of {}", bytes(memory.value), bytes(memory.limit)),
    });
    Loads {
        response_time,
        errors,
        memory,
        database: database(situation),
        cache: cache(situation),
    }
}

/// The mean of the queries against what is slow, or the fullest pool, whichever is worse.
fn database(situation: &Situation) -> Option<Load> {
    let executions: u64 = situation.statements.iter().map(|one| one.executions).sum();
    let total: f64 = situation.statements.iter().map(|one| one.total).sum();
    let line = situation.standards.slow.query.as_secs_f64();
    let queries = (executions > 0).then(|| {
        let mean = total / executions as f64;
        Load {
            ratio: mean / line,
            reason: format!(
                "queries take {} on average, slow from {} on",
                duration(mean),
                duration(line)
            ),
        }
    });
    let pools = situation
        .levels
        .iter()
        .filter(|level| level.key.starts_with("pool:"));
    let fullest = pools.max_by(|one, other| one.ratio.total_cmp(&other.ratio));
    let pool = fullest.map(|pool| Load {
        ratio: pool.ratio,
        reason: format!("{} of {} connections", count(pool.value), count(pool.limit)),
    });
    match (queries, pool) {
        (Some(queries), Some(pool)) if pool.ratio > queries.ratio => Some(pool),
        (queries, pool) => queries.or(pool),
    }
}

fn cache(situation: &Situation) -> Option<Load> {
    let caches = situation
        .levels
        .iter()
        .filter(|level| level.key.starts_with("cache:"));
    let worst = caches.max_by(|one, other| one.ratio.total_cmp(&other.ratio));
    worst.map(|cache| Load {
        ratio: cache.ratio,
        reason: format!(
            "{} of the lookups hit, {} should",
            share(cache.value),
            share(cache.limit)
        ),
    })
}

/// A time as the API writes it: RFC 3339, UTC, milliseconds.
pub fn rfc3339(time_ns: i64) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(time_ns))
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}
