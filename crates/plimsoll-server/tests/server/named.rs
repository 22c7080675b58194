//! An error names the field and its value.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::Server;

#[tokio::test]
async fn a_bad_parameter_is_named_with_its_value() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.write("load,host=a v=1").await;
    for (path, field, value) in [
        (
            "/api/performance/metrics?minutes=soon",
            "minutes",
            json!("soon"),
        ),
        ("/api/performance/metrics?minute=60", "minute", json!("60")),
        ("/api/performance/metrics?limit=5", "limit", json!(5)),
        ("/api/performance/routes?limit=-1", "limit", json!("-1")),
        ("/api/v1/services?instances=x", "instances", json!("x")),
        ("/api/v1/services?instances=1001", "instances", json!(1_001)),
        ("/api/v1/services?limit=0", "limit", json!(0)),
        ("/api/v1/services?foo=1", "foo", json!("1")),
        ("/api/v1/events?foo=1", "foo", json!("1")),
        ("/api/v1/events?limit=x", "limit", json!("x")),
        ("/api/v1/events?limit=1&limit=2", "limit", json!("2")),
        ("/api/v1/events/stats?limit=1", "limit", json!(1)),
        ("/api/v1/stats?foo=1", "foo", json!("1")),
        ("/api/v1/measurements?foo=1", "foo", json!("1")),
        ("/api/v1/measurements?limit=0", "limit", json!(0)),
        ("/api/v1/measurements/load?limit=5", "limit", json!("5")),
        (
            "/api/v1/measurements/load?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z",
            "start",
            json!("2026-01-02T00:00:00Z"),
        ),
        (
            "/api/v1/measurements/load/tags/host?limit=0",
            "limit",
            json!(0),
        ),
        (
            "/api/v1/measurements/load/tags/host?limit=99999999",
            "limit",
            json!(99_999_999),
        ),
        ("/api/v1/export?foo=1", "foo", json!("1")),
        (
            "/api/v1/query?measurement=load&field=v&limit=x",
            "limit",
            json!("x"),
        ),
        (
            "/api/v1/query?measurement=load&field=v&step=1m&step=2m",
            "step",
            json!("2m"),
        ),
        (
            "/api/v1/query?measurement=load&field=v&foo=1",
            "foo",
            json!("1"),
        ),
    ] {
        let (status, answer) = server.get(path).await;
        assert_eq!(
            (status, &answer["field"], &answer["value"]),
            (StatusCode::BAD_REQUEST, &json!(field), &value),
            "{path}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_bad_member_of_a_query_is_named_with_its_value() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.write("load,host=a v=1").await;
    for (member, sent, field, value) in [
        ("fields", json!([1]), "fields", json!(1)),
        (
            "fields",
            json!([{"nam": "v"}]),
            "fields",
            json!({"nam": "v"}),
        ),
        ("fields", json!("v"), "fields", json!("v")),
        (
            "fields",
            json!([{"name": "v", "aggregate": 5}]),
            "aggregate",
            json!(5),
        ),
        (
            "fields",
            json!([{"name": "v", "aggregate": "avg"}]),
            "aggregate",
            json!("avg"),
        ),
        (
            "fields",
            json!(["v", {"name": "v", "aggregate": "sum"}]),
            "fields",
            json!(["v", "v"]),
        ),
        ("limit", json!("many"), "limit", json!("many")),
        ("limit", json!(-1), "limit", json!(-1)),
        ("step", json!(60), "step", json!(60)),
        ("start", json!(true), "start", json!(true)),
        ("group_by", json!("host"), "group_by", json!("host")),
        ("group_by", json!([1]), "group_by", json!(1)),
        ("filter", json!(["host"]), "filter", json!(["host"])),
        ("filter", json!({"host": 1}), "filter.host", json!(1)),
        (
            "filter",
            json!({"host": {"eq": "a"}}),
            "filter.host",
            json!("eq"),
        ),
        ("measurement", json!(7), "measurement", json!(7)),
        ("colour", json!("red"), "colour", json!("red")),
    ] {
        let mut query = json!({"measurement": "load", "fields": ["v"]});
        query[member] = sent;
        let (status, answer) = server.post("/api/v1/query", query.to_string()).await;
        assert_eq!(
            (status, &answer["field"], &answer["value"]),
            (StatusCode::BAD_REQUEST, &json!(field), &value),
            "{query}: {answer}"
        );
    }
    let (status, answer) = server.post("/api/v1/query", "[]").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        answer["detail"]
            .as_str()
            .unwrap()
            .contains("an object with measurement"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_bad_member_of_an_event_is_named_with_its_value() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let sent = [
        (json!({"time": "soon"}), "time", json!("soon")),
        (json!({"event_type": 5}), "event_type", json!(5)),
        (json!({"entity_id": ["a"]}), "entity_id", json!(["a"])),
        (json!({"state": {"a": 1}}), "state", json!({"a": 1})),
        (json!({"attributes": "x"}), "attributes", json!("x")),
        (json!({"colour": "red"}), "colour", json!("red")),
        (json!("text"), "event", json!("text")),
        (
            json!({"time": "1970-01-01T00:00:00Z"}),
            "time",
            json!("1970-01-01T00:00:00Z"),
        ),
        (
            json!({"entity_id": "x".repeat(20_000)}),
            "entity_id",
            json!(format!("{}…", "x".repeat(200))),
        ),
    ];
    let events: Vec<&Value> = sent.iter().map(|(event, ..)| event).collect();
    let (status, answer) = server
        .post("/api/v1/events", json!(events).to_string())
        .await;
    assert_eq!(
        (status, &answer["dropped"]),
        (StatusCode::BAD_REQUEST, &json!(sent.len()))
    );
    for (index, (event, field, value)) in sent.iter().enumerate() {
        let error = &answer["errors"][index];
        assert_eq!(
            (&error["index"], &error["field"], &error["value"]),
            (&json!(index), &json!(field), value),
            "{event}: {error}"
        );
    }
    let (status, answer) = server.post("/api/v1/events", r#"{"events": 5}"#).await;
    assert_eq!(
        (status, &answer["field"]),
        (StatusCode::BAD_REQUEST, &json!("events"))
    );
}

#[tokio::test]
async fn what_can_have_no_answer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    server.write(r#"load,host=a v=1,name="x""#).await;
    let ask = |measurement: &str, field: &str| {
        let path = format!("/api/v1/query?measurement={measurement}&field={field}");
        let server = &server;
        async move { server.get(&path).await }
    };
    let (status, answer) = ask("lod", "v").await;
    assert_eq!(
        (status, &answer["field"], &answer["value"]),
        (StatusCode::NOT_FOUND, &json!("measurement"), &json!("lod"))
    );
    // A field that is not there yet has no values yet.
    let (status, answer) = ask("load", "w:mean").await;
    assert_eq!((status, &answer["series"]), (StatusCode::OK, &json!([])));
    for (field, column, kind) in [
        ("name:mean", "mean_name", "a string"),
        ("name:sum", "sum_name", "a string"),
        ("name:p50", "p50_name", "a string"),
        ("v:peak", "peak_v", "a float"),
    ] {
        let (status, answer) = ask("load", field).await;
        assert_eq!(
            (status, &answer["field"], &answer["value"], &answer["type"]),
            (
                StatusCode::BAD_REQUEST,
                &json!("fields"),
                &json!(column),
                &json!(kind)
            ),
            "{field}"
        );
    }
    for field in ["name:count", "name:last", "name", "v:max"] {
        let (status, answer) = ask("load", field).await;
        assert_eq!(status, StatusCode::OK, "{field}");
        assert_eq!(
            answer["series"].as_array().unwrap().len(),
            1,
            "{field}: {answer}"
        );
    }
}
