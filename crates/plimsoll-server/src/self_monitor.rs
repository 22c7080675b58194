//! The server as a service of its own: measured by the library like any other, its windows taken in by the same code as
//! another service's export, without a socket between.
//!
//! Nothing here stands in a request's way: the layer only counts, and what is read and written happens on a task of its
//! own, at most one window at a time.

mod intervals;
mod readings;

use std::time::Duration;

use plimsoll::Monitor;
use plimsoll::export::{self, Resource};
use plimsoll::window::{MetricKey, Window};

use crate::config::Config;
use crate::ingest::otlp::{Refusals, Taken};
use crate::performance::OWN_SERVICE;
use crate::state::App;
use crate::store::AppendError;
use crate::store::table::Nanos;
use crate::tasks::Stop;
use crate::tick;
use readings::Readings;

/// How often it is looked for a closed window.
const LOOK: Duration = Duration::from_secs(1);
/// How often store and ingest are read: at least once for each window.
const READ: Duration = Duration::from_secs(5);
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
        // Its windows are in the store, where they are judged like any other's.
        .judging(false)
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
    let mut readings = Readings::of(&app.monitor);
    let mut due = tokio::time::interval(READ);
    loop {
        tokio::select! {
            () = stop.wait() => break,
            () = &mut running => anyhow::bail!("the monitor ended"),
            _ = due.tick() => readings = read(&app, readings).await?,
        }
    }
    // The last window tells how it ended.
    read(&app, readings).await?;
    app.monitor.close();
    running.await;
    Ok(())
}

async fn read(app: &App, mut readings: Readings) -> anyhow::Result<Readings> {
    let app = app.clone();
    let reading = tokio::task::spawn_blocking(move || {
        readings.update(&app);
        readings
    });
    Ok(reading.await?)
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
        keeper = tokio::task::spawn_blocking(move || keeper.keep(&shared, stopping)).await?;
        if stopping {
            return Ok(());
        }
    }
}

/// What was kept already.
struct Keeper {
    /// End of the last window on disk.
    kept: Nanos,
    /// Whether the last try failed, so that the log says it once.
    failing: bool,
    /// Whether something was refused, so that the log says it once.
    refused: bool,
}

impl Keeper {
    fn new(now: Nanos) -> Self {
        Self {
            kept: now,
            failing: false,
            refused: false,
        }
    }

    fn keep(mut self, app: &App, stopping: bool) -> Self {
        let windows = app.monitor.windows().since(self.kept);
        let windows = intervals::merged(&windows, app.config.monitor_interval, stopping);
        let newest = windows.len();
        for (number, mut window) in windows.into_iter().enumerate().take(AT_ONCE) {
            // The writes of now belong to the newest window only.
            if number + 1 == newest {
                add_write_secs(app, &mut window);
            }
            match keep(app, &window) {
                Ok(refusals) => {
                    (self.kept, self.failing) = (window.end_unix_ns, false);
                    self.tell(&refusals);
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

    fn tell(&mut self, refusals: &Refusals) {
        if refusals.points > 0 && !self.refused {
            let points = refusals.points;
            let message = refusals.message();
            tracing::warn!(
                points,
                "cannot keep all of the server's own window: {message}"
            );
        }
        self.refused = refusals.points > 0;
    }
}

fn add_write_secs(app: &App, window: &mut Window) {
    let write_secs = app.store.take_write_secs();
    if !write_secs.is_empty() {
        let name = MetricKey::new("plimsoll.store.write.duration", &[]);
        window.timers.insert(name, write_secs);
    }
}

fn keep(app: &App, window: &Window) -> Result<Refusals, AppendError> {
    let resource = Resource::from(app.monitor.config());
    let request = export::request(window, &resource);
    let Taken { refusals, .. } = app.otlp.ingest_own(&request, tick::now())?;
    let left_out = usize::try_from(refusals.over_series_limit).unwrap_or(usize::MAX);
    app.ingest.own_left_out(left_out);
    Ok(refusals)
}
