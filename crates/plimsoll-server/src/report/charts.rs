//! Which charts a report has, and what each of them shows.

use plimsoll::alert::Unit;

use super::contents::Report;
use super::words;
use crate::store::table::Nanos;

/// A chart: figures over the period.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chart {
    /// What it shows, with the unit.
    pub(crate) title: String,
    pub(crate) lines: Vec<Line>,
    /// What the figures must stay below.
    pub(crate) limit: Option<Limit>,
    /// How high the axis is at least.
    pub(crate) at_least: f64,
    /// Of what the axis is.
    pub(crate) unit: Option<Unit>,
    /// The period, epoch milliseconds.
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) deploys: Vec<Mark>,
    /// When alerts fired.
    pub(crate) alerts: Vec<Mark>,
}

/// A figure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Where each value stands, epoch milliseconds, and the value; `None` is a gap.
    pub(crate) points: Vec<(i64, Option<f64>)>,
}

/// What the figures must stay below.
#[derive(Clone, Debug)]
pub(crate) struct Limit {
    pub(crate) value: f64,
    pub(crate) name: String,
}

/// Something that happened, or went on for a while.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) name: String,
}

const MILLISECOND: Nanos = 1_000_000;

/// The charts of the figures over the period, without those of which nothing is known.
pub(crate) fn charts(report: &Report) -> Vec<Chart> {
    let course = &report.course;
    let chart = |title: &str, unit: Unit| Chart {
        title: title.to_owned(),
        unit: Some(unit),
        ..blank(report)
    };
    let limit = |value: f64, unit: Unit| {
        Some(Limit {
            value,
            name: format!("line {}", words::value(value, unit)),
        })
    };
    let line = |name: &str, values: &[Option<f64>]| Line {
        name: name.to_owned(),
        points: placed(report, values),
    };
    let mut found = vec![
        Chart {
            lines: vec![line("requests", &course.requests_per_minute)],
            ..chart("Requests a minute", Unit::Count)
        },
        Chart {
            lines: vec![line("errors", &course.error_rate)],
            limit: limit(course.error_limit, Unit::Ratio),
            ..chart("Error rate, share of the requests", Unit::Ratio)
        },
    ];
    for class in &course.classes {
        let title = format!("Response time of {}, p50 and p95", class.name);
        found.push(Chart {
            lines: vec![
                line("p95", &class.p95_seconds),
                line("p50", &class.p50_seconds),
            ],
            limit: limit(class.investigate_seconds, Unit::Seconds),
            ..chart(&title, Unit::Seconds)
        });
    }
    found.push(Chart {
        lines: vec![line("memory", &course.memory_bytes)],
        limit: course
            .memory_limit_bytes
            .and_then(|bytes| limit(bytes, Unit::Bytes)),
        ..chart("Memory of the largest instance", Unit::Bytes)
    });
    found.push(Chart {
        lines: vec![line("CPU", &course.cpu_ratio)],
        limit: limit(course.cpu_limit_ratio, Unit::Ratio),
        ..chart(
            "CPU of the busiest instance, share of its cores",
            Unit::Ratio,
        )
    });
    found.retain(Chart::has_values);
    found
}

/// The score, where enough of it is known to be drawn.
pub(crate) fn scores(report: &Report) -> Option<Chart> {
    let points = &report.scores.points;
    let ms = |at: Nanos| at / MILLISECOND;
    let first = points.first()?;
    let chart = Chart {
        title: "Score, of 100".to_owned(),
        unit: Some(Unit::Count),
        at_least: 100.0,
        start: ms(first.time.0),
        lines: vec![Line {
            name: "score".to_owned(),
            points: points
                .iter()
                .map(|point| (ms(point.time.0), Some(point.score)))
                .collect(),
        }],
        ..blank(report)
    };
    (points.len() > 2).then_some(chart)
}

/// A chart of the period with what happened in it.
fn blank(report: &Report) -> Chart {
    let ms = |at: Nanos| at / MILLISECOND;
    let deploys = report.deploys.iter().map(|deploy| Mark {
        start: ms(deploy.time.0),
        end: ms(deploy.time.0),
        name: format!("deploy {}", deploy.version),
    });
    let alerts = report.alerts.list.iter().map(|alert| Mark {
        start: ms(alert.fired_at.0),
        end: ms(alert.resolved_at.unwrap_or(report.end).0),
        name: format!("{} alert {}", alert.severity.as_str(), alert.key),
    });
    Chart {
        start: ms(report.start.0),
        end: ms(report.end.0),
        deploys: deploys.collect(),
        alerts: alerts.collect(),
        ..Chart::default()
    }
}

/// Values in the middle of their steps, as far as these lie within the period.
fn placed(report: &Report, values: &[Option<f64>]) -> Vec<(i64, Option<f64>)> {
    let course = &report.course;
    let (start, end) = (report.start.0 / MILLISECOND, report.end.0 / MILLISECOND);
    let usual = (course.step_seconds * 1e3) as i64;
    let nexts = course.times.iter().skip(1).copied().map(Some);
    let steps = course.times.iter().zip(nexts.chain([None]));
    let middle = |(&from, next): (&i64, Option<i64>)| {
        let until = next.unwrap_or(from + usual);
        from.max(start).midpoint(until.min(end))
    };
    steps.map(middle).zip(values.iter().copied()).collect()
}

impl Chart {
    fn has_values(&self) -> bool {
        let mut points = self.lines.iter().flat_map(|line| &line.points);
        points.any(|(_, value)| value.is_some())
    }
}
