//! How the server is configured: file, then environment, then flags; parsed once into what can run.

mod doors;
mod entry;
mod environment;
pub mod hidden;
mod layers;
pub mod notify;
pub mod raw;
pub mod scrape;
pub mod suggestions;
#[cfg(test)]
mod tests;
pub mod thresholds;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use layers::{ConfigError, Layers, Setting, Source};

use plimsoll::config::Profile;
use thresholds::OfEnvironment;

use crate::doors::DoorsConfig;
use crate::http::body::BodyLimits;
use crate::store::StoreConfig;

/// The file that is read when none is named, if it exists.
pub const DEFAULT_FILE: &str = "plimsoll.toml";

/// Where the server's own paths begin.
const OWN_PATHS: [&str; 11] = [
    "/api",
    "/v1",
    "/write",
    "/query",
    "/ping",
    "/prometheus",
    "/login",
    "/logout",
    "/healthz",
    "/livez",
    "/readyz",
];

/// What the command line says.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--insecure`.
    pub insecure: bool,
}

/// A configuration that can run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where requests are taken.
    pub listen: SocketAddr,
    /// Who may send them.
    pub doors: DoorsConfig,
    /// How large they may be.
    pub body: BodyLimits,
    /// Connections at once.
    pub connections_max: usize,
    /// Clients of the stream at once.
    pub streams_max: usize,
    /// Long reads at once.
    pub slow_requests_max: usize,
    /// Longest a long read may take.
    pub slow_timeout: Duration,
    /// Where clients of OTLP over gRPC are told what to set, if the port is free.
    pub grpc_hint_port: Option<u16>,
    /// What is kept, where and for how long.
    pub store: StoreConfig,
    /// How long the windows are that the server keeps of itself.
    pub monitor_interval: Duration,
    /// Settings of the server's own monitor, by the names that the library reads.
    pub monitor: Vec<(&'static str, String)>,
    /// Whose metrics are fetched.
    pub scrape: Vec<scrape::ScrapeTarget>,
    /// Where alerts are told.
    pub notify: Vec<notify::NotifyChannel>,
    /// What services are judged by.
    pub judge: JudgeConfig,
    /// Who turns findings into a paragraph, if anybody does.
    pub suggestions: Option<suggestions::SuggestionsConfig>,
}

/// What services are judged by.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgeConfig {
    /// Whether services are judged at all.
    pub enabled: bool,
    /// Whether it is forecast when something reaches its line.
    pub forecast: bool,
    /// Where the standards are, if there are any.
    pub standards_file: PathBuf,
    /// Whose numbers hold where they say nothing.
    pub profile: Profile,
    /// What the environment says instead.
    pub environment: OfEnvironment,
}

impl Config {
    /// Where the monitor answers, by the name that the library reads.
    pub fn monitor_path(&self, name: &str) -> &str {
        let found = self.monitor.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, path)| path)
    }
}

impl Layers {
    /// Reads all layers.
    ///
    /// # Errors
    /// A file that cannot be read, and whatever the layers find.
    pub fn load(
        flags: &Flags,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut layers = Self::defaults();
        let variables = environment::text(variables)?;
        let named = variables.iter().find(|(name, _)| name == "PLIMSOLL_CONFIG");
        let named = named.map(|(_, path)| PathBuf::from(path));
        let named = flags.config.clone().or(named);
        let path = named.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => layers.file(path, &text)?,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let path = path.display();
                return Err(ConfigError(format!("cannot read {path}: {error}")));
            }
        }
        layers.environment(variables.into_iter())?;
        if let Some(listen) = &flags.listen {
            layers.set("server.listen", listen, Source::Flag("--listen"))?;
        }
        if let Some(data) = &flags.data {
            let data = data.to_string_lossy();
            layers.set("store.dir", &data, Source::Flag("--data"))?;
        }
        if flags.insecure {
            layers.set("server.insecure", "true", Source::Flag("--insecure"))?;
        }
        Ok(layers)
    }

    /// Turns the values into what can run.
    ///
    /// # Errors
    /// A value that cannot be used, with its key and where it came from.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let raw = self.raw()?;
        let server = &raw.server;
        let listen = server.listen.parse().map_err(|_| {
            let must = "be an address with a port such as 127.0.0.1:1876";
            self.wrong("server.listen", must, &server.listen)
        })?;
        let body = BodyLimits {
            sent: megabytes(self.at_least_one("server.body_max_mb", server.body_max_mb)?),
            decompressed: megabytes(self.at_least_one(
                "server.body_decompressed_max_mb",
                server.body_decompressed_max_mb,
            )?),
        };
        for (key, value) in [
            ("server.connections_max", server.connections_max),
            ("server.streams_max", server.streams_max),
            ("server.slow_requests_max", server.slow_requests_max),
            ("store.max_series", raw.store.max_series),
            ("store.max_fields", raw.store.max_fields),
            ("store.seal_rows", raw.store.seal_rows),
        ] {
            self.at_least_one(key, value as u64)?;
        }
        self.at_least_one("server.slow_timeout_secs", server.slow_timeout_secs)?;
        Ok(Config {
            listen,
            doors: self.doors(listen, server)?,
            body,
            connections_max: server.connections_max,
            streams_max: server.streams_max,
            slow_requests_max: server.slow_requests_max,
            slow_timeout: Duration::from_secs(server.slow_timeout_secs),
            grpc_hint_port: Some(server.grpc_hint_port).filter(|port| *port != 0),
            store: self.store(&raw.store)?,
            monitor_interval: self.monitor_interval(raw.monitor.interval_secs)?,
            monitor: self.monitor(&raw.monitor)?,
            scrape: scrape::targets(&raw.scrape, self.source("scrape"))?,
            judge: JudgeConfig {
                enabled: raw.judge.enabled,
                forecast: raw.judge.forecast,
                standards_file: PathBuf::from(&raw.judge.standards_file),
                profile: Profile::named(&raw.judge.profile).ok_or_else(|| {
                    let must = "be dev, prod or home-assistant";
                    self.wrong("judge.profile", must, &raw.judge.profile)
                })?,
                environment: self.thresholds.clone(),
            },
            notify: notify::channels(&raw.notify, self.source("notify"))?,
            suggestions: self.suggestions(&raw.suggestions)?,
        })
    }
}

