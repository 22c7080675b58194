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

/// Scrapes of a full round.
const SCRAPES: u64 = 60;
/// Each program takes its turn so often, each time in a new folder; the middle round counts: one has
/// half a second of processor time to measure.
const ROUNDS: usize = 3;

fn main() -> anyhow::Result<()> {
    let folder = std::env::var_os("BENCH_FOLDER").context("BENCH_FOLDER names no folder")?;
    let folder = PathBuf::from(folder);
    let scrapes = match std::env::var("BENCH_SCRAPES") {
        Ok(text) => text.parse().context("BENCH_SCRAPES is no number")?,
        Err(_) => SCRAPES,
    };
    let target = Target::start()?;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let measured = |subject, name: &str| {
            measure(
                subject,
                &target,
                scrapes,
                &folder.join(format!("{name}-{round}")),
            )
        };
        rounds.push((
            measured(Subject::Plimsoll, "plimsoll")?,
            measured(Subject::Prometheus, "prometheus")?,
        ));
    }
    let figures = Figures::new(scrapes >= SCRAPES);
    let beside = |name, ours, theirs| {
        figures.beside(name, ours, "values/s", "prometheus", theirs, Better::Higher);
    };
    let (ours, theirs) = middle(&mut rounds, |measured| measured.scraping);
    beside("scrape_values_per_cpu_second", ours, theirs);
    let (ours, theirs) = middle(&mut rounds, |measured| measured.whole);
    beside("scrape_values_per_cpu_second_and_end", ours, theirs);
    Ok(())
}

/// Both sides of the middle one of the rounds, by their ratio.
fn middle(rounds: &mut [(Measured, Measured)], of: impl Fn(&Measured) -> f64) -> (f64, f64) {
    let ratio = |(ours, theirs): &(Measured, Measured)| of(ours) / of(theirs);
    rounds.sort_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    let (ours, theirs) = &rounds[rounds.len() / 2];
    (of(ours), of(theirs))
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
