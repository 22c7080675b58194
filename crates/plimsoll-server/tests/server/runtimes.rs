//! What the runtimes of languages tell, as their SDKs send it, read back as resources.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::targets::{TEXT, raw, rows, scraping, target, with_body};
use super::{Server, now, read};

const MINUTE: i64 = 60_000_000_000;
/// Exports of a service, a minute apart.
const EXPORTS: i64 = 4;

/// One point: its attributes as `name=value`, and its value.
type Point<'a> = (&'a str, f64);

fn points(of: &[Point<'_>], start: i64, time: i64) -> Vec<Value> {
    let point = |(attributes, value): &Point<'_>| {
        let pairs = attributes.split_whitespace().map(|pair| {
            let (name, value) = pair.split_once('=').expect("name=value");
            let value = match value {
                "true" | "false" => json!({"boolValue": value == "true"}),
                value => json!({"stringValue": value}),
            };
            json!({"key": name, "value": value})
        });
        json!({"startTimeUnixNano": start.to_string(), "timeUnixNano": time.to_string(), "asDouble": value,
            "attributes": pairs.collect::<Vec<_>>()})
    };
    of.iter().map(point).collect()
}

/// A metric as it is in one export.
enum Metric<'a> {
    Gauge(&'a str, &'a [Point<'a>]),
    /// A sum that can fall.
    UpDown(&'a str, &'a [Point<'a>]),
    /// Seconds that are added in each minute.
    Seconds(&'a str, &'a [Point<'a>]),
}
use Metric::{Gauge, Seconds, UpDown};

impl Metric<'_> {
    fn json(&self, start: i64, minute: i64) -> Value {
        let time = start + minute * MINUTE;
        let sum = |points: Vec<Value>, rises: bool| json!({"dataPoints": points, "aggregationTemporality": 2, "isMonotonic": rises});
        match self {
            Gauge(name, of) => {
                json!({"name": name, "gauge": {"dataPoints": points(of, start, time)}})
            }
            UpDown(name, of) => json!({"name": name, "sum": sum(points(of, start, time), false)}),
            Seconds(name, of) => {
                let grown: Vec<_> = of
                    .iter()
                    .map(|(attributes, each)| (*attributes, each * minute as f64))
                    .collect();
                json!({"name": name, "unit": "s", "sum": sum(points(&grown, start, time), true)})
            }
        }
    }
}

/// Sends the exports of a service; each scope has its metrics.
async fn send(server: &Server, service: &str, scopes: &[(&str, &[Metric<'_>])]) {
    let start = now() - EXPORTS * MINUTE - 1_000_000_000;
    for minute in 1..=EXPORTS {
        let scopes = scopes.iter().map(|(scope, metrics)| {
            let metrics = metrics.iter().map(|metric| metric.json(start, minute));
            json!({"scope": {"name": scope}, "metrics": metrics.collect::<Vec<_>>()})
        });
        let attribute =
            |name: &str, value: &str| json!({"key": name, "value": {"stringValue": value}});
        let export = json!({"resourceMetrics": [{
            "resource": {"attributes": [attribute("service.name", service), attribute("service.instance.id", "i1")]},
            "scopeMetrics": scopes.collect::<Vec<_>>()}]});
        let request = server.request(Method::POST, "/v1/metrics");
        let request = request.header("content-type", "application/json");
        let (status, answer) = read(request.body(export.to_string())).await;
        assert_eq!((status, &answer), (StatusCode::OK, &json!({})), "{service}");
    }
}

/// The latest resources of a service are these, and no others of its process.
async fn tells(server: &Server, service: &str, expected: &[(&str, f64)]) {
    let path = format!("/api/performance/resources?service={service}&minutes=15");
    let (status, answer) = server.get(&path).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let current = answer["instances"][0]["current"]
        .as_object()
        .expect("values");
    for (name, value) in expected {
        let found = current.get(*name).and_then(Value::as_f64);
        let found = found.unwrap_or_else(|| panic!("{service}: no {name} in {answer}"));
        assert!(
            (found - value).abs() < 1e-6 * value,
            "{service}: {name} is {found}, not {value}"
        );
    }
    assert_eq!(current.len(), expected.len(), "{service}: {current:?}");
}

#[tokio::test]
async fn python_tells_its_time_twice_and_it_counts_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let time: &[Point<'_>] = &[("type=user", 30.0), ("type=system", 6.0)];
    let metrics = [
        Seconds("process.cpu.time", time),
        Seconds("process.runtime.cpython.cpu_time", time),
        // Of four processors.
        Gauge("process.cpu.utilization", &[("", 0.15)]),
        UpDown("process.memory.usage", &[("", 150e6)]),
        UpDown(
            "process.runtime.cpython.memory",
            &[("type=rss", 150e6), ("type=vms", 900e6)],
        ),
        UpDown("process.thread.count", &[("", 7.0)]),
        UpDown("process.runtime.cpython.thread_count", &[("", 7.0)]),
        UpDown("process.open_file_descriptor.count", &[("", 23.0)]),
    ];
    send(
        &server,
        "python",
        &[("opentelemetry.instrumentation.system_metrics", &metrics)],
    )
    .await;
    let expected = [
        ("process_cpu_ratio", 0.6),
        ("process_memory_rss_bytes", 150e6),
        ("process_threads", 7.0),
        ("process_open_fds", 23.0),
    ];
    tells(&server, "python", &expected).await;
}

#[tokio::test]
async fn pools_and_threads_of_a_jvm_add_up() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let metrics = [
        Seconds("jvm.cpu.time", &[("", 36.0)]),
        Gauge("jvm.cpu.recent_utilization", &[("", 0.15)]),
        Gauge("jvm.system.cpu.utilization", &[("", 0.3)]),
        UpDown(
            "jvm.memory.used",
            &[
                ("jvm.memory.type=heap jvm.memory.pool.name=G1-Eden", 10e6),
                (
                    "jvm.memory.type=heap jvm.memory.pool.name=G1-Survivor",
                    20e6,
                ),
                ("jvm.memory.type=heap jvm.memory.pool.name=G1-Old", 30e6),
                (
                    "jvm.memory.type=non_heap jvm.memory.pool.name=Metaspace",
                    40e6,
                ),
            ],
        ),
        UpDown(
            "jvm.thread.count",
            &[
                ("jvm.thread.daemon=true jvm.thread.state=runnable", 5.0),
                ("jvm.thread.daemon=true jvm.thread.state=waiting", 7.0),
                ("jvm.thread.daemon=false jvm.thread.state=runnable", 2.0),
            ],
        ),
    ];
    send(
        &server,
        "java",
        &[("io.opentelemetry.runtime-telemetry-java8", &metrics)],
    )
    .await;
    let expected = [
        ("process_cpu_ratio", 0.6),
        ("process_heap_used_bytes", 60e6),
        ("process_threads", 14.0),
        ("system_cpu_ratio", 0.3),
    ];
    tells(&server, "java", &expected).await;
    let old = [
        UpDown(
            "process.runtime.jvm.memory.usage",
            &[
                ("type=heap pool=Eden", 10e6),
                ("type=heap pool=Old", 30e6),
                ("type=non_heap pool=Metaspace", 40e6),
            ],
        ),
        UpDown(
            "process.runtime.jvm.threads.count",
            &[("daemon=true", 12.0), ("daemon=false", 2.0)],
        ),
        Gauge("process.runtime.jvm.system.cpu.utilization", &[("", 0.3)]),
    ];
    send(
        &server,
        "old-java",
        &[("io.opentelemetry.runtime-metrics", &old)],
    )
    .await;
    let expected = [
        ("process_heap_used_bytes", 40e6),
        ("process_threads", 14.0),
        ("system_cpu_ratio", 0.3),
    ];
    tells(&server, "old-java", &expected).await;
}

#[tokio::test]
async fn two_instrumentations_of_a_dotnet_process_count_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let runtime = [
        Seconds(
            "dotnet.process.cpu.time",
            &[("cpu.mode=user", 30.0), ("cpu.mode=system", 6.0)],
        ),
        UpDown("dotnet.process.memory.working_set", &[("", 200e6)]),
        UpDown("dotnet.thread_pool.thread.count", &[("", 9.0)]),
        UpDown(
            "dotnet.gc.last_collection.heap.size",
            &[
                ("gc.heap.generation=gen0", 1e6),
                ("gc.heap.generation=gen1", 2e6),
                ("gc.heap.generation=gen2", 4e6),
            ],
        ),
    ];
    send(&server, "dotnet", &[("System.Runtime", &runtime)]).await;
    let mut expected = vec![
        ("process_cpu_ratio", 0.6),
        ("process_memory_rss_bytes", 200e6),
        ("process_threads", 9.0),
        ("process_heap_used_bytes", 7e6),
    ];
    tells(&server, "dotnet", &expected).await;
    let process = [
        Seconds(
            "process.cpu.time",
            &[
                ("process.cpu.state=user", 30.0),
                ("process.cpu.state=system", 6.0),
            ],
        ),
        UpDown("process.memory.usage", &[("", 200e6)]),
        UpDown("process.thread.count", &[("", 21.0)]),
    ];
    let both: [(&str, &[Metric<'_>]); 2] = [
        ("OpenTelemetry.Instrumentation.Process", &process),
        ("System.Runtime", &runtime),
    ];
    send(&server, "both", &both).await;
    // Those of the pool are not all.
    expected[2].1 = 21.0;
    tells(&server, "both", &expected).await;
    let old = [
        UpDown(
            "process.runtime.dotnet.thread_pool.threads.count",
            &[("", 9.0)],
        ),
        UpDown(
            "process.runtime.dotnet.gc.heap.size",
            &[("generation=gen0", 1e6), ("generation=loh", 2e6)],
        ),
    ];
    send(
        &server,
        "old-dotnet",
        &[("OpenTelemetry.Instrumentation.Runtime", &old)],
    )
    .await;
    let expected = [("process_threads", 9.0), ("process_heap_used_bytes", 3e6)];
    tells(&server, "old-dotnet", &expected).await;
}

#[tokio::test]
async fn go_and_node_tell_what_they_alone_have() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let go = [
        UpDown("go.goroutine.count", &[("", 42.0)]),
        UpDown(
            "go.memory.used",
            &[
                ("go.memory.type=other", 50e6),
                ("go.memory.type=stack", 3e6),
            ],
        ),
    ];
    send(
        &server,
        "go",
        &[("go.opentelemetry.io/contrib/instrumentation/runtime", &go)],
    )
    .await;
    let expected = [
        ("process_goroutines", 42.0),
        ("process_heap_used_bytes", 53e6),
    ];
    tells(&server, "go", &expected).await;
    let old = [
        UpDown("process.runtime.go.goroutines", &[("", 42.0)]),
        UpDown("process.runtime.go.mem.heap_alloc", &[("", 40e6)]),
        go.into_iter().next_back().expect("memory"),
    ];
    // Both conventions at once.
    send(
        &server,
        "dup-go",
        &[("go.opentelemetry.io/contrib/instrumentation/runtime", &old)],
    )
    .await;
    let expected = [
        ("process_goroutines", 42.0),
        ("process_heap_used_bytes", 40e6),
    ];
    tells(&server, "dup-go", &expected).await;
    let runtime = [
        Gauge("nodejs.eventloop.utilization", &[("", 0.25)]),
        Gauge("nodejs.eventloop.delay.p99", &[("", 0.012)]),
        UpDown(
            "v8js.memory.heap.used",
            &[
                ("v8js.heap.space.name=new_space", 4e6),
                ("v8js.heap.space.name=old_space", 11e6),
            ],
        ),
    ];
    let host = [
        Seconds(
            "process.cpu.time",
            &[
                ("process.cpu.state=user", 30.0),
                ("process.cpu.state=system", 6.0),
            ],
        ),
        Gauge(
            "process.cpu.utilization",
            &[
                ("process.cpu.state=user", 0.1),
                ("process.cpu.state=system", 0.05),
            ],
        ),
        Gauge("process.memory.usage", &[("", 90e6)]),
    ];
    let both: [(&str, &[Metric<'_>]); 2] = [
        ("@opentelemetry/host-metrics", &host),
        ("@opentelemetry/instrumentation-runtime-node", &runtime),
    ];
    send(&server, "node", &both).await;
    let expected = [
        ("process_cpu_ratio", 0.6),
        ("process_memory_rss_bytes", 90e6),
        ("process_heap_used_bytes", 15e6),
        ("process_event_loop_ratio", 0.25),
        ("process_event_loop_delay_p99_seconds", 0.012),
    ];
    tells(&server, "node", &expected).await;
}

#[tokio::test]
async fn waiting_is_no_work_and_shares_by_mode_add_up() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let collector = [Seconds(
        "process.cpu.time",
        &[
            ("state=user", 30.0),
            ("state=system", 6.0),
            ("state=wait", 20.0),
        ],
    )];
    let scope = "hostmetricsreceiver/process";
    send(&server, "collector", &[(scope, &collector)]).await;
    tells(&server, "collector", &[("process_cpu_ratio", 0.6)]).await;
    let shares = [Gauge(
        "process.cpu.utilization",
        &[
            ("state=user", 0.4),
            ("state=system", 0.1),
            ("state=wait", 0.2),
        ],
    )];
    send(&server, "shares", &[(scope, &shares)]).await;
    tells(&server, "shares", &[("process_cpu_ratio", 0.5)]).await;
}

#[tokio::test]
async fn scraped_time_of_a_process_keeps_its_fraction() {
    let page = b"# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 12.34\n";
    let (url, _) = raw(|stream| with_body(stream, TEXT, page));
    let dir = tempfile::tempdir().unwrap();
    let server = scraping(dir.path(), &target("p", &url, ""));
    let found = rows(&server, "process", "cpu_time_cumulative").await;
    // Beside it the server writes of itself.
    assert!(found.iter().any(|row| row[1] == 12.34), "{found:?}");
}
