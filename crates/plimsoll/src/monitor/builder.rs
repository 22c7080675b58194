//! Describing a monitor.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::{Failures, Inner, Judging, Monitor, OnAlert, Options, Periphery, Ring};
use crate::clock::{Moment, Stamp};
use crate::config::{Compatibility, Config, Configuration, ExportConfig, Key, Profile, Secret};
use crate::error::Error;
use crate::health::Check;
use crate::judge::Told;
use crate::registry::{Limits, Registry};
use crate::standards::Standards;

/// Collects the settings of a [`Monitor`]. The environment has the last word when it is [built](Builder::build).
#[derive(Debug)]
pub struct Builder {
    configuration: Configuration,
    export_endpoint: Option<String>,
    options: Options,
    limits: Limits,
    checks: Vec<Check>,
    judging: bool,
    standards: Option<Standards>,
    on_alert: Option<Listener>,
}

/// What is called for alerts; it has nothing to show.
struct Listener(OnAlert);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

impl Builder {
    pub(super) fn new(service: &str) -> Self {
        Self {
            configuration: Configuration::new(service),
            export_endpoint: None,
            options: Options::default(),
            limits: Limits::default(),
            checks: Vec::new(),
            judging: true,
            standards: None,
            on_alert: None,
        }
    }

    fn set(mut self, key: Key, set: impl FnOnce(&mut Config)) -> Self {
        self.configuration = self.configuration.by_builder(key, set);
        self
    }

    /// Version of the service.
    #[must_use]
    pub fn version(self, version: &str) -> Self {
        self.set("version", |config| {
            config.version = Some(version.to_owned())
        })
    }

    /// Commit that the service was built from, such as a build script puts it into `env!("GIT_REVISION")`. Another one is
    /// a deploy, also of the same version.
    #[must_use]
    pub fn revision(self, revision: &str) -> Self {
        self.set("revision", |config| {
            config.revision = Some(revision.to_owned())
        })
    }

    /// Tells one running process of the service from another.
    #[must_use]
    pub fn instance(self, instance: &str) -> Self {
        self.set("instance", |config| {
            config.instance = Some(instance.to_owned())
        })
    }

    /// Where the service runs: `production`, `staging`, …
    #[must_use]
    pub fn environment(self, environment: &str) -> Self {
        self.set("environment", |config| {
            config.environment = Some(environment.to_owned())
        })
    }

    /// Whether anything is measured. If not, the layer passes requests through.
    #[must_use]
    pub fn enabled(self, enabled: bool) -> Self {
        self.set("enabled", |config| config.enabled = enabled)
    }

    /// Whether memory is sampled. Default: yes.
    #[must_use]
    pub fn memory_monitoring(self, on: bool) -> Self {
        self.set("memory_monitoring", |config| config.memory_monitoring = on)
    }

    /// Which thresholds apply unless they are set. Default: [`Profile::Dev`].
    #[must_use]
    pub fn profile(self, profile: Profile) -> Self {
        self.set("profile", |config| config.profile = profile)
    }

    /// How long a request may take before it is a slow one. Default: the profile's.
    #[must_use]
    pub fn slow_request_threshold(self, threshold: Duration) -> Self {
        self.set("slow_request_threshold", |config| {
            config.thresholds.slow_request = threshold
        })
    }

    /// Which names `/metrics` has beside OpenTelemetry's. Default: [`Compatibility::On`].
    #[must_use]
    pub fn compatibility_metrics(self, set: Compatibility) -> Self {
        self.set("compatibility_metrics", |config| {
            config.compatibility_metrics = set
        })
    }

    /// The folder whose file system is watched. Default: `/`.
    #[must_use]
    pub fn data_path(self, folder: impl Into<std::path::PathBuf>) -> Self {
        self.set("data_path", |config| config.data_path = folder.into())
    }

    /// Asks `check` when `/health` is asked; see also [`Monitor::health`].
    #[must_use]
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Whether the service judges itself: score, findings and alerts from its own last hour. Default: yes. What the judgement
    /// costs is well below a thousandth of a core.
    #[must_use]
    pub fn judging(mut self, on: bool) -> Self {
        self.judging = on;
        self
    }

    /// What is expected of the service, such as a `standards.toml` read by `Standards::parse`. Default: the
    /// [profile's](Builder::profile). Thresholds that are set one by one win over it.
    #[must_use]
    pub fn standards(mut self, standards: Standards) -> Self {
        self.standards = Some(standards);
        self
    }

    /// Calls `listener` when an alert fires, worsens or is over, on a thread that may block for a moment. Alerts are logged
    /// in any case.
    #[must_use]
    pub fn on_alert(mut self, listener: impl Fn(&Told) + Send + Sync + 'static) -> Self {
        self.on_alert = Some(Listener(Arc::new(listener)));
        self
    }

