//! Runs of numbers ↔ bytes: one constant, as they are, or compressed by `pco`.

use pco::data_types::Number as PcoNumber;
use pco::wrapped::{FileCompressor, FileDecompressor};
use pco::{ChunkConfig, DeltaSpec, ModeSpec};

use super::decimal;
use super::likeness::{could_stand_apart, smallest_differences, stand_apart};
use super::wire::{self, Decoded, Malformed, Reader};

/// The longest run of numbers.
pub(crate) const MAX_RUN: usize = 1 << 24;

const CONSTANT: u8 = 0;
const PLAIN: u8 = 1;
const PCO: u8 = 2;
/// Floats that are integers divided by a power of ten, as people and programs write them: the power, then the integers.
const DECIMAL: u8 = 3;
/// Several runs, one behind the other: how many, then the length of each and its bytes.
const PARTS: u8 = 4;

/// Up to this many numbers cost less as they are than the tables of a compressed run.
const PLAIN_UP_TO: usize = 3;

/// How hard to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// For the journal: read once or never.
    Fast,
    /// For blocks: read often, kept for long.
    Small,
}

/// What runs are made of.
pub(crate) trait Number: PcoNumber + PartialEq {
    fn to_bytes(self) -> [u8; 8];
    fn from_bytes(bytes: [u8; 8]) -> Self;
    fn same(self, other: Self) -> bool;

    /// The numbers as integers divided by a power of ten, if that gives back every bit of them.
    fn to_decimal(_numbers: &[Self]) -> Option<(u8, Vec<i64>)> {
        None
    }

    /// How many times to take differences before compressing; `None`: unknown.
    fn order(_numbers: &[Self]) -> Option<usize> {
        None
    }

    /// What [`Number::to_decimal`] was made from.
    fn from_decimal(_power: u8, _integers: &[i64]) -> Option<Vec<Self>> {
        None
    }
}

impl Number for f64 {
    fn to_bytes(self) -> [u8; 8] {
        self.to_le_bytes()
    }

    fn from_bytes(bytes: [u8; 8]) -> f64 {
        f64::from_le_bytes(bytes)
    }

    fn same(self, other: f64) -> bool {
        self.to_bits() == other.to_bits()
    }

    fn to_decimal(numbers: &[f64]) -> Option<(u8, Vec<i64>)> {
        decimal::integers(numbers)
    }

    fn from_decimal(power: u8, integers: &[i64]) -> Option<Vec<f64>> {
        decimal::numbers(power, integers)
    }
}

macro_rules! integer {
    ($type:ty, $wide:ty) => {
        impl Number for $type {
            fn to_bytes(self) -> [u8; 8] {
                <$wide>::from(self).to_le_bytes()
            }

            fn from_bytes(bytes: [u8; 8]) -> $type {
                <$wide>::from_le_bytes(bytes) as $type
            }

            fn same(self, other: $type) -> bool {
                self == other
            }
        }
    };
}

impl Number for i64 {
    fn to_bytes(self) -> [u8; 8] {
        self.to_le_bytes()
    }

    fn from_bytes(bytes: [u8; 8]) -> i64 {
        i64::from_le_bytes(bytes)
    }

    fn same(self, other: i64) -> bool {
        self == other
    }

    fn order(numbers: &[i64]) -> Option<usize> {
        Some(smallest_differences(numbers))
    }
}

integer!(u64, u64);
integer!(i32, i64);
integer!(u32, u64);

/// Writes a run; its length is the reader's to know.
pub(crate) fn put<N: Number>(out: &mut Vec<u8>, numbers: &[N], effort: Effort) {
    put_run(out, numbers, &[], effort, None);
}

/// Writes a run that consists of `parts`, each of so many numbers: as one, or each for itself where that is smaller.
pub(crate) fn put_parts<N: Number>(
    out: &mut Vec<u8>,
    numbers: &[N],
    parts: &[u32],
    effort: Effort,
) {
    put_run(out, numbers, parts, effort, None);
}

