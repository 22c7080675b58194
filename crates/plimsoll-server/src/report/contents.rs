//! What a report holds. Times are RFC 3339, UTC, where they are written.

use std::collections::BTreeMap;

use plimsoll::alert::{Severity, Unit};
use plimsoll::analysis::forecast::Reach;
use plimsoll::analysis::score::Score;
use plimsoll::analysis::trend::{Comparison, Course, Meaning, Trend};
use plimsoll::analysis::verdict::{ServiceState, Verdict};
use plimsoll::standards::Place;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::rows::Table;
use crate::services::rfc3339;
use crate::store::table::Nanos;

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) Nanos);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339(self.0))
    }
}

/// What happened to a service over a stretch of time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Report {
    pub(crate) service: String,
    /// Begin of the period.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) start: Moment,
    /// Its end: when the report was made.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) end: Moment,
    /// Where days and weeks begin: `UTC`, `Europe/Berlin`.
    pub(crate) time_zone: String,
    /// Versions that sent in the period, the newest last as far as that is known.
    pub(crate) versions: Vec<String>,
    /// Requests of the period, all of them.
    pub(crate) requests: u64,
    /// Share of them that failed; null without any.
    pub(crate) error_rate: Option<f64>,
    /// How it is at the end.
    pub(crate) now: ReportNow,
    /// The score over the period, as far as it is remembered.
    pub(crate) scores: ReportScores,
    /// Those that were asked, in the order of the configuration.
    pub(crate) classes: Vec<ReportClass>,
    /// Days over which the error budget is counted.
    pub(crate) objective_days: u32,
    /// Whether the period before is known, beside which routes are put.
    pub(crate) has_before: bool,
    /// Those that took most time in all first.
    pub(crate) routes: Vec<ReportRoute>,
    /// How many there are.
    pub(crate) routes_total: usize,
    /// Statements that took most time in all first.
    pub(crate) statements: Vec<ReportStatement>,
    /// How many there are.
    pub(crate) statements_total: usize,
    /// Outgoing calls that took most time in all first.
    pub(crate) calls: Vec<ReportCall>,
    /// How many there are.
    pub(crate) calls_total: usize,
    pub(crate) resources: Vec<ReportResource>,
    pub(crate) alerts: ReportAlerts,
    /// The newest last.
    pub(crate) deploys: Vec<ReportDeploy>,
    /// How many there are.
    pub(crate) deploys_total: usize,
    /// Length of the window that trends are of: the period, but no more than 30 days.
    pub(crate) trend_seconds: f64,
    pub(crate) trends: Vec<ReportTrend>,
    pub(crate) forecast: Vec<ReportOutlook>,
    /// What to do, the most urgent first.
    pub(crate) recommendations: Vec<ReportAction>,
    /// By day for 7 days and more, by week for 28 and more; else null.
    pub(crate) table: Option<Table>,
    /// What charts are drawn from.
    pub(crate) course: ReportCourse,
    /// What damage is known to keep from the report, in words with its extent.
    pub(crate) missing: Vec<String>,
}

/// How a service is at the end of the period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportNow {
    pub(crate) state: ServiceState,
    pub(crate) verdict: Verdict,
    pub(crate) score: Score,
}

/// The score of each minute that is remembered: those of the last day, since the server's start.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct ReportScores {
    pub(crate) lowest: Option<f64>,
    /// When it was lowest first.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) lowest_at: Option<Moment>,
    pub(crate) highest: Option<f64>,
    pub(crate) mean: Option<f64>,
    /// At most 120, the oldest first; of several the lowest.
    pub(crate) points: Vec<ReportScore>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportScore {
    #[schema(value_type = String, format = DateTime)]
    pub(crate) time: Moment,
    pub(crate) score: f64,
}

/// A class of operations over the period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportClass {
    pub(crate) name: String,
    pub(crate) target_seconds: f64,
    pub(crate) acceptable_seconds: f64,
    pub(crate) investigate_seconds: f64,
    /// Of the period; null without requests.
    pub(crate) p95_seconds: Option<f64>,
    /// Where that lies; of routes with bands of their own where the worst of them does.
    pub(crate) place: Place,
    /// Share of the period's requests that were answered within the line.
    pub(crate) compliance: Option<f64>,
    /// Share of the requests that must be.
    pub(crate) objective: f64,
    /// Share of the error budget of `objective_days` that is left, below 0 when it is overdrawn.
    pub(crate) budget_left: Option<f64>,
    pub(crate) requests: u64,
    pub(crate) error_rate: Option<f64>,
}

/// A route over the period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportRoute {
    pub(crate) method: String,
    /// Route template, `<unmatched>` or `<other>`.
    pub(crate) route: String,
    pub(crate) class: String,
    pub(crate) requests: u64,
    pub(crate) p50_seconds: Option<f64>,
    pub(crate) p95_seconds: Option<f64>,
    pub(crate) p99_seconds: Option<f64>,
    pub(crate) errors: u64,
    pub(crate) error_rate: Option<f64>,
    /// Of all its requests together.
    pub(crate) total_seconds: f64,
    /// Share of the time of all routes, 0 to 1.
    pub(crate) share: f64,
    /// The period before, of the same length; null where it is not known.
    pub(crate) before: Option<ReportBefore>,
}

/// A route in the period before.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportBefore {
    pub(crate) requests: u64,
    pub(crate) p95_seconds: Option<f64>,
    pub(crate) error_rate: Option<f64>,
    /// From then to now, as a share of then: 0.1 is 10 % more; null without requests in either.
    pub(crate) requests_change_ratio: Option<f64>,
    /// Likewise, of the p95.
    pub(crate) p95_change_ratio: Option<f64>,
}

