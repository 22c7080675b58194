//! How many customers come when.

use std::time::Duration;

/// A rate that rises and falls like that of a shop's day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wave {
    /// Requests per second at the busiest hour.
    pub(crate) busiest: f64,
    /// How long a day takes.
    pub(crate) day: Duration,
    /// The hour of the day at the start.
    pub(crate) first_hour: u8,
}

/// Share of the busiest hour's rate at each full hour: a quiet night, a busy noon, a busier evening.
const HOURS: [f64; 24] = [
    0.18, 0.12, 0.10, 0.10, 0.12, 0.18, 0.30, 0.48, 0.65, 0.78, 0.85, 0.90, 0.82, 0.78, 0.80, 0.82,
    0.85, 0.90, 0.97, 1.00, 0.95, 0.78, 0.52, 0.30,
];

impl Wave {
    /// Requests per second, `after` the start.
    pub(crate) fn rate(&self, after: Duration) -> f64 {
        let hour = f64::from(self.first_hour) + after.as_secs_f64() / self.day.as_secs_f64() * 24.0;
        let full = hour.floor();
        let at = |hour: f64| HOURS[hour as usize % HOURS.len()];
        self.busiest * (at(full) + (hour - full) * (at(full + 1.0) - at(full)))
    }

    /// How long after `now` the next request comes: arrivals are independent of each other (Poisson).
    pub(crate) fn until_next(&self, now: Duration, chance: &mut fastrand::Rng) -> Duration {
        Duration::from_secs_f64(-(1.0 - chance.f64()).ln() / self.rate(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAVE: Wave = Wave {
        busiest: 50.0,
        day: Duration::from_secs(240),
        first_hour: 0,
    };

    #[test]
    fn the_rate_is_highest_in_the_evening_and_a_tenth_of_it_at_night() {
        assert_eq!(WAVE.rate(Duration::from_secs(190)), 50.0);
        assert_eq!(WAVE.rate(Duration::from_secs(20)), 5.0);
    }

    #[test]
    fn a_day_follows_a_day_without_a_step() {
        let midnight = WAVE.rate(Duration::from_secs(240));
        assert_eq!(midnight, WAVE.rate(Duration::ZERO));
        assert!((midnight - WAVE.rate(Duration::from_millis(239_990))).abs() < 0.01);
    }

    /// The mean of the table is 0.594, so 29.7 requests per second.
    #[test]
    fn over_a_day_as_many_come_as_the_rates_say() {
        let mut chance = fastrand::Rng::with_seed(3);
        let mut now = Duration::ZERO;
        let mut requests = 0;
        while now < WAVE.day {
            now += WAVE.until_next(now, &mut chance);
            requests += 1;
        }
        assert!((6_900..7_600).contains(&requests), "{requests}");
    }
}
