//! What reaches its line in some days, as forecasts say. They are made elsewhere and seldom; each look goes by the last one.

use super::Watch;
use crate::alert::{Kind, Reading, Severity};
use crate::analysis::forecast::Foreseen;
use crate::standards::AlertRules;

/// A thing with a line, and when it reaches it.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    pub(super) foreseen: Option<Foreseen>,
    pub(super) watch: Watch,
}

impl Ahead {
    pub(super) fn new(key: &str, foreseen: &Foreseen) -> Self {
        Self {
            foreseen: None,
            watch: Watch::new(&format!("forecast:{key}"), Kind::Forecast, foreseen.unit),
        }
    }

    /// Judges it at the moment `now`.
    pub(super) fn judge(&mut self, now: i64) {
        let reading = reading(self.foreseen.as_ref(), now);
        match &self.foreseen {
            Some(foreseen) => self
                .watch
                .found(reading, Some(foreseen.current), foreseen.limit),
            None => self.watch.reading = reading,
        }
    }
}

/// How severe it is that a line is reached in so many days; `None` when that is far off.
fn severity(days: f64) -> Option<Severity> {
    let tiers = AlertRules::REACHES_WITHIN_DAYS;
    let soonest = tiers.iter().rev().find(|(_, within)| days <= *within);
    soonest.map(|(severity, _)| *severity)
}

/// What a forecast means; the ratio is 30 days by those that are left.
fn reading(foreseen: Option<&Foreseen>, now: i64) -> Reading {
    let Some(foreseen) = foreseen.filter(|foreseen| foreseen.is_good(now)) else {
        return Reading::NotEnoughData;
    };
    let Some(left) = foreseen.left(now) else {
        return Reading::Well(0.0);
    };
    let [(_, soon), ..] = AlertRules::REACHES_WITHIN_DAYS;
    let ratio = soon / left.median;
    // The early end of the interval lies before the median and says less; the late one says whether it grows at all.
    let is_sure = left
        .late
        .is_some_and(|late| late <= AlertRules::REACHES_SURELY_WITHIN_DAYS);
    match severity(left.median) {
        // It is there already, which its own alert tells.
        Some(_) if foreseen.is_reached => Reading::NotEnoughData,
        Some(severity) if is_sure => Reading::Breach(ratio, severity),
        _ => Reading::Well(ratio.min(1.0)),
    }
}

#[cfg(test)]
mod tests;
