//! What a judge knows of a service at one moment, as a [`Situation`](crate::analysis::situation::Situation) has it.

use std::collections::BTreeMap;

use super::{Judged, SLOT_NS};
use crate::alert::Phase;
use crate::analysis::situation::{AheadNow, LevelNow, OpenAlert, RouteNow};
use crate::performance::RequestTotals;

/// See the module; nothing of what is not judged.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Alerts that fire, without their numbers.
    pub alerts: Vec<OpenAlert>,
    /// What is used, against its lines.
    pub levels: Vec<LevelNow>,
    /// What will reach its line.
    pub ahead: Vec<AheadNow>,
    /// When each class was last asked, nanoseconds since the Unix epoch.
    pub asked: BTreeMap<String, i64>,
    /// When something was last heard of it, nanoseconds since the Unix epoch.
    pub heard: Option<i64>,
}

impl Judged {
    /// What is known at `now`, nanoseconds since the Unix epoch.
    pub fn known(&self, now: i64) -> Known {
        let alerts = self.judge.watches().filter_map(|watch| {
            let Phase::Firing { worst, .. } = watch.state.phase else {
                return None;
            };
            Some(OpenAlert {
                id: None,
                key: watch.key.to_string(),
                kind: watch.kind,
                severity: worst,
                since: watch.state.since_ns,
                value: watch.value,
                limit: watch.limit,
                unit: watch.unit,
            })
        });
        let levels = self.judge.levels().map(|(watch, value, limit)| LevelNow {
            key: watch.key.to_string(),
            value,
            limit: limit.value(),
            ratio: limit.ratio(value),
            unit: watch.unit,
        });
        let ahead = self.judge.foreseen();
        let ahead = ahead.filter_map(|(key, foreseen)| AheadNow::of(key, foreseen, now));
        let end = |slot: i64| (slot + 1) * SLOT_NS;
        let asked = self.asked.iter();
        Known {
            alerts: alerts.collect(),
            levels: levels.collect(),
            ahead: ahead.collect(),
            asked: asked
                .map(|(class, slot)| (class.clone(), end(*slot)))
                .collect(),
            heard: self.heard.map(end),
        }
    }

    /// A route with what it did lately, its requests by kind of error, and what is usual of it.
    pub fn route_now(
        &self,
        (method, route): (&str, &str),
        totals: &RequestTotals,
        error_types: &BTreeMap<String, u64>,
    ) -> RouteNow {
        let mut error_types: Vec<(String, u64)> = error_types
            .iter()
            .map(|(name, number)| (name.clone(), *number))
            .collect();
        error_types.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
        let usual = self.judge.usual(method, route).cloned();
        RouteNow::of(method, route, totals, error_types, usual)
    }
}
