//! What became different: services that appear and fall silent, checks of the server's health.

use std::collections::BTreeMap;

use plimsoll::health::{CheckReport, Report};

use super::told::{Change, StreamData};
use crate::store::table::Nanos;

/// A service without rows for so long is silent: exporters send every 10 s to 60 s.
const SILENT_AFTER: Nanos = 90 * 1_000_000_000;

/// What was known at the last look.
#[derive(Debug, Default)]
pub(super) struct Known {
    services: BTreeMap<String, Seen>,
    checks: BTreeMap<String, CheckReport>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    last: Nanos,
    is_silent: bool,
}

impl Known {
    /// The state when somebody begins to listen: nothing of it is news.
    pub(super) fn at(services: BTreeMap<String, Nanos>, report: &Report, now: Nanos) -> Self {
        let seen = |last| Seen {
            last,
            is_silent: now - last > SILENT_AFTER,
        };
        let services = services.into_iter().map(|(name, last)| (name, seen(last)));
        Self {
            services: services.collect(),
            checks: report.checks.clone(),
        }
    }

    /// Notes whose windows are about to be told.
    pub(super) fn note_windows(&mut self, told: &[StreamData], now: Nanos) -> Vec<Change> {
        let windows = told.iter().filter_map(|data| match data {
            StreamData::Window(window) => Some(window.service.as_str()),
            _ => None,
        });
        windows
            .filter_map(|service| self.note(service, now))
            .collect()
    }

    /// Compares with what is known of the services.
    pub(super) fn services(
        &mut self,
        services: BTreeMap<String, Nanos>,
        now: Nanos,
    ) -> Vec<Change> {
        let noted = services.into_iter();
        let mut changes: Vec<Change> = noted
            .filter_map(|(service, last)| self.note(&service, last))
            .collect();
        for (service, seen) in &mut self.services {
            if !seen.is_silent && now - seen.last > SILENT_AFTER {
                seen.is_silent = true;
                let service = service.clone();
                changes.push(Change::ServiceSilent { service });
            }
        }
        changes
    }

    /// Compares with the state of each check.
    pub(super) fn health(&mut self, report: &Report) -> Vec<Change> {
        let mut changes = Vec::new();
        for (name, check) in &report.checks {
            let before = self.checks.get(name);
            let same = before.is_some_and(|known| {
                (known.status, &known.message) == (check.status, &check.message)
            });
            if !same {
                changes.push(Change::Health {
                    check: name.clone(),
                    status: check.status,
                    message: check.message.clone(),
                });
            }
        }
        self.checks.clone_from(&report.checks);
        changes
    }

    /// Rows of a service came at `time`.
    fn note(&mut self, service: &str, time: Nanos) -> Option<Change> {
        let Some(seen) = self.services.get_mut(service) else {
            let seen = Seen {
                last: time,
                is_silent: false,
            };
            let service = service.to_owned();
            self.services.insert(service.clone(), seen);
            return Some(Change::ServiceAppeared { service });
        };
        let is_new = time > seen.last;
        seen.last = seen.last.max(time);
        if !is_new || !seen.is_silent {
            return None;
        }
        seen.is_silent = false;
        let service = service.to_owned();
        Some(Change::ServiceBack { service })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    fn known(services: &[(&str, Nanos)]) -> BTreeMap<String, Nanos> {
        services
            .iter()
            .map(|(name, last)| ((*name).to_owned(), *last))
            .collect()
    }

    #[test]
    fn services_appear_fall_silent_and_come_back_once() {
        let mut at = Known::default();
        let shop = || "shop".to_owned();
        assert_eq!(
            at.services(known(&[("shop", SECOND)]), SECOND),
            [Change::ServiceAppeared { service: shop() }]
        );
        assert_eq!(at.services(known(&[("shop", SECOND)]), 91 * SECOND), []);
        let late = 92 * SECOND;
        assert_eq!(
            at.services(known(&[("shop", SECOND)]), late),
            [Change::ServiceSilent { service: shop() }]
        );
        assert_eq!(at.services(known(&[("shop", SECOND)]), late + SECOND), []);
        assert_eq!(
            at.services(known(&[("shop", late)]), late + SECOND),
            [Change::ServiceBack { service: shop() }]
        );
    }
}
