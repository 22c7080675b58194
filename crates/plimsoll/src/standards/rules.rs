//! When a breach becomes an alert, and when an alert is over.

use std::time::Duration;

use crate::alert::Severity;

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
    /// Days within which something reaches its line, as a forecast says, by the severity of that: 30 low, 14 medium, 7 high,
    /// 2 critical.
    pub const REACHES_WITHIN_DAYS: [(Severity, f64); 4] = [
        (Severity::Low, 30.0),
        (Severity::Medium, 14.0),
        (Severity::High, 7.0),
        (Severity::Critical, 2.0),
    ];
    /// Days within which it must have reached its line at the interval's late end: growth that may as well be none is no alarm.
    pub const REACHES_SURELY_WITHIN_DAYS: f64 = 90.0;
    /// A forecast of a history that ended longer ago says nothing of now.
    pub const FORECAST_GOOD_FOR: Duration = Duration::from_secs(3 * 3_600);
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
