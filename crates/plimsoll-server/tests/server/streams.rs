//! What changes, as server-sent events.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use super::{Server, now};

/// A server that writes nothing of itself, so that all that comes is what the test wrote.
fn start(dir: &std::path::Path) -> Server {
    Server::start_as(dir, &[], &[("PLIMSOLL_MONITOR_ENABLED", "false")])
}

/// A stream being read.
pub(super) struct Reader {
    answer: Response,
    text: String,
}

/// An event that was read.
#[derive(Debug)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

impl Reader {
    async fn open(server: &Server, path: &str, last: Option<&str>) -> Self {
        let mut request = server.request(Method::GET, path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Self::send(request).await
    }

    pub(super) async fn send(request: RequestBuilder) -> Self {
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert!(!answer.headers().contains_key("content-encoding"));
        let text = String::new();
        let mut reader = Self { answer, text };
        let greeting = reader.block().await.expect("a greeting");
        assert!(greeting.starts_with("retry: "), "{greeting}");
        reader
    }

    /// The next lines up to an empty one; `None` when the stream has ended.
    pub(super) async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.answer.chunk());
            let chunk = chunk.await.expect("nothing came in 20 s").ok()??;
            self.text
                .push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    async fn event(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            let member = |name: &str| {
                let found = block.lines().find_map(|line| line.strip_prefix(name));
                found.map(str::to_owned)
            };
            if let Some(name) = member("event: ") {
                return Some(Event {
                    id: member("id: ").expect("an id"),
                    name,
                    data: serde_json::from_str(&member("data: ").expect("data")).expect("JSON"),
                });
            }
        }
    }

    /// The next event that `is_wanted`.
    async fn find(&mut self, is_wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.event().await.expect("the stream goes on");
            if is_wanted(&event) {
                return event;
            }
        }
    }
}

async fn write(server: &Server, service: &str, count: usize, time: i64) {
    let lines = (0..count).map(|number| {
        let time = time + i64::try_from(number).expect("a small number");
        format!("http_requests,service={service},route=/orders,method=GET,status=200 duration=0.25 {time}\n")
    });
    server.write(lines.collect::<String>()).await;
}

fn count(event: &Event) -> u64 {
    let routes = event.data["routes"].as_array().expect("routes").iter();
    routes
        .map(|route| route["count"].as_u64().expect("a count"))
        .sum()
}

#[tokio::test]
async fn a_window_comes_whole_whenever_rows_of_it_came() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    let mut stream = Reader::open(&server, "/api/stream?service=shop&types=window", None).await;
    // Well within one window, whenever the test runs.
    let time = now() / 10_000_000_000 * 10_000_000_000 - 5_000_000_000;
    write(&server, "other", 1, time).await;
    write(&server, "shop", 20, time).await;
    let event = stream.find(|event| count(event) >= 20).await;
    assert_eq!(event.name, "window");
    assert_eq!(event.data["service"], "shop");
    let route = &event.data["routes"][0];
    assert_eq!(
        [
            &route["route"],
            &route["method"],
            &route["status"],
            &route["count"],
            &route["errors"]
        ],
        [
            &json!("/orders"),
            &json!("GET"),
            &json!(200),
            &json!(20),
            &json!(0)
        ]
    );
    let p95 = route["p95_seconds"].as_f64().expect("a percentile");
    assert!((p95 / 0.25 - 1.0).abs() < 0.011, "{p95}");
    let told = |name: &str| event.data[name].as_str().expect("a time").to_owned();
    let (start, end) = (told("start"), told("end"));
    write(&server, "shop", 5, time + 1_000).await;
    let again = stream.find(|event| count(event) == 25).await;
    assert_eq!(
        (&again.data["start"], &again.data["end"]),
        (&start.into(), &end.into())
    );
    assert!(again.id.parse::<u64>().unwrap() > event.id.parse::<u64>().unwrap());
}

#[tokio::test]
async fn events_and_new_services_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    let mut stream = Reader::open(&server, "/api/stream?types=event,change", None).await;
    let sent = json!({"event_type": "deploy", "entity_id": "shop", "state": 3, "attributes": {"by": "ci"}});
    server.post("/api/v1/events", sent.to_string()).await;
    let event = stream.find(|event| event.name == "event").await.data;
    assert_eq!(
        [
            &event["event_type"],
            &event["entity_id"],
            &event["state"],
            &event["value"]
        ],
        [&json!("deploy"), &json!("shop"), &json!("3"), &json!(3.0)]
    );
    assert_eq!(event["attributes"], json!({"by": "ci"}));
    let (_, listed) = server.get("/api/v1/events").await;
    assert_eq!(listed["events"][0], event);
    write(&server, "brand_new", 1, now()).await;
    let change = stream
        .find(|event| event.data["service"] == "brand_new")
        .await;
    assert_eq!(
        (&*change.name, &change.data["what"]),
        ("change", &json!("service_appeared"))
    );
    // Rows from long before the others are no window.
    let (late, time) = (now() - 3_600_000_000_000, now());
    let line = "http_requests,service=brand_new,route=/orders duration=0.25";
    server.write(format!("{line} {late}\n{line} {time}")).await;
    let history = stream.find(|event| event.data["what"] == "history").await;
    assert_eq!(history.data["service"], "brand_new");
}

#[tokio::test]
async fn a_lost_connection_goes_on_and_an_unknown_id_resets() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    let path = "/api/stream?service=shop&types=window";
    let mut stream = Reader::open(&server, path, None).await;
    write(&server, "shop", 1, now()).await;
    let seen = stream.find(|event| event.name == "window").await;
    drop(stream);
    write(&server, "shop", 7, now()).await;
    let mut back = Reader::open(&server, path, Some(&seen.id)).await;
    let missed = back.find(|event| count(event) >= 7).await;
    assert_eq!(missed.name, "window");
    for unknown in ["1", "from elsewhere"] {
        let mut lost = Reader::open(&server, path, Some(unknown)).await;
        assert_eq!(lost.event().await.expect("an event").name, "reset");
    }
}

#[tokio::test]
async fn streams_end_at_once_when_the_server_stops() {
    let dir = tempfile::tempdir().unwrap();
    let server = start(dir.path());
    let mut stream = Reader::open(&server, "/api/stream", None).await;
    let told = Instant::now();
    server.terminate();
    while stream.block().await.is_some() {}
    assert!(
        told.elapsed() < Duration::from_secs(2),
        "{:?}",
        told.elapsed()
    );
    assert!(server.stop_after_term().success());
}

#[tokio::test]
async fn streams_take_no_place_from_others_and_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let bounds = [
        ("PLIMSOLL_SERVER_CONNECTIONS_MAX", "2"),
        ("PLIMSOLL_SERVER_STREAMS_MAX", "4"),
    ];
    let server = Server::start_as(dir.path(), &[], &bounds);
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(Reader::open(&server, "/api/stream", None).await);
    }
    let full = server
        .request(Method::GET, "/api/stream")
        .send()
        .await
        .unwrap();
    assert_eq!(full.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(full.headers()["retry-after"], "30");
    let (status, stats) = server.get("/api/v1/stats").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&stats["stream"]["clients"], &stats["stream"]["refused"]),
        (&json!(4), &json!(1))
    );
    drop(streams);
}
