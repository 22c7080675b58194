//! Requests as SDKs send them, and the rows that they become.

use std::sync::Arc;

use plimsoll::histogram::Layout;
use serde_json::{Value as Json, json};

use super::decode::{Format, decode};
use super::rows::Rows;
use super::streams::Streams;
use super::{Otlp, Refusals, points};
use crate::services::Services;
use crate::store::table::{Batch, Kind, Nanos, Values};
use crate::store::{Store, StoreConfig};

const NOW: Nanos = 1_766_000_000_000_000_000;
const SECOND: Nanos = 1_000_000_000;

/// A store to map against.
struct Bench {
    store: Arc<Store>,
    streams: Streams,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with_series(1_000)
    }

    fn with_series(max_series: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            max_series,
            ..StoreConfig::new(dir.path())
        };
        Self {
            store: Store::open(config, NOW).unwrap(),
            streams: Streams::default(),
            _dir: dir,
        }
    }

    /// Rows and refusals of a request, remembered as if the rows were on disk.
    fn map(&self, request: &Json) -> (Vec<String>, Refusals) {
        let request = decode(request.to_string().as_bytes(), Format::Json).unwrap();
        let mut rows = Rows::new(&self.store, &self.streams, NOW);
        points::walk(&request, &mut rows);
        let refusals = rows.refusals.clone();
        self.streams
            .remember(std::mem::take(&mut rows.started), 1_000);
        (self.lines(&rows.into_batch()), refusals)
    }

    /// Rows as text: series, fields with kind, seconds before now.
    fn lines(&self, batch: &Batch) -> Vec<String> {
        let mut lines = Vec::new();
        for table in &batch.tables {
            for (row, (&series, time)) in table.series.iter().zip(&table.times).enumerate() {
                let series = self.store.series().resolve(series);
                let tags: String = series
                    .tags
                    .iter()
                    .map(|(tag, value)| format!(",{tag}={value}"))
                    .collect();
                let mut fields: Vec<_> = table
                    .columns
                    .iter()
                    .filter(|column| column.present.as_ref().is_none_or(|present| present[row]))
                    .map(|column| {
                        format!(
                            "{}={}{}",
                            column.name,
                            text(&column.values, row),
                            kind(column.kind)
                        )
                    })
                    .collect();
                fields.sort();
                let ago = (NOW - time) as f64 / SECOND as f64;
                lines.push(format!(
                    "{}{tags} {} -{ago}",
                    table.measurement,
                    fields.join(" ")
                ));
            }
        }
        lines.sort();
        lines
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Gauge => "",
        Kind::Delta => "Δ",
        Kind::Cumulative => "Σ",
    }
}

fn text(values: &Values, row: usize) -> String {
    match values {
        Values::F64(values) => values[row].to_string(),
        Values::U64(values) => format!("{}u", values[row]),
        Values::Histogram(values) => {
            let histogram = &values[row];
            let buckets = match &histogram.layout {
                Layout::Explicit(explicit) => format!("{:?}{:?}", explicit.bounds, explicit.counts),
                Layout::Exponential(buckets) => {
                    format!("{}:{:?}", buckets.positive.offset, buckets.positive.counts)
                }
            };
            format!("#{} {} {buckets}", histogram.count, histogram.sum)
        }
        other => format!("{other:?}"),
    }
}

fn request(service: &str, scope: &str, metrics: Json) -> Json {
    json!({"resourceMetrics": [{
        "resource": {"attributes": attributes(&json!({"service.name": service, "service.instance.id": "i1"}))},
        "scopeMetrics": [{"scope": {"name": scope}, "metrics": metrics}],
    }]})
}

fn attributes(pairs: &Json) -> Json {
    let value = |value: &Json| match value {
        Json::String(text) => json!({"stringValue": text}),
        number => json!({"intValue": number.to_string()}),
    };
    pairs
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, of)| json!({"key": key, "value": value(of)}))
        .collect()
}

