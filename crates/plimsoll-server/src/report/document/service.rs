//! How the service is and was: verdict, score, course, standards.

use plimsoll::alert::Unit;
use plimsoll::analysis::words::{count, duration, share, times};
use plimsoll::standards::Place;

use super::super::charts;
use super::{Cell, Part, Report, Section, Table, all_charts, text};
use crate::report::rows::TableBy;
use crate::report::words::{self, NONE, maybe};

/// Rows that stand for the charts where nothing can be drawn.
const ROWS: usize = 12;

/// The verdict and the score.
pub(super) fn now(report: &Report) -> Section {
    let verdict = &report.now.verdict;
    let score = &report.now.score;
    let rest = format!("{} {}", verdict.rest, verdict.more);
    let mut parts = vec![Part::Text(verdict.bold.clone(), rest.trim().to_owned())];
    parts.push(match score.value {
        Some(value) => Part::Text(format!("Score {value:.0} of 100."), String::new()),
        None => text("There is no score: nothing was measured that it could be made of."),
    });
    let known = score.components.iter().filter(|part| part.points.is_some());
    let mut table = Table::new(&["Component", "#Points", "#of", "#Use of its line"]);
    for part in known {
        let load = part.load.map_or_else(|| NONE.to_owned(), share);
        let is_past = part.load.is_some_and(|load| load > 1.0);
        table.row([
            part.label.into(),
            maybe(part.points, Unit::Count).into(),
            count(part.weight).into(),
            Cell::past(load, is_past),
        ]);
    }
    if !table.rows.is_empty() {
        parts.push(Part::Table(table));
    }
    if !score.took.is_empty() {
        parts.push(text("What took points away:"));
        let took = score.took.iter();
        let took = took.map(|took| format!("{} for {}", count(took.points), took.reason));
        parts.push(Part::List(took.collect()));
    }
    Section {
        id: "now",
        title: "Now".to_owned(),
        parts,
    }
}

/// The score over the period.
pub(super) fn scores(report: &Report) -> Section {
    let scores = &report.scores;
    let told = match (scores.points.first(), scores.lowest, scores.lowest_at) {
        (Some(first), Some(lowest), Some(at)) => {
            let highest = scores.highest.unwrap_or(lowest);
            let mean = scores.mean.unwrap_or(lowest);
            format!(
                "Known since {}: between {lowest:.0} ({}) and {highest:.0}, {mean:.0} on average.",
                words::time(first.time),
                words::time(at)
            )
        }
        _ => "Nothing is remembered of it in this period.".to_owned(),
    };
    let note =
        "The score of each minute is remembered for a day, and not over a restart of the server.";
    let mut parts = vec![text(format!("{told} {note}"))];
    parts.extend(charts::scores(report).map(|chart| Part::Charts(vec![chart], None)));
    Section {
        id: "scores",
        title: "Score over the period".to_owned(),
        parts,
    }
}

/// Charts, and a small table in their place.
pub(super) fn course(report: &Report) -> Option<Section> {
    let charts = all_charts(report);
    if charts.is_empty() {
        return None;
    }
    let all = format!(
        "{} in all, {} failed.",
        words::counted(
            usize::try_from(report.requests).unwrap_or(usize::MAX),
            "request"
        ),
        maybe(report.error_rate, Unit::Ratio)
    );
    Some(Section {
        id: "course",
        title: "Over the period".to_owned(),
        parts: vec![text(all), Part::Charts(charts, Some(small(report)))],
    })
}

/// The course in few rows: of steps that share one the mean of the requests, of all else the highest.
fn small(report: &Report) -> Table {
    let course = &report.course;
    let mut columns = vec!["From (UTC)".to_owned(), "#Requests a minute".to_owned()];
    columns.push("#Errors, highest".to_owned());
    let classes = course.classes.iter();
    columns.extend(classes.map(|class| format!("#p95 of {}, highest", class.name)));
    columns.extend(["#Memory, highest".to_owned(), "#CPU, highest".to_owned()]);
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut table = Table::new(&names);
    let width = course.times.len().div_ceil(ROWS).max(1);
    for (chunk, times) in course.times.chunks(width).enumerate() {
        let range = chunk * width..chunk * width + times.len();
        let within = |values: &[Option<f64>]| -> Vec<f64> {
            let values = values.get(range.clone()).unwrap_or_default();
            values.iter().copied().flatten().collect()
        };
        let highest = |values: &[Option<f64>]| within(values).into_iter().reduce(f64::max);
        let requests = within(&course.requests_per_minute);
        let mean = requests.iter().sum::<f64>() / requests.len() as f64;
        let mean = (!requests.is_empty()).then_some(mean);
        let errors = highest(&course.error_rate);
        let mut row: Vec<Cell> = vec![
            words::step(times[0]).into(),
            maybe(mean, Unit::Count).into(),
            past(errors, Some(course.error_limit), Unit::Ratio),
        ];
        row.extend(course.classes.iter().map(|class| {
            let p95 = highest(&class.p95_seconds);
            past(p95, Some(class.investigate_seconds), Unit::Seconds)
        }));
        let memory = highest(&course.memory_bytes);
        row.push(past(memory, course.memory_limit_bytes, Unit::Bytes));
        let cpu = highest(&course.cpu_ratio);
        row.push(past(cpu, Some(course.cpu_limit_ratio), Unit::Ratio));
        table.rows.push(row);
    }
    table
}

