//! Spans as stock instrumentation sends them, and what is counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use serde_json::{Value as Json, json};

use super::super::Otlp;
use super::super::decode::{Format, decode};
use super::exemplars::Asked;
use super::names::MOST;
use crate::performance::observations::observed;
use crate::performance::requests::requests;
use crate::performance::{Period, Scope};
use crate::reading::Reading;
use crate::services::Services;
use crate::store::table::Nanos;
use crate::store::{Store, StoreConfig};
use crate::stream::Hub;

const NOW: Nanos = 1_766_000_000_000_000_000;
const MILLI: Nanos = 1_000_000;

fn otlp(store: &Arc<Store>) -> Otlp {
    let hub = Arc::new(Hub::new(1, NOW));
    Otlp::new(store.clone(), Arc::new(Services::default()), hub)
}

fn request(spans: &[Json]) -> ExportTraceServiceRequest {
    let names = attributes(&json!({"service.name": "shop", "service.instance.id": "i1"}));
    let request = json!({"resourceSpans": [{"resource": {"attributes": names}, "scopeSpans": [{"spans": spans}]}]});
    decode(request.to_string().as_bytes(), Format::Json).unwrap()
}

struct Shop {
    otlp: Otlp,
    store: Arc<Store>,
    _dir: tempfile::TempDir,
}

impl Shop {
    fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreConfig::new(dir.path()), NOW).unwrap();
        let otlp = otlp(&store);
        Self {
            otlp,
            store,
            _dir: dir,
        }
    }

    /// Sends spans; how many were refused, and why.
    fn send(&self, spans: &[Json]) -> (u64, String) {
        let taken = self.otlp.ingest_spans(&request(spans), NOW).unwrap();
        (taken.refusals.points, taken.refusals.message())
    }

    /// The same as protobuf; `None` when the bytes are no request.
    fn send_bytes(&self, bytes: &[u8]) -> Option<u64> {
        let taken = self.otlp.ingest_span_bytes(bytes, NOW).ok()?;
        Some(taken.unwrap().refusals.points)
    }

    /// Requests as `METHOD route status`.
    fn requests(&self) -> BTreeMap<String, u64> {
        let mut reading = Reading::of(&self.store);
        let found = requests(&mut reading, &Scope::All, hour()).unwrap();
        let name = |status: Option<u16>| status.map_or("-".to_owned(), |status| status.to_string());
        found
            .into_iter()
            .map(|(key, counts)| {
                let name = format!("{} {} {}", key.method, key.route, name(key.status));
                (name, counts.totals.duration.count)
            })
            .collect()
    }

    /// Observations of `measurement` by the values of tags, joined by `|`.
    fn observed<const N: usize>(
        &self,
        measurement: &str,
        tags: [&'static str; N],
    ) -> BTreeMap<String, u64> {
        let mut reading = Reading::of(&self.store);
        let found = observed(&mut reading, &Scope::All, hour(), measurement, tags).unwrap();
        found
            .into_iter()
            .map(|(tags, observed)| (tags.join("|"), observed.duration.count))
            .collect()
    }

    fn queries(&self) -> BTreeMap<String, u64> {
        self.observed("db_queries", ["statement", "method", "route"])
    }
}

fn hour() -> Period {
    Period::minutes_before(NOW, 60)
}

fn attributes(pairs: &Json) -> Vec<Json> {
    let pairs = pairs.as_object().unwrap().iter();
    pairs
        .map(|(key, value)| match value {
            Json::Number(number) => json!({"key": key, "value": {"intValue": number.to_string()}}),
            text => json!({"key": key, "value": {"stringValue": text}}),
        })
        .collect()
}

/// A span of trace `trace`; kinds are 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
fn span(trace: u64, id: u64, parent: u64, kind: u8, pairs: &Json) -> Json {
    let start = NOW - 60_000 * MILLI + (trace as Nanos * 7 + id as Nanos) * MILLI;
    json!({
        "traceId": format!("{trace:032x}"), "spanId": format!("{id:016x}"),
        "parentSpanId": if parent == 0 { String::new() } else { format!("{parent:016x}") },
        "name": "a span", "kind": kind,
        "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + 5 * MILLI).to_string(),
        "attributes": attributes(pairs),
    })
}

fn order(trace: u64) -> Json {
    let pairs = json!({"http.request.method": "GET", "http.route": "/orders/{id}", "http.response.status_code": 200,
        "url.path": "/orders/4711"});
    span(trace, 1, 0, 2, &pairs)
}

fn select(trace: u64, id: u64, parent: u64) -> Json {
    let pairs = json!({"db.system": "postgresql", "db.statement": format!("SELECT * FROM orders WHERE id = {trace}")});
    span(trace, id, parent, 3, &pairs)
}

