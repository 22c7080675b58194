//! How numbers go on: what to take differences of, and which series of a block are better kept apart.

/// So many numbers have one mean, when it is judged how they go on.
const NEIGHBOURHOOD: usize = 256;

/// How many times to take differences until the numbers of a neighbourhood lie closest together. `pco` would judge
/// by the first 200 numbers alone.
pub(crate) fn smallest_differences(integers: &[i64]) -> usize {
    differences(integers).0
}

/// The same, and how far from their mean the differences then lie.
fn differences(integers: &[i64]) -> (usize, f64) {
    let mut spreads = [0.0f64; 3];
    let mut differences = Vec::with_capacity(NEIGHBOURHOOD);
    for near in integers.chunks(NEIGHBOURHOOD) {
        differences.clear();
        differences.extend_from_slice(near);
        for total in &mut spreads {
            *total += spread(&differences);
            for at in 1..differences.len() {
                differences[at - 1] = differences[at].wrapping_sub(differences[at - 1]);
            }
            differences.pop();
        }
    }
    let order = (0..3)
        .min_by(|&one, &other| spreads[one].total_cmp(&spreads[other]))
        .unwrap_or(0);
    (order, spreads[order] / integers.len().max(1) as f64)
}

/// A part with fewer numbers costs more in tables than it can save.
const SMALLEST_PART: u32 = 400;

pub(crate) fn could_stand_apart(parts: &[u32]) -> bool {
    parts.len() > 1 && parts.iter().all(|&part| part >= SMALLEST_PART)
}

/// What the parts of a run have to do with each other.
pub(crate) struct Likeness {
    /// Each costs less for itself.
    pub(crate) is_apart: bool,
    /// How many differences all of them ask for; `None`: not the same.
    pub(crate) order: Option<usize>,
}

/// Parts stand apart when they go on differently, lie around levels far from each other, or are much wider than the other:
/// then together they cost about a bit more each, for every number tells also which part it is of.
pub(crate) fn stand_apart(integers: &[i64], parts: &[u32]) -> Likeness {
    let mut rest = integers;
    let shapes: Vec<(usize, f64, f64)> = parts
        .iter()
        .map(|&count| {
            let (part, behind) = rest.split_at(count as usize);
            rest = behind;
            let (order, width) = differences(part);
            let level = sum(part, |number| number) / part.len() as f64;
            (order, level, width)
        })
        .collect();
    let is_apart = shapes.windows(2).all(|two| {
        let [(order, level, width), (next_order, next_level, next_width)] = [two[0], two[1]];
        let (wide, narrow) = (width.max(next_width), width.min(next_width));
        let far = order == 0 && (level - next_level).abs() > 2.0 * (width + next_width);
        narrow >= 8.0 && (order != next_order || far || wide > 4.0 * narrow)
    });
    let order = shapes.first().map(|shape| shape.0);
    Likeness {
        is_apart,
        order: order.filter(|&order| shapes.iter().all(|shape| shape.0 == order)),
    }
}

/// Sum of the distances from the mean.
fn spread(integers: &[i64]) -> f64 {
    let mean = sum(integers, |number| number) / integers.len().max(1) as f64;
    sum(integers, |number| (number - mean).abs())
}

/// Four sums side by side do not wait for each other.
fn sum(integers: &[i64], of: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; 4];
    let (fours, rest) = integers.as_chunks::<4>();
    for four in fours {
        for (sum, &integer) in sums.iter_mut().zip(four) {
            *sum += of(integer as f64);
        }
    }
    let rest: f64 = rest.iter().map(|&integer| of(integer as f64)).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::numbers::{self, Effort};

    /// Numbers that nobody can foretell, from zero on both sides, `width` different ones.
    fn noise(width: i64, seed: u64) -> impl FnMut() -> i64 {
        let mut state = seed;
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as i64 % width - width / 2
        }
    }

    #[test]
    fn a_level_is_told_from_a_walk_and_a_walk_from_a_slope() {
        let mut noise = noise(31, 7);
        let level: Vec<i64> = (0..600).map(|_| noise()).collect();
        let walk: Vec<i64> = (0..600)
            .scan(0, |sum, _| {
                *sum += noise();
                Some(*sum)
            })
            .collect();
        let slope: Vec<i64> = (0..600).map(|n| n * 10_000 + n % 2).collect();
        let orders = [&level, &walk, &slope].map(|numbers| smallest_differences(numbers));
        assert_eq!(orders, [0, 1, 1]);
        let fall: Vec<i64> = (0..600).map(|n| n * n * 5).collect();
        assert_eq!(smallest_differences(&fall), 2);
    }

    #[test]
    fn series_that_are_unlike_are_kept_apart_and_come_back() {
        let noise = |level: i64, width: i64, seed: u64| {
            let mut noise = noise(width, seed);
            (0..1000).map(move |_| (level + noise()) as f64 / 100.0)
        };
        let cases = [
            // Far from each other, of other width, and of one kind.
            (noise(1_000, 97, 1).chain(noise(90_000, 97, 2)), true),
            (noise(5_000, 97, 1).chain(noise(5_000, 9_973, 2)), true),
            (noise(1_000, 997, 1).chain(noise(1_100, 997, 2)), false),
        ];
        for (numbers, apart) in cases {
            let numbers: Vec<f64> = numbers.collect();
            let (mut bytes, mut together) = (Vec::new(), Vec::new());
            numbers::put_parts(&mut bytes, &numbers, &[1000, 1000], Effort::Small);
            numbers::put(&mut together, &numbers, Effort::Small);
            assert_eq!(numbers::read::<f64>(&bytes, 2000).unwrap(), numbers);
            assert_eq!(bytes != together, apart);
            let (apart, together) = (bytes.len(), together.len());
            assert!(apart <= together, "{apart} {together}");
            assert!(numbers::read::<f64>(&bytes, 1999).is_err());
        }
    }
}
