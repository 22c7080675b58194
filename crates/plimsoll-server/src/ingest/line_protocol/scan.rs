//! The grammar's pieces: where keys, names, values and lines end, and what escapes mean.

use std::borrow::Cow;

use super::number::{self, NoNumber, Number};
use super::reason::Reason;

/// Longest measurement with its tags, as InfluxDB has it.
pub(super) const MAX_KEY_BYTES: usize = 65_535;
/// Most tags of a line.
pub(super) const MAX_TAGS: usize = 256;

/// A field's value as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'t> {
    Number(Number),
    Bool(bool),
    /// Between the quotes, escapes and all.
    Text(&'t str),
}

/// End of measurement and tags: the first space or newline that is not escaped.
pub(super) fn key_end(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = memchr::memchr3(b' ', b'\n', b'\\', &text[at..]) {
        at += found;
        if text[at] != b'\\' {
            return at;
        }
        at = after_escape(text, at);
    }
    text.len()
}

/// End of the measurement inside a key.
pub(super) fn measurement_end(key: &[u8]) -> usize {
    unescaped(key, 0, |byte| byte == b',').unwrap_or(key.len())
}

/// End of a name: the first of `,` `=` space, newline that is not escaped.
pub(super) fn name_end(text: &[u8], start: usize) -> usize {
    let stops = |byte| matches!(byte, b',' | b'=' | b' ' | b'\n');
    unescaped(text, start, stops).unwrap_or(text.len())
}

fn unescaped(text: &[u8], start: usize, stops: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = start;
    while at < text.len() {
        match text[at] {
            b'\\' => at = after_escape(text, at),
            byte if stops(byte) => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// What follows a backslash belongs to it; a newline never does, so that a line always ends.
fn after_escape(text: &[u8], backslash: usize) -> usize {
    match text.get(backslash + 1) {
        None | Some(b'\n') => backslash + 1,
        Some(_) => backslash + 2,
    }
}

/// Removes the backslash before the characters that need one; any other backslash is itself.
pub(super) fn unescape<'t>(text: &'t str, escapable: &[u8]) -> Cow<'t, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let escaped = rest.as_bytes().get(at + 1);
        rest = match escaped {
            Some(byte) if escapable.contains(byte) => {
                plain.push(char::from(*byte));
                &rest[at + 2..]
            }
            // Both characters as they are: the second must not start another escape.
            _ => {
                plain.push('\\');
                let second = rest[at + 1..].chars().next();
                plain.extend(second);
                &rest[at + 1 + second.map_or(0, char::len_utf8)..]
            }
        };
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Characters that need a backslash in a measurement.
pub(super) const IN_MEASUREMENT: &[u8] = b", ";
/// … in tag names, tag values and field names.
pub(super) const IN_NAME: &[u8] = b", =";
/// … in a string.
pub(super) const IN_STRING: &[u8] = b"\"\\";

/// Reads the value at `at`; returns it with the place after it. `field` makes the error's text.
#[inline]
pub(super) fn value<'t>(
    text: &'t str,
    at: usize,
    field: impl Fn() -> String,
) -> Result<(Value<'t>, usize), Reason> {
    let bytes = text.as_bytes();
    match bytes.get(at) {
        Some(b'0'..=b'9' | b'-' | b'.') => {
            let (number, length) = number::scan(&bytes[at..]);
            let after = at + length;
            match number {
                Ok(number) => Ok((Value::Number(number), after)),
                Err(why) => Err(no_number(why, field(), &text[at..after])),
            }
        }
        Some(b'"') => {
            let end = string_end(bytes, at + 1).ok_or_else(|| Reason::UnbalancedQuotes(field()))?;
            if number::ends(bytes, end + 1) {
                Ok((Value::Text(&text[at + 1..end]), end + 1))
            } else {
                let after = end + 1 + number::token_length(&bytes[end + 1..]);
                Err(bad_value(field(), &text[at..after]))
            }
        }
        _ => {
            let after = at + number::token_length(&bytes[at..]);
            match &bytes[at..after] {
                b"t" | b"T" | b"true" | b"True" | b"TRUE" => Ok((Value::Bool(true), after)),
                b"f" | b"F" | b"false" | b"False" | b"FALSE" => Ok((Value::Bool(false), after)),
                b"" => Err(Reason::MissingFieldValue(field())),
                token => Err(match number::scan(token).0 {
                    Err(why) => no_number(why, field(), &text[at..after]),
                    Ok(_) => bad_value(field(), &text[at..after]),
                }),
            }
        }
    }
}

fn no_number(why: NoNumber, field: String, value: &str) -> Reason {
    match why {
        NoNumber::Malformed => bad_value(field, value),
        NoNumber::NotFinite => Reason::NotFinite(field),
        NoNumber::Range => Reason::IntegerRange {
            field,
            value: short(value),
        },
    }
}

fn bad_value(field: String, value: &str) -> Reason {
    Reason::BadValue {
        field,
        value: short(value),
    }
}

/// Enough of a text to recognise it.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The closing quote of a string whose content starts at `start`.
fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Where a line that starts at `start` ends: a newline outside quotes, or the end of the text.
///
/// Quotes count only at the start of a field's value. A string that never ends takes only its own first line with it.
pub(super) fn line_end(text: &[u8], start: usize) -> usize {
    let mut at = key_end(text, start);
    while let Some(byte) = text.get(at) {
        match byte {
            b'\n' => return at,
            b'\\' => at = after_escape(text, at),
            b'=' if text.get(at + 1) == Some(&b'"') => match string_end(text, at + 2) {
                Some(end) => at = end + 1,
                None => break,
            },
            _ => at += 1,
        }
    }
    match memchr::memchr(b'\n', &text[start..]) {
        Some(length) if at < text.len() => start + length,
        _ => text.len(),
    }
}

/// The first place at or after `at` that is no space.
#[inline]
pub(super) fn skip_spaces(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// Whether the line ends here: the text's end, a newline, or a carriage return before one of them.
#[inline]
pub(super) fn at_line_end(text: &[u8], at: usize) -> bool {
    match text.get(at) {
        None | Some(b'\n') => true,
        Some(b'\r') => matches!(text.get(at + 1), None | Some(b'\n')),
        Some(_) => false,
    }
}

/// The end of a line without its carriage return.
#[inline]
pub(super) fn past_return(text: &[u8], at: usize) -> usize {
    at + usize::from(text.get(at) == Some(&b'\r'))
}