fn ago(seconds: Nanos) -> String {
    (NOW - seconds * SECOND).to_string()
}

fn sum(name: &str, temporality: i32, monotonic: bool, points: Json) -> Json {
    json!({"name": name, "sum": {"aggregationTemporality": temporality, "isMonotonic": monotonic, "dataPoints": points}})
}

fn histogram(name: &str, unit: &str, temporality: i32, pairs: &Json) -> Json {
    json!({"name": name, "unit": unit, "histogram": {"aggregationTemporality": temporality, "dataPoints": [{
        "startTimeUnixNano": ago(60), "timeUnixNano": ago(1), "count": "3", "sum": 30.0,
        "bucketCounts": ["1", "2", "0"], "explicitBounds": [5.0, 250.0], "attributes": attributes(pairs),
    }]}})
}

const DELTA: i32 = 1;
const CUMULATIVE: i32 = 2;

#[test]
fn python_s_old_convention_becomes_requests_in_seconds_with_the_route_of_the_target() {
    let pairs = json!({"http.method": "GET", "http.target": "/orders/{id}?page=1", "http.status_code": 200,
        "http.scheme": "http", "http.flavor": "1.1", "http.host": "127.0.0.1:8000"});
    let sent = request(
        "shop",
        "opentelemetry.instrumentation.fastapi",
        json!([histogram("http.server.duration", "ms", CUMULATIVE, &pairs)]),
    );
    let (rows, refusals) = Bench::new().map(&sent);
    let series = "http_requests,http_host=127.0.0.1:8000,instance=i1,method=GET,protocol_version=1.1,\
        route=/orders/{id},scheme=http,scope=opentelemetry.instrumentation.fastapi,service=shop,source=metric,status=200";
    assert_eq!(
        rows,
        [
            format!("{series} duration_cumulative=#0 0 [0.005, 0.25][0, 0, 0]Σ -60"),
            format!("{series} duration_cumulative=#3 0.03 [0.005, 0.25][1, 2, 0]Σ -1"),
        ]
    );
    assert_eq!(refusals, Refusals::default());
}

#[test]
fn the_new_convention_counts_once_where_both_are_sent() {
    let new = json!({"http.request.method": "GET", "http.route": "/a", "http.response.status_code": 503, "error.type": "503"});
    let old = json!({"http.method": "GET", "http.target": "/a", "http.status_code": 503});
    let sent = request(
        "shop",
        "dup",
        json!([
            histogram("http.server.duration", "ms", DELTA, &old),
            histogram("http.server.request.duration", "s", DELTA, &new),
        ]),
    );
    let (rows, _) = Bench::new().map(&sent);
    assert_eq!(
        rows,
        [
            "http_requests,error_type=503,instance=i1,method=GET,route=/a,scope=dup,service=shop,source=metric,\
        status=503 duration=#3 30 [5.0, 250.0][1, 2, 0]Δ -1"
        ]
    );
}

#[test]
fn requests_without_a_route_are_unmatched() {
    let sent = request(
        "shop",
        "x",
        json!([histogram(
            "http.server.duration",
            "ms",
            DELTA,
            &json!({"http.method": "GET"})
        )]),
    );
    let (rows, _) = Bench::new().map(&sent);
    assert!(rows[0].contains(",route=<unmatched>,"), "{rows:?}");
}

