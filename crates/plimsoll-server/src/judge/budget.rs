//! Error budgets: which share of a class's requests was answered within the line over the days of the objective.

use std::collections::BTreeMap;

use plimsoll::standards::Standards;

use crate::performance::series::{Buckets, By, series};
use crate::performance::{MINUTE, Scope};
use crate::reading::Reading;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

/// A class's requests over the days of its objective.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Kept {
    /// All.
    pub requests: u64,
    /// Those slower than the line.
    pub past: u64,
}

impl Kept {
    /// Share that was answered within the line; `None` without requests.
    pub fn compliance(&self) -> Option<f64> {
        (self.requests > 0).then(|| 1.0 - self.past as f64 / self.requests as f64)
    }

    /// Share of the budget that is left, below 0 when it is overdrawn; `None` without requests.
    pub fn budget_left(&self, objective: f64) -> Option<f64> {
        let allowed = 1.0 - objective;
        self.compliance().map(|kept| 1.0 - (1.0 - kept) / allowed)
    }
}

/// Of each class, by its name.
///
/// # Errors
/// When the store cannot be read.
pub fn kept(
    reading: &mut Reading<'_>,
    service: &str,
    standards: &Standards,
    now: Nanos,
) -> Result<BTreeMap<String, Kept>, QueryError> {
    const HOUR: Nanos = 60 * MINUTE;
    let hours = i64::from(standards.objective_days) * 24;
    let end = now.div_euclid(HOUR) * HOUR + HOUR;
    let buckets = Buckets {
        start: end - hours * HOUR,
        step: HOUR,
        count: usize::try_from(hours).unwrap_or_default(),
        last: HOUR,
    };
    let scope = Scope::Service(service.to_owned());
    let mut found: BTreeMap<String, Kept> = BTreeMap::new();
    for (key, line) in series(reading, &scope, buckets, By::Route)? {
        let expected = standards.expected(&key.method, &key.route);
        let of_class = found.entry(expected.class.name.to_string()).or_default();
        for totals in line.iter().flatten() {
            of_class.requests += totals.duration.count;
            of_class.past += totals.duration.count_above(expected.bands.investigate);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_what_the_objective_leaves() {
        let kept = Kept {
            requests: 100_000,
            past: 60,
        };
        assert!((kept.compliance().unwrap() - 0.9994).abs() < 1e-12);
        assert!((kept.budget_left(0.995).unwrap() - 0.88).abs() < 1e-9);
        let overdrawn = Kept {
            requests: 1_000,
            past: 7,
        };
        assert!((overdrawn.budget_left(0.995).unwrap() + 0.4).abs() < 1e-9);
        assert_eq!(Kept::default().compliance(), None);
    }
}
