//! The ids by which one request is found again in logs, traces and other services.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id that is taken over from a client.
const MAX_REQUEST_ID: usize = 128;

/// Ids of the current request, an extension of it when the monitor's `correlation` is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correlation {
    request_id: Arc<str>,
    /// 32 hexadecimal digits.
    trace_id: Arc<str>,
    span_id: u64,
    flags: u8,
}

impl Correlation {
    /// Takes over what the client sent, and makes up what is missing or malformed.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let (trace_id, flags) = match headers.get(TRACEPARENT).and_then(parse_traceparent) {
            Some((trace_id, flags)) => (trace_id.into(), flags),
            None => (format!("{:016x}{:016x}", random(), random()).into(), 0),
        };
        let request_id = match headers.get(REQUEST_ID).and_then(usable_id) {
            Some(id) => id.into(),
            None => Arc::clone(&trace_id),
        };
        Self {
            request_id,
            trace_id,
            span_id: random(),
            flags,
        }
    }

    /// Only what the client sent.
    pub(super) fn told(headers: &HeaderMap) -> Option<Self> {
        let (trace_id, flags) = headers.get(TRACEPARENT).and_then(parse_traceparent)?;
        let trace_id: Arc<str> = trace_id.into();
        Some(Self {
            request_id: Arc::clone(&trace_id),
            trace_id,
            span_id: random(),
            flags,
        })
    }

    /// The client's `x-request-id`, else the trace id.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// 32 hexadecimal digits (W3C Trace Context).
    pub fn trace_id(&self) -> &str {
        &self.trace_id
    }

    /// The value of `traceparent` to send along with calls that this request makes.
    pub fn traceparent(&self) -> String {
        format!(
            "00-{}-{:016x}-{:02x}",
            self.trace_id, self.span_id, self.flags
        )
    }

    pub(super) fn put_into(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.request_id) {
            headers.insert(REQUEST_ID, value);
        }
        if let Ok(value) = HeaderValue::from_str(&self.traceparent()) {
            headers.insert(TRACEPARENT, value);
        }
    }
}

/// Trace id and flags of a `traceparent` (W3C Trace Context, version 00 and later ones read as 00).
fn parse_traceparent(value: &HeaderValue) -> Option<(&str, u8)> {
    let text = value.to_str().ok()?;
    let mut parts = text.split('-');
    let [version, trace_id, parent_id, flags] =
        [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let is_hex = |text: &str, digits: usize| {
        text.len() == digits
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let is_zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let is_sound =
        is_hex(version, 2) && is_hex(trace_id, 32) && is_hex(parent_id, 16) && is_hex(flags, 2);
    if !is_sound
        || version == "ff"
        || is_zero(trace_id)
        || is_zero(parent_id)
        || (version == "00" && parts.next().is_some())
    {
        return None;
    }
    Some((trace_id, u8::from_str_radix(flags, 16).ok()?))
}

/// An id goes into logs: visible characters only.
fn usable_id(value: &HeaderValue) -> Option<&str> {
    let id = value.to_str().ok()?;
    let is_usable = !id.is_empty()
        && id.len() <= MAX_REQUEST_ID
        && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_usable.then_some(id)
}

/// Not for secrets: SplitMix64 (Steele et al. 2014), seeded by the system once per thread. Never zero.
fn random() -> u64 {
    thread_local! {
        static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(std::thread::current().id()));
    }
    let state = STATE.try_with(|state| {
        state.set(state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        state.get()
    });
    let mut mixed = state.unwrap_or_else(|_| RandomState::new().hash_one(0));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"; // W3C Trace Context, 3.2.

    fn headers(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_trace_goes_on_under_a_span_of_its_own() {
        let correlation = Correlation::of(&headers(TRACEPARENT, EXAMPLE));
        assert_eq!(correlation.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let traceparent = correlation.traceparent();
        assert!(
            traceparent.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-")
                && traceparent.ends_with("-01")
        );
        assert_ne!(traceparent, EXAMPLE);
    }

    #[test]
    fn a_malformed_traceparent_starts_a_new_trace() {
        for malformed in [
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "4bf92f3577b34da6a3ce929d0e0e4736",
        ] {
            assert_eq!(
                Correlation::told(&headers(TRACEPARENT, malformed)),
                None,
                "{malformed}"
            );
            assert_eq!(
                Correlation::of(&headers(TRACEPARENT, malformed))
                    .trace_id()
                    .len(),
                32
            );
        }
    }

    #[test]
    fn a_request_id_that_would_spoil_a_log_is_replaced() {
        assert_eq!(
            Correlation::of(&headers(REQUEST_ID, "abc-123")).request_id(),
            "abc-123"
        );
        for spoilt in ["two words", &"x".repeat(129)] {
            let correlation = Correlation::of(&headers(REQUEST_ID, spoilt));
            assert_eq!(correlation.request_id(), correlation.trace_id());
        }
    }

    #[test]
    fn made_up_ids_differ() {
        let ids: std::collections::HashSet<u64> = (0..10_000).map(|_| random()).collect();
        assert_eq!(ids.len(), 10_000);
    }
}
