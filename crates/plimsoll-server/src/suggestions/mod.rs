//! Suggestions: an endpoint of OpenAI's kind turns the findings of a service into one paragraph. Off unless configured.
//!
//! What is asked is made of a judgement ([`question`]), without what is not shared ([`redact`]); of which service and when is
//! decided in [`plan`], whether at all in [`breaker`], neither of which reads a clock. The answer becomes plain text
//! ([`plain`]) and is kept in `meta.db`. It happens in a task of its own ([`run`]): the judge only wakes it.

mod asking;
pub mod breaker;
mod endpoint;
pub mod plain;
pub mod plan;
pub mod question;
pub mod redact;
mod run;
#[cfg(test)]
mod tests;

pub use asking::{NotAsked, State, Status, Suggestions};
pub use endpoint::{MOST_BYTES, TIME_OUT};
pub use redact::Shared;
pub use run::run;
