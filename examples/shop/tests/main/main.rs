//! The shop, its customers and the server, each as the program that a user runs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod end_to_end;
mod programs;
mod prometheus;