fn counts<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    expected
        .into_iter()
        .map(|(name, count)| (name.to_owned(), count))
        .collect()
}

const SELECT_OF_ORDER: &str = "SELECT * FROM orders WHERE id = ?|GET|/orders/{id}";

#[test]
fn a_request_and_its_queries_are_counted_under_its_route() {
    let shop = Shop::open();
    for trace in 1..=20 {
        // An internal span stands between.
        shop.send(&[
            select(trace, 3, 2),
            span(trace, 2, 1, 1, &json!({})),
            order(trace),
        ]);
    }
    assert_eq!(shop.requests(), counts([("GET /orders/{id} 200", 20)]));
    assert_eq!(shop.queries(), counts([(SELECT_OF_ORDER, 20)]));
}

#[test]
fn an_export_that_comes_again_changes_nothing_even_after_a_restart() {
    let shop = Shop::open();
    let export: Vec<Json> = (1..=50)
        .flat_map(|trace| [select(trace, 2, 1), order(trace)])
        .collect();
    shop.send(&export);
    shop.send(&export);
    // Another server on the same store knows nothing of the spans.
    let restarted = otlp(&shop.store);
    let again = Shop {
        otlp: restarted,
        store: shop.store.clone(),
        _dir: tempfile::tempdir().unwrap(),
    };
    again.send(&export);
    assert_eq!(shop.requests(), counts([("GET /orders/{id} 200", 50)]));
    assert_eq!(shop.queries(), counts([(SELECT_OF_ORDER, 50)]));
}

#[test]
fn spans_that_were_packed_anew_are_counted_once() {
    let shop = Shop::open();
    let export: Vec<Json> = (1..=30)
        .flat_map(|trace| [select(trace, 2, 1), order(trace)])
        .collect();
    for part in export.chunks(7).chain(export.chunks(11)).rev() {
        shop.send(part);
    }
    assert_eq!(shop.requests(), counts([("GET /orders/{id} 200", 30)]));
    assert_eq!(shop.queries(), counts([(SELECT_OF_ORDER, 30)]));
}

#[test]
fn a_query_that_comes_before_its_request_is_given_its_route_later() {
    let shop = Shop::open();
    shop.send(&[select(1, 3, 2), select(1, 4, 2)]);
    assert_eq!(
        shop.queries(),
        counts([("SELECT * FROM orders WHERE id = ?||<unknown>", 2)])
    );
    shop.send(&[span(1, 2, 1, 1, &json!({}))]);
    shop.send(&[order(1)]);
    assert_eq!(shop.queries(), counts([(SELECT_OF_ORDER, 2)]));
    assert_eq!(
        shop.otlp.spans.traces.lock().len().1,
        0,
        "nothing waits any more"
    );
}

#[test]
fn a_query_without_a_request_has_no_route() {
    let shop = Shop::open();
    shop.send(&[
        select(1, 1, 0),
        span(2, 1, 0, 5, &json!({"messaging.system": "kafka"})),
        select(2, 2, 1),
    ]);
    assert_eq!(
        shop.queries(),
        counts([("SELECT * FROM orders WHERE id = ?||", 2)])
    );
}

#[test]
fn a_query_under_a_query_is_the_same_one() {
    let shop = Shop::open();
    // The ORM's span and the driver's in one export, and in two.
    shop.send(&[select(1, 3, 2), select(1, 2, 1), order(1)]);
    shop.send(&[select(2, 3, 2)]);
    shop.send(&[select(2, 2, 1), order(2)]);
    assert_eq!(shop.queries(), counts([(SELECT_OF_ORDER, 2)]));
}

#[test]
fn a_connection_is_no_query() {
    let shop = Shop::open();
    shop.send(&[span(
        1,
        1,
        0,
        3,
        &json!({"db.system": "sqlite", "db.name": "shop.db"}),
    )]);
    assert_eq!(shop.queries(), counts([]));
}

#[test]
fn old_and_new_conventions_make_the_same_request() {
    let shop = Shop::open();
    let old = json!({"http.method": "GET", "http.route": "/cart", "http.status_code": 200, "http.target": "/cart?x=1"});
    let new = json!({"http.request.method": "GET", "http.route": "/cart", "http.response.status_code": 200});
    let both = json!({"http.method": "GET", "http.request.method": "GET", "http.route": "/cart", "http.status_code": 200,
        "http.response.status_code": 200});
    shop.send(&[
        span(1, 1, 0, 2, &old),
        span(2, 1, 0, 2, &new),
        span(3, 1, 0, 2, &both),
    ]);
    assert_eq!(shop.requests(), counts([("GET /cart 200", 3)]));
}

