//! What a service judges of itself, asked through real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::connect_info::MockConnectInfo;
use axum::{Router, routing::get};
use plimsoll::standards::Standards;
use plimsoll::{Builder, Monitor};
use serde_json::{Value, json};

use crate::server::{Server, build};

const TOKEN: &str = "a-token-of-the-test";

/// A service whose requests come from `peer`, as its listener would tell.
async fn from(peer: Option<&str>, builder: Builder) -> Server {
    let monitor = build(builder);
    let app = Router::new()
        .route("/orders/{id}", get(|| async { "pear" }))
        .merge(monitor.routes())
        .layer(monitor.layer());
    let app = match peer {
        Some(peer) => {
            let address: SocketAddr = (peer.parse::<std::net::IpAddr>().unwrap(), 4711).into();
            app.layer(MockConnectInfo(address))
        }
        None => app,
    };
    Server::start(&monitor, app).await
}

async fn near() -> Server {
    from(Some("127.0.0.1"), Monitor::builder("shop")).await
}

/// Status, head and body.
async fn send(server: &Server, line: &str, headers: &str, body: &str) -> (u16, String, String) {
    let length = format!("content-length: {}\r\n", body.len());
    let answer = server
        .http1_as("localhost", line, &format!("{headers}{length}"), body)
        .await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.expect("status"), head.to_owned(), body.to_owned())
}

async fn ask(server: &Server, path: &str) -> (u16, Value) {
    let (status, _, body) = send(server, &format!("GET {path}"), "", "").await;
    (status, serde_json::from_str(&body).unwrap_or_default())
}

const JUDGED: [&str; 9] = [
    "/api/performance/load-line",
    "/api/performance/analytics",
    "/api/performance/summary",
    "/api/performance/bottlenecks",
    "/api/performance/resources",
    "/api/performance/routes",
    "/api/performance/alerts",
    "/api/performance/standards",
    "/api/performance/thresholds",
];

#[tokio::test]
async fn every_path_has_its_agreed_fields() {
    let server = near().await;
    send(&server, "GET /orders/1", "", "").await;
    for (path, fields) in JUDGED.iter().zip([
        vec![
            "service", "state", "verdict", "score", "groups", "findings", "fine",
        ],
        vec![
            "timestamp",
            "health_score",
            "alerts",
            "recommendations",
            "cache_performance",
        ],
        vec!["status", "health_score", "active_alerts", "key_metrics"],
        vec!["bottlenecks"],
        vec!["current", "averages", "trend"],
        vec!["routes", "total", "period_minutes"],
        vec!["alerts", "total"],
        vec!["profile", "classes"],
        vec![
            "slow_request_threshold",
            "slow_query_threshold",
            "high_memory_threshold",
            "error_rate_threshold",
        ],
    ]) {
        let (status, answer) = ask(&server, path).await;
        assert_eq!(status, 200, "{path}: {answer}");
        for field in fields {
            assert!(
                answer.get(field).is_some(),
                "{path} lacks {field}: {answer}"
            );
        }
        let (status, _) = ask(&server, &format!("{path}?service=other")).await;
        assert!(
            status == 400 || path.ends_with("alerts") || path.ends_with("thresholds"),
            "{path}"
        );
    }
    let (_, routes) = ask(&server, "/api/performance/routes").await;
    let orders = routes["routes"].as_array().unwrap();
    let orders = orders
        .iter()
        .find(|route| route["route"] == "/orders/{id}")
        .unwrap();
    assert_eq!(
        (&orders["method"], &orders["total_requests"]),
        (&json!("GET"), &json!(1))
    );
}

#[tokio::test]
async fn the_page_is_one_document_that_may_load_nothing_else() {
    let server = near().await;
    let (status, head, body) = send(&server, "GET /performance", "", "").await;
    assert_eq!(status, 200);
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains("content-security-policy: default-src 'none'"),
        "{head}"
    );
    assert!(body.contains("<title>performance</title>") && body.ends_with("</html>\n"));
}

