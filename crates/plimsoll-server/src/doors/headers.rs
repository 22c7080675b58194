//! What every answer tells browsers to leave undone.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// Pages have scripts, styles and pictures of this server alone, none inline, and stand in no frame.
const OF_PAGES: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
                        form-action 'self'; frame-ancestors 'none'";
/// Other answers are no pages, even if a browser is made to show them.
const OF_DATA: &str = "default-src 'none'; frame-ancestors 'none'";
/// Thirty days: long enough to outlive a visit, short enough to undo.
const STRICT_TRANSPORT: &str = "max-age=2592000";

/// Adds them, where a handler did not set its own.
pub(super) fn add(headers: &mut HeaderMap, is_tls: bool) {
    let is_page = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let mut set = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(REFERRER_POLICY, "no-referrer");
    set(X_FRAME_OPTIONS, "DENY");
    set(
        CONTENT_SECURITY_POLICY,
        if is_page { OF_PAGES } else { OF_DATA },
    );
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(CACHE_CONTROL, "no-store");
    if is_tls {
        set(STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
}
