//! What cannot be kept.

use super::*;

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
