//! Customers of the example shop: honest HTTP requests, at a rate that rises and falls like a day's, each counted and timed here,
//! independently of whatever the shop measures of itself.

mod compare;
mod customer;
mod tally;
mod wave;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use customer::{Customer, Wish};
use tally::Tally;
use wave::Wave;

/// Sends a shop the requests of its customers and counts the answers.
#[derive(Parser)]
struct Arguments {
    /// The shop's address.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    url: String,
    /// Requests per second at the busiest hour.
    #[arg(long, default_value_t = 40.0, value_parser = parse_rate)]
    rate: f64,
    /// How long a day of the wave takes, in seconds.
    #[arg(long, default_value_t = 240, value_parser = clap::value_parser!(u64).range(1..))]
    day: u64,
    /// The hour at which the first day begins; the shop is busiest at 19.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(..24))]
    hour: u8,
    /// Ends after so many seconds; without it, with Ctrl-C.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    duration: Option<u64>,
    /// Repeats the same customers at the same moments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the counts and timings are written at the end, as JSON.
    #[arg(long)]
    report: Option<PathBuf>,
    /// A Plimsoll server that measures this shop: its counts and timings are compared with those taken here.
    #[arg(long, value_name = "URL")]
    compare: Option<String>,
}

/// More requests than this are not under way at once; what would be is counted as skipped.
const MOST_IN_FLIGHT: usize = 256;
const HIGHEST_RATE: f64 = 2_000.0;

fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= HIGHEST_RATE => Ok(rate),
        _ => Err(format!("must be above 0 and at most {HIGHEST_RATE}")),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let customer = Arc::new(Customer::new(&arguments.url)?);
    let started = Instant::now();
    let mut report = drive(&arguments, customer).await.report();
    say(&format!(
        "{} requests answered, {} without an answer, {} not sent because too many were under way",
        report.requests, report.unanswered, report.skipped
    ));
    let comparison = match &arguments.compare {
        None => None,
        Some(server) => {
            // Windows of 10 s and an export every 5 s: what was counted last arrives later.
            const PATIENCE: Duration = Duration::from_secs(30);
            let minutes = started.elapsed().as_secs() / 60 + 2;
            Some(compare::compare(server, &report, minutes, PATIENCE).await)
        }
    };
    if let Some(Ok(comparison)) = &comparison {
        say(&comparison.text);
        report.compared = Some(comparison.compared.clone());
    }
    if let Some(path) = &arguments.report {
        let text = serde_json::to_string_pretty(&report).context("cannot write the report")?;
        std::fs::write(path, text)
            .with_context(|| format!("cannot write the report to {}", path.display()))?;
    }
    match comparison.transpose()? {
        Some(comparison) if !comparison.agrees => Ok(ExitCode::FAILURE),
        _ => Ok(ExitCode::SUCCESS),
    }
}

#[expect(clippy::print_stdout, reason = "the result is what the program is for")]
fn say(text: &str) {
    println!("{text}");
}

/// Requests start when their time has come, whether or not those before them were answered: a slow shop does not
/// make its customers fewer.
async fn drive(arguments: &Arguments, customer: Arc<Customer>) -> Arc<Tally> {
    let wave = Wave {
        busiest: arguments.rate,
        day: Duration::from_secs(arguments.day),
        first_hour: arguments.hour,
    };
    let mut chance = fastrand::Rng::with_seed(arguments.seed);
    let tally = Arc::new(Tally::default());
    let skipped = AtomicU64::new(0);
    let room = Arc::new(Semaphore::new(MOST_IN_FLIGHT));
    let mut under_way = JoinSet::new();
    let stop = stop_asked();
    tokio::pin!(stop);

    let started = Instant::now();
    let mut next = Duration::ZERO;
    loop {
        next += wave.until_next(next, &mut chance);
        if arguments
            .duration
            .is_some_and(|secs| next.as_secs() >= secs)
        {
            break;
        }
        let wish = Wish::draw(&mut chance);
        tokio::select! {
            () = tokio::time::sleep_until((started + next).into()) => {}
            () = &mut stop => break,
        }
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            skipped.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        let (customer, tally) = (Arc::clone(&customer), Arc::clone(&tally));
        under_way.spawn(async move {
            let outcome = customer.ask(&wish).await;
            tally.add(&wish, outcome);
            drop(place);
        });
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
    tally.add_skipped(skipped.into_inner());
    tally
}

/// Ends with SIGINT or SIGTERM.
async fn stop_asked() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate =
        signal(SignalKind::terminate()).expect("SIGTERM may be handled by any process");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
