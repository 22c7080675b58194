//! The server is killed at any instant and started again on what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::json;

use super::{Server, now, plimsoll};
use crate::store::rows::{DAY, Random};

/// Seals all the time, and writes nothing by itself.
const CONFIG: &str =
    "[store]\nseal_rows = 60\nseal_secs = 1\nmax_series = 100\n[monitor]\nenabled = false\n";
const WRITERS: usize = 3;
const FOLDERS: u32 = 10;
/// Kills for each folder.
const ROUNDS: u32 = 10;

/// The lines of a batch; each is told from all others by its number and its time.
fn lines_of(number: i64, base: i64) -> Vec<String> {
    let line = |at: i64| {
        let time = base - number % 2 * DAY + number * 10 + at;
        format!("m,w=w{} a={number}i,b={at}i {time}", number % 5)
    };
    (0..1 + number % 7).map(line).collect()
}

/// Writes batch after batch until the server is gone; returns the numbers that were acknowledged.
async fn write(client: Client, url: String, next: Arc<AtomicI64>, base: i64) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let body = lines_of(number, base).join("\n");
        match client.post(format!("{url}/write")).body(body).send().await {
            Ok(answer) if answer.status() == StatusCode::NO_CONTENT => acknowledged.push(number),
            Ok(answer) => panic!("batch {number}: {}", answer.status()),
            Err(_) => return acknowledged,
        }
    }
}

/// What was acknowledged is there, as it was written and once; of the rest whole batches or nothing. Returns how many rows
/// are sealed.
async fn check(server: &Server, acknowledged: &[i64], base: i64, round: u32) -> u64 {
    let (status, text) = server.get("/api/v1/export?format=lp&measurement=m").await;
    // Nothing was ever written: then there is no such measurement.
    let text = match status {
        StatusCode::NOT_FOUND => "",
        _ => text.as_str().unwrap_or_default(),
    };
    let mut batches: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines() {
        let number = line
            .split_once("a=")
            .and_then(|(_, rest)| rest.split_once('i'));
        let number = number.expect("a line of ours").0.parse().expect("a number");
        let new = batches.entry(number).or_default().insert(line);
        assert!(new, "round {round}: {line} is there twice");
    }
    for (number, lines) in &batches {
        let written = lines_of(*number, base);
        let written = written.iter().map(String::as_str).collect();
        assert_eq!(*lines, written, "round {round}: batch {number} is torn");
    }
    for number in acknowledged {
        assert!(
            batches.contains_key(number),
            "round {round}: batch {number} was acknowledged and is gone"
        );
    }
    rows_kept_once(server, text.lines().count(), round).await
}

/// Waits until so many rows are kept, in memory and sealed together; returns how many are sealed. While a seal ends, its rows
/// are counted in both.
async fn rows_kept_once(server: &Server, rows: usize, round: u32) -> u64 {
    for attempt in 1.. {
        // Answers are kept for a while: each asks for another range.
        let path = format!("/api/v1/stats?start_time=-{attempt}m");
        let (_, stats) = server.get(&path).await;
        let count = |name: &str| stats["store"][name].as_u64().expect("a count");
        let sealed = count("sealed_rows");
        if count("unsealed_rows") + sealed == rows as u64 {
            assert_eq!(stats["store"]["damage"], json!([]), "round {round}");
            return sealed;
        }
        assert!(attempt < 200, "round {round}: not {rows} rows: {stats}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("it returns or fails")
}

/// A start that is not waited for.
async fn killed_while_it_starts(data: &Path, config: &str, after: Duration) {
    let mut child = plimsoll()
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--config",
            config,
            "--data",
        ])
        .arg(data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server starts");
    tokio::time::sleep(after).await;
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

/// Kills of one folder's server; returns how many batches were acknowledged, and how many rows sealed.
async fn kill_and_kill_again(random: &mut Random, config: &str) -> (usize, u64) {
    let dir = tempfile::tempdir().unwrap();
    let client = Client::new();
    let base = now() - 3_600_000_000_000;
    let next = Arc::new(AtomicI64::new(1));
    let mut acknowledged = Vec::new();
    for round in 0..ROUNDS {
        let mut instant = |most| Duration::from_millis(random.below(most) as u64);
        if round % 5 == 4 {
            killed_while_it_starts(dir.path(), config, instant(60)).await;
            continue;
        }
        let server = Server::start_with(dir.path(), &["--config", config]);
        check(&server, &acknowledged, base, round).await;
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                tokio::spawn(write(
                    client.clone(),
                    server.url.clone(),
                    next.clone(),
                    base,
                ))
            })
            .collect();
        tokio::time::sleep(instant(120)).await;
        server.kill();
        for writer in writers {
            acknowledged.extend(writer.await.expect("a writer"));
        }
    }
    let server = Server::start_with(dir.path(), &["--config", config]);
    let sealed = check(&server, &acknowledged, base, ROUNDS).await;
    (acknowledged.len(), sealed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_instant_every_acknowledged_row_is_there_once() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("plimsoll.toml");
    std::fs::write(&config, CONFIG).unwrap();
    let mut random = Random(5);
    let (mut acknowledged, mut sealed) = (0, 0);
    for _ in 0..FOLDERS {
        let (batches, rows) =
            kill_and_kill_again(&mut random, config.to_str().expect("a name")).await;
        (acknowledged, sealed) = (acknowledged + batches, sealed + rows);
    }
    assert!(
        acknowledged > 200 && sealed > 200,
        "only {acknowledged} batches were acknowledged and {sealed} rows sealed: the test shows nothing"
    );
}
