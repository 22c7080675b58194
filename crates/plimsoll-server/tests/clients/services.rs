//! Services in other languages under OpenTelemetry's stock instrumentation, spans and metrics both on: what was asked of
//! them is counted, once, whatever comes twice.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::node::Database;
use super::python::environment;
use super::twice;
use crate::server::Server;

/// How long a service may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A service under instrumentation.
struct Service {
    child: Child,
    port: u16,
    name: &'static str,
}

impl Service {
    async fn start(mut command: Command, name: &'static str, exports_to: &str) -> Self {
        // Nobody else takes it between now and the start, as long as ports are given out by turns.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = command
            .env("PORT", port.to_string())
            .env("UVICORN_PORT", port.to_string())
            .env("OTEL_SERVICE_NAME", name)
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", exports_to)
            .env("OTEL_TRACES_EXPORTER", "otlp")
            .env("OTEL_METRICS_EXPORTER", "otlp")
            .env("OTEL_LOGS_EXPORTER", "otlp")
            .env("OTEL_METRIC_EXPORT_INTERVAL", "1000")
            .env("OTEL_BSP_SCHEDULE_DELAY", "300")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the service starts");
        let service = Self { child, port, name };
        let deadline = Instant::now() + PATIENCE;
        while reqwest::get(service.url("/health")).await.is_err() {
            assert!(Instant::now() < deadline, "{name} does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        service
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// 500 requests, several at once; how many of each, by method, route and status.
    async fn visit(&self, order: &str) -> BTreeMap<String, u64> {
        let kept = reqwest::Client::new();
        // Some servers close the connection after an error that nobody caught.
        let closed = reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client");
        let visitors = (0..4u64).map(|visitor| {
            let (kept, closed) = (kept.clone(), closed.clone());
            let urls: Vec<(bool, String)> = (visitor * 125..(visitor + 1) * 125)
                .map(|n| match n % 10 {
                    0 => (true, self.url("/orders")),
                    1 => (false, self.url("/broken")),
                    2 => (false, self.url(&format!("/no/such/page/{n}"))),
                    _ => (false, self.url(&format!("/orders/{n}"))),
                })
                .collect();
            tokio::spawn(async move {
                for (posts, url) in urls {
                    let client = if url.ends_with("/broken") {
                        &closed
                    } else {
                        &kept
                    };
                    let request = if posts {
                        client.post(url)
                    } else {
                        client.get(url)
                    };
                    request
                        .send()
                        .await
                        .expect("an answer")
                        .bytes()
                        .await
                        .expect("a body");
                }
            })
        });
        for visitor in visitors.collect::<Vec<_>>() {
            visitor.await.unwrap();
        }
        let expected = [
            (format!("GET {order} 200"), 200),
            (format!("GET {order} 404"), 150),
            ("POST /orders 201".to_owned(), 50),
            ("GET /broken 500".to_owned(), 50),
            ("GET <unmatched> 404".to_owned(), 50),
        ];
        expected.into_iter().collect()
    }

    /// Ends it in order, so that it sends what it still has.
    fn stop(mut self) {
        let pid = i32::try_from(self.child.id()).expect("a process number");
        kill_process(Pid::from_raw(pid).expect("a process number"), Signal::TERM).expect("it runs");
        let _ = self.child.wait();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Requests as one source counted them, without those of the test itself.
async fn counted(server: &Server, service: &str, source: &str) -> BTreeMap<String, u64> {
    let query = json!({"measurement": "http_requests", "fields": [{"name": "duration", "aggregate": "count"}],
        "filter": {"service": service, "source": source}, "group_by": ["method", "route", "status"], "start": "-1h"});
    let (status, answer) = server.post("/api/v1/query", query.to_string()).await;
    // Before the first export nobody knows what is asked for.
    let is_known = status != reqwest::StatusCode::NOT_FOUND;
    assert!(status.is_success() || !is_known, "{answer}");
    let series = answer["series"].as_array().map_or(&[][..], Vec::as_slice);
    let named = series.iter().map(|series| {
        let tag = |name: &str| series["tags"][name].as_str().unwrap_or_default().to_owned();
        let name = format!("{} {} {}", tag("method"), tag("route"), tag("status"));
        (name, series["values"][0][1].as_u64().expect("a count"))
    });
    named
        .filter(|(name, _)| !name.contains("/health"))
        .collect()
}

/// Requests as the API tells them, each source's once.
async fn told(server: &Server, service: &str) -> (BTreeMap<String, u64>, Vec<Value>) {
    let (status, answer) = server
        .get(&format!(
            "/api/performance/routes?service={service}&minutes=60"
        ))
        .await;
    assert!(status.is_success(), "{answer}");
    let rows = answer["routes"].as_array().expect("routes").clone();
    let named = rows.iter().map(|row| {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let name = format!("{} {} {}", text("method"), text("route"), row["status"]);
        (name, row["total_requests"].as_u64().expect("a count"))
    });
    let named = named
        .filter(|(name, _)| !name.contains("/health"))
        .collect();
    (named, rows)
}

async fn requests_are_counted_once(server: &Server, service: Service, order: &str) {
    let name = service.name;
    let expected = service.visit(order).await;
    // Killed servers of some frameworks do not send what they still have: it must have come before.
    let deadline = Instant::now() + PATIENCE;
    for source in ["span", "metric"] {
        while counted(server, name, source).await != expected && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    // Nothing comes that was counted already.
    service.stop();
    assert_eq!(
        counted(server, name, "span").await,
        expected,
        "spans of {name}"
    );
    assert_eq!(
        counted(server, name, "metric").await,
        expected,
        "metrics of {name}"
    );
    let (told, rows) = told(server, name).await;
    assert_eq!(told, expected, "what the API tells of {name}");
    let broken = rows
        .iter()
        .find(|row| row["route"] == "/broken")
        .expect("a route");
    let types: u64 = broken["error_types"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(types, 50, "{broken}");
}

fn python(dir: &Path) -> Command {
    let environment = environment("python-service", "tests/services/python/requirements.txt");
    let mut command = Command::new(environment.join("bin/opentelemetry-instrument"));
    command
        .args(["uvicorn", "app:app"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services/python"))
        .env("PATH", environment.join("bin"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SHOP_DB", dir.join("shop.db"));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_service_is_counted_once_with_its_queries_and_who_asked_them() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let service = Service::start(python(dir.path()), "shop-python", &server.url).await;
    requests_are_counted_once(&server, service, "/orders/{number}").await;
    queries_have_their_routes(&server, "shop-python", "/orders/{number}").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_service_whose_exports_come_twice_is_counted_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(&dir.path().join("data"));
    let network = twice::in_front_of(&server.url).await;
    let service = Service::start(python(dir.path()), "shop-twice", &network).await;
    requests_are_counted_once(&server, service, "/orders/{number}").await;
    queries_have_their_routes(&server, "shop-twice", "/orders/{number}").await;
}

/// Who asked what, how often: not the literals.
async fn queries_have_their_routes(server: &Server, service: &str, order: &str) {
    let (status, answer) = server
        .get(&format!(
            "/api/performance/queries?service={service}&minutes=60"
        ))
        .await;
    assert!(status.is_success(), "{answer}");
    assert!(!answer.to_string().contains("secret"), "{answer}");
    let queries = answer["queries"].as_array().expect("queries").iter();
    let found: BTreeMap<String, u64> = queries
        .filter(|query| !query["route"].is_null())
        .map(|query| {
            let text = |name: &str| query[name].as_str().unwrap_or_default().to_owned();
            let name = format!(
                "{} {}: {}",
                text("method"),
                text("route"),
                text("statement")
            );
            (name, query["total"].as_u64().expect("a count"))
        })
        .collect();
    let expected = [
        (
            format!("GET {order}: SELECT item FROM orders WHERE id = ?"),
            350,
        ),
        (
            "POST /orders: INSERT INTO orders (item) VALUES (?)".to_owned(),
            50,
        ),
    ];
    assert_eq!(found, expected.into_iter().collect(), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_service_is_counted_once_with_its_queries_and_who_asked_them() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let database = Database::start();
    let service = Service::start(database.service(), "shop-node", &server.url).await;
    requests_are_counted_once(&server, service, "/orders/:number").await;
    queries_have_their_routes(&server, "shop-node", "/orders/:number").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_service_whose_exports_come_twice_is_counted_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let network = twice::in_front_of(&server.url).await;
    let database = Database::start();
    let service = Service::start(database.service(), "shop-node-twice", &network).await;
    requests_are_counted_once(&server, service, "/orders/:number").await;
    queries_have_their_routes(&server, "shop-node-twice", "/orders/:number").await;
}
