//! The configuration as it is written: every key with its unit in the name, its default and its meaning.

mod notify;
mod suggestions;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use notify::Notify;
pub use suggestions::Suggestions;

/// `plimsoll.toml`. An empty file is complete.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Raw {
    /// Where and how requests are taken.
    pub server: Server,
    /// What is kept, where and for how long.
    pub store: Store,
    /// How the server watches itself.
    pub monitor: Monitor,
    /// What services are judged by.
    pub judge: Judge,
    /// Who turns findings into a paragraph.
    pub suggestions: Suggestions,
    /// `[[scrape]]`: whose metrics are fetched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scrape: Vec<Scrape>,
    /// `[[notify]]`: where alerts are told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Notify>,
}

/// `[server]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port; port 0 takes any free one.
    pub listen: String,
    /// Largest body of a request as sent.
    pub body_max_mb: u64,
    /// Largest body of a request after decompression.
    pub body_decompressed_max_mb: u64,
    /// Connections served at once; further clients wait. Streams are counted apart.
    pub connections_max: usize,
    /// Clients of `/api/stream` at once; further ones are turned away.
    pub streams_max: usize,
    /// Long reads (queries, exports) that run at once; further ones wait.
    pub slow_requests_max: usize,
    /// Longest a query may take, its wait included.
    pub slow_timeout_secs: u64,
    /// Where clients of OTLP over gRPC are told what to set, if the port is free; 0: nowhere.
    pub grpc_hint_port: u16,
    /// Names, beside addresses, under which the server is reached.
    pub hosts: Vec<String>,
    /// Whether programs of this machine need no token where the port is its own.
    pub trust_local: bool,
    /// Whether whoever reaches the port may read and write without a token.
    pub insecure: bool,
    /// Whether a server that starts in a container without tokens makes the first one and prints it.
    pub first_token: bool,
    /// Requests a second from each token, and from each address without one; 0: no limit.
    pub requests_per_sec: u32,
    /// Requests that one may send at once after a rest.
    pub requests_burst: u32,
    /// Bad tokens and login codes a minute from one address; 0: no limit.
    pub failures_per_min: u32,
    /// `[server.tls]`: encryption.
    pub tls: Tls,
}

/// `[server.tls]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The certificate and those that vouch for it, in PEM; empty: no TLS.
    pub cert_file: String,
    /// Its private key in PEM.
    pub key_file: String,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:1876".to_owned(),
            body_max_mb: 32,
            body_decompressed_max_mb: 256,
            connections_max: 1_024,
            streams_max: 8_192,
            slow_requests_max: 2,
            slow_timeout_secs: 30,
            grpc_hint_port: 4317,
            hosts: Vec::new(),
            trust_local: true,
            insecure: false,
            first_token: true,
            requests_per_sec: 1_000,
            requests_burst: 5_000,
            failures_per_min: 30,
            tls: Tls::default(),
        }
    }
}

/// `[store]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// The data folder.
    pub dir: String,
    /// Days that every row is kept.
    pub raw_days: u32,
    /// Days that 10-minute summaries are kept.
    pub ten_minutes_days: u32,
    /// Days that hourly summaries are kept.
    pub hourly_days: u32,
    /// Days that daily summaries are kept.
    pub daily_days: u32,
    /// Largest size of the folder, the oldest days go first; 0: no limit.
    pub max_size_mb: u64,
    /// Most series; rows of further ones are refused.
    pub max_series: usize,
    /// Most fields of all measurements together; values of further ones are refused.
    pub max_fields: usize,
    /// How far in the future a row's time may lie (clocks differ).
    pub clock_future_secs: u64,
    /// Whose midnight ends a day: an IANA name such as `Europe/Berlin`.
    pub time_zone: String,
    /// Rows in memory that make a seal.
    pub seal_rows: usize,
    /// Bytes in memory that make a seal.
    pub seal_mb: u64,
    /// Age of the oldest row in memory that makes a seal.
    pub seal_secs: u64,
    /// `[store.measurements.NAME]`: other days for one measurement.
    pub measurements: BTreeMap<String, Retention>,
}

