//! Who may come in.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::{Method, StatusCode};

use super::{STRICT, Server, outcome, plimsoll, read, token};

#[tokio::test]
async fn foreign_hosts_and_origins_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let host = server.url.trim_start_matches("http://").to_owned();
    for (name, value, expected) in [
        ("host", "rebound.example", StatusCode::FORBIDDEN),
        ("host", "localhost", StatusCode::OK),
        ("origin", "https://evil.example", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        ("origin", &format!("http://{host}"), StatusCode::OK),
        ("origin", &format!("https://{host}"), StatusCode::FORBIDDEN),
    ] {
        let (status, answer) =
            read(server.request(Method::GET, "/health").header(name, value)).await;
        assert_eq!(status, expected, "{name}: {value}: {answer}");
        if expected == StatusCode::FORBIDDEN {
            assert_eq!(answer["value"], value);
        }
    }
}

#[test]
fn a_second_host_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    stream
        .write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n")
        .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 403");
}

#[test]
fn an_address_beyond_this_machine_needs_a_token() {
    let dir = tempfile::tempdir().unwrap();
    for check in [&["serve"][..], &["serve", "--check"]] {
        let output = plimsoll()
            .args(check)
            .args(["--listen", "0.0.0.0:0", "--data"])
            .arg(dir.path())
            .env("PLIMSOLL_SERVER_FIRST_TOKEN", "false")
            .output()
            .unwrap();
        let (code, _, error) = outcome(output);
        assert_eq!(code, 1);
        let command = format!(
            "`plimsoll token create NAME --scope admin --data {}`",
            dir.path().display()
        );
        assert!(error.contains(&command), "{error}");
    }
    token(dir.path(), "ops", "admin");
    let output = plimsoll()
        .args(["serve", "--check", "--listen", "0.0.0.0:0", "--data"])
        .arg(dir.path())
        .env("PLIMSOLL_SERVER_FIRST_TOKEN", "false")
        .output()
        .unwrap();
    assert_eq!(outcome(output).0, 0);
}

#[test]
fn a_taken_port_says_how_to_choose_another() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let output = plimsoll()
        .args(["serve", "--listen", &address, "--data"])
        .arg(dir.path())
        .output()
        .unwrap();
    let (code, _, error) = outcome(output);
    assert_eq!(code, 1);
    assert!(
        error.contains("is taken by another program; choose another with --listen 127.0.0.1:"),
        "{error}"
    );
}

#[test]
fn a_second_server_on_the_folder_says_who_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = Server::start(dir.path());
    let output = plimsoll()
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(dir.path())
        .output()
        .unwrap();
    let (code, _, error) = outcome(output);
    assert_eq!(code, 1);
    assert!(error.contains(&first.url), "{error}");
    assert!(
        error.contains(&format!("process {}", first.pid())),
        "{error}"
    );
}

