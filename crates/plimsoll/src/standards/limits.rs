//! Limits of resources, and from where on something is worth a note.

use std::time::Duration;

use crate::config::{Profile, Thresholds};

/// Limits of what a service uses.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Resident memory of a process, MB (2^20 bytes). Default: [`Thresholds::memory_mb`] of the profile.
    pub memory_mb: f64,
    /// The same as a share of what its control group allows; the lower of both counts. Default: 0.8.
    pub memory_ratio: f64,
    /// Processor time, as a share of the cores that a process may use. Default: 0.8.
    pub cpu_ratio: f64,
    /// Share of the disk in use. Default: 0.9.
    pub disk_ratio: f64,
    /// Disk operations of the machine per second. Default: 1,000.
    pub disk_iops: f64,
    /// Bits sent and received by the machine per second, millions. Default: 100.
    pub network_mbit_per_second: f64,
    /// Open files, as a share of how many may be open. Default: 0.8.
    pub open_files_ratio: f64,
    /// Share of failed requests. Default: [`Thresholds::error_rate`] of the profile.
    pub error_rate: f64,
    /// Connections in use of a pool that has no limit of its own. Default: 20.
    pub db_connections: f64,
    /// Share of lookups that a cache answers, at least. Default: 0.7.
    pub cache_hit_rate: f64,
    /// Requests per minute below which an active service is silent. Default: 10.
    pub floor_per_minute: f64,
    /// Requests per second that the service is known to carry, such as from a load test; forecasts are held against it.
    /// Default: none.
    pub requests_per_second: Option<f64>,
}

/// From where on single requests and queries are slow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slow {
    /// A slower request is noted. Default: [`Thresholds::slow_request`] of the profile.
    pub request: Duration,
    /// A slower query is noted. Default: [`Thresholds::slow_query`] of the profile.
    pub query: Duration,
    /// A query slower than this holds up the requests that wait for it. Default: 0.5 s.
    pub bottleneck_query: Duration,
}

impl Limits {
    /// Those of a profile.
    pub fn of(profile: Profile) -> Self {
        let Thresholds {
            memory_mb,
            cpu_percent,
            error_rate,
            ..
        } = profile.thresholds();
        Self {
            memory_mb,
            memory_ratio: 0.8,
            cpu_ratio: cpu_percent / 100.0,
            disk_ratio: 0.9,
            disk_iops: 1_000.0,
            network_mbit_per_second: 100.0,
            open_files_ratio: 0.8,
            error_rate,
            db_connections: 20.0,
            cache_hit_rate: 0.7,
            floor_per_minute: 10.0,
            requests_per_second: None,
        }
    }

    /// What a process may use of memory, bytes, when its control group allows `allowed_bytes`.
    pub fn memory_bytes(&self, allowed_bytes: Option<f64>) -> f64 {
        let absolute = self.memory_mb * crate::performance::MB;
        allowed_bytes.map_or(absolute, |allowed| {
            absolute.min(allowed * self.memory_ratio)
        })
    }

    /// How many files a process may have open of the `allowed` ones.
    pub fn open_files(&self, allowed: f64) -> f64 {
        allowed * self.open_files_ratio
    }
}

impl Slow {
    /// Those of a profile.
    pub fn of(profile: Profile) -> Self {
        let thresholds = profile.thresholds();
        Self {
            request: thresholds.slow_request,
            query: thresholds.slow_query,
            bottleneck_query: Duration::from_millis(500),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_of_both_memory_limits_counts() {
        let limits = Limits::of(Profile::Dev);
        let mb = crate::performance::MB;
        assert_eq!(limits.memory_bytes(None), 500.0 * mb);
        assert_eq!(limits.memory_bytes(Some(1_000.0 * mb)), 500.0 * mb);
        assert_eq!(limits.memory_bytes(Some(100.0 * mb)), 80.0 * mb);
    }
}
