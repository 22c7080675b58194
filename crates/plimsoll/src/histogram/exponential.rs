//! Exponential buckets: exact indices, growth, change of scale.

use super::buckets::{Buckets, shifted};
use super::{Exponential, Histogram};

/// Largest double whose value is at most `2^(k/32)`, as mantissa bits; `k` from 0 to 31.
/// `floor(2^52 * 2^(k/32)) - 2^52`, computed with integers (the 32nd root of `2^(52*32+k)`).
const BOUNDARIES: [u64; 32] = [
    0x0000000000000,
    0x059b0d3158574,
    0x0b5586cf9890f,
    0x11301d0125b50,
    0x172b83c7d517a,
    0x1d4873168b9aa,
    0x2387a6e756238,
    0x29e9df51fdee1,
    0x306fe0a31b715,
    0x371a7373aa9ca,
    0x3dea64c123422,
    0x44e086061892d,
    0x4bfdad5362a27,
    0x5342b569d4f81,
    0x5ab07dd485429,
    0x6247eb03a5584,
    0x6a09e667f3bcc,
    0x71f75e8ec5f73,
    0x7a11473eb0186,
    0x82589994cce12,
    0x8ace5422aa0db,
    0x93737b0cdc5e4,
    0x9c49182a3f090,
    0xa5503b23e255c,
    0xae89f995ad3ad,
    0xb7f76f2fb5e46,
    0xc199bdd85529c,
    0xcb720dcef9069,
    0xd5818dcfba487,
    0xdfc97337b9b5e,
    0xea4afa2a490d9,
    0xf50765b6e4540,
];

/// Slots of equal width over one power of two. The narrowest bucket (2.2 %) is wider than a slot (1.6 %), so at most
/// one boundary lies in a slot: one look-up and one comparison find a bucket.
const SLOTS: usize = 64;

/// For every slot, the boundary to compare with and how many boundaries lie below it.
struct Slot {
    boundary: u64,
    below: u32,
}

static SLOT_TABLE: [Slot; SLOTS] = slot_table();

const fn slot_table() -> [Slot; SLOTS] {
    const EMPTY: Slot = Slot {
        boundary: u64::MAX,
        below: 0,
    };
    let mut table = [EMPTY; SLOTS];
    let mut slot = 0;
    while slot < SLOTS {
        let start = (slot as u64) << (52 - 6);
        let mut below = 0;
        while below < 32 && BOUNDARIES[below] < start {
            below += 1;
        }
        let boundary = if below < 32 {
            BOUNDARIES[below]
        } else {
            u64::MAX
        };
        table[slot] = Slot {
            boundary,
            below: below as u32,
        };
        slot += 1;
    }
    table
}

/// Index of the bucket of a positive, normal `value` at scale 5, exact at every boundary.
#[inline]
pub(crate) fn index_at_scale_5(value: f64) -> i32 {
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023;
    let mantissa = bits & ((1 << 52) - 1);
    let slot = &SLOT_TABLE[(mantissa >> (52 - 6)) as usize];
    let boundaries_below = slot.below as i32 + i32::from(mantissa > slot.boundary);
    exponent * 32 + boundaries_below - 1
}

/// Index of the bucket of a positive, normal `value` at any scale.
///
/// Up to scale 5 it is exact. Finer scales come only from foreign histograms that are added to; there a value within
/// rounding of a boundary may land in the neighbouring bucket, as the OpenTelemetry data model allows.
pub(super) fn index(value: f64, scale: i8) -> i32 {
    if scale <= 5 {
        return index_at_scale_5(value) >> (5 - scale).min(31);
    }
    let mantissa = value.to_bits() & ((1 << 52) - 1);
    if mantissa == 0 {
        let exponent = ((value.to_bits() >> 52) & 0x7ff) as i32 - 1023;
        return (exponent << scale) - 1;
    }
    (value.log2() * f64::from(scale).exp2()).ceil() as i32 - 1
}

/// Ends of bucket `index` at scale 5.
pub(crate) fn bucket_bounds(index: i32) -> (f64, f64) {
    (lower_bound(index, 5), lower_bound(index + 1, 5))
}

/// Lower bound of bucket `index`, exclusive.
pub(super) fn lower_bound(index: i32, scale: i8) -> f64 {
    (f64::from(index) * f64::from(-scale).exp2()).exp2()
}

/// Index of the last bucket whose (geometric) middle is at most `bound`: bucket `i` covers `2^(i/2^scale)` to
/// `2^((i+1)/2^scale)`.
pub(crate) fn last_below(bound: f64, scale: i8) -> i32 {
    (bound.log2() * f64::from(scale).exp2() - 0.5).floor() as i32
}

impl Exponential {
    pub(super) fn add(&mut self, value: f64, n: u64) {
        if value.abs() < f64::MIN_POSITIVE {
            self.zero += n;
            return;
        }
        let at = index(value.abs(), self.scale);
        let (side, other_side) = if value > 0.0 {
            (&mut self.positive, &self.negative)
        } else {
            (&mut self.negative, &self.positive)
        };
        if side.span_with(at, at) + other_side.span() <= Histogram::MAX_BUCKETS {
            side.add(at, n);
            return;
        }
        let mut single = Exponential {
            scale: self.scale,
            ..Exponential::default()
        };
        let single_side = if value > 0.0 {
            &mut single.positive
        } else {
            &mut single.negative
        };
        single_side.add(at, n);
        self.merge(&single);
    }

