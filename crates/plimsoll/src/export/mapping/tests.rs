use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;

use super::*;
use crate::window::{Exemplar, FunctionKey, FunctionOutcome, Gauge, MetricKey};

const START: i64 = 1_790_000_000_000_000_000;
const END: i64 = START + 10_000_000_000;

fn window() -> Window {
    let mut window = Window::empty(START, END);
    let key = |status, error_type: Option<&str>| RequestKey {
        route: "/orders/{id}".into(),
        method: "GET",
        status,
        error_type: error_type.map(Into::into),
        run: None,
    };
    let ok = window.requests.entry(key(200, None)).or_default();
    for secs in [0.004, 0.005, 0.2] {
        ok.duration.record(secs);
    }
    ok.ended = 2;
    ok.cancelled = 1;
    ok.exemplar = Some(Exemplar {
        trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
        value: 0.2,
        at_unix_ns: START + 5,
    });
    window
        .requests
        .entry(key(503, None))
        .or_default()
        .duration
        .record(1.0);
    window
        .requests
        .entry(key(500, Some("panic")))
        .or_default()
        .duration
        .record(1.0);
    window.server.active_requests = Gauge::of(3.0, END);
    let call = FunctionKey {
        function: "price".into(),
        outcome: FunctionOutcome::Error,
    };
    window.functions.entry(call).or_default().record(0.01);
    window
        .counters
        .insert(MetricKey::new("orders", &[("kind", "new")]), 7);
    window.counters.insert(MetricKey::new("silent", &[]), 0);
    let resources = Resources {
        process_disk_read: 4096,
        process_cpu: Gauge::of(0.5, END),
        ..Resources::default()
    };
    window.resources = Some(resources);
    window
}

fn named<'a>(metrics: &'a [proto::Metric], name: &str) -> &'a Data {
    let found: Vec<_> = metrics
        .iter()
        .filter(|metric| metric.name == name)
        .collect();
    assert_eq!(
        found.len(),
        1,
        "{name} once in {:?}",
        metrics.iter().map(|m| &m.name).collect::<Vec<_>>()
    );
    found[0].data.as_ref().expect("data")
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let value = attributes
        .iter()
        .find(|attribute| attribute.key == key)?
        .value
        .as_ref()?
        .value
        .as_ref()?;
    Some(match value {
        Any::StringValue(text) => text.clone(),
        Any::IntValue(number) => number.to_string(),
        other => panic!("unexpected {other:?}"),
    })
}

#[test]
fn a_request_series_becomes_an_exponential_histogram_with_delta_temporality() {
    let metrics = metrics(&window());
    let Data::ExponentialHistogram(histogram) = named(&metrics, "http.server.request.duration")
    else {
        panic!("exponential")
    };
    assert_eq!(
        histogram.aggregation_temporality, 1,
        "AGGREGATION_TEMPORALITY_DELTA"
    );
    let point = &histogram.data_points[0];
    assert_eq!((point.count, point.scale, point.zero_count), (3, 5, 0));
    assert_eq!((point.min, point.max), (Some(0.004), Some(0.2)));
    assert!((point.sum.expect("sum") - 0.209).abs() < 1e-12);
    assert_eq!(
        (point.start_time_unix_nano, point.time_unix_nano),
        (START as u64, END as u64)
    );
    let positive = point.positive.as_ref().expect("buckets");
    assert_eq!(positive.bucket_counts.iter().sum::<u64>(), 3);
    // OpenTelemetry data model: index = ceil(log2(value) * 2^scale) - 1.
    assert_eq!(positive.offset, (0.004_f64.log2() * 32.0).ceil() as i32 - 1);
    assert_eq!(
        text(&point.attributes, "http.route").as_deref(),
        Some("/orders/{id}")
    );
    assert_eq!(
        text(&point.attributes, "http.response.status_code").as_deref(),
        Some("200")
    );
    assert_eq!(text(&point.attributes, "error.type"), None);
    assert_eq!(point.exemplars[0].trace_id[..3], [0x0a, 0xf7, 0x65]);
    let errors: Vec<_> = histogram.data_points[1..]
        .iter()
        .map(|point| text(&point.attributes, "error.type"))
        .collect();
    assert_eq!(errors, [Some("panic".to_owned()), Some("503".to_owned())]);
}

#[test]
fn counts_are_delta_sums_and_what_did_not_happen_is_left_out() {
    let metrics = metrics(&window());
    let sums = |name: &str, attribute: &str| -> Vec<(String, i64)> {
        let Data::Sum(sum) = named(&metrics, name) else {
            panic!("{name} is a sum")
        };
        assert!(sum.is_monotonic && sum.aggregation_temporality == 1);
        let value = |value: &Option<Value>| match value {
            Some(Value::AsInt(number)) => *number,
            other => panic!("unexpected {other:?}"),
        };
        let points = sum.data_points.iter();
        points
            .map(|point| {
                (
                    text(&point.attributes, attribute).expect("has it"),
                    value(&point.value),
                )
            })
            .collect()
    };
    let pair = |name: &str, count| (name.to_owned(), count);
    assert_eq!(
        sums("plimsoll.http.server.outcomes", "outcome"),
        [pair("ended", 2), pair("cancelled", 1)]
    );
    assert_eq!(sums("orders", "kind"), [pair("new", 7)]);
    assert_eq!(
        sums("process.disk.io", "disk.io.direction"),
        [pair("read", 4096)]
    );
    for absent in [
        "silent",
        "system.network.io",
        "process.memory.usage",
        "plimsoll.dropped",
    ] {
        assert!(
            metrics.iter().all(|metric| metric.name != absent),
            "{absent}"
        );
    }
}

#[test]
fn gauges_and_functions_keep_the_names_of_the_data_model() {
    let metrics = metrics(&window());
    let Data::Gauge(gauge) = named(&metrics, "http.server.active_requests") else {
        panic!("gauge")
    };
    assert_eq!(gauge.data_points[0].value, Some(Value::AsDouble(3.0)));
    let Data::ExponentialHistogram(calls) = named(&metrics, "plimsoll.function.duration") else {
        panic!("histogram")
    };
    let attributes = &calls.data_points[0].attributes;
    assert_eq!(text(attributes, "function").as_deref(), Some("price"));
    assert_eq!(text(attributes, "outcome").as_deref(), Some("error"));
}

#[test]
fn the_resource_names_the_service() {
    let resource = Resource {
        service: "shop".to_owned(),
        version: Some("1.2".to_owned()),
        revision: Some("9d59409".to_owned()),
        attributes: vec![("team".to_owned(), "a".to_owned())],
        ..Resource::default()
    };
    let request = request(&window(), &resource);
    let found = request.resource_metrics[0]
        .resource
        .as_ref()
        .expect("resource");
    assert_eq!(
        text(&found.attributes, "service.name").as_deref(),
        Some("shop")
    );
    assert_eq!(
        text(&found.attributes, "service.version").as_deref(),
        Some("1.2")
    );
    assert_eq!(
        text(&found.attributes, "vcs.ref.head.revision").as_deref(),
        Some("9d59409")
    );
    assert_eq!(text(&found.attributes, "team").as_deref(), Some("a"));
    assert_eq!(text(&found.attributes, "service.instance.id"), None);
}
