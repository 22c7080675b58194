//! What happened, where it is heading, what to do.

use plimsoll::alert::{Severity, Unit};
use plimsoll::analysis::trend::{Meaning, Trend};
use plimsoll::analysis::words::{count, share};

use super::{Cell, Part, Report, Section, Table, text};
use crate::report::contents::{ReportAlert, ReportDeploy, ReportOutlook, ReportTrend};
use crate::report::words::{self, NONE, change, counted, length, maybe, time};

/// What fired.
pub(super) fn alerts(report: &Report) -> Section {
    let alerts = &report.alerts;
    let mut parts = Vec::new();
    if alerts.total == 0 {
        parts.push(text("Nothing fired."));
    } else {
        let by = alerts.by_severity.iter().rev();
        let by = by.map(|(severity, number)| format!("{number} {}", severity.as_str()));
        let period = (report.end.0 - report.start.0) as f64 / 1e9;
        parts.push(Part::Text(
            format!(
                "{}: {}.",
                counted(alerts.total, "alert"),
                by.collect::<Vec<_>>().join(", ")
            ),
            format!(
                "At least one fired for {}, {} of the period.",
                length(alerts.firing_seconds),
                share(alerts.firing_seconds / period.max(1.0))
            ),
        ));
        let mut table = Table::new(&["Fired", "Severity", "#For", "Over", "What and why"]);
        for alert in &alerts.list {
            table.row([
                time(alert.fired_at).into(),
                Cell::past(
                    alert.severity.as_str().to_owned(),
                    alert.severity >= Severity::High,
                ),
                length(alert.seconds).into(),
                over(alert).into(),
                format!("{} {}", alert.message, alert.cause).trim().into(),
            ]);
        }
        parts.push(Part::Table(table));
        if alerts.list.len() < alerts.total {
            parts.push(text(format!("The newest {}.", alerts.list.len())));
        }
    }
    Section {
        id: "alerts",
        title: "Alerts".to_owned(),
        parts,
    }
}

fn over(alert: &ReportAlert) -> String {
    match (alert.resolved_at, alert.resolved_by.as_deref()) {
        (None, _) => "fires".to_owned(),
        (Some(_), None | Some("itself")) => "by itself".to_owned(),
        (Some(_), Some(who)) => format!("by {who}"),
    }
}

/// What began to run, and what became different.
pub(super) fn deploys(report: &Report) -> Section {
    let mut parts = Vec::new();
    if report.deploys.is_empty() {
        parts.push(text("No other version began to run."));
    }
    if report.deploys.len() < report.deploys_total {
        parts.push(text(format!(
            "The newest {} of {}.",
            report.deploys.len(),
            counted(report.deploys_total, "deploy")
        )));
    }
    for deploy in &report.deploys {
        let revision = deploy.revision.as_deref();
        let revision = revision.map_or_else(String::new, |revision| format!(" ({revision})"));
        parts.push(Part::Heading(format!(
            "{}{revision}, {}",
            deploy.version,
            time(deploy.time)
        )));
        parts.extend(beside(report, deploy));
    }
    Section {
        id: "deploys",
        title: "Deploys".to_owned(),
        parts,
    }
}

fn beside(report: &Report, deploy: &ReportDeploy) -> Vec<Part> {
    let (Some(before), Some(after)) = (deploy.before_seconds, deploy.after_seconds) else {
        return vec![text(
            "It is too long ago: its hours are not known apart any more.",
        )];
    };
    if deploy.routes.is_empty() {
        return vec![text("No requests came around it.")];
    }
    let mut table = Table::new(&[
        "Route",
        "#Requests before",
        "#after",
        "#p95 before",
        "#after",
        "#Errors before",
        "#after",
    ]);
    for route in &deploy.routes {
        let rate_after = route.error_rate_after;
        let is_past = rate_after.is_some_and(|rate| rate > report.course.error_limit);
        table.row([
            format!("{} {}", route.method, route.route).into(),
            count(route.requests_before as f64).into(),
            count(route.requests_after as f64).into(),
            maybe(route.p95_before_seconds, Unit::Seconds).into(),
            maybe(route.p95_after_seconds, Unit::Seconds).into(),
            maybe(route.error_rate_before, Unit::Ratio).into(),
            Cell::past(maybe(rate_after, Unit::Ratio), is_past),
        ]);
    }
    let note = format!(
        "Over the {} before it and the {} after it.",
        length(before),
        length(after)
    );
    vec![Part::Table(table), text(note)]
}

/// Where figures are heading.
pub(super) fn trends(report: &Report) -> Section {
    let mut table = Table::new(&[
        "Figure",
        "Heads",
        "#Now",
        "#Before",
        "#Change",
        "#A week earlier",
    ]);
    for trend in &report.trends {
        let (heading, meaning) = trend.trend();
        let is_bad = meaning == Some(Meaning::Degrading);
        let compared = &trend.compared;
        table.row([
            figure(trend.figure).into(),
            Cell::past(said(heading, meaning), is_bad),
            maybe(compared.current, trend.unit).into(),
            maybe(compared.previous, trend.unit).into(),
            change(compared.change_ratio).into(),
            maybe(compared.last_week, trend.unit).into(),
        ]);
    }
    let sentences = report.trends.iter().filter_map(sentence);
    let note = format!(
        "Over the last {}, beside the same time before. A trend is a rise or fall by more than a tenth that chance does not explain.",
        length(report.trend_seconds)
    );
    let mut parts = vec![Part::Table(table), text(note)];
    let sentences: Vec<String> = sentences.collect();
    if !sentences.is_empty() {
        parts.push(Part::List(sentences));
    }
    Section {
        id: "trends",
        title: "Trends".to_owned(),
        parts,
    }
}

