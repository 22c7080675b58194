//! Many notices as one: how many of what, and the worst by name.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::notice::Severity;
use super::notice::{Kind, Notice};
use crate::store::table::Nanos;

/// How many are named.
pub const WORST: usize = 5;
/// Most keys that are kept, so that a program can tell which notices are in it.
pub const MAX_KEYS: usize = 1_000;
/// Most services that are counted apart.
const MAX_SERVICES: usize = 50;
/// Where those of further services are counted.
const OTHER: &str = "<other>";

/// Notices that are told together, because one by one they would be too many.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there are.
    pub count: u64,
    /// By how bad they are.
    pub by_severity: BTreeMap<Severity, u64>,
    /// By what happened.
    pub by_kind: BTreeMap<Kind, u64>,
    /// By service; of too many services the further ones together.
    pub by_service: BTreeMap<String, u64>,
    /// The worst, at most [`WORST`]; those whose alert is over come last.
    pub worst: Vec<Notice>,
    /// Keys of the first [`MAX_KEYS`].
    pub keys: Vec<String>,
    /// When the first was.
    pub first: Nanos,
    /// When the last was.
    pub last: Nanos,
}

impl Summary {
    /// All of `notices`.
    pub fn of(notices: Vec<Notice>) -> Self {
        let mut summary = Self::default();
        let mut latest: HashMap<String, Notice> = HashMap::new();
        for notice in notices {
            summary.count(&notice);
            // Of one alert the last transition says how it is.
            let known = latest.get(&notice.alert);
            if known.is_none_or(|known| known.transition <= notice.transition) {
                latest.insert(notice.alert.clone(), notice);
            }
        }
        summary.worst = latest.into_values().collect();
        summary.keep_worst();
        summary
    }

    /// Both together.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        if other.count == 0 {
            return self;
        }
        if self.count == 0 {
            return other;
        }
        self.count += other.count;
        for (severity, count) in other.by_severity {
            *self.by_severity.entry(severity).or_default() += count;
        }
        for (kind, count) in other.by_kind {
            *self.by_kind.entry(kind).or_default() += count;
        }
        for (service, count) in other.by_service {
            self.count_service(&service, count);
        }
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        let room = MAX_KEYS.saturating_sub(self.keys.len());
        self.keys.extend(other.keys.into_iter().take(room));
        self.worst.extend(other.worst);
        self.keep_worst();
        self
    }

    /// The worst severity in it.
    pub fn severity(&self) -> Severity {
        let worst = self.by_severity.last_key_value();
        worst.map_or(Severity::Low, |(severity, _)| *severity)
    }

    /// Whether all it tells is that alerts are over.
    pub fn is_over(&self) -> bool {
        self.by_kind.keys().eq([&Kind::Resolved])
    }

    fn count(&mut self, notice: &Notice) {
        let time = notice.timestamp;
        (self.first, self.last) = match self.count {
            0 => (time, time),
            _ => (self.first.min(time), self.last.max(time)),
        };
        self.count += 1;
        *self.by_severity.entry(notice.severity).or_default() += 1;
        *self.by_kind.entry(notice.kind).or_default() += 1;
        self.count_service(&notice.service, 1);
        if self.keys.len() < MAX_KEYS {
            self.keys.push(notice.key());
        }
    }

    fn count_service(&mut self, service: &str, count: u64) {
        let is_known = self.by_service.contains_key(service);
        let service = match is_known || self.by_service.len() < MAX_SERVICES {
            true => service,
            false => OTHER,
        };
        *self.by_service.entry(service.to_owned()).or_default() += count;
    }

    fn keep_worst(&mut self) {
        let rank = |notice: &Notice| {
            (
                notice.kind != Kind::Resolved,
                notice.severity,
                notice.timestamp,
            )
        };
        self.worst
            .sort_by_key(|notice| std::cmp::Reverse(rank(notice)));
        self.worst.truncate(WORST);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::notice::tests::notice;
    use super::*;

    fn notices() -> impl Strategy<Value = Vec<Notice>> {
        let severities = [
            Severity::Low,
            Severity::Medium,
            Severity::High,
            Severity::Critical,
        ];
        let kinds = [Kind::Firing, Kind::Worsened, Kind::Resolved];
        let one = (0..300_u32, 0..4_usize, 0..3_usize, 0..80_u32, 0..1_000_i64);
        let one = one.prop_map(move |(alert, severity, kind, service, time)| Notice {
            kind: kinds[kind],
            service: format!("s{service}"),
            timestamp: time,
            ..notice(&alert.to_string(), severities[severity])
        });
        prop::collection::vec(one, 0..60)
    }

    proptest! {
        #[test]
        fn no_notice_is_lost_by_merging(a in notices(), b in notices()) {
            let together = Summary::of([a.clone(), b.clone()].concat());
            let merged = Summary::of(a.clone()).merge(Summary::of(b.clone()));
            let back = Summary::of(b.clone()).merge(Summary::of(a.clone()));
            for summary in [&together, &merged, &back] {
                prop_assert_eq!(summary.count, (a.len() + b.len()) as u64);
                prop_assert_eq!(summary.by_service.values().sum::<u64>(), summary.count);
                prop_assert_eq!(summary.keys.len() as u64, summary.count);
                prop_assert_eq!(&summary.by_severity, &merged.by_severity);
                prop_assert_eq!(&summary.by_kind, &merged.by_kind);
                prop_assert_eq!((summary.first, summary.last), (merged.first, merged.last));
                prop_assert!(summary.worst.len() <= WORST && summary.by_service.len() <= MAX_SERVICES + 1);
            }
        }
    }

    #[test]
    fn the_worst_are_those_that_go_on() {
        let over = Notice {
            transition: 2,
            kind: Kind::Resolved,
            ..notice("1", Severity::Critical)
        };
        let summary = Summary::of(vec![
            notice("1", Severity::Critical),
            over,
            notice("2", Severity::Low),
            notice("3", Severity::High),
        ]);
        let worst: Vec<_> = summary.worst.iter().map(|notice| &*notice.alert).collect();
        assert_eq!(worst, ["3", "2", "1"]);
        assert_eq!(summary.severity(), Severity::Critical);
        assert!(!summary.is_over());
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let many = (0..20).map(|alert| notice(&alert.to_string(), Severity::Medium));
        let summary = Summary::of(many.collect());
        let text = serde_json::to_string(&summary).unwrap();
        assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary);
        assert_eq!(summary.worst.len(), WORST);
    }
}
