//! How a store is to behave.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::schema::Schema;
use super::table::Nanos;
use super::tier::Tier;

/// How a [`Store`](super::Store) is to behave. [`StoreConfig::new`] gives what suits most.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// The folder; made when it is not there.
    pub dir: PathBuf,
    /// Most active series: those with rows in memory or written to within [`SeriesIndex::IDLE`](super::series::SeriesIndex::IDLE).
    pub max_series: usize,
    /// Most fields of all measurements together.
    pub max_fields: usize,
    /// Memory is sealed into blocks at so many rows …
    pub seal_rows: usize,
    /// … or so many bytes …
    pub seal_bytes: usize,
    /// … or when its first row is so old, whichever comes first.
    pub seal_age: Duration,
    /// How long raw rows are kept.
    pub raw_retention: Duration,
    /// How long the 10-minute rollup is kept.
    pub ten_minute_retention: Duration,
    /// How long the hourly rollup is kept.
    pub hourly_retention: Duration,
    /// How long the daily rollup is kept.
    pub daily_retention: Duration,
    /// How long the raw rows of single measurements are kept, longer or shorter than the others.
    pub measurement_retention: BTreeMap<String, Duration>,
    /// Beyond this many bytes the oldest files go first; `None`: no bound.
    pub max_size: Option<u64>,
    /// A row later than now by more than this is refused.
    pub future_bound: Duration,
    /// Where days begin and end in the daily rollup.
    pub time_zone: jiff::tz::TimeZone,
    /// Most day files open at once.
    pub max_open_files: usize,
}

impl StoreConfig {
    /// What suits most, in this folder.
    pub fn new(dir: impl Into<PathBuf>) -> StoreConfig {
        const DAY: Duration = Duration::from_secs(86_400);
        StoreConfig {
            dir: dir.into(),
            max_series: 100_000,
            max_fields: Schema::MAX_FIELDS,
            seal_rows: 1_000_000,
            seal_bytes: 96 << 20,
            seal_age: Duration::from_secs(3600),
            raw_retention: 7 * DAY,
            ten_minute_retention: 15 * DAY,
            hourly_retention: 30 * DAY,
            daily_retention: 90 * DAY,
            measurement_retention: BTreeMap::new(),
            max_size: None,
            future_bound: DAY,
            time_zone: jiff::tz::TimeZone::UTC,
            max_open_files: 64,
        }
    }

    /// How long raw rows of a measurement are kept.
    pub fn retention_of(&self, measurement: &str) -> Duration {
        self.measurement_retention
            .get(measurement)
            .copied()
            .unwrap_or(self.raw_retention)
    }

    /// How long the files of a tier are kept.
    pub(crate) fn retention_of_tier(&self, tier: Tier) -> Duration {
        match tier {
            Tier::Raw => self.raw_retention,
            Tier::TenMinutes => self.ten_minute_retention,
            Tier::Hourly => self.hourly_retention,
            Tier::Daily => self.daily_retention,
        }
    }
}

/// A duration in the store's unit.
pub(crate) fn nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}
