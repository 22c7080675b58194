//! A series taken apart: the field that it is a value of, and the tags of its row.

use std::borrow::Cow;
use std::hash::BuildHasher;

use super::buckets::Buckets;
use super::context::Context;
use super::family::{Family, Role};
use super::lexer::Label;
use super::places::{Part, Refused};
use super::tables::{CellValues, Cells};
use crate::ingest::otlp::exposed::{self, Exposed};
use crate::ingest::otlp::names::{Change, Shape};
use crate::store::schema::{CUMULATIVE, Type};
use crate::store::table::Kind;

/// The route of requests that matched none.
const UNMATCHED: &str = "<unmatched>";
/// A label that the target has already gets this before its name, as in Prometheus.
const EXPORTED: &str = "exported_";
/// The metric of requests in the old convention, in milliseconds, and in the new one.
pub(super) const OLD_REQUESTS: &str = "http.server.duration";
pub(super) const NEW_REQUESTS: &str = "http.server.request.duration";
/// Marks the requests of load tests.
const SYNTHETIC: &str = "user_agent_synthetic_type";

/// A series of a page.
pub(super) struct Sample<'a> {
    pub(super) name: &'a str,
    pub(super) role: Role,
    pub(super) family: &'a Family,
    pub(super) labels: &'a [Label<'a>],
    /// What the data model calls it, if it has a name for it.
    pub(super) exposed: Option<Exposed>,
    /// Its entry's.
    pub(super) number: u32,
}

/// The field of a sample.
pub(super) struct Field<'a> {
    pub(super) measurement: Cow<'a, str>,
    pub(super) name: Cow<'static, str>,
    pub(super) kind: Kind,
    pub(super) value_type: Type,
}

