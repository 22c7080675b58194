//! Bodies of requests in JSON: received in the room that all bodies share, read where it keeps nobody waiting.

use axum::body::Body;
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::body::{self, BodyLimits, Encoding};
use crate::http::problem::{Answer, Problem};
use crate::state::AppState;

/// Plain bodies up to this size are read at once; others unfold, or take long, so that only a few may at a time.
const SMALL_BYTES: usize = 64 << 10;

/// Receives a body and reads it, then acts on what was read; both on a thread that may block, which goes on to the end
/// even if the client does not wait for it.
///
/// # Errors
/// 413 for a body over the limits, 408 for one that does not come, what room and turn fail with, and whatever `read`
/// and `act` do.
pub(in crate::api) async fn posted<R, T: Send + 'static>(
    app: &AppState,
    headers: &HeaderMap,
    body: Body,
    limits: BodyLimits,
    read: impl FnOnce(&[u8]) -> Answer<R> + Send + 'static,
    act: impl FnOnce(R) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let encoding = Encoding::of(headers)?;
    let (sent, room) = app.ingest.receive(headers, body, limits).await?;
    let turn = if encoding == Encoding::Identity && sent.len() <= SMALL_BYTES {
        None
    } else {
        Some(app.ingest.turn().await?)
    };
    let working = tokio::task::spawn_blocking(move || {
        let text = body::decode(&sent, encoding, limits)?;
        let found = read(&text)?;
        drop((text, turn));
        let done = act(found);
        drop((sent, room));
        done
    });
    working
        .await
        .map_err(|panic| Problem::internal("the request failed").because(&panic))?
}

/// Reads a JSON object.
///
/// # Errors
/// 400 for a list, of which the types would take their members as well, and for what is no such object.
pub(in crate::api) fn object<T: DeserializeOwned>(text: &[u8]) -> Answer<T> {
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::bad_request("a JSON object is expected"));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let reason = error.into_inner();
        match field.as_str() {
            "." | "?" => Problem::bad_request(format!("the body cannot be read: {reason}")),
            field => Problem::bad_field(field, value_of(text, field), format!("{field}: {reason}")),
        }
    })?;
    reader
        .end()
        .map_err(|error| Problem::bad_request(format!("the body cannot be read: {error}")))?;
    Ok(read)
}

/// What was said of a field; null where that is no JSON.
fn value_of(text: &[u8], field: &str) -> Value {
    let body: Value = serde_json::from_slice(text).unwrap_or_default();
    let mut place = &body;
    for part in field.split('.') {
        place = &place[part];
    }
    match place {
        Value::Array(_) | Value::Object(_) => Value::Null,
        said => said.clone(),
    }
}
