//! Charts drawn as SVG: plain shapes with classes, coloured by the page around them.

use plimsoll::alert::Unit;
use plimsoll::performance::MB;

use super::charts::{Chart, Line, Mark};
use super::words;
use crate::http::html::escaped;

/// Of the picture, in its own units.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 190.0;
/// Around the plot, for the labels.
const LEFT: f64 = 74.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 24.0;
/// About as many lines across.
const ROWS: f64 = 4.0;
/// Most labels below.
const MOST_LABELS: i64 = 8;
/// A limit that is so many times higher than all values would leave nothing of them to be seen.
const FAR: f64 = 4.0;
/// Most deploys that are named in the picture; of more the names would lie upon each other.
const MOST_NAMES: usize = 6;
/// Most characters of such a name.
const MOST_NAME: usize = 14;
/// Half as wide is such a name at most.
const HALF_NAME: f64 = 45.0;
const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440 * MINUTE;
/// How far labels below may be apart.
const APART: [i64; 15] = [
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    60 * MINUTE,
    120 * MINUTE,
    180 * MINUTE,
    360 * MINUTE,
    720 * MINUTE,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
];

/// The picture of a chart.
pub(crate) fn svg(chart: &Chart) -> String {
    let plot = Plot::of(chart);
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH:.0} {HEIGHT:.0}\" role=\"img\" aria-label=\"{}\">",
        escaped(&chart.title)
    );
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for alert in chart.alerts.iter().filter(|mark| plot.shows(mark)) {
        let (from, until) = (plot.x(alert.start), plot.x(alert.end));
        out += &format!(
            "<rect class=\"alert\" x=\"{from:.1}\" y=\"{TOP:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{}</title></rect>",
            (until - from).max(1.5),
            bottom - TOP,
            escaped(&alert.name)
        );
    }
    for row in 0..=plot.rows {
        let value = plot.row * f64::from(row);
        let y = plot.y(value);
        let label = match chart.unit {
            Some(unit) => words::value(value, unit),
            None => String::new(),
        };
        out += &format!(
            "<line class=\"grid\" x1=\"{LEFT:.1}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"label\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            y + 4.0,
            escaped(&label)
        );
    }
    for (at, label) in plot.labels() {
        let x = plot.x(at);
        out += &format!(
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{bottom:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\"/>\
             <text class=\"label\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            bottom + 4.0,
            HEIGHT - 6.0
        );
    }
    let deploys: Vec<&Mark> = chart
        .deploys
        .iter()
        .filter(|mark| plot.shows(mark))
        .collect();
    for deploy in &deploys {
        let x = plot.x(deploy.start);
        out += &format!(
            "<g class=\"deploy\"><title>{}</title><line x1=\"{x:.1}\" y1=\"{TOP:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>",
            escaped(&deploy.name)
        );
        if deploys.len() <= MOST_NAMES {
            // At an edge the name stands beside its line, not cut off.
            let anchor = match x {
                x if x > right - HALF_NAME => "end",
                x if x < LEFT + HALF_NAME => "start",
                _ => "middle",
            };
            out += &format!(
                "<text class=\"label\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
                TOP - 5.0,
                escaped(&short(deploy.name.trim_start_matches("deploy ")))
            );
        }
        out += "</g>";
    }
    if let Some(limit) = &chart.limit
        && limit.value <= plot.top
    {
        let y = plot.y(limit.value);
        out += &format!(
            "<line class=\"limit\" x1=\"{LEFT:.1}\" y1=\"{y:.1}\" x2=\"{right:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"label limit\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            right - 4.0,
            y - 4.0,
            escaped(&limit.name)
        );
    }
    for (number, line) in chart.lines.iter().enumerate() {
        out += &plot.line(line, number);
    }
    out += "</svg>";
    out
}

/// Whether the limit lies so far above all values that it is not drawn.
pub(crate) fn is_limit_far(chart: &Chart) -> bool {
    let highest = highest(chart);
    chart
        .limit
        .as_ref()
        .is_some_and(|limit| limit.value > FAR * highest)
}

fn highest(chart: &Chart) -> f64 {
    let points = chart.lines.iter().flat_map(|line| &line.points);
    let values = points.filter_map(|(_, value)| *value);
    values.filter(|value| value.is_finite()).fold(0.0, f64::max)
}

fn short(name: &str) -> String {
    match name.chars().count() > MOST_NAME {
        true => name.chars().take(MOST_NAME - 1).chain(['…']).collect(),
        false => name.to_owned(),
    }
}

/// Where values and times lie in the picture.
struct Plot {
    start: i64,
    end: i64,
    /// The highest value of the axis, and the distance of its lines.
    top: f64,
    row: f64,
    rows: u32,
}

impl Plot {
    fn of(chart: &Chart) -> Self {
        let limit = chart.limit.as_ref().filter(|_| !is_limit_far(chart));
        let mut most = highest(chart).max(chart.at_least);
        if let Some(limit) = limit {
            most = most.max(1.05 * limit.value);
        }
        let unit = match chart.unit {
            Some(Unit::Bytes) => MB,
            _ => 1.0,
        };
        let row = unit * round_above(most / unit / ROWS);
        let rows = (most / row).ceil().clamp(1.0, 10.0);
        Self {
            start: chart.start,
            end: chart.end.max(chart.start + 1),
            top: row * rows,
            row,
            rows: rows as u32,
        }
    }

    fn x(&self, at: i64) -> f64 {
        let at = at.clamp(self.start, self.end);
        let share = (at - self.start) as f64 / (self.end - self.start) as f64;
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let share = (value / self.top).clamp(0.0, 1.0);
        TOP + (1.0 - share) * (HEIGHT - TOP - BOTTOM)
    }

