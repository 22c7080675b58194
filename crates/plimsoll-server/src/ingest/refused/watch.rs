//! Notes requests that were refused as a whole, calls of gRPC among them. What was refused of a request whose rest was
//! kept, its handler notes.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Remembered, Sender, Way, grpc};
use crate::http::grpc::is_call;
use crate::http::problem::{Answer, Told, json_answer};
use crate::openapi::tag;
use crate::state::App;
use crate::tick;

/// Notes it when a request that brings data is answered with a problem; answers calls of gRPC itself.
pub async fn watch(State(app): State<App>, request: Request, next: Next) -> Response {
    if is_call(&request) {
        return grpc::answer(&app, &request);
    }
    let Some(way) = way(request.method(), request.uri().path()) else {
        return next.run(request).await;
    };
    let agent = request
        .headers()
        .get(axum::http::header::USER_AGENT)
        .cloned();
    // A path that takes no data is the example of itself.
    let path = (way == Way::UnknownPath).then(|| request.uri().path().to_owned());
    let response = next.run(request).await;
    if let Some(told) = response.extensions().get::<Told>()
        && !told.is_of_parts
    {
        let sender = Sender::named(agent.as_ref());
        let example = path.as_deref();
        let reason = match example {
            Some(_) if told.status.as_u16() == 404 => "nothing is taken at this path",
            _ => &told.words,
        };
        app.refused
            .note(way, reason, 1, sender, example, tick::now());
    }
    response
}

/// The way that a request takes; `None` for one that brings no data.
fn way(method: &Method, path: &str) -> Option<Way> {
    if method != Method::POST && method != Method::PUT {
        return None;
    }
    Some(match path {
        "/v1/metrics" => Way::OtlpMetrics,
        "/v1/traces" => Way::OtlpTraces,
        "/v1/logs" => Way::OtlpLogs,
        "/write" | "/api/v2/write" => Way::LineProtocol,
        "/api/v1/events" => Way::Events,
        // Questions, and what is done by hand.
        _ if path.starts_with("/api/") || path == "/query" => return None,
        _ => Way::UnknownPath,
    })
}

/// `/api/v1/refused`: what was refused lately.
///
/// # Errors
/// None is known.
#[utoipa::path(
    get,
    path = "",
    operation_id = "listRefused",
    tag = tag::OPERATION,
    responses((status = 200, description = "The last seen first", body = Remembered)),
)]
pub async fn refused(State(app): State<App>) -> Answer {
    Ok(json_answer(&app.refused.remembered())?.into_response())
}
