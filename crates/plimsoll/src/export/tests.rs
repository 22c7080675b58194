//! Against real sockets.

use std::io::Read;
use std::net::SocketAddr;
use std::time::Instant;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use crate::window::MetricKey;

/// What a collector got: the head of the request and its body.
struct Got {
    head: String,
    body: Vec<u8>,
}

impl Got {
    fn points(&self) -> Vec<(String, u64)> {
        let request = ExportMetricsServiceRequest::decode(&self.body[..]).expect("protobuf");
        let scopes = request
            .resource_metrics
            .iter()
            .flat_map(|resource| &resource.scope_metrics);
        let mut points = Vec::new();
        for metric in scopes.flat_map(|scope| &scope.metrics) {
            if let Some(opentelemetry_proto::tonic::metrics::v1::metric::Data::Sum(sum)) =
                &metric.data
            {
                points.extend(
                    sum.data_points
                        .iter()
                        .map(|point| (metric.name.clone(), point.time_unix_nano)),
                );
            }
        }
        points
    }
}

/// A collector that gives one answer after the other, the last one for ever.
async fn collector(answers: &[&'static str]) -> (SocketAddr, mpsc::UnboundedReceiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("address");
    let (sender, receiver) = mpsc::unbounded_channel();
    let answers = answers.to_vec();
    tokio::spawn(async move {
        for i in 0.. {
            let (mut stream, _) = listener.accept().await.expect("accepts");
            let mut bytes = Vec::new();
            let head_end = loop {
                if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                    break at + 4;
                }
                stream.read_buf(&mut bytes).await.expect("reads");
            };
            let head = String::from_utf8(bytes[..head_end].to_vec()).expect("text");
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map(|length| length.parse().expect("number"))
                .expect("length");
            while bytes.len() < head_end + length {
                stream.read_buf(&mut bytes).await.expect("reads");
            }
            let answer = answers[i.min(answers.len() - 1)];
            stream.write_all(answer.as_bytes()).await.expect("writes");
            let _ = sender.send(Got {
                head,
                body: bytes[head_end..].to_vec(),
            });
        }
    });
    (address, receiver)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy";
const WRONG: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 3\r\n\r\nno!";

fn config(address: SocketAddr) -> ExportConfig {
    ExportConfig::new(&format!("http://{address}")).expect("URL")
}

const QUICK: Retry = Retry {
    tries: 3,
    first_pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(5),
};

fn exporter(config: &ExportConfig) -> Exporter {
    Exporter::with_retry(
        config,
        Resource {
            service: "shop".to_owned(),
            ..Resource::default()
        },
        None,
        QUICK,
    )
}

/// A window with `points` counters, the `n`th of ten seconds.
fn window(n: i64, points: usize) -> Window {
    let mut window = Window::empty(n * 10_000_000_000, (n + 1) * 10_000_000_000);
    for i in 0..points {
        window
            .counters
            .insert(MetricKey::new(&format!("m{i:05}"), &[]), 1);
    }
    window
}

async fn run_to_the_end(exporter: &Exporter) {
    exporter.close();
    tokio::time::timeout(Duration::from_secs(10), exporter.run())
        .await
        .expect("ends");
}

#[tokio::test]
async fn a_window_arrives_with_its_headers_and_nothing_is_left() {
    let (address, mut got) = collector(&[OK]).await;
    let mut config = config(address);
    config.headers = vec![("x-scope".to_owned(), "a b".to_owned())];
    let exporter = exporter(&config);
    exporter.offer(&window(1, 3));
    run_to_the_end(&exporter).await;
    let got = got.recv().await.expect("arrived");
    assert!(
        got.head.starts_with("POST /v1/metrics HTTP/1.1\r\n"),
        "{}",
        got.head
    );
    for header in [
        "content-type: application/x-protobuf",
        "x-scope: a b",
        &format!("host: {address}"),
    ] {
        assert!(got.head.contains(header), "{header} in {}", got.head);
    }
    assert_eq!(got.points().len(), 3);
    let status = exporter.status();
    assert_eq!(
        (
            status.sent_points,
            status.dropped_points,
            status.queued_points
        ),
        (3, 0, 0)
    );
}

#[tokio::test]
async fn gzip_makes_the_body_smaller_and_it_says_so() {
    let (address, mut got) = collector(&[OK]).await;
    let mut config = config(address);
    config.gzip = true;
    let exporter = exporter(&config);
    exporter.offer(&window(1, 500));
    run_to_the_end(&exporter).await;
    let mut got = got.recv().await.expect("arrived");
    assert!(got.head.contains("content-encoding: gzip"));
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&got.body[..])
        .read_to_end(&mut plain)
        .expect("gzip");
    assert!(got.body.len() * 2 < plain.len());
    got.body = plain;
    assert_eq!(got.points().len(), 500);
}

