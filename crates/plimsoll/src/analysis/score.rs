//! The health score: 0 to 100, what it is made of, and what took points away.
//!
//! Each component has a weight and a load: how many times what its line allows is used. Its points are
//! `weight · quality(load)`:
//!
//! - up to the line `quality = 1 − 0.42 · load`: a component at its line keeps 58 % of its points, so that a service that
//!   uses less than half of everything is healthy;
//! - beyond it `0.58 · (1 − ln load / ln 3)`, which is 0 at three times the line, where trouble is critical.
//!
//! A component without data gives its weight to the others in proportion. Without any there is no score: no data is not
//! health.

use serde::Serialize;

/// Above this a service is healthy.
pub const HEALTHY: f64 = 80.0;
/// Above this it is degraded, below unhealthy.
pub const DEGRADED: f64 = 60.0;
/// Lost of a component at its line.
const AT_LINE: f64 = 0.42;
/// Times the line at which nothing is left.
const NOTHING_LEFT: f64 = 3.0;
/// Less than half a point is not worth a line.
const WORTH_TELLING: f64 = 0.5;

/// Loads of the components; `None` where there is no data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loads {
    /// The p95 of the class that is closest to its line.
    pub response_time: Option<Load>,
    /// The error rate.
    pub errors: Option<Load>,
    /// Memory of the largest instance.
    pub memory: Option<Load>,
    /// Queries, and connections in use.
    pub database: Option<Load>,
    /// Hit rate of the caches: misses against what may miss.
    pub cache: Option<Load>,
}

/// How much of what a line allows is used.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Below 1 the line is kept.
    pub ratio: f64,
    /// In words: "write p95 is 1.51 s, its line 1.00 s".
    pub reason: String,
}

/// Whether a service is well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing is known.
    #[default]
    Unknown,
    /// Below [`DEGRADED`], or a critical check fails.
    Unhealthy,
    /// From [`DEGRADED`] on.
    Degraded,
    /// From [`HEALTHY`] on.
    Healthy,
}

/// The score with what it is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Score {
    /// 0 to 100, a whole number; null without data.
    pub value: Option<f64>,
    /// All components in the order of their weights.
    pub components: Vec<Component>,
    /// What took points away, the most first.
    pub took: Vec<Took>,
}

/// A part of the score.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Component {
    /// `response_time`, `errors`, `memory`, `database`, `cache`.
    pub name: &'static str,
    /// The same for people.
    pub label: &'static str,
    /// Most points that it gives by itself.
    pub weight: f64,
    /// Points that it gives of its weight; null without data, when the others share its weight.
    pub points: Option<f64>,
    /// 0 to 100 by itself; null without data.
    pub score: Option<f64>,
    /// How many times what its line allows is used.
    pub load: Option<f64>,
}

/// Points that are missing from 100.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Took {
    /// How many.
    pub points: f64,
    /// Why.
    pub reason: String,
}

/// Share of its points that a component keeps at this load.
pub fn quality(load: f64) -> f64 {
    if load.is_nan() {
        return 0.0;
    }
    if load <= 1.0 {
        return 1.0 - AT_LINE * load.max(0.0);
    }
    ((1.0 - AT_LINE) * (1.0 - load.ln() / NOTHING_LEFT.ln())).max(0.0)
}

/// Puts the components together.
pub fn score(loads: &Loads) -> Score {
    let parts: [(&str, &str, f64, &Option<Load>); 5] = [
        ("response_time", "Response time", 30.0, &loads.response_time),
        ("errors", "Errors", 25.0, &loads.errors),
        ("memory", "Memory", 20.0, &loads.memory),
        ("database", "Database", 15.0, &loads.database),
        ("cache", "Cache", 10.0, &loads.cache),
    ];
    let known: f64 = parts
        .iter()
        .filter(|(.., load)| load.is_some())
        .map(|(_, _, weight, _)| weight)
        .sum();
    let mut took = Vec::new();
    let mut sum = 0.0;
    let components = parts.map(|(name, label, weight, load)| {
        let kept = load.as_ref().map(|load| quality(load.ratio));
        if let (Some(kept), Some(load)) = (kept, load) {
            sum += weight * kept;
            let lost = weight * (1.0 - kept) * 100.0 / known;
            took.push(Took {
                points: tenth(lost),
                reason: format!("{}: {}", label.to_lowercase(), load.reason),
            });
        }
        Component {
            name,
            label,
            weight,
            points: kept.map(|kept| tenth(weight * kept)),
            score: kept.map(|kept| (100.0 * kept).round()),
            load: load
                .as_ref()
                .map(|load| load.ratio)
                .filter(|load| load.is_finite()),
        }
    });
    took.retain(|took| took.points >= WORTH_TELLING);
    took.sort_by(|one, other| other.points.total_cmp(&one.points));
    Score {
        value: (known > 0.0).then(|| (100.0 * sum / known).round()),
        components: components.into(),
        took,
    }
}

