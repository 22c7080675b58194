//! What a monitor is set to, and where each value came from.
//!
//! A value is taken from the environment, else from the builder, else from the default: code says what suits the service,
//! whoever operates it has the last word.

mod environment;
mod nearest;
mod parse;
#[cfg(feature = "standards-file")]
mod places;
mod print;
mod secret;
mod thresholds;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub use nearest::nearest;
#[cfg(feature = "standards-file")]
pub use places::{Places, hint, join, line_of_error};
pub use print::Entry;
pub use secret::Secret;

use crate::error::Error;

/// The settings of a monitor, all checked.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Name of the service.
    pub service: String,
    /// Version of the service.
    pub version: Option<String>,
    /// Commit that it was built from.
    pub revision: Option<String>,
    /// Tells one running process of the service from another.
    pub instance: Option<String>,
    /// Where it runs: `production`, `staging`, …
    pub environment: Option<String>,
    /// Further attributes of the exported resource.
    pub resource_attributes: Vec<(String, String)>,
    /// Whether anything is measured. If not, the layer passes requests through and `/metrics` answers 404.
    pub enabled: bool,
    /// Whether memory is sampled.
    pub memory_monitoring: bool,
    /// Which thresholds apply unless they are set.
    pub profile: Profile,
    /// Thresholds of what is noticed.
    pub thresholds: Thresholds,
    /// Windows are merged to this length before they are exported; `None`: as they are.
    pub collection_interval: Option<Duration>,
    /// How often critical checks are asked where nobody asks `/health`; `None`: never.
    pub health_interval: Option<Duration>,
    /// Paths of the routes.
    pub paths: Paths,
    /// Whether `/metrics` also has the names that are not OpenTelemetry's.
    pub compatibility_metrics: Compatibility,
    /// Whether a request of each series and window is kept whose trace is known, for OpenMetrics and the export.
    pub exemplars: bool,
    /// Whether every request gets an id.
    pub correlation: bool,
    /// Whether the client is told in `Server-Timing` how long the response head took.
    pub server_timing: bool,
    /// Lets other machines in where otherwise only this one is: to the page `/performance` and to what is judged.
    pub performance_token: Option<Secret>,
    /// The folder whose file system is watched.
    pub data_path: PathBuf,
    /// Where the cache's Redis is.
    pub redis_url: String,
    /// Where windows are pushed to; `None`: nowhere.
    pub export: Option<ExportConfig>,
}

/// Which names `/metrics` has beside OpenTelemetry's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compatibility {
    /// None.
    Off,
    /// Those of common home-made monitors, as far as they follow Prometheus's rules.
    #[default]
    On,
    /// Also those that do not, such as `response_time_ms` and `memory_mb`.
    All,
}

/// A set of default thresholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Lenient.
    #[default]
    Dev,
    /// Strict.
    Prod,
    /// A home: as strict as [`Profile::Dev`], over data of a home.
    HomeAssistant,
}

/// From where on something is noticed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// A slower request is a slow one.
    pub slow_request: Duration,
    /// A slower query is a slow one.
    pub slow_query: Duration,
    /// More resident memory than this is high, MB (2^20 bytes).
    pub memory_mb: f64,
    /// More processor time than this is high, percent of the cores the process may use.
    pub cpu_percent: f64,
    /// A larger share of failed requests is high.
    pub error_rate: f64,
}

/// Paths of the routes that can be moved.
#[derive(Clone, Debug, PartialEq)]
pub struct Paths {
    /// Default `/metrics`.
    pub metrics: String,
    /// Default `/health`.
    pub health: String,
    /// Default `/status`.
    pub status: String,
}

/// Where and how windows are pushed.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ExportConfig {
    /// Full URL of OTLP/HTTP metrics: `http://host:port/v1/metrics`.
    pub url: String,
    /// Headers of each request; their values are never printed.
    pub headers: Vec<(String, String)>,
    /// How long one try may take.
    pub time_out: Duration,
    /// Whether bodies are compressed with gzip.
    pub gzip: bool,
}

impl std::fmt::Debug for ExportConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExportConfig")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The profile's threshold.
    Profile(Profile),
    /// Set in code.
    Builder,
    /// The environment variable of this name.
    Environment(&'static str),
}

/// A [`Config`] with the origin of each value, and what is to be said about it at start.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    config: Config,
    origins: BTreeMap<Key, Origin>,
    notices: Vec<String>,
}

/// Names a setting; its text is what `config print` shows.
pub type Key = &'static str;

