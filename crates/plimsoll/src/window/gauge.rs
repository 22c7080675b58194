//! Readings of a state over an interval.

/// Summary of the readings of one gauge; merges in any order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gauge {
    /// Latest reading; 0 without readings.
    pub last: f64,
    /// When the latest was taken, nanoseconds since the Unix epoch (UTC).
    pub last_unix_ns: i64,
    /// Lowest reading; `+inf` without readings.
    pub min: f64,
    /// Highest reading; `-inf` without readings.
    pub max: f64,
    /// Sum of the readings.
    pub sum: f64,
    /// Number of readings.
    pub count: u64,
}

impl Default for Gauge {
    fn default() -> Self {
        Self {
            last: 0.0,
            last_unix_ns: i64::MIN,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            sum: 0.0,
            count: 0,
        }
    }
}

impl Gauge {
    /// A gauge with one reading.
    pub fn of(value: f64, at_unix_ns: i64) -> Self {
        let mut gauge = Self::default();
        gauge.read(value, at_unix_ns);
        gauge
    }

    /// Adds a reading. One that is not finite is left out.
    pub fn read(&mut self, value: f64, at_unix_ns: i64) {
        if value.is_finite() {
            let single = Self {
                last: value,
                last_unix_ns: at_unix_ns,
                min: value,
                max: value,
                sum: value,
                count: 1,
            };
            self.merge(&single);
        }
    }

    /// Adds the readings of `other`; of two latest readings of the same instant the larger is kept.
    pub fn merge(&mut self, other: &Gauge) {
        if other.count == 0 {
            return;
        }
        let other_is_later = (other.last_unix_ns, other.last) > (self.last_unix_ns, self.last);
        if self.count == 0 || other_is_later {
            (self.last, self.last_unix_ns) = (other.last, other.last_unix_ns);
        }
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum += other.sum;
        self.count += other.count;
    }

    /// Mean of the readings; `None` without any.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// Latest reading; `None` without any.
    pub fn current(&self) -> Option<f64> {
        (self.count > 0).then_some(self.last)
    }
}
