//! `/api/v1/query` and the lists of what there is.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Server, now};

const SECOND: i64 = 1_000_000_000;

/// Two hosts, a value each second, 0 to 99.
async fn filled(dir: &std::path::Path) -> (Server, i64) {
    let server = Server::start(dir);
    let start = (now() / (60 * SECOND) - 5) * 60 * SECOND;
    let lines = (0..100).flat_map(|row| {
        let time = start + row * SECOND;
        ["a", "b"].map(|host| {
            format!(
                "load,host={host},zone=z one={row},two={}i {time}\n",
                2 * row
            )
        })
    });
    server.write(lines.collect::<String>()).await;
    (server, start)
}

#[tokio::test]
async fn aggregates_have_the_documented_shape() {
    let dir = tempfile::tempdir().unwrap();
    let (server, start) = filled(dir.path()).await;
    let query = json!({
        "measurement": "load",
        "fields": [{"name": "one", "aggregate": "mean"}, {"name": "two", "aggregate": "max"}, {"name": "one", "aggregate": "p50"}],
        "filter": {"zone": "z"},
        "group_by": ["host"],
        "start": start / 1_000_000,
        "end": start / 1_000_000 + 120_000,
        "step": "1m",
        "limit": 1000,
    });
    let (status, answer) = server.post("/api/v1/query", query.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let series = answer["series"].as_array().unwrap();
    assert_eq!(series.len(), 2);
    assert_eq!(series[0]["tags"], json!({"host": "a"}));
    assert_eq!(
        series[0]["columns"],
        json!(["time", "mean_one", "max_two", "p50_one"])
    );
    let millis = start / 1_000_000;
    // 0..60 and 60..100: means by hand; nearest rank of 60 values is the 30th, of 40 the 20th.
    let numbers = |row: &Value| {
        row.as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_f64().unwrap())
            .collect::<Vec<_>>()
    };
    let expected = [
        [millis as f64, 29.5, 118.0, 29.0],
        [(millis + 60_000) as f64, 79.5, 198.0, 79.0],
    ];
    assert_eq!(numbers(&series[0]["values"][0]), expected[0]);
    assert_eq!(numbers(&series[0]["values"][1]), expected[1]);
}

#[tokio::test]
async fn filters_choose_series() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _) = filled(dir.path()).await;
    for (filter, count) in [
        (json!({"host": "a"}), 100),
        (json!({"host": {"ne": "a"}}), 100),
        (json!({"host": {"re": "a|b"}}), 200),
        (json!({"host": {"nre": "a|b"}}), 0),
        (json!({"host": "c"}), 0),
    ] {
        let fields = json!([{"name": "one", "aggregate": "count"}]);
        let rows = server
            .rows(json!({"measurement": "load", "fields": fields, "filter": filter}))
            .await;
        let found = rows
            .iter()
            .map(|row| row[1].as_u64().unwrap_or(0))
            .sum::<u64>();
        assert_eq!(found, count, "{filter}");
    }
}

#[tokio::test]
async fn a_url_asks_the_same_as_json() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _) = filled(dir.path()).await;
    let path = "/api/v1/query?measurement=load&field=one:sum&filter=host=a&group_by=host";
    let (status, by_url) = server.get(path).await;
    assert_eq!(status, StatusCode::OK, "{by_url}");
    assert_eq!(by_url["series"][0]["columns"], json!(["time", "sum_one"]));
    assert_eq!(by_url["series"][0]["values"][0][1], 4_950.0);
}

#[tokio::test]
async fn the_last_rows_come_newest_first() {
    let dir = tempfile::tempdir().unwrap();
    let (server, start) = filled(dir.path()).await;
    let query = json!({"measurement": "load", "fields": ["one"], "filter": {"host": "b"}, "order": "desc", "limit": 2,
        "times": "rfc3339"});
    let (_, answer) = server.post("/api/v1/query", query.to_string()).await;
    assert_eq!(answer["truncated"], true);
    let values = &answer["series"][0]["values"];
    assert_eq!((&values[0][1], &values[1][1]), (&json!(99.0), &json!(98.0)));
    let expected = jiff::Timestamp::from_second(start / SECOND + 99)
        .unwrap()
        .to_string();
    assert_eq!(values[0][0], json!(expected));
}

#[tokio::test]
async fn a_bad_query_is_named_with_field_and_value() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for (query, field, value) in [
        (
            json!({"measurement": "m", "fields": ["a"], "start": "soon"}),
            "start",
            json!("soon"),
        ),
        (
            json!({"measurement": "m", "fields": ["a"], "step": "0m"}),
            "step",
            json!("0m"),
        ),
        (
            json!({"measurement": "m", "fields": ["a"], "limit": 0}),
            "limit",
            json!(0),
        ),
        (
            json!({"measurement": "m", "fields": []}),
            "fields",
            json!([]),
        ),
        (
            json!({"measurement": "m", "fields": ["a"], "filter": {"t": {"re": "("}}}),
            "filter.t",
            json!("("),
        ),
    ] {
        let (status, answer) = server.post("/api/v1/query", query.to_string()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(
            (answer["field"].as_str(), &answer["value"]),
            (Some(field), &value),
            "{answer}"
        );
    }
    let (status, answer) = server.post("/api/v1/query", "{").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
}

#[tokio::test]
async fn what_there_is_can_be_listed() {
    let dir = tempfile::tempdir().unwrap();
    let (server, _) = filled(dir.path()).await;
    let (_, all) = server.get("/api/v1/measurements").await;
    let load = all["measurements"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["name"] == "load")
        .unwrap();
    assert_eq!(
        load["fields"][1],
        json!({"name": "two", "type": "integer", "kind": "gauge"})
    );
    let (_, one) = server.get("/api/v1/measurements/load").await;
    assert_eq!(one["tags"], json!(["host", "zone"]));
    let (_, values) = server.get("/api/v1/measurements/load/tags/host").await;
    assert_eq!(
        values,
        json!({"tag": "host", "values": ["a", "b"], "truncated": false})
    );
    assert_eq!(
        server.get("/api/v1/measurements/nothing").await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_path_or_method_that_is_not_ours_is_a_problem() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let (status, answer) = server.get("/wp-login.php").await;
    assert_eq!(
        (status, answer["status"].as_u64()),
        (StatusCode::NOT_FOUND, Some(404))
    );
    let (status, answer) = server.get("/write").await;
    assert_eq!(
        (status, answer["status"].as_u64()),
        (StatusCode::METHOD_NOT_ALLOWED, Some(405))
    );
}
