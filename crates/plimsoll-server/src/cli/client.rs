//! Asks a running server.

use std::sync::Arc;

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::http::percent::percent_encoded;
use crate::http::problem::in_words;
use crate::meta::tokens::Hash;
use crate::trust::{self, Trust};

/// A server, and what opens its doors.
#[derive(Clone)]
pub(super) struct Remote {
    /// `http://…` or `https://…`, without a slash at the end.
    pub(super) url: String,
    /// A token to show.
    pub(super) token: Option<String>,
    /// The one certificate that is the server's; without it, the system's authorities decide.
    pub(super) certificate: Option<Hash>,
}

impl Remote {
    /// Sends a request and takes a good answer only; `path` starts with a slash. A body is JSON.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Response<Incoming>> {
        let url = &self.url;
        let response = self.request(method, path, body).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        match problem.as_object().and_then(in_words) {
            Some(words) if status == 401 => bail!(
                "{words}; show one by --token-file FILE, PLIMSOLL_TOKEN_FILE or PLIMSOLL_TOKEN"
            ),
            Some(words) => bail!("{words}"),
            None => bail!("{url} answered {status}"),
        }
    }

    /// The same with whatever the answer is.
    pub(super) async fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Response<Incoming>> {
        let url = &self.url;
        let base: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
        let is_tls = match base.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => bail!("{url}: only http:// and https:// are understood"),
        };
        let host = base
            .host()
            .with_context(|| format!("{url} names no host"))?;
        let port = base.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        // The brackets of an IPv6 address belong to the URL, not to the address.
        let address = host.trim_start_matches('[').trim_end_matches(']');
        if self.token.is_some() && !is_tls && !is_this_machine(address) {
            super::warn(&format!("the token goes to {url} in the clear"));
        }
        let stream = TcpStream::connect((address, port))
            .await
            .with_context(|| format!("cannot reach {url}"))?;
        let mut sender = if is_tls {
            let name = ServerName::try_from(address.to_owned())
                .with_context(|| format!("{address} cannot be in a certificate"))?;
            let trust = self.certificate.map_or(Trust::System, Trust::Certificate);
            let connector = TlsConnector::from(Arc::new(trust::client_config(trust)?));
            let stream = connector
                .connect(name, stream)
                .await
                .with_context(|| format!("cannot trust {url}"))?;
            begin(stream).await?
        } else {
            begin(stream).await?
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", format!("{host}:{port}"));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request
            .body(Full::new(Bytes::from(body)))
            .context("cannot build the request")?;
        sender
            .send_request(request)
            .await
            .with_context(|| format!("{url} does not answer"))
    }

    /// [`Remote::send`] with the whole answer read.
    pub(super) async fn fetch(&self, method: &str, path: &str) -> anyhow::Result<Bytes> {
        whole(self.send(method, path, None).await?).await
    }

    /// [`Remote::send`] with an answer in JSON.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let answer = whole(self.send(method, path, body).await?).await?;
        serde_json::from_slice(&answer).context("the answer is no JSON")
    }
}

async fn begin<I>(stream: I) -> anyhow::Result<SendRequest<Full<Bytes>>>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn whole(response: Response<Incoming>) -> anyhow::Result<Bytes> {
    let body = response.into_body().collect().await;
    Ok(body.context("the answer broke off")?.to_bytes())
}

fn is_this_machine(host: &str) -> bool {
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost",
    }
}

/// `name=value&…` for a path.
pub(super) fn query_string(params: &[(String, String)]) -> String {
    let pairs = params
        .iter()
        .map(|(name, value)| format!("{name}={}", percent_encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}
