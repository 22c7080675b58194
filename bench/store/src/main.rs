//! `make bench-store`: see bench/store/README.md.

mod figure;
mod health;
mod http;
mod ingest;
mod latency;
mod load;
mod process;
mod queries;
mod rows;
mod scale;
mod shape;
mod starts;
mod subject;
mod week;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use figure::Figures;
use scale::Scale;
use subject::Subject;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if let [_, word, folder] = &*std::env::args().collect::<Vec<_>>()
        && word == "seal"
    {
        return ingest::seal(folder.as_ref());
    }
    let scale = Scale::from_environment()?;
    let figures = Figures::new(scale.is_full());
    let folder = std::env::var_os("BENCH_FOLDER")
        .context("BENCH_FOLDER does not say where the data goes")?;
    let folder = PathBuf::from(folder);
    if scale.does("ingest") {
        ingest::run(&folder, &scale, &figures).await?;
    }
    if scale.does("start") && scale.ours {
        starts::run_empty(&folder, &figures).await?;
    }
    if scale.does("week") {
        days(&folder, &scale, &figures).await?;
    }
    Ok(())
}

/// What is measured with days of rows in the store.
async fn days(folder: &Path, scale: &Scale, figures: &Figures) -> anyhow::Result<()> {
    let mut answered = Vec::new();
    for subject in scale.subjects() {
        let week = folder.join(format!("{}-week", subject.name()));
        if subject == Subject::Plimsoll {
            week::run(&week, scale, figures)?;
        }
        let (server, _) = subject.start(&week).await?;
        if subject != Subject::Plimsoll {
            let sent = load::load(&server, scale.week(), ingest::LARGE).await?;
            server.settle().await?;
            eprintln!(
                "{}: {} values of {} days, {} MB on disk",
                subject.name(),
                sent.values,
                scale.days,
                process::disk_bytes(&week)? / 1_000_000
            );
        }
        answered.push(queries::ask(&server, scale).await?);
        if subject == Subject::Plimsoll {
            health::run(&server, scale, figures).await?;
        }
        server.stop()?;
        if subject == Subject::Plimsoll {
            starts::run_week(&week, scale, figures).await?;
        }
        std::fs::remove_dir_all(&week)?;
    }
    queries::print(figures, &answered);
    Ok(())
}
