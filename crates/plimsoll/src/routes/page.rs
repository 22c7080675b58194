//! `/performance`: the service's own small page. One document without a build; what it shows it asks of the other paths.

use axum::http::HeaderValue;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

/// The document with its style and script.
const PAGE: &str = include_str!("page.html");

/// Nothing is loaded but what stands in the document, and nothing is asked but of the service itself.
const POLICY: &str = "default-src 'none'; connect-src 'self'; img-src data:; style-src 'unsafe-inline'; \
    script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) async fn page() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, PAGE).into_response()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_small_and_loads_nothing_from_elsewhere() {
        assert!(super::PAGE.len() < 30_000, "{} bytes", super::PAGE.len());
        assert!(!super::PAGE.contains("src=\"http") && !super::PAGE.contains("@import"));
    }
}
