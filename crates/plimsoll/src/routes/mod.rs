//! What a monitored service answers about itself. Every path of it stands in [`Monitor::routes`].

#[cfg(feature = "openapi")]
mod described;
mod door;
mod health;
mod judged;
mod metrics;
mod page;
mod performance;
mod problem;
mod status;
mod thresholds;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde::Serialize;

use crate::monitor::Monitor;

/// What a handler answers.
type Answered = Result<Response, problem::Problem>;

impl Monitor {
    /// `/health` `/healthz` `/livez` `/readyz` `/status` `/metrics` `/api/performance/metrics`, and what is judged: the page
    /// `/performance` and `/api/performance/{load-line,analytics,summary,alerts,alerts/{id}/resolve,bottlenecks,resources,
    /// routes,standards,thresholds}`; for [`Router::merge`](axum::Router::merge). Three of the paths can be moved by
    /// configuration ([`Paths`](crate::config::Paths)).
    ///
    /// The answers say how the service is, not what it was sent: no parameters, bodies or error messages are shown. What is
    /// judged answers to this machine only, as far as the application is served with
    /// [`ConnectInfo`](axum::extract::ConnectInfo), and to whoever shows the token
    /// ([`Builder::performance_token`](crate::Builder::performance_token)).
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
        let judged = performance.then(|| self.judged());
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
        let router = router.merge(judged.unwrap_or_default());
        router.with_state(self.clone())
    }

    /// What is judged, behind the door.
    fn judged(&self) -> Router<Monitor> {
        let router = Router::new()
            .route("/performance", get(page::page))
            .route("/api/performance/load-line", get(judged::load_line))
            .route("/api/performance/analytics", get(judged::analytics))
            .route("/api/performance/summary", get(judged::summary))
            .route("/api/performance/bottlenecks", get(judged::bottlenecks))
            .route("/api/performance/resources", get(judged::resources))
            .route("/api/performance/routes", get(judged::routes))
            .route("/api/performance/alerts", get(judged::alerts))
            .route(
                "/api/performance/alerts/{id}/resolve",
                post(judged::resolve),
            )
            .route("/api/performance/standards", get(thresholds::standards))
            .route(
                "/api/performance/thresholds",
                get(thresholds::get).put(thresholds::put),
            );
        router.route_layer(from_fn_with_state(self.clone(), door::guard))
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
