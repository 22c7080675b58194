//! A server under generated time: windows come as OTLP, judgement reads them from the store.

mod clocks;
mod levels;
mod many;

use plimsoll::alert::Severity;
use plimsoll::export::{self, Resource};
use plimsoll::window::{Gauge, RequestKey, RequestSeries, Window};

use super::run::look;
use super::{book, judgement, replay};
use crate::app::Server;
use crate::config::{Layers, Source};
use crate::meta::alerts::{Alert, Asked};
use crate::meta::silences::Silence;
use crate::state::AppState;
use crate::store::table::Nanos;
use crate::tick;

const SECOND: Nanos = 1_000_000_000;
const SLOT: Nanos = 10 * SECOND;

/// A server whose judge is asked by hand.
pub(crate) struct Bench {
    pub(crate) server: Server,
    dir: tempfile::TempDir,
    /// End of the last window.
    pub(crate) now: Nanos,
    version: &'static str,
    revision: Option<&'static str>,
    /// Of the requests that pass.
    pub(crate) route: &'static str,
    /// Share of the disk that windows tell of.
    disk: Option<f64>,
}

async fn start(dir: &tempfile::TempDir) -> Server {
    let mut layers = Layers::defaults();
    let file = dir.path().join("plimsoll.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    layers.file(&file, &text).unwrap();
    let data = dir.path().join("data");
    for (key, value) in [
        ("store.dir", &*data.to_string_lossy()),
        ("server.listen", "127.0.0.1:0"),
        ("server.grpc_hint_port", "0"),
        ("judge.enabled", "false"),
        ("store.raw_days", "60"),
        (
            "judge.standards_file",
            &*dir.path().join("standards.toml").to_string_lossy(),
        ),
    ] {
        layers.set(key, value, Source::Flag("--test")).unwrap();
    }
    Server::start(layers.config().unwrap()).await.unwrap()
}

impl Bench {
    pub(crate) async fn new() -> Self {
        // Yesterday: nothing else of this server is there.
        Self::begin(tick::now() - 86_400 * SECOND).await
    }

    /// One whose first window began so many windows ago.
    pub(crate) async fn just_now(windows: i64) -> Self {
        Self::begin(tick::now() - windows * SLOT).await
    }

    /// The same with these lines of configuration.
    pub(crate) async fn just_now_with(windows: i64, config: &str) -> Self {
        Self::configured(tick::now() - windows * SLOT, config, "").await
    }

    async fn begin(now: Nanos) -> Self {
        Self::configured(now, "", "").await
    }

    /// One with these lines of configuration, and these standards.
    pub(crate) async fn configured(now: Nanos, config: &str, standards: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("plimsoll.toml", config);
        write("standards.toml", standards);
        let server = start(&dir).await;
        Self {
            server,
            dir,
            now: now.div_euclid(SLOT) * SLOT,
            version: "1.0",
            revision: None,
            route: "/orders",
            disk: None,
        }
    }

    /// Stops the server and starts another one on its folder.
    pub(crate) async fn restarted(self) -> Self {
        self.server.stop().await;
        let server = start(&self.dir).await;
        Self { server, ..self }
    }

    /// One whose first window began so many days ago.
    pub(super) async fn days_ago(days: i64) -> Self {
        Self::begin(tick::now() - (days * 86_400 + 600) * SECOND).await
    }

    /// Lets hours pass in each of which one window tells how full the disk is; nobody looks.
    pub(super) fn hours(&mut self, hours: usize, disk: impl Fn(usize) -> f64) {
        for hour in 0..hours {
            self.disk = Some(disk(hour));
            let begun = self.now;
            self.now += SLOT;
            self.send(&Window::empty(begun, begun + SLOT));
            self.now = begun + 3_600 * SECOND;
        }
    }

    pub(super) fn app(&self) -> &AppState {
        &self.server.app
    }

    pub(crate) fn url(&self) -> &str {
        &self.server.url
    }

    pub(crate) async fn stop(self) {
        self.server.stop().await;
    }

    /// Lets windows pass in each of which a route answers so slowly, with so many errors.
    pub(crate) fn pass(&mut self, windows: usize, secs: f64, requests: u64, errors: u64) {
        let route = self.route;
        self.pass_with(windows, |window| {
            for (status, count) in [(200, requests - errors), (500, errors)] {
                let key = RequestKey {
                    route: route.into(),
                    method: "GET",
                    status,
                    error_type: None,
                    run: None,
                };
                let mut series = RequestSeries::default();
                series.duration.record_n(secs, count);
                window.requests.insert(key, series);
            }
        });
    }

    /// Lets windows pass, each filled in the same way.
    pub(super) fn pass_with(&mut self, windows: usize, fill: impl Fn(&mut Window)) {
        for _ in 0..windows {
            let mut window = Window::empty(self.now, self.now + SLOT);
            fill(&mut window);
            self.now += SLOT;
            self.send(&window);
            look(&self.server.app, self.now + 13 * SECOND).unwrap();
        }
    }

    /// Lets time pass in which nothing comes.
    fn wait(&mut self, windows: usize) {
        for _ in 0..windows {
            self.now += SLOT;
            look(&self.server.app, self.now + 13 * SECOND).unwrap();
        }
    }

    /// Takes a window of the shop as it is, and what is known of the disk; nothing is judged by it.
    pub(crate) fn send(&self, window: &Window) {
        let resource = Resource {
            service: "shop".into(),
            instance: Some(format!("i-{}", self.version)),
            version: Some(self.version.into()),
            revision: self.revision.map(str::to_owned),
            ..Resource::default()
        };
        let mut window = window.clone();
        if let Some(disk) = self.disk {
            window.resources.get_or_insert_default().system_disk = Gauge::of(disk, 1);
        }
        let sent = export::request(&window, &resource);
        let taken = self.server.app.otlp.ingest(&sent, self.now).unwrap();
        assert_eq!(taken.refusals.points, 0, "{}", taken.refusals.message());
    }

    /// What is sent from now on is of another version.
    pub(crate) fn deploy(&mut self, version: &'static str) {
        self.version = version;
    }

    /// End of the last window.
    pub(crate) fn now(&self) -> Nanos {
        self.now
    }

    pub(super) fn alerts(&self, resolved: bool) -> Vec<Alert> {
        let asked = Asked {
            resolved: Some(resolved),
            service: Some("shop".into()),
            limit: 100,
            ..Asked::default()
        };
        self.server.app.judging.meta().alerts(&asked).unwrap().0
    }

    fn firing(&self) -> Vec<String> {
        let mut keys: Vec<String> = self
            .alerts(false)
            .into_iter()
            .map(|alert| alert.key)
            .collect();
        keys.sort();
        keys
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slowdown_is_kept_as_an_alert_that_says_what_and_ends_when_it_is_over() {
    let mut bench = Bench::new().await;
    bench.pass(30, 0.1, 50, 0);
    assert_eq!(bench.firing(), [] as [&str; 0]);
    bench.pass(12, 0.9, 50, 0);
    let alerts = bench.alerts(false);
    let slow = alerts
        .iter()
        .find(|alert| alert.key == "class:read")
        .unwrap();
    assert_eq!(
        (slow.kind.as_str(), slow.severity, slow.unit.as_str()),
        ("slow_request", Severity::Medium, "s")
    );
    assert!(
        slow.message.starts_with("GET /orders runs"),
        "{}",
        slow.message
    );
    assert!(
        (slow.value.unwrap() / 0.9 - 1.0).abs() < 0.02,
        "{:?}",
        slow.value
    );
    assert_eq!(slow.line, 0.5);
    assert!(slow.fired - slow.since >= 60 * SECOND);
    let judged = judgement::of(&bench.server.app, "shop", bench.now).unwrap();
    assert!(
        judged
            .findings
            .iter()
            .any(|finding| finding.id == "class:read")
    );
    bench.pass(20, 0.1, 50, 0);
    assert!(!bench.firing().contains(&"class:read".to_owned()));
    let over = bench.alerts(true);
    assert_eq!(
        over.iter()
            .find(|alert| alert.key == "class:read")
            .unwrap()
            .resolved_by
            .as_deref(),
        Some("itself")
    );
    bench.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_resolved_by_hand_fires_anew_while_its_breach_goes_on() {
    let mut bench = Bench::new().await;
    bench.pass(20, 0.1, 50, 20);
    let first = bench.alerts(false)[0].clone();
    assert_eq!(first.key, "errors:GET /orders");
    assert!(first.severity >= Severity::High);
    let app = &bench.server.app;
    let over = book::resolve(app, first.id, "ines", bench.now)
        .unwrap()
        .unwrap();
    assert_eq!(over.resolved_by.as_deref(), Some("ines"));
    assert_eq!(book::resolve(app, 9_999, "ines", bench.now).unwrap(), None);
    bench.pass(5, 0.1, 50, 20);
    assert_eq!(bench.firing(), [] as [&str; 0]);
    bench.pass(4, 0.1, 50, 20);
    let again = bench.alerts(false);
    assert_eq!(
        (again.len(), again[0].key.as_str()),
        (1, "errors:GET /orders")
    );
    assert!(again[0].id > first.id);
    bench.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_goes_on_where_alerts_were() {
    let mut bench = Bench::new().await;
    bench.pass(20, 0.1, 50, 20);
    let before = bench.alerts(false);
    let mut bench = bench.restarted().await;
    bench.pass(12, 0.1, 50, 20);
    // The same alert, not one more.
    assert_eq!(bench.alerts(false), before);
    bench.pass(20, 0.1, 50, 0);
    assert_eq!(bench.firing(), [] as [&str; 0]);
    bench.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_silent_fires_and_is_told_when_the_silence_is_over() {
    let mut bench = Bench::new().await;
    let silence = Silence {
        id: 0,
        service: Some("shop".into()),
        key: None,
        severity: None,
        starts: bench.now,
        ends: bench.now + 300 * SECOND,
        weekly: false,
        reason: "maintenance".into(),
        created: bench.now,
        created_by: None,
    };
    bench.server.app.judging.meta().silence(&silence).unwrap();
    bench.pass(20, 0.1, 50, 20);
    assert!(bench.alerts(false).iter().all(|alert| !alert.told));
    bench.pass(12, 0.1, 50, 20);
    assert!(bench.alerts(false).iter().all(|alert| alert.told));
    bench.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_is_seen_by_its_version_and_named() {
    let mut bench = Bench::new().await;
    bench.pass(30, 0.1, 50, 0);
    bench.version = "1.1";
    bench.pass(15, 0.9, 50, 0);
    let deploys = bench
        .server
        .app
        .judging
        .meta()
        .deploys(Some("shop"), 0, 10)
        .unwrap();
    assert_eq!(
        (
            deploys.len(),
            deploys[0].version.as_str(),
            deploys[0].source.as_str()
        ),
        (1, "1.1", "seen")
    );
    let slow = bench
        .alerts(false)
        .into_iter()
        .find(|alert| alert.key == "class:read")
        .unwrap();
    assert!(
        slow.message.contains("since deploy 1.1"),
        "{}",
        slow.message
    );
    bench.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_commit_of_the_same_version_is_a_deploy_that_alerts_name() {
    let mut bench = Bench::new().await;
    bench.revision = Some("0d1e2f3a4b5c6d7e8f90");
    bench.pass(30, 0.1, 50, 0);
    bench.revision = Some("a1f3c9e0b1c2d3e4f5a6");
    bench.pass(15, 0.9, 50, 0);
    let meta = bench.server.app.judging.meta();
    let deploys = meta.deploys(Some("shop"), 0, 10).unwrap();
    assert_eq!(deploys.len(), 1, "{deploys:?}");
    assert_eq!(deploys[0].version, "1.0");
    assert_eq!(deploys[0].revision.as_deref(), Some("a1f3c9e0b1c2d3e4f5a6"));
    let alerts = bench.alerts(false);
    let slow = alerts.iter().find(|alert| alert.key == "class:read");
    let message = &slow.unwrap().message;
    assert!(message.contains("since deploy 1.0 (a1f3c9e)"), "{message}");
    bench.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_tells_how_often_other_thresholds_would_have_fired() {
    let mut bench = Bench::new().await;
    for _ in 0..2 {
        bench.pass(60, 0.05, 50, 0);
        bench.pass(60, 0.3, 50, 0);
    }
    bench.pass(60, 0.05, 50, 0);
    let app = &bench.server.app;
    let replayed = |line: Option<f64>| {
        let name = "classes.read.investigate_seconds".to_owned();
        let target = "classes.read.target_seconds".to_owned();
        let acceptable = "classes.read.acceptable_seconds".to_owned();
        let changes = line.map(|line| {
            [
                (name, Some(line)),
                (target, Some(line / 5.0)),
                (acceptable, Some(line / 2.0)),
            ]
        });
        let changes = changes.into_iter().flatten().collect();
        let (_, standards) = app.judging.in_force.with(&changes).unwrap();
        let told = replay::replay(
            &app.store,
            standards,
            Some("shop"),
            1,
            bench.now + 60 * SECOND,
        )
        .unwrap();
        serde_json::to_value(told).unwrap()
    };
    assert_eq!(replayed(None)["firings"], 0);
    let stricter = replayed(Some(0.2));
    let slow = stricter["by_key"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["key"] == "class:read");
    assert_eq!(slow.unwrap()["count"], 2, "{stricter}");
    // What was tried is not in force.
    assert_eq!(
        app.judging
            .in_force
            .standards()
            .class("read")
            .unwrap()
            .bands
            .investigate,
        0.5
    );
    bench.server.stop().await;
}
