//! What changes, while it does: `/api/stream`.
//!
//! An append leaves a notice of what it wrote, but only while somebody listens ([`touched`]). Once a second a task makes
//! events of the notices ([`windows`], [`changes`]), writes them once and hands the same bytes to all clients ([`hub`]). The
//! last ones stay in a ring, from which a client that lost its connection goes on ([`ring`]).

mod changes;
mod client;
mod hub;
mod ring;
pub mod run;
mod sent;
#[cfg(test)]
mod tests;
mod told;
mod touched;
mod windows;

pub use client::Client;
pub use hub::{Hub, Refused};
pub use sent::{Kind, Wish};
pub use told::{Change, Reset, RouteWindow, StreamData, Window};
pub use touched::Notice;
