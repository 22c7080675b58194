//! Telling: what becomes of an alert that somebody should know of.
//!
//! A [`Notice`] is put into the [`Outbox`] in the same change of `meta.db` that moves its alert, a row for each channel that
//! wants it ([`filter`]). From then on it is told at least once, whatever is killed or down meanwhile: each channel takes what
//! is due in a loop of its own ([`run`]), makes one message of what belongs together or a [`summary`] of what is too much
//! ([`plan`], which reads no clock), sends it ([`channel`]) and writes down what came of it. A try that is repeated carries
//! the same key, so that a receiver can tell.

pub mod channel;
pub mod filter;
mod http;
mod log;
mod mail;
pub mod message;
pub mod notice;
pub mod outbox;
pub mod outcome;
mod pagerduty;
pub mod plan;
mod run;
mod slack;
mod smtp;
pub mod summary;
mod webhook;
mod words;

pub use channel::Channel;
pub use notice::{Notice, Severity};
pub use outbox::Outbox;
pub use outcome::Outcome;
pub use run::{GRACE, run};