    pub(super) fn merge(&mut self, other: &Exponential) {
        let scale = self.scale.min(other.scale);
        self.downscale_to(scale);
        let mut shift = (other.scale - scale) as u32;
        while self.span_with(other, shift) > Histogram::MAX_BUCKETS {
            self.downscale_to(self.scale - 1);
            shift += 1;
        }
        self.zero += other.zero;
        self.positive.merge(&other.positive, shift);
        self.negative.merge(&other.negative, shift);
    }

    /// Halves the resolution until `scale`; exact, as every coarse bucket is a union of fine ones.
    pub(super) fn downscale_to(&mut self, scale: i8) {
        if scale < self.scale {
            let shift = (self.scale - scale) as u32;
            self.positive = self.positive.downscaled(shift);
            self.negative = self.negative.downscaled(shift);
            self.scale = scale;
        }
    }

    /// Buckets needed for this and `other`, whose indices are shifted right by `shift`.
    fn span_with(&self, other: &Exponential, shift: u32) -> usize {
        let side = |own: &Buckets, other: &Buckets| match (other.first(), other.last()) {
            (Some(first), Some(last)) => own.span_with(shifted(first, shift), shifted(last, shift)),
            _ => own.span(),
        };
        side(&self.positive, &other.positive) + side(&self.negative, &other.negative)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Product of two numbers in 32-bit limbs, least significant first.
    fn multiply(a: &[u32], b: &[u32]) -> Vec<u32> {
        let mut product = vec![0u64; a.len() + b.len()];
        for (i, &x) in a.iter().enumerate() {
            let mut carry = 0;
            for (j, &y) in b.iter().enumerate() {
                let sum = product[i + j] + u64::from(x) * u64::from(y) + carry;
                product[i + j] = sum & 0xffff_ffff;
                carry = sum >> 32;
            }
            product[i + b.len()] += carry;
        }
        product.into_iter().map(|limb| limb as u32).collect()
    }

    /// Whether `(significand / 2^52)^32 <= 2^k`, decided with integers.
    fn is_at_most_boundary(significand: u64, k: usize) -> bool {
        let mut power = vec![significand as u32, (significand >> 32) as u32];
        for _ in 0..5 {
            power = multiply(&power, &power.clone());
        }
        let bit = 52 * 32 + k;
        let highest = power
            .iter()
            .rposition(|&limb| limb != 0)
            .map(|at| at * 32 + 31 - power[at].leading_zeros() as usize);
        let highest = highest.expect("the significand is not zero");
        let is_power_of_two = power.iter().map(|limb| limb.count_ones()).sum::<u32>() == 1;
        highest < bit || (highest == bit && is_power_of_two)
    }

    #[test]
    fn every_boundary_is_the_largest_double_not_above_the_root() {
        for (k, &mantissa) in BOUNDARIES.iter().enumerate() {
            let significand = (1 << 52) | mantissa;
            assert!(
                is_at_most_boundary(significand, k),
                "boundary {k} is too large"
            );
            assert!(
                !is_at_most_boundary(significand + 1, k),
                "boundary {k} is too small"
            );
        }
    }

    #[test]
    fn a_slot_holds_at_most_one_boundary() {
        for slot in 0..SLOTS as u64 {
            let range = (slot << 46)..((slot + 1) << 46);
            assert!(
                BOUNDARIES
                    .iter()
                    .filter(|boundary| range.contains(boundary))
                    .count()
                    <= 1
            );
        }
    }

    #[test]
    fn a_power_of_two_is_the_upper_end_of_its_bucket() {
        for exponent in -1022..=1023 {
            let value = f64::from(exponent).exp2();
            assert_eq!(index_at_scale_5(value), exponent * 32 - 1);
            assert_eq!(index_at_scale_5(value.next_up()), exponent * 32);
            assert_eq!(index(value, 20), (exponent << 20) - 1);
            assert_eq!(index(value, 0), exponent - 1);
        }
    }

    #[test]
    fn values_beside_a_boundary_fall_on_its_two_sides() {
        for (k, &mantissa) in BOUNDARIES.iter().enumerate() {
            let at = f64::from_bits((1023 << 52) | mantissa);
            assert_eq!(index_at_scale_5(at), k as i32 - 1);
            assert_eq!(index_at_scale_5(at.next_up()), k as i32);
        }
    }

    #[test]
    fn the_smallest_and_largest_doubles_have_a_bucket_at_every_scale() {
        for scale in -10..=20 {
            let low = index(f64::MIN_POSITIVE.next_up(), scale);
            let high = index(f64::MAX, scale);
            assert!(low < high || scale == -10, "scale {scale}");
            assert!(lower_bound(low, scale) <= f64::MIN_POSITIVE.next_up());
        }
    }

    #[test]
    fn too_wide_a_range_halves_the_resolution_until_it_fits() {
        let mut wide = Histogram::new();
        wide.record(1e-9);
        wide.record(1e9);
        let super::super::Layout::Exponential(buckets) = &wide.layout else {
            unreachable!("made exponential")
        };
        // log2(1e18) = 59.8 powers of two: 1,914 buckets at scale 5, 957 at scale 4.
        assert_eq!(buckets.scale, 4);
        assert_eq!(wide.count, 2);
    }

    #[test]
    fn one_microsecond_to_68_seconds_keeps_the_scale() {
        let mut usual = Histogram::new();
        usual.record(1e-6);
        usual.record(68.0);
        let super::super::Layout::Exponential(buckets) = &usual.layout else {
            unreachable!("made exponential")
        };
        assert_eq!(buckets.scale, 5);
    }
}