    fn shows(&self, mark: &Mark) -> bool {
        mark.end >= self.start && mark.start <= self.end
    }

    /// A line, broken where values are missing; a value between two gaps is a dot.
    fn line(&self, line: &Line, number: usize) -> String {
        let (mut path, mut dots) = (String::new(), String::new());
        let value = |at: usize| line.points.get(at).and_then(|(_, value)| *value);
        let mut is_drawing = false;
        for (at, &(time, _)) in line.points.iter().enumerate() {
            let Some(now) = value(at).filter(|value| value.is_finite()) else {
                is_drawing = false;
                continue;
            };
            let (x, y) = (self.x(time), self.y(now));
            let is_alone = !is_drawing && value(at + 1).is_none();
            if is_alone {
                dots += &format!(
                    "<circle class=\"dot l{number}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\"/>"
                );
                continue;
            }
            path += &format!("{}{x:.1} {y:.1}", if is_drawing { "L" } else { "M" });
            is_drawing = true;
        }
        match path.is_empty() {
            true => dots,
            false => format!("<path class=\"line l{number}\" d=\"{path}\"/>{dots}"),
        }
    }

    /// Times with their labels, UTC: a day has its date, and so has the first of all.
    fn labels(&self) -> Vec<(i64, String)> {
        let length = self.end - self.start;
        let apart = APART.into_iter().find(|apart| length / apart < MOST_LABELS);
        let apart = apart.unwrap_or(28 * DAY);
        let first = self.start.div_euclid(apart) * apart;
        let times = (0..=MOST_LABELS + 1).map(|number| first + number * apart);
        // At the edges a label would stick out.
        let margin = length / 40;
        let times = times.filter(|at| (self.start + margin..=self.end - margin).contains(at));
        times
            .enumerate()
            .map(|(number, at)| {
                let is_day = at.rem_euclid(DAY) == 0;
                let label = match (apart < DAY, is_day || number == 0) {
                    (true, false) => words::short(at, true),
                    (true, true) if !is_day => {
                        format!("{} {}", words::short(at, false), words::short(at, true))
                    }
                    _ => words::short(at, false),
                };
                (at, label)
            })
            .collect()
    }
}

/// 1, 2 or 5 times a power of ten, not less than `value`.
fn round_above(value: f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * power);
    // The logarithm of a round number may be a hair above it.
    let step = steps.into_iter().find(|step| *step >= value * (1.0 - 1e-9));
    step.unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::super::charts::Limit;
    use super::*;

    fn chart() -> Chart {
        Chart {
            title: "Requests <a> minute".to_owned(),
            unit: Some(Unit::Count),
            start: 0,
            end: 100,
            lines: vec![Line {
                name: "requests".to_owned(),
                points: vec![
                    (0, Some(0.0)),
                    (50, Some(80.0)),
                    (60, None),
                    (70, Some(40.0)),
                    (80, None),
                ],
            }],
            ..Chart::default()
        }
    }

    #[test]
    fn a_line_has_gaps_where_values_are_missing_and_lone_values_are_dots() {
        let drawn = svg(&chart());
        // The plot is 672 wide from 74 and 150 high from 16; 80 of 80 is its top, 0 its bottom.
        assert!(drawn.contains("d=\"M74.0 166.0L410.0 16.0\""), "{drawn}");
        assert!(
            drawn.contains("<circle class=\"dot l0\" cx=\"544.4\" cy=\"91.0\""),
            "{drawn}"
        );
        assert!(drawn.contains("aria-label=\"Requests &lt;a&gt; minute\""));
        assert!(
            drawn.contains(">80</text>") && drawn.contains(">20</text>"),
            "{drawn}"
        );
    }

    #[test]
    fn a_limit_is_drawn_unless_it_would_leave_nothing_of_the_values() {
        let with = |value: f64| {
            let mut chart = chart();
            let name = "line".to_owned();
            chart.limit = Some(Limit { value, name });
            (
                svg(&chart).contains("class=\"limit\""),
                is_limit_far(&chart),
            )
        };
        assert_eq!(with(100.0), (true, false));
        assert_eq!(with(320.0), (true, false));
        assert_eq!(with(321.0), (false, true));
    }

    #[test]
    fn what_happened_is_marked_and_cannot_leave_its_text() {
        let mut chart = chart();
        let mark = |start, end, name: &str| Mark {
            start,
            end,
            name: name.to_owned(),
        };
        chart.deploys = vec![
            mark(50, 50, "deploy <script>1</script>"),
            mark(500, 500, "later"),
        ];
        chart.alerts = vec![mark(25, 1_000, "high alert \"a\"")];
        let drawn = svg(&chart);
        assert!(drawn.contains("<title>deploy &lt;script&gt;1&lt;/script&gt;</title>"));
        assert!(
            drawn.contains("x=\"242.0\" y=\"16.0\" width=\"504.0\""),
            "{drawn}"
        );
        assert!(!drawn.contains("<script") && !drawn.contains("later"));
    }

    #[test]
    fn axes_end_at_round_numbers() {
        let rounded = [0.3, 1.0, 2.1, 7.0, 0.002, 0.0, 1_000.0].map(round_above);
        assert_eq!(rounded, [0.5, 1.0, 5.0, 10.0, 0.002, 1.0, 1_000.0]);
        let mut week = chart();
        (week.start, week.end) = (1_766_000_000_000, 1_766_000_000_000 + 7 * DAY);
        let labels = Plot::of(&week).labels();
        let labels: Vec<&str> = labels.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "Dec 18", "Dec 19", "Dec 20", "Dec 21", "Dec 22", "Dec 23", "Dec 24"
            ]
        );
    }
}
