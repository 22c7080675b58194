//! What took time, and what was used.

use plimsoll::alert::Unit;
use plimsoll::analysis::words::{count, share};

use super::service::of_line;
use super::{Cell, Part, Report, Section, Table, text};
use crate::report::contents::ReportDurations;
use crate::report::words::{self, NONE, change, maybe};

/// The routes that took most time.
pub(super) fn routes(report: &Report) -> Section {
    let mut table = Table::new(&[
        "Route",
        "#Time",
        "#Requests",
        "#p50",
        "#p95",
        "#p99",
        "#Errors",
        "#Requests, change",
        "#p95, change",
    ]);
    for route in &report.routes {
        let before = route.before.as_ref();
        let is_new = before.is_some_and(|before| before.requests == 0);
        let requests = match is_new {
            true => "new".to_owned(),
            false => change(before.and_then(|before| before.requests_change_ratio)),
        };
        let errors = route.error_rate.filter(|_| route.errors > 0);
        let errors = match errors {
            Some(rate) => format!("{} ({})", count(route.errors as f64), share(rate)),
            None => "0".to_owned(),
        };
        let is_past = route
            .error_rate
            .is_some_and(|rate| rate > report.course.error_limit);
        table.row([
            format!("{} {}", route.method, route.route).into(),
            share(route.share).into(),
            count(route.requests as f64).into(),
            maybe(route.p50_seconds, Unit::Seconds).into(),
            maybe(route.p95_seconds, Unit::Seconds).into(),
            maybe(route.p99_seconds, Unit::Seconds).into(),
            Cell::past(errors, is_past),
            requests.into(),
            change(before.and_then(|before| before.p95_change_ratio)).into(),
        ]);
    }
    let before = match report.has_before {
        true => "Changes are against the period before, of the same length.",
        false => "The period before, of the same length, is not known, or not all of it.",
    };
    let note = format!(
        "{} “Time” is the share of the time of all routes. {before}",
        most(report.routes.len(), report.routes_total, "route")
    );
    section(
        "routes",
        "Routes",
        table,
        note,
        "No requests came in this period.",
    )
}

/// The statements that took most time.
pub(super) fn statements(report: &Report) -> Section {
    let mut table = Table::new(&[
        "Statement",
        "Database",
        "Asked most by",
        "#Time in all",
        "#Executions",
        "#Mean",
        "#p95",
        "#Errors",
    ]);
    for row in &report.statements {
        let [total, number, mean, p95, errors] = durations(&row.durations);
        table.row([
            row.statement.as_str().into(),
            row.db_system.as_str().into(),
            row.asked_by.as_deref().unwrap_or(NONE).into(),
            total,
            number,
            mean,
            p95,
            errors,
        ]);
    }
    let note = most(
        report.statements.len(),
        report.statements_total,
        "statement",
    );
    section(
        "statements",
        "Slowest statements",
        table,
        note,
        "No statements were measured.",
    )
}

/// The outgoing calls that took most time.
pub(super) fn calls(report: &Report) -> Section {
    let mut table = Table::new(&[
        "Peer",
        "Method",
        "#Time in all",
        "#Calls",
        "#Mean",
        "#p95",
        "#Errors",
    ]);
    for row in &report.calls {
        let [total, number, mean, p95, errors] = durations(&row.durations);
        table.row([
            row.peer.as_str().into(),
            row.method.as_str().into(),
            total,
            number,
            mean,
            p95,
            errors,
        ]);
    }
    let note = most(report.calls.len(), report.calls_total, "kind of calls");
    section(
        "calls",
        "Slowest outgoing calls",
        table,
        note,
        "No outgoing calls were measured.",
    )
}

/// What was used, against its lines.
pub(super) fn resources(report: &Report) -> Section {
    let mut table = Table::new(&["Resource", "#Mean", "#Max", "#Line", "#Max of its line"]);
    for row in &report.resources {
        table.row([
            row.name.as_str().into(),
            maybe(row.mean, row.unit).into(),
            maybe(row.max, row.unit).into(),
            words::value(row.line, row.unit).into(),
            of_line(row.max_ratio),
        ]);
    }
    let note = "Of the instance that used most. CPU is a share of the cores that it may use.";
    section(
        "resources",
        "Resources",
        table,
        note.to_owned(),
        "Nothing was told of what it uses.",
    )
}

fn durations(row: &ReportDurations) -> [Cell; 5] {
    [
        words::value(row.total_seconds, Unit::Seconds).into(),
        count(row.count as f64).into(),
        maybe(row.mean_seconds, Unit::Seconds).into(),
        maybe(row.p95_seconds, Unit::Seconds).into(),
        count(row.errors as f64).into(),
    ]
}

fn most(shown: usize, total: usize, thing: &str) -> String {
    match shown == total {
        true => "Those that took most time first.".to_owned(),
        false => format!(
            "The {shown} that took most time of {}.",
            words::counted(total, thing)
        ),
    }
}

fn section(id: &'static str, title: &str, table: Table, note: String, none: &str) -> Section {
    let parts = match table.rows.is_empty() {
        true => vec![text(none)],
        false => vec![Part::Table(table), text(note)],
    };
    Section {
        id,
        title: title.to_owned(),
        parts,
    }
}
