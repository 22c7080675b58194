//! The monitor's own time: every second a reading of gauges, every ten a window.

use std::future::Future;
use std::sync::atomic::Ordering::{AcqRel, Release};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::{Inner, Monitor, checks, slow};
use crate::clock::Moment;
use crate::window::Window;

/// Length of a window. Windows end at multiples of it on the wall clock, so those of several instances coincide.
pub(crate) const WINDOW: Duration = Duration::from_secs(10);
const WINDOW_NS: i64 = 10_000_000_000;
const SECOND: Duration = Duration::from_secs(1);

impl Monitor {
    /// Closes windows, samples, exports. Spawn it once; it ends when the last clone of the monitor is dropped, and at
    /// once when monitoring is disabled or already running.
    pub fn run(&self) -> impl Future<Output = ()> + Send + 'static {
        run(Arc::downgrade(&self.inner))
    }
}

async fn run(monitor: Weak<Inner>) {
    let Some(window_end) = start(&monitor) else {
        return;
    };
    let _running = Running(monitor.clone());
    let Some((health, every)) = monitor.upgrade().map(|inner| {
        let every = inner.configuration.config().health_interval;
        (inner.periphery.health.clone(), every)
    }) else {
        return;
    };
    let close_windows = async {
        tokio::select! {
            () = close_windows(monitor.clone(), window_end) => {}
            () = checks::ask(health, every) => {}
        }
    };
    #[cfg(feature = "export")]
    if let Some(exporter) = monitor
        .upgrade()
        .and_then(|inner| inner.periphery.exporter.clone())
    {
        tokio::join!(exporter.run(), close_windows);
        return;
    }
    close_windows.await;
}

/// While it lives, no second run begins.
struct Running(Weak<Inner>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(inner) = self.0.upgrade() {
            inner.running.store(false, Release);
        }
    }
}

/// Until the monitor is closed or gone.
async fn close_windows(monitor: Weak<Inner>, window_end: i64) {
    let mut window_end_ns = window_end;
    let Some(inner) = monitor.upgrade() else {
        return;
    };
    let closing = Arc::clone(&inner.periphery.closing);
    // The first sample is what later ones are compared with.
    inner.sample().await;
    drop(inner);
    let mut seconds = interval_at(Instant::now() + to_next_second(Moment::now()), SECOND);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let is_closing = tokio::select! {
            biased;
            () = closing.notified() => true,
            _ = seconds.tick() => false,
        };
        let Some(inner) = monitor.upgrade() else {
            return;
        };
        let mut now = Moment::now();
        // Not under the lock: what is read may register something itself.
        let registered = inner.registered.lock().clone();
        registered.iter().for_each(|one| one.take());
        inner.registry.tick(now);
        // A wall clock that was set back would otherwise leave the window open until it has caught up.
        let was_set_back = now.unix_ns < window_end_ns - WINDOW_NS;
        if now.unix_ns >= window_end_ns || was_set_back || is_closing {
            inner.sample().await;
            now = Moment::now();
            let window = inner.close_window(now);
            window_end_ns = next_window_end(now);
            if !is_closing {
                inner.judge(window, now).await;
            }
        }
        if is_closing {
            inner.end_export();
            return;
        }
    }
}

fn start(monitor: &Weak<Inner>) -> Option<i64> {
    let inner = monitor.upgrade()?;
    if !inner.configuration.config().enabled {
        return None;
    }
    if inner.running.swap(true, AcqRel) {
        tracing::warn!("the monitor runs already; the second run() ends at once");
        return None;
    }
    Some(next_window_end(Moment::now()))
}

impl Inner {
    /// Everything that happens when ten seconds have passed, in this order.
    fn close_window(&self, now: Moment) -> Arc<Window> {
        self.registry
            .add_dropped_windows(self.periphery.newly_dropped_windows());
        let mut window = self.registry.collect(now);
        checks::add(&self.periphery.health, &mut window);
        let window = Arc::new(window);
        let config = self.configuration.config();
        slow::warn(&window, &config.service, config.thresholds.slow_request);
        #[cfg(feature = "export")]
        if let Some(exporter) = &self.periphery.exporter {
            exporter.offer(&window);
        }
        self.ring.push(window.clone());
        window
    }

    /// Lets the export end when it has sent what it has.
    fn end_export(&self) {
        #[cfg(feature = "export")]
        if let Some(exporter) = &self.periphery.exporter {
            exporter.close();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.running.swap(false, AcqRel) {
            self.close_window(Moment::now());
        }
        self.end_export();
    }
}

fn next_window_end(now: Moment) -> i64 {
    (now.unix_ns.div_euclid(WINDOW_NS) + 1) * WINDOW_NS
}

fn to_next_second(now: Moment) -> Duration {
    let into_second = now.unix_ns.rem_euclid(1_000_000_000);
    Duration::from_nanos((1_000_000_000 - into_second) as u64)
}