#[tokio::test]
async fn other_machines_see_nothing_without_the_token() {
    let closed = from(Some("10.0.0.7"), Monitor::builder("shop")).await;
    let unknown = from(None, Monitor::builder("shop")).await;
    let locked = from(
        Some("10.0.0.7"),
        Monitor::builder("shop").performance_token(TOKEN),
    )
    .await;
    for path in JUDGED.into_iter().chain(["/performance"]) {
        assert_eq!(ask(&closed, path).await.0, 403, "{path}");
        let (status, problem) = ask(&unknown, path).await;
        assert_eq!(status, 403, "{path}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("into_make_service_with_connect_info"),
            "{detail}"
        );
        let line = format!("GET {path}");
        let (status, head, _) = send(&locked, &line, "", "").await;
        assert_eq!(status, 401, "{path}");
        assert!(
            head.to_ascii_lowercase()
                .contains("www-authenticate: basic"),
            "{head}"
        );
        let shown = format!("authorization: Bearer {TOKEN}\r\n");
        assert_eq!(send(&locked, &line, &shown, "").await.0, 200, "{path}");
    }
    // What was open before is open still.
    for path in ["/health", "/metrics", "/api/performance/metrics"] {
        assert_eq!(ask(&closed, path).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn thresholds_are_put_whole_or_not_at_all() {
    let server = near().await;
    let path = "PUT /api/performance/thresholds";
    let (status, _, body) = send(
        &server,
        path,
        "",
        r#"{"error_rate_threshold": 0.02, "classes": {"read": {"target_seconds": 0.05}}}"#,
    )
    .await;
    assert_eq!(status, 200, "{body}");
    let put: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (
            &put["error_rate_threshold"],
            &put["origins"]["error_rate_threshold"]
        ),
        (&json!(0.02), &json!("put"))
    );
    assert_eq!(
        (
            &put["classes"]["read"]["target_seconds"],
            &put["origins"]["classes.read"]
        ),
        (&json!(0.05), &json!("put"))
    );
    for (body, field) in [
        (
            r#"{"slow_query_threshold": 1, "error_rate_threshold": -1}"#,
            "error_rate_threshold",
        ),
        (
            r#"{"slow_query_threshold": 1, "classes": {"nobody": {"target_seconds": 1}}}"#,
            "classes.nobody.target_seconds",
        ),
    ] {
        let (status, _, problem) = send(&server, path, "", body).await;
        let problem: Value = serde_json::from_str(&problem).unwrap();
        assert_eq!(
            (status, &problem["field"]),
            (400, &json!(field)),
            "{problem}"
        );
    }
    for body in [
        r#"{"slow_thing": 1}"#,
        r#"{"error_rate_threshold": NaN}"#,
        "[1, 2]",
        "",
    ] {
        assert_eq!(send(&server, path, "", body).await.0, 400, "{body}");
    }
    let long = format!(r#"{{"slow_thing": "{}"}}"#, "a".repeat(70_000));
    assert_eq!(send(&server, path, "", &long).await.0, 400);
    let (_, now) = ask(&server, "/api/performance/thresholds").await;
    assert_eq!(
        (&now["slow_query_threshold"], &now["error_rate_threshold"]),
        (&json!(0.1), &json!(0.02))
    );
    let (status, _, _) = send(&server, path, "origin: https://evil.example\r\n", "{}").await;
    assert_eq!(status, 403);
    // Null takes it away again.
    let (_, _, body) = send(&server, path, "", r#"{"error_rate_threshold": null}"#).await;
    let back: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (
            &back["error_rate_threshold"],
            &back["origins"]["error_rate_threshold"]
        ),
        (&json!(0.1), &json!("default"))
    );
}

#[tokio::test]
async fn unknown_alerts_and_odd_questions_are_refused_by_name() {
    let server = near().await;
    assert_eq!(
        send(&server, "POST /api/performance/alerts/7/resolve", "", "")
            .await
            .0,
        404
    );
    for (path, field) in [
        ("alerts?resolved=maybe", "resolved"),
        ("alerts?limit=0", "limit"),
        ("routes?minutes=61", "minutes"),
    ] {
        let (status, problem) = ask(&server, &format!("/api/performance/{path}")).await;
        assert_eq!(
            (status, &problem["field"]),
            (400, &json!(field)),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_service_that_does_not_judge_itself_says_so() {
    let server = from(Some("127.0.0.1"), Monitor::builder("shop").judging(false)).await;
    let (status, problem) = ask(&server, "/api/performance/load-line").await;
    assert_eq!(status, 404);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("does not judge itself")
    );
    assert!(server.monitor.judgement().is_none() && server.monitor.alerts().is_empty());
}

#[tokio::test]
async fn thresholds_of_the_environment_are_judged_by() {
    let monitor = Monitor::builder("shop")
        .build_with([
            ("ERROR_RATE_THRESHOLD", "0.03"),
            ("MAX_CPU_USAGE_PERCENT", "50"),
            ("MAX_MEMORY_USAGE_MB", "77"),
        ])
        .unwrap();
    let standards = monitor.judgement().unwrap().situation.standards;
    let limits = &standards.limits;
    assert_eq!(
        (limits.error_rate, limits.cpu_ratio, limits.memory_mb),
        (0.03, 0.5, 77.0)
    );
}

#[tokio::test]
async fn a_token_that_can_be_guessed_is_refused_and_not_repeated() {
    let short = [("PLIMSOLL_PERFORMANCE_TOKEN", "guess-me")];
    let error = Monitor::builder("shop")
        .build_with(short)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("PLIMSOLL_PERFORMANCE_TOKEN") && error.contains("16"),
        "{error}"
    );
    assert!(!error.contains("guess-me"), "{error}");
    let monitor = build(Monitor::builder("shop").performance_token(TOKEN));
    assert!(!format!("{monitor:?} {:?}", monitor.configuration().entries()).contains(TOKEN));
}

/// Windows close, what is past its line is told, to the listener as well.
#[tokio::test]
async fn a_running_monitor_judges_what_it_measures_and_calls_who_listens() {
    let (sender, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut standards = Standards::default();
    standards.alerts.fire_after = Duration::ZERO;
    let builder = Monitor::builder("shop").standards(standards);
    let monitor = build(builder.on_alert(move |told| sender.send(told.alert.key.clone()).unwrap()));
    let running = tokio::spawn(monitor.run());
    monitor.resource("tiny pool", || 9.0, 3.0);
    assert_eq!(told.recv().await.as_deref(), Some("pool:tiny"));
    let alerts = monitor.alerts();
    assert_eq!(
        (alerts.len(), alerts[0].value, alerts[0].limit),
        (1, Some(9.0), 3.0)
    );
    monitor.close();
    running.await.unwrap();
}

#[tokio::test]
async fn a_threshold_of_0_asks_for_each_to_be_told_and_is_no_line() {
    let zero = [("ERROR_RATE_THRESHOLD", "0")];
    let monitor = Monitor::builder("shop").build_with(zero).unwrap();
    let limits = monitor.judgement().unwrap().situation.standards;
    assert_eq!(limits.limits.error_rate, 0.1);
}
