//! What the server promises, through its public interface.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, and says why"
)]

mod clients;
mod notify;
mod server;
mod store;
