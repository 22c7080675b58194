//! gRPC at our port and at the port where OpenTelemetry's gRPC usually goes: answered and noted with what to set.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

use super::{Sender, Way};
use crate::http::grpc::{advice, is_call, unimplemented, url_of};
use crate::http::listener;
use crate::http::problem::Problem;
use crate::state::App;
use crate::tasks::Stop;
use crate::tick;

/// Connections to the other port at once: whoever comes there only needs to be told.
const CONNECTIONS_MAX: usize = 32;

/// The answer to a call of gRPC that came to our own port.
pub(super) fn answer(app: &App, request: &Request) -> Response {
    // Under this name the client found the port, so it will find it again.
    let url = url_of(request, &app.url);
    told(app, request, &url)
}

fn told(app: &App, request: &Request, url: &str) -> Response {
    let advice = advice(url);
    let (sender, path) = (Sender::of(request.headers()), request.uri().path());
    let agent = sender.agent.clone().unwrap_or_default();
    let news = app
        .refused
        .note(Way::Grpc, &advice, 1, sender, Some(path), tick::now());
    if news {
        let agent = super::example::fit(&agent, super::MAX_NAME_BYTES);
        tracing::warn!(sender = agent, "a client speaks gRPC ({agent:?}): {advice}");
    }
    unimplemented(&advice)
}

/// Opens the port where gRPC usually goes, if it is free. It is for this machine only, wherever the server itself listens.
pub async fn bind(port: u16) -> Option<TcpListener> {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    match TcpListener::bind(address).await {
        Ok(listener) => {
            tracing::info!(
                "clients that send to {address} are told where to send instead (`server.grpc_hint_port`, 0: not)"
            );
            Some(listener)
        }
        Err(error) => {
            tracing::info!(
                "clients that send to {address} are not told where to send instead: {error}"
            );
            None
        }
    }
}

/// Tells whoever comes to the other port where to go, until told to stop.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(app: App, listener: Arc<TcpListener>, stop: Stop) -> anyhow::Result<()> {
    let monitor = app.monitor.clone();
    let router = Router::new()
        .fallback(elsewhere)
        .layer(middleware::from_fn_with_state(app.clone(), call_elsewhere))
        .with_state(app);
    listener::serve(listener, monitor, router, None, CONNECTIONS_MAX, stop).await
}

async fn call_elsewhere(State(app): State<App>, request: Request, next: Next) -> Response {
    match is_call(&request) {
        true => told(&app, &request, &app.url),
        false => next.run(request).await,
    }
}

/// OTLP over HTTP that came to gRPC's port.
async fn elsewhere(State(app): State<App>, request: Request) -> Response {
    let reason = format!(
        "this port only says where to send: set OTEL_EXPORTER_OTLP_ENDPOINT={} and OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        app.url
    );
    let (sender, path) = (Sender::of(request.headers()), request.uri().path());
    app.refused.note(
        Way::UnknownPath,
        &reason,
        1,
        sender,
        Some(path),
        tick::now(),
    );
    Problem::new(StatusCode::MISDIRECTED_REQUEST, "wrong_port", reason).into_response()
}
