//! Floats that are integers divided by a power of ten, as people and programs write them.

const POWERS: [f64; 7] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];

/// A power of ten and the integers that, divided by it, give back every bit of the numbers.
pub(crate) fn integers(numbers: &[f64]) -> Option<(u8, Vec<i64>)> {
    let power = decimals(numbers)?;
    // A power that a later number asked for may not suit an earlier one.
    let integers = numbers
        .iter()
        .map(|&number| as_decimal(number, POWERS[power]))
        .collect::<Option<_>>()?;
    Some((power as u8, integers))
}

/// What [`integers`] was made from.
pub(crate) fn numbers(power: u8, integers: &[i64]) -> Option<Vec<f64>> {
    let power = POWERS.get(usize::from(power))?;
    let numbers = integers.iter().map(|&integer| integer as f64 / power);
    Some(numbers.collect())
}

/// The integer that, divided by a power of ten, gives every bit of the number.
fn as_decimal(number: f64, power: f64) -> Option<i64> {
    let integer = rounded(number * power) as i64;
    ((integer as f64 / power).to_bits() == number.to_bits()).then_some(integer)
}

/// To the nearest integer, ties to even, without the call that processors before SSE 4.1 need for it: a sum beyond 2^52
/// has no room for a fraction.
fn rounded(number: f64) -> f64 {
    const ROOM: f64 = (3u64 << 51) as f64;
    if number.abs() < (1u64 << 51) as f64 {
        (number + ROOM) - ROOM
    } else {
        number.round_ties_even()
    }
}

/// Which of the [`POWERS`] the numbers ask for; `None`: they are no decimals.
fn decimals(numbers: &[f64]) -> Option<usize> {
    let mut power = 0;
    // From the power that suffices so far on; mostly the first numbers tell it.
    for &number in numbers {
        while as_decimal(number, *POWERS.get(power)?).is_none() {
            power += 1;
        }
    }
    Some(power)
}

/// The sum of `count` numbers from `min` to `max` as a decimal with as many digits as these two have, if it is one within
/// the error that adding up floats makes: 12.05 + 7.3 is then 19.35, and not some bits beside it that nobody wrote.
pub(crate) fn sum_as_decimal(sum: f64, count: u64, min: f64, max: f64) -> f64 {
    let Some(power) = decimals(&[min, max]).map(|power| POWERS[power]) else {
        return sum;
    };
    let decimal = (sum * power).round_ties_even() / power;
    // Higham, Accuracy and Stability of Numerical Algorithms (2002), 4.2: (n - 1) u Σ|x|.
    let count = count as f64;
    let error = count * count * (f64::EPSILON / 2.0) * min.abs().max(max.abs());
    if (decimal - sum).abs() <= error {
        decimal
    } else {
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_as_the_language_does() {
        let edge = (1u64 << 51) as f64;
        for near in [0.0, 0.5, 1.5, 2.5, 1e9 + 0.5, edge - 0.5, edge, edge + 0.5] {
            for number in [near, -near, near * 1.000_001, f64::MAX, f64::NAN] {
                let plain = number.round_ties_even();
                assert!(rounded(number) == plain || plain.is_nan(), "{number}");
            }
        }
    }

    #[test]
    fn a_sum_of_decimals_is_a_decimal() {
        let numbers: Vec<f64> = (0..360)
            .map(|n| f64::from(n * 7919 % 997) / 100.0)
            .collect();
        let integers: i64 = (0..360).map(|n| n * 7919 % 997).sum();
        let sum: f64 = numbers.iter().sum();
        assert_ne!(sum, integers as f64 / 100.0);
        assert_eq!(sum_as_decimal(sum, 360, 0.0, 9.96), integers as f64 / 100.0);
        // Others have more digits than the smallest and the largest, or none of them is a decimal.
        for (values, min, max) in [
            ([0.1, 0.123_456_789, 0.3], 0.1, 0.3),
            ([1.0 / 3.0, 0.5, 0.7], 1.0 / 3.0, 0.7),
        ] {
            let sum: f64 = values.iter().sum();
            assert_eq!(sum_as_decimal(sum, 3, min, max), sum);
        }
        for odd in [f64::NAN, f64::INFINITY, f64::MAX] {
            assert!(sum_as_decimal(odd, 2, 0.5, odd).to_bits() == odd.to_bits());
        }
    }
}
