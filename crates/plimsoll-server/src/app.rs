//! Builds the server, starts its tasks and stops them in the order of the datum.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::api;
use crate::api::v1::event_times::EventTimes;
use crate::api::v1::stats::StatsCache;
use crate::config::Config;
use crate::doors::bind::{self, Entry};
use crate::doors::keyring::Keyring;
use crate::doors::paths::Moved;
use crate::doors::secret::Secret;
use crate::doors::{Doors, tls};
use crate::http::listener;
use crate::http::slow::Slow;
use crate::ingest::Ingest;
use crate::ingest::influxql::Databases;
use crate::ingest::otlp::Otlp;
use crate::ingest::refused::{Refused, grpc};
use crate::judge::in_force::InForce;
use crate::judge::{self, Judging};
use crate::meta::Meta;
use crate::meta::tokens::{NewToken, Scope};
use crate::notify::{self, Outbox};
use crate::openapi::Document;
use crate::performance::minutes;
use crate::router;
use crate::scrape::{self, Scrapes};
use crate::self_monitor;
use crate::services::{self, Services};
use crate::state::{App, AppState};
use crate::store::Store;
use crate::store::table::Nanos;
use crate::stream::{self, Hub};
use crate::suggestions::{self, Suggestions};
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
    /// The first token, when there was none; to be shown once.
    pub first_token: Option<Secret>,
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
        let opening = config.clone();
        let opening = tokio::task::spawn_blocking(move || Opened::open(&opening, address));
        let opened = opening.await.context("opening the store failed")??;
        let Opened {
            store,
            doors,
            notify,
            first_token,
            judging,
            suggestions,
        } = opened;
        let tls = doors.certificate.as_ref();
        let tls = tls
            .map(|certificate| certificate.server_config())
            .transpose()?;
        let url = doors.url.clone();
        store.announce(&url);
        let services = Arc::new(Services::default());
        let stream = Arc::new(Hub::new(config.streams_max, tick::now()));
        let app = Arc::new(AppState {
            monitor: self_monitor::monitor(&config).context("cannot monitor the server itself")?,
            otlp: Arc::new(Otlp::new(store.clone(), services.clone(), stream.clone())),
            services,
            store,
            doors,
            judging,
            suggestions,
            ingest: Ingest::new(config.body),
            databases: Databases::default(),
            scrapes: Scrapes::new(&config.scrape),
            notify,
            url: url.clone(),
            refused: Refused::default(),
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
        spawn_tasks(&app, listener, tls);
        spawn_hint(&app).await;
        Ok(Self {
            app,
            url,
            first_token,
        })
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
            "scrape",
            "grpc_hint",
            "monitor",
            "self_monitor",
            "judge",
            "suggestions",
            "performance_metrics",
            "services",
            "stream",
            "certificate",
            "tick",
        ] {
            tasks.stop(name, left().min(TASK_PATIENCE)).await;
        }
        self.app.doors.local_key.remove();
        // What the others put is on disk, and told now or after the next start.
        let patience = notify::GRACE + TASK_PATIENCE;
        let telling = tasks.stop("notify", left().min(patience));
        let store = self.app.store.clone();
        let closing = tokio::task::spawn_blocking(move || store.close());
        let (closed, ()) = tokio::join!(tokio::time::timeout(left(), closing), telling);
        if closed.is_err() {
            // Acknowledged rows are in the journal already; what is cut short is only tidying.
            warn!("the store did not close in time");
        }
    }
}

/// What is read from the data folder before the server answers.
struct Opened {
    store: Arc<Store>,
    doors: Doors,
    notify: Arc<Outbox>,
    first_token: Option<Secret>,
    judging: Arc<Judging>,
    suggestions: Arc<Suggestions>,
}

