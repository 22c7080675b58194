//! Requests and resources read back from a real store, as senders of different kinds wrote them.

use std::sync::Arc;

use plimsoll::export::{self, Resource};
use plimsoll::window::{Gauge, RequestKey as WindowKey, Resources, Window};
use proptest::prelude::*;
use serde_json::json;

use super::requests::{RequestKey, requests};
use super::resources::resources;
use super::states::states;
use super::{MINUTE, Period, Scope};
use crate::ingest::otlp::Otlp;
use crate::reading::Reading;
use crate::services::Services;
use crate::store::table::Nanos;
use crate::store::{Store, StoreConfig};

pub(super) const NOW: Nanos = 1_766_000_040_000_000_000;
pub(super) const SECOND: Nanos = 1_000_000_000;

pub(super) struct Bench {
    pub(super) store: Arc<Store>,
    otlp: Otlp,
    pub(super) dir: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreConfig::new(dir.path()), NOW).unwrap();
        let otlp = Otlp::new(
            store.clone(),
            Arc::new(Services::default()),
            Arc::new(crate::stream::Hub::new(1, 0)),
        );
        Self { store, otlp, dir }
    }

    pub(super) fn library(&self, service: &str, window: &Window) {
        let resource = Resource {
            service: service.into(),
            instance: Some("i1".into()),
            ..Resource::default()
        };
        let taken = self
            .otlp
            .ingest(&export::request(window, &resource), NOW)
            .unwrap();
        let refusals = taken.refusals;
        assert_eq!(refusals.points, 0, "{}", refusals.message());
    }

    /// A total of requests as another SDK counts them, `started` ago.
    fn foreign(&self, service: &str, total: u64, started: Nanos, at: Nanos) {
        self.foreign_of(service, "", total, started, at);
    }

    /// The same of an instance that has a name, or none.
    fn foreign_of(&self, service: &str, instance: &str, total: u64, started: Nanos, at: Nanos) {
        let request = json!({"resourceMetrics": [{
            "resource": {"attributes": [
                {"key": "service.name", "value": {"stringValue": service}},
                {"key": "service.instance.id", "value": {"stringValue": instance}}]},
            "scopeMetrics": [{"scope": {"name": "sdk"}, "metrics": [{"name": "http.server.request.duration", "unit": "s",
                "histogram": {"aggregationTemporality": 2, "dataPoints": [{
                    "startTimeUnixNano": (NOW - started).to_string(), "timeUnixNano": (NOW - at).to_string(),
                    "count": total.to_string(), "sum": total as f64 * 0.5,
                    "bucketCounts": ["0", total.to_string(), "0"], "explicitBounds": [0.1, 1.0],
                    "attributes": [{"key": "http.route", "value": {"stringValue": "/a"}},
                        {"key": "http.request.method", "value": {"stringValue": "GET"}},
                        {"key": "http.response.status_code", "value": {"intValue": "200"}}]}]}}]}]}]});
        self.export(request);
    }

    /// Metrics of another SDK.
    pub(super) fn export(&self, request: serde_json::Value) {
        let request = serde_json::from_value(request).unwrap();
        assert_eq!(self.otlp.ingest(&request, NOW).unwrap().refusals.points, 0);
    }

    /// A request as a span of the same service tells it.
    fn span(&self, service: &str, id: u64, at: Nanos) {
        let attribute =
            |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let request = json!({"resourceSpans": [{
            "resource": {"attributes": [attribute("service.name", service)]},
            "scopeSpans": [{"spans": [{"traceId": format!("{id:032x}"), "spanId": format!("{id:016x}"), "kind": 2,
                "startTimeUnixNano": (NOW - at - 1_000_000).to_string(), "endTimeUnixNano": (NOW - at).to_string(),
                "attributes": [attribute("http.request.method", "GET"), attribute("http.route", "/a"),
                    {"key": "http.response.status_code", "value": {"intValue": "200"}}]}]}]}]});
        let request = serde_json::from_value(request).unwrap();
        assert_eq!(
            self.otlp
                .ingest_spans(&request, NOW)
                .unwrap()
                .refusals
                .points,
            0
        );
    }

    fn counts(&self, scope: &Scope) -> Vec<(String, Option<u16>, u64)> {
        let found = requests(
            &mut Reading::of(&self.store),
            scope,
            Period::minutes_before(NOW, 5),
        )
        .unwrap();
        found
            .into_iter()
            .map(|(key, counts)| (key.service, key.status, counts.totals.duration.count))
            .collect()
    }
}

/// Requests for `/a` in the 10 s up to `ago` before now.
pub(super) fn window(ago: Nanos, answers: &[(u16, u64)]) -> Window {
    let mut window = Window::empty(NOW - ago - 10 * SECOND, NOW - ago);
    for &(status, count) in answers {
        let key = WindowKey {
            route: "/a".into(),
            method: "GET",
            status,
            error_type: None,
            run: None,
        };
        let series = window.requests.entry(key).or_default();
        series.duration.record_n(0.25, count);
        series.ended = count;
    }
    window
}

