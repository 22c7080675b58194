//! Alerts: how severe something is, and when it is told.

mod kind;
mod severity;
mod state;
#[cfg(test)]
mod tests;

pub use kind::{Kind, Unit};
pub use severity::Severity;
pub use state::{LONGEST_STEP_NS, Phase, Reading, State, Transition, resolve, step};
