//! One connection to a target, kept from one scrape to the next.

use std::io::Read as _;

use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

use super::context::Format;
use crate::config::scrape::ScrapeTarget;
use crate::outward::address::{host_and_port, is_here};
use crate::outward::connection::broken;
use crate::outward::{self, Connection, Shared, Tls, USER_AGENT};

/// As Prometheus asks: both formats, the newer first.
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
    text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// Largest file with a token.
const MAX_TOKEN_BYTES: u64 = 64 << 10;
/// An answer's buffer is kept up to this size.
const KEPT_BYTES: usize = 4 << 20;

/// Asks one target.
pub(super) struct Client {
    connection: Option<Connection>,
    tls: Tls,
    sent: Vec<u8>,
    plain: Vec<u8>,
}

/// Why there is no answer to read. For people: it stands in the list of targets and in the log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("no answer within {0} s (`timeout_secs`)")]
    TimeOut(u64),
    #[error(transparent)]
    Connection(#[from] outward::Failure),
    #[error("answered {0}; redirects are not followed, set `url` to where it points: {1}")]
    Redirect(u16, String),
    #[error("answered {0}")]
    Status(StatusCode),
    #[error(
        "answered with content of type {0:?}, which is neither text/plain nor application/openmetrics-text"
    )]
    ContentType(String),
    #[error("answered with a body encoded by {0:?}, asked for was gzip or none")]
    Encoding(String),
    #[error("answered with more than {0} bytes (`body_max_mb`)")]
    TooLarge(usize),
    #[error("answered with a damaged gzip body: {0}")]
    Gzip(std::io::Error),
    #[error("cannot read the token in {0}: {1}")]
    Token(String, String),
    #[error("the request cannot be made: {0}")]
    Request(axum::http::Error),
}

impl Client {
    pub(super) fn new(tls: Shared) -> Self {
        Self {
            connection: None,
            tls: Tls::new(tls),
            sent: Vec::new(),
            plain: Vec::new(),
        }
    }

    /// The body of an answer and its format. Whoever waits for this long enough drops it: the connection goes with it.
    pub(super) async fn fetch(
        &mut self,
        target: &ScrapeTarget,
    ) -> Result<(Vec<u8>, Format), Failure> {
        let kept = self.connection.take();
        let (answer, connection) = match kept {
            Some(connection) => match ask(connection, target).await {
                // The target closed the connection meanwhile: that is no failure of its.
                Err(Failure::Connection(outward::Failure::Http(_))) => {
                    ask(self.connect(target).await?, target).await?
                }
                answer => answer?,
            },
            None => ask(self.connect(target).await?, target).await?,
        };
        self.receive(answer, connection, target).await
    }

    /// Gives back a buffer for the next answer.
    pub(super) fn recycle(&mut self, mut body: Vec<u8>) {
        if body.capacity() <= KEPT_BYTES {
            body.clear();
            self.plain = body;
        }
    }

    async fn connect(&mut self, target: &ScrapeTarget) -> Result<Connection, Failure> {
        let believed = target.tls.as_ref();
        Ok(Connection::open(&target.host, target.port, believed, &mut self.tls).await?)
    }

    async fn receive(
        &mut self,
        answer: axum::http::Response<Incoming>,
        mut connection: Connection,
        target: &ScrapeTarget,
    ) -> Result<(Vec<u8>, Format), Failure> {
        let (head, mut body) = answer.into_parts();
        let (format, is_gzip) = check(head.status, &head.headers)?;
        let most = target.body_max;
        let mut sent = match is_gzip {
            true => std::mem::take(&mut self.sent),
            false => std::mem::take(&mut self.plain),
        };
        sent.clear();
        let announced = head.headers.get(header::CONTENT_LENGTH);
        let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > most) {
            return Err(Failure::TooLarge(most));
        }
        sent.reserve(announced.unwrap_or(0));
        let reading = async {
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(broken)?;
                if let Some(data) = frame.data_ref() {
                    if sent.len() + data.len() > most {
                        return Err(Failure::TooLarge(most));
                    }
                    sent.extend_from_slice(data);
                }
            }
            Ok(sent)
        };
        let sent = connection.drive(reading).await?;
        if !connection.is_closed() {
            self.connection = Some(connection);
        }
        if !is_gzip {
            return Ok((sent, format));
        }
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        flate2::read::MultiGzDecoder::new(&sent[..])
            .take(limit.saturating_add(1))
            .read_to_end(&mut plain)
            .map_err(Failure::Gzip)?;
        if plain.len() > most {
            return Err(Failure::TooLarge(most));
        }
        if sent.capacity() <= KEPT_BYTES {
            self.sent = sent;
        }
        Ok((plain, format))
    }
}

async fn ask(
    mut connection: Connection,
    target: &ScrapeTarget,
) -> Result<(axum::http::Response<Incoming>, Connection), Failure> {
    let answer = connection.ask(request(target)?).await?;
    Ok((answer, connection))
}

fn request(target: &ScrapeTarget) -> Result<Request<Full<Bytes>>, Failure> {
    let timeout = target.timeout.as_secs().to_string();
    let mut request = Request::get(&target.path)
        .header(header::HOST, host_and_port(&target.host, target.port))
        .header(header::ACCEPT, ACCEPT)
        .header(header::USER_AGENT, USER_AGENT)
        .header("x-prometheus-scrape-timeout-seconds", timeout);
    if !is_here(&target.host) {
        // Within this machine, packing costs more than it saves.
        request = request.header(header::ACCEPT_ENCODING, "gzip");
    }
    if let Some(path) = &target.bearer_token_file {
        let token =
            token(path).map_err(|reason| Failure::Token(path.display().to_string(), reason))?;
        request = request.header(header::AUTHORIZATION, token);
    }
    request.body(Full::default()).map_err(Failure::Request)
}

fn token(path: &std::path::Path) -> Result<HeaderValue, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.take(MAX_TOKEN_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    let value = HeaderValue::try_from(format!("Bearer {}", text.trim()));
    let mut value = value.map_err(|_| "it is no token".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Format and whether the body is compressed.
fn check(status: StatusCode, headers: &HeaderMap) -> Result<(Format, bool), Failure> {
    let text = |name: header::HeaderName| {
        let value = headers.get(name).map(HeaderValue::as_bytes);
        let shown =
            value.map(|value| String::from_utf8_lossy(&value[..value.len().min(300)]).into_owned());
        shown.unwrap_or_default()
    };
    if status.is_redirection() {
        return Err(Failure::Redirect(status.as_u16(), text(header::LOCATION)));
    }
    if status != StatusCode::OK {
        return Err(Failure::Status(status));
    }
    let content_type = text(header::CONTENT_TYPE);
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let format = if kind.eq_ignore_ascii_case("application/openmetrics-text") {
        Format::OpenMetrics
    } else if kind.is_empty() || kind.eq_ignore_ascii_case("text/plain") {
        Format::Text
    } else {
        return Err(Failure::ContentType(content_type));
    };
    let encoding = text(header::CONTENT_ENCODING);
    match encoding.trim() {
        "" | "identity" => Ok((format, false)),
        name if name.eq_ignore_ascii_case("gzip") => Ok((format, true)),
        _ => Err(Failure::Encoding(encoding)),
    }
}
