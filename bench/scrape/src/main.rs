//! Scraping beside Prometheus: the same page, once a second. See README.md.
#![allow(clippy::print_stdout, reason = "its lines are what it is for")]

#[allow(dead_code, reason = "shared with the bench of the store")]
#[path = "../../store/src/figure.rs"]
mod figure;
mod page;
#[allow(dead_code, reason = "shared with the bench of the store")]
#[path = "../../store/src/process.rs"]
mod process;
mod subject;
mod target;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use figure::{Better, Figures};
use page::SAMPLES;
use subject::Subject;
use target::Target;

/// Scrapes of a full pass.
const SCRAPES: u64 = 60;

fn main() -> anyhow::Result<()> {
    let folder = std::env::var_os("BENCH_FOLDER").context("BENCH_FOLDER names no folder")?;
    let folder = PathBuf::from(folder);
    let scrapes = match std::env::var("BENCH_SCRAPES") {
        Ok(text) => text.parse().context("BENCH_SCRAPES is no number")?,
        Err(_) => SCRAPES,
    };
    let target = Target::start()?;
    let ours = values_per_cpu_second(
        Subject::Plimsoll,
        &target,
        scrapes,
        &folder.join("plimsoll"),
    )?;
    let theirs = values_per_cpu_second(
        Subject::Prometheus,
        &target,
        scrapes,
        &folder.join("prometheus"),
    )?;
    let figures = Figures::new(scrapes >= SCRAPES);
    let name = "scrape_values_per_cpu_second";
    figures.beside(name, ours, "values/s", "prometheus", theirs, Better::Higher);
    Ok(())
}

fn values_per_cpu_second(
    subject: Subject,
    target: &Target,
    scrapes: u64,
    folder: &Path,
) -> anyhow::Result<f64> {
    let running = subject.start(&folder.join("scraping"), Some(&target.host))?;
    let (before, begun) = (target.served(), Instant::now());
    while target.served() - before < scrapes {
        if begun.elapsed() > Duration::from_secs(2 * scrapes + 30) {
            bail!("{subject:?} asked {} times only", target.served() - before);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // The last page is on its way.
    std::thread::sleep(Duration::from_millis(700));
    running.check()?;
    let (values, lasted) = ((target.served() - before) * SAMPLES, begun.elapsed());
    let busy = running.stop()?;
    let running = subject.start(&folder.join("idle"), None)?;
    std::thread::sleep(lasted);
    let idle = running.stop()?;
    println!(
        "{subject:?}: {values} values, {busy:.2} s of processor time, {idle:.2} s of them without a target"
    );
    Ok(values as f64 / (busy - idle))
}
