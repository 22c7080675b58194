//! What is done for a request beyond counting it, where the builder asked for it.

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tracing::Span;

use super::Recorder;
use super::correlation::Correlation;
use super::guard::Guard;
use crate::clock::Moment;
use crate::registry::{SeriesKey, with_local};
use crate::window::Exemplar;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Lives from the beginning of a request to the end of its body.
#[derive(Debug)]
pub(crate) struct Details {
    span: Span,
    correlation: Option<Correlation>,
    returns_correlation: bool,
    server_timing: bool,
    exemplars: bool,
}

impl Details {
    /// Reads the request's headers; gives handlers their [`Correlation`].
    #[cold]
    pub(super) fn begin<A>(guard: &Guard, request: &mut Request<A>) -> Box<Self> {
        let mut details = Self {
            span: Span::none(),
            correlation: None,
            returns_correlation: false,
            server_timing: false,
            exemplars: false,
        };
        let mut route = None;
        let _gone = with_local(guard.recorder().monitor(), |local| {
            let options = &local.shared.options;
            details.server_timing = options.server_timing;
            details.exemplars = options.exemplars;
            details.returns_correlation = options.correlation;
            if let Some(header) = &options.queue_header
                && let Some(wait_ns) = wait_since(request.headers(), header, Moment::now())
            {
                local.record_wait(wait_ns);
            }
            route = Some(local.shared.route(guard.route()));
        });
        if details.returns_correlation {
            let correlation = Correlation::of(request.headers());
            details.span = tracing::info_span!(
                "request",
                request_id = correlation.request_id(),
                trace_id = correlation.trace_id(),
                method = request.method().as_str(),
                route = route.as_deref().unwrap_or_default(),
            );
            request.extensions_mut().insert(correlation.clone());
            details.correlation = Some(correlation);
        } else if details.exemplars {
            details.correlation = Correlation::told(request.headers());
        }
        Box::new(details)
    }

    /// Runs `poll` so that its log lines carry the request's id.
    #[inline]
    pub(super) fn in_span<R>(&self, poll: impl FnOnce() -> R) -> R {
        self.span.in_scope(poll)
    }

    /// Adds headers to the response; keeps an exemplar.
    #[cold]
    pub(super) fn put_into(
        &self,
        headers: &mut HeaderMap,
        recorder: Recorder,
        key: SeriesKey,
        ns: u64,
    ) {
        if let Some(correlation) = &self.correlation {
            if self.returns_correlation {
                correlation.put_into(headers);
            }
            if self.exemplars {
                keep_exemplar(correlation, recorder, key, ns);
            }
        }
        if self.server_timing
            && let Ok(value) = HeaderValue::from_str(&format!("total;dur={:.3}", ns as f64 / 1e6))
        {
            headers.append(SERVER_TIMING, value);
        }
    }
}

/// One per series and window: the first that comes.
fn keep_exemplar(correlation: &Correlation, recorder: Recorder, key: SeriesKey, ns: u64) {
    let _gone = with_local(recorder.monitor(), |local| {
        local.with_series(key, |series, _| {
            if let Some(mut slot) = series.exemplar.try_lock()
                && slot.is_none()
            {
                let trace_id = correlation.trace_id().into();
                *slot = Some(Exemplar {
                    trace_id,
                    value: ns as f64 * 1e-9,
                    at_unix_ns: Moment::now().unix_ns,
                });
            }
        });
    });
}

/// Nanoseconds since the instant that `header` tells: `t=1700000000.123`, or seconds, milli- or microseconds.
fn wait_since(headers: &HeaderMap, header: &HeaderName, now: Moment) -> Option<u64> {
    let text = headers.get(header)?.to_str().ok()?.trim();
    let number: f64 = text.strip_prefix("t=").unwrap_or(text).parse().ok()?;
    // In seconds the epoch's present has 10 digits, in milliseconds 13, in microseconds 16.
    let seconds = match number {
        n if n >= 1e14 => n / 1e6,
        n if n >= 1e11 => n / 1e3,
        n => n,
    };
    let wait_secs = now.unix_ns as f64 / 1e9 - seconds;
    // Clocks of two machines disagree; a wait of more than an hour is no wait but a wrong clock.
    (wait_secs < 3600.0).then(|| (wait_secs.max(0.0) * 1e9) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &'static str) -> Option<u64> {
        let header = HeaderName::from_static("x-request-start");
        let headers = HeaderMap::from_iter([(header.clone(), HeaderValue::from_static(value))]);
        let now = Moment {
            unix_ns: 1_700_000_002_500_000_000,
            ..Moment::now()
        };
        wait_since(&headers, &header, now).map(|ns| ns / 1_000_000)
    }

    #[test]
    fn a_queue_header_is_read_in_all_its_units() {
        assert_eq!(wait("t=1700000002.25"), Some(250));
        assert_eq!(wait("1700000002250"), Some(250));
        assert_eq!(wait("t=1700000002250000"), Some(250));
    }

    #[test]
    fn clocks_that_disagree_give_no_negative_and_no_endless_wait() {
        assert_eq!(wait("t=1700000009"), Some(0));
        assert_eq!(wait("t=1600000000"), None);
        assert_eq!(wait("soon"), None);
    }
}
