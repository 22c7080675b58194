//! What is not past its line, but worth a look: levels that are close, statements that repeat or take long.

use super::cause::{Cause, MANY};
use super::told::label;
use super::{Finding, runbook};
use crate::alert::Kind;
use crate::analysis::situation::{RouteNow, Situation, StatementNow};
use crate::analysis::words::{amount, duration};
use crate::standards::Place;

/// Most of these.
const MOST: usize = 10;
/// Requests of a route without which its statements say nothing.
const REQUESTS: u64 = 10;

pub(super) fn close(situation: &Situation, told: &[Finding]) -> Vec<Finding> {
    let is_told = |key: &str| {
        let foreseen = format!("forecast:{key}");
        told.iter()
            .any(|finding| finding.id == key || finding.id == foreseen)
    };
    let levels = situation
        .levels
        .iter()
        .filter(|level| {
            Place::of_headroom(1.0 - level.ratio) == Place::Close && !is_told(&level.key)
        })
        .map(|level| {
            let (what, name) = level.key.split_once(':').unwrap_or((&level.key, ""));
            let mut found = bare(
                level.key.clone(),
                Kind::ResourceViolation,
                level.key.clone(),
            );
            found.float = Some(level.key.clone());
            let (now, line) = (
                amount(level.value, level.unit),
                amount(level.limit, level.unit),
            );
            found.headline = format!(
                "{} is close to its line: {now} of {line}.",
                label(what, name)
            );
            found.evidence.push(format!("{now}, line {line}"));
            found.action = "Make room before it is past it.".to_owned();
            found
        });
    let routes = situation
        .routes
        .iter()
        .filter(|route| route.requests >= REQUESTS);
    let repeated = routes.filter_map(|route| {
        let of_route = situation.statements_of(route);
        let most = of_route.max_by_key(|one| one.executions)?;
        let known = told
            .iter()
            .any(|finding| finding.subject == route.name() && finding.fix.is_some());
        (!known).then(|| repeated(situation, route, most)).flatten()
    });
    let slow = situation.statements.iter().filter(|one| {
        one.executions >= REQUESTS
            && one.total / one.executions as f64 > situation.standards.slow.query.as_secs_f64()
    });
    let slow = slow.map(|one| slow_statement(situation, one));
    levels.chain(repeated).chain(slow).take(MOST).collect()
}

fn repeated(situation: &Situation, route: &RouteNow, most: &StatementNow) -> Option<Finding> {
    let requests = route.requests as f64;
    let per_request = most.executions as f64 / requests;
    if per_request < MANY {
        return None;
    }
    let all: u64 = situation
        .statements_of(route)
        .map(|one| one.executions)
        .sum();
    let cause = Cause::Repeated {
        statement: most.statement.clone(),
        per_request,
        all_per_request: all as f64 / requests,
        share: (most.total / requests / route.mean.max(1e-9)).min(1.0),
    };
    let mut found = bare(
        format!("repeated:{}", route.name()),
        Kind::SlowQuery,
        route.name(),
    );
    let (why, evidence) = cause.told();
    found.headline = format!("{} asks the same again and again.", route.name());
    found.cause = why;
    found.evidence = evidence;
    (found.action, found.fix) = cause.action(situation, route);
    Some(found)
}

fn slow_statement(situation: &Situation, one: &StatementNow) -> Finding {
    let mean = one.total / one.executions as f64;
    let line = situation.standards.slow.query.as_secs_f64();
    let asked_by = match one.route.as_str() {
        "" => String::new(),
        route => format!(" of {} {route}", one.method),
    };
    let mut found = bare(
        format!("query:{}", one.statement),
        Kind::SlowQuery,
        one.statement.clone(),
    );
    found.headline = format!("A statement{asked_by} takes {} on average.", duration(mean));
    found.evidence.push(format!(
        "{} on average, slow from {} on",
        duration(mean),
        duration(line)
    ));
    found.evidence.push(format!("p95 {}", duration(one.p95)));
    found.action = "See whether an index is missing:".to_owned();
    found.fix = Some(format!("EXPLAIN {}", one.statement));
    found
}

fn bare(id: String, kind: Kind, subject: String) -> Finding {
    Finding {
        id,
        kind,
        subject,
        float: None,
        place: Place::Close,
        severity: None,
        value: None,
        headline: String::new(),
        cause: String::new(),
        evidence: Vec::new(),
        since_ns: None,
        action: String::new(),
        fix: None,
        runbook: runbook(kind),
        follows_from: None,
        alert: None,
        deploy: None,
    }
}
