//! How bad it is.

use serde::{Deserialize, Serialize};

/// How bad an alert is, by the ratio of value and threshold. The worse, the greater.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Past the threshold.
    Low,
    /// More than 1.5 times.
    Medium,
    /// More than twice.
    High,
    /// More than three times.
    Critical,
}

impl Severity {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The same for those who know two only: `warning` or `critical`.
    pub fn level(self) -> &'static str {
        match self {
            Self::Low | Self::Medium => "warning",
            Self::High | Self::Critical => "critical",
        }
    }
}
