//! Keeps alerts: what fired, worsened and is over is written down, and handed on to be told, all of it or nothing.

use std::collections::BTreeMap;

use plimsoll::alert::{Kind, Severity, Transition, Unit};
use plimsoll::analysis::findings::{Finding, findings};
use plimsoll::judge::Event;
use rusqlite::Transaction;

use super::situation;
use crate::meta::alerts::{self, Alert};
use crate::meta::silences::Silence;
use crate::meta::{Meta, MetaError};
use crate::notify::{Notice, notice};
use crate::state::AppState;
use crate::store::table::Nanos;
use crate::stream::Change;

/// What became of an alert, with the alert as it is now.
#[derive(Clone, Debug)]
pub struct Told {
    /// What became of it.
    pub what: What,
    /// The alert.
    pub alert: Alert,
    /// The finding; none when it is over.
    pub finding: Option<Finding>,
}

/// What can become of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It fires.
    Fired,
    /// It is more severe than it was.
    Worsened,
    /// It is over.
    Resolved,
}

/// Writes down what became different of a service, and tells it. What cannot be written is tried again with the next look.
pub fn tell(app: &AppState, service: &str, events: &[Event], now: Nanos) {
    let important =
        |event: &&Event| !matches!(event.transition, Transition::Pended | Transition::Withdrawn);
    let mut events: Vec<Event> = events.iter().filter(important).cloned().collect();
    let mut untold = app.judging.untold.lock();
    let before = untold.remove(service).unwrap_or_default();
    events.splice(0..0, before);
    if events.is_empty() {
        return;
    }
    match write(app, service, &events, now) {
        Ok(told) => {
            drop(untold);
            told.iter().for_each(|told| note(app, told));
        }
        Err(error) => {
            tracing::warn!(%error, "alerts of {service} cannot be kept, they are tried again: {error}");
            events.truncate(MOST_UNTOLD);
            untold.insert(service.to_owned(), events);
        }
    }
}

/// Most events of a service that wait to be written.
const MOST_UNTOLD: usize = 10_000;

fn write(
    app: &AppState,
    service: &str,
    events: &[Event],
    now: Nanos,
) -> Result<Vec<Told>, MetaError> {
    // Why it fires is said once, when it does; it is looked for in everything that fires now.
    let situation = situation::of(app, service, now);
    let situation =
        situation.inspect_err(|error| tracing::warn!(%error, "no causes for {service}: {error}"));
    let found = situation.as_ref().map(findings).unwrap_or_default();
    let silences = app.judging.meta().silences(now)?;
    let mut told = Vec::new();
    app.judging.meta().change(|file| {
        for event in events {
            let finding = found.iter().find(|finding| finding.id == *event.key);
            let new = of_event(app, service, event, finding, now);
            let kept = match event.transition {
                Transition::Fired(_) => {
                    let id = alerts::insert(file, &new)?;
                    Some((What::Fired, Alert { id, ..new }))
                }
                Transition::Worsened(_) => {
                    alerts::worsen(file, &new)?.map(|alert| (What::Worsened, alert))
                }
                Transition::Resolved => alerts::resolve(file, service, &event.key, "itself", now)?
                    .map(|alert| (What::Resolved, alert)),
                Transition::Pended | Transition::Withdrawn => None,
            };
            if let Some((what, alert)) = kept {
                told.push(Told {
                    what,
                    alert,
                    finding: finding.cloned(),
                });
            }
        }
        hand_on(app, file, &mut told, &silences, now)?;
        Ok(Ok::<(), MetaError>(()))
    })?;
    app.notify.wake();
    Ok(told)
}

