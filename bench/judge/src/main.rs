//! How well history is judged. See README.md.
#![allow(clippy::print_stdout, reason = "its lines are what it is for")]
#![allow(clippy::print_stderr, reason = "it says on the way what it found")]

mod detect;
mod evaluation;
#[allow(dead_code, reason = "shared with the bench of the store")]
#[path = "../../store/src/figure.rs"]
mod figure;
mod forecast;
#[path = "../../../crates/plimsoll/src/analysis/forecast/histories/mod.rs"]
mod histories;
mod naive;
mod own;
mod service;
mod simulate;

use figure::Figures;

/// Seeds of each kind and length of history of a full pass.
const SEEDS: u64 = 20;
/// Seeds of the simulated weeks of a full pass.
const WEEKS: u64 = 50;

fn main() -> std::io::Result<()> {
    let seeds = std::env::var("BENCH_SEEDS").ok();
    let seeds = seeds.and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    let figures = Figures::new(seeds >= SEEDS);
    forecast::run(&figures, seeds);
    let weeks = std::env::var("BENCH_WEEKS").ok();
    let weeks = weeks.and_then(|text| text.parse().ok()).unwrap_or(WEEKS);
    let figures = Figures::new(weeks >= WEEKS);
    simulate::run(&figures, weeks);
    evaluation::run(&figures);
    own::run(&figures);
    let folder = std::env::temp_dir().join(format!("bench-judge-{}", std::process::id()));
    let told = detect::run(&figures, &folder);
    let _ = std::fs::remove_dir_all(&folder);
    told
}
