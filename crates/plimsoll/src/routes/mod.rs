//! What a monitored service answers about itself. Every path of it stands in [`Monitor::routes`].

#[cfg(feature = "openapi")]
mod described;
mod health;
mod metrics;
mod performance;
mod problem;
mod status;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde::Serialize;

use crate::monitor::Monitor;

impl Monitor {
    /// `/health` `/healthz` `/livez` `/readyz` `/status` `/metrics` `/api/performance/metrics`, for
    /// [`Router::merge`](axum::Router::merge). Three of the paths can be moved by configuration
    /// ([`Paths`](crate::config::Paths)).
    ///
    /// The answers say how the service is, not what it was sent: no parameters, bodies or error messages are shown.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        self.router(true)
    }

    /// [`Monitor::routes`] without `/api/performance/*`, for a service that answers these itself.
    pub fn probes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        self.router(false)
    }

    fn router<S: Clone + Send + Sync + 'static>(&self, performance: bool) -> Router<S> {
        let paths = &self.config().paths;
        let mut routes: Vec<(&str, MethodRouter<Monitor>)> = vec![
            (&paths.health, get(health::health)),
            ("/healthz", get(health::health)),
            ("/livez", get(health::live)),
            ("/readyz", get(health::ready)),
            (&paths.status, get(status::status)),
            (&paths.metrics, get(metrics::metrics)),
        ];
        if performance {
            routes.push(("/api/performance/metrics", get(performance::metrics)));
        }
        let mut router = Router::new();
        let mut taken: Vec<&str> = Vec::new();
        for (path, route) in routes {
            if taken.contains(&path) {
                tracing::warn!(
                    path,
                    "two of the monitor's routes are set to {path}; the second is left out"
                );
                continue;
            }
            taken.push(path);
            router = router.route(path, route);
        }
        router.with_state(self.clone())
    }
}

/// An answer that is right now and not later.
fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => {
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            (status, headers, body).into_response()
        }
        Err(error) => {
            tracing::error!("cannot write an answer: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
