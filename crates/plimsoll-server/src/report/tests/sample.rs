//! A report as it may be, with names that try to be more than text.

use plimsoll::alert::{Severity, Unit};
use plimsoll::analysis::forecast::Reach;
use plimsoll::analysis::score::{Component, Score, Took};
use plimsoll::analysis::trend::{Comparison, Course, Meaning, Trend};
use plimsoll::analysis::verdict::{ServiceState, Verdict};
use plimsoll::standards::Place;

use crate::report::contents::*;
use crate::report::rows::{Table, TableBy, TableRow};
use crate::store::table::Nanos;

/// 2027-01-04T12:00:00Z, a Monday.
const END: Nanos = 1_799_064_000 * SECOND;
const SECOND: Nanos = 1_000_000_000;
const HOUR: Nanos = 3_600 * SECOND;
const MB: f64 = 1_048_576.0;
/// A text that tries to be a program.
pub(super) const HOSTILE: &str = "</title></style><script>alert('1')</script>";

fn at(hours_ago: Nanos) -> Moment {
    Moment(END - hours_ago * HOUR)
}

fn durations(count: u64, mean: f64) -> ReportDurations {
    ReportDurations {
        count,
        errors: 3,
        mean_seconds: Some(mean),
        p95_seconds: Some(2.0 * mean),
        total_seconds: count as f64 * mean,
    }
}

fn route(method: &str, route: &str, before: Option<ReportBefore>) -> ReportRoute {
    ReportRoute {
        method: method.to_owned(),
        route: route.to_owned(),
        class: "read".to_owned(),
        requests: 9_000,
        p50_seconds: Some(0.012),
        p95_seconds: Some(0.412),
        p99_seconds: Some(1.51),
        errors: 45,
        error_rate: Some(0.005),
        total_seconds: 700.0,
        share: 0.7,
        before,
    }
}

fn row(days_ago: i64, label: &str) -> TableRow {
    TableRow {
        start: Moment(END - 12 * HOUR - days_ago * 24 * HOUR),
        end: Moment(END + 12 * HOUR - days_ago * 24 * HOUR),
        label: label.to_owned(),
        is_over: days_ago > 0,
        requests: Some(1_234),
        peak_per_minute: Some(77.0),
        mean_seconds: Some(0.05),
        p95_seconds: Some(0.3),
        error_rate: Some(0.2),
        memory_mean_bytes: Some(200.0 * MB),
        memory_max_bytes: Some(600.0 * MB),
        cpu_mean_ratio: Some(0.25),
        cpu_max_ratio: None,
    }
}

/// The report of a week.
pub(super) fn report() -> Report {
    let steps = 84;
    let step = 2 * HOUR;
    let start = END - 168 * HOUR;
    let wave = |low: f64, high: f64| -> Vec<Option<f64>> {
        let value = |at: usize| low + (high - low) * (at % 12) as f64 / 11.0;
        (0..steps)
            .map(|at| Some(value(at)).filter(|_| at != 40))
            .collect()
    };
    Report {
        service: format!("shop {HOSTILE}"),
        start: Moment(start),
        end: Moment(END),
        time_zone: "UTC".to_owned(),
        versions: vec!["v1|a".to_owned(), "v2".to_owned()],
        requests: 10_800,
        error_rate: Some(0.005),
        now: now(),
        scores: ReportScores {
            lowest: Some(61.0),
            lowest_at: Some(at(5)),
            highest: Some(93.0),
            mean: Some(84.4),
            points: (0..24)
                .rev()
                .map(|hours| ReportScore {
                    time: at(hours),
                    score: if hours == 5 { 61.0 } else { 90.0 },
                })
                .collect(),
        },
        classes: vec![ReportClass {
            name: "read".to_owned(),
            target_seconds: 0.1,
            acceptable_seconds: 0.25,
            investigate_seconds: 0.5,
            p95_seconds: Some(0.61),
            place: Place::Past,
            compliance: Some(0.94),
            objective: 0.995,
            budget_left: Some(-0.4),
            requests: 10_800,
            error_rate: Some(0.005),
        }],
        objective_days: 7,
        has_before: true,
        routes: vec![
            route(
                "GET",
                "/a|b/<script>alert(1)</script>",
                Some(ReportBefore {
                    requests: 6_000,
                    p95_seconds: Some(0.4),
                    error_rate: Some(0.0),
                    requests_change_ratio: Some(0.5),
                    p95_change_ratio: Some(0.03),
                }),
            ),
            route(
                "POST",
                "/orders/{id}",
                Some(ReportBefore {
                    requests: 0,
                    p95_seconds: None,
                    error_rate: None,
                    requests_change_ratio: None,
                    p95_change_ratio: None,
                }),
            ),
        ],
        routes_total: 31,
        statements: vec![ReportStatement {
            statement: "SELECT *\nFROM `a` WHERE b = ? || '<script>'".to_owned(),
            db_system: "postgresql".to_owned(),
            asked_by: Some("GET /orders".to_owned()),
            durations: durations(500, 0.02),
        }],
        statements_total: 1,
        calls: vec![ReportCall {
            peer: "pay.example.org:8443".to_owned(),
            method: "POST".to_owned(),
            durations: durations(20, 0.5),
        }],
        calls_total: 1,
        resources: resources(),
        alerts: alerts(),
        deploys: vec![ReportDeploy {
            version: "v2".to_owned(),
            revision: Some("a1f3c9e".to_owned()),
            time: at(30),
            before_seconds: Some(3_600.0),
            after_seconds: Some(3_600.0),
            routes: vec![ReportDeployRoute {
                method: "GET".to_owned(),
                route: "/orders".to_owned(),
                requests_before: 100,
                requests_after: 120,
                p95_before_seconds: Some(0.2),
                p95_after_seconds: Some(0.6),
                error_rate_before: Some(0.0),
                error_rate_after: Some(0.25),
            }],
        }],
        deploys_total: 1,
        trend_seconds: 7.0 * 86_400.0,
        trends: vec![ReportTrend {
            figure: "response_time",
            unit: Unit::Seconds,
            course: Course {
                trend: Trend::Increasing,
                meaning: Some(Meaning::Degrading),
                change: Some(0.2),
                change_ratio: Some(0.5),
            },
            compared: Comparison::new(Some(0.6), Some(0.4), None),
        }],
        forecast: forecast(),
        recommendations: vec![ReportAction {
            finding: "route:GET /orders".to_owned(),
            headline: "GET /orders runs 22 % past its line since deploy v2.".to_owned(),
            cause: "Its queries take 61 % of the time.".to_owned(),
            action: "Make an index:".to_owned(),
            fix: Some("CREATE INDEX ON orders (customer); -- ``` <b>".to_owned()),
        }],
        table: Some(Table {
            by: TableBy::Day,
            rows: vec![row(1, "2027-01-03"), row(0, "2027-01-04")],
        }),
        course: ReportCourse {
            times: (0..steps as i64)
                .map(|at| (start + at * step) / 1_000_000)
                .collect(),
            step_seconds: 7_200.0,
            requests_per_minute: wave(0.0, 12.0),
            error_rate: wave(0.0, 0.02),
            error_limit: 0.1,
            classes: vec![ReportCourseClass {
                name: "read".to_owned(),
                investigate_seconds: 0.5,
                p50_seconds: wave(0.01, 0.1),
                p95_seconds: wave(0.2, 0.7),
            }],
            memory_bytes: wave(150.0 * MB, 320.0 * MB),
            memory_limit_bytes: Some(500.0 * MB),
            cpu_ratio: vec![None; steps],
            cpu_limit_ratio: 0.8,
        },
        missing: vec!["12 rows of `http_requests` from <raw/2027-01-02.db>".to_owned()],
    }
}