fn said(trend: Trend, meaning: Option<Meaning>) -> String {
    let heads = match trend {
        Trend::InsufficientData => "too little data",
        Trend::Increasing => "up",
        Trend::Decreasing => "down",
        Trend::Stable => "steady",
    };
    match meaning {
        Some(Meaning::Improving) => format!("{heads}, better"),
        Some(Meaning::Degrading) => format!("{heads}, worse"),
        None => heads.to_owned(),
    }
}

fn sentence(trend: &ReportTrend) -> Option<String> {
    let verb = match trend.trend().0 {
        Trend::Increasing => "rose",
        Trend::Decreasing => "fell",
        _ => return None,
    };
    let by = trend.course.change_ratio.map(f64::abs);
    let by = by.map_or_else(String::new, |by| format!(" by {}", share(by)));
    let good = match trend.trend().1 {
        Some(Meaning::Improving) => ": it improves",
        Some(Meaning::Degrading) => ": it degrades",
        None => "",
    };
    Some(format!(
        "{} {verb}{by} over the window{good}.",
        figure(trend.figure)
    ))
}

fn figure(name: &str) -> &str {
    match name {
        "response_time" => "Response time (p95)",
        "throughput" => "Requests a minute",
        "error_rate" => "Error rate",
        "cpu_usage" => "CPU",
        "memory_usage" => "Memory",
        "request_volume" => "Requests a second",
        "disk_usage" => "Disk",
        other => other,
    }
}

/// What will be needed.
pub(super) fn forecast(report: &Report) -> Section {
    let known = report.forecast.iter();
    let mut known = known.filter(|one| one.not_enough_data.is_none()).peekable();
    let mut parts = Vec::new();
    if known.peek().is_some() {
        let days = report.forecast.first().map_or(0, |one| one.days_ahead);
        let ahead = format!("#In {}", counted(days, "day"));
        let mut table = Table::new(&[
            "Figure",
            "#Now",
            &ahead,
            "#Between",
            "#Line",
            "What it says",
        ]);
        for outlook in known {
            table.row(row(outlook));
        }
        parts.push(Part::Table(table));
    }
    let unknown = report.forecast.iter();
    let unknown = unknown.filter_map(|one| {
        let why = one.not_enough_data.as_ref()?;
        Some(format!("{}: {why}.", figure(one.figure)))
    });
    let unknown: Vec<String> = unknown.collect();
    if !unknown.is_empty() {
        parts.push(text("There is no forecast for:"));
        parts.push(Part::List(unknown));
    }
    Section {
        id: "forecast",
        title: "Forecast".to_owned(),
        parts,
    }
}

fn row(outlook: &ReportOutlook) -> [Cell; 6] {
    let value = |number| maybe(number, outlook.unit);
    let between = match (outlook.projected_low, outlook.projected_high) {
        (Some(low), Some(high)) => format!(
            "{} and {}",
            words::value(low, outlook.unit),
            words::value(high, outlook.unit)
        ),
        _ => NONE.to_owned(),
    };
    [
        figure(outlook.figure).into(),
        value(outlook.current).into(),
        value(outlook.projected).into(),
        between.into(),
        value(outlook.limit).into(),
        Cell::past(reaches(outlook), outlook.reaches.is_some()),
    ]
}

/// `reaches its line in 12 days (8–20)`.
fn reaches(outlook: &ReportOutlook) -> String {
    match (outlook.limit, outlook.reaches) {
        (None, _) => "has no line".to_owned(),
        (Some(_), None) => "does not reach its line within half a year".to_owned(),
        (Some(_), Some(reach)) if reach.days < 1.0 => "reaches its line within a day".to_owned(),
        (Some(_), Some(reach)) => {
            let between = match reach.latest_days {
                Some(latest) => format!("{:.0}–{latest:.0}", reach.earliest_days),
                None => format!("{:.0} or more", reach.earliest_days),
            };
            let days = counted(reach.days.round() as usize, "day");
            format!("reaches its line in {days} ({between})")
        }
    }
}

/// What to do.
pub(super) fn recommendations(report: &Report) -> Section {
    let mut parts = Vec::new();
    if report.recommendations.is_empty() {
        parts.push(text("Nothing is to be done."));
    }
    for one in &report.recommendations {
        let rest = format!("{} {}", one.cause, one.action);
        parts.push(Part::Text(one.headline.clone(), rest.trim().to_owned()));
        parts.extend(one.fix.clone().map(Part::Code));
    }
    Section {
        id: "recommendations",
        title: "What to do".to_owned(),
        parts,
    }
}

/// What damage keeps from the report.
pub(super) fn missing(report: &Report) -> Section {
    let parts = match report.missing.is_empty() {
        true => vec![text("Nothing is known to be missing.")],
        false => vec![
            text("The files are damaged: what stands above lacks"),
            Part::List(report.missing.clone()),
        ],
    };
    Section {
        id: "missing",
        title: "What is missing".to_owned(),
        parts,
    }
}
