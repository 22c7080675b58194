//! Starting, stopping, configuring.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{Server, now, outcome, plimsoll};

#[tokio::test(flavor = "multi_thread")]
async fn stopping_under_load_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let server = Arc::new(Server::start(dir.path()));
    let stopping = Arc::new(AtomicBool::new(false));
    let start = now() - 60_000_000_000;
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (server, stopping) = (server.clone(), stopping.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for row in 0_i64.. {
                    let line = format!("m,writer=w{writer} n={row}i {}", start + row);
                    match server
                        .request(Method::POST, "/write")
                        .body(line)
                        .send()
                        .await
                    {
                        Ok(answer) if answer.status() == StatusCode::NO_CONTENT => {
                            acknowledged.push(row)
                        }
                        _ if stopping.load(Ordering::Relaxed) => break,
                        other => panic!("refused before the stop: {other:?}"),
                    }
                }
                acknowledged
            })
        })
        .collect();
    let enough = Instant::now() + Duration::from_secs(20);
    let count = json!({"measurement": "m", "fields": [{"name": "n", "aggregate": "count"}]});
    loop {
        let rows = server.rows(count.clone()).await;
        if rows.first().is_some_and(|row| row[1].as_u64() > Some(100)) {
            break;
        }
        assert!(Instant::now() < enough, "nothing is written");
    }
    stopping.store(true, Ordering::Relaxed);
    let told = Instant::now();
    server.terminate();
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.push(writer.await.unwrap());
    }
    let server = Arc::into_inner(server).expect("the writers are gone");
    assert!(server.stop_after_term().success());
    assert!(
        told.elapsed() < Duration::from_secs(5),
        "{:?}",
        told.elapsed()
    );

    let server = Server::start(dir.path());
    for (writer, rows) in acknowledged.iter().enumerate() {
        let query = json!({"measurement": "m", "fields": ["n"], "filter": {"writer": format!("w{writer}")},
            "limit": 100_000});
        let found: Vec<i64> = server
            .rows(query)
            .await
            .iter()
            .map(|row| row[1].as_i64().unwrap())
            .collect();
        assert!(found.len() >= rows.len());
        assert_eq!(found[..rows.len()], rows[..]);
    }
}

#[test]
fn the_shipped_example_is_a_good_configuration() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plimsoll.example.toml");
    let output = plimsoll()
        .args(["serve", "--check", "--config", example])
        .output()
        .unwrap();
    assert_eq!(
        outcome(output),
        (0, "the configuration is good\n".to_owned(), String::new())
    );
}

#[test]
fn the_shipped_example_names_every_setting_with_its_default() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plimsoll.example.toml");
    let settings = |flags: &[&str]| -> Vec<String> {
        let (code, out, error) = outcome(
            plimsoll()
                .args(["config", "print"])
                .args(flags)
                .output()
                .unwrap(),
        );
        assert_eq!(code, 0, "{error}");
        out.lines()
            .map(|line| {
                line.split('#')
                    .next()
                    .unwrap_or_default()
                    .trim_end()
                    .to_owned()
            })
            .collect()
    };
    assert_eq!(settings(&["--config", example]), settings(&[]));
    let (_, out, _) = outcome(
        plimsoll()
            .args(["config", "print", "--config", example])
            .output()
            .unwrap(),
    );
    let defaults: Vec<&str> = out
        .lines()
        .filter(|line| line.ends_with("# default"))
        .collect();
    assert_eq!(defaults, [""; 0], "the example lacks these");
}

#[test]
fn a_wrong_configuration_is_named_with_line_and_nearest_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("wrong.toml");
    std::fs::write(&file, "[store]\nmax_serie = 3\n").unwrap();
    let output = plimsoll()
        .args(["serve", "--check", "--config"])
        .arg(&file)
        .output()
        .unwrap();
    let (code, _, error) = outcome(output);
    assert_eq!(code, 1);
    assert!(error.contains("wrong.toml line 2"), "{error}");
    assert!(error.contains("did you mean `max_series`?"), "{error}");
}

#[test]
fn standards_that_cannot_be_used_are_named_before_the_server_starts() {
    let dir = tempfile::tempdir().unwrap();
    let standards = dir.path().join("standards.toml");
    std::fs::write(&standards, "[classes.read]\ninvestigate_ms = -3\n").unwrap();
    let mut command = plimsoll();
    command.args(["serve", "--check"]);
    command.env("PLIMSOLL_JUDGE_STANDARDS_FILE", &standards);
    let (code, _, error) = outcome(command.output().unwrap());
    assert_eq!(code, 1);
    assert!(
        error.contains("standards.toml line 2: `classes.read.investigate_ms`"),
        "{error}"
    );
}

#[test]
fn each_effective_value_says_where_it_came_from() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("plimsoll.toml");
    std::fs::write(&file, "[store]\nraw_days = 3\n").unwrap();
    let mut command = plimsoll();
    command
        .args(["config", "print", "--data", "/elsewhere", "--config"])
        .arg(&file);
    command.env("PLIMSOLL_STORE_MAX_SERIES", "77");
    let (code, out, error) = outcome(command.output().unwrap());
    assert_eq!(code, 0, "{error}");
    let line = |name: &str| {
        out.lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_default()
            .to_owned()
    };
    assert!(
        line("raw_days = 3 ").ends_with(&format!("# {} line 2", file.display())),
        "{out}"
    );
    assert!(
        line("max_series").ends_with("# environment PLIMSOLL_STORE_MAX_SERIES"),
        "{out}"
    );
    assert!(line("dir = ").ends_with("# flag --data"), "{out}");
    assert!(line("hourly_days = 30 ").ends_with("# default"), "{out}");
}

#[test]
fn wrong_usage_is_told_apart_from_errors() {
    for arguments in [&["serve", "--lisen", "x"][..], &["sail"], &[]] {
        let (code, _, error) = outcome(plimsoll().args(arguments).output().unwrap());
        assert_eq!(code, 2, "{arguments:?}: {error}");
    }
    let (code, out, _) = outcome(plimsoll().args(["serve", "--help"]).output().unwrap());
    assert_eq!(code, 0);
    assert!(out.contains("Examples:"), "{out}");
}

#[tokio::test]
async fn the_server_tells_how_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path());
    for path in ["/health", "/healthz", "/api/v1/health"] {
        let (status, health) = server.get(path).await;
        assert_eq!(
            (status, health["status"].as_str()),
            (StatusCode::OK, Some("healthy")),
            "{health}"
        );
        for check in [
            "database",
            "cache",
            "disk_space",
            "memory",
            "external_services",
            "tasks",
        ] {
            assert!(
                health["checks"][check]["status"].is_string(),
                "{check}: {health}"
            );
        }
        assert_eq!(health["checks"]["database"]["status"], "healthy");
    }
    for path in ["/livez", "/readyz", "/status", "/metrics"] {
        assert_eq!(server.get(path).await.0, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn seed_names_in_the_environment_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start_as(
        dir.path(),
        &[],
        &[
            ("HEALTH_ENDPOINT", "/up"),
            ("PERFORMANCE_MONITORING_ENABLED", "false"),
        ],
    );
    assert_eq!(server.get("/up").await.0, StatusCode::OK);
    assert_eq!(server.get("/health").await.0, StatusCode::NOT_FOUND);
    assert_eq!(server.get("/metrics").await.0, StatusCode::NOT_FOUND);
}
