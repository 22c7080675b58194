//! The library as a service uses it: through real sockets.

mod bodies;
mod connections;
mod correlation;
mod monitors;
mod requests;
mod server;
mod track;
mod upgrades;
