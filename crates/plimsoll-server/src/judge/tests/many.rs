//! Everything breaks at once: ten thousand alerts in one look.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use plimsoll::export::{self, Resource};
use plimsoll::window::{RequestKey, RequestSeries, Window};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Bench, SECOND, SLOT, look};
use crate::meta::alerts::Asked;
use crate::tick;

const SERVICES: usize = 50;
const ROUTES: usize = 200;
const ALERTS: usize = SERVICES * ROUTES;

/// What a receiver got, each as it came.
async fn receiver() -> (String, UnboundedReceiver<Bytes>) {
    let (got, hears) = unbounded_channel();
    let take = async |State(got): State<UnboundedSender<Bytes>>, body: Bytes| {
        got.send(body).unwrap();
    };
    let router = Router::new().route("/hook", post(take)).with_state(got);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, hears)
}

/// A window in which every request of every route fails.
fn fail(bench: &mut Bench) {
    let mut window = Window::empty(bench.now, bench.now + SLOT);
    for route in 0..ROUTES {
        let key = RequestKey {
            route: format!("/r{route}").into(),
            method: "GET",
            status: 500,
            error_type: None,
            run: None,
        };
        let mut series = RequestSeries::default();
        series.duration.record_n(0.01, 50);
        window.requests.insert(key, series);
    }
    bench.now += SLOT;
    for service in 0..SERVICES {
        let resource = Resource {
            service: format!("s{service}"),
            instance: Some("i".into()),
            ..Resource::default()
        };
        let sent = export::request(&window, &resource);
        bench.server.app.otlp.ingest(&sent, bench.now).unwrap();
    }
    look(&bench.server.app, bench.now + 3 * SECOND).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_alerts_at_once_are_kept_and_told_in_a_few_summaries() {
    let (url, mut hears) = receiver().await;
    let config = format!(
        "[[notify]]\nname = \"ops\"\nkind = \"webhook\"\nurl = {url:?}\nrate_per_minute = 600\n"
    );
    let standards = "[alerts]\nfire_after_seconds = 5\n";
    let mut bench = Bench::configured(tick::now() - 2 * SLOT, &config, standards).await;
    fail(&mut bench);
    fail(&mut bench);
    let firing = |limit: usize| {
        let asked = Asked {
            resolved: Some(false),
            limit,
            ..Asked::default()
        };
        bench.server.app.judging.meta().alerts(&asked).unwrap()
    };
    let (alerts, total) = firing(2 * ALERTS);
    assert_eq!((alerts.len(), total), (ALERTS, ALERTS));
    let keys: BTreeSet<_> = alerts.iter().map(|it| (&it.service, &it.key)).collect();
    assert_eq!(keys.len(), ALERTS);
    assert!(alerts.iter().all(|alert| alert.told));

    // What the receiver hears counts each of them, in messages that are few and small.
    let (mut told, mut messages) = (0, 0);
    while told < ALERTS as u64 {
        let body = hears.recv().await.unwrap();
        assert!(body.len() < 256 << 10, "{} bytes", body.len());
        let message: Value = serde_json::from_slice(&body).unwrap();
        told += match message["summary"]["count"].as_u64() {
            Some(count) => count,
            None => message["notices"].as_array().unwrap().len() as u64,
        };
        messages += 1;
    }
    assert_eq!(told, ALERTS as u64);
    // Where writing them all takes longer than notices wait for others, those of a service go together.
    assert!(messages <= SERVICES, "{messages} messages");

    let get = async |path: &str| {
        let answer = reqwest::get(format!("{}{path}", bench.url()))
            .await
            .unwrap();
        let code = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (
            code,
            text.len(),
            serde_json::from_str::<Value>(&text).unwrap(),
        )
    };
    let (code, bytes, answer) = get("/api/performance/alerts?resolved=false&limit=1000").await;
    assert_eq!((code, answer["total"].as_u64()), (200, Some(ALERTS as u64)));
    assert_eq!(answer["alerts"].as_array().unwrap().len(), 1_000);
    assert!(bytes < 2 << 20, "{bytes} bytes");
    let (code, ..) = get("/api/performance/alerts?limit=1001").await;
    assert_eq!(code, 400);
    let (code, bytes, _) = get("/api/performance/analytics").await;
    assert_eq!(code, 200);
    assert!(bytes < 1 << 20, "{bytes} bytes");

    // What goes on is told no second time.
    fail(&mut bench);
    let asked = Asked {
        limit: 1,
        ..Asked::default()
    };
    let (_, total) = bench.server.app.judging.meta().alerts(&asked).unwrap();
    assert_eq!(total, ALERTS);
    assert!(bench.server.app.judging.untold.lock().is_empty());
    bench.server.stop().await;
    assert!(hears.try_recv().is_err(), "told again");
}
