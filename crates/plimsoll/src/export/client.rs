//! One HTTP request at a time, on a connection of its own: windows leave every ten seconds, so keeping one open saves
//! nothing and would need a task to watch it.

use std::io::Write;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use prost::Message;
use tokio::net::TcpStream;

use crate::config::ExportConfig;

/// More of an answer is not read.
const MAX_ANSWER_BYTES: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Client {
    url: String,
    headers: HeaderMap,
    time_out: Duration,
    gzip: bool,
}

/// Why a try failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("no answer in time")]
    TimeOut,
    #[error("cannot connect: {0}")]
    Connect(#[source] std::io::Error),
    #[error("connection broke: {0}")]
    Http(#[source] hyper::Error),
    #[error("answered {status}: {message}")]
    Refused {
        status: u16,
        message: String,
        retry_after: Option<Duration>,
    },
    #[error("cannot be sent: {0}")]
    Invalid(String),
}

impl Failure {
    /// Whether another try may succeed.
    pub(super) fn can_pass(&self) -> bool {
        match self {
            Self::TimeOut | Self::Connect(_) | Self::Http(_) => true,
            Self::Refused { status, .. } => {
                matches!(status, 408 | 429 | 500 | 502 | 503 | 504 | 507)
            }
            Self::Invalid(_) => false,
        }
    }
}

impl Client {
    pub(super) fn new(config: &ExportConfig) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                (Ok(name), Ok(mut value)) => {
                    value.set_sensitive(true);
                    headers.insert(name, value);
                }
                _ => tracing::warn!(header = name, "an export header cannot be sent: {name}"),
            }
        }
        Self {
            url: config.url.clone(),
            headers,
            time_out: config.time_out,
            gzip: config.gzip,
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Sends an encoded request; answers how many points of it were rejected.
    pub(super) async fn post(&self, body: &[u8]) -> Result<u64, Failure> {
        let try_once = async {
            let (status, headers, answer) = self.exchange(body).await?;
            if status.is_success() {
                return Ok(rejected(&answer));
            }
            let text = String::from_utf8_lossy(&answer);
            let message = text.chars().filter(|c| !c.is_control()).take(200).collect();
            Err(Failure::Refused {
                status: status.as_u16(),
                message,
                retry_after: retry_after(&headers),
            })
        };
        tokio::time::timeout(self.time_out, try_once)
            .await
            .unwrap_or(Err(Failure::TimeOut))
    }

    async fn exchange(&self, body: &[u8]) -> Result<(StatusCode, HeaderMap, Bytes), Failure> {
        let uri: Uri = self
            .url
            .parse()
            .map_err(|_| Failure::Invalid(format!("{} is no URL", self.url)))?;
        let request = self.request(&uri, body)?;
        let host = uri
            .host()
            .unwrap_or_default()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80)))
            .await
            .map_err(Failure::Connect)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Failure::Http)?;
        let mut answer = pin!(async {
            let (head, body) = sender
                .send_request(request)
                .await
                .map_err(Failure::Http)?
                .into_parts();
            // An answer that cannot be read to its end is an answer nevertheless: the status counts.
            let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await;
            Ok((
                head.status,
                head.headers,
                body.map(|body| body.to_bytes()).unwrap_or_default(),
            ))
        });
        tokio::select! {
            answer = &mut answer => answer,
            // Whatever ended the connection, the answer knows it too.
            _ = connection => answer.await,
        }
    }

    fn request(&self, uri: &Uri, body: &[u8]) -> Result<Request<Full<Bytes>>, Failure> {
        let invalid = |error: &dyn std::fmt::Display| Failure::Invalid(error.to_string());
        let body = if self.gzip {
            gzip(body).map_err(|e| invalid(&e))?
        } else {
            Bytes::copy_from_slice(body)
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::post(path)
            .body(Full::new(body))
            .map_err(|e| invalid(&e))?;
        let headers = request.headers_mut();
        *headers = self.headers.clone();
        headers.insert(
            header::HOST,
            HeaderValue::try_from(host).map_err(|e| invalid(&e))?,
        );
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf"),
        );
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static(concat!("plimsoll/", env!("CARGO_PKG_VERSION"))),
        );
        if self.gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(request)
    }
}

fn gzip(body: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body)?;
    encoder.finish().map(Bytes::from)
}

fn rejected(answer: &[u8]) -> u64 {
    // Some collectors answer "{}" or nothing at all: what is no OTLP answer rejects nothing.
    let Ok(answer) = ExportMetricsServiceResponse::decode(answer) else {
        return 0;
    };
    let Some(partial) = answer.partial_success else {
        return 0;
    };
    let rejected = u64::try_from(partial.rejected_data_points).unwrap_or(0);
    if rejected > 0 {
        tracing::warn!(
            rejected,
            "exported points were rejected: {}",
            partial.error_message
        );
    }
    rejected
}

/// Seconds or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(at.duration_since(jiff::Timestamp::now())).ok()
}
