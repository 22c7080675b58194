//! What tells the series of a window apart.

use std::borrow::Cow;
use std::sync::Arc;

/// A series of requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey {
    /// Matched route template, [`RequestKey::UNMATCHED`] or [`RequestKey::OTHER`]; never the path.
    pub route: Arc<str>,
    /// Method, or [`RequestKey::OTHER_METHOD`].
    pub method: &'static str,
    /// Status code; [`RequestKey::CLIENT_CLOSED`] when the client left before there was one.
    pub status: u16,
    /// What kind of error, where the service or a panic told.
    pub error_type: Option<Arc<str>>,
    /// Name of the load test that sent the requests; these are no real traffic.
    pub run: Option<Arc<str>>,
}

impl RequestKey {
    /// Route of requests that no route matched.
    pub const UNMATCHED: &'static str = "<unmatched>";
    /// Route of requests beyond the bound on routes.
    pub const OTHER: &'static str = "<other>";
    /// Method that HTTP does not define (OpenTelemetry semantic conventions).
    pub const OTHER_METHOD: &'static str = "_OTHER";
    /// Status of requests that the client gave up before the response head (as nginx logs them).
    pub const CLIENT_CLOSED: u16 = 499;

    /// Value of OpenTelemetry's `error.type`: the error's own type, else the status code when it is 5xx.
    pub fn otel_error_type(&self) -> Option<Cow<'_, str>> {
        match &self.error_type {
            Some(error_type) => Some(Cow::Borrowed(error_type)),
            None if self.status >= 500 => Some(Cow::Owned(self.status.to_string())),
            None => None,
        }
    }
}

/// A tracked function and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionKey {
    /// Name of the function, or of the operation that it was given.
    pub function: Arc<str>,
    /// How the calls ended.
    pub outcome: FunctionOutcome,
}

/// How a call of a tracked function ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FunctionOutcome {
    /// It returned; if a `Result`, then `Ok`.
    Ok,
    /// It returned `Err`.
    Error,
    /// Its future was dropped before the end.
    Cancelled,
    /// It panicked.
    Panic,
}

impl FunctionOutcome {
    /// The value of the tag `outcome`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Panic => "panic",
        }
    }
}

/// One of the service's own metrics.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricKey {
    /// Name as the service gave it.
    pub name: Arc<str>,
    /// Tags, sorted by name.
    pub tags: Arc<[(Arc<str>, Arc<str>)]>,
}

impl MetricKey {
    /// A key with its tags in order; of a tag given twice the last counts, and empty values are left out.
    pub fn new(name: &str, tags: &[(&str, &str)]) -> Self {
        let mut kept: Vec<(Arc<str>, Arc<str>)> = Vec::with_capacity(tags.len());
        for &(tag, value) in tags {
            kept.retain(|(name, _)| name.as_ref() != tag);
            if !value.is_empty() {
                kept.push((tag.into(), value.into()));
            }
        }
        kept.sort();
        Self {
            name: name.into(),
            tags: kept.into(),
        }
    }
}