/// What the data model calls a series.
pub(super) fn exposed_as(
    name: &str,
    role: Role,
    family: &Family,
    labels: &[Label<'_>],
    context: &Context<'_>,
) -> Option<Exposed> {
    let (base, shape) = match role {
        Role::State => (name, Shape::State),
        Role::Total => (family.base(), Shape::Counter),
        Role::Created if family.kind == super::family::Type::Counter => {
            (family.base(), Shape::Counter)
        }
        Role::Created if family.kind == super::family::Type::Summary => return None,
        Role::Bucket | Role::HistogramSum | Role::HistogramCount | Role::Created => {
            (family.base(), Shape::Distribution)
        }
        Role::Quantile | Role::SummarySum | Role::SummaryCount => return None,
    };
    let pairs: Vec<(&str, &str)> = labels
        .iter()
        .map(|(name, value)| (*name, &**value))
        .collect();
    let exposed = exposed::rule(base, shape, &pairs)?;
    // A service between two conventions tells the same requests twice.
    let is_old = exposed.rule.metric == OLD_REQUESTS;
    let is_twice =
        is_old && memchr::memmem::find(context.text, b"http_server_request_duration").is_some();
    (!is_twice).then_some(exposed)
}

impl<'a> Sample<'a> {
    pub(super) fn field(&self) -> Field<'a> {
        let is_counter = self.family.kind == super::family::Type::Counter;
        if let Some(Exposed { rule, .. }) = &self.exposed {
            let (kind, value_type) = match rule.shape {
                Shape::State => (Kind::Gauge, Type::F64),
                Shape::Counter if rule.change == Change::Exact => (Kind::Cumulative, Type::F64),
                Shape::Counter => (Kind::Cumulative, Type::U64),
                Shape::Distribution => (Kind::Cumulative, Type::Histogram),
            };
            return Field {
                measurement: Cow::Borrowed(rule.measurement),
                name: match kind {
                    Kind::Cumulative => Cow::Owned(format!("{}{CUMULATIVE}", rule.field)),
                    _ => Cow::Borrowed(rule.field),
                },
                kind,
                value_type,
            };
        }
        let family = self.family.name.as_str();
        let total = |measurement, field, value_type| Field {
            measurement,
            name: Cow::Owned(format!("{field}{CUMULATIVE}")),
            kind: Kind::Cumulative,
            value_type,
        };
        let state = |measurement| Field {
            measurement: Cow::Borrowed(measurement),
            name: Cow::Borrowed("value"),
            kind: Kind::Gauge,
            value_type: Type::F64,
        };
        match self.role {
            Role::State => state(self.name),
            Role::Quantile => state(family),
            Role::Total => total(Cow::Borrowed(self.name), "value", Type::F64),
            // OpenMetrics names the family without the ending of its samples.
            Role::Created if is_counter && family.ends_with("_total") => {
                total(Cow::Borrowed(family), "value", Type::F64)
            }
            Role::Created if is_counter => {
                total(Cow::Owned(format!("{family}_total")), "value", Type::F64)
            }
            Role::Created if self.family.kind == super::family::Type::Summary => {
                total(Cow::Borrowed(family), "count", Type::U64)
            }
            Role::Bucket | Role::HistogramSum | Role::HistogramCount | Role::Created => {
                total(Cow::Borrowed(family), "distribution", Type::Histogram)
            }
            Role::SummarySum => total(Cow::Borrowed(family), "sum", Type::F64),
            Role::SummaryCount => total(Cow::Borrowed(family), "count", Type::U64),
        }
    }

    /// The tags of its row beside those of the target.
    pub(super) fn tags(
        &'a self,
        target: &'a [(String, String)],
    ) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        let own = target.iter();
        let mut tags: Vec<(Cow<'a, str>, Cow<'a, str>)> = own
            .map(|(name, value)| (Cow::Borrowed(&**name), Cow::Borrowed(&**value)))
            .collect();
        let has = |name: &str| target.iter().any(|(own, _)| own == name);
        let rule = self.exposed.map(|exposed| exposed.rule);
        let is_requests = rule.is_some_and(|rule| rule.measurement == "http_requests");
        let label = |wanted: &str| self.labels.iter().find(|(name, _)| *name == wanted);
        // The old convention's metric has the route in `http_target`.
        let is_old = rule.is_some_and(|rule| rule.change == Change::SecondsOfMillis);
        let target_is_route = is_requests && is_old && label("http_route").is_none();
        let is_test = label(SYNTHETIC).is_some_and(|(_, value)| value == "test");
        for (name, value) in self.labels {
            let is_bound = *name == "le" && self.role == Role::Bucket;
            let is_used = rule.is_some_and(|rule| exposed::uses(rule, name));
            if is_bound || is_used || (is_test && *name == SYNTHETIC) {
                continue;
            }
            if target_is_route && *name == "http_target" {
                let path = value.split('?').next().unwrap_or(value);
                tags.push((Cow::Borrowed("route"), Cow::Borrowed(path)));
                continue;
            }
            let tag = exposed::tag_of(name).unwrap_or(name);
            let is_taken = has(tag) || (tag == "source" && rule.is_some());
            let tag = match is_taken {
                true => Cow::Owned(format!("{EXPORTED}{tag}")),
                false => Cow::Borrowed(tag),
            };
            tags.push((tag, Cow::Borrowed(&**value)));
        }
        let mut add = |name: &'static str, value: &'static str| {
            if !tags
                .iter()
                .any(|(tag, value)| tag == name && !value.is_empty())
            {
                tags.push((Cow::Borrowed(name), Cow::Borrowed(value)));
            }
        };
        if rule.is_some() {
            add("source", "scrape");
        }
        if is_requests {
            add("route", UNMATCHED);
        }
        if is_test {
            add("run", "<test>");
        }
        tags
    }

    /// Its family as a number that tells it from others.
    pub(super) fn family_number(&self) -> u32 {
        let hash = foldhash::fast::FixedState::default().hash_one(self.family.base());
        // Not the number of nobody.
        (hash as u32) >> 1
    }

    /// What of its cell it is; a histogram's cell is made ready.
    pub(super) fn part(
        &self,
        cells: &mut Cells,
        row: u32,
        is_other: bool,
    ) -> Result<Part, Refused> {
        let CellValues::Histogram(all) = &mut cells.values else {
            let change = self.exposed.map(|exposed| exposed.rule.change);
            return Ok(match change {
                Some(Change::Complement) => Part::Complement,
                _ => Part::Number,
            });
        };
        let cell = &mut all[row as usize];
        if is_other {
            *cell = None;
        }
        let factor = self.exposed.map_or(1.0, |exposed| exposed.factor);
        let buckets = cell.get_or_insert_with(|| Box::new(Buckets::new(factor)));
        let bound = || {
            let le = self.labels.iter().find(|(name, _)| *name == "le");
            let le = le.and_then(|(_, le)| super::lexer::number(le.as_bytes()));
            le.ok_or_else(|| Refused::Other("is a bucket whose `le` is no number".to_owned()))
        };
        Ok(match self.role {
            Role::Bucket => {
                let bucket = buckets.bucket(bound()?);
                let bucket = bucket.map_err(|reason| Refused::Other(reason.to_owned()))?;
                Part::Bucket(bucket as u32)
            }
            Role::HistogramSum => Part::Sum,
            _ => Part::Count,
        })
    }
}
