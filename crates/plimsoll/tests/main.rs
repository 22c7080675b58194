//! The library as a service uses it: through real sockets.

mod bodies;
mod connections;
mod correlation;
#[cfg(feature = "export")]
mod export;
mod monitors;
mod requests;
mod routes;
mod server;
mod track;
mod upgrades;