#[test]
fn a_request_inside_the_one_before_counts_and_its_parts_do_not() {
    let shop = Shop::open();
    let request = json!({"http.method": "GET", "http.route": "/cart", "http.status_code": 200});
    let send = json!({"asgi.event.type": "http.response.start", "http.status_code": 200});
    shop.send(&[
        span(1, 1, 0, 2, &request),
        span(1, 2, 1, 1, &send),
        span(1, 3, 1, 1, &request),
        span(1, 4, 3, 1, &send),
    ]);
    assert_eq!(shop.requests(), counts([("GET /cart 200", 2)]));
}

#[test]
fn a_request_without_a_route_is_folded_or_unmatched() {
    let shop = Shop::open();
    let request = |trace, path: &str, status| {
        let pairs = json!({"http.request.method": "GET", "url.path": path, "http.response.status_code": status});
        span(trace, 1, 0, 2, &pairs)
    };
    shop.send(&[
        request(1, "/orders/17", 200),
        request(2, "/orders/18", 200),
        request(3, "/wp-login.php", 404),
    ]);
    assert_eq!(
        shop.requests(),
        counts([("GET /orders/{id} 200", 2), ("GET <unmatched> 404", 1)])
    );
}

#[test]
fn a_flood_of_names_is_bounded_and_counted_in_full() {
    let shop = Shop::open();
    let many = 3 * MOST as u64;
    let spans: Vec<Json> = (1..=many)
        .flat_map(|trace| {
            let route = json!({"http.request.method": "GET", "http.route": format!("/r{trace}"), "http.response.status_code": 200});
            let statement = json!({"db.system": "sqlite", "db.statement": format!("SELECT c{trace} FROM t")});
            [span(trace, 1, 0, 2, &route), span(trace, 2, 1, 3, &statement)]
        })
        .collect();
    for export in spans.chunks(512) {
        shop.send(export);
    }
    let (requests, statements) = (shop.requests(), shop.observed("db_queries", ["statement"]));
    for found in [&requests, &statements] {
        assert_eq!(found.len(), MOST + 1);
        assert_eq!(found.values().sum::<u64>(), many);
    }
    assert_eq!(statements["<other>"], many - MOST as u64);
}

#[test]
fn calls_and_messages_are_counted_and_failures_told() {
    let shop = Shop::open();
    let call = json!({"http.request.method": "POST", "server.address": "pay.example.org", "server.port": 8443,
        "http.response.status_code": 503, "url.full": "https://pay.example.org:8443/charge?card=4111"});
    let mut lost = span(
        2,
        1,
        0,
        3,
        &json!({"http.method": "GET", "http.url": "http://user:secret@stock:9000/items"}),
    );
    lost["status"] = json!({"code": 2});
    let sent = json!({"messaging.system": "kafka", "messaging.destination.name": "orders"});
    shop.send(&[span(1, 1, 0, 3, &call), lost, span(3, 1, 0, 4, &sent)]);
    let calls = shop.observed("outgoing_calls", ["peer", "method", "status", "error_type"]);
    let expected = [
        ("pay.example.org:8443|POST|503|503", 1),
        ("stock:9000|GET||error", 1),
    ];
    assert_eq!(calls, counts(expected));
    let messages = shop.observed("messages", ["messaging_system", "destination", "operation"]);
    assert_eq!(messages, counts([("kafka|orders|publish", 1)]));
}

#[test]
fn a_server_error_has_a_type_and_a_load_test_stays_apart() {
    let shop = Shop::open();
    let failed = json!({"http.method": "GET", "http.route": "/cart", "http.status_code": 500});
    let test = json!({"http.method": "GET", "http.route": "/cart", "http.status_code": 200,
        "user_agent.synthetic.type": "test"});
    shop.send(&[span(1, 1, 0, 2, &failed), span(2, 1, 0, 2, &test)]);
    assert_eq!(shop.requests(), counts([("GET /cart 500", 1)]));
    let tags = shop.observed("http_requests", ["status", "error_type", "run"]);
    assert_eq!(tags, counts([("200||<test>", 1), ("500|500|", 1)]));
}

#[test]
fn spans_that_cannot_be_are_refused_by_name_and_the_others_kept() {
    let shop = Shop::open();
    let mut backwards = order(2);
    backwards["endTimeUnixNano"] = json!("1000");
    let mut timeless = order(3);
    timeless["startTimeUnixNano"] = json!("0");
    let mut nameless = order(4);
    nameless["traceId"] = json!("00000000000000000000000000000000");
    let mut future = order(5);
    future["endTimeUnixNano"] = json!((NOW + 2 * 86_400_000 * MILLI).to_string());
    let (refused, why) = shop.send(&[order(1), backwards, timeless, nameless, future]);
    assert_eq!(refused, 4, "{why}");
    for part in [
        "ends before it starts",
        "has no start or no end",
        "has no trace_id",
        "future",
    ] {
        assert!(why.contains(part), "{why}");
    }
    assert_eq!(shop.requests(), counts([("GET /orders/{id} 200", 1)]));
}

