//! What surrounds the recording: samples of process and machine, health checks, the export.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{Inner, Monitor};
use crate::clock::Moment;
use crate::config::{Configuration, Origin};
use crate::health::{self, Check, Health};
use crate::resources::{History, Sample, Sampler, SamplerConfig};

/// See the module.
#[derive(Debug)]
pub(crate) struct Periphery {
    pub(crate) health: Health,
    pub(crate) history: Arc<Mutex<History>>,
    sampler: Arc<Mutex<Sampler>>,
    /// Size of the newest answer of `/metrics`.
    pub(crate) scrape_bytes: AtomicUsize,
    /// Told once that the monitor is to end.
    pub(super) closing: Arc<Notify>,
    /// Windows that were not exported, as far as the registry knows.
    dropped_windows: AtomicU64,
    #[cfg(feature = "export")]
    pub(crate) exporter: Option<crate::export::Exporter>,
}

/// A sample that takes longer is left out: some file system hangs.
const SAMPLE_TIME_OUT: Duration = Duration::from_secs(1);

impl Periphery {
    pub(super) fn new(configuration: &Configuration, checks: Vec<Check>) -> Self {
        let config = configuration.config();
        let history = Arc::new(Mutex::new(History::default()));
        let sampler = Sampler::new(SamplerConfig {
            data_path: config.data_path.clone(),
            memory: config.memory_monitoring,
        });
        let health = Health::default();
        // The profile's threshold is for alerts; one that somebody set is meant as a limit.
        let is_set = !matches!(
            configuration.origin("max_memory_mb"),
            Origin::Default | Origin::Profile(_)
        );
        let max_bytes = is_set.then_some((config.thresholds.memory_mb * 1_048_576.0) as u64);
        let samples = history.clone();
        health.register(Check::new("memory", move || {
            std::future::ready(health::memory(samples.lock().latest(), max_bytes))
        }));
        let samples = history.clone();
        health.register(Check::new("disk_space", move || {
            std::future::ready(health::disk_space(samples.lock().latest()))
        }));
        for check in checks {
            health.register(check);
        }
        Self {
            health,
            history,
            sampler: Arc::new(Mutex::new(sampler)),
            scrape_bytes: AtomicUsize::new(0),
            closing: Arc::default(),
            dropped_windows: AtomicU64::new(0),
            #[cfg(feature = "export")]
            exporter: config.export.as_ref().map(|export| {
                crate::export::Exporter::new(export, config.into(), config.collection_interval)
            }),
        }
    }
}

impl Periphery {
    /// Windows that were given up since the last call.
    pub(super) fn newly_dropped_windows(&self) -> u64 {
        #[cfg(feature = "export")]
        let dropped = self
            .exporter
            .as_ref()
            .map_or(0, |exporter| exporter.status().dropped_windows);
        #[cfg(not(feature = "export"))]
        let dropped = 0;
        dropped - self.dropped_windows.swap(dropped, Relaxed)
    }
}

impl Monitor {
    /// The health checks; more can be registered at any time.
    pub fn health(&self) -> &Health {
        &self.inner.periphery.health
    }

    /// What process and machine used when they were last sampled; `None` before [`Monitor::run`] first did.
    pub fn resources(&self) -> Option<Sample> {
        self.inner.periphery.history.lock().latest().cloned()
    }

    /// Current value, mean of the last ten and trend of each resource.
    pub fn resource_summary(&self) -> serde_json::Value {
        self.inner.periphery.history.lock().summaries()
    }

    /// What became of the exported points; `None` without an export.
    #[cfg(feature = "export")]
    pub fn export_status(&self) -> Option<crate::export::ExportStatus> {
        self.inner
            .periphery
            .exporter
            .as_ref()
            .map(crate::export::Exporter::status)
    }

    /// Lets [`Monitor::run`] close the last window, export what is left for at most 3 s
    /// ([`Exporter::FLUSH_TIME`](crate::export::Exporter::FLUSH_TIME)), and end. Dropping the last clone does the same.
    ///
    /// ```
    /// # async fn stop(monitor: plimsoll::Monitor, running: tokio::task::JoinHandle<()>) {
    /// monitor.close();
    /// running.await.ok();
    /// # }
    /// ```
    pub fn close(&self) {
        self.inner.periphery.closing.notify_one();
    }
}

impl Inner {
    /// Samples process and machine on a thread that may block, and adds what was found to the open window.
    pub(super) async fn sample(&self) {
        let sampler = self.periphery.sampler.clone();
        let sample = tokio::task::spawn_blocking(move || {
            // Taken when the one before still hangs.
            Some(sampler.try_lock()?.sample(Instant::now()))
        });
        match tokio::time::timeout(SAMPLE_TIME_OUT, sample).await {
            Ok(Ok(Some(sample))) => {
                self.registry
                    .add_resources(&sample.readings(Moment::now().unix_ns));
                self.periphery.history.lock().push(sample);
            }
            _ => tracing::debug!("a sample of process and machine took too long and is left out"),
        }
    }
}
