//! What is known of a service at one moment: what findings are made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::forecast::{DaysLeft, Foreseen};
use super::usual::Usual;
use crate::alert::{Kind, Severity, Unit};
use crate::histogram::Histogram;
use crate::judge::LevelObserved;
use crate::performance::RequestTotals;
use crate::standards::Standards;

/// A service at one moment.
#[derive(Clone, Debug)]
pub struct Situation {
    /// Its name.
    pub service: String,
    /// Where a server can be asked about it, for commands to copy: `http://127.0.0.1:1876`; empty where there is none.
    pub url: String,
    /// Nanoseconds since the Unix epoch.
    pub now: i64,
    /// What is expected.
    pub standards: Arc<Standards>,
    /// Requests of the last minutes by route, load tests left out.
    pub routes: Vec<RouteNow>,
    /// Statements of the same minutes, by the route that asked.
    pub statements: Vec<StatementNow>,
    /// Outgoing calls of the same minutes.
    pub calls: Vec<CallNow>,
    /// Tracked functions of the same minutes.
    pub functions: Vec<FunctionNow>,
    /// What is used, against its lines.
    pub levels: Vec<LevelNow>,
    /// What reaches its line in some days.
    pub ahead: Vec<AheadNow>,
    /// Versions that began to run lately, the newest last.
    pub deploys: Vec<Deploy>,
    /// Alerts that fire.
    pub alerts: Vec<OpenAlert>,
    /// Length of the minutes.
    pub minutes: f64,
    /// When each class was last asked, nanoseconds since the Unix epoch; classes that never were are not there.
    pub asked: BTreeMap<String, i64>,
    /// When something was last heard of it, nanoseconds since the Unix epoch.
    pub heard: Option<i64>,
}

/// Requests of a route with one method.
#[derive(Clone, Debug, Default)]
pub struct RouteNow {
    /// Method.
    pub method: String,
    /// Route template.
    pub route: String,
    /// Requests.
    pub requests: u64,
    /// Seconds of their answers.
    pub duration: Histogram,
    /// Mean, seconds.
    pub mean: f64,
    /// Seconds.
    pub p50: f64,
    /// Seconds.
    pub p95: f64,
    /// Share of 5xx, panics and bodies that broke off.
    pub error_rate: f64,
    /// Requests by kind of error, the most frequent first.
    pub error_types: Vec<(String, u64)>,
    /// What is usual of it.
    pub usual: Option<Usual>,
    /// Whether single requests of it can be asked for by their traces.
    pub is_traced: bool,
}

/// A statement as one route asked it.
#[derive(Clone, Debug, Default)]
pub struct StatementNow {
    /// Literals and placeholders are `?`.
    pub statement: String,
    /// The route that asked; empty where that is not known.
    pub route: String,
    /// Its method.
    pub method: String,
    /// How often it ran.
    pub executions: u64,
    /// How long all of that took, seconds.
    pub total: f64,
    /// Seconds.
    pub p95: f64,
}

/// Calls to another service.
#[derive(Clone, Debug, Default)]
pub struct CallNow {
    /// Host, and port where it is unusual.
    pub peer: String,
    /// How many.
    pub calls: u64,
    /// How long all of them took, seconds.
    pub total: f64,
    /// Seconds.
    pub p95: f64,
    /// Share of those that failed.
    pub error_rate: f64,
}

/// A tracked function.
#[derive(Clone, Debug, Default)]
pub struct FunctionNow {
    /// Its name.
    pub name: String,
    /// How often it ran.
    pub calls: u64,
    /// How long all of them took, seconds.
    pub total: f64,
    /// Seconds.
    pub p95: f64,
}

/// A level against its line.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelNow {
    /// As [`crate::judge::LevelObserved::key`].
    pub key: String,
    /// The level.
    pub value: f64,
    /// Its line.
    pub limit: f64,
    /// How many times what the line allows is used.
    pub ratio: f64,
    /// The unit of both.
    pub unit: Unit,
}

/// A level that reaches its line in some days, as a forecast says.
#[derive(Clone, Debug, PartialEq)]
pub struct AheadNow {
    /// As [`LevelNow::key`].
    pub key: String,
    /// When.
    pub left: DaysLeft,
    /// The level when the forecast was made.
    pub current: f64,
    /// What it grows by in a day.
    pub per_day: f64,
    /// Its line.
    pub limit: f64,
    /// The unit of all but the days.
    pub unit: Unit,
}