impl Configuration {
    /// The defaults for a service of this name.
    pub fn new(service: &str) -> Self {
        let config = Config {
            service: service.to_owned(),
            version: None,
            revision: None,
            instance: None,
            environment: None,
            resource_attributes: Vec::new(),
            enabled: true,
            memory_monitoring: true,
            profile: Profile::default(),
            thresholds: Profile::default().thresholds(),
            collection_interval: None,
            health_interval: None,
            paths: Paths::default(),
            compatibility_metrics: Compatibility::On,
            exemplars: false,
            correlation: false,
            server_timing: false,
            performance_token: None,
            data_path: PathBuf::from("/"),
            redis_url: "redis://localhost:6379/0".to_owned(),
            export: None,
        };
        Self {
            config,
            origins: BTreeMap::from([("service", Origin::Builder)]),
            notices: Vec::new(),
        }
    }

    /// Sets, from code, what `set` changes; `key` is its name in `config print`.
    #[must_use]
    pub fn by_builder(mut self, key: Key, set: impl FnOnce(&mut Config)) -> Self {
        set(&mut self.config);
        self.origins.insert(key, Origin::Builder);
        self
    }

    /// Takes in the variables of an environment, then the thresholds of the profile where nobody set one.
    ///
    /// # Errors
    /// The first variable whose value cannot be used, with name and value.
    pub fn resolve<N, V>(
        mut self,
        environment: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Self, Error>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        environment::read(&mut self, environment)?;
        let token = self.config.performance_token.as_ref();
        if token.is_some_and(Secret::is_short) {
            return Err(parse::short_secret(&self.origin("performance_token")));
        }
        self.fill_thresholds();
        Ok(self)
    }

    /// Names the instance by machine and process unless somebody did.
    pub(crate) fn naming_instance(mut self) -> Self {
        self.config
            .instance
            .get_or_insert_with(|| format!("{}:{}", machine(), std::process::id()));
        self
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What whoever starts the service should know: aliases in use, unknown names, settings that cannot be followed.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Where the value of `key` came from.
    pub fn origin(&self, key: Key) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    fn fill_thresholds(&mut self) {
        let profile = self.config.profile;
        let (defaults, mine) = (profile.thresholds(), &mut self.config.thresholds);
        let mut fill = |key: Key, fill: &mut dyn FnMut()| {
            if !self.origins.contains_key(key) {
                fill();
                self.origins.insert(key, Origin::Profile(profile));
            }
        };
        fill("slow_request_threshold", &mut || {
            mine.slow_request = defaults.slow_request
        });
        fill("slow_query_threshold", &mut || {
            mine.slow_query = defaults.slow_query
        });
        fill("max_memory_mb", &mut || mine.memory_mb = defaults.memory_mb);
        fill("max_cpu_percent", &mut || {
            mine.cpu_percent = defaults.cpu_percent
        });
        fill("error_rate_threshold", &mut || {
            mine.error_rate = defaults.error_rate
        });
    }
}

impl Compatibility {
    /// The name it is chosen by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
            Self::All => "all",
        }
    }
}

impl Profile {
    /// The name it is chosen by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Prod => "prod",
            Self::HomeAssistant => "home-assistant",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Dev, Self::Prod, Self::HomeAssistant]
            .into_iter()
            .find(|profile| profile.as_str() == name)
    }

    /// The thresholds that apply unless they are set.
    pub fn thresholds(self) -> Thresholds {
        let dev = Thresholds {
            slow_request: Duration::from_millis(1000),
            slow_query: Duration::from_millis(100),
            memory_mb: 500.0,
            cpu_percent: 80.0,
            error_rate: 0.10,
        };
        match self {
            Self::Dev | Self::HomeAssistant => dev,
            Self::Prod => Thresholds {
                slow_request: Duration::from_millis(500),
                slow_query: Duration::from_millis(50),
                memory_mb: 200.0,
                error_rate: 0.05,
                ..dev
            },
        }
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            metrics: "/metrics".to_owned(),
            health: "/health".to_owned(),
            status: "/status".to_owned(),
        }
    }
}

impl ExportConfig {
    /// How long one try may take unless it is set (OpenTelemetry's default).
    pub const TIME_OUT: Duration = Duration::from_secs(10);

    /// Pushes to the OTLP endpoint at `endpoint`, such as `http://127.0.0.1:1876`; `/v1/metrics` is appended.
    ///
    /// # Errors
    /// When it is no `http://` URL. TLS is not built in: send to a collector or to `plimsoll serve` nearby.
    pub fn new(endpoint: &str) -> Result<Self, Error> {
        let url = parse::http_url("the export endpoint", endpoint)?;
        Ok(Self::to_url(format!(
            "{}/v1/metrics",
            url.trim_end_matches('/')
        )))
    }

    fn to_url(url: String) -> Self {
        Self {
            url,
            headers: Vec::new(),
            time_out: Self::TIME_OUT,
            gzip: false,
        }
    }
}

#[cfg(unix)]
fn machine() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

#[cfg(not(unix))]
fn machine() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "localhost".to_owned())
}
