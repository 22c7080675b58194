//! The last samples of each resource and what they say.

use std::collections::VecDeque;

use serde::Serialize;

use super::Sample;
use crate::analysis::trend::{Trend, trend_of};

/// The last [`History::CAPACITY`] samples.
#[derive(Debug, Default)]
pub struct History {
    samples: VecDeque<Sample>,
}

/// One resource now, lately, and where it is heading.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The newest value.
    pub current: f64,
    /// Mean of the last ten values.
    pub average: f64,
    /// Where these are heading.
    pub trend: Trend,
}

impl History {
    /// Samples kept.
    pub const CAPACITY: usize = 100;

    /// Adds the newest sample; the oldest goes when there are [`Self::CAPACITY`].
    pub fn push(&mut self, sample: Sample) {
        if self.samples.len() == Self::CAPACITY {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// The newest sample.
    pub fn latest(&self) -> Option<&Sample> {
        self.samples.back()
    }

    /// All samples kept, oldest first.
    pub fn samples(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.samples.iter()
    }

    /// Current value, mean of the last ten and trend of what `of` picks; `None` without any value.
    pub fn summary(&self, of: impl Fn(&Sample) -> Option<f64>) -> Option<Summary> {
        let mut latest: Vec<f64> = self.samples.iter().rev().filter_map(&of).take(10).collect();
        latest.reverse();
        let current = *latest.last()?;
        let average = latest.iter().sum::<f64>() / latest.len() as f64;
        Some(Summary {
            current,
            average,
            trend: trend_of(&latest),
        })
    }

    /// The summary of every resource that has values, as `{current, averages, trend}` by name.
    pub fn summaries(&self) -> serde_json::Value {
        let mut current = serde_json::Map::new();
        let mut averages = serde_json::Map::new();
        let mut trends = serde_json::Map::new();
        for (name, of) in RESOURCES {
            if let Some(summary) = self.summary(of) {
                current.insert((*name).to_owned(), summary.current.into());
                averages.insert((*name).to_owned(), summary.average.into());
                trends.insert((*name).to_owned(), serde_json::json!(summary.trend));
            }
        }
        serde_json::json!({ "current": current, "averages": averages, "trend": trends })
    }
}

type Pick = fn(&Sample) -> Option<f64>;

/// What a summary speaks about; the unit stands in the name, a ratio's 1 is all.
const RESOURCES: &[(&str, Pick)] = &[
    ("process_memory_rss_bytes", |s| {
        s.process.memory_rss_bytes.map(|bytes| bytes as f64)
    }),
    ("process_memory_ratio", |s| {
        s.process.memory_ratio(&s.system)
    }),
    ("process_cpu_ratio", |s| s.process.cpu_ratio),
    ("process_threads", |s| {
        s.process.threads.map(|threads| threads as f64)
    }),
    ("process_open_fds", |s| {
        s.process.open_fds.map(|fds| fds as f64)
    }),
    ("process_disk_read_bytes", |s| {
        s.process.disk_read_bytes.map(|flow| flow.delta as f64)
    }),
    ("process_disk_written_bytes", |s| {
        s.process.disk_written_bytes.map(|flow| flow.delta as f64)
    }),
    ("system_cpu_ratio", |s| s.system.cpu_ratio),
    ("system_memory_ratio", |s| s.system.memory_ratio),
    ("system_disk_ratio", |s| s.system.disk_ratio),
    ("system_disk_iops", |s| s.system.disk_iops),
    ("system_network_bits_per_second", |s| {
        s.system.network_bits_per_second
    }),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Process;

    #[test]
    fn a_summary_averages_the_last_ten_of_a_hundred() {
        let mut history = History::default();
        for value in 0..250 {
            history.push(Sample {
                process: Process {
                    threads: Some(value),
                    ..Process::default()
                },
                ..Sample::default()
            });
        }
        assert_eq!(history.samples().count(), 100);
        let summary = history
            .summary(|s| s.process.threads.map(|n| n as f64))
            .expect("has values");
        assert_eq!(
            summary,
            Summary {
                current: 249.0,
                average: 244.5,
                trend: Trend::Stable
            }
        );
        assert_eq!(
            history.summary(|s| s.process.cpu_ratio),
            None,
            "nothing known is no summary"
        );
        let all = history.summaries();
        assert_eq!(all["averages"]["process_threads"], 244.5);
        assert_eq!(all["trend"]["process_threads"], "stable");
    }
}