impl Default for Store {
    fn default() -> Self {
        let states = Retention {
            raw_days: Some(365),
        };
        Self {
            dir: "./plimsoll-data".to_owned(),
            raw_days: 7,
            ten_minutes_days: 15,
            hourly_days: 30,
            daily_days: 90,
            max_size_mb: 0,
            max_series: 100_000,
            max_fields: 50_000,
            clock_future_secs: 600,
            time_zone: "UTC".to_owned(),
            seal_rows: 1_000_000,
            seal_mb: 96,
            seal_secs: 3_600,
            measurements: BTreeMap::from([("state_changed".to_owned(), states)]),
        }
    }
}

/// `[monitor]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Monitor {
    /// Whether the server measures its own requests and resources.
    pub enabled: bool,
    /// How long the windows are that it keeps of itself: 10, 20, 30 or 60 seconds.
    pub interval_secs: u64,
    /// Whether it samples its memory.
    pub memory: bool,
    /// Path of its metrics in Prometheus's formats.
    pub metrics_path: String,
    /// Path of its health, beside `/healthz`.
    pub health_path: String,
    /// Path of its status.
    pub status_path: String,
}

impl Default for Monitor {
    fn default() -> Self {
        Self {
            enabled: true,
            interval_secs: 10,
            memory: true,
            metrics_path: "/metrics".to_owned(),
            health_path: "/health".to_owned(),
            status_path: "/status".to_owned(),
        }
    }
}

/// `[judge]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Judge {
    /// Whether services are judged at all.
    pub enabled: bool,
    /// Whether it is forecast once an hour when something reaches its line.
    pub forecast: bool,
    /// What is expected of services; without the file, what the profile expects. It is read again when it changes.
    pub standards_file: String,
    /// Whose numbers hold where the file says nothing: `dev`, `prod` or `home-assistant`.
    pub profile: String,
}

impl Default for Judge {
    fn default() -> Self {
        Self {
            enabled: true,
            forecast: true,
            standards_file: "standards.toml".to_owned(),
            profile: "dev".to_owned(),
        }
    }
}

/// Days for one measurement; what is not given is as for all.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// As [`Store::raw_days`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_days: Option<u32>,
}

/// `[[scrape]]`: one target in Prometheus's formats.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scrape {
    /// What the target is, as the tag `job`.
    pub job: String,
    /// Where its metrics are: `http://HOST:PORT/PATH` or `https://…`.
    pub url: String,
    /// How often it is scraped.
    pub interval_secs: u64,
    /// How long one scrape may take in all; 10, or the interval if that is shorter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_secs: Option<u64>,
    /// Largest answer, as sent and after decompression.
    pub body_max_mb: u64,
    /// Most samples of one answer; further ones are refused.
    pub series_max: usize,
    /// Further tags of all its rows.
    pub labels: BTreeMap<String, String>,
    /// A file with the token that is sent as `Authorization: Bearer`, read anew for each scrape; empty: none.
    pub bearer_token_file: String,
    /// A file with certificates (PEM) of the authorities that are believed instead of the system's; empty: the system's.
    pub ca_file: String,
    /// Whether any certificate is believed.
    pub tls_insecure: bool,
    /// The tag `service`; empty: as `job`.
    pub service: String,
}

impl Default for Scrape {
    fn default() -> Self {
        Self {
            job: String::new(),
            url: String::new(),
            interval_secs: 15,
            timeout_secs: None,
            body_max_mb: 16,
            series_max: 50_000,
            labels: BTreeMap::new(),
            bearer_token_file: String::new(),
            ca_file: String::new(),
            tls_insecure: false,
            service: String::new(),
        }
    }
}

impl Scrape {
    /// The longest time-out that nobody asked for.
    pub const TIMEOUT_SECS: u64 = 10;

    /// With every key that was left out.
    pub(super) fn complete(mut self) -> Self {
        let shorter = self.interval_secs.min(Self::TIMEOUT_SECS);
        self.timeout_secs.get_or_insert(shorter);
        if self.service.is_empty() {
            self.service.clone_from(&self.job);
        }
        self
    }
}
