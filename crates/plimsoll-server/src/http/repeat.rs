//! Answers that repeat: each has a tag of its content, and who has that already is told so.

use std::hash::BuildHasher;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use foldhash::quality::FixedState;
use http_body::Body as _;
use http_body_util::BodyExt;

/// Answers up to this size are tagged: they are in memory already.
const MOST_BYTES: u64 = 4 << 20;
/// How answers are compressed; the tag of one ends with it, for its bytes are others.
const ENCODINGS: [&str; 2] = ["zstd", "gzip"];

/// An answer that may be kept if it is asked for again each time: then mostly nothing is sent.
pub fn asked_again(mut answer: Response) -> Response {
    let value = HeaderValue::from_static("no-cache");
    answer.headers_mut().insert(header::CACHE_CONTROL, value);
    answer
}

/// Tags answers that may be kept (`Cache-Control`), and answers 304 where `If-None-Match` has the tag.
pub async fn tag(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let response = next.run(request).await;
    let size = response.body().size_hint().exact();
    let is_small = size.is_some_and(|bytes| bytes <= MOST_BYTES);
    if response.status() != StatusCode::OK || !may_be_kept(response.headers()) || !is_small {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else {
        return Response::from_parts(parts, Body::empty());
    };
    let body = body.to_bytes();
    let tag = tag_of(&body);
    let is_known = known.is_some_and(|known| names(&known, &tag));
    if let Ok(value) = HeaderValue::try_from(tag) {
        parts.headers.insert(header::ETAG, value);
    }
    if !is_known {
        return Response::from_parts(parts, body.into());
    }
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    (StatusCode::NOT_MODIFIED, parts.headers).into_response()
}

/// Gives compressed answers a tag of their own, and takes it back when it is asked for.
pub async fn tag_compressed(mut request: Request, next: Next) -> Response {
    let known = request.headers().get(header::IF_NONE_MATCH);
    let known = known.and_then(|known| known.to_str().ok()).unwrap_or("");
    let ending = |encoding: &str| format!("-{encoding}\"");
    let had = ENCODINGS
        .into_iter()
        .find(|encoding| known.contains(&ending(encoding)));
    if had.is_some() {
        let plain = ENCODINGS
            .into_iter()
            .fold(known.to_owned(), |known, encoding| {
                known.replace(&ending(encoding), "\"")
            });
        if let Ok(plain) = HeaderValue::try_from(plain) {
            request.headers_mut().insert(header::IF_NONE_MATCH, plain);
        }
    }
    let mut response = next.run(request).await;
    let encoding = response.headers().get(header::CONTENT_ENCODING);
    let encoding = match encoding {
        Some(encoding) => encoding.to_str().ok(),
        None => had.filter(|_| response.status() == StatusCode::NOT_MODIFIED),
    };
    let tag = response.headers().get(header::ETAG);
    let tag = encoding.zip(tag).and_then(|(encoding, tag)| {
        let plain = tag.to_str().ok()?.strip_suffix('"')?;
        HeaderValue::try_from(format!("{plain}{}", ending(encoding))).ok()
    });
    if let Some(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn may_be_kept(headers: &HeaderMap) -> bool {
    let control = headers.get(header::CACHE_CONTROL);
    let control = control.and_then(|control| control.to_str().ok());
    control.is_some_and(|control| !control.contains("no-store"))
}

/// Whether the header has this tag, or any.
fn names(known: &HeaderValue, tag: &str) -> bool {
    let known = known.to_str().unwrap_or_default();
    let mut tags = known.split(',').map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// 128 bits of the content.
fn tag_of(body: &[u8]) -> String {
    let [first, second] = [0, 1].map(|seed| FixedState::with_seed(seed).hash_one(body));
    format!("\"{first:016x}{second:016x}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_of_the_content() {
        assert_eq!(tag_of(b"a"), tag_of(b"a"));
        assert_ne!(tag_of(b"a"), tag_of(b"b"));
        let tag = tag_of(b"a");
        let header = |text: String| HeaderValue::try_from(text).unwrap();
        assert!(names(&header(format!("\"x\", W/{tag}")), &tag));
        assert!(names(&header("*".to_owned()), &tag));
        assert!(!names(&header("\"x\"".to_owned()), &tag));
    }
}
