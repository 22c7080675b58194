//! The parts of a line of Prometheus's text format 0.0.4 and of OpenMetrics 1.0.

use std::borrow::Cow;

/// Most labels of one sample.
const MAX_LABELS: usize = 64;
/// Longest name of a metric or label and longest value of a label, in bytes.
const MAX_TEXT_BYTES: usize = 1_024;
/// Longest text of a series, in bytes.
pub(super) const MAX_SERIES_BYTES: usize = 16 << 10;

/// Name and value, without escapes.
pub(super) type Label<'t> = (&'t str, Cow<'t, str>);

/// Why a line is no sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("does not begin with a metric's name")]
    Name,
    #[error("has labels that are not written as name=\"value\"")]
    Labels,
    #[error("has a label twice")]
    Twice,
    #[error("has a label longer than 1024 bytes, or more than 64 of them")]
    TooLong,
    #[error("has no value that is a number")]
    Value,
    #[error("goes on behind its value")]
    Rest,
    #[error("is not UTF-8")]
    NotText,
}

/// Where the series that begins at the start of `line` ends: behind its name or its closing brace.
#[inline]
pub(super) fn series_end(line: &[u8]) -> Result<usize, Malformed> {
    let name = name_end(line);
    if name == 0 {
        return Err(Malformed::Name);
    }
    let brace = skip_blanks(line, name);
    if line.get(brace) != Some(&b'{') {
        return Ok(name);
    }
    let mut at = brace + 1;
    let mut quoted = false;
    loop {
        match memchr::memchr3(b'"', b'\\', b'}', &line[at..]) {
            None => return Err(Malformed::Labels),
            Some(length) => {
                at += length + 1;
                match line[at - 1] {
                    b'"' => quoted = !quoted,
                    b'\\' => at = (at + 1).min(line.len()),
                    _ if quoted => {}
                    _ => return Ok(at),
                }
            }
        }
    }
}

/// Name and labels of a series' text.
pub(super) fn series(text: &[u8]) -> Result<(&str, Vec<Label<'_>>), Malformed> {
    if text.len() > MAX_SERIES_BYTES {
        return Err(Malformed::TooLong);
    }
    let text = std::str::from_utf8(text).map_err(|_| Malformed::NotText)?;
    let bytes = text.as_bytes();
    let end = name_end(bytes);
    let name = &text[..end];
    let mut labels: Vec<Label<'_>> = Vec::new();
    let mut at = skip_blanks(bytes, end);
    if at >= bytes.len() {
        return Ok((name, labels));
    }
    at = skip_blanks(bytes, at + 1);
    while bytes.get(at) != Some(&b'}') {
        let start = at;
        while bytes
            .get(at)
            .is_some_and(|&byte| is_name(byte) && byte != b':')
        {
            at += 1;
        }
        let label = &text[start..at];
        at = skip_blanks(bytes, at);
        if label.is_empty() || bytes.get(at) != Some(&b'=') {
            return Err(Malformed::Labels);
        }
        at = skip_blanks(bytes, at + 1);
        if bytes.get(at) != Some(&b'"') {
            return Err(Malformed::Labels);
        }
        let (value, after) = quoted(text, at + 1)?;
        if label.len() > MAX_TEXT_BYTES
            || value.len() > MAX_TEXT_BYTES
            || labels.len() >= MAX_LABELS
        {
            return Err(Malformed::TooLong);
        }
        if labels.iter().any(|(known, _)| *known == label) {
            return Err(Malformed::Twice);
        }
        labels.push((label, value));
        at = skip_blanks(bytes, after);
        match bytes.get(at) {
            Some(b',') => at = skip_blanks(bytes, at + 1),
            Some(b'}') => {}
            _ => return Err(Malformed::Labels),
        }
    }
    if name.len() > MAX_TEXT_BYTES {
        return Err(Malformed::TooLong);
    }
    Ok((name, labels))
}

/// The text up to the closing quote, and where it goes on behind that.
fn quoted(text: &str, start: usize) -> Result<(Cow<'_, str>, usize), Malformed> {
    let bytes = text.as_bytes();
    let mut at = start;
    let mut plain: Option<String> = None;
    let mut copied = start;
    loop {
        let length = memchr::memchr2(b'"', b'\\', &bytes[at..]).ok_or(Malformed::Labels)?;
        at += length;
        if bytes[at] == b'"' {
            let value = match plain {
                None => Cow::Borrowed(&text[start..at]),
                Some(mut plain) => {
                    plain.push_str(&text[copied..at]);
                    Cow::Owned(plain)
                }
            };
            return Ok((value, at + 1));
        }
        let plain = plain.get_or_insert_default();
        plain.push_str(&text[copied..at]);
        match bytes.get(at + 1) {
            Some(b'n') => plain.push('\n'),
            Some(b'"') => plain.push('"'),
            Some(b'\\') => plain.push('\\'),
            // Not an escape: both bytes stay.
            _ => {
                plain.push('\\');
                at += 1;
                copied = at;
                continue;
            }
        }
        at += 2;
        copied = at;
    }
}

