//! Numbers as line protocol writes them, mostly without the general parser.

/// A number that was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Float(f64),
    Integer(i64),
    Unsigned(u64),
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoNumber {
    Malformed,
    Range,
    NotFinite,
}

/// The powers of ten that a float holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Up to here every integer is a float.
const EXACT: u64 = 1 << 53;

/// So many digits fit a `u64` whatever they are.
const SAFE_DIGITS: usize = 19;

/// Reads the number at the start of `text`; returns it with its length.
pub(super) fn scan(text: &[u8]) -> (Result<Number, NoNumber>, usize) {
    let negative = text.first() == Some(&b'-');
    let first = usize::from(negative);
    let mut at = first;
    let mut mantissa = 0_u64;
    while let Some(digit) = digit(text, at) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(digit);
        at += 1;
    }
    let whole = at - first;
    let mut fraction = 0;
    let point = text.get(at) == Some(&b'.');
    if point {
        at += 1;
        let start = at;
        while let Some(digit) = digit(text, at) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        fraction = at - start;
    }
    let digits = whole + fraction;
    match text.get(at) {
        // Clinger's fast path: both operands are exact, so the quotient is correctly rounded.
        None | Some(b',' | b' ' | b'\n' | b'\r')
            if digits > 0 && digits <= SAFE_DIGITS && mantissa <= EXACT =>
        {
            #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
            let value = mantissa as f64 / POWERS[fraction];
            let value = if negative { -value } else { value };
            return (Ok(Number::Float(value)), at);
        }
        Some(b'i') if !point && digits > 0 && ends(text, at + 1) => {
            if digits < SAFE_DIGITS {
                // 18 digits fit both signs.
                let value = mantissa.cast_signed();
                let value = if negative { -value } else { value };
                return (Ok(Number::Integer(value)), at + 1);
            }
            let value = general::<i64>(&text[..at]).map(Number::Integer);
            return (value.ok_or(NoNumber::Range), at + 1);
        }
        Some(b'u') if !point && digits > 0 && ends(text, at + 1) => {
            if negative {
                return (Err(NoNumber::Range), at + 1);
            }
            if digits <= SAFE_DIGITS {
                return (Ok(Number::Unsigned(mantissa)), at + 1);
            }
            let value = general::<u64>(&text[..at]).map(Number::Unsigned);
            return (value.ok_or(NoNumber::Range), at + 1);
        }
        _ => {}
    }
    let length = token_length(text);
    (general_float(&text[..length]), length)
}

fn general_float(token: &[u8]) -> Result<Number, NoNumber> {
    let bare = token.strip_prefix(b"-").unwrap_or(token);
    let wordy = ["nan", "inf", "infinity"];
    if wordy
        .iter()
        .any(|word| bare.eq_ignore_ascii_case(word.as_bytes()))
    {
        return Err(NoNumber::NotFinite);
    }
    // The general parser knows a leading `+`, line protocol does not.
    if !bare
        .first()
        .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'.')
    {
        return Err(NoNumber::Malformed);
    }
    match general::<f64>(token) {
        Some(value) if value.is_finite() => Ok(Number::Float(value)),
        Some(_) => Err(NoNumber::NotFinite),
        None => Err(NoNumber::Malformed),
    }
}

fn general<T: std::str::FromStr>(token: &[u8]) -> Option<T> {
    std::str::from_utf8(token).ok()?.parse().ok()
}

#[inline]
fn digit(text: &[u8], at: usize) -> Option<u64> {
    let digit = text.get(at)?.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

/// Whether a value may end before `at`.
#[inline]
pub(super) fn ends(text: &[u8], at: usize) -> bool {
    matches!(text.get(at), None | Some(b',' | b' ' | b'\n' | b'\r'))
}

/// Length of an unquoted value.
pub(super) fn token_length(text: &[u8]) -> usize {
    text.iter()
        .position(|byte| matches!(byte, b',' | b' ' | b'\n' | b'\r'))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Number, NoNumber> {
        let (number, length) = scan(text.as_bytes());
        assert_eq!(length, text.len(), "{text}");
        number
    }

    #[test]
    fn numbers_of_every_form() {
        assert_eq!(read("0"), Ok(Number::Float(0.0)));
        assert_eq!(read("-12.5"), Ok(Number::Float(-12.5)));
        assert_eq!(read(".5"), Ok(Number::Float(0.5)));
        assert_eq!(read("5."), Ok(Number::Float(5.0)));
        assert_eq!(read("1.5e-3"), Ok(Number::Float(0.0015)));
        assert_eq!(read("-9223372036854775808i"), Ok(Number::Integer(i64::MIN)));
        assert_eq!(
            read("18446744073709551615u"),
            Ok(Number::Unsigned(u64::MAX))
        );
        assert_eq!(read("007i"), Ok(Number::Integer(7)));
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "-", "", ".", "1x", "1.5i", "--1", "+1", "1e", "0x10", "i", "1.2.3",
        ] {
            assert_eq!(read(text), Err(NoNumber::Malformed), "{text}");
        }
        for text in ["9223372036854775808i", "18446744073709551616u", "-1u"] {
            assert_eq!(read(text), Err(NoNumber::Range), "{text}");
        }
        for text in ["NaN", "-inf", "Infinity", "1e999"] {
            assert_eq!(read(text), Err(NoNumber::NotFinite), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_fast_path_reads_what_the_general_parser_reads(text in "-?[0-9]{1,25}(\\.[0-9]{0,25})?") {
            prop_assert_eq!(read(&text), Ok(Number::Float(text.parse().unwrap())));
        }

        #[test]
        fn shortest_texts_come_back(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
            prop_assert_eq!(read(&value.to_string()), Ok(Number::Float(value)));
        }
    }
}
