//! Metrics that the server fetches itself: targets in Prometheus's text format or OpenMetrics.
//!
//! A target is asked over one kept connection ([`client`]) at moments of its own ([`moments`]). Its answer is read against
//! what is remembered of the one before ([`page`]: [`lexer`], [`family`], [`sample`], [`places`]), so that a series that
//! comes again costs hardly more than its number; its rows stay in columns ([`tables`], [`buckets`]). What several scrapes
//! brought is written as one batch ([`pending`]).

mod buckets;
mod client;
mod context;
mod family;
mod lexer;
mod moments;
mod page;
mod pending;
mod places;
mod refusals;
mod run;
mod sample;
mod tables;
pub mod target;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use parking_lot::Mutex;

use crate::config::scrape::ScrapeTarget;
use pending::Pending;
pub use refusals::{Refusal, Refusals};
pub(crate) use run::OWN;
pub use run::run;
use target::Target;

/// All targets and what they brought.
#[derive(Debug)]
pub struct Scrapes {
    targets: Vec<Arc<Target>>,
    pending: Mutex<Pending>,
}

impl Scrapes {
    /// None of them was asked yet.
    pub fn new(targets: &[ScrapeTarget]) -> Self {
        let targets = targets.iter().cloned().map(Target::new).map(Arc::new);
        Self {
            targets: targets.collect(),
            pending: Mutex::default(),
        }
    }

    /// The targets in the order of the configuration.
    pub fn targets(&self) -> &[Arc<Target>] {
        &self.targets
    }
}
