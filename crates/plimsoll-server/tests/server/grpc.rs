//! gRPC at our port, and whatever comes to the port where gRPC usually goes.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use reqwest::{Client, Method, StatusCode, Version};

use super::{Server, plimsoll, read};

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Calls the trace service as gRPC does: HTTP/2 without a greeting of HTTP/1.1.
async fn call(url: &str) -> (StatusCode, String, String) {
    let client = Client::builder().http2_prior_knowledge().build().unwrap();
    let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let request = client.post(format!("{url}{path}")).body(vec![0; 5]);
    let request = request.header("content-type", "application/grpc");
    let answer = request.header("te", "trailers").send().await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_2);
    assert_eq!(answer.headers()["content-type"], "application/grpc");
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    (
        answer.status(),
        header("grpc-status"),
        header("grpc-message"),
    )
}

#[tokio::test]
async fn a_call_of_grpc_is_answered_with_what_to_set() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let hint = [("PLIMSOLL_SERVER_GRPC_HINT_PORT", &*port.to_string())];
    let server = Server::start_as(dir.path(), &[], &hint);
    let elsewhere = format!("http://127.0.0.1:{port}");
    for url in [&server.url, &elsewhere] {
        let (status, code, message) = call(url).await;
        assert_eq!((status, &*code), (StatusCode::OK, "12"), "{url}");
        let sets = "set%20OTEL_EXPORTER_OTLP_PROTOCOL%3Dhttp%2Fprotobuf";
        assert!(message.contains(sets), "{message}");
        let own = server.url.replace(':', "%3A").replace('/', "%2F");
        assert!(message.ends_with(&format!("ENDPOINT%3D{own}")), "{message}");
    }
    let (_, refused) = server.get("/api/v1/refused").await;
    let kind = &refused["refused"][0];
    assert_eq!(
        (&kind["way"], &kind["count"]),
        (&"grpc".into(), &2.into()),
        "{refused}"
    );
    // OTLP over HTTP is told as well, so that no exporter tries again.
    let client = Client::new();
    let posted = client.request(Method::POST, format!("{elsewhere}/v1/traces"));
    let (status, problem) = read(posted.body("x")).await;
    assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
    assert!(
        problem["detail"].as_str().unwrap().contains(&server.url),
        "{problem}"
    );
}

#[tokio::test]
async fn the_other_port_keeps_no_server_from_starting_and_can_be_switched_off() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let dir = tempfile::tempdir().unwrap();
    let hint = "PLIMSOLL_SERVER_GRPC_HINT_PORT";
    let server = Server::start_as(dir.path(), &[], &[(hint, &port)]);
    assert!(server.get("/health").await.0.is_success());
    assert!(server.stop().success());
    drop(taken);
    let server = Server::start_as(dir.path(), &[], &[(hint, &port)]);
    assert!(std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok());
    assert!(server.stop().success());
    let _server = Server::start_as(dir.path(), &[], &[(hint, "0")]);
    assert!(std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err());
}

#[tokio::test]
async fn the_log_says_once_what_to_set_however_often_a_client_calls() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let mut child = plimsoll()
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(dir.path().join("data"))
        .env("PLIMSOLL_SERVER_GRPC_HINT_PORT", "0")
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let url = line.trim().split(' ').next_back().unwrap().to_owned();
    for _ in 0..3 {
        call(&url).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let log = std::fs::read_to_string(log).unwrap();
    let said = log.lines().filter(|line| line.contains("speaks gRPC"));
    let said: Vec<_> = said.collect();
    assert_eq!(said.len(), 1, "{log}");
    assert!(
        said[0].contains("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"),
        "{log}"
    );
}
