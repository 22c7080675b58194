//! A real service with the library's layer, exporting to the real server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use plimsoll::Monitor;

use crate::server::Server;

/// Seconds of every request, by route and status, as the service itself measured them.
type Timings = Arc<Mutex<BTreeMap<(String, u16), Vec<f64>>>>;

async fn show(Path(id): Path<u64>) -> StatusCode {
    tokio::time::sleep(Duration::from_millis(20 + id % 60)).await;
    if id % 10 == 7 {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    }
}

async fn timed(State(timings): State<Timings>, request: Request, next: Next) -> Response {
    let route = if request.uri().path().starts_with("/orders/") {
        "/orders/{id}"
    } else {
        "<unmatched>"
    };
    let begun = Instant::now();
    let response = next.run(request).await;
    let key = (route.to_owned(), response.status().as_u16());
    timings
        .lock()
        .expect("no panic")
        .entry(key)
        .or_default()
        .push(begun.elapsed().as_secs_f64());
    response
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_service_answers_is_what_the_server_tells() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    let monitor = Monitor::builder("orders-api")
        .version("2.0")
        .instance("i1")
        .export_to(&server.url)
        .build_with(std::iter::empty::<(&str, &str)>())
        .unwrap();
    let timings = Timings::default();
    let app = Router::new()
        .route("/orders/{id}", get(show))
        .layer(monitor.layer())
        .layer(middleware::from_fn_with_state(timings.clone(), timed));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = tokio::spawn(async move { axum::serve(listener, app).await });
    let running = tokio::spawn(monitor.run());

    let client = reqwest::Client::new();
    let clients = (0..10_u64).map(|first| {
        let client = client.clone();
        tokio::spawn(async move {
            for id in (first..300).step_by(10) {
                let path = if id % 50 == 49 {
                    "nothing".to_owned()
                } else {
                    format!("orders/{id}")
                };
                let answer = client
                    .get(format!("http://{address}/{path}"))
                    .send()
                    .await
                    .unwrap();
                answer.bytes().await.unwrap();
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    service.abort();
    monitor.close();
    running.await.unwrap();

    let (status, answer) = server
        .get("/api/performance/routes?service=orders-api")
        .await;
    assert!(status.is_success(), "{answer}");
    let timings = timings.lock().unwrap().clone();
    let told = answer["routes"].as_array().unwrap();
    assert_eq!(told.len(), timings.len(), "{answer}");
    for row in told {
        let key = (
            row["route"].as_str().unwrap().to_owned(),
            row["status"].as_u64().unwrap() as u16,
        );
        let mut seconds = timings[&key].clone();
        assert_eq!(row["total_requests"], seconds.len(), "{key:?}");
        assert_eq!(row["bodies_ended"], seconds.len(), "{key:?}");
        if key.0 == "<unmatched>" {
            continue;
        }
        seconds.sort_by(f64::total_cmp);
        // The two clocks start and stop at different moments: a thread that has to wait between them can move a request
        // past its neighbour, so the ranks beside the 95th percentile's bound the answer.
        let rank = (seconds.len() as f64 * 0.95).ceil() as usize - 1;
        let least = seconds[rank - 1] * (1.0 - 0.022);
        let most = seconds[(rank + 1).min(seconds.len() - 1)] * (1.0 + 0.022);
        let p95 = row["p95_seconds"].as_f64().unwrap();
        assert!(
            (least..=most).contains(&p95),
            "p95 of {key:?} is {p95}, not within {least} to {most}"
        );
    }
    let (_, metrics) = server
        .get("/api/performance/metrics?service=orders-api")
        .await;
    assert_eq!(metrics["requests"]["total_requests"], 300);
    assert_eq!(metrics["requests"]["errors"], 30);
    assert_eq!(metrics["sources"], serde_json::json!(["library"]));
    assert!(
        metrics["memory"]["current_memory_mb"].as_f64().unwrap() > 1.0,
        "{metrics}"
    );
    let (_, resources) = server
        .get("/api/performance/resources?service=orders-api")
        .await;
    assert!(
        resources["current"]["process_memory_rss_bytes"]
            .as_f64()
            .unwrap()
            > 1e6,
        "{resources}"
    );
}
