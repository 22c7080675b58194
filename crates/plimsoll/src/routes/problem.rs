//! Errors as clients read them: problem JSON (RFC 9457).

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// What is wrong with a request.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    field: Option<(&'static str, String)>,
}

impl Problem {
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            detail: detail.into(),
            field: None,
        }
    }

    /// A parameter whose value cannot be used.
    pub(super) fn bad_field(
        field: &'static str,
        value: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            detail: detail.into(),
            field: Some((field, value.into())),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "code": if self.status == StatusCode::NOT_FOUND { "not_found" } else { "invalid" },
            "detail": self.detail,
        });
        if let Some((field, value)) = self.field {
            body["field"] = field.into();
            body["value"] = value.into();
        }
        let content_type = (
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        (self.status, [content_type], body.to_string()).into_response()
    }
}