#[test]
fn windows_of_the_library_add_up_by_route_and_status() {
    let bench = Bench::new();
    bench.library("shop", &window(60 * SECOND, &[(200, 8), (503, 1)]));
    bench.library("shop", &window(10 * SECOND, &[(200, 4)]));
    bench.library("shop", &window(10 * SECOND, &[(200, 4)]));
    let found = requests(
        &mut Reading::of(&bench.store),
        &Scope::Observed,
        Period::minutes_before(NOW, 5),
    )
    .unwrap();
    let key = RequestKey {
        service: "shop".into(),
        route: "/a".into(),
        method: "GET".into(),
        status: Some(200),
    };
    let counts = &found[&key];
    assert_eq!(
        (counts.totals.duration.count, counts.ended, counts.failed),
        (12, 12, 0)
    );
    assert_eq!(counts.sources, ["library"]);
    let failed = &found[&RequestKey {
        status: Some(503),
        ..key
    }];
    assert_eq!(
        (failed.totals.errors, failed.error_types.get("503")),
        (1, Some(&1))
    );
}

#[test]
fn errors_count_against_apdex_however_fast_they_came() {
    let bench = Bench::new();
    let mut window = window(10 * SECOND, &[(200, 8), (503, 2)]);
    let answered = window.requests.values_mut().next().unwrap();
    (answered.ended, answered.failed) = (6, 2);
    bench.library("shop", &window);
    let period = Period::minutes_before(NOW, 5);
    let found = requests(&mut Reading::of(&bench.store), &Scope::Observed, period).unwrap();
    let apdex: Vec<_> = found
        .iter()
        .map(|(key, counts)| (key.status, counts.totals.apdex()))
        .collect();
    // All took 0.25 s: 6 of 8 satisfied, as 2 bodies broke off; none of the 503.
    assert_eq!(apdex, [(Some(200), Some(0.75)), (Some(503), Some(0.0))]);
}

#[test]
fn totals_of_another_sdk_count_from_their_start_and_a_repeated_export_changes_nothing() {
    let bench = Bench::new();
    for _ in 0..3 {
        bench.foreign("py", 7, 150 * SECOND, 120 * SECOND);
        bench.foreign("py", 10, 150 * SECOND, 60 * SECOND);
        // A restart.
        bench.foreign("py", 15, 40 * SECOND, 10 * SECOND);
    }
    assert_eq!(
        bench.counts(&Scope::Observed),
        [("py".into(), Some(200), 25)]
    );
}

#[test]
fn a_service_measured_twice_counts_once() {
    let bench = Bench::new();
    bench.foreign("shop", 100, 100 * SECOND, 60 * SECOND);
    bench.library("shop", &window(60 * SECOND, &[(200, 60)]));
    bench.foreign("other", 5, 100 * SECOND, 60 * SECOND);
    let expected = [
        ("other".into(), Some(200), 5),
        ("shop".into(), Some(200), 60),
    ];
    assert_eq!(bench.counts(&Scope::Observed), expected);
}

#[test]
fn the_server_itself_and_load_tests_are_left_out() {
    let bench = Bench::new();
    bench.library("plimsoll", &window(10 * SECOND, &[(200, 3)]));
    let mut tested = window(10 * SECOND, &[]);
    let run = Some("r1".into());
    let key = WindowKey {
        route: "/a".into(),
        method: "GET",
        status: 200,
        error_type: None,
        run,
    };
    tested
        .requests
        .entry(key)
        .or_default()
        .duration
        .record_n(0.1, 50);
    bench.library("shop", &tested);
    assert_eq!(bench.counts(&Scope::Observed), []);
    assert_eq!(
        bench.counts(&Scope::Service("plimsoll".into())),
        [("plimsoll".into(), Some(200), 3)]
    );
}

#[test]
fn states_and_resources_are_told_by_instance() {
    let bench = Bench::new();
    for step in 0..8 {
        let ago = (75 - 10 * step) * SECOND;
        let mut window = window(ago, &[]);
        window.resources = Some(Resources {
            process_memory: Gauge::of(1e6 * (1 + step) as f64, NOW - ago),
            system_cpu: Gauge::of(0.5, NOW - ago),
            system_network_sent: 1_000,
            ..Resources::default()
        });
        bench.library("shop", &window);
    }
    let period = Period::minutes_before(NOW, 5);
    let key = ("shop".to_owned(), "i1".to_owned());
    let [memory] = states(
        &mut Reading::of(&bench.store),
        &Scope::Observed,
        period,
        "process",
        ["memory_rss"],
    )
    .unwrap()[&key];
    assert_eq!(
        (memory.last, memory.mean, memory.max),
        (Some(8e6), Some(4.5e6), Some(8e6))
    );
    let found = &resources(&mut Reading::of(&bench.store), &Scope::Observed, period).unwrap()[&key];
    let rss = found["process_memory_rss_bytes"];
    assert_eq!((rss.current, rss.average), (8e6, 4.5e6));
    assert_eq!(rss.trend, plimsoll::resources::Trend::Increasing);
    assert_eq!(
        found["system_cpu_ratio"].trend,
        plimsoll::resources::Trend::Stable
    );
    assert_eq!(found["system_network_bits_per_second"].current, 800.0);
}

