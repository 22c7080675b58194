//! One target and how it does.

use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;

use super::refusals::Refusals;
use crate::config::scrape::ScrapeTarget;
use crate::store::table::Nanos;

/// A target.
#[derive(Debug)]
pub struct Target {
    /// How it is asked.
    pub config: ScrapeTarget,
    status: Mutex<Status>,
}

/// How a target does.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// The last scrape; `None` before the first.
    pub last: Option<Scrape>,
    /// Why the last scrape that failed did, and when it began.
    pub last_error: Option<(String, Nanos)>,
    /// Scrapes so far.
    pub scrapes: u64,
    /// Of these, how many failed.
    pub failures: u64,
    /// Samples not kept, of all scrapes.
    pub refused: u64,
}

/// What came of one scrape.
#[derive(Clone, Debug)]
pub struct Scrape {
    /// When it began.
    pub time: Nanos,
    /// How long it took.
    pub took: Duration,
    /// Samples understood.
    pub samples: u64,
    /// Of these, how many were new.
    pub added: u64,
    /// What was not kept.
    pub refusals: Refusals,
    /// Why there is nothing.
    pub error: Option<String>,
}

/// Whether a target answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = TargetState)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was not asked yet.
    Unknown,
    /// It answered the last time.
    Up,
    /// It did not.
    Down,
}

impl Status {
    /// Whether it answers.
    pub fn state(&self) -> State {
        match &self.last {
            None => State::Unknown,
            Some(Scrape { error: None, .. }) => State::Up,
            Some(_) => State::Down,
        }
    }
}

impl Target {
    pub(super) fn new(config: ScrapeTarget) -> Self {
        Self {
            config,
            status: Mutex::default(),
        }
    }

    /// How it does.
    pub fn status(&self) -> Status {
        self.status.lock().clone()
    }

    /// Takes note of a scrape, and tells the log what changed.
    pub(super) fn note(&self, scrape: Scrape) {
        let mut status = self.status.lock();
        let before = status.state();
        let refused_before = status
            .last
            .as_ref()
            .is_some_and(|last| last.refusals.count > 0);
        status.scrapes += 1;
        status.refused += scrape.refusals.count;
        if let Some(error) = &scrape.error {
            status.failures += 1;
            status.last_error = Some((error.clone(), scrape.time));
        }
        status.last = Some(scrape);
        let after = status.state();
        let last = status.last.clone();
        drop(status);
        let ScrapeTarget { job, instance, .. } = &self.config;
        let Some(last) = last else { return };
        match (before, after) {
            (State::Unknown | State::Up, State::Down) => {
                let error = last.error.as_deref().unwrap_or_default();
                tracing::warn!(job, instance, error, "{job} at {instance} is down: {error}");
            }
            (State::Down, State::Up) => {
                tracing::info!(job, instance, "{job} at {instance} is up again")
            }
            _ => {}
        }
        if let Some(first) = last.refusals.reasons.first().filter(|_| !refused_before) {
            let (count, reason, example) = (last.refusals.count, &first.reason, &first.example);
            tracing::warn!(
                job,
                instance,
                "{count} samples of {job} at {instance} are not kept; the first {reason}: {example}"
            );
        }
    }
}
