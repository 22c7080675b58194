//! Errors as clients read them: problem JSON (RFC 9457).

use std::borrow::Cow;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::standards::BadThreshold;

/// What is wrong with a request.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    field: Option<(Cow<'static, str>, String)>,
}

impl Problem {
    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            detail: detail.into(),
            field: None,
        }
    }

    pub(super) fn unauthorized(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            ..Self::not_found(detail)
        }
    }

    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            ..Self::not_found(detail)
        }
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            ..Self::not_found(detail)
        }
    }

    /// A threshold that cannot be.
    pub(super) fn bad_threshold(error: &BadThreshold) -> Self {
        Self {
            field: Some((error.field.clone().into(), error.value.to_string())),
            ..Self::bad_request(error.reason.clone())
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
            field: Some((field.into(), value.into())),
        }
    }
}

impl Problem {
    fn code(&self) -> &'static str {
        match self.status {
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::UNAUTHORIZED => "unauthorized",
            StatusCode::FORBIDDEN => "forbidden",
            _ => "invalid",
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "code": self.code(),
            "detail": self.detail,
        });
        if let Some((field, value)) = self.field {
            body["field"] = field.into_owned().into();
            body["value"] = value.into();
        }
        let content_type = (
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        (self.status, [content_type], body.to_string()).into_response()
    }
}