/// `order` is how many differences to take, where that is known.
fn put_run<N: Number>(
    out: &mut Vec<u8>,
    numbers: &[N],
    parts: &[u32],
    effort: Effort,
    order: Option<usize>,
) {
    debug_assert!(numbers.len() <= MAX_RUN, "callers cut their runs");
    let Some(&first) = numbers.first() else {
        return;
    };
    if numbers.iter().all(|number| number.same(first)) {
        out.push(CONSTANT);
        put_short(out, first);
        return;
    }
    let start = out.len();
    if let Some((power, integers)) = N::to_decimal(numbers) {
        let likeness = (effort == Effort::Small && could_stand_apart(parts))
            .then(|| stand_apart(&integers, parts));
        if likeness.as_ref().is_some_and(|likeness| likeness.is_apart) {
            return put_apart(out, &integers, parts, &[DECIMAL, power], effort);
        }
        out.extend([DECIMAL, power]);
        let order = likeness.and_then(|likeness| likeness.order);
        put_run(out, &integers, &[], effort, order);
        if out.len() - start < numbers.len() * 8 {
            return;
        }
        out.truncate(start);
    }
    if numbers.len() > PLAIN_UP_TO {
        out.push(PCO);
        if compress(out, numbers, effort, order).is_some() && out.len() - start < numbers.len() * 8
        {
            return;
        }
        out.truncate(start);
    }
    out.push(PLAIN);
    for number in numbers {
        out.extend_from_slice(&number.to_bytes());
    }
}

/// Each part as a run of its own that begins with `head`.
fn put_apart(out: &mut Vec<u8>, integers: &[i64], parts: &[u32], head: &[u8], effort: Effort) {
    out.push(PARTS);
    wire::put_varint(out, parts.len() as u64);
    let mut rest = integers;
    for &count in parts {
        let (part, behind) = rest.split_at(count as usize);
        rest = behind;
        let mut run = head.to_vec();
        put(&mut run, part, effort);
        wire::put_varint(out, u64::from(count));
        wire::put_bytes(out, &run);
    }
}

/// Length and the bytes that are not zero at the end, for floats at the start.
fn put_short<N: Number>(out: &mut Vec<u8>, number: N) {
    let bytes = number.to_bytes();
    let from = bytes.iter().position(|&byte| byte != 0).unwrap_or(8);
    let to = bytes
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(from, |last| last + 1);
    out.push((from * 16 + (to - from)) as u8);
    out.extend_from_slice(&bytes[from..to]);
}

fn read_short<N: Number>(reader: &mut Reader<'_>) -> Decoded<N> {
    let shape = usize::from(reader.byte()?);
    let (from, length) = (shape / 16, shape % 16);
    let mut bytes = [0; 8];
    bytes
        .get_mut(from..from + length)
        .ok_or(Malformed("constant"))?
        .copy_from_slice(reader.take(length)?);
    Ok(N::from_bytes(bytes))
}

fn config<N: Number>(effort: Effort, numbers: &[N], order: Option<usize>) -> ChunkConfig {
    match effort {
        Effort::Fast => ChunkConfig::default()
            .with_compression_level(2)
            .with_delta_spec(DeltaSpec::NoOp)
            .with_mode_spec(if numbers.len() < 64 {
                ModeSpec::Classic
            } else {
                ModeSpec::Auto
            }),
        Effort::Small => {
            let order = order.or_else(|| N::order(numbers));
            let delta = order.map_or(DeltaSpec::Auto, DeltaSpec::TryConsecutive);
            // 8, the default, costs 7 % more time and saves 0.2 % of the bytes.
            ChunkConfig::default()
                .with_compression_level(6)
                .with_delta_spec(delta)
        }
    }
}

fn compress<N: Number>(
    out: &mut Vec<u8>,
    numbers: &[N],
    effort: Effort,
    order: Option<usize>,
) -> Option<()> {
    let file = FileCompressor::default();
    let config =
        config(effort, numbers, order).with_paging_spec(pco::PagingSpec::EqualPagesUpTo(MAX_RUN));
    file.write_header(&mut *out).ok()?;
    let mut chunk = file.chunk_compressor(numbers, &config).ok()?;
    chunk.write_meta(&mut *out).ok()?;
    chunk.write_page(0, out).ok()?;
    Some(())
}

/// Reads a run of `count` numbers from the whole of `bytes`.
pub(crate) fn read<N: Number>(bytes: &[u8], count: usize) -> Decoded<Vec<N>> {
    if count == 0 {
        return if bytes.is_empty() {
            Ok(Vec::new())
        } else {
            Err(Malformed("empty run"))
        };
    }
    if count > MAX_RUN {
        return Err(Malformed("length of a run"));
    }
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        CONSTANT => Ok(vec![read_short(&mut reader)?; count]),
        PLAIN => {
            let (numbers, rest) = reader.rest().as_chunks::<8>();
            if numbers.len() != count || !rest.is_empty() {
                return Err(Malformed("plain run"));
            }
            Ok(numbers.iter().map(|&bytes| N::from_bytes(bytes)).collect())
        }
        PCO => decompress(reader.rest(), count),
        DECIMAL => {
            let power = reader.byte()?;
            let bytes = reader.rest();
            // Integers are no decimals of others: this ends here.
            let integers = match bytes.first() {
                Some(&(DECIMAL | PARTS)) => return Err(Malformed("decimal run")),
                _ => read::<i64>(bytes, count)?,
            };
            N::from_decimal(power, &integers).ok_or(Malformed("decimal run"))
        }
        PARTS => {
            let parts = reader.count(count)?;
            let mut numbers = Vec::with_capacity(count);
            for _ in 0..parts {
                let part = reader.count(count - numbers.len())?;
                let bytes = reader.bytes()?;
                // Parts have no parts: this ends here.
                if bytes.first() == Some(&PARTS) {
                    return Err(Malformed("parts of a run"));
                }
                numbers.extend(read::<N>(bytes, part)?);
            }
            match numbers.len() == count && reader.rest().is_empty() {
                true => Ok(numbers),
                false => Err(Malformed("parts of a run")),
            }
        }
        _ => Err(Malformed("kind of a run")),
    }
}

