//! Alerts of a service that judges itself: those that fire, and the last of those that are over. They end with the process.

use std::collections::VecDeque;

use crate::alert::{Kind, Severity, Transition, Unit};
use crate::analysis::judgement::Judgement;
use crate::judge::{Event, Judge};

/// Something past its line for long enough that somebody should know.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its number, from 1 on.
    pub id: u64,
    /// Of what, within the service: [`Watch::key`](crate::judge::Watch::key).
    pub key: String,
    /// What kind of trouble.
    pub kind: Kind,
    /// How severe at its worst.
    pub severity: Severity,
    /// In a sentence or two.
    pub message: String,
    /// What was found, in `unit`.
    pub value: Option<f64>,
    /// Its line, in `unit`.
    pub limit: f64,
    /// The unit of both.
    pub unit: Unit,
    /// When the breach began, nanoseconds since the Unix epoch.
    pub since: i64,
    /// When it fired, nanoseconds since the Unix epoch.
    pub fired: i64,
    /// When it was over, nanoseconds since the Unix epoch.
    pub resolved: Option<i64>,
    /// `itself`, or who said so.
    pub resolved_by: Option<String>,
}

/// What became of an alert, with the alert as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// What became of it: fired, worsened or resolved.
    pub transition: Transition,
    /// The alert.
    pub alert: Alert,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    /// In the order in which they fired.
    kept: VecDeque<Alert>,
    last: u64,
}

impl Alerts {
    /// Most that are kept; beyond, the oldest of those that are over goes.
    pub const MOST: usize = 1_000;

    /// All that are kept, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Alert> {
        self.kept.iter().rev()
    }

    /// The one of this number.
    pub fn find(&self, id: &str) -> Option<&Alert> {
        let id: u64 = id.parse().ok()?;
        self.kept.iter().find(|alert| alert.id == id)
    }

    /// The one that fires for this key.
    pub fn firing(&self, key: &str) -> Option<&Alert> {
        let mut all = self.newest_first();
        all.find(|alert| alert.resolved.is_none() && alert.key == key)
    }

    /// Notes what became different.
    pub(super) fn take(
        &mut self,
        event: &Event,
        judge: &Judge,
        judgement: &Judgement,
        now: i64,
    ) -> Option<Told> {
        let told = match event.transition {
            Transition::Fired(severity) => {
                self.last += 1;
                let alert = new(self.last, event, severity, judge, judgement, now);
                self.make_room();
                self.kept.push_back(alert.clone());
                alert
            }
            Transition::Worsened(severity) => {
                let alert = self.open(&event.key)?;
                alert.severity = severity;
                alert.clone()
            }
            Transition::Resolved => {
                let alert = self.open(&event.key)?;
                alert.end("itself", now);
                alert.clone()
            }
            Transition::Pended | Transition::Withdrawn => return None,
        };
        Some(Told {
            transition: event.transition,
            alert: told,
        })
    }

    pub(super) fn resolve(&mut self, id: &str, by: &str, now: i64) -> Option<&Alert> {
        let id: u64 = id.parse().ok()?;
        let alert = self.kept.iter_mut().find(|alert| alert.id == id)?;
        if alert.resolved.is_none() {
            alert.end(by, now);
        }
        Some(alert)
    }

    fn open(&mut self, key: &str) -> Option<&mut Alert> {
        let mut newest_first = self.kept.iter_mut().rev();
        newest_first.find(|alert| alert.resolved.is_none() && alert.key == key)
    }

    fn make_room(&mut self) {
        if self.kept.len() < Self::MOST {
            return;
        }
        let over = self.kept.iter().position(|alert| alert.resolved.is_some());
        self.kept.remove(over.unwrap_or_default());
    }
}

impl Alert {
    fn end(&mut self, by: &str, now: i64) {
        self.resolved = Some(now);
        self.resolved_by = Some(by.to_owned());
    }
}

fn new(
    id: u64,
    event: &Event,
    severity: Severity,
    judge: &Judge,
    judgement: &Judgement,
    now: i64,
) -> Alert {
    let watch = judge.watch(&event.key);
    let mut found = judgement.findings.iter();
    let finding = found.find(|finding| finding.id == *event.key);
    let message = finding.map_or_else(
        || format!("{} is past its line.", event.key),
        |finding| {
            let told = format!("{} {}", finding.headline, finding.cause);
            told.trim_end().to_owned()
        },
    );
    let measured = finding.and_then(|finding| finding.value);
    let measured = measured.or(watch.and_then(|watch| watch.value));
    Alert {
        id,
        key: event.key.to_string(),
        kind: event.kind,
        severity,
        message,
        value: measured.filter(|value| value.is_finite()),
        limit: watch.map_or(0.0, |watch| watch.limit),
        unit: watch.map_or(Unit::Ratio, |watch| watch.unit),
        since: watch.map_or(now, |watch| watch.state.since_ns),
        fired: now,
        resolved: None,
        resolved_by: None,
    }
}
