//! Every path of the server.
//!
//! A new one is a line here and `#[utoipa::path(…)]` above its handler; the document describes it from then on.

use axum::Router;
use axum::middleware;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, NotForContentType, Predicate, SizeAbove};
use utoipa_axum::routes;

use crate::api::{self, performance, v1};
use crate::doors::{guard, login};
use crate::http::{problem, repeat};
use crate::ingest::influxql;
use crate::ingest::line_protocol;
use crate::ingest::otlp;
use crate::ingest::refused::watch;
use crate::openapi::{self, Described};
use crate::page;
use crate::state::App;

/// Answers over this size are compressed for clients that ask.
const COMPRESS_ABOVE_BYTES: u64 = 1_024;

/// All paths, behind the doors that guard them.
pub fn router(app: App) -> Router {
    let (router, document) = paths(&app).finish();
    app.document.set(document);
    router
        .fallback(problem::unknown_path)
        .method_not_allowed_fallback(problem::unknown_method)
        .layer(CatchPanicLayer::custom(problem::of_panic))
        .layer(middleware::from_fn(repeat::tag))
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .layer(middleware::from_fn(repeat::tag_compressed))
        // / and the paths of its views, /assets/*: tagged and compressed when they were built.
        .merge(page::paths())
        .layer(middleware::from_fn(page::tell_build))
        .layer(middleware::from_fn_with_state(app.clone(), guard::guard))
        .layer(middleware::from_fn_with_state(app.clone(), watch::watch))
        .layer(app.monitor.layer())
        .with_state(app)
}

fn paths(app: &App) -> Described<App> {
    let (probes, described) = app.monitor.probes_described();
    Described::default()
        // /health /healthz /livez /readyz /status /metrics
        .merge(probes, described)
        .path("/api/v1/health", routes!(api::health::health))
        .path("/v1/metrics", routes!(otlp::http::metrics))
        .path("/v1/traces", routes!(otlp::http::traces))
        .path("/v1/logs", routes!(otlp::http::logs))
        .path("/api/v1/services", routes!(api::services::services))
        .path(
            "/api/performance/metrics",
            routes!(performance::metrics::metrics),
        )
        .path(
            "/api/performance/routes",
            routes!(performance::routes::routes),
        )
        .path(
            "/api/performance/resources",
            routes!(performance::resources::resources_of),
        )
        .path(
            "/api/performance/queries",
            routes!(performance::queries::queries),
        )
        .path("/api/performance/calls", routes!(performance::calls::calls))
        .path(
            "/api/performance/exemplars",
            routes!(performance::exemplars::exemplars),
        )
        .path(
            "/api/performance/load-line",
            routes!(performance::load_line::load_line),
        )
        .path(
            "/api/performance/load-lines",
            routes!(performance::load_line::load_lines),
        )
        .path(
            "/api/performance/analytics",
            routes!(performance::analytics::analytics),
        )
        .path(
            "/api/performance/summary",
            routes!(performance::analytics::summary),
        )
        .path(
            "/api/performance/bottlenecks",
            routes!(performance::analytics::bottlenecks),
        )
        .path(
            "/api/performance/trends",
            routes!(performance::trends::trends),
        )
        .path(
            "/api/performance/forecast",
            routes!(performance::forecast::forecast_of),
        )
        .path(
            "/api/performance/standards",
            routes!(performance::standards::standards),
        )
        .path(
            "/api/performance/thresholds",
            routes!(performance::thresholds::get, performance::thresholds::put),
        )
        .path(
            "/api/performance/thresholds/replay",
            routes!(performance::thresholds::replay),
        )
        .path(
            "/api/performance/alerts",
            routes!(performance::alerts::list),
        )
        .path(
            "/api/performance/alerts/{id}/resolve",
            routes!(performance::alerts::resolve),
        )
        .path(
            "/api/performance/alerts/{id}/acknowledge",
            routes!(performance::alerts::acknowledge),
        )
        .path(
            "/api/performance/silences",
            routes!(performance::silences::list, performance::silences::create),
        )
        .path(
            "/api/performance/silences/{id}",
            routes!(performance::silences::remove),
        )
        .path(
            "/api/performance/deploys",
            routes!(performance::deploys::list, performance::deploys::note),
        )
        .path(
            "/api/performance/deploys/compared",
            routes!(performance::deploys::compared),
        )
        .path(
            "/api/performance/channels",
            routes!(performance::channels::channels),
        )
        .path(
            "/api/performance/channels/{name}/test",
            routes!(performance::channels::test),
        )
        .path(
            "/api/performance/outbox",
            routes!(performance::channels::outbox),
        )
        .path(
            "/api/performance/report",
            routes!(performance::report::report),
        )
        .path(
            "/api/performance/aggregates",
            routes!(performance::aggregates::aggregates),
        )
        .path(
            "/api/v1/suggestions",
            routes!(v1::suggestions::list, v1::suggestions::ask),
        )
        .path("/api/v1/refused", routes!(watch::refused))
        .path("/api/v1/connect", routes!(v1::connect::connect))
        .path("/api/v1/targets", routes!(v1::targets::targets))
        .path(
            "/api/performance/totals",
            routes!(performance::totals::totals),
        )
        .path(
            "/api/performance/series",
            routes!(performance::series::series),
        )
        .path("/api/stream", routes!(api::stream::stream))
        .path("/api/v1/query", routes!(v1::query::get, v1::query::post))
        .path("/api/v1/backup", routes!(v1::backup::backup))
        .path("/api/v1/export", routes!(v1::export::export))
        .path(
            "/api/v1/events",
            routes!(v1::events_read::list, v1::events::post),
        )
        .path("/api/v1/events/stats", routes!(v1::stats::events))
        .path("/api/v1/stats", routes!(v1::stats::all))
        .path("/api/v1/measurements", routes!(v1::listing::measurements))
        .path(
            "/api/v1/measurements/{measurement}",
            routes!(v1::listing::measurement),
        )
        .path(
            "/api/v1/measurements/{measurement}/tags/{tag}",
            routes!(v1::listing::tag),
        )
        .path(
            "/api/v1/tokens",
            routes!(v1::tokens::list, v1::tokens::create),
        )
        .path("/api/v1/tokens/{token}", routes!(v1::tokens::revoke))
        .path("/api/v1/login-links", routes!(v1::tokens::login_link))
        .path("/login", routes!(login::login))
        .path("/logout", routes!(login::logout, login::logout_by_form))
        .path("/ping", routes!(line_protocol::ping))
        .path("/query", routes!(influxql::get, influxql::post))
        .path("/write", routes!(line_protocol::write_v1))
        .path("/api/v2/write", routes!(line_protocol::write_v2))
        .path("/openapi.json", routes!(openapi::http::openapi))
        .path("/docs", routes!(openapi::http::docs))
        .path("/docs/style.css", routes!(openapi::http::style))
}

fn worth_compressing() -> And<SizeAbove, NotForContentType> {
    SizeAbove::new(COMPRESS_ABOVE_BYTES).and(NotForContentType::SSE)
}
