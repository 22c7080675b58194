//! The documents' example answers, field by field, from a server that has something to say.

use serde_json::{Value, json};

use super::tests::Bench;

/// A server whose shop has just had two quiet minutes.
async fn judged() -> Bench {
    let mut bench = Bench::just_now(13).await;
    bench.pass(12, 0.25, 50, 1);
    bench
}

pub(super) async fn get(bench: &Bench, path: &str) -> Value {
    let answer = reqwest::get(format!("{}{path}", bench.url()))
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

async fn send(bench: &Bench, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let method = method.parse().unwrap();
    let request = reqwest::Client::new().request(method, format!("{}{path}", bench.url()));
    let request = request
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = request.send().await.unwrap();
    (
        answer.status().as_u16(),
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default(),
    )
}

/// Every field of `shape` is there, of its kind; null stands for any.
fn has_shape(found: &Value, shape: &Value, path: &str) {
    match shape {
        Value::Null => {}
        Value::Object(members) => {
            for (name, inner) in members {
                let there = found.get(name);
                assert!(there.is_some(), "{path}.{name} is missing in {found}");
                has_shape(&found[name], inner, &format!("{path}.{name}"));
            }
        }
        Value::Array(_) => assert!(found.is_array(), "{path} is {found}"),
        Value::Number(_) => assert!(found.is_number(), "{path} is {found}"),
        Value::String(_) => assert!(found.is_string(), "{path} is {found}"),
        Value::Bool(_) => assert!(found.is_boolean(), "{path} is {found}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn analytics_and_summary_have_the_documents_fields() {
    let bench = judged().await;
    let found = get(&bench, "/api/performance/analytics?service=shop&minutes=5").await;
    let shape = json!({
        "timestamp": "", "health_score": 0, "alerts": [], "recommendations": [],
        "cache_performance": {"hit_rate": null, "total_operations": 0}});
    has_shape(&found, &shape, "analytics");
    let found = get(&bench, "/api/performance/summary?service=shop").await;
    let shape = json!({
        "status": "", "health_score": 0, "active_alerts": 0,
        "key_metrics": {"avg_response_time": 0, "error_rate": 0, "cache_hit_rate": null, "memory_usage_mb": null}});
    has_shape(&found, &shape, "summary");
    assert_eq!(
        (&found["status"], &found["active_alerts"]),
        (&json!("healthy"), &json!(0))
    );
    let mean = found["key_metrics"]["avg_response_time"].as_f64().unwrap();
    assert!((mean / 0.25 - 1.0).abs() < 1e-6, "{mean}");
    assert_eq!(found["key_metrics"]["error_rate"], 0.02);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thresholds_are_the_documents_and_are_put_whole_or_not_at_all() {
    let bench = judged().await;
    let path = "/api/performance/thresholds";
    let example = json!({
        "slow_request_threshold": 1.0, "slow_query_threshold": 0.1,
        "high_memory_threshold": 500.0, "error_rate_threshold": 0.1});
    let found = get(&bench, path).await;
    for (name, value) in example.as_object().unwrap() {
        assert_eq!(
            (&found[name], &found["origins"][name]),
            (value, &json!("default"))
        );
    }
    let (status, put) = send(&bench, "PUT", path, &example).await;
    assert_eq!(
        (status, &put["origins"]["high_memory_threshold"]),
        (200, &json!("put"))
    );
    for (body, field) in [
        (
            json!({"slow_query_threshold": 0.2, "error_rate_threshold": -1}),
            "error_rate_threshold",
        ),
        (
            json!({"slow_query_threshold": 0.2, "high_memory_threshold": 0}),
            "high_memory_threshold",
        ),
        (
            json!({"slow_query_threshold": 0.2, "classes": {"nobody": {"target_seconds": 1}}}),
            "classes.nobody.target_seconds",
        ),
        (
            json!({"slow_query_threshold": 0.2, "classes": {"read": {"target_seconds": 9}}}),
            "classes.read.target_seconds",
        ),
    ] {
        let (status, problem) = send(&bench, "PUT", path, &body).await;
        assert_eq!(
            (status, &problem["field"]),
            (400, &json!(field)),
            "{problem}"
        );
    }
    for (body, field, value) in [
        (json!({"slow_thing": 1}), "slow_thing", json!(1)),
        (
            json!({"error_rate_threshold": "NaN"}),
            "error_rate_threshold",
            json!("NaN"),
        ),
    ] {
        let (status, problem) = send(&bench, "PUT", path, &body).await;
        assert_eq!(
            (status, &problem["field"], &problem["value"]),
            (400, &json!(field), &value),
            "{problem}"
        );
    }
    assert_eq!(get(&bench, path).await["slow_query_threshold"], 0.1);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_have_the_documents_fields_and_are_resolved_by_number() {
    let mut bench = Bench::just_now(15).await;
    bench.pass(14, 0.25, 50, 30);
    let found = get(
        &bench,
        "/api/performance/alerts?resolved=false&service=shop",
    )
    .await;
    let alert = &found["alerts"][0];
    let shape = json!({
        "id": "", "type": "", "severity": "", "message": "", "threshold": 0, "current_value": 0, "resolved": false, "timestamp": ""});
    has_shape(alert, &shape, "alert");
    assert_eq!(
        (&alert["type"], &alert["resolved"]),
        (&json!("error_rate"), &json!(false))
    );
    assert!((alert["current_value"].as_f64().unwrap() - 0.6).abs() < 1e-9);
    let path = format!(
        "/api/performance/alerts/{}/resolve",
        alert["id"].as_str().unwrap()
    );
    let (status, resolved) = send(&bench, "POST", &path, &json!({"by": "ines"})).await;
    assert_eq!(
        (status, &resolved["resolved"], &resolved["resolved_by"]),
        (200, &json!(true), &json!("ines"))
    );
    let (status, _) = send(
        &bench,
        "POST",
        "/api/performance/alerts/999/resolve",
        &json!({}),
    )
    .await;
    assert_eq!(status, 404);
    let found = get(&bench, "/api/performance/alerts?resolved=true").await;
    assert_eq!(found["total"], 1);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trends_bottlenecks_and_forecasts_have_the_documents_fields() {
    let bench = judged().await;
    let found = get(&bench, "/api/performance/trends?service=shop&window=1h").await;
    let shape = json!({
        "response_time_trend": "", "throughput_trend": "", "error_rate_trend": "", "bottlenecks": [], "recommendations": []});
    has_shape(&found, &shape, "trends");
    let figure = json!({"current": null, "projected": null, "recommendation": ""});
    let shape = json!({"cpu_usage": figure, "memory_usage": figure, "request_volume": figure});
    let found = get(&bench, "/api/performance/forecast?service=shop").await;
    has_shape(&found, &shape, "forecast");
    assert!(
        found["request_volume"]["not_enough_data"].is_string(),
        "{found}"
    );
    let found = get(&bench, "/api/performance/bottlenecks?service=shop").await;
    has_shape(&found, &json!({"bottlenecks": []}), "bottlenecks");
    let found = get(&bench, "/api/performance/standards?service=shop").await;
    let class = json!({"name": "", "investigate_seconds": 0, "compliance": 0, "budget_left": 0, "p95_seconds": 0});
    has_shape(&found["classes"][0], &class, "class");
    bench.stop().await;
}
