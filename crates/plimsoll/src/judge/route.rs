//! A route while it is watched.

use std::sync::Arc;

use super::counts::Counts;
use super::requests::{self, Sums};
use super::slots::Slots;
use super::watch::Watch;
use crate::alert::{Kind, Phase, Unit};
use crate::analysis::Usual;
use crate::standards::{Bands, Standards};

/// Counts, what is usual, and the alerts of one route and method.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) class: usize,
    pub(super) bands: Bands,
    pub(super) counts: Slots<Counts>,
    pub(super) usual: Option<Usual>,
    /// Slower than usual.
    pub(super) slow: Watch,
    /// More errors than may be, or than usual.
    pub(super) errors: Watch,
}

impl Route {
    pub(super) fn new(method: &str, route: &str, standards: &Standards) -> Self {
        let expected = standards.expected(method, route);
        let name = format!("{method} {route}");
        Self {
            class: expected.class_at,
            bands: expected.bands,
            counts: Slots::default(),
            usual: None,
            slow: Watch::new(&format!("route:{name}"), Kind::SlowRequest, Unit::Seconds),
            errors: Watch::new(&format!("errors:{name}"), Kind::ErrorRate, Unit::Ratio),
        }
    }

    /// Judges it by the sums of its stretches.
    pub(super) fn judge(&mut self, sums: &Sums, error_limit: f64) {
        let usual = self.usual.as_ref();
        let limit = usual.map_or(0.0, Usual::limit);
        self.slow
            .found(requests::slower_than_usual(sums, usual), None, limit);
        let rate = sums[1].requests.max(1);
        let rate = f64::from(sums[1].errors) / f64::from(rate);
        self.errors.found(
            requests::errors(sums, error_limit, usual),
            Some(rate),
            error_limit,
        );
    }

    /// Whether what is usual may be learned anew: not from a time in which something is wrong.
    pub(super) fn may_learn(&self) -> bool {
        [&self.slow, &self.errors]
            .iter()
            .all(|watch| watch.state.phase == Phase::Quiet)
    }
}

/// Method and route.
pub(super) type RouteName = (Arc<str>, Arc<str>);