/// What stands behind a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading<'t> {
    pub(super) value: f64,
    /// As written, without its unit: milliseconds in text 0.0.4, seconds in OpenMetrics.
    pub(super) timestamp: Option<&'t [u8]>,
}

/// Value and timestamp at the start of `rest`, which ends with the line. An exemplar is left out.
#[inline]
pub(super) fn reading(rest: &[u8]) -> Result<Reading<'_>, Malformed> {
    let start = skip_blanks(rest, 0);
    let end = token_end(rest, start);
    let value = number(&rest[start..end]).ok_or(Malformed::Value)?;
    let mut at = skip_blanks(rest, end);
    if at >= rest.len() {
        let timestamp = None;
        return Ok(Reading { value, timestamp });
    }
    let mut timestamp = None;
    if rest[at] != b'#' {
        let end = token_end(rest, at);
        timestamp = Some(&rest[at..end]);
        at = skip_blanks(rest, end);
    }
    match rest.get(at) {
        None | Some(b'#') => Ok(Reading { value, timestamp }),
        Some(_) => Err(Malformed::Rest),
    }
}

/// A number as both formats write it; NaN and infinities included.
#[inline]
pub(super) fn number(token: &[u8]) -> Option<f64> {
    // Most are short integers.
    if !token.is_empty() && token.len() <= 15 {
        let mut whole = 0u64;
        if token.iter().all(|&byte| {
            let digit = byte.wrapping_sub(b'0');
            whole = whole.wrapping_mul(10).wrapping_add(u64::from(digit));
            digit < 10
        }) {
            return Some(whole as f64);
        }
    }
    let text = std::str::from_utf8(token).ok()?;
    // The general parser takes all spellings of both formats (1e3, +Inf, NaN) and `infinity`, but no hexadecimal numbers.
    text.parse().ok()
}

#[inline]
fn name_end(line: &[u8]) -> usize {
    let digit = line.first().is_some_and(u8::is_ascii_digit);
    match digit {
        true => 0,
        false => line.iter().take_while(|&&byte| is_name(byte)).count(),
    }
}

#[inline]
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

#[inline]
pub(super) fn skip_blanks(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t' | b'\r')) {
        at += 1;
    }
    at
}

#[inline]
fn token_end(text: &[u8], mut at: usize) -> usize {
    while !matches!(text.get(at), None | Some(b' ' | b'\t' | b'\r')) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    type Taken = (String, Vec<(String, String)>, f64);

    fn of(line: &str) -> Result<Taken, Malformed> {
        let end = series_end(line.as_bytes())?;
        let (name, labels) = series(&line.as_bytes()[..end])?;
        let labels = labels
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into_owned()));
        let Reading { value, .. } = reading(&line.as_bytes()[end..])?;
        Ok((name.to_owned(), labels.collect(), value))
    }

    #[test]
    fn blanks_commas_and_escapes_stand_where_the_formats_allow_them() {
        let (name, labels, value) =
            of("a:b_c { x = \"1\" , y=\"}\\\"\\\\\\n\\q\", } 1.5e3").unwrap();
        assert_eq!((&*name, value), ("a:b_c", 1_500.0));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(labels, [pair("x", "1"), pair("y", "}\"\\\n\\q")]);
        assert_eq!(of("a{} 2").unwrap().1, []);
        assert_eq!(of("a\t+Inf").unwrap().2, f64::INFINITY);
        assert!(of("a NaN").unwrap().2.is_nan());
    }

    #[test]
    fn an_exemplar_is_left_out_and_a_timestamp_is_not() {
        let line = b" 17 1520879607.789 # {trace_id=\"a b\"} 0.67 1520879607.1";
        let read = reading(line).unwrap();
        assert_eq!(
            (read.value, read.timestamp),
            (17.0, Some(&b"1520879607.789"[..]))
        );
        assert_eq!(reading(b" 17 # {a=\"b\"} 1").unwrap().timestamp, None);
    }

    #[test]
    fn malformed_lines_say_what_is_wrong() {
        for (line, expected) in [
            ("{a=\"b\"} 1", Malformed::Name),
            ("9a 1", Malformed::Name),
            ("a{b=\"c\" 1", Malformed::Labels),
            ("a{b=\"c} 1", Malformed::Labels),
            ("a{b=c} 1", Malformed::Labels),
            ("a{b=\"c\" d=\"e\"} 1", Malformed::Labels),
            ("a{b=\"c\",b=\"d\"} 1", Malformed::Twice),
            ("a", Malformed::Value),
            ("a 0x1p3", Malformed::Value),
            ("a 1 2 3", Malformed::Rest),
        ] {
            assert_eq!(of(line), Err(expected), "{line}");
        }
        assert_eq!(series(b"a{b=\"\xff\"}"), Err(Malformed::NotText));
    }

    #[test]
    fn numbers_are_those_of_the_general_parser() {
        for text in [
            "0",
            "123456789012345",
            "1234567890123456789",
            "-5",
            "1.25",
            "1e-7",
            "+3",
            "4.9e-324",
        ] {
            assert_eq!(number(text.as_bytes()), text.parse().ok(), "{text}");
        }
        assert_eq!(number(b""), None);
        assert_eq!(number(b"1_0"), None);
    }
}
