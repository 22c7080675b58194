//! One request from its beginning to the end of its body. Born cancelled: whatever is dropped was given up.

use std::any::Any;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;

use super::{ErrorType, Recorder};
use crate::clock::{Moment, Stamp};
use crate::monitor::Failure;
use crate::registry::{
    Local, MethodId, NO_NAME, NameId, Outcome, RouteId, SeriesKey, UNMATCHED, with_local,
};
use crate::window::RequestKey;

/// Names the load test that sent a request.
pub(super) const RUN_HEADER: HeaderName = HeaderName::from_static("x-plimsoll-run");

/// A request whose response head is not ready yet.
#[derive(Debug)]
pub(crate) struct Guard {
    recorder: Recorder,
    began: Stamp,
    /// Route, method and run; status and error are still to come.
    key: SeriesKey,
    /// Whether the head was counted; if not, dropping counts the request as cancelled.
    has_head: bool,
}

/// A response head that was counted.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) key: SeriesKey,
    /// Since the request began.
    pub(super) ns: u64,
    /// Bytes of the body that are still to come; `u64::MAX` when that is not known.
    missing_bytes: u64,
}

/// A response whose body is not at its end yet.
#[derive(Debug)]
pub(crate) struct BodyGuard {
    recorder: Recorder,
    began: Stamp,
    key: SeriesKey,
    /// Bytes until the end; `u64::MAX` when the length is not known.
    missing_bytes: u64,
    is_open: bool,
}

impl Guard {
    #[inline(always)]
    pub(crate) fn begin<B>(recorder: Recorder, request: &Request<B>) -> Self {
        let began = Stamp::now();
        let (mut route, mut run) = (UNMATCHED, NO_NAME);
        let _gone = with_local(recorder.monitor(), |local| {
            local.begin();
            route = route_of(request, local);
            if recorder.sees_load_tests()
                && let Some(name) = run_of(request.headers())
            {
                run = local.shared.run(name.to_str().unwrap_or(RequestKey::OTHER));
            }
            if local.shared.has_queues() {
                super::queue::leave(request, began, local);
            }
        });
        Self {
            recorder,
            began,
            key: SeriesKey::new(route, method_of(request.method()), 0, NO_NAME, run),
            has_head: false,
        }
    }

    pub(super) fn recorder(&self) -> Recorder {
        self.recorder
    }

    pub(super) fn route(&self) -> RouteId {
        self.key.route()
    }

    /// Counts the response head, and the end with it unless there is a body to wait for.
    #[inline]
    pub(super) fn head<B: Body>(&mut self, response: &Response<B>) -> Head {
        self.has_head = true;
        let status = response.status();
        let error = match response.extensions().get::<ErrorType>() {
            None if status.as_u16() < 500 => NO_NAME,
            told => self.fail(status, told),
        };
        let key = self.key.with_status(status.as_u16(), error);
        let missing_bytes = self.body_length(response);
        let is_upgrade = status == StatusCode::SWITCHING_PROTOCOLS;
        let ns = self.began.elapsed_ns();
        let _gone = with_local(self.recorder.monitor(), |local| {
            if missing_bytes > 0 {
                local.record_head(key, ns);
            } else if is_upgrade {
                local.record_head(key, ns);
                local.finish();
            } else {
                local.record_whole(key, ns, Outcome::Ended);
            }
        });
        Head {
            key,
            ns,
            missing_bytes,
        }
    }

    /// The guard of the body that follows `head`, unless there is none to wait for.
    #[inline]
    pub(super) fn body(&self, head: &Head) -> Option<BodyGuard> {
        (head.missing_bytes > 0).then(|| BodyGuard {
            recorder: self.recorder,
            began: self.began,
            key: head.key,
            missing_bytes: head.missing_bytes,
            is_open: true,
        })
    }

    /// Bytes of the body that are still to come; `u64::MAX` when that is not known.
    #[inline]
    fn body_length<B: Body>(&self, response: &Response<B>) -> u64 {
        match response.body().size_hint().exact() {
            Some(0) => 0,
            // Its length is known and yet nobody announced it: the body is in memory as a whole, and the server takes it
            // at the first ask, in the same breath as the head.
            Some(_) if !announces_length(response.headers()) => 0,
            _ if self.is_bodiless(response.status()) => 0,
            // hyper stops asking at the announced length, so the end may never be seen.
            Some(exact) => exact,
            None if response.body().is_end_stream() => 0,
            None => announced_length(response.headers()).unwrap_or(u64::MAX),
        }
    }

    /// Whether the server sends no body for this status, and drops what there is unpolled.
    fn is_bodiless(&self, status: StatusCode) -> bool {
        self.key.method() == MethodId::HEAD
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED
            || status.is_informational()
            || (self.key.method() == MethodId::CONNECT && status.is_success())
    }

