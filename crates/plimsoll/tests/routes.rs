//! What a monitored service answers about itself, asked through real sockets.

use std::time::Duration;

use axum::http::StatusCode;
use axum::{Router, routing::get};
use plimsoll::health::{Check, Outcome};
use plimsoll::{Builder, Monitor};
use serde_json::{Value, json};

use crate::server::{Server, build, wait_for};

/// A service with one route beside the monitor's, which runs.
async fn service(builder: Builder) -> Server {
    let monitor = build(builder);
    let app = Router::new()
        .route("/orders/{id}", get(|| async { "pear" }))
        .route("/fail", get(|| async { StatusCode::BAD_GATEWAY }))
        .merge(monitor.routes())
        .layer(monitor.layer());
    tokio::spawn(monitor.run());
    if monitor.is_enabled() {
        wait_for("the first sample", || async {
            monitor.resources().ok_or_else(|| "none".to_owned())
        })
        .await;
    }
    Server::start(&monitor, app).await
}

fn shop() -> Builder {
    Monitor::builder("shop").version("1.2")
}

/// Status, head and body of the answer to a GET.
async fn ask(server: &Server, path: &str, headers: &str) -> (u16, String, String) {
    let answer = server.http1(&format!("GET {path}"), headers).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("status");
    (status, head.to_ascii_lowercase(), body.to_owned())
}

async fn ask_json(server: &Server, path: &str) -> (u16, Value) {
    let (status, _, body) = ask(server, path, "").await;
    (
        status,
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")),
    )
}

#[tokio::test]
async fn health_names_five_checks_and_the_time() {
    let server = service(shop()).await;
    for path in ["/health", "/healthz"] {
        let (status, health) = ask_json(&server, path).await;
        assert_eq!(
            (status, &health["status"]),
            (200, &json!("healthy")),
            "{health}"
        );
        let keys: Vec<_> = health.as_object().expect("object").keys().collect();
        assert_eq!(keys, ["checks", "status", "timestamp"]);
        let checks = health["checks"].as_object().expect("object");
        let names: Vec<_> = checks.keys().collect();
        assert_eq!(
            names,
            [
                "cache",
                "database",
                "disk_space",
                "external_services",
                "memory"
            ]
        );
        assert_eq!(checks["database"]["status"], "not_configured");
        assert_eq!(checks["memory"]["status"], "healthy");
        let timestamp = health["timestamp"].as_str().expect("text");
        timestamp.parse::<jiff::Timestamp>().expect("RFC 3339");
    }
}

#[tokio::test]
async fn a_failed_check_degrades_and_a_critical_one_answers_503_but_the_process_lives() {
    let server =
        service(shop().check(Check::new("search", || async { Outcome::failed("gone") }))).await;
    let (status, health) = ask_json(&server, "/health").await;
    assert_eq!((status, &health["status"]), (200, &json!("degraded")));
    assert_eq!(health["checks"]["search"]["message"], "gone");
    assert_eq!(ask_json(&server, "/readyz").await.0, 200);

    let hanging = Check::new("database", std::future::pending::<Outcome>);
    server
        .monitor
        .health()
        .register(hanging.critical().time_out_after(Duration::from_millis(50)));
    let (status, health) = ask_json(&server, "/health").await;
    assert_eq!((status, &health["status"]), (503, &json!("unhealthy")));
    let (status, ready) = ask_json(&server, "/readyz").await;
    assert_eq!((status, &ready["failed"]), (503, &json!(["database"])));
    assert_eq!(ask_json(&server, "/livez").await.0, 200);
}

#[tokio::test]
async fn performance_metrics_have_the_agreed_shape() {
    let server = service(shop()).await;
    for _ in 0..3 {
        ask(&server, "/orders/7", "").await;
    }
    ask(&server, "/fail", "").await;
    ask(&server, "/nowhere", "").await;
    server
        .seen("five requests", |window| window.request_count() == 5)
        .await;
    let (status, answer) = ask_json(&server, "/api/performance/metrics").await;
    assert_eq!(status, 200);
    answer["timestamp"]
        .as_str()
        .expect("text")
        .parse::<jiff::Timestamp>()
        .expect("RFC 3339");
    assert_eq!(answer["period_minutes"], 5);
    let requests = &answer["requests"];
    assert_eq!(
        (&requests["total_requests"], &requests["error_rate"]),
        (&json!(5), &json!(0.2))
    );
    let seconds = |name: &str| {
        requests[name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name} in {requests}"))
    };
    assert!(0.0 < seconds("min_response_time") && seconds("max_response_time") < 5.0);
    assert!(seconds("min_response_time") <= seconds("avg_response_time"));
    assert!(seconds("avg_response_time") <= seconds("max_response_time"));
    let database = json!({
        "total_queries": 0, "avg_query_time": null, "max_query_time": null, "slow_query_count": 0,
    });
    assert_eq!(answer["database"], database);
    for name in ["current_memory_mb", "avg_memory_mb", "max_memory_mb"] {
        let mb = answer["memory"][name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name} in {answer}"));
        assert!((1.0..4_000.0).contains(&mb), "{name} is {mb}");
    }
}

