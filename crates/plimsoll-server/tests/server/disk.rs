//! The disk is full or fails while the server runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Server, now, read};
use crate::store::powercut;

/// A server whose writes below its data folder can be made to fail.
struct Failing {
    base: TempDir,
    server: Server,
}

impl Failing {
    fn start(config: &str) -> Failing {
        let base = tempfile::tempdir().unwrap();
        let shim = powercut::build(base.path());
        let (data, file) = (base.path().join("data"), base.path().join("plimsoll.toml"));
        fs::create_dir(&data).unwrap();
        fs::write(&file, config).unwrap();
        let text = |path: &PathBuf| path.to_str().unwrap().to_owned();
        let server = Server::start_as(
            &data,
            &["--config", &text(&file)],
            &[
                ("LD_PRELOAD", &text(&shim)),
                ("SHIM_DIR", &text(&data)),
                ("SHIM_CONTROL", &text(&base.path().join("control"))),
            ],
        );
        Failing { base, server }
    }

    /// What fails from now on: `f` writes for lack of room, `s` syncs, nothing else.
    fn fail(&self, what: &str) {
        fs::write(self.base.path().join("control"), what).unwrap();
    }

    /// Stops it and starts it on the same folder.
    fn again(self) -> (TempDir, Server) {
        assert!(self.server.stop().success());
        let server = Server::start(&self.base.path().join("data"));
        (self.base, server)
    }
}

/// Sends one row in line protocol and one by OTLP; the two answers must tell the same.
async fn send(server: &Server, n: i64) -> (StatusCode, Value) {
    let metrics = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "sent", "gauge": {
        "dataPoints": [{"timeUnixNano": now().to_string(), "asInt": n.to_string()}]}}]}]}]});
    let request = server.request(Method::POST, "/v1/metrics");
    let request = request.header("content-type", "application/json");
    let (by_otlp, answer) = read(request.body(metrics.to_string())).await;
    let (by_line, problem) = server.post("/write", format!("m n={n}i {}", now())).await;
    if by_line == StatusCode::NO_CONTENT {
        assert_eq!(by_otlp, StatusCode::OK, "{answer}");
    } else {
        assert_eq!(
            (by_otlp, &answer["detail"]),
            (by_line, &problem["detail"]),
            "{answer}"
        );
    }
    (by_line, problem)
}

/// The numbers that `send` sent and the server has: by line protocol, by OTLP.
async fn kept(server: &Server) -> [Vec<i64>; 2] {
    let mut kept = [vec![], vec![]];
    for (at, (measurement, field)) in [("m", "n"), ("sent", "value")].into_iter().enumerate() {
        let query = json!({"measurement": measurement, "fields": [field]});
        let path = format!("/api/v1/measurements/{measurement}");
        if server.get(&path).await.0 == StatusCode::NOT_FOUND {
            continue;
        }
        let rows = server.rows(query).await;
        kept[at].extend(rows.iter().map(|row| row[1].as_f64().unwrap() as i64));
    }
    kept
}

/// Asks for its health until the check says so; the report may be a second old.
async fn wait_for_health(server: &Server, check: &str, says: &str) -> (StatusCode, Value) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let (status, health) = server.get("/health").await;
        if health["checks"][check].to_string().contains(says) {
            return (status, health);
        }
        assert!(Instant::now() < deadline, "{health}");
    }
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_is_named_until_there_is_room() {
    let failing = Failing::start("");
    let server = &failing.server;
    assert_eq!(send(server, 1).await.0, StatusCode::NO_CONTENT);
    failing.fail("f");
    for n in 2..5 {
        let (status, problem) = send(server, n).await;
        assert_eq!(status, StatusCode::INSUFFICIENT_STORAGE, "{problem}");
        assert_eq!(problem["code"], "disk_full", "{problem}");
    }
    assert_eq!(kept(server).await, [[1], [1]], "reading goes on");
    let (status, health) = wait_for_health(server, "database", "the disk is full").await;
    assert_eq!(status, StatusCode::OK, "no reason for a restart: {health}");
    assert_eq!(health["status"], "degraded", "{health}");
    failing.fail("");
    assert_eq!(send(server, 5).await.0, StatusCode::NO_CONTENT);
    wait_for_health(server, "database", "\"healthy\"").await;
    let (_base, server) = failing.again();
    assert_eq!(kept(&server).await, [[1, 5], [1, 5]]);
}

#[tokio::test]
async fn a_failed_sync_refuses_writes_and_the_next_ones_work() {
    let failing = Failing::start("");
    let server = &failing.server;
    assert_eq!(send(server, 1).await.0, StatusCode::NO_CONTENT);
    failing.fail("s");
    let (status, problem) = send(server, 2).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
    assert_eq!(problem["detail"], "store unavailable", "{problem}");
    assert_eq!(kept(server).await, [[1], [1]], "reading goes on");
    failing.fail("");
    assert_eq!(send(server, 3).await.0, StatusCode::NO_CONTENT);
    assert_eq!(kept(server).await, [[1, 3], [1, 3]]);
    let (_base, server) = failing.again();
    assert_eq!(kept(&server).await, [[1, 3], [1, 3]]);
}

#[tokio::test]
async fn what_cannot_be_sealed_for_lack_of_room_makes_nobody_restart_the_server() {
    let failing = Failing::start("[store]\nseal_secs = 1\n");
    let server = &failing.server;
    assert_eq!(send(server, 1).await.0, StatusCode::NO_CONTENT);
    failing.fail("f");
    // The tick comes every five seconds.
    let deadline = Instant::now() + Duration::from_secs(8);
    while Instant::now() < deadline {
        let (status, health) = server.get("/health").await;
        assert_eq!(status, StatusCode::OK, "{health}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Needs root to mount a small file system.
#[tokio::test]
async fn on_a_disk_that_is_really_full_writes_recover_when_something_is_removed() {
    let base = tempfile::tempdir().unwrap();
    let disk = base.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=12m", "tmpfs"])
        .arg(&disk)
        .output();
    if !mount.is_ok_and(|mount| mount.status.success()) {
        eprintln!("not run: this user cannot mount a file system");
        return;
    }
    let _mounted = Mounted(&disk);
    let server = Server::start(&disk.join("data"));
    let write = async |n: i64| server.post("/write", format!("m n={n}i {}", now())).await;
    let ballast = disk.join("ballast");
    assert!(
        fs::write(&ballast, vec![1; 16 << 20]).is_err(),
        "it is full"
    );
    // The last page of the journal still takes some.
    let mut expected = Vec::new();
    let problem = loop {
        match write(expected.len() as i64).await {
            (StatusCode::NO_CONTENT, _) => expected.push(expected.len() as i64),
            (status, problem) => {
                assert_eq!(status, StatusCode::INSUFFICIENT_STORAGE, "{problem}");
                break problem;
            }
        }
    };
    assert_eq!(problem["code"], "disk_full", "{problem}");
    assert_eq!(kept(&server).await[0], expected, "reading goes on");
    wait_for_health(&server, "database", "the disk is full").await;
    fs::remove_file(&ballast).unwrap();
    assert_eq!(write(-1).await.0, StatusCode::NO_CONTENT);
    expected.push(-1);
    assert_eq!(kept(&server).await[0], expected);
    wait_for_health(&server, "database", "\"healthy\"").await;
}

/// A file system that goes with the test; its server must be gone before.
struct Mounted<'a>(&'a Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}