impl Score {
    /// Whether the service is well; one whose critical check fails is not.
    pub fn status(&self, critical_check_failed: bool) -> Status {
        match self.value {
            _ if critical_check_failed => Status::Unhealthy,
            None => Status::Unknown,
            Some(value) if value >= HEALTHY => Status::Healthy,
            Some(value) if value >= DEGRADED => Status::Degraded,
            Some(_) => Status::Unhealthy,
        }
    }
}

impl Status {
    /// As it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Unhealthy => "unhealthy",
            Self::Degraded => "degraded",
            Self::Healthy => "healthy",
        }
    }
}

fn tenth(points: f64) -> f64 {
    (10.0 * points).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standards::Limit;
    use proptest::prelude::*;

    fn load(ratio: f64) -> Option<Load> {
        let reason = String::new();
        Some(Load { ratio, reason })
    }

    #[test]
    fn the_documents_example_has_85_points() {
        // Answers of 0.25 s of 1 s, 2 % errors of 10 %, 185.5 of 500 MB, queries of 0.05 of 0.1 s, three of four lookups hit
        // where 70 % should.
        let loads = Loads {
            response_time: load(0.25 / 1.0),
            errors: load(0.02 / 0.1),
            memory: load(185.5 / 500.0),
            database: load(0.05 / 0.1),
            cache: load(Limit::FloorOfShare(0.7).ratio(0.75)),
        };
        let found = score(&loads);
        assert_eq!(found.value, Some(85.0));
        assert_eq!(found.status(false), Status::Healthy);
        assert_eq!(found.status(true), Status::Unhealthy);
        let weights: Vec<f64> = found.components.iter().map(|part| part.weight).collect();
        assert_eq!(weights, [30.0, 25.0, 20.0, 15.0, 10.0]);
    }

    #[test]
    fn no_data_is_not_health_and_a_missing_component_counts_neither_way() {
        assert_eq!(score(&Loads::default()).value, None);
        assert_eq!(score(&Loads::default()).status(false), Status::Unknown);
        let alone = Loads {
            memory: load(0.5),
            ..Loads::default()
        };
        assert_eq!(score(&alone).value, Some(79.0));
    }

    #[test]
    fn what_took_most_points_stands_first() {
        let loads = Loads {
            response_time: load(1.51),
            errors: load(0.03),
            memory: load(0.67),
            database: load(1.15),
            cache: load(0.2),
        };
        let found = score(&loads);
        let took: Vec<f64> = found.took.iter().map(|took| took.points).collect();
        assert_eq!(took, [19.1, 7.4, 5.6, 0.8]);
        assert_eq!(found.value, Some(67.0));
        assert_eq!(found.status(false), Status::Degraded);
    }

    proptest! {
        #[test]
        fn more_load_never_gives_more_points(
            loads in proptest::array::uniform5(0.0f64..5.0),
            which in 0usize..5,
            more in 0.0f64..3.0,
        ) {
            let of = |loads: [f64; 5]| {
                let [response_time, errors, memory, database, cache] = loads.map(load);
                score(&Loads { response_time, errors, memory, database, cache }).value.unwrap()
            };
            let mut worse = loads;
            worse[which] += more;
            prop_assert!(of(worse) <= of(loads));
            prop_assert!((0.0..=100.0).contains(&of(loads)));
        }
    }
}
