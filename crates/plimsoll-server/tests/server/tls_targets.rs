//! Targets behind TLS: whose certificate is believed, and what is said when it is not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::Server;
use super::targets::{TEXT, read_head, scraped, scraping, target, with_body};

/// A target with a self-made certificate.
struct Secured {
    url: String,
    pem: String,
    connections: Arc<AtomicUsize>,
}

fn secured(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Secured {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    change(&mut params);
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
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/metrics", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            let session = ServerConnection::new(config.clone()).unwrap();
            std::thread::spawn(move || {
                let mut stream = StreamOwned::new(session, stream);
                while read_head(&mut stream).is_ok()
                    && with_body(&mut stream, TEXT, b"good 1\n").is_ok()
                {}
            });
        }
    });
    Secured {
        url,
        pem: certificate.pem(),
        connections,
    }
}

/// As servers without TLS do that are greeted by it.
fn without_tls() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/metrics", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
            let _ = stream
                .read(&mut [0; 4_096])
                .and_then(|_| stream.write_all(answer));
        }
    });
    url
}

fn ca_file(dir: &Path, name: &str, pem: &str) -> String {
    let file = dir.join(name);
    std::fs::write(&file, pem).unwrap();
    format!("ca_file = {file:?}")
}

async fn error(server: &Server, job: &str) -> String {
    let found = scraped(server, job, 2).await;
    assert_eq!(found["state"], "down", "{found}");
    found["last_error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_target_is_believed_by_its_authority_and_keeps_its_connection() {
    let dir = tempfile::tempdir().unwrap();
    let [by_file, by_system, by_nobody] = [(); 3].map(|()| secured("127.0.0.1", |_| {}));
    let authority = ca_file(dir.path(), "file.pem", &by_file.pem);
    ca_file(dir.path(), "system.pem", &by_system.pem);
    let targets = [
        target("file", &by_file.url, &authority),
        target("system", &by_system.url, ""),
        target("anybody", &by_nobody.url, "tls_insecure = true"),
        target("nobody", &by_nobody.url, "labels = { as = \"unknown\" }"),
        target(
            "other",
            &by_system.url,
            &format!("{authority}\nlabels = {{ as = \"other\" }}"),
        ),
    ];
    let file = dir.path().join("plimsoll.toml");
    std::fs::write(&file, targets.concat()).unwrap();
    let system = dir.path().join("system.pem");
    let server = Server::start_as(
        &dir.path().join("data"),
        &["--config", file.to_str().unwrap()],
        &[("SSL_CERT_FILE", system.to_str().unwrap())],
    );
    for (job, target) in [("file", &by_file), ("system", &by_system)] {
        let found = scraped(&server, job, 3).await;
        assert_eq!(
            (&found["state"], &found["failures"]),
            (&"up".into(), &0.into()),
            "{found}"
        );
        assert_eq!(found["samples"], 1, "{found}");
        if job == "file" {
            assert_eq!(target.connections.load(Ordering::Relaxed), 1);
        }
    }
    assert_eq!(scraped(&server, "anybody", 2).await["state"], "up");
    assert_eq!(
        error(&server, "nobody").await,
        "no TLS: its certificate is not believed: who signed it is unknown to this system: name a file with its \
         certificate in `ca_file`"
    );
    assert_eq!(
        error(&server, "other").await,
        "no TLS: its certificate is not believed: who signed it is not one of `ca_file`"
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_good_is_told_with_what_to_set() {
    let dir = tempfile::tempdir().unwrap();
    let expired = secured("127.0.0.1", |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2020, 2, 1);
    });
    let early = secured("127.0.0.1", |params| {
        params.not_before = date_time_ymd(2999, 1, 1);
        params.not_after = date_time_ymd(3000, 1, 1);
    });
    let elsewhere = secured("metrics.example", |_| {});
    let authority = secured("127.0.0.1", |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let plain = without_tls();
    let missing = format!("ca_file = {:?}", dir.path().join("none.pem"));
    let empty = ca_file(dir.path(), "empty.pem", "");
    let own = |job: &str, target: &Secured| ca_file(dir.path(), job, &target.pem);
    let cases = [
        (
            "expired",
            &expired.url,
            own("expired", &expired),
            "no TLS: its certificate has expired: renew it",
        ),
        (
            "early",
            &early.url,
            own("early", &early),
            "no TLS: its certificate is not good yet",
        ),
        (
            "elsewhere",
            &elsewhere.url,
            own("elsewhere", &elsewhere),
            "no TLS: its certificate is for other names than 127.0.0.1: set `url`",
        ),
        (
            "authority",
            &authority.url,
            own("authority", &authority),
            "no TLS: its certificate is an authority's (CA:TRUE)",
        ),
        (
            "plain",
            &plain,
            String::new(),
            "no TLS: it does not speak TLS there: set `url` to http://",
        ),
        ("missing", &expired.url, missing, "cannot use `ca_file` "),
        ("empty", &expired.url, empty, "cannot use `ca_file` "),
    ];
    let mut targets = String::new();
    for (job, url, more, _) in &cases {
        targets.push_str(&target(
            job,
            url,
            &format!("{more}\nlabels = {{ case = {job:?} }}"),
        ));
    }
    let server = scraping(dir.path(), &targets);
    for (job, _, _, expected) in &cases {
        let error = error(&server, job).await;
        assert!(error.starts_with(expected), "{job}: {error}");
    }
}

#[tokio::test]
async fn a_renewed_file_of_authorities_is_taken_up() {
    let dir = tempfile::tempdir().unwrap();
    let [asked, other] = [(); 2].map(|()| secured("127.0.0.1", |_| {}));
    let authority = ca_file(dir.path(), "ca.pem", &other.pem);
    let server = scraping(dir.path(), &target("renewed", &asked.url, &authority));
    let before = scraped(&server, "renewed", 1).await;
    assert_eq!(before["state"], "down", "{before}");
    ca_file(dir.path(), "ca.pem", &asked.pem);
    let after = before["scrapes"].as_u64().unwrap() + 2;
    let after = scraped(&server, "renewed", after).await;
    assert_eq!(after["state"], "up", "{after}");
}
