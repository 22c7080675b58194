//! Who may come in.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::{Method, StatusCode};

use super::{Server, outcome, plimsoll, read};

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
        ("x-forwarded-for", "203.0.113.9", StatusCode::FORBIDDEN),
        ("x-forwarded-proto", "https", StatusCode::FORBIDDEN),
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
fn an_address_beyond_this_machine_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let output = plimsoll()
        .args(["serve", "--listen", "0.0.0.0:0", "--data"])
        .arg(dir.path())
        .output()
        .unwrap();
    let (code, _, error) = outcome(output);
    assert_eq!(code, 1);
    assert!(error.contains("only addresses of this machine"), "{error}");
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
