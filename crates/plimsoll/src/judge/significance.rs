//! Whether so many of so few mean anything.

/// Chance of a false alarm that one look may have, at the line itself. Values that stay below their line are far rarer.
pub(super) const ALPHA: f64 = 2e-4;
/// The same as a number of standard deviations of a normal distribution.
pub(super) const SIGMAS: f64 = 4.0;
/// Above so many values the binomial distribution is taken as normal.
const MANY: u64 = 2_000;

/// Whether `found` of `all` are more than a share of `allowed`, beyond what chance makes of exactly that share: the upper
/// tail of the binomial distribution is below [`ALPHA`].
pub(super) fn more_than(found: u64, all: u64, allowed: f64) -> bool {
    if found == 0 || all == 0 || allowed >= 1.0 {
        return false;
    }
    let share = found as f64 / all as f64;
    if share <= allowed {
        return false;
    }
    if all > MANY {
        let deviation = (allowed * (1.0 - allowed) / all as f64).sqrt();
        return share - allowed > SIGMAS * deviation;
    }
    upper_tail(found, all, allowed) < ALPHA
}

/// How rare something must be to be no chance: a share of all looks, and the same as standard deviations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    alpha: f64,
    sigmas: f64,
}

impl Chance {
    /// As everywhere.
    pub(super) const USUAL: Self = Self {
        alpha: ALPHA,
        sigmas: SIGMAS,
    };
    /// Rarer, as a class may well be at its floor all day long, where what is usual lies far above silence.
    pub(super) const OF_A_FLOOR: Self = Self {
        alpha: 1e-6,
        sigmas: 4.75,
    };
}

/// Whether `found` events are fewer than `expected`, beyond `chance`: the lower tail of the Poisson distribution is so small.
pub(super) fn fewer_than(found: u64, expected: f64, chance: Chance) -> bool {
    if found as f64 >= expected {
        return false;
    }
    if expected > MANY as f64 {
        return expected - found as f64 > chance.sigmas * expected.sqrt();
    }
    // From the largest term down, as shares of it: the first ones are too small for a number.
    let (mut term, mut tail) = (1.0, 1.0);
    for k in (1..=found).rev() {
        term *= k as f64 / expected;
        tail += term;
        if term < tail * 1e-12 {
            break;
        }
    }
    let log_largest = found as f64 * expected.ln() - expected - log_factorial(found);
    log_largest + f64::ln(tail) < chance.alpha.ln()
}

fn log_factorial(n: u64) -> f64 {
    (2..=n).map(|k| (k as f64).ln()).sum()
}

/// The chance of at least `found` successes among `all` that succeed with a chance of `p` each.
fn upper_tail(found: u64, all: u64, p: f64) -> f64 {
    // The logarithm of the first term, from which the others follow.
    let mut log = found as f64 * p.ln() + (all - found) as f64 * (1.0 - p).ln();
    for k in 1..=found {
        log += ((all - found + k) as f64 / k as f64).ln();
    }
    let mut term = log.exp();
    let mut tail = term;
    for k in found..all {
        term *= (all - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
        tail += term;
        if term < tail * 1e-12 {
            break;
        }
    }
    tail.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_tables() {
        // All of 3 with 5 % each: 0.05³. At least 2 of 3: 3·0.05²·0.95 + 0.05³.
        assert!((upper_tail(3, 3, 0.05) - 0.000_125).abs() < 1e-12);
        assert!((upper_tail(2, 3, 0.05) - 0.007_25).abs() < 1e-12);
        // R: pbinom(9, 100, 0.05, lower.tail = FALSE) = 0.02818829
        assert!((upper_tail(10, 100, 0.05) - 0.028_188_29).abs() < 1e-7);
    }

    #[test]
    fn one_slow_request_of_five_means_nothing_and_four_of_five_do() {
        assert!(!more_than(1, 5, 0.05));
        assert!(!more_than(2, 5, 0.05));
        assert!(more_than(4, 5, 0.05));
        assert!(more_than(3, 3, 0.05));
        assert!(!more_than(0, 0, 0.05));
        assert!(!more_than(50, 1_000, 0.05));
        assert!(more_than(90, 1_000, 0.05));
        assert!(more_than(600, 10_000, 0.05));
        assert!(!more_than(510, 10_000, 0.05));
    }

    #[test]
    fn nothing_where_a_hundred_are_expected_is_silence_and_nothing_where_three_are_is_not() {
        let fewer = |found, expected| fewer_than(found, expected, Chance::USUAL);
        assert!(fewer(0, 100.0));
        assert!(fewer(0, 9.0));
        assert!(!fewer(0, 3.0));
        assert!(!fewer(90, 100.0));
        assert!(fewer(4_000, 5_000.0));
    }

    #[test]
    fn hundreds_are_compared_by_their_tail_too() {
        // By summing all terms: ppois(900, 1000) = 7.0e-4, ppois(880, 1000) = 5.8e-5, ppois(850, 1000) = 6.2e-7.
        let fewer = |found, chance| fewer_than(found, 1_000.0, chance);
        assert!(!fewer(900, Chance::USUAL) && fewer(880, Chance::USUAL));
        assert!(!fewer(880, Chance::OF_A_FLOOR) && fewer(850, Chance::OF_A_FLOOR));
    }
}
