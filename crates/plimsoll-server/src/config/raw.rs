//! The configuration as it is written: every key with its unit in the name, its default and its meaning.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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

/// Days for one measurement; what is not given is as for all.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// As [`Store::raw_days`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_days: Option<u32>,
}