#[tokio::test]
async fn no_request_has_more_than_a_thousand_points_and_waiting_windows_leave_together() {
    let (address, mut got) = collector(&[OK]).await;
    let exporter = exporter(&config(address));
    exporter.offer(&window(1, 2_300));
    exporter.offer(&window(2, 200));
    run_to_the_end(&exporter).await;
    let mut sizes = Vec::new();
    while let Ok(got) = got.try_recv() {
        sizes.push(got.points().len());
    }
    assert_eq!(sizes, [1_000, 1_000, 500]);
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_gets_the_same() {
    let (address, mut got) = collector(&[UNAVAILABLE, UNAVAILABLE, OK]).await;
    let exporter = exporter(&config(address));
    exporter.offer(&window(1, 2));
    let run = {
        let exporter = exporter.clone();
        tokio::spawn(async move { exporter.run().await })
    };
    let bodies = [got.recv().await, got.recv().await, got.recv().await]
        .map(|got| got.expect("arrived").body);
    assert!(bodies[0] == bodies[1] && bodies[1] == bodies[2]);
    exporter.close();
    run.await.expect("ends");
    let status = exporter.status();
    assert_eq!(
        (status.sent_points, status.failed_tries, status.last_error),
        (2, 2, None)
    );
}

#[tokio::test]
async fn after_three_tries_the_drop_is_counted_and_the_next_window_goes_on() {
    let (address, _got) = collector(&[UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, OK]).await;
    let exporter = exporter(&config(address));
    let run = {
        let exporter = exporter.clone();
        tokio::spawn(async move { exporter.run().await })
    };
    exporter.offer(&window(1, 2));
    until(|| exporter.status().dropped_points == 2).await;
    assert_eq!(
        exporter.status().last_error.as_deref(),
        Some("answered 503: busy")
    );
    exporter.offer(&window(2, 5));
    until(|| exporter.status().sent_points == 5).await;
    exporter.close();
    run.await.expect("ends");
    let status = exporter.status();
    assert_eq!(
        (
            status.dropped_points,
            status.dropped_windows,
            status.failed_tries
        ),
        (2, 1, 3)
    );
}

#[tokio::test]
async fn a_refusal_for_good_is_dropped_at_once() {
    let (address, _got) = collector(&[WRONG]).await;
    let exporter = exporter(&config(address));
    exporter.offer(&window(1, 1));
    run_to_the_end(&exporter).await;
    assert_eq!(
        (
            exporter.status().failed_tries,
            exporter.status().dropped_windows
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn rejected_points_are_counted() {
    // partial_success { rejected_data_points: 2 }
    const PARTIAL: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\x0a\x02\x08\x02";
    let (address, _got) = collector(&[PARTIAL]).await;
    let exporter = exporter(&config(address));
    exporter.offer(&window(1, 5));
    run_to_the_end(&exporter).await;
    let status = exporter.status();
    assert_eq!(
        (
            status.sent_points,
            status.rejected_points,
            status.dropped_points
        ),
        (3, 2, 0)
    );
}

#[tokio::test]
async fn a_silent_server_times_out_and_a_stop_does_not_wait_for_it_long() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let mut config = config(listener.local_addr().expect("address"));
    config.time_out = Duration::from_secs(60);
    let exporter = exporter(&config);
    exporter.offer(&window(1, 4));
    let start = Instant::now();
    run_to_the_end(&exporter).await;
    assert!(
        start.elapsed() < Exporter::FLUSH_TIME + Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(exporter.status().dropped_points, 4);
    drop(listener);
}

#[tokio::test]
async fn a_collection_interval_merges_windows_before_they_leave() {
    let (address, mut got) = collector(&[OK]).await;
    let interval = Some(Duration::from_secs(30));
    let exporter = Exporter::with_retry(&config(address), Resource::default(), interval, QUICK);
    for n in 0..7 {
        exporter.offer(&window(n, 1));
    }
    run_to_the_end(&exporter).await;
    let got = got.recv().await.expect("arrived");
    let ends: Vec<_> = got
        .points()
        .iter()
        .map(|(_, end)| end / 1_000_000_000)
        .collect();
    assert_eq!(ends, [30, 60, 70], "the last one is cut short by the end");
}

/// Waits for what another task does.
async fn until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "in time");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
