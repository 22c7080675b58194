//! Asks a running server.

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::http::percent::percent_encoded;
use crate::http::problem::in_words;

/// Sends a request without a body and takes a good answer only; `path` starts with a slash.
pub(super) async fn send(
    method: &str,
    url: &str,
    path: &str,
) -> anyhow::Result<Response<Incoming>> {
    let response = request(method, url, path).await?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
    match problem.as_object().and_then(in_words) {
        Some(words) => bail!("{words}"),
        None => bail!("{url} answered {status}"),
    }
}

/// The same with whatever the answer is.
pub(super) async fn request(
    method: &str,
    url: &str,
    path: &str,
) -> anyhow::Result<Response<Incoming>> {
    let base: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    if base.scheme_str() != Some("http") {
        bail!("{url}: only http:// is understood");
    }
    let host = base
        .host()
        .with_context(|| format!("{url} names no host"))?;
    let port = base.port_u16().unwrap_or(80);
    // The brackets of an IPv6 address belong to the URL, not to the address.
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((address, port))
        .await
        .with_context(|| format!("cannot reach {url}"))?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", format!("{host}:{port}"))
        .body(Empty::<Bytes>::new())
        .context("cannot build the request")?;
    sender
        .send_request(request)
        .await
        .with_context(|| format!("{url} does not answer"))
}

/// [`send`] with the whole answer read.
pub(super) async fn fetch(method: &str, url: &str, path: &str) -> anyhow::Result<Bytes> {
    let response = send(method, url, path).await?;
    let body = response.into_body().collect().await;
    Ok(body.context("the answer broke off")?.to_bytes())
}

/// `name=value&…` for a path.
pub(super) fn query_string(params: &[(String, String)]) -> String {
    let pairs = params
        .iter()
        .map(|(name, value)| format!("{name}={}", percent_encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}
