//! Errors as clients read them: RFC 9457 problem JSON.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// An error answer. The client reads a short sentence; the log says why ([`Problem::because`]).
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    members: Map<String, Value>,
    retry_after_secs: Option<u32>,
}

/// What a handler that can fail returns.
pub type Answer<T = Response> = Result<T, Problem>;

impl Problem {
    /// `code` is for programs and never changes, `detail` is for people.
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        let mut members = Map::new();
        members.insert("type".into(), "about:blank".into());
        members.insert(
            "title".into(),
            status.canonical_reason().unwrap_or("Error").into(),
        );
        members.insert("status".into(), status.as_u16().into());
        members.insert("code".into(), code.into());
        members.insert("detail".into(), detail.into().into());
        Self {
            status,
            members,
            retry_after_secs: None,
        }
    }

    /// A request that cannot be understood or granted as it is.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", detail)
    }

    /// A field whose value cannot be used.
    pub fn bad_field(field: &str, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::bad_request(detail).field(field, value)
    }

    /// Something that is not there.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// A failure of ours; say why with [`Problem::because`].
    pub fn internal(detail: &str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// The server is stopping.
    pub fn stopping() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "the server is stopping",
        )
        .retry_after(5)
    }

    /// Names the offending field and its value.
    #[must_use]
    pub fn field(self, field: &str, value: impl Into<Value>) -> Self {
        self.with("field", field).with("value", value)
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Tells the client when to try again.
    #[must_use]
    pub fn retry_after(mut self, secs: u32) -> Self {
        self.retry_after_secs = Some(secs);
        self
    }

    /// Logs why, for whoever runs the server; the client does not read it.
    #[must_use]
    pub fn because(self, error: &(dyn std::fmt::Display + Send + Sync)) -> Self {
        let detail = self.detail();
        tracing::error!(
            status = self.status.as_u16(),
            "answered \"{detail}\": {error:#}"
        );
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The sentence for people who see nothing else: with the offending field and its value.
    pub fn in_words(&self) -> String {
        in_words(&self.members).unwrap_or_default()
    }

    /// The sentence for people.
    pub fn detail(&self) -> &str {
        self.member("detail")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A member by its name.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Value::Object(self.members).to_string();
        let mut response = (self.status, body).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(secs) = self.retry_after_secs {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, secs.into());
        }
        response
    }
}

/// What a problem's members say in one sentence; `None` when they are none of a problem.
pub fn in_words(members: &Map<String, Value>) -> Option<String> {
    let detail = members.get("detail")?.as_str()?;
    let (Some(field), Some(value)) = (members.get("field"), members.get("value")) else {
        return Some(detail.to_owned());
    };
    let field = field.as_str().unwrap_or_default();
    Some(format!("{detail} (`{field}` is {value})"))
}

/// A JSON answer.
pub fn json_answer(value: &impl serde::Serialize) -> Answer {
    match serde_json::to_vec(value) {
        Ok(body) => Ok(json_bytes(body)),
        Err(error) => Err(Problem::internal("cannot write the answer").because(&error)),
    }
}

/// A JSON answer that is text already.
pub fn json_bytes(body: Vec<u8>) -> Response {
    let content_type = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// The answer for a path that is none of ours.
pub async fn unknown_path(uri: axum::http::Uri) -> Problem {
    Problem::not_found(format!("there is nothing at {}", uri.path())).with("see", json!("/docs"))
}

/// The answer for a path of ours with another method.
pub async fn unknown_method(method: axum::http::Method, uri: axum::http::Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("{} does not take {method}", uri.path()),
    )
}

/// The answer for a handler that panicked.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer that catches hands over what was thrown"
)]
pub fn of_panic(thrown: Box<dyn std::any::Any + Send>) -> Response {
    let text = thrown
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| thrown.downcast_ref::<&str>().copied())
        .unwrap_or("without a message");
    Problem::internal("the request failed")
        .because(&format!("a handler panicked: {text}"))
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_words_a_problem_names_field_and_value() {
        let plain = Problem::bad_request("no");
        assert_eq!(plain.in_words(), "no");
        let named = Problem::bad_field("step", "1 fortnight", "step must be a duration");
        assert_eq!(
            named.in_words(),
            "step must be a duration (`step` is \"1 fortnight\")"
        );
        assert_eq!(in_words(&Map::new()), None);
    }
}
