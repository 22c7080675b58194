//! Critical checks: asked where nobody else asks them, and told with the windows.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::health::{CHECK, Health};
use crate::window::{Gauge, MetricKey, Window};

/// Checks are not asked more often by themselves.
const SHORTEST: Duration = Duration::from_secs(1);

/// Asks critical checks every so often; never ends.
pub(super) async fn ask(health: Health, every: Option<Duration>) {
    let Some(every) = every else {
        return std::future::pending().await;
    };
    let every = every.max(SHORTEST);
    let mut turns = interval_at(Instant::now() + every, every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        turns.tick().await;
        health.ask_critical(every).await;
    }
}

/// Puts into a window what critical checks said in it. One that was not asked is not told.
pub(super) fn add(health: &Health, window: &mut Window) {
    for (check, is_well) in health.newly_asked() {
        let key = MetricKey::new(CHECK, &[("check", &check)]);
        let value = if is_well { 1.0 } else { 0.0 };
        let gauge = Gauge::of(value, window.end_unix_ns);
        window.gauges.insert(key, gauge);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;
    use crate::health::{Check, Outcome};
    use crate::judge::Observed;
    use crate::standards::Standards;

    fn told(health: &Health) -> Vec<(String, f64)> {
        let mut window = Window::empty(0, 10_000_000_000);
        add(health, &mut window);
        let observed = Observed::of(&window, &Standards::default());
        let levels = observed.levels.iter();
        levels
            .map(|level| (level.key.to_string(), level.limit.ratio(level.value)))
            .collect()
    }

    #[tokio::test]
    async fn a_window_tells_of_critical_checks_that_were_asked_in_it() {
        let health = Health::default();
        let failed = || async { Outcome::failed("gone") };
        let weak = || async { Outcome::Degraded("slow".to_owned()) };
        health.register(Check::new("database", failed).critical());
        health.register(Check::new("cache", weak).critical());
        health.register(Check::new("search", failed));
        assert_eq!(told(&health), [], "nobody asked");
        health.report().await;
        let expected = [
            ("check:cache".to_owned(), 0.5),
            ("check:database".to_owned(), f64::INFINITY),
        ];
        assert_eq!(told(&health), expected);
        assert_eq!(told(&health), [], "it was told");
        let both = [("cache".to_owned(), true), ("database".to_owned(), false)];
        assert_eq!(health.asked_lately(), both);
        health.register(Check::new("database", failed));
        assert_eq!(health.asked_lately(), both[..1], "it is another one");
    }

    #[tokio::test(start_paused = true)]
    async fn critical_checks_are_asked_where_nobody_does_and_what_they_said_grows_old() {
        let health = Health::new(Duration::ZERO);
        let counted = |name: &str| {
            let runs = Arc::new(AtomicU32::new(0));
            let count = runs.clone();
            let check = Check::new(name, move || {
                count.fetch_add(1, Relaxed);
                std::future::ready(Outcome::Healthy)
            });
            (check, runs)
        };
        let (critical, runs) = counted("database");
        let (other, other_runs) = counted("search");
        health.register(critical.critical());
        health.register(other);
        let asking = tokio::spawn(ask(health.clone(), Some(Duration::from_secs(30))));
        tokio::time::sleep(Duration::from_secs(95)).await;
        assert_eq!((runs.load(Relaxed), other_runs.load(Relaxed)), (3, 0));
        // Where somebody asks, nobody else does.
        for _ in 0..6 {
            health.report().await;
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        assert_eq!((runs.load(Relaxed), other_runs.load(Relaxed)), (9, 6));
        asking.abort();
        assert_eq!(health.asked_lately().len(), 1);
        tokio::time::sleep(Duration::from_secs(61)).await;
        assert_eq!(health.asked_lately(), []);
    }
}
