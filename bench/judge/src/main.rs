//! How well history is judged. See README.md.
#![allow(clippy::print_stdout, reason = "its lines are what it is for")]
#![allow(clippy::print_stderr, reason = "it says on the way what it found")]

#[allow(dead_code, reason = "shared with the bench of the store")]
#[path = "../../store/src/figure.rs"]
mod figure;
mod forecast;
#[path = "../../../crates/plimsoll/src/analysis/forecast/histories/mod.rs"]
mod histories;
mod naive;

use figure::Figures;

/// Seeds of each kind and length of a full pass.
const SEEDS: u64 = 20;

fn main() {
    let seeds = std::env::var("BENCH_SEEDS").ok();
    let seeds = seeds.and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    let figures = Figures::new(seeds >= SEEDS);
    forecast::run(&figures, seeds);
}
