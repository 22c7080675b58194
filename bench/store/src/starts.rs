//! How long the server takes to answer, and what it takes when nobody asks.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::figure::Figures;
use crate::latency::percentile_ms;
use crate::load::load;
use crate::process;
use crate::scale::Scale;
use crate::subject::Subject;

const STARTS: usize = 9;
const IDLE: Duration = Duration::from_secs(60);

/// Prints `start_ms`, `idle_rss_mb` and `binary_mb`.
pub async fn run_empty(folder: &Path, figures: &Figures) -> anyhow::Result<()> {
    let folder = folder.join("empty");
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let _ = std::fs::remove_dir_all(&folder);
        let (server, took) = Subject::Plimsoll.start(&folder).await?;
        starts.push(took);
        server.stop()?;
    }
    figures.ours("start_ms", percentile_ms(&mut starts, 0.5), "ms");

    let (server, _) = Subject::Plimsoll.start(&folder).await?;
    tokio::time::sleep(IDLE).await;
    let rss_bytes = process::rss_bytes(server.pid())?;
    server.stop()?;
    figures.ours("idle_rss_mb", rss_bytes as f64 / 1e6, "MB");

    let program =
        std::env::var_os("PLIMSOLL").context("PLIMSOLL does not name the server's program")?;
    figures.ours(
        "binary_mb",
        std::fs::metadata(program)?.len() as f64 / 1e6,
        "MB",
    );
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Prints `start_week_ms`: on days of rows, after a kill at the moment when the journal was as large as it gets.
///
/// How large that is, is seen first: rows are written as fast as the server takes them, and the journal's size is looked at.
pub async fn run_week(week: &Path, scale: &Scale, figures: &Figures) -> anyhow::Result<()> {
    let journal = week.join("journal");
    let (server, _) = Subject::Plimsoll.start(week).await?;
    let largest = watch_journal(&server, &journal, scale, u64::MAX).await?;
    server.settle().await?;
    let left = watch_journal(&server, &journal, scale, largest / 100 * 97).await?;
    server.kill()?;

    let mut starts = Vec::new();
    for _ in 0..3 {
        let (server, took) = Subject::Plimsoll.start(week).await?;
        starts.push(took);
        // Again by a kill, before anything could be sealed: the next start finds the same journal.
        server.kill()?;
    }
    eprintln!(
        "plimsoll: started on {} MB with a journal of {} MB (of at most {} MB) in {starts:?}",
        process::disk_bytes(week)? / 1_000_000,
        left / 1_000_000,
        largest / 1_000_000,
    );
    figures.ours("start_week_ms", percentile_ms(&mut starts, 0.5), "ms");
    Ok(())
}

/// Writes fresh rows until the journal has `enough` bytes or there are no more; the most that it had.
async fn watch_journal(
    server: &crate::subject::Running,
    journal: &Path,
    scale: &Scale,
    enough: u64,
) -> anyhow::Result<u64> {
    const LOOK_EVERY: Duration = Duration::from_millis(5);
    const GIVE_UP: Duration = Duration::from_secs(120);
    let started = Instant::now();
    let mut largest = 0;
    let writing = load(server, scale.flood(), 5_000);
    tokio::pin!(writing);
    loop {
        tokio::select! {
            sent = &mut writing => {
                sent?;
                return Ok(largest);
            }
            () = tokio::time::sleep(LOOK_EVERY) => {
                largest = largest.max(process::disk_bytes(journal)?);
                if largest >= enough {
                    return Ok(largest);
                }
            }
        }
        anyhow::ensure!(
            started.elapsed() < GIVE_UP,
            "the journal did not grow to {enough} bytes"
        );
    }
}