fn decompress<N: Number>(bytes: &[u8], count: usize) -> Decoded<Vec<N>> {
    let broken = |_| Malformed("compressed run");
    let (file, rest) = FileDecompressor::new(bytes).map_err(broken)?;
    let (mut chunk, rest) = file.chunk_decompressor::<N, _>(rest).map_err(broken)?;
    let mut numbers = vec![N::from_bytes([0; 8]); count];
    let progress = chunk
        .page_decompressor(rest, count)
        .map_err(broken)?
        .read(&mut numbers)
        .map_err(broken)?;
    if progress.n_processed != count {
        return Err(Malformed("compressed run"));
    }
    Ok(numbers)
}

/// Writes a run with its length in bytes before it.
pub(crate) fn put_sized<N: Number>(out: &mut Vec<u8>, numbers: &[N], effort: Effort) {
    let mut run = Vec::new();
    put(&mut run, numbers, effort);
    wire::put_bytes(out, &run);
}

/// Reads a run that has its length in bytes before it.
pub(crate) fn read_sized<N: Number>(reader: &mut Reader<'_>, count: usize) -> Decoded<Vec<N>> {
    read(reader.bytes()?, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round<N: Number>(numbers: &[N]) {
        for effort in [Effort::Fast, Effort::Small] {
            let mut bytes = Vec::new();
            put(&mut bytes, numbers, effort);
            let back = read::<N>(&bytes, numbers.len()).unwrap();
            assert!(back.iter().zip(numbers).all(|(a, b)| a.same(*b)));
        }
    }

    #[test]
    fn one_value_all_along_costs_a_few_bytes() {
        let mut bytes = Vec::new();
        put(&mut bytes, &[0.5f64; 1000], Effort::Small);
        assert!(bytes.len() <= 4, "{} bytes", bytes.len());
    }

    #[test]
    fn decimals_come_back_to_the_last_bit() {
        round(&[0.1, 0.2, 0.3, 12.05, -7.25, 1e6]);
        round(&[-0.0, 0.1, 0.2, 0.3]);
        round(&[0.1 + 0.2, 0.3, 0.4, 0.5]);
        round(&[f64::MAX, 0.1, 1e300, 0.5]);
        round(&[f64::NAN, f64::INFINITY, 0.5, 0.25]);
        let hundredths: Vec<f64> = (0..1000)
            .map(|n| f64::from(n * 7919 % 997) / 100.0)
            .collect();
        let mut bytes = Vec::new();
        put(&mut bytes, &hundredths, Effort::Small);
        // Ten bits tell one of 997 values.
        assert!(bytes.len() < 1000 * 10 / 8 + 60, "{} bytes", bytes.len());
    }

    proptest! {
        #[test]
        fn numbers_come_back(floats: Vec<u64>, signed: Vec<i64>, small: Vec<u32>, repeated in 0usize..300) {
            round(&floats.iter().map(|&bits| f64::from_bits(bits)).collect::<Vec<_>>());
            round(&signed);
            round(&small);
            round(&floats);
            round(&(0..repeated).map(|n| n as f64 / 8.0).collect::<Vec<_>>());
            round(&(0..repeated).map(|n| (n / 7) as i32 - 9).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, count in 0usize..5000) {
            let _ = read::<f64>(&bytes, count);
            let _ = read::<u32>(&bytes, count);
        }

        #[test]
        fn a_flipped_bit_is_read_or_refused(seed: u64, bit: prop::sample::Index) {
            let numbers: Vec<f64> = (0..500).map(|n| ((seed >> (n % 50)) & 0xff) as f64 / 3.0).collect();
            let mut bytes = Vec::new();
            put(&mut bytes, &numbers, Effort::Small);
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let _ = read::<f64>(&bytes, numbers.len());
        }
    }
}
