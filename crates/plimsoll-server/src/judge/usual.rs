//! What is usual of services and their routes, from the store: the same hours of the last week, or the last hour while
//! there are too few days.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll::analysis::{Basis, Stretch, Usual};

use crate::performance::series::{Buckets, By, Line, LineKey, series};
use crate::performance::{MINUTE, Scope};
use crate::reading::Reading;
use crate::state::AppState;
use crate::store::read::error::QueryError;
use crate::store::table::Nanos;

const HOUR: Nanos = 60 * MINUTE;
const DAY: Nanos = 24 * HOUR;
/// Days that are looked back.
const DAYS: i64 = 7;
/// Hours before and after the one of now that count as the same.
const AROUND: i64 = 1;
/// What is usual is looked up so often.
const EVERY: Nanos = 10 * MINUTE;
/// A young service learns faster.
const EVERY_YOUNG: Nanos = 2 * MINUTE;
/// The last minutes are what is judged, not what is usual.
const NOT_YET: Nanos = 5 * MINUTE;
/// Services that are looked up at one time, so that no look takes long.
const AT_ONCE: usize = 4;

/// Learns what is usual of the services for which it is time. Blocking.
///
/// # Errors
/// When the store cannot be read.
pub(super) fn learn(app: &AppState, now: Nanos) -> Result<(), QueryError> {
    let due: Vec<String> = {
        let mut services = app.judging.services.lock();
        let due = services
            .iter_mut()
            .filter(|(_, judged)| judged.learned <= now || judged.learned > now + EVERY);
        due.take(AT_ONCE).map(|(name, _)| name.clone()).collect()
    };
    for service in due {
        let (usual, of_service, is_young) = look_up(app, &service, now)?;
        let mut services = app.judging.services.lock();
        if let Some(judged) = services.get_mut(&service) {
            for ((method, route), usual) in usual {
                judged.judge.learn(&method, &route, usual);
            }
            judged.judge.learn_service(of_service);
            judged.learned = now + if is_young { EVERY_YOUNG } else { EVERY };
        }
    }
    Ok(())
}

type OfRoutes = BTreeMap<(Arc<str>, Arc<str>), Option<Usual>>;

/// What is usual of each route, of the service, and whether that is from the last hour only.
fn look_up(
    app: &AppState,
    service: &str,
    now: Nanos,
) -> Result<(OfRoutes, Option<Usual>, bool), QueryError> {
    let scope = Scope::Service(service.to_owned());
    let mut reading = Reading::of(&app.store);
    let days = same_hours(&mut reading, &scope, now)?;
    let hour = last_hour(&mut reading, &scope, now)?;
    let mut keys: Vec<&LineKey> = days.keys().chain(hour.keys()).collect();
    keys.sort();
    keys.dedup();
    let none = Vec::new();
    let mut is_young = false;
    let mut usual = |key: &LineKey| {
        let of_days = days.get(key).unwrap_or(&none);
        Usual::of(of_days, Basis::SameHours).or_else(|| {
            is_young = true;
            Usual::of(hour.get(key).unwrap_or(&none), Basis::LastHour)
        })
    };
    let of_routes: OfRoutes = keys
        .iter()
        .map(|key| {
            (
                (key.method.as_str().into(), key.route.as_str().into()),
                usual(key),
            )
        })
        .collect();
    let all_days = together(&days);
    let all_hour = together(&hour);
    let of_service =
        Usual::of(&all_days, Basis::SameHours).or_else(|| Usual::of(&all_hour, Basis::LastHour));
    Ok((of_routes, of_service, is_young))
}

/// The same hours of the days before, a stretch each.
fn same_hours(
    reading: &mut Reading<'_>,
    scope: &Scope,
    now: Nanos,
) -> Result<BTreeMap<LineKey, Vec<Stretch>>, QueryError> {
    let hour = now.div_euclid(HOUR) * HOUR;
    let mut found: BTreeMap<LineKey, Vec<Stretch>> = BTreeMap::new();
    let mut days = 0;
    for back in 1..=DAYS {
        let buckets = Buckets {
            start: hour - back * DAY - AROUND * HOUR,
            step: HOUR,
            count: 1 + 2 * AROUND as usize,
            last: HOUR,
        };
        let lines = series(reading, scope, buckets, By::Route)?;
        if lines.is_empty() {
            continue;
        }
        days += 1;
        for (key, line) in lines {
            let stretches = found.entry(key).or_default();
            // A route that was not asked on a day before has that as its usual, too.
            stretches.resize(days - 1, empty(3.0 * 60.0));
            stretches.push(stretch(&line, 60.0));
        }
    }
    for stretches in found.values_mut() {
        stretches.resize(days, empty(3.0 * 60.0));
    }
    Ok(found)
}

/// The hour before the last minutes, in stretches of ten minutes.
fn last_hour(
    reading: &mut Reading<'_>,
    scope: &Scope,
    now: Nanos,
) -> Result<BTreeMap<LineKey, Vec<Stretch>>, QueryError> {
    const STEP: Nanos = 5 * MINUTE;
    let end = (now - NOT_YET).div_euclid(STEP) * STEP;
    let buckets = Buckets {
        start: end - HOUR,
        step: STEP,
        count: (HOUR / STEP) as usize,
        last: STEP,
    };
    let lines = series(reading, scope, buckets, By::Route)?;
    let stretches = lines.into_iter().map(|(key, line)| {
        let heard = line.iter().filter(|totals| totals.is_some());
        let each = heard.map(|totals| stretch(std::slice::from_ref(totals), 5.0));
        (key, each.collect())
    });
    Ok(stretches.collect())
}

/// What a line's buckets, each of so many minutes, did together; gaps are no time.
fn stretch(line: &[<Line as IntoIterator>::Item], minutes: f64) -> Stretch {
    let mut together = empty(0.0);
    for totals in line.iter().flatten() {
        together.duration.merge(&totals.duration);
        together.errors += totals.errors;
        together.minutes += minutes;
    }
    together
}

fn empty(minutes: f64) -> Stretch {
    Stretch {
        minutes,
        ..Stretch::default()
    }
}

/// The routes' stretches together: those of the service.
fn together(of_routes: &BTreeMap<LineKey, Vec<Stretch>>) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for stretches in of_routes.values() {
        for (at, stretch) in stretches.iter().enumerate() {
            match all.get_mut(at) {
                Some(known) => {
                    known.duration.merge(&stretch.duration);
                    known.errors += stretch.errors;
                    known.minutes = known.minutes.max(stretch.minutes);
                }
                None => all.push(stretch.clone()),
            }
        }
    }
    all
}
