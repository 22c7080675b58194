//! The block store on real files.

mod crash;
mod damage;
mod format;
mod full;
mod holes;
mod idle_series;
mod many_series;
mod model;
pub(crate) mod powercut;
mod restart;
mod retention;
pub(crate) mod rows;

/// How many rounds a test of random events takes; `STORE_TEST_ROUNDS` multiplies them.
fn rounds(usual: u32) -> u32 {
    let times = std::env::var("STORE_TEST_ROUNDS")
        .ok()
        .and_then(|times| times.parse().ok());
    usual * times.unwrap_or(1)
}