#[tokio::test]
async fn what_came_through_a_proxy_needs_a_token() {
    let dir = tempfile::tempdir().unwrap();
    let hosts = (
        "PLIMSOLL_SERVER_HOSTS",
        "monitor.example.org, other.example",
    );
    let server = Server::start_as(dir.path(), &[], &[hosts]);
    let secret = token(dir.path(), "proxied", "read");
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=203.0.113.9"),
        ("via", "1.1 proxy"),
        // Names of others are not this machine, whether or not their proxy says so.
        ("host", "monitor.example.org"),
    ] {
        let ask = || {
            server
                .request(Method::GET, "/api/v1/services")
                .header(name, value)
        };
        let (status, answer) = read(ask()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{name}: {answer}");
        let (status, answer) = read(ask().bearer_auth(&secret)).await;
        assert_eq!(status, StatusCode::OK, "{name}: {answer}");
        // Whether it is up may be asked through a load balancer.
        let (status, _) = read(server.request(Method::GET, "/health").header(name, value)).await;
        assert_eq!(status, StatusCode::OK, "{name}");
    }
    // A proxy with TLS: the page's own origin is https then, for who has a token.
    let ask = |origin: &str, forwarded: bool| {
        let asking = server.request(Method::GET, "/api/v1/services");
        let asking = asking.header("host", "monitor.example.org");
        let asking = asking.header("origin", origin).bearer_auth(&secret);
        match forwarded {
            true => asking.header("x-forwarded-proto", "https"),
            false => asking,
        }
    };
    let (own, foreign) = ("https://monitor.example.org", "https://other.example");
    assert_eq!(read(ask(own, true)).await.0, StatusCode::OK);
    assert_eq!(read(ask(own, false)).await.0, StatusCode::FORBIDDEN);
    assert_eq!(read(ask(foreign, true)).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn every_answer_tells_browsers_what_to_leave_undone() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_as(dir.path(), &["--insecure"], &[STRICT]);
    for (path, status, kept) in [
        ("/health", StatusCode::OK, "no-store"),
        ("/api/v1/stats", StatusCode::OK, "max-age=15"),
        ("/api/v1/services", StatusCode::OK, "no-cache"),
        ("/api/v1/events", StatusCode::OK, "no-store"),
        ("/nothing", StatusCode::NOT_FOUND, "no-store"),
        ("/api/v1/tokens", StatusCode::UNAUTHORIZED, "no-store"),
    ] {
        let answer = server.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap())
        };
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header("referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(header("x-frame-options"), Some("DENY"), "{path}");
        let policy = Some("default-src 'none'; frame-ancestors 'none'");
        assert_eq!(header("content-security-policy"), policy, "{path}");
        assert_eq!(header("cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(header("cross-origin-resource-policy"), Some("same-origin"));
        assert_eq!(header("cache-control"), Some(kept), "{path}");
        assert_eq!(header("strict-transport-security"), None, "{path}");
    }
}

#[tokio::test]
async fn whoever_reaches_an_insecure_server_reads_and_writes_but_rules_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_as(dir.path(), &["--insecure"], &[STRICT]);
    server.write("m v=1").await;
    assert_eq!(server.get("/api/v1/measurements").await.0, StatusCode::OK);
    for path in ["/api/v1/tokens", "/api/v1/backup?folder=/tmp/x"] {
        let (status, answer) = server.post(path, r#"{"name":"x","scope":"admin"}"#).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}: {answer}");
    }
    // Its folder rules it all the same.
    token(dir.path(), "ops", "admin");
}

#[test]
fn more_headers_than_anybody_needs_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let ask = |headers: usize| {
        let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
        let more: String = (0..headers).map(|at| format!("x-{at}: 1\r\n")).collect();
        let request = format!("GET /health HTTP/1.1\r\nhost: localhost\r\n{more}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    };
    assert_eq!(ask(90), "HTTP/1.1 200");
    assert_eq!(ask(200), "HTTP/1.1 431");
}

#[test]
fn in_a_container_the_first_token_is_made_and_shown_once() {
    let dir = tempfile::tempdir().unwrap();
    let start = || {
        let mut child = plimsoll()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir.path())
            .env(STRICT.0, STRICT.1)
            .env("container", "test")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        let lines = std::io::BufRead::lines(std::io::BufReader::new(out));
        (child, lines.map(Result::unwrap))
    };
    let end = |mut child: std::process::Child| {
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(child.wait().unwrap().success());
    };
    let (child, mut lines) = start();
    assert!(lines.next().unwrap().starts_with("plimsoll listens on "));
    let line = lines.next().unwrap();
    let secret = line.strip_prefix("first admin token, not shown again: ");
    assert!(
        secret.is_some_and(|secret| secret.starts_with("plm_")),
        "{line}"
    );
    end(child);
    let (child, mut lines) = start();
    assert!(lines.next().unwrap().starts_with("plimsoll listens on "));
    end(child);
    assert_eq!(lines.next(), None);
}