#[test]
fn a_restarted_server_recalls_who_sent() {
    let bench = Bench::new();
    bench.library("shop", &window(120 * MINUTE, &[(200, 1)]));
    bench.library("shop", &window(MINUTE, &[(200, 1)]));
    let services = Services::default();
    services.recall(&bench.store, NOW - 7 * 24 * 60 * MINUTE, NOW);
    let shop = &services.list(1)[0];
    assert_eq!((&*shop.name, &*shop.instances[0].instance), ("shop", "i1"));
    assert_eq!(shop.sources, ["library"]);
    assert!(shop.first_seen < shop.last_seen, "{shop:?}");
}

#[test]
fn differences_and_totals_are_read_by_one_name() {
    use super::{field, query};
    use crate::store::query::{Aggregate, Value};
    let bench = Bench::new();
    bench.library("rust", &window(10 * SECOND, &[(200, 4)]));
    bench.foreign("python", 10, 100 * SECOND, 60 * SECOND);
    let ask = |names: &[&str]| {
        let mut ask = query(
            "http_requests",
            Period::minutes_before(NOW, 5),
            &[],
            Vec::new(),
        );
        ask.fields = names
            .iter()
            .map(|name| field(name, Aggregate::Count))
            .collect();
        let found = bench.store.query(&ask).unwrap().series;
        let columns = found[0].columns.iter().map(|column| column[0].clone());
        columns.collect::<Vec<_>>()
    };
    assert_eq!(ask(&["duration"]), [Value::U64(14)]);
    let apart = ask(&["duration", "duration_cumulative"]);
    assert_eq!(apart, [Value::U64(4), Value::U64(10)]);
}

/// What one instance does next: how many requests it answers, and whether it was restarted before.
fn step() -> impl Strategy<Value = (usize, u64, bool)> {
    (0..2usize, 0..50u64, prop::bool::weighted(0.2))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn totals_add_up_whatever_export_comes_again(
        steps in prop::collection::vec(step(), 1..12),
        instance in prop::sample::select(vec!["", "i1"]),
        again in prop::collection::vec(any::<prop::sample::Index>(), 0..24),
    ) {
        let bench = Bench::new();
        let mut exports = Vec::new();
        let mut expected = [0; 2];
        let mut running = [None; 2];
        for (number, (service, requests, restarted)) in steps.into_iter().enumerate() {
            let ago = 280 * SECOND - number as Nanos * 20 * SECOND;
            let (start, total) = match running[service] {
                Some(known) if !restarted => known,
                _ => (ago + 5 * SECOND, 0),
            };
            running[service] = Some((start, total + requests));
            expected[service] += requests;
            exports.push((service, total + requests, start, ago));
        }
        let names = ["a", "b"];
        for (number, &(service, total, start, at)) in exports.iter().enumerate() {
            bench.foreign_of(names[service], instance, total, start, at);
            // The network brings old exports again at any time.
            let (service, total, start, at) = exports[again.get(number).map_or(number, |old| old.index(number + 1))];
            bench.foreign_of(names[service], instance, total, start, at);
        }
        let found = bench.counts(&Scope::Observed);
        for (name, expected) in names.into_iter().zip(expected) {
            let counted = found.iter().find(|(service, ..)| service == name).map_or(0, |(.., count)| *count);
            prop_assert_eq!(counted, expected, "{} of {:?}", name, exports);
        }
    }
}

#[test]
fn requests_before_the_first_total_are_not_counted_by_their_spans_too() {
    let bench = Bench::new();
    let scope = Scope::Service("both".into());
    // The service starts in one minute and sends its first total in the next.
    for (id, ago) in [(1, 150), (2, 145), (3, 100), (4, 95)] {
        bench.span("both", id, ago * SECOND);
    }
    bench.foreign("both", 4, 155 * SECOND, 90 * SECOND);
    assert_eq!(bench.counts(&scope), [("both".to_owned(), Some(200), 4)]);
    // Later spans than the last total are what it does not know yet.
    bench.span("both", 5, 20 * SECOND);
    assert_eq!(bench.counts(&scope), [("both".to_owned(), Some(200), 5)]);
}
