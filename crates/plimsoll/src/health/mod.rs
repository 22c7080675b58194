//! Whether the service is well: registered checks, run together, each with a time-out.
//!
//! Five names are always answered: `database`, `cache`, `disk_space`, `memory` and `external_services`. One that nobody
//! configured says `not_configured` and does not count against the service.

mod builtin;
mod check;
mod critical;
mod report;

pub use check::{Check, Outcome};
pub use critical::{CHECK, MAX_CRITICAL};
pub use report::{CheckReport, Report, Status};

pub(crate) use builtin::{disk_space, memory};

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use critical::Critical;

/// The checks that [`Report`] always names.
pub const NAMES: [&str; 5] = [
    "database",
    "cache",
    "disk_space",
    "memory",
    "external_services",
];

/// All checks of a service. Cheap to clone; clones share the checks.
#[derive(Clone, Debug)]
pub struct Health(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    checks: Mutex<Vec<Arc<Check>>>,
    fresh_for: Duration,
    latest: Mutex<Option<(Instant, Arc<Report>)>>,
    critical: Mutex<Critical>,
    /// One run of the checks at a time, however many ask.
    running: Semaphore,
}

impl Default for Health {
    fn default() -> Self {
        Self::new(Self::FRESH_FOR)
    }
}

impl Health {
    /// How long an answer is given again without asking the checks anew.
    pub const FRESH_FOR: Duration = Duration::from_secs(1);

    /// No checks; answers are kept for `fresh_for`.
    pub fn new(fresh_for: Duration) -> Self {
        Self(Arc::new(Shared {
            checks: Mutex::new(Vec::new()),
            fresh_for,
            latest: Mutex::new(None),
            critical: Mutex::default(),
            running: Semaphore::new(1),
        }))
    }

    /// Adds a check; one of the same name is replaced.
    pub fn register(&self, check: Check) {
        self.0.critical.lock().forget(check.name());
        let mut checks = self.0.checks.lock();
        match checks.iter_mut().find(|other| other.name() == check.name()) {
            Some(other) => *other = Arc::new(check),
            None => checks.push(Arc::new(check)),
        }
        *self.0.latest.lock() = None;
    }

    /// The state of everything: what was found at most [`Self::FRESH_FOR`] ago, else all checks are run, at once.
    pub async fn report(&self) -> Arc<Report> {
        if let Some(report) = self.latest() {
            return report;
        }
        // The semaphore is never closed; without a permit the answer would only be computed twice.
        let _permit = self.0.running.acquire().await;
        if let Some(report) = self.latest() {
            return report;
        }
        let checks = self.0.checks.lock().clone();
        let found = run(&checks).await;
        self.note(&found);
        let report = Arc::new(Report::new(found, jiff::Timestamp::now()));
        *self.0.latest.lock() = Some((Instant::now(), report.clone()));
        report
    }

    /// Runs the critical checks that nobody asked within (half of) `every`.
    pub(crate) async fn ask_critical(&self, every: Duration) {
        let _permit = self.0.running.acquire().await;
        let now = tokio::time::Instant::now();
        let mut due = self.0.checks.lock().clone();
        {
            let critical = self.0.critical.lock();
            due.retain(|check| check.is_critical() && critical.is_due(check.name(), every, now));
        }
        let found = run(&due).await;
        self.note(&found);
    }

    fn note(&self, found: &[(Arc<Check>, CheckReport)]) {
        let now = tokio::time::Instant::now();
        let mut critical = self.0.critical.lock();
        for (check, report) in found {
            critical.note(check.name(), report, now);
        }
    }

    /// Critical checks that were run since the last call, each with whether it is well.
    pub(crate) fn newly_asked(&self) -> Vec<(String, bool)> {
        self.0.critical.lock().take_new()
    }

    /// Critical checks that were run within the last minute, each with whether it is well.
    pub(crate) fn asked_lately(&self) -> Vec<(String, bool)> {
        let now = tokio::time::Instant::now();
        self.0.critical.lock().lately(now)
    }

    fn latest(&self) -> Option<Arc<Report>> {
        let latest = self.0.latest.lock();
        let (at, report) = latest.as_ref()?;
        (at.elapsed() < self.0.fresh_for).then(|| report.clone())
    }
}

