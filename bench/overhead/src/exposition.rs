//! Rendering `/metrics` for a service of many routes.

use std::time::Instant;

use anyhow::{Context, ensure};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use plimsoll::Monitor;
use tower_service::Service;

const ROUTES: usize = 1000;
const RENDERINGS: usize = 101;

/// Prints the median of many renderings.
pub fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let monitor = Monitor::builder("bench").build_with(std::iter::empty::<(&str, &str)>())?;
    let mut app = Router::new();
    for route in 0..ROUTES {
        app = app.route(
            &format!("/route-{route}/{{id}}"),
            get(|| async { "hello, world" }),
        );
    }
    let mut app = app
        .layer(monitor.layer())
        .merge(monitor.routes())
        .into_service::<Body>();
    runtime.block_on(async {
        for request in 0..ROUTES * 10 {
            ask(&mut app, &format!("/route-{}/7", request % ROUTES)).await?;
        }
        let mut milliseconds = Vec::with_capacity(RENDERINGS);
        for _ in 0..RENDERINGS {
            // Some of the series have changed since the last scrape, as between two real ones.
            for route in 0..ROUTES / 10 {
                ask(&mut app, &format!("/route-{route}/7")).await?;
            }
            let begun = Instant::now();
            let text = ask(&mut app, "/metrics").await?;
            milliseconds.push(begun.elapsed().as_secs_f64() * 1e3);
            let histograms = text
                .matches("http_server_request_duration_seconds_count{")
                .count();
            ensure!(
                histograms >= ROUTES,
                "only {histograms} histograms were rendered"
            );
        }
        milliseconds.sort_by(f64::total_cmp);
        println!(
            "figure metrics_1000_histograms_ms {:.2} ms",
            milliseconds[RENDERINGS / 2]
        );
        Ok(())
    })
}

async fn ask<S>(app: &mut S, path: &str) -> anyhow::Result<String>
where
    S: Service<
            Request<Body>,
            Response = axum::response::Response,
            Error = std::convert::Infallible,
        >,
{
    let response = app.call(Request::get(path).body(Body::empty())?).await?;
    ensure!(
        response.status().is_success(),
        "{path} answered {}",
        response.status()
    );
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
    String::from_utf8(bytes.to_vec()).context("the answer is text")
}
