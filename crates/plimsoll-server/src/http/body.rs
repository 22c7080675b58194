//! Request bodies: bounded before and after decompression.

use std::borrow::Cow;
use std::io::Read;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

use super::problem::Problem;
use super::room::Taken;

/// How long a client may take for each further [`STRIDE_BYTES`] of a body.
const STRIDE_PATIENCE: Duration = Duration::from_secs(10);
/// Slower than this much in [`STRIDE_PATIENCE`] is as good as nothing.
const STRIDE_BYTES: usize = 10_000;
/// How long it may take for a body in all.
const BODY_PATIENCE: Duration = Duration::from_secs(300);
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

impl BodyLimits {
    /// Of a few names and numbers.
    pub const SHORT: Self = Self {
        sent: 16 << 10,
        decompressed: 16 << 10,
    };
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

/// Receives a body as it was sent; `room` grows with what has arrived.
///
/// # Errors
/// 413 as soon as it is known to be too large, 408 when the client is too slow, 503 when there is no room for it, 400 when
/// it breaks off.
pub async fn receive(
    headers: &HeaderMap,
    mut body: Body,
    limits: BodyLimits,
    room: &mut Taken,
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
    let mut pace = Pace::new();
    while let Some(data) = pace.next(&mut body).await? {
        let received = first.len() + whole.len() + data.len();
        if received > limits.sent {
            discard(body, limits).await;
            return Err(too_large("body", limits.sent));
        }
        if let Err(full) = room.grow_to(received).await {
            discard(body, limits).await;
            return Err(full);
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

/// How long a client keeps us waiting. What we make it wait, for want of room, is not counted.
struct Pace {
    /// Left for the body.
    body: Duration,
    /// Left for the stride that is under way.
    stride: Duration,
    /// Lacking to the end of that stride.
    bytes: usize,
}

impl Pace {
    fn new() -> Self {
        Self {
            body: BODY_PATIENCE,
            stride: STRIDE_PATIENCE,
            bytes: STRIDE_BYTES,
        }
    }

    /// The next piece of the body; `None` at its end.
    async fn next(&mut self, body: &mut Body) -> Result<Option<Bytes>, Problem> {
        loop {
            let patience = self.stride.min(self.body);
            let asked = tokio::time::Instant::now();
            let frame = tokio::time::timeout(patience, body.frame());
            let Some(frame) = frame.await.map_err(|_| self.too_slow())? else {
                return Ok(None);
            };
            let waited = asked.elapsed();
            self.body = self.body.saturating_sub(waited);
            self.stride = self.stride.saturating_sub(waited);
            let frame = frame
                .map_err(|error| Problem::bad_request(format!("the body ended early: {error}")))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            match self.bytes.checked_sub(data.len()) {
                Some(lacking @ 1..) => self.bytes = lacking,
                _ => (self.stride, self.bytes) = (STRIDE_PATIENCE, STRIDE_BYTES),
            }
            return Ok(Some(data));
        }
    }

    fn too_slow(&self) -> Problem {
        let detail = if self.body <= self.stride {
            format!("the body was not there after {BODY_PATIENCE:?}; send it in parts")
        } else {
            format!("less than {STRIDE_BYTES} bytes of the body came in {STRIDE_PATIENCE:?}")
        };
        Problem::new(StatusCode::REQUEST_TIMEOUT, "too_slow", detail)
    }
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

fn too_large(what: &str, most: usize) -> Problem {
    let detail = format!("the {what} is larger than {most} bytes; send it in parts");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail).with("limit", most)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body::Frame;

    use super::*;
    use crate::http::room::Room;

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
        let mut room = Room::new(1, LIMITS.sent).enter();
        let received = receive(&HeaderMap::new(), body, LIMITS, &mut room).await;
        let problem = received.unwrap_err();
        assert_eq!(problem.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    /// A body of which a piece comes every five seconds.
    struct Trickling {
        piece: Bytes,
        left: usize,
        next: tokio::time::Interval,
    }

    impl http_body::Body for Trickling {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            std::task::ready!(self.next.poll_tick(context));
            self.left -= 1;
            Poll::Ready(Some(Ok(Frame::data(self.piece.clone()))))
        }
    }

    /// How receiving pieces of `bytes` ends, and after how many seconds.
    async fn trickled(bytes: usize, pieces: usize) -> (Result<usize, StatusCode>, u64) {
        let every = Duration::from_secs(5);
        let started = tokio::time::Instant::now();
        let body = Body::new(Trickling {
            piece: vec![0; bytes].into(),
            left: pieces,
            next: tokio::time::interval_at(started + every, every),
        });
        let limits = BodyLimits {
            sent: 100_000_000,
            decompressed: 1,
        };
        let mut room = Room::new(1, limits.sent).enter();
        let received = receive(&HeaderMap::new(), body, limits, &mut room).await;
        let received = received
            .map(|body| body.len())
            .map_err(|problem| problem.status());
        (received, started.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_given_up_and_a_slow_one_is_not() {
        let too_slow = Err(StatusCode::REQUEST_TIMEOUT);
        assert_eq!(trickled(3, 100).await, (too_slow, 10));
        assert_eq!(trickled(6_000, 20).await, (Ok(120_000), 100));
        assert_eq!(trickled(6_000, 100).await, (too_slow, 300));
    }

    #[test]
    fn an_unknown_compression_is_named() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, "br".parse().unwrap());
        let problem = Encoding::of(&headers).unwrap_err();
        assert_eq!(problem.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}
