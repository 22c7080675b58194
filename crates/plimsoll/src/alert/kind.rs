//! Kinds of trouble, and the units of what is measured.

use serde::{Deserialize, Serialize};

/// What kind of trouble it would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A class or route takes longer than its line.
    SlowRequest,
    /// Statements take longer than theirs.
    SlowQuery,
    /// Memory above its limit.
    HighMemory,
    /// Too many errors.
    ErrorRate,
    /// Another resource, a pool or a queue above its limit.
    ResourceViolation,
    /// Far fewer requests than usual, or none.
    Silence,
    /// Far more requests than ever at this hour.
    TrafficSurge,
    /// Memory grows without end.
    MemoryLeak,
    /// An error budget is being used up too fast.
    BurnRate,
    /// A resource will reach its limit.
    Forecast,
    /// A critical health check fails.
    HealthCheck,
}

/// The unit of a value and its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// A share.
    Ratio,
    /// A multiple.
    Times,
    /// Bytes.
    Bytes,
    /// A number of things.
    Count,
    /// Things per minute.
    PerMinute,
    /// Operations per second.
    PerSecond,
    /// Bits per second.
    BitsPerSecond,
}

impl Kind {
    /// As it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SlowRequest => "slow_request",
            Self::SlowQuery => "slow_query",
            Self::HighMemory => "high_memory",
            Self::ErrorRate => "error_rate",
            Self::ResourceViolation => "resource_violation",
            Self::Silence => "silence",
            Self::TrafficSurge => "traffic_surge",
            Self::MemoryLeak => "memory_leak",
            Self::BurnRate => "burn_rate",
            Self::Forecast => "forecast",
            Self::HealthCheck => "health_check",
        }
    }

    /// All.
    pub const ALL: [Self; 11] = [
        Self::SlowRequest,
        Self::SlowQuery,
        Self::HighMemory,
        Self::ErrorRate,
        Self::ResourceViolation,
        Self::Silence,
        Self::TrafficSurge,
        Self::MemoryLeak,
        Self::BurnRate,
        Self::Forecast,
        Self::HealthCheck,
    ];

    /// The one of this name; `response_time` and `memory_usage`, which others say, are understood.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "response_time" => Some(Self::SlowRequest),
            "memory_usage" => Some(Self::HighMemory),
            name => Self::ALL.into_iter().find(|kind| kind.as_str() == name),
        }
    }
}

impl Unit {
    /// All.
    pub const ALL: [Self; 8] = [
        Self::Seconds,
        Self::Ratio,
        Self::Times,
        Self::Bytes,
        Self::Count,
        Self::PerMinute,
        Self::PerSecond,
        Self::BitsPerSecond,
    ];

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.as_str() == name)
    }

    /// As it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Ratio => "ratio",
            Self::Times => "times",
            Self::Bytes => "bytes",
            Self::Count => "count",
            Self::PerMinute => "per_minute",
            Self::PerSecond => "per_second",
            Self::BitsPerSecond => "bits_per_second",
        }
    }
}
