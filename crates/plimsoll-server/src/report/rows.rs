//! A service by hour, day or week.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contents::Moment;

/// A service hour by hour, day by day or week by week.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Table {
    pub(crate) by: TableBy,
    /// The oldest first; the first is whole even if the period begins within it.
    pub(crate) rows: Vec<TableRow>,
}

/// What a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TableBy {
    /// Hours.
    Hour,
    /// Days of the store's time zone.
    Day,
    /// Weeks of it, from Monday.
    Week,
}

/// A service in an hour, day or week.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TableRow {
    #[schema(value_type = String, format = DateTime)]
    pub(crate) start: Moment,
    #[schema(value_type = String, format = DateTime)]
    pub(crate) end: Moment,
    /// The day on which it begins in the store's time zone, of an hour with its time: `2027-01-04`, `2027-01-04 14:00`.
    pub(crate) label: String,
    /// Whether it is over.
    pub(crate) is_over: bool,
    /// Null where nothing was heard of the service.
    pub(crate) requests: Option<u64>,
    /// Most requests of one minute; at most so many where only routes' own peaks are known any more.
    pub(crate) peak_per_minute: Option<f64>,
    pub(crate) mean_seconds: Option<f64>,
    pub(crate) p95_seconds: Option<f64>,
    pub(crate) error_rate: Option<f64>,
    /// Of the largest instance.
    pub(crate) memory_mean_bytes: Option<f64>,
    pub(crate) memory_max_bytes: Option<f64>,
    /// Of the busiest instance, as a share of the cores that it may use.
    pub(crate) cpu_mean_ratio: Option<f64>,
    pub(crate) cpu_max_ratio: Option<f64>,
}