#[test]
fn what_the_library_sends_is_one_row_per_series() {
    let outcome = |outcome: &str, count: i32| {
        json!({"timeUnixNano": ago(1), "asInt": count.to_string(), "attributes":
        attributes(&json!({"outcome": outcome, "http.request.method": "GET", "http.route": "/a", "http.response.status_code": 200}))})
    };
    let pairs =
        json!({"http.request.method": "GET", "http.route": "/a", "http.response.status_code": 200});
    let sent = request(
        "shop",
        "plimsoll",
        json!([
            {"name": "http.server.request.duration", "unit": "s", "exponentialHistogram": {"aggregationTemporality": DELTA, "dataPoints": [{
                "timeUnixNano": ago(1), "count": "4", "sum": 1.5, "scale": 5, "zeroCount": "1", "attributes": attributes(&pairs),
                "positive": {"offset": -100, "bucketCounts": ["0", "3"]}, "min": 0.0, "max": 0.9}]}},
            sum("plimsoll.http.server.outcomes", DELTA, true, json!([outcome("ended", 3), outcome("cancelled", 1)])),
        ]),
    );
    let (rows, refusals) = Bench::new().map(&sent);
    assert_eq!(
        rows,
        [
            "http_requests,instance=i1,method=GET,route=/a,service=shop,source=library,status=200 \
        cancelled=1uΔ duration=#4 1.5 -99:[3]Δ ended=3uΔ -1"
        ]
    );
    assert_eq!(refusals, Refusals::default());
}

#[test]
fn states_of_process_and_machine_become_fields() {
    let point = |pairs: Json, value: f64| json!({"timeUnixNano": ago(5), "asDouble": value, "attributes": attributes(&pairs)});
    let sent = request(
        "shop",
        "psutil",
        json!([
            {"name": "process.memory.usage", "gauge": {"dataPoints": [point(json!({}), 1e6)]}},
            sum("process.thread.count", CUMULATIVE, false, json!([{"timeUnixNano": ago(5), "asInt": "7"}])),
            {"name": "system.cpu.utilization", "gauge": {"dataPoints": [
                point(json!({"cpu": 0, "state": "idle"}), 0.75), point(json!({"cpu": 0, "state": "user"}), 0.2)]}},
            {"name": "system.memory.utilization", "gauge": {"dataPoints": [point(json!({"state": "used"}), 0.5)]}},
            sum("system.network.io", CUMULATIVE, true, json!([
                {"timeUnixNano": ago(5), "asInt": "10", "attributes": attributes(&json!({"direction": "transmit", "device": "eth0"}))}])),
        ]),
    );
    let (rows, _) = Bench::new().map(&sent);
    let rest = "scope=psutil,service=shop,source=metric";
    assert_eq!(
        rows,
        [
            format!("process,instance=i1,{rest} memory_rss=1000000 threads=7 -5"),
            format!("system,cpu=0,instance=i1,{rest} cpu=0.25 -5"),
            format!("system,device=eth0,instance=i1,{rest} network_sent_cumulative=10uΣ -5"),
            format!("system,instance=i1,{rest} memory=0.5 -5"),
            format!("system_cpu_utilization,cpu=0,instance=i1,{rest},state=user value=0.2 -5"),
        ]
    );
}

#[test]
fn other_metrics_keep_their_name_and_attributes() {
    let point = json!({"timeUnixNano": ago(5), "asInt": "-3", "attributes": attributes(&json!({"queue.name": "mail"}))});
    let sent = request(
        "shop",
        "app",
        json!([
            {"name": "queue.depth", "gauge": {"dataPoints": [point]}},
            {"name": "rpc.latency", "summary": {"dataPoints": [{"timeUnixNano": ago(5), "count": "9", "sum": 4.5,
                "quantileValues": [{"quantile": 0.5, "value": 0.25}, {"quantile": 0.99, "value": "NaN"}]}]}},
        ]),
    );
    let (rows, refusals) = Bench::new().map(&sent);
    let rest = "scope=app,service=shop,source=metric";
    assert_eq!(
        rows,
        [
            format!("queue_depth,instance=i1,queue_name=mail,{rest} value=-3 -5"),
            format!("rpc_latency,instance=i1,quantile=0.5,{rest} value=0.25 -5"),
            format!("rpc_latency,instance=i1,{rest} count_cumulative=9uΣ sum_cumulative=4.5Σ -5"),
        ]
    );
    assert_eq!(refusals, Refusals::default());
}