    /// Counts a panic of the service as a 500.
    #[cold]
    pub(super) fn panicked(&mut self, panic: &(dyn Any + Send)) {
        let message = panic.downcast_ref::<&str>().copied();
        let message = message
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("panic");
        let told = ErrorType::new("panic").message(message);
        self.failed_without_response(&told);
    }

    /// Counts an error of the service that made no response.
    #[cold]
    pub(super) fn errored(&mut self) {
        self.failed_without_response(
            &ErrorType::new("service").message("the service returned an error"),
        );
    }

    fn failed_without_response(&mut self, told: &ErrorType) {
        self.has_head = true;
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let error = self.fail(status, Some(told));
        self.count_whole(status.as_u16(), error, Outcome::Ended);
    }

    /// Keeps the words of a failure; the number of its type.
    #[cold]
    fn fail(&self, status: StatusCode, told: Option<&ErrorType>) -> NameId {
        let mut number = NO_NAME;
        let _gone = with_local(self.recorder.monitor(), |local| {
            let name = told.map(|told| std::sync::Arc::clone(&told.name));
            if let Some(name) = &name {
                number = local.shared.error_type(name);
            }
            let message = told.and_then(|told| told.message.as_deref());
            local.shared.failures.add(Failure {
                route: local.shared.route(self.key.route()),
                error_type: name.unwrap_or_else(|| status.as_str().into()),
                message: message
                    .unwrap_or(status.canonical_reason().unwrap_or_default())
                    .to_owned(),
                at_unix_ns: Moment::now().unix_ns,
            });
        });
        number
    }

    fn count_whole(&self, status: u16, error: NameId, outcome: Outcome) {
        let key = self.key.with_status(status, error);
        let ns = self.began.elapsed_ns();
        let _gone = with_local(self.recorder.monitor(), |local| {
            local.record_whole(key, ns, outcome);
        });
    }
}

impl Drop for Guard {
    #[inline]
    fn drop(&mut self) {
        if !self.has_head {
            if std::thread::panicking() {
                self.failed_without_response(&ErrorType::new("panic"));
                return;
            }
            self.count_whole(RequestKey::CLIENT_CLOSED, NO_NAME, Outcome::Cancelled);
        }
    }
}

impl BodyGuard {
    /// Takes note of bytes on their way; the last of an announced length end the request.
    #[inline]
    pub(super) fn sent(&mut self, bytes: usize) {
        if self.missing_bytes != u64::MAX {
            self.missing_bytes = self.missing_bytes.saturating_sub(bytes as u64);
            if self.missing_bytes == 0 {
                self.end(Outcome::Ended);
            }
        }
    }

    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Counts the end of the request, once.
    #[inline]
    pub(super) fn end(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.is_open, false) {
            let ns = self.began.elapsed_ns();
            let _gone = with_local(self.recorder.monitor(), |local| {
                local.finish();
                local.record_body(self.key, ns, outcome);
            });
        }
    }

    /// Counts a body that broke off, with its error's words.
    #[cold]
    pub(super) fn fail(&mut self, error: &dyn std::fmt::Display) {
        self.end(Outcome::Failed);
        let _gone = with_local(self.recorder.monitor(), |local| {
            local.shared.failures.add(Failure {
                route: local.shared.route(self.key.route()),
                error_type: "body".into(),
                message: error.to_string(),
                at_unix_ns: Moment::now().unix_ns,
            });
        });
    }
}

impl Drop for BodyGuard {
    #[inline]
    fn drop(&mut self) {
        if self.is_open && std::thread::panicking() {
            self.fail(&"the body panicked");
        } else {
            self.end(Outcome::Cancelled);
        }
    }
}

#[cfg(feature = "axum")]
#[inline]
fn route_of<B>(request: &Request<B>, local: &mut Local) -> RouteId {
    match request.extensions().get::<axum::extract::MatchedPath>() {
        Some(path) => local.matched_route(path),
        None => UNMATCHED,
    }
}

/// Without axum nothing tells which route matched.
#[cfg(not(feature = "axum"))]
fn route_of<B>(_request: &Request<B>, _local: &mut Local) -> RouteId {
    UNMATCHED
}

#[inline]
fn method_of(method: &Method) -> MethodId {
    if *method == Method::GET {
        MethodId::GET
    } else {
        other_method_of(method)
    }
}

#[inline(never)]
fn other_method_of(method: &Method) -> MethodId {
    MethodId::of(method.as_str())
}

/// Few headers are sooner compared than the name is hashed.
#[inline]
fn run_of(headers: &HeaderMap) -> Option<&HeaderValue> {
    const FEW: usize = 8;
    let may_be_there = headers.len() > FEW || headers.keys().any(|name| *name == RUN_HEADER);
    if may_be_there {
        headers.get(&RUN_HEADER)
    } else {
        None
    }
}

#[inline]
fn announces_length(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| *name == header::CONTENT_LENGTH)
}

#[cold]
fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