/// Hands on what is to be told: nothing of what is silent, or acknowledged and goes on; the end of what was told.
fn hand_on(
    app: &AppState,
    file: &Transaction<'_>,
    all: &mut [Told],
    silences: &[Silence],
    now: Nanos,
) -> rusqlite::Result<()> {
    let mut notices = Vec::new();
    for told in all {
        let alert = &mut told.alert;
        let is_silent = silences.iter().any(|silence| {
            silence
                .covers(&alert.service, &alert.key, alert.severity, now)
                .is_some()
        });
        let is_wanted = match told.what {
            What::Fired => !is_silent,
            What::Worsened => !is_silent && alert.acknowledged.is_none(),
            What::Resolved => alert.told,
        };
        if !is_wanted {
            continue;
        }
        if !alert.told {
            alerts::told(file, alert.id)?;
            alert.told = true;
        }
        notices.push(notice(app, told, now));
    }
    app.notify.put_in(file, &notices, now)
}

/// Tells what fires and was silent, when the silence is over.
pub(super) fn tell_after_silence(app: &AppState, now: Nanos) {
    let meta = app.judging.meta();
    let told = meta.read(alerts::all_firing).and_then(|firing| {
        // Nothing is written where there is nothing to tell, which is nearly always.
        let untold = firing.into_iter().filter(|alert| !alert.told);
        let mut untold: Vec<Told> = untold
            .map(|alert| Told {
                what: What::Fired,
                finding: None,
                alert,
            })
            .collect();
        if untold.is_empty() {
            return Ok(());
        }
        let silences = meta.silences(now)?;
        meta.change(|file| {
            hand_on(app, file, &mut untold, &silences, now)?;
            Ok(Ok::<(), MetaError>(()))
        })
    });
    match told {
        Ok(()) => app.notify.wake(),
        Err(error) => tracing::warn!(%error, "what was silent cannot be told yet: {error}"),
    }
}

fn notice(app: &AppState, told: &Told, now: Nanos) -> Notice {
    let alert = &told.alert;
    let finding = told.finding.as_ref();
    let (what, name) = alert.key.split_once(':').unwrap_or((&alert.key, ""));
    let mut labels = BTreeMap::from([("key".to_owned(), alert.key.clone())]);
    match what {
        "class" | "burn" | "floor" => {
            labels.insert("class".to_owned(), name.to_owned());
        }
        "check" => {
            labels.insert("check".to_owned(), name.to_owned());
        }
        "forecast" => {
            labels.insert("resource".to_owned(), name.to_owned());
        }
        "route" | "errors" => {
            if let Some((method, route)) = name.split_once(' ') {
                labels.insert("method".to_owned(), method.to_owned());
                labels.insert("route".to_owned(), route.to_owned());
            }
        }
        _ => {}
    }
    if let Some(deploy) = finding.and_then(|finding| finding.deploy.as_ref()) {
        labels.insert("version".to_owned(), deploy.version.clone());
        if let Some(revision) = &deploy.revision {
            labels.insert("revision".to_owned(), revision.clone());
        }
    }
    let path = crate::http::percent::percent_encoded(&alert.service);
    let text = |of: fn(&Finding) -> &String| finding.map(of).cloned().unwrap_or_default();
    Notice {
        alert: alert.id.to_string(),
        transition: u32::try_from(alert.transitions).unwrap_or(u32::MAX),
        kind: match told.what {
            What::Fired => notice::Kind::Firing,
            What::Worsened => notice::Kind::Worsened,
            What::Resolved => notice::Kind::Resolved,
        },
        service: alert.service.clone(),
        alert_type: Kind::named(&alert.kind).unwrap_or(Kind::ResourceViolation),
        severity: alert.severity,
        message: finding.map_or_else(|| alert.message.clone(), |finding| finding.headline.clone()),
        cause: text(|finding| &finding.cause),
        action: text(|finding| &finding.action),
        fix: finding.and_then(|finding| finding.fix.clone()),
        threshold: Some(alert.line),
        current_value: alert.value,
        unit: Unit::named(&alert.unit).unwrap_or(Unit::Ratio),
        labels,
        since: alert.since,
        timestamp: now,
        link: Some(format!("{}/services/{path}", app.doors.url_for_browsers())),
    }
    .bounded()
}