#[tokio::test]
async fn without_requests_counts_are_zero_and_averages_null() {
    let server = service(shop()).await;
    let (_, answer) = ask_json(&server, "/api/performance/metrics?minutes=60").await;
    assert_eq!(answer["period_minutes"], 60);
    assert_eq!(answer["requests"]["total_requests"], 0);
    assert_eq!(answer["requests"]["avg_response_time"], Value::Null);
    assert_eq!(answer["requests"]["error_rate"], Value::Null);
}

#[tokio::test]
async fn wrong_parameters_are_problems_that_name_field_and_value() {
    let server = service(shop()).await;
    for wrong in ["0", "61", "five", "-1", "1.5"] {
        let (status, head, body) = ask(
            &server,
            &format!("/api/performance/metrics?minutes={wrong}"),
            "",
        )
        .await;
        assert_eq!(status, 400, "{wrong}");
        assert!(
            head.contains("content-type: application/problem+json"),
            "{head}"
        );
        let problem: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(
            (&problem["field"], &problem["value"]),
            (&json!("minutes"), &json!(wrong))
        );
    }
    assert_eq!(
        ask(&server, "/api/performance/metrics?service=other", "")
            .await
            .0,
        400
    );
    assert_eq!(
        ask(&server, "/api/performance/metrics?service=shop", "")
            .await
            .0,
        200
    );
    assert_eq!(
        ask(&server, "/api/performance/metrics?minutes=1&minutes=2", "")
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn metrics_come_in_the_format_that_is_asked_for() {
    let server = service(shop()).await;
    ask(&server, "/orders/7", "").await;
    server
        .seen("a request", |window| window.request_count() == 1)
        .await;
    let (status, head, body) = ask(&server, "/metrics", "").await;
    assert!(
        status == 200 && head.contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    let count = "http_server_request_duration_seconds_count{http_request_method=\"GET\",\
                 http_response_status_code=\"200\",http_route=\"/orders/{id}\",url_scheme=\"http\"} 1\n";
    assert!(
        body.contains(count) && body.contains("process_memory_usage_bytes "),
        "{body}"
    );
    let (_, head, body) = ask(
        &server,
        "/metrics",
        "accept: application/openmetrics-text\r\n",
    )
    .await;
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{head}"
    );
    assert!(body.ends_with("# EOF\n"));
}

#[tokio::test]
async fn switched_off_the_service_is_healthy_and_metrics_are_404_and_say_why() {
    let server = service(shop().enabled(false)).await;
    assert_eq!(ask(&server, "/orders/7", "").await.2, "pear");
    let (status, problem) = ask_json(&server, "/metrics").await;
    assert_eq!(status, 404);
    assert!(
        problem["detail"]
            .as_str()
            .expect("text")
            .contains("switched off (set by builder)"),
        "{problem}"
    );
    assert_eq!(ask_json(&server, "/health").await.0, 200);
    assert_eq!(
        ask_json(&server, "/api/performance/metrics").await.1["requests"]["total_requests"],
        0
    );
}

#[tokio::test]
async fn status_says_what_runs_and_what_was_dropped() {
    let monitor = Monitor::builder("shop")
        .version("1.2")
        .build_with([
            ("HIGH_MEMORY_THRESHOLD", "300"),
            ("STATUS_ENDPOINT", "/internal/status"),
        ])
        .expect("builds");
    let server = Server::start(&monitor, Router::new().merge(monitor.routes())).await;
    let (status, answer) = ask_json(&server, "/internal/status").await;
    assert_eq!(status, 200);
    assert_eq!(
        (&answer["service"], &answer["version"]),
        (&json!("shop"), &json!("1.2"))
    );
    assert_eq!(answer["monitoring"]["running"], false);
    let notices = answer["notices"].to_string();
    assert!(
        notices.contains("HIGH_MEMORY_THRESHOLD is an alias")
            && notices.contains("spawn monitor.run()")
    );
    assert!(answer["uptime_seconds"].as_f64().expect("number") >= 0.0);
    assert_eq!(
        answer["dropped"],
        json!({ "routes": 0, "error_types": 0, "runs": 0, "series": 0, "metrics": 0, "windows": 0 })
    );
    assert!(
        answer["recording_memory_limit_bytes"]
            .as_u64()
            .expect("number")
            > 0
    );
    assert_eq!(ask(&server, "/status", "").await.0, 404, "it was moved");
}

#[tokio::test]
async fn routes_join_a_router_with_any_state_and_never_overlap() {
    #[derive(Clone)]
    struct Shop(&'static str);
    let environment = [
        ("HEALTH_ENDPOINT", "/livez"),
        ("METRICS_ENDPOINT", "/livez"),
    ];
    let monitor = Monitor::builder("shop")
        .build_with(environment)
        .expect("builds");
    let name = |axum::extract::State(shop): axum::extract::State<Shop>| async move { shop.0 };
    let app = Router::new()
        .route("/name", get(name))
        .merge(monitor.routes())
        .with_state(Shop("pears"));
    let server = Server::start(&monitor, app).await;
    assert_eq!(ask(&server, "/name", "").await.2, "pears");
    assert!(
        ask_json(&server, "/livez").await.1["checks"].is_object(),
        "the first one configured"
    );
}
