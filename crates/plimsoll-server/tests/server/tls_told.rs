//! Those who listen hear of the server's certificate.

use std::fs;
use std::time::Duration;

use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::tls::{connect, start, write_pair};
use super::token;

#[tokio::test]
async fn a_certificate_that_changes_is_told_and_one_that_cannot_be_used() {
    let (dir, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let reader = token(dir.path(), "reader", "read");
    let first = write_pair(files.path());
    let server = start(dir.path(), files.path());
    let mut stream = connect(&server.url, &first).await.unwrap();
    let address = server.url.trim_start_matches("https://");
    let request = format!(
        "GET /api/stream?types=change HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {reader}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let mut read_until = async |wanted: &str| {
        let reading = async {
            let mut bytes = [0; 4_096];
            while !text.contains(wanted) {
                let length = stream.read(&mut bytes).await.unwrap();
                assert!(length > 0, "the stream ended: {text}");
                text.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
            }
        };
        // Signs of life come all the time.
        let reading = tokio::time::timeout(Duration::from_secs(20), reading);
        reading.await.expect(wanted);
        text.clone()
    };
    read_until("retry: ").await;
    fs::write(files.path().join("key.pem"), "no key").unwrap();
    let told = read_until("certificate_refused").await;
    assert!(!told.contains("certificate_changed"), "{told}");
    let second = write_pair(files.path());
    let second = CertificateDer::from_pem_slice(second.as_bytes()).unwrap();
    let hash = digest(&SHA256, &second);
    let hash: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let told = format!(r#"{{"what":"certificate_changed","fingerprint":"{hash}"}}"#);
    read_until(&told).await;
}
