//! Builds the server, starts its tasks and stops them in the order of the datum.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::api;
use crate::api::v1::event_times::EventTimes;
use crate::api::v1::stats::StatsCache;
use crate::config::Config;
use crate::http::listener;
use crate::http::slow::Slow;
use crate::ingest::Ingest;
use crate::ingest::otlp::Otlp;
use crate::openapi::Document;
use crate::performance::minutes;
use crate::router;
use crate::self_monitor;
use crate::services::{self, Services};
use crate::state::{App, AppState};
use crate::store::Store;
use crate::stream::{self, Hub};
use crate::tasks::{Stop, Tasks};
use crate::tick;

/// How long stopping may take in all.
const STOP_PATIENCE: Duration = Duration::from_millis(4_500);
/// How long a single task may take to stop.
const TASK_PATIENCE: Duration = Duration::from_millis(300);

/// A server that answers.
#[derive(Debug)]
pub struct Server {
    /// What its handlers and tasks share.
    pub app: App,
    /// Where it listens.
    pub url: String,
}

impl Server {
    /// Opens the port and the store and starts the tasks.
    ///
    /// # Errors
    /// A port that is taken, a folder that another server holds.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        // The port first: it fails at once, the store may have to replay its journal.
        let listener = listener::bind(config.listen).await?;
        let address = listener.local_addr().context("cannot read the port")?;
        let url = format!("http://{address}");
        let store_config = config.store.clone();
        let opening = tokio::task::spawn_blocking(move || Store::open(store_config, tick::now()));
        let store = opening.await.context("opening the store failed")??;
        store.announce(&url);
        let services = Arc::new(Services::default());
        let stream = Arc::new(Hub::new(config.streams_max, tick::now()));
        let app = Arc::new(AppState {
            monitor: self_monitor::monitor(&config).context("cannot monitor the server itself")?,
            otlp: Arc::new(Otlp::new(store.clone(), services.clone(), stream.clone())),
            services,
            store,
            ingest: Ingest::new(config.body),
            slow: Slow::new(config.slow_requests_max, config.slow_timeout),
            exports: Slow::new(config.slow_requests_max, config.slow_timeout),
            backups: Slow::new(1, config.slow_timeout),
            stats: StatsCache::default(),
            event_times: EventTimes::default(),
            stream,
            document: Document::default(),
            started: Instant::now(),
            tasks: Tasks::default(),
            config,
        });
        api::health::register(&app);
        spawn_tasks(&app, listener);
        Ok(Self { app, url })
    }

    /// Stops in the order of the datum: no new requests, those under way end, what they brought is on disk.
    pub async fn stop(self) {
        let deadline = Instant::now() + STOP_PATIENCE;
        let left = || deadline.saturating_duration_since(Instant::now());
        let tasks = &self.app.tasks;
        // Streams never end by themselves.
        self.app.stream.close();
        let patience = listener::DRAIN_PATIENCE + Duration::from_millis(200);
        tasks.stop("listener", patience).await;
        for name in [
            "monitor",
            "self_monitor",
            "performance_metrics",
            "services",
            "stream",
            "tick",
        ] {
            tasks.stop(name, left().min(TASK_PATIENCE)).await;
        }
        let store = self.app.store.clone();
        let closing = tokio::task::spawn_blocking(move || store.close());
        if tokio::time::timeout(left(), closing).await.is_err() {
            // Acknowledged rows are in the journal already; what is cut short is only tidying.
            warn!("the store did not close in time");
        }
    }
}

/// A task of the server while it runs.
type Running = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// Every long-lived task of the server.
fn spawn_tasks(app: &App, listener: TcpListener) {
    let listener = Arc::new(listener);
    let router = router::router(app.clone());
    let connections_max = app.config.connections_max;
    let monitor = app.monitor.clone();
    app.tasks.spawn("listener", move |stop| {
        listener::serve(
            listener.clone(),
            monitor.clone(),
            router.clone(),
            connections_max,
            stop,
        )
    });
    let spawn = |name, run: fn(App, Stop) -> Running| {
        let app_of_task = app.clone();
        app.tasks
            .spawn(name, move |stop| run(app_of_task.clone(), stop));
    };
    spawn("tick", |app, stop| Box::pin(tick::run(app, stop)));
    spawn("monitor", |app, stop| {
        Box::pin(self_monitor::measure(app, stop))
    });
    spawn("self_monitor", |app, stop| {
        Box::pin(self_monitor::run(app, stop))
    });
    spawn("performance_metrics", |app, stop| {
        Box::pin(minutes::run(app, stop))
    });
    spawn("services", |app, stop| {
        Box::pin(services::recall::run(app, stop))
    });
    spawn("stream", |app, stop| Box::pin(stream::run::run(app, stop)));
}

/// The signals that stop the process. From the moment this is made, they do no longer kill it.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Watches the signals.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn watch() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("cannot watch SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("cannot watch SIGINT")?,
        })
    }

    /// Returns when one came.
    pub async fn told_to_stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => info!("SIGTERM: stopping"),
            _ = self.interrupt.recv() => info!("SIGINT: stopping"),
        }
    }
}
