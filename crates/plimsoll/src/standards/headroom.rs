//! How far a value is below its line.

use super::bands::Place;

/// A line that a value must stay on one side of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// At most so much.
    Ceiling(f64),
    /// At least so much.
    Floor(f64),
    /// At least so much of something whose best is 1, such as a hit rate.
    FloorOfShare(f64),
}

impl Limit {
    /// The number of the line.
    pub fn value(&self) -> f64 {
        match *self {
            Self::Ceiling(limit) | Self::Floor(limit) | Self::FloorOfShare(limit) => limit,
        }
    }

    /// The load as a multiple of what the line allows: below 1 it is kept, beyond it is not.
    ///
    /// Ceiling: value / limit. Floor: floor / value. Floor of a share: (1 − value) / (1 − floor).
    pub fn ratio(&self, value: f64) -> f64 {
        let (load, allowed) = match *self {
            Self::Ceiling(limit) => (value, limit),
            Self::Floor(floor) => (floor, value),
            Self::FloorOfShare(floor) => (1.0 - value, 1.0 - floor),
        };
        match (load, allowed) {
            (load, allowed) if allowed > 0.0 => (load / allowed).max(0.0),
            (load, _) if load > 0.0 => f64::INFINITY,
            // Nothing is allowed and nothing is there.
            _ => 1.0,
        }
    }

    /// The share of the line that is free: 1 − [`Limit::ratio`], negative beyond the line.
    pub fn headroom(&self, value: f64) -> f64 {
        1.0 - self.ratio(value)
    }
}

impl Place {
    /// Free share down to which a thing without bands is in target.
    pub const IN_TARGET_HEADROOM: f64 = 0.5;
    /// Free share down to which it is acceptable.
    pub const ACCEPTABLE_HEADROOM: f64 = 0.2;

    /// Where a thing without bands lies that has so much headroom. At exactly 0 it is close, below past.
    pub fn of_headroom(headroom: f64) -> Self {
        match headroom {
            headroom if headroom.is_nan() => Self::Unknown,
            headroom if headroom >= Self::IN_TARGET_HEADROOM => Self::InTarget,
            headroom if headroom >= Self::ACCEPTABLE_HEADROOM => Self::Acceptable,
            headroom if headroom >= 0.0 => Self::Close,
            _ => Self::Past,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headroom_is_that_of_the_drawings() {
        // A pool of 23 connections against its standard of 20, CPU of 36 % against 80 %.
        assert!((Limit::Ceiling(20.0).headroom(23.0) + 0.15).abs() < 1e-9);
        assert!((Limit::Ceiling(0.8).headroom(0.36) - 0.55).abs() < 1e-9);
        // A hit rate of 94.1 % above a floor of 70 %: 5.9 of 30 points are used.
        assert!((Limit::FloorOfShare(0.7).headroom(0.941) - 0.803).abs() < 1e-3);
        // 40 requests a minute where at least 10 are expected.
        assert!((Limit::Floor(10.0).headroom(40.0) - 0.75).abs() < 1e-9);
        assert_eq!(Limit::Floor(10.0).headroom(0.0), f64::NEG_INFINITY);
        assert_eq!(Limit::Ceiling(0.0).headroom(0.0), 0.0);
    }

    #[test]
    fn without_bands_the_free_share_decides() {
        let places = [1.0, 0.5, 0.49, 0.2, 0.19, 0.0, -0.01].map(Place::of_headroom);
        use Place::{Acceptable, Close, InTarget, Past};
        assert_eq!(
            places,
            [
                InTarget, InTarget, Acceptable, Acceptable, Close, Close, Past
            ]
        );
    }

    proptest! {
        #[test]
        fn more_load_never_means_more_headroom(limit in 0.001f64..1e6, a in 0.0f64..1e6, b in 0.0f64..1e6) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(Limit::Ceiling(limit).headroom(low) >= Limit::Ceiling(limit).headroom(high));
            prop_assert!(Limit::Floor(limit).headroom(low) <= Limit::Floor(limit).headroom(high));
            let share = Limit::FloorOfShare(limit / (limit + 1.0));
            let (low, high) = (low / 1e6, high / 1e6);
            prop_assert!(share.headroom(low) <= share.headroom(high));
        }
    }
}
