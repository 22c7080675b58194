//! Posts JSON and reads what of the answer matters.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::{HeaderMap, Request, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use super::outcome::{Answer, Outcome, retry_after};
use crate::config::hidden::Hidden;
use crate::outward::address::without_path;
use crate::outward::{Address, Believed, Connection, Shared, Tls, USER_AGENT};
use crate::store::table::Nanos;

/// Most bytes of an answer that are read.
const MOST_BYTES: usize = 4_096;
/// How long the text of an answer is waited for that only explains its status.
const TEXT_PATIENCE: Duration = Duration::from_secs(1);
/// Shorter parts of a path are words, not secrets.
const SECRET_BYTES: usize = 8;

/// A request.
pub(super) struct Post {
    pub(super) url: Hidden,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    /// Whether a good status alone does not say that it was taken.
    pub(super) wants_text: bool,
    pub(super) ca_file: Option<PathBuf>,
}

/// Sends it over a connection of its own.
pub(super) async fn post(post: Post, tls: &Shared, now: Nanos) -> Result<Answer, Outcome> {
    let address = Address::parse(post.url.text()).map_err(|_| {
        Outcome::failed(
            "what `url` or `url_file` says is no URL such as https://hooks.example.org/x",
        )
    })?;
    let believed = address.is_tls.then(|| match &post.ca_file {
        Some(file) => Believed::File(file.clone()),
        None => Believed::System,
    });
    let request = request(&post, &address)?;
    let failed = |failure: crate::outward::Failure| Outcome::failed(failure.to_string());
    let mut tls = Tls::new(tls.clone());
    let open = Connection::open(&address.host, address.port, believed.as_ref(), &mut tls);
    let mut connection = open.await.map_err(failed)?;
    let answer = connection.ask(request).await.map_err(failed)?;
    let (head, body) = answer.into_parts();
    let status = head.status;
    let mut is_whole = true;
    let mut text = String::new();
    if post.wants_text || !status.is_success() {
        let reading = connection.drive(read(body));
        let read = match status.is_success() {
            true => reading.await,
            false => tokio::time::timeout(TEXT_PATIENCE, reading)
                .await
                .unwrap_or_default(),
        };
        (text, is_whole) = read;
    }
    Ok(Answer {
        status: status.as_u16(),
        text: without_secrets(text, &address.path),
        is_whole,
        retry_after: value(&head.headers, header::RETRY_AFTER)
            .and_then(|value| retry_after(value, now)),
        location: value(&head.headers, header::LOCATION).map(without_path),
    })
}

fn request(post: &Post, address: &Address) -> Result<Request<Full<Bytes>>, Outcome> {
    let mut request = Request::post(&address.path)
        .header(header::HOST, address.authority())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close");
    for (name, value) in &post.headers {
        request = request.header(*name, value);
    }
    let body = Full::new(Bytes::from(post.body.clone()));
    request
        .body(body)
        .map_err(|error| Outcome::failed(format!("the request cannot be made: {error}")))
}

/// The begin of a text, and whether it is all of it, as far as that is looked at.
async fn read(mut body: Incoming) -> (String, bool) {
    let mut bytes = Vec::new();
    let mut is_whole = true;
    while bytes.len() < MOST_BYTES {
        match body.frame().await {
            None => break,
            Some(Ok(frame)) => {
                let data = frame.data_ref().map_or(&[][..], |data| &data[..]);
                let room = MOST_BYTES - bytes.len();
                bytes.extend_from_slice(&data[..data.len().min(room)]);
            }
            Some(Err(_)) => {
                is_whole = false;
                break;
            }
        }
    }
    (String::from_utf8_lossy(&bytes).into_owned(), is_whole)
}

fn value(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Some receivers say what they were asked for; the path of a hook is as good as a password.
fn without_secrets(text: String, path: &str) -> String {
    let parts = path.split(['/', '?', '&', '=']);
    let secrets = parts.filter(|part| part.len() >= SECRET_BYTES);
    let text = match path.len() >= SECRET_BYTES {
        true => text.replace(path, "…"),
        false => text,
    };
    secrets.fold(text, |text, secret| text.replace(secret, "…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_repeats_the_path_does_not_tell_it() {
        let path = "/services/T012/B0123456789/abcdefghij?key=0123456789";
        let text = format!("Cannot POST {path}; abcdefghij is unknown, 0123456789 too");
        assert_eq!(
            without_secrets(text, path),
            "Cannot POST …; … is unknown, … too"
        );
        assert_eq!(without_secrets("no / here".to_owned(), "/"), "no / here");
    }
}