impl Opened {
    fn open(config: &Config, listen: SocketAddr) -> anyhow::Result<Self> {
        let now = tick::now();
        let store = Store::open(config.store.clone(), now)?;
        let meta = Meta::open(&config.store.dir, now)?;
        let notify = Arc::new(Outbox::open(meta.clone(), &config.notify)?);
        let moved = Moved {
            health: config.monitor_path("HEALTH_ENDPOINT"),
            status: config.monitor_path("STATUS_ENDPOINT"),
            metrics: config.monitor_path("METRICS_ENDPOINT"),
        };
        let judging = judging(config, meta.clone(), now)?;
        let asked = config.suggestions.clone();
        let suggestions = Arc::new(Suggestions::open(meta.clone(), asked, now)?);
        let doors = Doors::open(config.doors.clone(), &moved, listen, meta)?;
        let has_tokens = doors.keyring.has_live_tokens(now);
        let dir = &config.store.dir;
        let entry = bind::check(listen, &config.doors, dir, has_tokens, bind::in_container())?;
        let first_token = match entry {
            Entry::Open => None,
            Entry::FirstToken => Some(first_token(&doors.keyring)?),
        };
        if !listen.ip().is_loopback() && config.doors.tls.is_none() {
            warn!(
                "others reach {listen} without TLS: tokens and data travel in the clear unless a proxy adds it"
            );
        }
        if !listen.ip().is_loopback() {
            info!("listening on {listen}, for others than this machine, too");
        }
        let certificate = doors.certificate.as_ref();
        let fingerprint = certificate.and_then(|certificate| certificate.fingerprint());
        doors
            .local_key
            .write(fingerprint)
            .context("cannot write the key of the data folder")?;
        Ok(Self {
            store,
            doors,
            notify,
            first_token,
            judging,
            suggestions,
        })
    }
}

/// The judges, with the standards in force and where alerts were.
fn judging(config: &Config, meta: Arc<Meta>, now: Nanos) -> anyhow::Result<Arc<Judging>> {
    let put = meta.thresholds()?;
    let standards = InForce::open(&config.judge, put);
    let standards =
        standards.map_err(|error| anyhow::anyhow!("the standards cannot be used: {error}"))?;
    Ok(Arc::new(Judging::open(meta, standards, now)?))
}

fn first_token(keyring: &Keyring) -> anyhow::Result<Secret> {
    let new = NewToken {
        name: "first".to_owned(),
        scope: Scope::Admin,
        expires: None,
        is_login: false,
    };
    let made = keyring.create(&new, tick::now());
    Ok(made.context("cannot make the first token")?.0)
}

/// A task of the server while it runs.
type Running = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

/// Every long-lived task of the server.
fn spawn_tasks(app: &App, listener: TcpListener, tls: Option<Arc<ServerConfig>>) {
    let listener = Arc::new(listener);
    let router = router::router(app.clone());
    let connections_max = app.config.connections_max;
    let monitor = app.monitor.clone();
    app.tasks.spawn("listener", move |stop| {
        listener::serve(
            listener.clone(),
            monitor.clone(),
            router.clone(),
            tls.clone(),
            connections_max,
            stop,
        )
    });
    let spawn = |name, run: fn(App, Stop) -> Running| {
        let app_of_task = app.clone();
        app.tasks
            .spawn(name, move |stop| run(app_of_task.clone(), stop));
    };
    spawn("scrape", |app, stop| Box::pin(scrape::run(app, stop)));
    spawn("notify", |app, stop| {
        Box::pin(notify::run(app.notify.clone(), stop))
    });
    spawn("tick", |app, stop| Box::pin(tick::run(app, stop)));
    spawn("monitor", |app, stop| {
        Box::pin(self_monitor::measure(app, stop))
    });
    spawn("self_monitor", |app, stop| {
        Box::pin(self_monitor::run(app, stop))
    });
    if app.config.judge.enabled {
        spawn("judge", |app, stop| Box::pin(judge::run::run(app, stop)));
        if app.config.judge.forecast {
            spawn("forecast", |app, stop| {
                Box::pin(judge::foresee::run(app, stop))
            });
        }
    }
    if app.suggestions.is_on() {
        spawn("suggestions", |app, stop| {
            Box::pin(suggestions::run(app, stop))
        });
    }
    spawn("performance_metrics", |app, stop| {
        Box::pin(minutes::run(app, stop))
    });
    spawn("services", |app, stop| {
        Box::pin(services::recall::run(app, stop))
    });
    spawn("stream", |app, stop| Box::pin(stream::run::run(app, stop)));
    spawn("certificate", |app, stop| Box::pin(tls::watch(app, stop)));
}

/// The task that tells clients of gRPC's usual port where to send, if the port is free.
async fn spawn_hint(app: &App) {
    let Some(port) = app.config.grpc_hint_port else {
        return;
    };
    if let Some(listener) = grpc::bind(port).await {
        let (app, listener) = (app.clone(), Arc::new(listener));
        let tasks = app.tasks.clone();
        tasks.spawn("grpc_hint", move |stop| {
            grpc::serve(app.clone(), listener.clone(), stop)
        });
    }
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
