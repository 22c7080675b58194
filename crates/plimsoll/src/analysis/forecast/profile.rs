//! What recurs: one value for each hour of a day, or day of a week, by the median of all that were.

use super::super::robust;

/// A finer profile has to be better than a coarser one by this share of what the coarser one leaves.
const WORTH: f64 = 0.02;

/// How the parts of a figure make the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mix {
    /// The larger the level, the larger its ups and downs: what cannot be negative and is seldom near 0.
    Product,
    /// The ups and downs are the same at any level.
    Sum,
}

impl Mix {
    /// The part that changes nothing.
    pub(super) fn nothing(self) -> f64 {
        match self {
            Self::Product => 1.0,
            Self::Sum => 0.0,
        }
    }

    pub(super) fn with(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Product => a * b,
            Self::Sum => a + b,
        }
    }

    pub(super) fn without(self, whole: f64, part: f64) -> f64 {
        match self {
            Self::Product => whole / part,
            Self::Sum => whole - part,
        }
    }

    /// What a change of the level by 1 does where the season says `season`.
    pub(super) fn share(self, season: f64) -> f64 {
        match self {
            Self::Product => season.abs(),
            Self::Sum => 1.0,
        }
    }
}

/// A profile that fits, and how well it would have done without having seen each value.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    /// Which of the candidates it is; `None` when nothing recurs.
    pub(super) chosen: Option<usize>,
    /// By phase of the finest candidate.
    pub(super) values: Vec<f64>,
    /// For each sample, what the others say of it.
    pub(super) others: Vec<f64>,
}

/// One way to see what recurs: each phase of the finest candidate belongs to a group.
pub(super) type Groups = fn(usize) -> usize;

/// Chooses among `candidates`, from coarse to fine, the one that tells left-out values best, by the sum of absolute errors
/// over all `samples` (phase of the finest, value); where a finer one knows nothing, the coarser one speaks.
pub(super) fn fit(
    samples: &[(usize, f64)],
    phases: usize,
    candidates: &[Groups],
    mix: Mix,
) -> Profile {
    let mut values = vec![mix.nothing(); phases];
    let mut others = vec![mix.nothing(); samples.len()];
    let mut best = Profile {
        chosen: None,
        values: values.clone(),
        others: others.clone(),
    };
    let mut least = error(samples, &others);
    for (candidate, group_of) in candidates.iter().enumerate() {
        let mut members = vec![Vec::new(); phases];
        for (at, (phase, value)) in samples.iter().enumerate() {
            members[group_of(*phase)].push((*value, at));
        }
        let medians: Vec<Option<f64>> = members
            .iter_mut()
            .map(|group| median_and_others(group, &mut others))
            .collect();
        for (phase, value) in values.iter_mut().enumerate() {
            *value = medians[group_of(phase)].unwrap_or(*value);
        }
        let found = error(samples, &others);
        if found < (1.0 - WORTH) * least {
            least = found;
            best = Profile {
                chosen: Some(candidate),
                values: values.clone(),
                others: others.clone(),
            };
        }
    }
    best
}

fn error(samples: &[(usize, f64)], told: &[f64]) -> f64 {
    let errors = samples.iter().zip(told);
    errors.map(|((_, value), told)| (value - told).abs()).sum()
}

/// The median of a group of (value, sample), of two at least; and for each sample that of the others.
fn median_and_others(group: &mut [(f64, usize)], others: &mut [f64]) -> Option<f64> {
    if group.len() < 2 {
        return None;
    }
    group.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let rest = group.len() - 1;
    for (rank, &(_, sample)) in group.iter().enumerate() {
        let of_others = |at: usize| group[at + usize::from(at >= rank)].0;
        others[sample] = f64::midpoint(of_others((rest - 1) / 2), of_others(rest / 2));
    }
    let mut values: Vec<f64> = group.iter().map(|(value, _)| *value).collect();
    robust::median(&mut values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_recurs_is_told_by_the_others() {
        let samples: Vec<_> = (0..35)
            .map(|day| (day % 7, 10.0 + (day % 7) as f64 + 0.01 * (day / 7) as f64))
            .collect();
        let profile = fit(&samples, 7, &[|_| 0, |day| day], Mix::Sum);
        assert_eq!(profile.chosen, Some(1));
        assert_eq!(profile.values[3], 13.02);
        // Day 3 of the weeks 1 to 4, without week 0: between 13.02 and 13.03.
        assert!((profile.others[3] - 13.025).abs() < 1e-9);
    }

    #[test]
    fn nothing_recurs_in_what_is_level() {
        let samples: Vec<_> = (0..35)
            .map(|day| (day % 7, if day % 2 == 0 { 1.01 } else { 0.99 }))
            .collect();
        let profile = fit(&samples, 7, &[|day| day], Mix::Product);
        assert_eq!(profile.chosen, None);
        assert_eq!(profile.values, [1.0; 7]);
    }

    #[test]
    fn a_phase_seen_once_is_told_by_the_coarser_profile() {
        let samples = [(0, 5.0), (0, 5.0), (1, 9.0), (1, 9.0), (2, 7.0)];
        let profile = fit(&samples, 3, &[|_| 0, |phase| phase], Mix::Sum);
        assert_eq!(profile.values, [5.0, 9.0, 7.0]);
        // 7 is also the median of all.
        assert_eq!(profile.others[0], 5.0);
    }
}
