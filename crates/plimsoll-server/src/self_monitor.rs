//! The server as a service of its own: measured by the library like any other, its windows taken in by the same code as
//! another service's export, without a socket between.
//!
//! Nothing here stands in a request's way: the layer only counts, and what is read and written happens on a task of its
//! own, at most one window at a time.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use plimsoll::Monitor;
use plimsoll::export::{self, Resource};
use plimsoll::window::{Gauge, MetricKey, Window};

use crate::config::Config;
use crate::ingest::Ingest;
use crate::performance::OWN_SERVICE;
use crate::state::App;
use crate::store::table::Nanos;
use crate::store::{AppendError, StoreStatus};
use crate::tasks::Stop;
use crate::tick;

/// How often it is looked for a closed window.
const LOOK: Duration = Duration::from_secs(1);
/// Windows caught up with at a time, after a disk was full.
const AT_ONCE: usize = 6;

/// The server's own monitor. Of the environment it takes what the configuration names: the rest speaks of the services.
///
/// # Errors
/// A setting that the configuration let pass and the library does not understand.
pub fn monitor(config: &Config) -> Result<Monitor, plimsoll::Error> {
    Monitor::builder(OWN_SERVICE)
        .version(env!("CARGO_PKG_VERSION"))
        .instance(OWN_SERVICE)
        .data_path(&config.store.dir)
        .build_with(config.monitor.iter().map(|(name, value)| (name, value)))
}

/// Closes the monitor's windows until told to stop, the last one then.
///
/// # Errors
/// When the monitor ended on its own.
pub async fn measure(app: App, mut stop: Stop) -> anyhow::Result<()> {
    if !app.monitor.is_enabled() {
        stop.wait().await;
        return Ok(());
    }
    let mut running = std::pin::pin!(app.monitor.run());
    tokio::select! {
        () = stop.wait() => {}
        () = &mut running => anyhow::bail!("the monitor ended"),
    }
    app.monitor.close();
    running.await;
    Ok(())
}

/// Keeps the monitor's windows until told to stop; the last one is kept on the way out.
///
/// # Errors
/// None: what cannot be kept now is tried again with the next window.
pub async fn run(app: App, mut stop: Stop) -> anyhow::Result<()> {
    let mut keeper = Keeper::new(tick::now());
    loop {
        let stopping = tokio::select! {
            () = stop.wait() => true,
            () = tokio::time::sleep(LOOK) => false,
        };
        let shared = app.clone();
        keeper = tokio::task::spawn_blocking(move || keeper.keep(&shared)).await?;
        if stopping {
            return Ok(());
        }
    }
}

/// What was kept already.
struct Keeper {
    /// End of the last window on disk.
    kept: Nanos,
    /// Counters as they stood then.
    counted: BTreeMap<&'static str, u64>,
    /// Whether the last try failed, so that the log says it once.
    failing: bool,
}

impl Keeper {
    fn new(now: Nanos) -> Self {
        Self {
            kept: now,
            counted: BTreeMap::new(),
            failing: false,
        }
    }

    fn keep(mut self, app: &App) -> Self {
        let windows = app.monitor.windows().since(self.kept);
        let newest = windows.len();
        for (number, window) in windows.into_iter().enumerate().take(AT_ONCE) {
            let mut window = Window::clone(&window);
            let mut counted = self.counted.clone();
            // Readings of now belong to the newest window only.
            if number + 1 == newest {
                counted = self.add_readings(app, &mut window);
            }
            match keep(app, &window) {
                Ok(()) => {
                    (self.kept, self.counted, self.failing) = (window.end_unix_ns, counted, false)
                }
                Err(error) => {
                    if !self.failing {
                        tracing::warn!(%error, "cannot keep the server's own window: {error}");
                    }
                    self.failing = true;
                    break;
                }
            }
        }
        self
    }

    /// Adds the store's state and what it counted since the last window; tells where the counters stand.
    fn add_readings(&self, app: &App, window: &mut Window) -> BTreeMap<&'static str, u64> {
        let status = app.store.status();
        let at = window.end_unix_ns;
        for (name, value) in states(&status) {
            window
                .gauges
                .insert(MetricKey::new(name, &[]), Gauge::of(value, at));
        }
        let write_secs = app.store.take_write_secs();
        if !write_secs.is_empty() {
            let name = MetricKey::new("plimsoll.store.write.duration", &[]);
            window.timers.insert(name, write_secs);
        }
        let mut stand = BTreeMap::new();
        for (name, value) in counters(&status, &app.ingest) {
            stand.insert(name, value);
            let since = self.counted.get(name).copied().unwrap_or(0);
            window
                .counters
                .insert(MetricKey::new(name, &[]), value.saturating_sub(since));
        }
        stand
    }
}

fn keep(app: &App, window: &Window) -> Result<(), AppendError> {
    let resource = Resource::from(app.monitor.config());
    let refusals = app
        .otlp
        .ingest(&export::request(window, &resource), tick::now())?;
    if refusals.points > 0 {
        tracing::debug!("own readings were refused: {}", refusals.message());
    }
    Ok(())
}

fn states(status: &StoreStatus) -> [(&'static str, f64); 8] {
    [
        ("plimsoll.store.unsealed_rows", status.unsealed_rows as f64),
        ("plimsoll.store.sealed_rows", status.sealed_rows as f64),
        ("plimsoll.store.disk_bytes", status.disk_bytes as f64),
        ("plimsoll.store.journal_bytes", status.journal_bytes as f64),
        ("plimsoll.store.segments", status.segments as f64),
        ("plimsoll.store.active_series", status.active_series as f64),
        ("plimsoll.store.max_series", status.max_series as f64),
        ("plimsoll.store.damaged_parts", status.damage.len() as f64),
    ]
}

fn counters(status: &StoreStatus, ingest: &Ingest) -> [(&'static str, u64); 7] {
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    [
        ("plimsoll.store.appended_rows", status.appended_rows),
        ("plimsoll.store.refused_disk_full", status.refused_disk_full),
        (
            "plimsoll.store.refused_unavailable",
            status.refused_unavailable,
        ),
        ("plimsoll.store.dropped_files", status.dropped_files),
        ("plimsoll.ingest.rows_refused", read(&ingest.rows_refused)),
        (
            "plimsoll.ingest.rows_out_of_time",
            read(&ingest.rows_out_of_time),
        ),
        (
            "plimsoll.ingest.rows_over_series_limit",
            read(&ingest.rows_over_series_limit),
        ),
    ]
}