#[test]
fn the_same_export_again_makes_the_same_rows() {
    let bench = Bench::new();
    let sent = request(
        "shop",
        "x",
        json!([histogram("jobs", "s", CUMULATIVE, &json!({"kind": "mail"}))]),
    );
    let (first, _) = bench.map(&sent);
    let (again, refusals) = bench.map(&sent);
    assert_eq!(
        first.len(),
        2,
        "a zero at the start and the value: {first:?}"
    );
    assert_eq!(again, first[1..], "the zero is on disk");
    assert_eq!(refusals, Refusals::default());
}

#[test]
fn a_restart_that_overtakes_its_old_value_is_told_apart() {
    let bench = Bench::new();
    let total = |start, at, value: i32| {
        request(
            "shop",
            "x",
            json!([sum(
                "jobs",
                CUMULATIVE,
                true,
                json!([
        {"startTimeUnixNano": ago(start), "timeUnixNano": ago(at), "asInt": value.to_string()}])
            )]),
        )
    };
    bench.map(&total(100, 90, 5));
    let (rows, _) = bench.map(&total(80, 70, 8));
    let series = "jobs,instance=i1,scope=x,service=shop,source=metric";
    assert_eq!(
        rows,
        [
            format!("{series} value_cumulative=0Σ -80"),
            format!("{series} value_cumulative=8Σ -70")
        ]
    );
    let (rows, refusals) = bench.map(&total(100, 60, 9));
    assert_eq!(rows, [""; 0]);
    assert_eq!(
        refusals.message(),
        "1 × jobs is reported by two senders at once: give each a service.instance.id"
    );
}

#[test]
fn workers_without_an_instance_are_told_apart_by_their_start() {
    let total = |start, at, value: i32| {
        let point = json!({"startTimeUnixNano": ago(start), "timeUnixNano": ago(at), "asInt": value.to_string()});
        json!({"resourceMetrics": [{
            "resource": {"attributes": attributes(&json!({"service.name": "shop"}))},
            "scopeMetrics": [{"metrics": [sum("jobs", CUMULATIVE, true, json!([point]))]}],
        }]})
    };
    let bench = Bench::new();
    bench.map(&total(100, 60, 7));
    bench.map(&total(99, 59, 5));
    let (rows, refusals) = bench.map(&total(100, 50, 8));
    assert_eq!(
        rows,
        ["jobs,service=shop,source=metric,stream=2025-12-17T19:31:40Z value_cumulative=8Σ -50"]
    );
    assert_eq!(refusals, Refusals::default());
}

#[test]
fn a_start_before_what_is_kept_writes_no_zero() {
    let sent = request(
        "shop",
        "x",
        json!([sum(
            "jobs",
            CUMULATIVE,
            true,
            json!([
        {"startTimeUnixNano": ago(40 * 86_400), "timeUnixNano": ago(5), "asInt": "8"}])
        )]),
    );
    assert_eq!(
        Bench::new().map(&sent).0,
        ["jobs,instance=i1,scope=x,service=shop,source=metric value_cumulative=8Σ -5"]
    );
}

