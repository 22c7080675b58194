//! What each path needs, asked at every one of them.

use std::io::{Read, Write};
use std::net::TcpStream;

use plimsoll_server::doors::paths::{Need, TABLE};
use reqwest::{Method, StatusCode};

use super::{STRICT, Server, token};

#[tokio::test]
async fn every_path_asks_for_its_scope() {
    let dir = tempfile::tempdir().unwrap();
    let scopes = ["read", "write", "admin"];
    let secrets = scopes.map(|scope| token(dir.path(), scope, scope));
    let server = Server::start_as(dir.path(), &[], &[STRICT]);
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    for (method, path, need) in TABLE {
        let url = format!("{}{}", server.url, path.replace(['{', '}'], "-"));
        let ask = |secret: Option<&String>| {
            let asking = client.request(method.parse().unwrap(), &url);
            let asking = match secret {
                Some(secret) => asking.bearer_auth(secret),
                None => asking,
            };
            async { asking.send().await.unwrap().status() }
        };
        // Nobody is logged in by a link without a code, whoever asks.
        let is_let_in = |status: StatusCode| {
            *path == "/login"
                || ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status)
        };
        let may = match need {
            Need::Nothing => [true, true, true, true],
            Need::Any => [false, true, true, true],
            Need::Read => [false, true, false, true],
            Need::Write => [false, false, true, true],
            Need::Admin => [false, false, false, true],
        };
        let status = ask(None).await;
        assert_eq!(is_let_in(status), may[0], "{method} {path}: {status}");
        assert!(
            may[0] || status == StatusCode::UNAUTHORIZED,
            "{method} {path}"
        );
        for at in 0..3 {
            let (scope, secret) = (scopes[at], &secrets[at]);
            let status = ask(Some(secret)).await;
            assert_eq!(
                is_let_in(status),
                may[at + 1],
                "{method} {path}, {scope}: {status}"
            );
            assert!(
                may[at + 1] || status == StatusCode::FORBIDDEN,
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn a_sender_cannot_ask_and_a_reader_cannot_send() {
    let dir = tempfile::tempdir().unwrap();
    let [reader, sender] = ["read", "write"].map(|scope| token(dir.path(), scope, scope));
    let server = Server::start_as(dir.path(), &[], &[STRICT]);
    for (method, path, reads, writes) in [
        (Method::GET, "/metrics", 200, 403),
        (Method::GET, "/api/v1/services", 200, 403),
        (Method::GET, "/api/v1/export?format=lp", 200, 403),
        (Method::POST, "/write", 403, 204),
        (Method::POST, "/v1/metrics", 403, 415),
        (Method::DELETE, "/api/v1/tokens/read", 403, 403),
        (Method::POST, "/api/v1/backup?folder=/tmp/x", 403, 403),
        (Method::GET, "/ping", 204, 204),
        (Method::HEAD, "/metrics", 200, 403),
        (Method::GET, "/nothing", 404, 404),
        (Method::PUT, "/write", 403, 403),
    ] {
        for (secret, expected) in [(&reader, reads), (&sender, writes)] {
            let asking = server.request(method.clone(), path).bearer_auth(secret);
            let status = asking.send().await.unwrap().status();
            assert_eq!(status, expected, "{method} {path}");
        }
    }
}

/// The status of a request whose path is sent as it is.
fn status_of(server: &Server, path: &str, secret: Option<&str>) -> u16 {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let shown = match secret {
        Some(secret) => format!("authorization: Bearer {secret}\r\n"),
        None => String::new(),
    };
    let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{shown}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[9..]).parse().unwrap()
}

#[test]
fn no_spelling_of_a_path_leads_around_its_scope() {
    let dir = tempfile::tempdir().unwrap();
    let sender = token(dir.path(), "sender", "write");
    let server = Server::start_as(dir.path(), &[], &[STRICT]);
    assert_eq!(status_of(&server, "/api/v1/tokens", None), 401);
    assert_eq!(status_of(&server, "/api/v1/tokens", Some(&sender)), 403);
    for path in [
        "//api/v1/tokens",
        "/api//v1/tokens",
        "/api/v1/tokens/",
        "/./api/v1/tokens",
        "/health/../api/v1/tokens",
        "/health/%2e%2e/api/v1/tokens",
        "/health%2f..%2fapi/v1/tokens",
        "/ping/..;/api/v1/tokens",
        "/%61pi/v1/tokens",
        "/API/v1/tokens",
        "/api/v1/tokens%00",
        "/api/v1/tokens;/health",
        "/health/api/v1/tokens",
        "/login/../api/v1/tokens?p=x",
        "/api/v1/tokens?/health",
        "/api/v1/tokens#/health",
    ] {
        let stranger = status_of(&server, path, None);
        assert!([400, 401].contains(&stranger), "{path}: {stranger}");
        let status = status_of(&server, path, Some(&sender));
        assert!([400, 403, 404].contains(&status), "{path}: {status}");
    }
}
