//! Every path of the server.

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, NotForContentType, Predicate, SizeAbove};

use crate::api::{self, v1};
use crate::http::{door, problem};
use crate::ingest::line_protocol;
use crate::ingest::otlp;
use crate::page;
use crate::state::App;

/// Answers over this size are compressed for clients that ask.
const COMPRESS_ABOVE_BYTES: u64 = 1_024;

/// All paths, behind the doors that guard them.
pub fn router(app: App) -> Router {
    Router::new()
        // /health /healthz /livez /readyz /status /metrics
        .merge(app.monitor.probes())
        .route("/api/v1/health", get(api::health::health))
        .route("/v1/metrics", post(otlp::http::metrics))
        .route("/v1/traces", post(otlp::http::not_taken))
        .route("/v1/logs", post(otlp::http::not_taken))
        .route("/api/v1/services", get(api::services::services))
        .route(
            "/api/performance/metrics",
            get(api::performance::metrics::metrics),
        )
        .route(
            "/api/performance/routes",
            get(api::performance::routes::routes),
        )
        .route(
            "/api/performance/resources",
            get(api::performance::resources::resources_of),
        )
        .route(
            "/api/performance/totals",
            get(api::performance::totals::totals),
        )
        .route(
            "/api/performance/series",
            get(api::performance::series::series),
        )
        .route("/api/v1/query", get(v1::query::get).post(v1::query::post))
        .route("/api/v1/backup", post(v1::backup::backup))
        .route("/api/v1/export", get(v1::export::export))
        .route(
            "/api/v1/events",
            get(v1::events_read::list).post(v1::events::post),
        )
        .route("/api/v1/events/stats", get(v1::stats::events))
        .route("/api/v1/stats", get(v1::stats::all))
        .route("/api/v1/measurements", get(v1::listing::measurements))
        .route(
            "/api/v1/measurements/{measurement}",
            get(v1::listing::measurement),
        )
        .route(
            "/api/v1/measurements/{measurement}/tags/{tag}",
            get(v1::listing::tag),
        )
        .route("/ping", get(line_protocol::ping).head(line_protocol::ping))
        .route("/write", post(line_protocol::write_v1))
        .route("/api/v2/write", post(line_protocol::write_v2))
        // / and the paths of its views, /assets/*
        .merge(page::paths())
        .fallback(problem::unknown_path)
        .method_not_allowed_fallback(problem::unknown_method)
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .layer(middleware::from_fn(page::tell_build))
        .layer(middleware::from_fn(door::guard))
        .layer(app.monitor.layer())
        .with_state(app)
}

fn worth_compressing() -> And<SizeAbove, NotForContentType> {
    SizeAbove::new(COMPRESS_ABOVE_BYTES).and(NotForContentType::SSE)
}
