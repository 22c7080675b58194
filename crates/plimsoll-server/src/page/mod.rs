//! The page: its files, embedded in the program. The dashboard's own paths answer its `index.html`, which is asked for again each
//! time; what that names has the content's hash in its name and is kept for a year.

mod encoding;
pub mod files;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::http::problem::{self, Problem};
use crate::state::App;
use files::File;

/// Names the build of the page that belongs to this server; an open page of another build offers to load anew.
pub const PAGE: HeaderName = HeaderName::from_static("x-plimsoll-page");
/// Everything comes from this server, and nothing may frame it.
const POLICY: &str = "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// A year: the name changes with the content.
const FOR_A_YEAR: &str = "public, max-age=31536000, immutable";
/// What `/` shows where the page was left out of the build.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><title>Plimsoll</title><h1>The page was not built</h1>\
    <p>This server was built without its page: run <code>make page</code>, then build it again. Everything else works: \
    <a href=\"/api/v1/services\">/api/v1/services</a>, <a href=\"/metrics\">/metrics</a>.</p></html>\n";

/// The paths of the page. Those of its views answer the same document; the browser finds the view.
pub fn paths() -> Router<App> {
    Router::new()
        .route("/", get(index))
        .route("/connect", get(index))
        .route("/services", get(index))
        .route("/services/{name}", get(index))
        .route("/services/{name}/standards", get(index))
        .route("/alerts", get(index))
        .route("/standards", get(index))
        .route("/assets/{*path}", get(asset))
        .method_not_allowed_fallback(problem::unknown_method)
}

/// Tells the build of the page with every answer.
pub async fn tell_build(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if !files::NAME.is_empty() {
        let name = HeaderValue::from_static(files::NAME);
        response.headers_mut().insert(PAGE, name);
    }
    response
}

/// The document.
async fn index(headers: HeaderMap) -> Response {
    let Some(file) = files::find("index.html") else {
        let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
        return (StatusCode::SERVICE_UNAVAILABLE, html, NOT_BUILT).into_response();
    };
    let etag = format!("\"{}\"", files::NAME);
    let known = headers
        .get(header::IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok());
    let unchanged = known.is_some_and(|known| {
        known
            .split(',')
            .any(|one| one.trim().trim_start_matches("W/") == etag)
    });
    let mut response = match unchanged {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => answer(file, &headers),
    };
    let told = response.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(etag) {
        told.insert(header::ETAG, etag);
    }
    told.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    told.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    told.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// A file that the document names.
///
/// # Errors
/// 404 for one of another build: never the document in its place, which would be run as a script.
async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let path = format!("assets/{path}");
    let file = files::find(&path)
        .ok_or_else(|| Problem::not_found(format!("this build of the page has no file {path}")))?;
    let mut response = answer(file, &headers);
    let told = response.headers_mut();
    told.insert(header::CACHE_CONTROL, HeaderValue::from_static(FOR_A_YEAR));
    told.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    Ok(response)
}

fn answer(file: &'static File, headers: &HeaderMap) -> Response {
    let (body, encoding) = encoding::smallest(file, headers);
    let mut response = body.into_response();
    let told = response.headers_mut();
    told.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(file.content_type()),
    );
    told.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        told.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}
