//! One thing that is watched: what was found of it last, and where its alert is.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::alert::{Kind, Reading, State, Unit};

/// What is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// Names it within its service, and stays the same: `class:write`, `route:POST /orders`.
    pub key: Arc<str>,
    /// What kind of trouble it would be.
    pub kind: Kind,
    /// The unit of value and limit.
    pub unit: Unit,
    /// What was found last.
    pub reading: Reading,
    /// The value found; `None` when only counts against the limit are known.
    pub value: Option<f64>,
    /// Its line.
    pub limit: f64,
    /// Where its alert is.
    pub state: State,
}

impl Watch {
    /// One of which nothing is known yet.
    pub(super) fn new(key: &str, kind: Kind, unit: Unit) -> Self {
        Self {
            key: key.into(),
            kind,
            unit,
            reading: Reading::NotEnoughData,
            value: None,
            limit: 0.0,
            state: State::default(),
        }
    }

    /// Goes on where it was.
    pub(super) fn take_up(&mut self, kept: &mut BTreeMap<Arc<str>, State>) {
        if let Some(state) = kept.remove(&self.key) {
            self.state = state;
        }
    }

    /// Notes what was found.
    pub(super) fn found(&mut self, reading: Reading, value: Option<f64>, limit: f64) {
        self.reading = reading;
        self.value = value;
        self.limit = limit;
    }
}
