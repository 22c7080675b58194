//! When a breach becomes an alert, and when an alert is over.

use std::time::Duration;

/// How patient alerts are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlertRules {
    /// A breach must last so long. Default: 60 s; at most [`AlertRules::MOST_PATIENCE`].
    pub fire_after: Duration,
    /// A value must be well again so long. Default: 60 s.
    pub resolve_after: Duration,
    /// Well again is below this share of the line. Default: 0.9.
    pub recover_ratio: f64,
    /// After so many firings within [`AlertRules::FLAP_SPAN`] an alert takes longer to resolve, twice as long each time. Default: 3.
    pub flap_firings: u32,
    /// Longest that it takes. Default: 15 min.
    pub longest_resolve: Duration,
}

impl AlertRules {
    /// An issue is to be seen within five minutes.
    pub const MOST_PATIENCE: Duration = Duration::from_secs(180);
    /// Firings are counted over so long.
    pub const FLAP_SPAN: Duration = Duration::from_secs(3_600);
}

impl Default for AlertRules {
    fn default() -> Self {
        Self {
            fire_after: Duration::from_secs(60),
            resolve_after: Duration::from_secs(60),
            recover_ratio: 0.9,
            flap_firings: 3,
            longest_resolve: Duration::from_secs(900),
        }
    }
}
