//! Targets for the server to scrape, over raw sockets, and what it makes of them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Server;

/// A target: its job, its URL and further lines.
pub(crate) fn target(job: &str, url: &str, more: &str) -> String {
    format!(
        "[[scrape]]\njob = {job:?}\nurl = {url:?}\ninterval_secs = 1\ntimeout_secs = 1\n{more}\n"
    )
}

/// A server that scrapes these targets.
pub(crate) fn scraping(dir: &Path, targets: &str) -> Server {
    let file = dir.join("plimsoll.toml");
    std::fs::write(&file, targets).unwrap();
    let file = file.to_str().unwrap();
    Server::start_with(&dir.join("data"), &["--config", file])
}

/// Asks until `done` says so, at most for half a minute.
pub(crate) async fn until<T>(what: &str, mut done: impl AsyncFnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match done().await {
            Ok(found) => return found,
            Err(last) => assert!(begun.elapsed() < Duration::from_secs(30), "{what}: {last}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The target of a job once it was scraped often enough.
pub(crate) async fn scraped(server: &Server, job: &str, scrapes: u64) -> Value {
    until(&format!("{job} is scraped"), async || {
        let (status, answer) = server.get(&format!("/api/v1/targets?job={job}")).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let found = &answer["targets"][0];
        match found["scrapes"].as_u64() {
            Some(done) if done >= scrapes => Ok(found.clone()),
            _ => Err(answer.to_string()),
        }
    })
    .await
}

/// The rows of a measurement's field, as they are; waits until there are any.
pub(crate) async fn rows(server: &Server, measurement: &str, field: &str) -> Vec<Vec<Value>> {
    until(&format!("{measurement} is written"), async || {
        let query =
            json!({"measurement": measurement, "fields": [field], "start": "-1h", "limit": 10_000});
        let (status, answer) = server.post("/api/v1/query", query.to_string()).await;
        let series = answer["series"].as_array().cloned().unwrap_or_default();
        let rows = series
            .iter()
            .flat_map(|series| series["values"].as_array().expect("rows"));
        let rows: Vec<Vec<Value>> = rows
            .map(|row| row.as_array().expect("a row").clone())
            .collect();
        match status == StatusCode::OK && !rows.is_empty() {
            true => Ok(rows),
            false => Err(answer.to_string()),
        }
    })
    .await
}

/// What a raw target does with each connection, after the head of a request was read.
type Answering = dyn Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync;

/// A target over raw sockets, and how many connections it took.
pub(super) fn raw(
    answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    let answer: Arc<Answering> = Arc::new(answer);
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = taken.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), answer) = (stream, answer.clone()) else {
                continue;
            };
            counted.fetch_add(1, Ordering::Relaxed);
            std::thread::spawn(move || {
                while read_head(&mut stream).is_ok() && answer(&mut stream).is_ok() {}
            });
        }
    });
    (url, taken)
}

pub(super) fn read_head(stream: &mut impl Read) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

pub(super) fn with_body(
    stream: &mut impl Write,
    headers: &str,
    body: &[u8],
) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n"
    )?;
    stream.write_all(body)
}

pub(super) const TEXT: &str = "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n";

pub(super) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}
