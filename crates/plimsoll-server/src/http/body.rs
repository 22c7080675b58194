//! Request bodies: bounded before and after decompression.

use std::borrow::Cow;
use std::io::Read;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use super::problem::Problem;

/// How long a client may send nothing in the middle of a body.
const FRAME_PATIENCE: Duration = Duration::from_secs(30);
/// How long the rest of a body that is too large is read.
const DISCARD_PATIENCE: Duration = Duration::from_secs(2);

/// How much of a body is taken.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// Bytes as sent.
    pub sent: usize,
    /// Bytes after decompression.
    pub decompressed: usize,
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// By gzip.
    Gzip,
}

impl Encoding {
    /// As the headers say.
    ///
    /// # Errors
    /// 415 for a compression that is not understood.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else {
            return Ok(Self::Identity);
        };
        let name = String::from_utf8_lossy(value.as_bytes());
        match name.trim() {
            "" | "identity" => Ok(Self::Identity),
            name if name.eq_ignore_ascii_case("gzip") => Ok(Self::Gzip),
            name => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_encoding",
                "bodies are taken plain or gzip-compressed",
            )
            .field("Content-Encoding", name)),
        }
    }
}

/// Receives a body as it was sent.
///
/// # Errors
/// 413 as soon as it is known to be too large, 408 when the client falls silent, 400 when it breaks off.
pub async fn receive(
    headers: &HeaderMap,
    mut body: Body,
    limits: BodyLimits,
) -> Result<Bytes, Problem> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limits.sent) {
        discard(body, limits).await;
        return Err(too_large("body", limits.sent));
    }
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    loop {
        let frame = tokio::time::timeout(FRAME_PATIENCE, body.frame());
        let Some(frame) = frame.await.map_err(|_| too_slow())? else {
            break;
        };
        let frame = frame
            .map_err(|error| Problem::bad_request(format!("the body ended early: {error}")))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if first.len() + whole.len() + data.len() > limits.sent {
            discard(body, limits).await;
            return Err(too_large("body", limits.sent));
        }
        if first.is_empty() && whole.is_empty() {
            // A body that came in one piece is used as it is.
            first = data;
        } else {
            if whole.is_empty() {
                whole.reserve(announced.unwrap_or(4 * first.len()).max(first.len()));
                whole.extend_from_slice(&first);
                first = Bytes::new();
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.freeze()
    })
}

/// Reads on for a while without keeping anything: a client that is still sending when the connection closes sees only a
/// broken connection, and not why.
async fn discard(mut body: Body, limits: BodyLimits) {
    let reading = async {
        let mut left = limits.sent;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(length) {
                Some(less) => left = less,
                None => break,
            }
        }
    };
    // Too slow or too much: then the client has to do without the answer.
    let _ = tokio::time::timeout(DISCARD_PATIENCE, reading).await;
}

/// Undoes the compression. Takes as long as the body is large: long ones belong on a thread that may block.
///
/// # Errors
/// 413 when it grows over the limit, 400 when it is damaged.
pub fn decode(
    sent: &[u8],
    encoding: Encoding,
    limits: BodyLimits,
) -> Result<Cow<'_, [u8]>, Problem> {
    if encoding == Encoding::Identity {
        return Ok(Cow::Borrowed(sent));
    }
    let mut plain = Vec::with_capacity((4 * sent.len()).min(limits.decompressed));
    let most = u64::try_from(limits.decompressed).unwrap_or(u64::MAX);
    flate2::read::MultiGzDecoder::new(sent)
        .take(most.saturating_add(1))
        .read_to_end(&mut plain)
        .map_err(|error| Problem::bad_request(format!("the gzip body is damaged: {error}")))?;
    if plain.len() > limits.decompressed {
        return Err(too_large("decompressed body", limits.decompressed));
    }
    Ok(Cow::Owned(plain))
}

fn too_slow() -> Problem {
    let secs = FRAME_PATIENCE.as_secs();
    let detail = format!("nothing of the body came for {secs} s");
    Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail)
}

fn too_large(what: &str, most: usize) -> Problem {
    let detail = format!("the {what} is larger than {most} bytes; send it in parts");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail).with("limit", most)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const LIMITS: BodyLimits = BodyLimits {
        sent: 100,
        decompressed: 1_000,
    };

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_small_body_that_unfolds_to_a_large_one_is_refused() {
        let bomb = gzip(&[b'a'; 5_000]);
        assert!(bomb.len() < LIMITS.sent);
        let problem = decode(&bomb, Encoding::Gzip, LIMITS).unwrap_err();
        assert_eq!(problem.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn gzip_comes_back_as_it_was() {
        let plain = [b'b'; 1_000];
        assert_eq!(
            decode(&gzip(&plain), Encoding::Gzip, LIMITS).unwrap(),
            &plain[..]
        );
    }

    #[tokio::test]
    async fn a_body_without_length_is_cut_off_at_the_limit() {
        let body = Body::new(http_body_util::Full::new(Bytes::from(vec![0; 101])));
        let problem = receive(&HeaderMap::new(), body, LIMITS).await.unwrap_err();
        assert_eq!(problem.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[test]
    fn an_unknown_compression_is_named() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, "br".parse().unwrap());
        let problem = Encoding::of(&headers).unwrap_err();
        assert_eq!(problem.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}
