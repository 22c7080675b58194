use plimsoll::window::{Gauge, Resources};
use serde_json::json;

use super::*;
use crate::performance::tests::{Bench, NOW, SECOND, window};
use crate::performance::{field, query};
use crate::performance::{number, tag_of};
use crate::store::query::Aggregate;

/// Time, endpoint and fields of a row.
type Written = (Nanos, String, Vec<(&'static str, f64)>);

/// All rows: endpoint and the fields that it has.
fn written(store: &Store) -> Vec<Written> {
    let period = Period {
        start: 0,
        end: Nanos::MAX,
    };
    let mut ask = query(
        MEASUREMENT,
        period,
        &["service", "endpoint", "method"],
        Vec::new(),
    );
    ask.fields = FIELDS
        .iter()
        .map(|name| field(name, Aggregate::None))
        .collect();
    let mut rows = Vec::new();
    for series in store.query(&ask).unwrap().series {
        for (row, time) in series.times.iter().enumerate() {
            let values = FIELDS.iter().zip(&series.columns);
            let values = values.filter_map(|(name, column)| Some((*name, number(&column[row])?)));
            rows.push((
                *time,
                tag_of(&series.tags, "endpoint").to_owned(),
                values.collect(),
            ));
        }
    }
    rows.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    rows
}

#[test]
fn a_minute_becomes_a_row_for_the_service_and_each_endpoint_and_writing_it_again_changes_nothing() {
    let bench = Bench::new();
    let minute = NOW.div_euclid(MINUTE) * MINUTE - 2 * MINUTE;
    // Ends with the minute.
    let ago = NOW - minute - MINUTE;
    let mut observed = window(ago, &[(200, 3), (500, 1)]);
    observed.server.queue_size = Gauge::of(2.0, NOW - ago);
    observed.server.connections_active = Gauge::of(7.0, NOW - ago);
    observed.server.events_per_minute = Gauge::of(30.0, NOW - ago);
    observed.resources = Some(Resources {
        process_memory: Gauge::of(64.0 * MB, NOW - ago),
        process_cpu: Gauge::of(0.5, NOW - ago),
        system_disk: Gauge::of(0.25, NOW - ago),
        ..Resources::default()
    });
    bench.library("shop", &observed);
    let expected: Vec<_> = FIELDS
        .into_iter()
        .zip([250.0, 4.0, 30.0, 50.0, 64.0, 25.0, 25.0, 2.0, 7.0])
        .collect();
    let rows = [
        (minute, String::new(), expected.clone()),
        (minute, "/a".to_owned(), expected),
    ];

    let mut writer = Writer::default();
    writer.write(&bench.store, NOW).unwrap();
    assert_eq!(written(&bench.store), rows);
    let appended = bench.store.status().appended_rows;
    writer.write(&bench.store, NOW).unwrap();
    assert_eq!(
        bench.store.status().appended_rows,
        appended,
        "nothing is due"
    );
    writer.write(&bench.store, NOW + MINUTE).unwrap();
    assert_eq!(
        bench.store.status().appended_rows,
        appended,
        "nothing changed"
    );
    // As after a restart.
    Writer::default().write(&bench.store, NOW).unwrap();
    assert_eq!(written(&bench.store), rows);
}

#[test]
fn seconds_of_a_processor_become_the_share_of_their_minute() {
    let bench = Bench::new();
    for sent in 1..=4 {
        let time = NOW - 270 * SECOND + sent * MINUTE;
        let point = |mode: &str, each: f64| {
            json!({"attributes": [{"key": "cpu.mode", "value": {"stringValue": mode}}], "asDouble": sent as f64 * each,
                "startTimeUnixNano": (NOW - 270 * SECOND).to_string(), "timeUnixNano": time.to_string()})
        };
        let sum = json!({"aggregationTemporality": 2, "isMonotonic": true,
            "dataPoints": [point("user", 24.0), point("system", 6.0)]});
        let attribute = |name: &str| json!({"key": name, "value": {"stringValue": "shop"}});
        bench.export(json!({"resourceMetrics": [{
            "resource": {"attributes": [attribute("service.name"), attribute("service.instance.id")]},
            "scopeMetrics": [{"metrics": [{"name": "process.cpu.time", "unit": "s", "sum": sum}]}]}]}));
    }
    Writer::default().write(&bench.store, NOW).unwrap();
    let told = |(time, _, values): Written| {
        let cpu = values.iter().find(|(name, _)| *name == "cpu_usage_percent");
        cpu.map(|(_, percent)| (time, *percent))
    };
    let told: Vec<_> = written(&bench.store).into_iter().filter_map(told).collect();
    // The first export only tells where to count from.
    let minute = NOW - 2 * MINUTE;
    assert_eq!(told, [(minute - MINUTE, 50.0), (minute, 50.0)]);
}

#[test]
fn late_rows_correct_their_minute() {
    let bench = Bench::new();
    let mut writer = Writer::default();
    let ago = NOW - (NOW.div_euclid(MINUTE) * MINUTE - MINUTE) + 30 * SECOND;
    bench.library("shop", &window(ago, &[(200, 3)]));
    writer.write(&bench.store, NOW).unwrap();
    bench.library("shop", &window(ago - 10 * SECOND, &[(200, 4)]));
    writer.write(&bench.store, NOW + MINUTE).unwrap();
    let requests: Vec<_> = written(&bench.store)
        .into_iter()
        .map(|(_, endpoint, values)| (endpoint, values[1].1))
        .collect();
    assert_eq!(requests, [(String::new(), 7.0), ("/a".to_owned(), 7.0)]);
}

#[test]
fn at_the_series_limit_known_rows_go_on_and_new_ones_are_left_out() {
    let bench = Bench::new();
    let mut writer = Writer::default();
    let ago = NOW - (NOW.div_euclid(MINUTE) * MINUTE - MINUTE) + 30 * SECOND;
    bench.library("shop", &window(ago, &[(200, 3)]));
    assert_eq!(writer.write(&bench.store, NOW).unwrap(), 0);
    bench.library("shop", &window(ago - MINUTE, &[(200, 4)]));
    bench.library("later", &window(ago - MINUTE, &[(200, 5)]));
    let key = |n: usize| key::encode("filler", &[("n", n.to_string())]);
    let full = |&n: &usize| bench.store.series().intern_own(&key(n), ROOM).is_err();
    (0..).find(full).unwrap();
    // The service as a whole, and its endpoint.
    assert_eq!(writer.write(&bench.store, NOW + MINUTE).unwrap(), 2);
    let requests: Vec<_> = written(&bench.store)
        .into_iter()
        .map(|(_, endpoint, values)| (endpoint, values[1].1))
        .collect();
    let [whole, endpoint] = [String::new(), "/a".to_owned()];
    assert_eq!(
        requests,
        [
            (whole.clone(), 3.0),
            (endpoint.clone(), 3.0),
            (whole, 4.0),
            (endpoint, 4.0)
        ]
    );
}

#[test]
fn a_minute_that_cannot_be_read_as_a_whole_is_not_written() {
    let bench = Bench::new();
    let ago = NOW - (NOW.div_euclid(MINUTE) * MINUTE - MINUTE) + 30 * SECOND;
    let mut observed = window(ago, &[(200, 3)]);
    observed.server.queue_size = Gauge::of(2.0, NOW - ago);
    bench.library("shop", &observed);
    bench.store.flush().unwrap();
    let day = std::fs::read_dir(bench.dir.path().join("raw"))
        .unwrap()
        .next();
    let day = day.expect("a day file").unwrap().path();
    let mut harmed = std::fs::read(&day).unwrap();
    // The first block has the first measurement: `http_requests`.
    harmed[60] ^= 1;
    std::fs::write(&day, harmed).unwrap();
    let mut writer = Writer::default();
    writer.write(&bench.store, NOW).unwrap();
    assert_eq!(written(&bench.store), []);
    // Of the next one nothing is missing.
    bench.library("shop", &window(ago - MINUTE, &[(200, 4)]));
    writer.write(&bench.store, NOW + MINUTE).unwrap();
    let requests: Vec<_> = written(&bench.store)
        .into_iter()
        .map(|(time, _, values)| (time, values[1].1))
        .collect();
    let minute = NOW.div_euclid(MINUTE) * MINUTE - MINUTE;
    assert_eq!(requests, [(minute, 4.0), (minute, 4.0)]);
}
