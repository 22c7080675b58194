//! The service under its own judgement: windows as they close, alerts as they fire.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Inner, Monitor, Ring};
use crate::alert::Transition;
use crate::analysis::judgement::Judgement;
use crate::clock::Moment;
use crate::config::{Configuration, Origin};
use crate::judge::{Alert, OwnJudge, Told};
use crate::standards::{BadThreshold, Put, Standards};
use crate::window::Window;

/// What is called when an alert fires, worsens or is over.
pub(crate) type OnAlert = Arc<dyn Fn(&Told) + Send + Sync>;

/// See the module.
pub(crate) struct Judging {
    own: Mutex<OwnJudge>,
    expected: Mutex<Expected>,
    on_alert: Option<OnAlert>,
}

/// What is expected, and what of that was put while the service runs.
#[derive(Debug)]
struct Expected {
    before: Standards,
    put: Put,
}

impl fmt::Debug for Judging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judging").finish_non_exhaustive()
    }
}

impl Judging {
    pub(super) fn new(
        configuration: &Configuration,
        standards: Option<Standards>,
        on_alert: Option<OnAlert>,
    ) -> Self {
        let standards = expected(configuration, standards);
        let own = OwnJudge::new(&configuration.config().service, standards.clone().shared());
        Self {
            own: Mutex::new(own),
            expected: Mutex::new(Expected {
                before: standards,
                put: Put::new(),
            }),
            on_alert,
        }
    }

    /// Judges the newest window, and tells.
    fn take(&self, window: &Window, ring: &Ring, now: i64, service: &str) {
        // Not under the lock: who is told may ask.
        let told = self.own.lock().take(window, ring, now);
        for told in told {
            log(&told, service);
            if let Some(on_alert) = &self.on_alert {
                on_alert(&told);
            }
        }
    }

    pub(crate) fn resolve(&self, id: &str, by: &str, now: i64) -> Option<Alert> {
        self.own.lock().resolve(id, by, now).cloned()
    }

    /// Looks at what is judged.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&OwnJudge) -> T) -> T {
        look(&self.own.lock())
    }

    pub(crate) fn put(&self) -> Put {
        self.expected.lock().put.clone()
    }

    /// Lays thresholds over what is expected (`None`: takes one away again), all of them or none.
    pub(crate) fn set(
        &self,
        changes: impl IntoIterator<Item = (String, Option<f64>)>,
        ring: &Ring,
    ) -> Result<(), BadThreshold> {
        let mut expected = self.expected.lock();
        let mut put = expected.put.clone();
        for (name, value) in changes {
            match value {
                Some(value) => put.insert(name, value),
                None => put.remove(&name),
            };
        }
        let mut standards = expected.before.clone();
        standards.apply(&put)?;
        expected.put = put;
        self.own.lock().expect(standards.shared(), ring);
        Ok(())
    }
}

/// The standards given, or the profile's; over them the thresholds that somebody set.
fn expected(configuration: &Configuration, standards: Option<Standards>) -> Standards {
    let config = configuration.config();
    let mut standards = standards.unwrap_or_else(|| Standards::of(config.profile));
    let is_set = |key| {
        let origin = configuration.origin(key);
        !matches!(origin, Origin::Default | Origin::Profile(_))
    };
    let thresholds = &config.thresholds;
    if is_set("slow_request_threshold") {
        standards.slow.request = thresholds.slow_request;
    }
    if is_set("slow_query_threshold") {
        standards.slow.query = thresholds.slow_query;
    }
    if is_set("max_memory_mb") {
        standards.limits.memory_mb = thresholds.memory_mb;
    }
    if is_set("max_cpu_percent") {
        standards.limits.cpu_ratio = thresholds.cpu_percent / 100.0;
    }
    if is_set("error_rate_threshold") {
        standards.limits.error_rate = thresholds.error_rate;
    }
    standards
}

fn log(told: &Told, service: &str) {
    let Alert {
        id,
        severity,
        message,
        ..
    } = &told.alert;
    let severity = severity.as_str();
    match told.transition {
        Transition::Resolved => {
            tracing::info!(alert.id = id, "alert {id} of {service} is over: {message}");
        }
        Transition::Worsened(_) => tracing::warn!(
            alert.id = id,
            alert.severity = severity,
            "alert {id} of {service} is {severity} now: {message}"
        ),
        _ => tracing::warn!(
            alert.id = id,
            alert.severity = severity,
            "alert {id} of {service} fires: {message}"
        ),
    }
}

impl Monitor {
    /// What is judged of the service from its own last minutes: score, findings, everything with a limit; `None` when it does
    /// not judge itself ([`Builder::judging`](super::Builder::judging)).
    pub fn judgement(&self) -> Option<Judgement> {
        let judging = self.inner.judging.as_ref()?;
        let now = Moment::now().unix_ns;
        Some(judging.with(|own| own.judgement(&self.inner.ring, now)))
    }

    /// Alerts that fire, and the last of those that are over, the newest first.
    pub fn alerts(&self) -> Vec<Alert> {
        let alerts = |own: &OwnJudge| own.alerts().newest_first().cloned().collect();
        let judging = self.inner.judging.as_ref();
        judging
            .map(|judging| judging.with(alerts))
            .unwrap_or_default()
    }
}

impl Inner {
    /// Judges a window that was just closed, on a thread that may take its time.
    pub(super) async fn judge(self: &Arc<Self>, window: Arc<Window>, now: Moment) {
        if self.judging.is_none() {
            return;
        }
        let inner = Arc::clone(self);
        let judged = tokio::task::spawn_blocking(move || {
            if let Some(judging) = &inner.judging {
                let service = &inner.configuration.config().service;
                judging.take(&window, &inner.ring, now.unix_ns, service);
            }
        });
        if judged.await.is_err() {
            tracing::warn!("a window could not be judged");
        }
    }
}