/// A value that may be past its line.
fn past(value: Option<f64>, line: Option<f64>, unit: Unit) -> Cell {
    let is_past = value.zip(line).is_some_and(|(value, line)| value > line);
    Cell::past(maybe(value, unit), is_past)
}

/// The days or weeks.
pub(super) fn table(report: &Report) -> Option<Section> {
    let found = report.table.as_ref()?;
    let (title, first) = match found.by {
        TableBy::Hour => ("By hour", "Hour"),
        TableBy::Day => ("By day", "Day"),
        TableBy::Week => ("By week", "Week from"),
    };
    let mut table = Table::new(&[
        first,
        "#Requests",
        "#Peak a minute",
        "#Mean",
        "#p95",
        "#Errors",
        "#Memory, mean",
        "#max",
        "#CPU, mean",
        "#max",
    ]);
    for row in &found.rows {
        let label = match row.is_over {
            true => row.label.clone(),
            false => format!("{} (not over)", row.label),
        };
        let requests = row.requests.map(|requests| requests as f64);
        table.row([
            label.into(),
            maybe(requests, Unit::Count).into(),
            maybe(row.peak_per_minute, Unit::Count).into(),
            maybe(row.mean_seconds, Unit::Seconds).into(),
            maybe(row.p95_seconds, Unit::Seconds).into(),
            past(row.error_rate, Some(report.course.error_limit), Unit::Ratio),
            maybe(row.memory_mean_bytes, Unit::Bytes).into(),
            past(
                row.memory_max_bytes,
                report.course.memory_limit_bytes,
                Unit::Bytes,
            ),
            maybe(row.cpu_mean_ratio, Unit::Ratio).into(),
            past(
                row.cpu_max_ratio,
                Some(report.course.cpu_limit_ratio),
                Unit::Ratio,
            ),
        ]);
    }
    let note = format!(
        "In {}, each as a whole: the first begins before the period where that begins within it. Memory and CPU are those of the instance that used most.",
        report.time_zone
    );
    Some(Section {
        id: "table",
        title: title.to_owned(),
        parts: vec![Part::Table(table), text(note)],
    })
}

/// The classes with their bands.
pub(super) fn standards(report: &Report) -> Section {
    let mut table = Table::new(&[
        "Class",
        "#Target",
        "#Acceptable",
        "#Investigate",
        "#p95",
        "Place",
        "#Within the line",
        "#Budget left",
        "#Requests",
        "#Errors",
    ]);
    for class in &report.classes {
        let is_past = class.place == Place::Past;
        let kept = class.compliance.is_some_and(|kept| kept < class.objective);
        let overdrawn = class.budget_left.is_some_and(|left| left < 0.0);
        table.row([
            class.name.as_str().into(),
            duration(class.target_seconds).into(),
            duration(class.acceptable_seconds).into(),
            duration(class.investigate_seconds).into(),
            Cell::past(maybe(class.p95_seconds, Unit::Seconds), is_past),
            Cell::past(place(class.place).to_owned(), is_past),
            Cell::past(maybe(class.compliance, Unit::Ratio), kept),
            Cell::past(maybe(class.budget_left, Unit::Ratio), overdrawn),
            count(class.requests as f64).into(),
            past(
                class.error_rate,
                Some(report.course.error_limit),
                Unit::Ratio,
            ),
        ]);
    }
    let parts = match table.rows.is_empty() {
        true => vec![text("No requests came in this period.")],
        false => {
            let objective = report.classes.first().map_or(1.0, |class| class.objective);
            let note = format!(
                "The p95 is that of the period. {} of the requests must be answered within the line; the error budget that this leaves is counted over the last {}.",
                share(objective),
                words::counted(report.objective_days as usize, "day")
            );
            vec![Part::Table(table), text(note)]
        }
    };
    Section {
        id: "standards",
        title: "Standards".to_owned(),
        parts,
    }
}

/// How a place is called.
pub(super) fn place(place: Place) -> &'static str {
    match place {
        Place::Unknown => "unknown",
        Place::InTarget => "in target",
        Place::Acceptable => "acceptable",
        Place::Close => "close to the line",
        Place::Past => "past the line",
    }
}

/// How many times its line something used, and whether it is past it.
pub(super) fn of_line(ratio: Option<f64>) -> Cell {
    match ratio {
        None => NONE.into(),
        Some(ratio) if ratio >= 2.0 => Cell::past(times(ratio), true),
        Some(ratio) => Cell::past(share(ratio), ratio > 1.0),
    }
}
