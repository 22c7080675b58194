//! Requests of protobuf that are cut off or changed on their way.

use prost::Message as _;
use serde_json::json;

use super::super::decode::{DecodeError, Format, decode};
use super::super::lying;
use super::*;

fn bytes(request: &Json) -> Vec<u8> {
    let request: ExportMetricsServiceRequest =
        decode(request.to_string().as_bytes(), Format::Json).unwrap();
    request.encode_to_vec()
}

fn sent() -> Json {
    let start = (NOW - 60 * SECOND).to_string();
    let attributes = json!([{"key": "http.route", "value": {"stringValue": "/orders/{id}"}}]);
    let point = |mut values: Json| {
        values["attributes"] = attributes.clone();
        values["startTimeUnixNano"] = json!(start);
        values["timeUnixNano"] = json!(NOW.to_string());
        json!({"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [values]})
    };
    let counted = json!({"count": "3", "sum": 0.3, "min": 0.1, "max": 0.1, "bucketCounts": ["1", "2"], "explicitBounds": [0.1]});
    let exponential =
        json!({"count": "3", "scale": 3, "positive": {"offset": 2, "bucketCounts": ["1", "2"]}});
    request(
        "shop",
        "test",
        json!([
            {"name": "jobs", "sum": point(json!({"asInt": "7"}))},
            {"name": "http.server.request.duration", "unit": "s", "histogram": point(counted)},
            {"name": "waits", "exponentialHistogram": point(exponential)},
        ]),
    )
}

/// Rows, or why there are none.
fn map(bench: &Bench, bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
    let mut rows = Rows::new(&bench.store, &bench.streams, NOW);
    lying::walk(bytes, &bench.places, &mut rows)?;
    Ok(bench.lines(&rows.into_batch()))
}

#[test]
fn what_is_cut_off_or_changed_is_refused_or_read_and_never_more() {
    let bench = Bench::new();
    let bytes = bytes(&sent());
    let whole = map(&bench, &bytes).unwrap();
    assert_eq!(whole.len(), 6, "{whole:?}");
    for cut in 1..bytes.len() {
        assert!(map(&bench, &bytes[..cut]).is_err(), "{cut}");
    }
    for at in 0..bytes.len() {
        for bits in [0x01, 0x55, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= bits;
            let _ = map(&bench, &changed);
        }
    }
    assert_eq!(map(&bench, &bytes).unwrap(), whole);
}

#[test]
fn an_attribute_that_is_no_text_is_no_request() {
    let bench = Bench::new();
    let mut bytes = bytes(&sent());
    let at = bytes
        .windows(7)
        .position(|part| part == b"/orders")
        .unwrap();
    bytes[at] = 0xff;
    assert!(matches!(
        map(&bench, &bytes),
        Err(DecodeError::Malformed(_))
    ));
}

#[test]
fn the_places_of_one_metric_are_not_those_of_another() {
    let bench = Bench::new();
    let gauge = |name: &str, service: &str, scope: &str| {
        let metrics = json!([{"name": name, "gauge": {"dataPoints": [{
            "timeUnixNano": NOW.to_string(), "asDouble": 1.5,
            "attributes": [{"key": "a", "value": {"stringValue": "b"}}],
        }]}}]);
        map(&bench, &bytes(&request(service, scope, metrics))).unwrap()
    };
    let mut found = Vec::new();
    for (name, service, scope) in [
        ("one", "shop", "s"),
        ("two", "shop", "s"),
        ("one", "till", "s"),
        ("one", "shop", "t"),
    ] {
        // The second time from memory.
        let first = gauge(name, service, scope);
        assert_eq!(gauge(name, service, scope), first);
        found.extend(first);
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 4, "{found:?}");
}