    /// Lets whoever shows this token in from other machines: to the page `/performance` and to what is judged and changed
    /// under `/api/performance`. Sent as `Authorization: Bearer …`, or by a browser as the password of any user name. At
    /// least [`Secret::SHORTEST`] characters. Default: none, these answer to this machine only.
    #[must_use]
    pub fn performance_token(self, token: &str) -> Self {
        self.set("performance_token", |config| {
            config.performance_token = Some(Secret::new(token))
        })
    }

    /// Asks critical checks so often where nobody asks `/health` meanwhile, so that whoever watches the service from afar
    /// knows of them; at most once a second. Default: they are asked with `/health` and `/readyz` only.
    #[must_use]
    pub fn check_every(self, interval: Duration) -> Self {
        self.set("health_interval", |config| {
            config.health_interval = Some(interval)
        })
    }

    /// Pushes windows as OTLP to `endpoint`, such as `http://127.0.0.1:1876`.
    #[must_use]
    pub fn export_to(mut self, endpoint: &str) -> Self {
        self.export_endpoint = Some(endpoint.to_owned());
        self
    }

    /// Pushes windows as OTLP with headers, compression or a time-out of one's own.
    #[must_use]
    pub fn export(self, export: ExportConfig) -> Self {
        self.set("export_url", |config| config.export = Some(export))
    }

    /// Gives every request an id: taken from `traceparent` and `x-request-id`, else made up; returned in these headers,
    /// put on every log line of the request (as the span `request`), and found by handlers as
    /// [`Correlation`](crate::layer::Correlation). Default: off.
    #[must_use]
    pub fn correlation(self, on: bool) -> Self {
        self.set("correlation", |config| config.correlation = on)
    }

    /// Tells the client in `Server-Timing` how long the response head took. Default: off.
    #[must_use]
    pub fn server_timing(self, on: bool) -> Self {
        self.set("server_timing", |config| config.server_timing = on)
    }

    /// Keeps, for each series and window, one request whose trace is known. Default: off.
    #[must_use]
    pub fn exemplars(self, on: bool) -> Self {
        self.set("exemplars", |config| config.exemplars = on)
    }

    /// Measures how long requests waited before they came here, from a header that a proxy sets when it takes a request
    /// in, such as `x-request-start`: seconds, milli- or microseconds since the Unix epoch, with or without `t=`.
    /// Default: none.
    #[must_use]
    #[cfg(feature = "tower")]
    pub fn queue_header(mut self, header: http::HeaderName) -> Self {
        self.options.queue_header = Some(header);
        self
    }

    /// Counts requests that carry `x-plimsoll-run` in series of their own, out of score and alerts. Default: on. Turn
    /// it off where strangers could hide their requests that way.
    #[must_use]
    pub fn load_tests(mut self, on: bool) -> Self {
        self.options.load_tests = on;
        self
    }

    /// Answers a panic of a handler with 500, and keeps its words among the last failures. Otherwise it is counted as a
    /// 500 as well, but goes on: the server closes the connection. Default: off.
    #[must_use]
    pub fn answer_panics(mut self, on: bool) -> Self {
        self.options.answer_panics = on;
        self
    }

    /// Bounds on what is recorded.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads the environment and makes the monitor.
    ///
    /// # Errors
    /// When a setting cannot be used; the error names it and its value.
    pub fn build(self) -> Result<Monitor, Error> {
        let environment = std::env::vars_os();
        let environment = environment.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        self.build_with(environment)
    }

    /// Makes the monitor with these variables instead of the process's environment.
    ///
    /// # Errors
    /// When a setting cannot be used; the error names it and its value.
    pub fn build_with<N: AsRef<str>, V: AsRef<str>>(
        self,
        environment: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Monitor, Error> {
        let export = self
            .export_endpoint
            .as_deref()
            .map(ExportConfig::new)
            .transpose()?;
        let builder = match export {
            Some(export) => self.set("export_url", |config| config.export = Some(export)),
            None => self,
        };
        let configuration = builder
            .configuration
            .resolve(environment)?
            .naming_instance();
        for notice in configuration.notices() {
            tracing::warn!(service = configuration.config().service, "{notice}");
        }
        if configuration.config().enabled {
            Stamp::calibrate();
        }
        let config = configuration.config();
        let options = Options {
            correlation: config.correlation,
            server_timing: config.server_timing,
            exemplars: config.exemplars,
            ..builder.options
        };
        let judging = config.enabled && builder.judging;
        let on_alert = builder.on_alert.map(|listener| listener.0);
        let judging = judging.then(|| Judging::new(&configuration, builder.standards, on_alert));
        let started = Moment::now();
        let failures = Arc::new(Failures::default());
        let registry = Registry::new(
            builder.limits,
            options.clone(),
            Arc::clone(&failures),
            started,
        );
        Ok(Monitor {
            inner: Arc::new(Inner {
                periphery: Periphery::new(&configuration, builder.checks),
                registered: parking_lot::Mutex::default(),
                judging,
                configuration,
                registry,
                ring: Ring::new(Ring::MAX_BYTES),
                failures,
                options,
                #[cfg(feature = "axum")]
                started,
                running: AtomicBool::new(false),
            }),
        })
    }
}
