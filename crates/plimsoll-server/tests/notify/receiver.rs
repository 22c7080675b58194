//! A receiver over raw sockets that does as it is told, and remembers what it got.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use crate::server::targets::until;

/// What came.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) path: String,
    /// By their names in lower case.
    pub(super) headers: HashMap<String, String>,
    pub(super) body: String,
}

impl Received {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// A status, further header lines and a body.
    Answer(u16, &'static str, &'static str),
    /// A status and what was asked for, as some servers explain themselves.
    Echo(u16),
    /// Never.
    Hang,
    /// Only the head of an answer, and then nothing.
    HeadOnly(u16),
}

pub(super) const OK: Reply = Reply::Answer(200, "", "ok");

type Answering = dyn Fn(&Received, usize) -> Reply + Send + Sync;

/// A receiver, and what it got.
pub(super) struct Receiver {
    pub(super) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    is_up: Arc<AtomicBool>,
}

impl Receiver {
    /// Answers each request with what `answer` says of it and of how many came before.
    pub(super) fn new(answer: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::over("http", answer, Some)
    }

    /// Takes everything.
    pub(super) fn good() -> Self {
        Self::new(|_, _| OK)
    }

    /// Takes everything over TLS; with its certificate in PEM.
    pub(super) fn secured() -> (Self, String) {
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let secret = PrivatePkcs8KeyDer::from(key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret.into())
            .unwrap();
        let config = Arc::new(config);
        let secured = Self::over(
            "https",
            |_, _| OK,
            move |stream| {
                let session = ServerConnection::new(config.clone()).ok()?;
                Some(StreamOwned::new(session, stream))
            },
        );
        (secured, certificate.pem())
    }

    fn over<S: Read + Write + Send + 'static>(
        scheme: &str,
        answer: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static,
        begin: impl Fn(std::net::TcpStream) -> Option<S> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let is_up = Arc::new(AtomicBool::new(true));
        let answer: Arc<Answering> = Arc::new(answer);
        let (kept, up) = (received.clone(), is_up.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // As a proxy whose service is down, or a machine that is being restarted.
                if !up.load(Ordering::SeqCst) {
                    continue;
                }
                let Some(mut stream) = begin(stream) else {
                    continue;
                };
                let (kept, answer) = (kept.clone(), answer.clone());
                std::thread::spawn(move || {
                    let Ok(request) = read(&mut stream) else {
                        return;
                    };
                    let before = {
                        let mut kept = kept.lock();
                        kept.push(request.clone());
                        kept.len() - 1
                    };
                    let _ = write(&mut stream, &answer(&request, before), &request);
                });
            }
        });
        Self {
            url,
            received,
            is_up,
        }
    }

    /// Closes every connection from now on, or takes them again.
    pub(super) fn set_up(&self, is_up: bool) {
        self.is_up.store(is_up, Ordering::SeqCst);
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().clone()
    }

    /// All that came, once it is so much.
    pub(super) async fn when(&self, count: usize) -> Vec<Received> {
        until(&format!("{count} came"), async || {
            let received = self.received();
            match received.len() >= count {
                true => Ok(received),
                false => Err(format!("{received:?}")),
            }
        })
        .await
    }
}

fn read(stream: &mut impl Read) -> io::Result<Received> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok(Received {
        path: first.split(' ').nth(1).unwrap_or_default().to_owned(),
        headers,
        body: String::from_utf8(body).map_err(io::Error::other)?,
    })
}

fn write(stream: &mut impl Write, reply: &Reply, request: &Received) -> io::Result<()> {
    match reply {
        Reply::Answer(status, more, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} So\r\n{more}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )?;
        }
        Reply::Echo(status) => {
            let Received { path, body, .. } = request;
            let body = format!("Cannot POST {path}: {body}");
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status} So\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )?;
        }
        Reply::Hang => std::thread::sleep(Duration::from_secs(60)),
        Reply::HeadOnly(status) => {
            write!(
                stream,
                "HTTP/1.1 {status} So\r\ncontent-length: 100\r\n\r\n"
            )?;
            stream.flush()?;
            std::thread::sleep(Duration::from_secs(60));
        }
    }
    stream.flush()
}