/// A statement over the period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportStatement {
    /// Literals are `?`.
    pub(crate) statement: String,
    /// As OpenTelemetry names it: `postgresql`, `redis`.
    pub(crate) db_system: String,
    /// The route that spent most time with it; null where that is not known.
    pub(crate) asked_by: Option<String>,
    #[serde(flatten)]
    pub(crate) durations: ReportDurations,
}

/// Calls of a peer over the period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportCall {
    /// Who was asked: host, and port where it is not the usual one.
    pub(crate) peer: String,
    /// HTTP's method, or the remote procedure.
    pub(crate) method: String,
    #[serde(flatten)]
    pub(crate) durations: ReportDurations,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportDurations {
    pub(crate) count: u64,
    pub(crate) errors: u64,
    pub(crate) mean_seconds: Option<f64>,
    pub(crate) p95_seconds: Option<f64>,
    /// Of all of them together.
    pub(crate) total_seconds: f64,
}

/// What the instance used that used most.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportResource {
    /// As the judge names it: `cpu`, `memory`, `pool:postgres`.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) mean: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) line: f64,
    pub(crate) unit: Unit,
    /// How many times what the line allows was used at most.
    pub(crate) max_ratio: Option<f64>,
}

/// Alerts that fired within the period, or before it and were not over by then.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct ReportAlerts {
    /// How many there were.
    pub(crate) total: usize,
    /// How many of each severity.
    pub(crate) by_severity: BTreeMap<Severity, usize>,
    /// Seconds of the period in which at least one fired.
    pub(crate) firing_seconds: f64,
    /// The newest first.
    pub(crate) list: Vec<ReportAlert>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportAlert {
    /// Its number.
    pub(crate) id: String,
    /// Of what: `class:write`.
    pub(crate) key: String,
    pub(crate) severity: Severity,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) fired_at: Moment,
    /// Null while it fires.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(crate) resolved_at: Option<Moment>,
    /// `itself`, or who said so.
    pub(crate) resolved_by: Option<String>,
    /// How long it fired, until now if it does.
    pub(crate) seconds: f64,
    /// In a sentence or two.
    pub(crate) message: String,
    /// Why, as far as it was known; empty when it was not.
    pub(crate) cause: String,
}

/// A version that began to run, and what became different.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportDeploy {
    pub(crate) version: String,
    pub(crate) revision: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) time: Moment,
    /// Length of the stretch before and of that after it, which end where another deploy is; null when it is too long ago.
    pub(crate) before_seconds: Option<f64>,
    pub(crate) after_seconds: Option<f64>,
    /// Those with most requests first, at most ten.
    pub(crate) routes: Vec<ReportDeployRoute>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportDeployRoute {
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) requests_before: u64,
    pub(crate) requests_after: u64,
    pub(crate) p95_before_seconds: Option<f64>,
    pub(crate) p95_after_seconds: Option<f64>,
    pub(crate) error_rate_before: Option<f64>,
    pub(crate) error_rate_after: Option<f64>,
}

/// Where a figure is heading.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportTrend {
    /// `response_time`, `throughput`, `error_rate`.
    pub(crate) figure: &'static str,
    pub(crate) unit: Unit,
    pub(crate) course: Course,
    /// Beside the window before and that of last week.
    pub(crate) compared: Comparison,
}

impl ReportTrend {
    pub(crate) fn trend(&self) -> (Trend, Option<Meaning>) {
        (self.course.trend, self.course.meaning)
    }
}

/// What a figure will be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportOutlook {
    /// `cpu_usage`, `memory_usage`, `request_volume`, `disk_usage`.
    pub(crate) figure: &'static str,
    pub(crate) unit: Unit,
    /// Mean of a usual week now; null when the history is too short.
    pub(crate) current: Option<f64>,
    /// The same in `days_ahead` days, with its interval (90 %).
    pub(crate) projected: Option<f64>,
    pub(crate) projected_low: Option<f64>,
    pub(crate) projected_high: Option<f64>,
    pub(crate) days_ahead: usize,
    pub(crate) limit: Option<f64>,
    /// When it reaches its line; null when it does not within half a year.
    pub(crate) reaches: Option<Reach>,
    /// Why there is no forecast.
    pub(crate) not_enough_data: Option<String>,
}

/// What to do about something.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportAction {
    /// The finding that it is for.
    pub(crate) finding: String,
    /// What, how much, since what.
    pub(crate) headline: String,
    /// Why; empty when that is not known.
    pub(crate) cause: String,
    /// What to do; ends with a colon where `fix` follows.
    pub(crate) action: String,
    /// To be copied.
    pub(crate) fix: Option<String>,
}

/// Figures over the period, one value a step; null where there is none.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct ReportCourse {
    /// Start of each step, epoch milliseconds.
    pub(crate) times: Vec<i64>,
    /// Width of a step; of days that of a usual one.
    pub(crate) step_seconds: f64,
    pub(crate) requests_per_minute: Vec<Option<f64>>,
    pub(crate) error_rate: Vec<Option<f64>>,
    /// At most so many should fail.
    pub(crate) error_limit: f64,
    /// Of each class with requests, at most four, the busiest first.
    pub(crate) classes: Vec<ReportCourseClass>,
    /// Mean of the largest instance.
    pub(crate) memory_bytes: Vec<Option<f64>>,
    pub(crate) memory_limit_bytes: Option<f64>,
    /// Mean of the busiest instance, as a share of the cores that it may use.
    pub(crate) cpu_ratio: Vec<Option<f64>>,
    pub(crate) cpu_limit_ratio: f64,
}

#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct ReportCourseClass {
    pub(crate) name: String,
    /// Its line.
    pub(crate) investigate_seconds: f64,
    pub(crate) p50_seconds: Vec<Option<f64>>,
    pub(crate) p95_seconds: Vec<Option<f64>>,
}
