//! What every handler and task shares, built once in [`crate::app`].

use std::sync::Arc;
use std::time::Instant;

use crate::api::v1::event_times::EventTimes;
use crate::api::v1::stats::StatsCache;
use crate::config::Config;
use crate::doors::Doors;
use crate::http::slow::Slow;
use crate::ingest::Ingest;
use crate::ingest::influxql::Databases;
use crate::ingest::otlp::Otlp;
use crate::ingest::refused::Refused;
use crate::judge::Judging;
use crate::notify::Outbox;
use crate::openapi::Document;
use crate::scrape::Scrapes;
use crate::services::Services;
use crate::store::Store;
use crate::stream::Hub;
use crate::suggestions::Suggestions;
use crate::tasks::Tasks;

/// The running server.
#[derive(Debug)]
pub struct AppState {
    /// Where it listens.
    pub url: String,
    /// How it was configured.
    pub config: Config,
    /// Where every row is kept.
    pub store: Arc<Store>,
    /// Who may come in.
    pub doors: Doors,
    /// What comes in.
    pub ingest: Ingest,
    /// Whose metrics are fetched.
    pub scrapes: Scrapes,
    /// What is told of alerts, and where.
    pub notify: Arc<Outbox>,
    /// Databases that clients of InfluxDB created.
    pub databases: Databases,
    /// What was refused lately.
    pub refused: Refused,
    /// Its long-lived tasks.
    pub tasks: Tasks,
    /// Where metrics of OpenTelemetry's format go.
    pub otlp: Arc<Otlp>,
    /// Measures this server.
    pub monitor: plimsoll::Monitor,
    /// The services seen.
    pub services: Arc<Services>,
    /// What is judged of them.
    pub judging: Arc<Judging>,
    /// Who turns what is found into a paragraph.
    pub suggestions: Arc<Suggestions>,
    /// Where long reads run.
    pub slow: Slow,
    /// Where exports run, which may take as long as their readers do.
    pub exports: Slow,
    /// Where backups run, one at a time: no slow reader of an export keeps them waiting.
    pub backups: Slow,
    /// Statistics that are still good.
    pub stats: StatsCache,
    /// Times of events that are being written.
    pub event_times: EventTimes,
    /// Who listens to what changes.
    pub stream: Arc<Hub>,
    /// What it offers, described.
    pub document: Document,
    /// When the server started.
    pub started: Instant,
}

/// As handlers receive it: `State(app): State<App>`.
pub type App = Arc<AppState>;