impl AheadNow {
    /// What is foreseen of the level `key`, at the moment `now`; `None` where nothing is, or the line is reached already.
    pub fn of(key: &str, foreseen: &Foreseen, now: i64) -> Option<Self> {
        let left = foreseen.left(now).filter(|_| !foreseen.is_reached)?;
        Some(Self {
            key: key.to_owned(),
            left,
            current: foreseen.current,
            per_day: foreseen.per_day,
            limit: foreseen.limit,
            unit: foreseen.unit,
        })
    }
}

/// A version that began to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deploy {
    /// Which version.
    pub version: String,
    /// Which commit, where it is known.
    pub revision: Option<String>,
    /// When it began, nanoseconds since the Unix epoch.
    #[serde(skip)]
    pub at: i64,
}

/// An alert that fires.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAlert {
    /// Its number.
    pub id: Option<String>,
    /// As [`crate::judge::Watch::key`].
    pub key: String,
    /// What kind of trouble.
    pub kind: Kind,
    /// How severe.
    pub severity: Severity,
    /// When the breach began, nanoseconds since the Unix epoch.
    pub since: i64,
    /// What was found last.
    pub value: Option<f64>,
    /// Its line.
    pub limit: f64,
    /// The unit of both.
    pub unit: Unit,
}

impl Deploy {
    /// Characters of a commit that name it among others.
    const SHORT: usize = 7;

    /// As sentences name it: the version, and the commit where it is known and is not the version's name already.
    pub fn name(&self) -> String {
        match &self.revision {
            Some(revision) if !revision.starts_with(&self.version) => {
                let short: String = revision.chars().take(Self::SHORT).collect();
                format!("{} ({short})", self.version)
            }
            _ => self.version.clone(),
        }
    }
}

impl RouteNow {
    /// What its requests add up to; `error_types` the most frequent first.
    pub fn of(
        method: &str,
        route: &str,
        totals: &RequestTotals,
        error_types: Vec<(String, u64)>,
        usual: Option<Usual>,
    ) -> Self {
        let duration = &totals.duration;
        Self {
            method: method.to_owned(),
            route: route.to_owned(),
            requests: duration.count,
            duration: duration.clone(),
            mean: duration.mean().unwrap_or(0.0),
            p50: duration.percentile(0.5).unwrap_or(0.0),
            p95: duration.percentile(0.95).unwrap_or(0.0),
            error_rate: totals.error_rate().unwrap_or(0.0),
            error_types,
            usual,
            is_traced: false,
        }
    }

    /// Method and route.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.route)
    }
}

impl Situation {
    /// Without data for so long a service is silent: 90 s.
    pub const SILENT_AFTER_NS: i64 = 90_000_000_000;

    /// Since when nothing was heard, if that is long.
    pub fn silent_since(&self) -> Option<i64> {
        self.heard
            .filter(|heard| self.now - heard > Self::SILENT_AFTER_NS)
    }

    /// Share of errors among all requests; `None` without any.
    pub fn error_rate(&self) -> Option<f64> {
        let requests: u64 = self.routes.iter().map(|route| route.requests).sum();
        let errors: f64 = self
            .routes
            .iter()
            .map(|route| route.error_rate * route.requests as f64)
            .sum();
        (requests > 0).then(|| errors / requests as f64)
    }
    /// A deploy is taken as the cause of what began within so long after it: 30 minutes.
    pub const AFTER_DEPLOY_NS: i64 = 1_800_000_000_000;
    /// Breaches are seen a little before their first slot is over; a deploy may be noticed after them: 1 minute.
    const BEFORE_DEPLOY_NS: i64 = 60_000_000_000;

    /// The deploy that something which began at `since` may come from.
    pub fn deploy_before(&self, since: i64) -> Option<&Deploy> {
        let is_near = |deploy: &&Deploy| {
            (-Self::BEFORE_DEPLOY_NS..=Self::AFTER_DEPLOY_NS).contains(&(since - deploy.at))
        };
        self.deploys.iter().rev().find(is_near)
    }

    /// Critical checks that fail, by name.
    pub fn failing_checks(&self) -> impl Iterator<Item = &str> {
        let levels = self.levels.iter().filter(|level| level.ratio > 1.0);
        levels.filter_map(|level| level.key.strip_prefix(LevelObserved::CHECK))
    }

    /// What is foreseen of the level of this key.
    pub fn ahead(&self, key: &str) -> Option<&AheadNow> {
        self.ahead.iter().find(|ahead| ahead.key == key)
    }

    /// The level of this key.
    pub fn level(&self, key: &str) -> Option<&LevelNow> {
        self.levels.iter().find(|level| level.key == key)
    }

    /// Statements that a route asked.
    pub fn statements_of<'a>(
        &'a self,
        route: &'a RouteNow,
    ) -> impl Iterator<Item = &'a StatementNow> {
        self.statements
            .iter()
            .filter(|one| one.route == route.route && one.method == route.method)
    }
}
