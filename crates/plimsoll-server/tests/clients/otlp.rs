//! The stock OpenTelemetry SDK for Python. Each export is sent twice.

use serde_json::{Value, json};

use super::python;
use crate::server::Server;

async fn column(
    server: &Server,
    measurement: &str,
    field: &str,
    aggregate: &str,
    tag: &str,
    service: &str,
) -> Value {
    let query = json!({"measurement": measurement, "fields": [{"name": field, "aggregate": aggregate}],
        "filter": {"service": service}, "group_by": [tag], "start": "-1h"});
    let (status, answer) = server.post("/api/v1/query", query.to_string()).await;
    assert!(status.is_success(), "{answer}");
    let mut found = serde_json::Map::new();
    for series in answer["series"].as_array().expect("series") {
        let tag = series["tags"][tag].as_str().unwrap_or_default();
        found.insert(tag.to_owned(), series["values"][0][1].clone());
    }
    found.into()
}

async fn counts_are_what_was_recorded(temporality: &str, encoding: &str) {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let service = format!("{temporality}-{encoding}");
    let recorded = python::run(
        "otlp_metrics.py",
        &[&server.url, &service, temporality, encoding],
    );

    let jobs = column(&server, "jobs_done", "value", "sum", "job_kind", &service).await;
    let expected: serde_json::Map<_, _> = recorded["jobs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(kind, count)| (kind.clone(), json!(count.as_f64())))
        .collect();
    assert_eq!(jobs, Value::from(expected));
    let depth = column(&server, "queue_depth", "value", "last", "service", &service).await;
    assert_eq!(depth[&service].as_f64(), recorded["depth"].as_f64());
    let temperature = column(
        &server,
        "room_temperature",
        "value",
        "last",
        "service",
        &service,
    )
    .await;
    assert_eq!(temperature[&service], 21.5);

    let sizes: Vec<_> = recorded["sizes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|size| size.as_f64().unwrap())
        .collect();
    let count = column(
        &server,
        "rpc_size",
        "distribution",
        "count",
        "service",
        &service,
    )
    .await;
    assert_eq!(count[&service].as_u64(), Some(sizes.len() as u64));
    let mean = column(
        &server,
        "rpc_size",
        "distribution",
        "mean",
        "service",
        &service,
    )
    .await[&service]
        .as_f64()
        .unwrap();
    let expected = sizes.iter().sum::<f64>() / sizes.len() as f64;
    assert!(
        (mean - expected).abs() < 1e-6 * expected,
        "{mean} instead of {expected}"
    );

    let (_, answer) = server
        .get(&format!("/api/performance/routes?service={service}"))
        .await;
    let routes: serde_json::Map<_, _> = answer["routes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let key = format!(
                "{} {} {}",
                row["method"].as_str().unwrap(),
                row["route"].as_str().unwrap(),
                row["status"]
            );
            (key, row["total_requests"].clone())
        })
        .collect();
    assert_eq!(Value::from(routes), recorded["requests"]);
    let (_, metrics) = server
        .get(&format!("/api/performance/metrics?service={service}"))
        .await;
    let requests = &metrics["requests"];
    assert_eq!(
        (&requests["total_requests"], &requests["errors"]),
        (&json!(9), &json!(3))
    );
    // 40, 90 and 700 ms three times each.
    let mean = requests["avg_response_time"].as_f64().unwrap();
    assert!((mean - 0.83 / 3.0).abs() < 1e-9, "{mean}");

    let (_, services) = server.get("/api/v1/services").await;
    let known = services["services"]
        .as_array()
        .unwrap()
        .iter()
        .find(|known| known["name"] == json!(service));
    let known = known.expect("the service is listed");
    assert_eq!(
        (&known["versions"], &known["sources"]),
        (&json!(["1.2.3"]), &json!(["metric"]))
    );
    assert_eq!(known["instances"][0]["instance"], "one");
}

#[tokio::test]
async fn cumulative_exports_of_the_stock_sdk_count_right_when_repeated() {
    counts_are_what_was_recorded("cumulative", "protobuf").await;
}

#[tokio::test]
async fn delta_exports_of_the_stock_sdk_count_right_when_repeated() {
    counts_are_what_was_recorded("delta", "protobuf").await;
}

#[tokio::test]
async fn the_same_holds_in_json() {
    counts_are_what_was_recorded("cumulative", "json").await;
    counts_are_what_was_recorded("delta", "json").await;
}
