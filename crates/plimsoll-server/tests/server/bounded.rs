//! What is bounded: bodies, one by one and together, and the parts of a query.

use std::io::Write;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{Server, read};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// A query that is longer than it need be.
fn query_of(bytes: usize) -> String {
    let query = r#"{"measurement":"load","fields":["v"]}"#;
    format!("{query}{}", " ".repeat(bytes - query.len()))
}

#[tokio::test]
async fn a_query_that_is_too_long_is_told_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.write("load v=1").await;
    let limit = 1_000_000;
    let (status, answer) = server.post("/api/v1/query", query_of(limit)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let (status, answer) = server.post("/api/v1/query", query_of(limit + 1)).await;
    assert_eq!(
        (status, &answer["limit"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!(limit))
    );
    let unfolds = gzip(query_of(limit + 1).as_bytes());
    let request = server.request(Method::POST, "/api/v1/query");
    let (status, answer) = read(request.header("content-encoding", "gzip").body(unfolds)).await;
    assert_eq!(
        (status, &answer["limit"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!(limit))
    );
}

#[tokio::test]
async fn events_that_are_too_large_are_told_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let variables = [
        ("PLIMSOLL_SERVER_BODY_MAX_MB", "1"),
        ("PLIMSOLL_SERVER_BODY_DECOMPRESSED_MAX_MB", "2"),
    ];
    let server = Server::start_as(dir.path(), &[], &variables);
    let padded = |bytes: usize| format!("{{{}}}", " ".repeat(bytes));
    let (status, answer) = server.post("/api/v1/events", padded(1_500_000)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{answer}");
    assert!(
        answer["limit"]
            .as_u64()
            .is_some_and(|limit| limit < 1_500_000)
    );
    let post = |text: String| {
        let request = server.request(Method::POST, "/api/v1/events");
        read(
            request
                .header("content-encoding", "gzip")
                .body(gzip(text.as_bytes())),
        )
    };
    let (status, answer) = post(padded(3_000_000)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{answer}");
    let (status, answer) = post("{}".to_owned()).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
}

#[tokio::test]
async fn events_that_are_half_sent_take_no_more_memory_than_there_is_room_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let address = server.url.trim_start_matches("http://").to_owned();
    let client = |_| {
        let address = address.clone();
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(&address).await.unwrap();
            let head = format!(
                "POST /api/v1/events HTTP/1.1\r\nhost: {address}\r\ncontent-length: 32000000\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            // Who finds no room is kept waiting.
            let body = vec![b' '; 31_000_000];
            let sent = tokio::time::timeout(Duration::from_secs(3), stream.write_all(&body));
            (sent.await.is_ok(), stream)
        })
    };
    let clients: Vec<_> = (0..12).map(client).collect();
    let mut streams = Vec::new();
    for client in clients {
        streams.push(client.await.unwrap());
    }
    let all = streams.iter().filter(|(all, _)| *all).count();
    let resident = std::fs::read_to_string(format!("/proc/{}/statm", server.pid())).unwrap();
    let pages: usize = resident.split(' ').nth(1).unwrap().parse().unwrap();
    let megabytes = pages * rustix::param::page_size() / 1_000_000;
    // Room for four, one to spare, and what grows is copied; all twelve would be 372 MB.
    assert!(all < 12 && megabytes < 300, "{all} sent, {megabytes} MB");
    let (status, _) = server.get("/health").await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn small_bodies_that_unfold_to_large_ones_keep_nobody_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let folded = gzip(&vec![b' '; 60_000_000]);
    let started = Instant::now();
    let posts: Vec<_> = (0..6)
        .map(|_| server.request(Method::POST, "/api/v1/events"))
        .map(|post| post.header("content-encoding", "gzip").body(folded.clone()))
        .map(|post| tokio::spawn(post.send()))
        .collect();
    let mut longest = Duration::ZERO;
    while posts.iter().any(|post| !post.is_finished()) {
        let asked = Instant::now();
        assert_eq!(server.get("/livez").await.0, StatusCode::OK);
        longest = longest.max(asked.elapsed());
    }
    // On the threads that answer, each would keep one of them for its whole time.
    let whole = started.elapsed();
    assert!(longest < whole / 6, "{longest:?} of {whole:?}");
}

#[tokio::test]
async fn a_query_has_a_bounded_number_of_parts() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.write("load v=1").await;
    let many = |count: usize| (0..count).map(|n| format!("x{n}")).collect::<Vec<_>>();
    let conditions = |count: usize| many(count).into_iter().map(|tag| (tag, json!("")));
    for (part, most, of) in [
        (
            "fields",
            100,
            &(|count| json!(many(count))) as &dyn Fn(usize) -> Value,
        ),
        ("group_by", 32, &|count| json!(many(count))),
        ("filter", 64, &|count| {
            Value::Object(conditions(count).collect())
        }),
    ] {
        for count in [most, most + 1] {
            let mut query = json!({"measurement": "load", "fields": ["v"]});
            query[part] = of(count);
            let (status, answer) = server.post("/api/v1/query", query.to_string()).await;
            if count == most {
                assert_eq!(status, StatusCode::OK, "{answer}");
                continue;
            }
            assert_eq!(status, StatusCode::BAD_REQUEST, "{part}");
            assert_eq!(
                (&answer["field"], &answer["value"], &answer["limit"]),
                (&json!(part), &json!(count), &json!(most))
            );
        }
    }
    let path = format!(
        "/api/v1/query?measurement=load&field={}",
        many(101).join(",")
    );
    assert_eq!(server.get(&path).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn ten_thousand_paths_are_one_series() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for part in 0..100 {
        let paths = (0..100).map(|n| format!("/{}/{part}/x{n}", n % 7));
        let asked: Vec<_> = paths
            .map(|path| server.request(Method::GET, &path).send())
            .map(tokio::spawn)
            .collect();
        for answer in asked {
            assert_eq!(
                answer.await.unwrap().unwrap().status(),
                StatusCode::NOT_FOUND
            );
        }
    }
    let (_, text) = server.get("/metrics").await;
    let text = text.as_str().unwrap();
    let counts: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("http_server_request_duration_seconds_count"))
        .collect();
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert!(
        counts[0].contains("<unmatched>") && counts[0].ends_with(" 10000"),
        "{counts:?}"
    );
}