impl Layers {
    fn store(&self, raw: &raw::Store) -> Result<StoreConfig, ConfigError> {
        if raw.dir.is_empty() {
            return Err(self.wrong("store.dir", "name a folder", &"empty"));
        }
        let time_zone = jiff::tz::TimeZone::get(&raw.time_zone).map_err(|_| {
            self.wrong(
                "store.time_zone",
                "be an IANA name such as Europe/Berlin",
                &raw.time_zone,
            )
        })?;
        let mut measurement_retention = BTreeMap::new();
        for (name, days) in &raw.measurements {
            if let Some(days) = days.raw_days {
                let key = plimsoll::config::join("store.measurements", name);
                self.at_least_one(&format!("{key}.raw_days"), days.into())?;
                measurement_retention.insert(name.clone(), days_long(days));
            }
        }
        for (key, days) in [
            ("store.raw_days", raw.raw_days),
            ("store.ten_minutes_days", raw.ten_minutes_days),
            ("store.hourly_days", raw.hourly_days),
            ("store.daily_days", raw.daily_days),
        ] {
            self.at_least_one(key, days.into())?;
        }
        self.at_least_one("store.seal_mb", raw.seal_mb)?;
        self.at_least_one("store.seal_secs", raw.seal_secs)?;
        Ok(StoreConfig {
            max_series: raw.max_series,
            max_fields: raw.max_fields,
            seal_rows: raw.seal_rows,
            seal_bytes: megabytes(raw.seal_mb),
            seal_age: Duration::from_secs(raw.seal_secs),
            raw_retention: days_long(raw.raw_days),
            ten_minute_retention: days_long(raw.ten_minutes_days),
            hourly_retention: days_long(raw.hourly_days),
            daily_retention: days_long(raw.daily_days),
            measurement_retention,
            max_size: (raw.max_size_mb > 0).then(|| raw.max_size_mb.saturating_mul(1_000_000)),
            future_bound: Duration::from_secs(raw.clock_future_secs),
            time_zone,
            ..StoreConfig::new(&raw.dir)
        })
    }

    fn monitor_interval(&self, secs: u64) -> Result<Duration, ConfigError> {
        if !environment::INTERVALS.contains(&secs) {
            let must = "be 10, 20, 30 or 60, so that windows fit into a minute";
            return Err(self.wrong("monitor.interval_secs", must, &secs));
        }
        Ok(Duration::from_secs(secs))
    }

    fn monitor(&self, raw: &raw::Monitor) -> Result<Vec<(&'static str, String)>, ConfigError> {
        let paths = [
            (
                "METRICS_ENDPOINT",
                "monitor.metrics_path",
                &raw.metrics_path,
            ),
            ("HEALTH_ENDPOINT", "monitor.health_path", &raw.health_path),
            ("STATUS_ENDPOINT", "monitor.status_path", &raw.status_path),
        ];
        let mut settings = vec![
            ("PERFORMANCE_MONITORING_ENABLED", raw.enabled.to_string()),
            ("MEMORY_MONITORING_ENABLED", raw.memory.to_string()),
        ];
        for (name, key, path) in paths {
            let ours = OWN_PATHS.iter().any(|own| {
                path.strip_prefix(own)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            let plain = path.len() > 1
                && path.starts_with('/')
                && path
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte));
            if ours || !plain {
                let must = "be a path such as /health that the server does not use itself";
                return Err(self.wrong(key, must, path));
            }
            settings.push((name, path.clone()));
        }
        Ok(settings)
    }

    fn wrong(&self, key: &str, must: &str, value: &dyn std::fmt::Display) -> ConfigError {
        let source = self.source(key);
        ConfigError(format!("`{key}` must {must}, but is {value} ({source})"))
    }

    fn at_least_one(&self, key: &str, value: u64) -> Result<u64, ConfigError> {
        match value {
            0 => Err(self.wrong(key, "be at least 1", &value)),
            value => Ok(value),
        }
    }
}

fn days_long(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 86_400)
}

fn megabytes(mb: u64) -> usize {
    usize::try_from(mb.saturating_mul(1_000_000)).unwrap_or(usize::MAX)
}
