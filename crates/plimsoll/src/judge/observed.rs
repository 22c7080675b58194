//! What a service did in ten seconds, as [`Judge`](super::Judge) takes it: from a window of the library, or read from a store.

use std::sync::Arc;

use crate::alert::{Kind, Unit};
use crate::histogram::Histogram;
use crate::standards::Limit;

/// A slot's worth of one service. Load tests are left out by whoever makes it.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Requests by route and method.
    pub routes: Vec<RouteObserved>,
    /// What the service uses, and its lines.
    pub levels: Vec<LevelObserved>,
    /// Resident memory by instance, bytes.
    pub memory: Vec<(Arc<str>, f64)>,
    /// Whether an instance began to run in this slot.
    pub started: bool,
}

/// Requests of a route with one method.
#[derive(Clone, Debug)]
pub struct RouteObserved {
    /// Method.
    pub method: Arc<str>,
    /// Route template, `<unmatched>` or `<other>`.
    pub route: Arc<str>,
    /// Seconds to the response head.
    pub duration: Histogram,
    /// 5xx, panics and bodies that broke off.
    pub errors: u64,
}

/// A level.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelObserved {
    /// Names it within the service: `cpu`, `pool:postgres`.
    pub key: Arc<str>,
    /// What kind of trouble it is when it is past its line.
    pub kind: Kind,
    /// Unit of value and limit.
    pub unit: Unit,
    /// How much there is; of several instances the most.
    pub value: f64,
    /// Its line.
    pub limit: Limit,
}

impl LevelObserved {
    /// What the keys of critical checks begin with.
    pub const CHECK: &str = "check:";

    /// A critical check, as its gauge tells it: 1 when it is well, 0 when it fails.
    pub fn check(name: &str, value: f64) -> Self {
        Self {
            key: format!("{}{name}", Self::CHECK).into(),
            kind: Kind::HealthCheck,
            unit: Unit::Count,
            value,
            limit: Limit::Floor(0.5),
        }
    }
}
