//! `/openapi.json` and `/docs`.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::tag;
use crate::state::App;

/// How long the description may be used before it is asked for again.
const MAX_AGE: &str = "max-age=60";
/// The page holds everything that it needs, styles included, and runs nothing.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
                           frame-ancestors 'none'";

/// This description, in OpenAPI 3.1: every path with its parameters, bodies and answers.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getOpenapi",
    tag = tag::ABOUT,
    responses((status = 200, description = "The document", body = Object)),
)]
pub async fn openapi(State(app): State<App>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, MAX_AGE),
    ];
    (headers.map(as_value), app.document.json()).into_response()
}

/// This description as a page, with an example for curl at every path.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getDocs",
    tag = tag::ABOUT,
    responses((status = 200, description = "The page", body = String, content_type = "text/html")),
)]
pub async fn docs(State(app): State<App>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, MAX_AGE),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
    ];
    (headers.map(as_value), app.document.page()).into_response()
}

/// The styles of the page.
#[utoipa::path(
    get,
    path = "",
    operation_id = "getDocsStyle",
    tag = tag::ABOUT,
    responses((status = 200, description = "The styles", body = String, content_type = "text/css")),
)]
pub async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, MAX_AGE),
    ];
    (headers.map(as_value), super::page::STYLE).into_response()
}

fn as_value((name, value): (HeaderName, &'static str)) -> (HeaderName, HeaderValue) {
    (name, HeaderValue::from_static(value))
}
