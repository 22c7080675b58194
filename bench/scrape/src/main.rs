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
    let ours = measure(
        Subject::Plimsoll,
        &target,
        scrapes,
        &folder.join("plimsoll"),
    )?;
    let theirs = measure(
        Subject::Prometheus,
        &target,
        scrapes,
        &folder.join("prometheus"),
    )?;
    let figures = Figures::new(scrapes >= SCRAPES);
    let beside = |name, ours, theirs| {
        figures.beside(name, ours, "values/s", "prometheus", theirs, Better::Higher);
    };
    beside(
        "scrape_values_per_cpu_second",
        ours.scraping,
        theirs.scraping,
    );
    beside(
        "scrape_values_per_cpu_second_and_end",
        ours.whole,
        theirs.whole,
    );
    Ok(())
}

/// Values by seconds of processor time, those of an idle program left out.
struct Measured {
    /// From the start to the last scrape.
    scraping: f64,
    /// To the orderly end.
    whole: f64,
}

fn measure(
    subject: Subject,
    target: &Target,
    scrapes: u64,
    folder: &Path,
) -> anyhow::Result<Measured> {
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
    let values = (target.served() - before) * SAMPLES;
    let lasted = begun.elapsed();
    let busy = running.cpu_secs()?;
    running.check()?;
    let busy_and_end = running.stop()?;
    let running = subject.start(&folder.join("idle"), None)?;
    std::thread::sleep(lasted);
    let idle = running.cpu_secs()?;
    let idle_and_end = running.stop()?;
    println!(
        "{subject:?}: {values} values; {busy:.2} s of processor time, {idle:.2} s of them without a target; \
         with the end {busy_and_end:.2} and {idle_and_end:.2} s"
    );
    Ok(Measured {
        scraping: values as f64 / (busy - idle),
        whole: values as f64 / (busy_and_end - idle_and_end),
    })
}