#[test]
fn what_cannot_be_kept_is_refused_with_counts_and_reasons() {
    let gauge = |name: &str, point: Json| json!({"name": name, "gauge": {"dataPoints": [point]}});
    let sent = request(
        "shop",
        "x",
        json!([
            gauge("good", json!({"timeUnixNano": ago(5), "asDouble": 1.0})),
            gauge("timeless", json!({"asDouble": 1.0})),
            gauge("empty", json!({"timeUnixNano": ago(5)})),
            gauge("gone", json!({"timeUnixNano": ago(5), "flags": 1})),
            sum(
                "unsaid",
                0,
                true,
                json!([{"timeUnixNano": ago(5), "asInt": "1"}, {"timeUnixNano": ago(4), "asInt": "1"}])
            ),
            gauge(
                "late",
                json!({"timeUnixNano": ago(40 * 86_400), "asDouble": 1.0})
            ),
        ]),
    );
    let (rows, refusals) = Bench::new().map(&sent);
    assert_eq!(rows.len(), 1);
    assert_eq!(refusals.points, 5);
    let message = refusals.message();
    for part in [
        "1 × timeless has no time",
        "1 × empty has no value",
        "2 × unsaid does not say whether",
        "1 × late is older",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
}

#[test]
fn values_that_are_no_numbers_are_refused() {
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::metrics::v1::{
        Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data,
        number_data_point::Value,
    };
    let point = |value| NumberDataPoint {
        time_unix_nano: NOW as u64,
        value: Some(Value::AsDouble(value)),
        ..Default::default()
    };
    let data_points = vec![point(f64::NAN), point(f64::INFINITY), point(2.0)];
    let metric = Metric {
        name: "m".into(),
        data: Some(Data::Gauge(Gauge { data_points })),
        ..Default::default()
    };
    let scope_metrics = vec![ScopeMetrics {
        metrics: vec![metric],
        ..Default::default()
    }];
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics,
            ..Default::default()
        }],
    };
    let bench = Bench::new();
    let mut rows = Rows::new(&bench.store, &bench.streams, NOW);
    points::walk(&request, &mut rows);
    assert_eq!(
        rows.refusals.message(),
        "1 × m has the value NaN; 1 × m has the value inf"
    );
    assert_eq!(
        bench.lines(&rows.into_batch()),
        ["m,service=unknown_service,source=metric value=2 -0"]
    );
}

#[test]
fn a_field_that_changes_its_kind_is_refused_and_the_rest_goes_on() {
    let bench = Bench::new();
    let gauge =
        json!({"name": "jobs", "gauge": {"dataPoints": [{"timeUnixNano": ago(5), "asInt": "1"}]}});
    let delta = sum(
        "jobs",
        DELTA,
        true,
        json!([{"timeUnixNano": ago(4), "asInt": "1"}]),
    );
    let (rows, refusals) = bench.map(&request("shop", "x", json!([gauge, delta])));
    assert_eq!((rows.len(), refusals.points), (1, 1));
    assert!(
        refusals.message().starts_with("1 × jobs "),
        "{}",
        refusals.message()
    );
}

#[test]
fn beyond_the_series_limit_known_series_go_on() {
    let bench = Bench::with_series(1);
    let with = |queue: &str| json!({"timeUnixNano": ago(5), "asInt": "1", "attributes": attributes(&json!({"q": queue}))});
    let sent = request(
        "shop",
        "x",
        json!([{"name": "depth", "gauge": {"dataPoints": [with("a"), with("b"), with("c")]}}]),
    );
    let (rows, refusals) = bench.map(&sent);
    assert_eq!(
        rows,
        ["depth,instance=i1,q=a,scope=x,service=shop,source=metric value=1 -5"]
    );
    assert_eq!(refusals.points, 2);
    assert!(
        refusals.message().contains("store.max_series"),
        "{}",
        refusals.message()
    );
}

#[test]
fn who_sent_is_noted() {
    let bench = Bench::new();
    let services = Arc::new(Services::default());
    let otlp = Otlp::new(bench.store.clone(), services.clone());
    let sent = request(
        "shop",
        "plimsoll",
        json!([{"name": "m", "gauge": {"dataPoints": [{"timeUnixNano": ago(5), "asInt": "1"}]}}]),
    );
    let sent = decode(sent.to_string().as_bytes(), Format::Json).unwrap();
    let refusals = otlp.ingest(&sent, NOW).unwrap();
    assert_eq!(refusals, Refusals::default());
    assert_eq!(services.list(1)[0].sources, ["library"]);
    assert_eq!(services.list(1)[0].instances[0].instance, "i1");
}