#[test]
fn exemplars_name_the_slowest_and_the_failed_traces() {
    let shop = Shop::open();
    let mut spans: Vec<Json> = Vec::new();
    for trace in 1..=9u64 {
        let mut span = order(trace);
        let start: Nanos = span["startTimeUnixNano"].as_str().unwrap().parse().unwrap();
        span["endTimeUnixNano"] = json!((start + trace as Nanos * MILLI).to_string());
        if trace == 2 {
            span["status"] = json!({"code": 2});
        }
        spans.push(span);
    }
    // One export each: of an export one request of a route is noted.
    spans
        .iter()
        .for_each(|span| drop(shop.send(std::slice::from_ref(span))));
    let shown = shop.otlp.exemplars().shown(
        Asked {
            service: Some("shop"),
            ..Asked::default()
        },
        100,
    );
    let traces: Vec<(u128, bool)> = shown
        .iter()
        .map(|one| (u128::from_str_radix(&one.trace_id, 16).unwrap(), one.failed))
        .collect();
    assert_eq!(traces, [(9, false), (8, false), (7, false), (2, true)]);
    assert_eq!(
        (shown[0].route.as_str(), shown[0].duration_seconds),
        ("/orders/{id}", 0.009)
    );
    let exemplars = shop.otlp.exemplars();
    let traced = exemplars.routes_of("shop");
    let named = |method: &str| (method.to_owned(), "/orders/{id}".to_owned());
    assert!(traced.contains(&named(&shown[0].method)));
    assert!(!traced.contains(&named("DELETE")));
    let of_route = |route| Asked {
        route: Some(route),
        ..Asked::default()
    };
    assert_eq!(exemplars.shown(of_route("/orders/{id}"), 2).len(), 2);
    assert_eq!(exemplars.shown(of_route("/orders"), 2), []);
}

#[test]
fn protobuf_read_where_it_lies_counts_as_what_is_decoded_does() {
    let (lying, decoded) = (Shop::open(), Shop::open());
    let call = json!({"http.request.method": "POST", "server.address": "pay.example.org", "server.port": 8443,
        "http.response.status_code": 503});
    let mut failed = span(
        3,
        1,
        0,
        2,
        &json!({"http.method": "GET", "http.route": "/cart", "http.status_code": 500}),
    );
    failed["status"] = json!({"code": 2, "message": "broken"});
    failed["events"] =
        json!([{"name": "exception", "attributes": attributes(&json!({"exception.type": "E"}))}]);
    let mut backwards = order(4);
    backwards["endTimeUnixNano"] = json!("1000");
    let spans = [
        select(1, 3, 2),
        span(1, 2, 1, 1, &json!({})),
        order(1),
        span(2, 1, 0, 3, &call),
        failed,
        backwards,
    ];
    let bytes = request(&spans).encode_to_vec();
    assert_eq!(lying.send_bytes(&bytes), Some(1));
    assert_eq!(decoded.send(&spans).0, 1);
    assert_eq!(lying.requests(), decoded.requests());
    assert_eq!(lying.queries(), decoded.queries());
    let calls =
        |shop: &Shop| shop.observed("outgoing_calls", ["peer", "method", "status", "error_type"]);
    assert_eq!(calls(&lying), calls(&decoded));
    let shown = |shop: &Shop| shop.otlp.exemplars().shown(Asked::default(), 100);
    assert_eq!(shown(&lying), shown(&decoded));
    assert_eq!(shown(&lying).len(), 2);
}

#[test]
fn bytes_that_are_cut_off_or_changed_are_refused_or_read_and_never_more() {
    let shop = Shop::open();
    let bytes = request(&[select(1, 2, 1), order(1)]).encode_to_vec();
    // Cut within a message, its length promises more.
    for cut in 1..bytes.len() {
        assert_eq!(shop.send_bytes(&bytes[..cut]), None, "{cut}");
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x55;
        let _ = shop.send_bytes(&changed);
    }
    let mut text = request(&[order(2)]).encode_to_vec();
    let route = text
        .windows(7)
        .position(|bytes| bytes == b"/orders")
        .unwrap();
    text[route] = 0xff;
    assert_eq!(shop.send_bytes(&text), None, "a route that is no text");
}
