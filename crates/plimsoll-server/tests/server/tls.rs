//! TLS by files that change.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{STRICT, Server, outcome, plimsoll, token};

/// A self-made certificate for localhost and 127.0.0.1, written where the server reads it.
pub(super) fn write_pair(dir: &Path) -> String {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
    fs::write(dir.join("key.pem"), KeyPair::serialize_pem(&signing_key)).unwrap();
    fs::write(dir.join("cert.pem"), cert.pem()).unwrap();
    cert.pem()
}

pub(super) fn start(data: &Path, files: &Path) -> Server {
    let path = |name: &str| files.join(name).display().to_string();
    Server::start_as(
        data,
        &[],
        &[
            STRICT,
            ("PLIMSOLL_SERVER_TLS_CERT_FILE", &path("cert.pem")),
            ("PLIMSOLL_SERVER_TLS_KEY_FILE", &path("key.pem")),
        ],
    )
}

/// What the server answers, or why it was not believed.
struct Answered {
    /// Agreed on for the connection.
    protocol: Option<Vec<u8>>,
    /// The answer's head.
    head: String,
}

/// A new connection of somebody who believes one certificate alone.
pub(super) async fn connect(
    url: &str,
    pem: &str,
) -> std::io::Result<TlsStream<tokio::net::TcpStream>> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let address = url.trim_start_matches("https://");
    let stream = tokio::net::TcpStream::connect(address).await?;
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await
}

/// Asks over a new connection.
async fn ask(url: &str, pem: &str, path: &str, secret: &str) -> std::io::Result<Answered> {
    let mut stream = connect(url, pem).await?;
    let address = url.trim_start_matches("https://");
    let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {secret}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    Ok(Answered {
        protocol,
        head: head.to_owned(),
    })
}

#[tokio::test]
async fn tls_is_spoken_and_changed_files_are_taken_up() {
    let (dir, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let reader = token(dir.path(), "reader", "read");
    let first = write_pair(files.path());
    let server = start(dir.path(), files.path());
    assert!(
        server.url.starts_with("https://127.0.0.1:"),
        "{}",
        server.url
    );
    let ask_as = |pem: String| {
        let (url, reader) = (server.url.clone(), reader.clone());
        async move { ask(&url, &pem, "/api/v1/services", &reader).await }
    };
    let ask_with = |pem: &str| ask_as(pem.to_owned());
    let answer = ask_with(&first).await.unwrap();
    assert!(answer.head.starts_with("HTTP/1.1 200"), "{}", answer.head);
    assert_eq!(answer.protocol.as_deref(), Some(&b"http/1.1"[..]));
    let strict = "strict-transport-security: max-age=2592000";
    assert!(answer.head.contains(strict), "{}", answer.head);
    // A broken pair changes nothing.
    fs::write(files.path().join("key.pem"), "no key").unwrap();
    let stay = Instant::now() + Duration::from_millis(2_500);
    while Instant::now() < stay {
        assert!(ask_with(&first).await.is_ok());
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let second = write_pair(files.path());
    let patience = Instant::now() + Duration::from_secs(20);
    while ask_with(&second).await.is_err() {
        assert!(
            Instant::now() < patience,
            "the new certificate is not shown"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(ask_with(&first).await.is_err());
    // The command line knows the server by its folder, and by the authorities of the system otherwise.
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = plimsoll();
        command.args(arguments).envs(variables.iter().copied());
        outcome(command.output().unwrap())
    };
    let data = dir.path().to_str().unwrap();
    let (code, listed, error) = run(&["token", "list", "--data", data], &[]);
    assert_eq!(code, 0, "{error}");
    assert!(listed.contains("reader"), "{listed}");
    let authority = files.path().join("cert.pem");
    let authority = ("SSL_CERT_FILE", authority.to_str().unwrap());
    let shown = ("PLIMSOLL_TOKEN", &*reader);
    let export = ["export", "--format", "lp", "--url", &server.url];
    let (code, _, error) = run(&export, &[authority, shown]);
    assert_eq!(code, 0, "{error}");
    let (code, _, error) = run(&export, &[shown]);
    assert_eq!(code, 1);
    assert!(error.contains("cannot trust https://"), "{error}");
    let (code, link, error) = run(&["login", "--data", data], &[]);
    assert_eq!(code, 0, "{error}");
    let path = link.trim().strip_prefix(&server.url).unwrap();
    let answer = ask(&server.url, &second, path, "none").await.unwrap();
    assert!(
        answer.head.contains("SameSite=Strict; Secure"),
        "{}",
        answer.head
    );
}

#[test]
fn who_speaks_no_tls_gets_no_answer() {
    let (dir, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    token(dir.path(), "reader", "read");
    write_pair(files.path());
    let server = start(dir.path(), files.path());
    let mut stream = TcpStream::connect(server.url.trim_start_matches("https://")).unwrap();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[test]
fn files_that_cannot_be_used_are_named_before_anything_starts() {
    let (dir, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_pair(files.path());
    let one = fs::read(files.path().join("cert.pem")).unwrap();
    write_pair(files.path());
    fs::write(files.path().join("cert.pem"), one).unwrap();
    let check = |certificate: &str, key: &str| {
        let output = plimsoll()
            .args(["serve", "--check", "--data"])
            .arg(dir.path())
            .env("PLIMSOLL_SERVER_TLS_CERT_FILE", certificate)
            .env("PLIMSOLL_SERVER_TLS_KEY_FILE", key)
            .output()
            .unwrap();
        let (code, _, error) = outcome(output);
        assert_eq!(code, 1);
        error
    };
    let path = |name: &str| files.path().join(name).display().to_string();
    let error = check(&path("cert.pem"), &path("key.pem"));
    assert!(
        error.contains("cannot be used with the certificate"),
        "{error}"
    );
    let error = check(&path("none.pem"), &path("key.pem"));
    assert!(error.contains("`server.tls.cert_file`"), "{error}");
    let error = check(&path("cert.pem"), "");
    assert!(
        error.contains("`server.tls.key_file` must name a file"),
        "{error}"
    );
}
