//! How many open streams the server serves with less than a core.

mod client;
mod server;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::MissedTickBehavior;

use client::Received;
use server::Server;

/// How many clients are tried, the fewest first.
const STEPS: [usize; 3] = [1_000, 5_000, 8_000];
/// Clients for the figures of cost.
const COSTED: usize = 5_000;
/// Updates measured, one a second.
const UPDATES: u64 = 30;
/// How long after the last one all must be there.
const LATE: Duration = Duration::from_secs(2);

/// What a number of clients costs.
struct Cost {
    cpu_cores: f64,
    idle_kb: f64,
    /// Updates that came, as a share of those that should have.
    arrived: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let files = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: files,
        maximum: files,
    };
    setrlimit(Resource::Nofile, raised).context("cannot open so many files")?;
    let mut most = 0;
    for clients in STEPS {
        let cost = measure(clients).await?;
        println!(
            "{clients} clients: {:.3} cores, {:.1} kB each when idle, {:.2} % of the updates arrived",
            cost.cpu_cores,
            cost.idle_kb,
            cost.arrived * 100.0
        );
        if clients == COSTED {
            println!("figure stream_cpu_cores {:.3} cores", cost.cpu_cores);
            println!("figure stream_idle_kb_per_client {:.1} kB", cost.idle_kb);
        }
        if cost.arrived >= 1.0 && cost.cpu_cores < 1.0 {
            most = clients;
        }
    }
    println!("figure stream_clients {most} clients");
    Ok(())
}

async fn measure(clients: usize) -> anyhow::Result<Cost> {
    let server = Server::start()?;
    // What the first requests need once is no client's.
    server.update().await?;
    let before = server.rss_bytes()?;
    let mut all = Vec::with_capacity(clients);
    for _ in 0..clients {
        all.push(client::open(server.address()).await?);
    }
    let greeted = Instant::now();
    let is_greeted = |client: &Arc<Received>| client.greeted.load(Ordering::Relaxed) > 0;
    while !all.iter().all(is_greeted) {
        ensure!(
            greeted.elapsed() < Duration::from_secs(30),
            "not all were greeted"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let idle_kb = server.rss_bytes()?.saturating_sub(before) as f64 / 1e3 / clients as f64;

    // The first update wakes what slept; it is not measured.
    server.update().await?;
    tokio::time::sleep(LATE).await;
    let (before, cpu, started) = (windows(&all), server.cpu_secs()?, Instant::now());
    let mut every = tokio::time::interval(Duration::from_secs(1));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..UPDATES {
        every.tick().await;
        server.update().await?;
    }
    tokio::time::sleep(LATE).await;
    let cpu_cores = (server.cpu_secs()? - cpu) / started.elapsed().as_secs_f64();
    let came: Vec<u64> = windows(&all)
        .iter()
        .zip(&before)
        .map(|(after, before)| after - before)
        .collect();
    // Two rows within one second of the server make one update.
    let sent = came.iter().copied().max().unwrap_or_default();
    ensure!(sent + 2 >= UPDATES, "only {sent} updates were sent");
    let arrived = came.iter().sum::<u64>() as f64 / (sent * clients as u64) as f64;
    Ok(Cost {
        cpu_cores,
        idle_kb,
        arrived,
    })
}

/// Windows that each client was sent.
fn windows(clients: &[Arc<Received>]) -> Vec<u64> {
    let windows = clients.iter().map(|client| &client.windows);
    windows.map(|count| count.load(Ordering::Relaxed)).collect()
}
