//! The service under its own judgement: windows as they close, alerts as they fire.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Inner, Monitor, Ring};
use crate::alert::Transition;
use crate::analysis::judgement::Judgement;
use crate::clock::Moment;
use crate::config::Configuration;
use crate::judge::{Alert, OwnJudge, Told};
use crate::standards::{BadThreshold, Put, Standards, changed};
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
        let put = changed(&expected.put, changes);
        let mut standards = expected.before.clone();
        standards.apply(&put)?;
        expected.put = put;
        self.own.lock().expect(standards.shared(), ring);
        Ok(())
    }
}

/// The standards given, or the profile's; over them the thresholds that somebody set.
fn expected(configuration: &Configuration, standards: Option<Standards>) -> Standards {
    let mut standards = standards.unwrap_or_else(|| Standards::of(configuration.config().profile));
    // 0 asks for each to be told; what is judged must be more than nothing.
    let set = configuration
        .set_thresholds()
        .filter(|(.., value)| *value > 0.0);
    let put = set
        .map(|(name, _, value)| (name.to_owned(), value))
        .collect();
    if let Err(error) = standards.apply(&put) {
        tracing::warn!("thresholds that were set are left out: {error}");
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
