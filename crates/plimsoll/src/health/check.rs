//! One check.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Healthy,
    /// It works, but not as it should; the text says why.
    Degraded(String),
    /// It does not work; the text says why.
    Unhealthy(String),
    /// There is nothing to check here.
    NotConfigured,
}

impl Outcome {
    /// It does not work, because of `reason`.
    pub fn failed(reason: impl fmt::Display) -> Self {
        Self::Unhealthy(reason.to_string())
    }
}

impl<E: fmt::Display> From<Result<(), E>> for Outcome {
    fn from(result: Result<(), E>) -> Self {
        result.map_or_else(Self::failed, |()| Self::Healthy)
    }
}

type Run = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A named question that is asked when `/health` is; critical ones also by themselves, where
/// [`Builder::check_every`](crate::monitor::Builder::check_every) says so.
///
/// ```
/// use plimsoll::health::Check;
/// # async fn ping() -> Result<(), std::io::Error> { Ok(()) }
/// Check::new("database", || async { ping().await }).critical();
/// ```
pub struct Check {
    name: String,
    start: Box<dyn Fn() -> Run + Send + Sync>,
    time_out: Duration,
    critical: bool,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("name", &self.name)
            .field("time_out", &self.time_out)
            .field("critical", &self.critical)
            .finish_non_exhaustive()
    }
}

impl Check {
    /// How long a check may take unless it says otherwise.
    pub const TIME_OUT: Duration = Duration::from_secs(2);

    /// A check that is not critical and may take [`Self::TIME_OUT`].
    ///
    /// `ask` must not block: what blocks belongs on `tokio::task::spawn_blocking`.
    pub fn new<F, T>(name: impl Into<String>, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = T> + Send + 'static,
        T: Into<Outcome>,
    {
        Self {
            name: name.into(),
            start: Box::new(move || {
                let asked = ask();
                Box::pin(async move { asked.await.into() })
            }),
            time_out: Self::TIME_OUT,
            critical: false,
        }
    }

    /// The service cannot work without what is checked: a failure makes it unhealthy and not ready (503).
    #[must_use]
    pub fn critical(self) -> Self {
        Self {
            critical: true,
            ..self
        }
    }

    /// Counts as failed when there is no answer for so long.
    #[must_use]
    pub fn time_out_after(self, time_out: Duration) -> Self {
        Self { time_out, ..self }
    }

    /// Under which the answer stands.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn start(&self) -> impl Future<Output = Outcome> + use<> {
        (self.start)()
    }

    pub(super) fn time_out(&self) -> Duration {
        self.time_out
    }

    pub(super) fn is_critical(&self) -> bool {
        self.critical
    }
}