/// An alert as its event tells it.
fn of_event(
    app: &AppState,
    service: &str,
    event: &Event,
    finding: Option<&Finding>,
    now: Nanos,
) -> Alert {
    let watch = app
        .judging
        .with(service, |judged| judged.judge.watch(&event.key).cloned());
    let watch = watch.flatten();
    let severity = match event.transition {
        Transition::Fired(severity) | Transition::Worsened(severity) => severity,
        _ => Severity::Low,
    };
    let message = finding.map_or_else(
        || format!("{} is past its line.", event.key),
        |finding| {
            format!("{} {}", finding.headline, finding.cause)
                .trim_end()
                .to_owned()
        },
    );
    let measured = finding.and_then(|finding| finding.value);
    let finding = finding.and_then(|finding| serde_json::to_string(finding).ok());
    let line = watch.as_ref().map_or(0.0, |watch| watch.limit);
    Alert {
        id: 0,
        service: service.to_owned(),
        key: event.key.to_string(),
        kind: event.kind.as_str().to_owned(),
        severity,
        message,
        finding: finding.unwrap_or_else(|| "{}".to_owned()),
        value: measured
            .or(watch.as_ref().and_then(|watch| watch.value))
            .filter(|value| value.is_finite()),
        line: if line.is_finite() { line } else { 0.0 },
        unit: watch
            .as_ref()
            .map_or("ratio", |watch| watch.unit.as_str())
            .to_owned(),
        since: watch.as_ref().map_or(now, |watch| watch.state.since_ns),
        fired: now,
        transitions: 1,
        told: false,
        resolved: None,
        resolved_by: None,
        acknowledged: None,
        acknowledged_by: None,
    }
}

/// Tells logs and listeners.
fn note(app: &AppState, told: &Told) {
    let Alert {
        id,
        service,
        message,
        severity,
        ..
    } = &told.alert;
    let severity = severity.as_str();
    let state = match told.what {
        What::Fired => {
            tracing::warn!(
                alert.id = id,
                alert.severity = severity,
                "alert {id} of {service} fires: {message}"
            );
            "firing"
        }
        What::Worsened => {
            tracing::warn!(
                alert.id = id,
                alert.severity = severity,
                "alert {id} of {service} is {severity} now: {message}"
            );
            "firing"
        }
        What::Resolved => {
            tracing::info!(alert.id = id, "alert {id} of {service} is over: {message}");
            "resolved"
        }
    };
    app.stream.announce(Change::Alert {
        service: service.clone(),
        id: id.to_string(),
        state,
    });
}

/// Ends an alert by hand. If its breach goes on, it fires anew after a full wait.
///
/// # Errors
/// A file that cannot be read or written.
pub fn resolve(app: &AppState, id: i64, by: &str, now: Nanos) -> Result<Option<Alert>, MetaError> {
    let meta: &Meta = app.judging.meta();
    let Some(alert) = meta.alert(id)? else {
        return Ok(None);
    };
    if alert.resolved.is_some() {
        return Ok(Some(alert));
    }
    app.judging.resolve(&alert.service, &alert.key);
    let silences = meta.silences(now)?;
    let over = meta.change(|file| {
        let over = alerts::resolve(file, &alert.service, &alert.key, by, now)?;
        let told = over.map(|alert| Told {
            what: What::Resolved,
            alert,
            finding: None,
        });
        let mut told: Vec<Told> = told.into_iter().collect();
        hand_on(app, file, &mut told, &silences, now)?;
        Ok(Ok::<_, MetaError>(told.pop()))
    })?;
    app.notify.wake();
    if let Some(told) = &over {
        note(app, told);
    }
    let over = over.map(|told| told.alert);
    Ok(over.or(Some(alert)))
}

/// Forgets alerts that are over for long.
pub(super) fn forget_old(app: &AppState, now: Nanos) {
    let forgotten = app
        .judging
        .meta()
        .change(|file| Ok(Ok::<(), MetaError>(alerts::forget_old(file, now)?)));
    if let Err(error) = forgotten {
        tracing::warn!(%error, "old alerts cannot be forgotten: {error}");
    }
}
