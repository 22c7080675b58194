//! How long small questions take while large ones are answered and rows come in.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use crate::figure::Figures;
use crate::latency::percentile_ms;
use crate::scale::Scale;
use crate::subject::Running;

const WRITES_PER_SEC: u64 = 500;
const QUESTIONS_PER_SEC: u64 = 100;
const SPAN: Duration = Duration::from_secs(20);

/// Prints `health_p99_ms`: `/health` and `/api/v1/services` by turns, with 500 writes a second and a query over all rows without pause.
pub async fn run(server: &Running, scale: &Scale, figures: &Figures) -> anyhow::Result<()> {
    let over = AtomicBool::new(false);
    let (writes, queries) = (AtomicU64::new(0), AtomicU64::new(0));
    let asked = async {
        let latencies = ask(server).await;
        over.store(true, Ordering::Relaxed);
        latencies
    };
    let (latencies, written, queried) = tokio::join!(
        asked,
        write(server, &over, &writes),
        query(server, scale, &over, &queries)
    );
    written?;
    queried?;
    let mut latencies = latencies?;
    let p99_ms = percentile_ms(&mut latencies, 0.99);
    eprintln!(
        "plimsoll: {} small questions, p50 {:.2} p99 {p99_ms:.2} ms, beside {} writes and {} queries over all rows in {SPAN:?}",
        latencies.len(),
        percentile_ms(&mut latencies, 0.50),
        writes.into_inner(),
        queries.into_inner(),
    );
    figures.ours("health_p99_ms", p99_ms, "ms");
    Ok(())
}

/// Each question is timed from when it was due, so that one slow answer does not hide the next.
async fn ask(server: &Running) -> anyhow::Result<Vec<Duration>> {
    let mut connection = server.connect().await?;
    let started = Instant::now();
    let every = Duration::from_secs(1) / QUESTIONS_PER_SEC as u32;
    let mut latencies = Vec::new();
    while started.elapsed() < SPAN {
        let due = started + every * latencies.len() as u32;
        tokio::time::sleep_until(due.into()).await;
        // A sleep ends up to a millisecond late, which is not the server's.
        let due = if due.elapsed() < Duration::from_millis(2) {
            Instant::now()
        } else {
            due
        };
        let path = if latencies.len() % 2 == 0 {
            "/health"
        } else {
            "/api/v1/services"
        };
        connection.get(path).await?;
        latencies.push(due.elapsed());
    }
    Ok(latencies)
}

async fn write(server: &Running, over: &AtomicBool, writes: &AtomicU64) -> anyhow::Result<()> {
    let mut connections = Vec::new();
    for _ in 0..8 {
        connections.push(server.connect().await?);
    }
    let mut due = interval(Duration::from_secs(1) * 8 / WRITES_PER_SEC as u32);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    while !over.load(Ordering::Relaxed) {
        due.tick().await;
        let mut together = Vec::new();
        for (number, connection) in connections.iter_mut().enumerate() {
            let value = writes.fetch_add(1, Ordering::Relaxed);
            let line = format!("counter,writer={number} value={value}\n");
            together.push(connection.post(server.subject.write_path(), "text/plain", line.into()));
        }
        futures_util::future::try_join_all(together).await?;
    }
    Ok(())
}

async fn query(
    server: &Running,
    scale: &Scale,
    over: &AtomicBool,
    queries: &AtomicU64,
) -> anyhow::Result<()> {
    let mut connection = server.connect().await?;
    let body = json!({
        "measurement": "performance_metrics",
        "fields": [{"name": "response_time_ms", "aggregate": "mean"}, {"name": "response_time_ms", "aggregate": "p95"}],
        "group_by": ["service"],
        "start": scale.week_start_ns() / 1_000_000,
        "end": scale.end_ns() / 1_000_000,
        "step": "10m",
        "limit": 100_000,
    });
    while !over.load(Ordering::Relaxed) {
        connection
            .post("/api/v1/query", "application/json", body.to_string().into())
            .await?;
        queries.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
