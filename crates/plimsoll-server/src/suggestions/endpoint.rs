//! Who is asked: one request over a connection of its own, with bounds to all of it.

use std::time::Duration;

use axum::http::{HeaderValue, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::Value;

use super::plain::paragraph;
use crate::config::hidden::{Hidden, NOT_SHOWN};
use crate::config::suggestions::SuggestionsConfig;
use crate::outward::address::without_path;
use crate::outward::{self, Address, Believed, Connection, Tls, USER_AGENT};

/// How long an answer may take in all.
pub const TIME_OUT: Duration = Duration::from_secs(5);
/// Largest answer.
pub const MOST_BYTES: usize = 64 << 10;

/// An endpoint of OpenAI's kind.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) config: SuggestionsConfig,
    pub(super) time_out: Duration,
    tls: outward::Shared,
}

impl Endpoint {
    pub(super) fn new(config: SuggestionsConfig) -> Self {
        Self {
            config,
            time_out: TIME_OUT,
            tls: outward::Shared::default(),
        }
    }

    /// The paragraph that it answers with.
    ///
    /// # Errors
    /// Why there is none, for people: nothing of what was sent, nothing of what came, never the key.
    pub(super) async fn ask(&self, body: String) -> Result<String, String> {
        let asking = tokio::time::timeout(self.time_out, self.try_once(body));
        let no_answer = |_| format!("no answer within {} s", self.time_out.as_secs_f32());
        asking.await.map_err(no_answer)?
    }

    async fn try_once(&self, body: String) -> Result<String, String> {
        let key = self.key().await?;
        let answered = self.post(body, key.as_ref()).await;
        // Some servers say what they were asked with.
        let hide = |text: String| match &key {
            Some(key) => text.replace(key.text(), NOT_SHOWN),
            None => text,
        };
        answered.map(hide).map_err(hide)
    }

    /// The key; its file may be on a disk that takes its time.
    async fn key(&self) -> Result<Option<Hidden>, String> {
        let Some(kept) = self.config.api_key.clone() else {
            return Ok(None);
        };
        let read = tokio::task::spawn_blocking(move || kept.read()).await;
        read.map_err(|error| error.to_string())?.map(Some)
    }

    async fn post(&self, body: String, key: Option<&Hidden>) -> Result<String, String> {
        let url = &self.config.url;
        let address = Address::parse(url).map_err(|_| "`url` is no URL".to_owned())?;
        let believed = address.is_tls.then(|| match &self.config.ca_file {
            Some(file) => Believed::File(file.clone()),
            None => Believed::System,
        });
        let request = request(&address, body, key)?;
        let mut tls = Tls::new(self.tls.clone());
        let open = Connection::open(&address.host, address.port, believed.as_ref(), &mut tls);
        let mut connection = open.await.map_err(|failure| failure.to_string())?;
        let answer = connection.ask(request).await;
        let (head, body) = answer.map_err(|failure| failure.to_string())?.into_parts();
        if head.status != StatusCode::OK {
            let location = head.headers.get(header::LOCATION);
            return Err(refused(head.status, location));
        }
        let body = connection.drive(read(body)).await?;
        text_of(&body)
    }
}

fn request(
    address: &Address,
    body: String,
    key: Option<&Hidden>,
) -> Result<Request<Full<Bytes>>, String> {
    let mut request = Request::post(&address.path)
        .header(header::HOST, address.authority())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .header(header::CONNECTION, "close");
    if let Some(key) = key {
        let value = HeaderValue::from_str(&format!("Bearer {}", key.text()));
        let mut value =
            value.map_err(|_| "what `api_key_file` says cannot stand in a header".to_owned())?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    let request = request.body(Full::new(Bytes::from(body)));
    request.map_err(|error| format!("the request cannot be made: {error}"))
}

/// Why a status is no answer. What came with it may repeat what was asked, and is not told.
fn refused(status: StatusCode, location: Option<&HeaderValue>) -> String {
    let code = status.as_u16();
    let hint = match code {
        300..=399 => {
            let location = location.and_then(|location| location.to_str().ok());
            let place = location.map_or("another place".to_owned(), without_path);
            return format!(
                "it answers {code} to {place}: redirects are not followed, set `url` to it"
            );
        }
        401 | 403 => ": see `api_key`",
        404 | 405 => ": see `url` and `model`",
        429 => ": it is asked too often, or what it may cost is used up",
        _ => "",
    };
    format!("it answers {code}{hint}")
}

async fn read(mut body: Incoming) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| outward::connection::broken(error).to_string())?;
        let data = frame.data_ref().map_or(&[][..], |data| &data[..]);
        if bytes.len() + data.len() > MOST_BYTES {
            return Err(format!("its answer is larger than {} kB", MOST_BYTES >> 10));
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

/// The paragraph of an answer.
fn text_of(body: &[u8]) -> Result<String, String> {
    let answer: Value =
        serde_json::from_slice(body).map_err(|_| "its answer is no JSON".to_owned())?;
    let choices = answer["choices"].as_array();
    let first = choices.and_then(|choices| choices.first());
    let first = first.ok_or("its answer has no choices")?;
    let text = first["message"]["content"].as_str().map(paragraph);
    text.filter(|text| !text.is_empty())
        .ok_or_else(|| "its answer has no text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_or_told_why_not() {
        let good =
            br#"{"choices":[{"message":{"role":"assistant","content":" **It** is\nslow. "}}]}"#;
        assert_eq!(text_of(good).unwrap(), "It is slow.");
        for (body, expected) in [
            ("", "its answer is no JSON"),
            ("<html>", "its answer is no JSON"),
            ("[]", "its answer has no choices"),
            ("{}", "its answer has no choices"),
            (r#"{"choices":{}}"#, "its answer has no choices"),
            (r#"{"choices":[]}"#, "its answer has no choices"),
            (r#"{"choices":[null]}"#, "its answer has no text"),
            (
                r#"{"choices":[{"message":{"content":null}}]}"#,
                "its answer has no text",
            ),
            (
                r#"{"choices":[{"message":{"content":" ** "}}]}"#,
                "its answer has no text",
            ),
            (
                r#"{"choices":[{"message":{"content":"<think>cut off"}}]}"#,
                "its answer has no text",
            ),
        ] {
            assert_eq!(text_of(body.as_bytes()).unwrap_err(), expected, "{body}");
        }
        let deep = "[".repeat(60_000);
        assert_eq!(
            text_of(deep.as_bytes()).unwrap_err(),
            "its answer is no JSON"
        );
    }

    #[test]
    fn a_status_says_what_to_set_and_nothing_of_where_a_redirect_points_but_the_host() {
        let location = HeaderValue::from_static("https://new.example/v1?key=geheim");
        for (status, expected) in [
            (500, "it answers 500"),
            (401, "it answers 401: see `api_key`"),
            (
                307,
                "it answers 307 to https://new.example/…: redirects are not followed, set `url` to it",
            ),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(refused(status, Some(&location)), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn five_seconds_are_all_that_it_gets() {
        // It takes connections, and never answers: nobody accepts them.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::new(SuggestionsConfig {
            url: format!(
                "http://{}/v1/chat/completions",
                listener.local_addr().unwrap()
            ),
            model: "m".to_owned(),
            api_key: None,
            ca_file: None,
            shared: super::super::Shared::default(),
            max_per_hour: 12,
        });
        let begun = tokio::time::Instant::now();
        let told = endpoint.ask("{}".to_owned()).await.unwrap_err();
        assert_eq!(told, "no answer within 5 s");
        assert_eq!(begun.elapsed().as_secs(), 5);
    }
}