fn now() -> ReportNow {
    ReportNow {
        state: ServiceState::Degraded,
        verdict: Verdict {
            bold: "shop is degraded.".to_owned(),
            rest: "Reads run 22 % past their line since deploy v2.".to_owned(),
            more: "Everything else floats.".to_owned(),
        },
        score: Score {
            value: Some(67.0),
            components: vec![
                Component {
                    name: "response_time",
                    label: "Response time",
                    weight: 30.0,
                    points: Some(14.3),
                    score: Some(48.0),
                    load: Some(1.22),
                },
                Component {
                    name: "cache",
                    label: "Cache",
                    weight: 10.0,
                    points: None,
                    score: None,
                    load: None,
                },
            ],
            took: vec![Took {
                points: 19.1,
                reason: "response time: read p95 is 610 ms, its line 500 ms".to_owned(),
            }],
        },
    }
}

fn resources() -> Vec<ReportResource> {
    vec![
        ReportResource {
            key: "memory".to_owned(),
            name: "memory".to_owned(),
            mean: Some(210.0 * MB),
            max: Some(320.0 * MB),
            line: 500.0 * MB,
            unit: Unit::Bytes,
            max_ratio: Some(0.64),
        },
        ReportResource {
            key: "pool:postgres".to_owned(),
            name: "postgres".to_owned(),
            mean: Some(9.0),
            max: Some(46.0),
            line: 20.0,
            unit: Unit::Count,
            max_ratio: Some(2.3),
        },
    ]
}

fn alerts() -> ReportAlerts {
    let alert = |id: &str, severity, fired: i64, resolved: Option<i64>| ReportAlert {
        id: id.to_owned(),
        key: "class:read".to_owned(),
        severity,
        fired_at: at(fired),
        resolved_at: resolved.map(at),
        resolved_by: resolved.map(|_| "ines".to_owned()),
        seconds: ((fired - resolved.unwrap_or(0)) * 3_600) as f64,
        message: "GET /a|b runs past its line.".to_owned(),
        cause: "The database takes <most> of it.".to_owned(),
    };
    ReportAlerts {
        total: 2,
        by_severity: [(Severity::High, 1), (Severity::Low, 1)].into(),
        firing_seconds: 9.0 * 3_600.0,
        list: vec![
            alert("8", Severity::High, 6, None),
            alert("7", Severity::Low, 29, Some(26)),
        ],
    }
}

fn forecast() -> Vec<ReportOutlook> {
    let unknown = ReportOutlook {
        figure: "cpu_usage",
        unit: Unit::Ratio,
        current: None,
        projected: None,
        projected_low: None,
        projected_high: None,
        days_ahead: 30,
        limit: Some(0.8),
        reaches: None,
        not_enough_data: Some("a forecast needs 14 days with values, but has 6".to_owned()),
    };
    let memory = ReportOutlook {
        figure: "memory_usage",
        unit: Unit::Bytes,
        current: Some(210.0 * MB),
        projected: Some(480.0 * MB),
        projected_low: Some(400.0 * MB),
        projected_high: Some(560.0 * MB),
        limit: Some(500.0 * MB),
        reaches: Some(Reach {
            days: 12.2,
            earliest_days: 8.0,
            latest_days: Some(20.4),
        }),
        not_enough_data: None,
        ..unknown.clone()
    };
    vec![unknown, memory]
}