/// Runs checks at once; the answers are in the order of `checks`.
async fn run(checks: &[Arc<Check>]) -> Vec<(Arc<Check>, CheckReport)> {
    let mut runs: Vec<_> = checks
        .iter()
        .map(|check| Box::pin(run_one(check)))
        .collect();
    let mut reports: Vec<Option<CheckReport>> = vec![None; runs.len()];
    poll_fn(|cx| {
        for (run, report) in runs
            .iter_mut()
            .zip(&mut reports)
            .filter(|(_, report)| report.is_none())
        {
            if let Poll::Ready(ended) = run.as_mut().poll(cx) {
                *report = Some(ended);
            }
        }
        if reports.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    checks
        .iter()
        .cloned()
        .zip(reports.into_iter().flatten())
        .collect()
}

async fn run_one(check: &Check) -> CheckReport {
    let start = Instant::now();
    let outcome = match tokio::time::timeout(check.time_out(), unpanicked(check)).await {
        Ok(Some(outcome)) => outcome,
        Ok(None) => Outcome::Unhealthy("the check panicked".to_owned()),
        Err(_) => Outcome::Unhealthy(format!(
            "no answer within {} ms",
            check.time_out().as_millis()
        )),
    };
    CheckReport::new(outcome, check.is_critical(), start.elapsed())
}

/// `None` if the check panics, when it is started or later.
async fn unpanicked(check: &Check) -> Option<Outcome> {
    let run = catch_unwind(AssertUnwindSafe(|| check.start())).ok()?;
    let mut run: Pin<&mut _> = pin!(run);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn health(checks: impl IntoIterator<Item = Check>) -> Health {
        let health = Health::default();
        for check in checks {
            health.register(check);
        }
        health
    }

    #[tokio::test]
    async fn five_names_are_always_there_and_unconfigured_ones_do_not_degrade() {
        let report = health([]).report().await;
        assert_eq!(report.status, Status::Healthy);
        for name in NAMES {
            assert_eq!(report.checks[name].status, Status::NotConfigured, "{name}");
        }
    }

    #[tokio::test]
    async fn any_failed_check_degrades_and_a_critical_one_makes_unhealthy() {
        let failed = || async { Outcome::failed("connection refused") };
        let report = health([Check::new("search", failed)]).report().await;
        assert_eq!(report.status, Status::Degraded);
        assert_eq!(
            report.checks["search"].message.as_deref(),
            Some("connection refused")
        );
        let report = health([Check::new("database", failed).critical()])
            .report()
            .await;
        assert_eq!(report.status, Status::Unhealthy);
        let weak =
            Check::new("cache", || async { Outcome::Degraded("slow".to_owned()) }).critical();
        assert_eq!(health([weak]).report().await.status, Status::Degraded);
    }

    #[tokio::test]
    async fn a_panicking_check_is_a_failed_check() {
        let later = Check::new("cache", || async {
            tokio::task::yield_now().await;
            "out of luck".parse::<u32>().map(|_| ()).expect("a number");
            Outcome::Healthy
        });
        let at_once = Check::new("search", || -> std::future::Ready<Outcome> {
            panic!("at once")
        });
        let report = health([
            later,
            at_once,
            Check::new("database", || async { Outcome::Healthy }),
        ])
        .report()
        .await;
        assert_eq!(report.checks["cache"].status, Status::Unhealthy);
        assert_eq!(report.checks["search"].status, Status::Unhealthy);
        assert_eq!(report.checks["database"].status, Status::Healthy);
    }

    #[tokio::test(start_paused = true)]
    async fn checks_run_at_once_and_a_hanging_one_ends_with_its_time_out() {
        let hanging = |name| {
            Check::new(name, std::future::pending::<Outcome>)
                .time_out_after(Duration::from_millis(300))
        };
        let checks = health([hanging("a"), hanging("b"), hanging("c")]);
        let start = tokio::time::Instant::now();
        let report = checks.report().await;
        assert!(
            start.elapsed() < Duration::from_millis(400),
            "took {:?}",
            start.elapsed()
        );
        assert_eq!(
            report.checks["b"].message.as_deref(),
            Some("no answer within 300 ms")
        );
    }

    #[tokio::test]
    async fn many_askers_share_one_run_for_a_while() {
        let runs = Arc::new(AtomicU32::new(0));
        let count = runs.clone();
        let checks = health([Check::new("database", move || {
            let count = count.clone();
            async move {
                count.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Outcome::Healthy
            }
        })]);
        let askers: Vec<_> = (0..50)
            .map(|_| {
                let checks = checks.clone();
                tokio::spawn(async move { checks.report().await.status })
            })
            .collect();
        for asker in askers {
            assert_eq!(asker.await.expect("answers"), Status::Healthy);
        }
        assert_eq!(runs.load(Ordering::Relaxed), 1);
        checks.register(Check::new("database", || async { Outcome::failed("gone") }));
        assert_eq!(
            checks.report().await.status,
            Status::Degraded,
            "a new check is asked at once"
        );
    }
}
