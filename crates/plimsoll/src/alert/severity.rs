//! How far past its line something is.

use serde::{Deserialize, Serialize};

/// Four steps of the ratio to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Above 1×.
    Low,
    /// Above 1.5×.
    Medium,
    /// Above 2×.
    High,
    /// Above 3×.
    Critical,
}

impl Severity {
    /// All, the lightest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The ratio above which it begins.
    pub fn begins_above(self) -> f64 {
        match self {
            Self::Low => 1.0,
            Self::Medium => 1.5,
            Self::High => 2.0,
            Self::Critical => 3.0,
        }
    }

    /// That of a ratio to the line; `None` where the line is kept.
    pub fn of_ratio(ratio: f64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .rev()
            .find(|severity| ratio > severity.begins_above())
    }

    /// As it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// As systems with two levels call it: low and medium are a warning, the others critical.
    pub fn level(self) -> &'static str {
        match self {
            Self::Low | Self::Medium => "warning",
            Self::High | Self::Critical => "critical",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn severities_begin_above_their_ratio() {
        use Severity::{Critical, High, Low, Medium};
        let of = [
            0.9,
            1.0,
            1.01,
            1.5,
            1.51,
            2.0,
            2.01,
            3.0,
            3.01,
            f64::INFINITY,
        ]
        .map(Severity::of_ratio);
        let (l, m, h, c) = (Some(Low), Some(Medium), Some(High), Some(Critical));
        assert_eq!(of, [None, None, l, l, m, m, h, h, c, c]);
        assert_eq!(Severity::of_ratio(f64::NAN), None);
    }

    proptest! {
        #[test]
        fn a_larger_ratio_is_never_less_severe(a in 0.0f64..10.0, b in 0.0f64..10.0) {
            prop_assert!(Severity::of_ratio(a.min(b)) <= Severity::of_ratio(a.max(b)));
        }
    }
}
