//! The library as a service uses it: through real sockets.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, outside of functions that clippy knows as such"
)]

mod bodies;
mod connections;
mod correlation;
#[cfg(feature = "export")]
mod export;
mod judged;
mod log;
mod monitors;
mod quiet;
mod requests;
mod routes;
mod server;
mod slow;
mod tower_service;
mod track;
mod upgrades;
