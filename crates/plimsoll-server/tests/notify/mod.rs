//! Alerts are told: the real binary, real receivers and a real mail server.

mod channels;
mod delivery;
mod hostile;
mod killed;
mod mail;
mod outage;
mod receiver;
mod secrets;

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_server::config::Layers;
use plimsoll_server::meta::Meta;
use plimsoll_server::notify::notice::{AlertType, Kind, Notice, Unit};
use plimsoll_server::notify::{Outbox, Severity};
use serde_json::Value;

use crate::server::targets::until;
use crate::server::{Server, now};

/// A channel: its name, its kind and further lines. Notices go at once.
fn channel(name: &str, kind: &str, more: &str) -> String {
    let wait = match kind {
        "pagerduty" | "log" => "",
        _ => "group_wait_seconds = 0\n",
    };
    format!("[[notify]]\nname = {name:?}\nkind = {kind:?}\n{wait}{more}\n")
}

/// A folder with a configuration, whose outbox can be filled while no server has it.
struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    fn new(channels: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("data")).unwrap();
        std::fs::write(dir.path().join("plimsoll.toml"), channels).unwrap();
        Self { dir }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn config(&self) -> String {
        self.dir.path().join("plimsoll.toml").display().to_string()
    }

    /// The outbox, as the server opens it.
    fn outbox(&self) -> Outbox {
        let text = std::fs::read_to_string(self.config()).unwrap();
        let mut layers = Layers::defaults();
        layers.file(Path::new("plimsoll.toml"), &text).unwrap();
        let channels = layers.config().unwrap().notify;
        let meta = Meta::open(&self.path().join("data"), now()).unwrap();
        Outbox::open(meta, &channels).unwrap()
    }

    fn put(&self, notices: &[Notice]) {
        self.outbox().put(notices, now()).unwrap();
    }

    fn start(&self) -> Server {
        Server::start_with(&self.path().join("data"), &["--config", &self.config()])
    }
}

/// An alert of shop's that begins.
fn firing(alert: &str) -> Notice {
    Notice {
        alert: alert.to_owned(),
        transition: 1,
        kind: Kind::Firing,
        service: "shop".to_owned(),
        alert_type: AlertType::SlowRequest,
        severity: Severity::High,
        message: "write p95 1.51 s, its line 0.70 s".to_owned(),
        cause: "It asks for stock <once> per item & more.".to_owned(),
        action: "Ask once:".to_owned(),
        fix: Some("SELECT … WHERE id = ANY($1)".to_owned()),
        threshold: Some(0.7),
        current_value: Some(1.51),
        unit: Unit::Seconds,
        labels: BTreeMap::from([
            ("class".to_owned(), "write".to_owned()),
            ("route".to_owned(), "POST /orders".to_owned()),
        ]),
        since: now() - 60_000_000_000,
        timestamp: now(),
        link: Some("http://127.0.0.1:1876/services/shop".to_owned()),
    }
}

fn over(alert: &str) -> Notice {
    Notice {
        transition: 2,
        kind: Kind::Resolved,
        ..firing(alert)
    }
}

/// How a channel does.
async fn status(server: &Server, name: &str) -> Value {
    let (code, answer) = server.get("/api/performance/channels").await;
    assert_eq!(code, 200, "{answer}");
    let channels = answer["channels"].as_array().expect("channels");
    let found = channels.iter().find(|channel| channel["name"] == name);
    found
        .unwrap_or_else(|| panic!("no {name}: {answer}"))
        .clone()
}

/// How a channel does once `done` says so.
async fn status_when(server: &Server, name: &str, done: impl Fn(&Value) -> bool) -> Value {
    until(&format!("{name} is told"), async || {
        let found = status(server, name).await;
        match done(&found) {
            true => Ok(found),
            false => Err(found.to_string()),
        }
    })
    .await
}

/// The notices of the outbox in one state.
async fn outbox(server: &Server, state: &str) -> Vec<Value> {
    let (code, answer) = server
        .get(&format!("/api/performance/outbox?state={state}"))
        .await;
    assert_eq!(code, 200, "{answer}");
    answer["notices"].as_array().expect("notices").clone()
}
