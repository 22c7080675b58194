//! The three bands that answer times are judged by, and where a value lies among them.

use serde::{Deserialize, Serialize};

/// Limits of the p95 of a class's answer times, seconds, each at least as large as the one before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bands {
    /// Up to here all is as it should be.
    pub target: f64,
    /// Up to here nobody minds.
    pub acceptable: f64,
    /// The line: beyond it somebody should look.
    pub investigate: f64,
}

/// Where a value lies. What is further down is worse, but for [`Place::Unknown`].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Nothing is known: no data, or too little.
    #[default]
    Unknown,
    /// Within the target; without bands, half of the limit is free.
    InTarget,
    /// Within what is acceptable; without bands, a fifth is free.
    Acceptable,
    /// Not past the line, but less than acceptable.
    Close,
    /// Past the line.
    Past,
}

impl Bands {
    /// [`Bands::investigate`] as a multiple of [`Bands::target`] where that is not given.
    pub const TARGETS: f64 = 5.0;
    /// [`Bands::investigate`] as a multiple of [`Bands::acceptable`] where that is not given.
    pub const ACCEPTABLES: f64 = 2.0;

    /// Bands of which only the line is known.
    pub fn below(investigate: f64) -> Self {
        Self {
            target: investigate / Self::TARGETS,
            acceptable: investigate / Self::ACCEPTABLES,
            investigate,
        }
    }

    /// Where a p95 of so many seconds lies.
    pub fn place(&self, p95_secs: f64) -> Place {
        match p95_secs {
            p95 if p95.is_nan() => Place::Unknown,
            p95 if p95 <= self.target => Place::InTarget,
            p95 if p95 <= self.acceptable => Place::Acceptable,
            p95 if p95 <= self.investigate => Place::Close,
            _ => Place::Past,
        }
    }
}

impl Place {
    /// As it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::InTarget => "in_target",
            Self::Acceptable => "acceptable",
            Self::Close => "close",
            Self::Past => "past",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_with_one_number_gets_a_fifth_and_a_half_of_it() {
        let write = Bands::below(1.0);
        assert_eq!((write.target, write.acceptable), (0.2, 0.5));
        let places = [0.0, 0.2, 0.21, 0.5, 0.51, 1.0, 1.01].map(|p95| write.place(p95));
        use Place::{Acceptable, Close, InTarget, Past};
        assert_eq!(
            places,
            [
                InTarget, InTarget, Acceptable, Acceptable, Close, Close, Past
            ]
        );
        assert_eq!(write.place(f64::NAN), Place::Unknown);
    }
}
