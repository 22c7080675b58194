//! One line with all its parts, read the slow way: for what is new about it.

use std::borrow::Cow;

use crate::store::schema::Schema;
use crate::store::table::Nanos;

use super::number;
use super::parser::Context;
use super::reason::Reason;
use super::scan::{self, MAX_KEY_BYTES, MAX_TAGS, Value};

/// The parts of a well-formed line.
#[derive(Debug)]
pub(super) struct Line<'t> {
    pub(super) measurement: Cow<'t, str>,
    pub(super) tags: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    fields: Vec<(Cow<'t, str>, Value<'t>)>,
    time: Nanos,
}

impl<'t> Line<'t> {
    /// Reads the line at `start`.
    pub(super) fn read(text: &'t str, start: usize, context: &Context<'_>) -> Result<Self, Reason> {
        let bytes = text.as_bytes();
        let key_end = scan::key_end(bytes, start);
        let (measurement, tags) = key(&text[start..key_end])?;
        let mut fields = Vec::new();
        let mut at = scan::skip_spaces(bytes, key_end);
        if scan::at_line_end(bytes, at) {
            return Err(Reason::MissingFields);
        }
        loop {
            let name_end = scan::name_end(bytes, at);
            let name = scan::unescape(&text[at..name_end], scan::IN_NAME);
            if name.is_empty() {
                return Err(Reason::MissingFieldKey);
            }
            if bytes.get(name_end) != Some(&b'=') {
                return Err(Reason::MissingFieldValue(scan::short(&name)));
            }
            let (value, after) = scan::value(text, name_end + 1, || scan::short(&name))?;
            if fields.len() >= Schema::MAX_FIELDS_EACH {
                return Err(Reason::TooManyFields(scan::short(&name)));
            }
            fields.push((name, value));
            at = after;
            if bytes.get(at) != Some(&b',') {
                break;
            }
            at += 1;
        }
        let (time, _) = time(text, at, context)?;
        Ok(Self {
            measurement,
            tags,
            fields,
            time,
        })
    }

    /// Whether the store could take it: its time and the types of its fields.
    pub(super) fn check(&self, context: &Context<'_>) -> Result<(), Reason> {
        context.check_time(self.time, &(context.bounds)(&self.measurement))?;
        for (index, (name, value)) in self.fields.iter().enumerate() {
            let value_type = value.value_type();
            context.check_type(&self.measurement, name, value_type)?;
            let before = self.fields[..index].iter().find(|(other, _)| other == name);
            if before.is_some_and(|(_, before)| before.value_type() != value_type) {
                return Err(Reason::TwoTypes(scan::short(name)));
            }
        }
        Ok(())
    }
}

type Key<'t> = (Cow<'t, str>, Vec<(Cow<'t, str>, Cow<'t, str>)>);

fn key(key: &str) -> Result<Key<'_>, Reason> {
    let bytes = key.as_bytes();
    if bytes.len() > MAX_KEY_BYTES {
        return Err(Reason::KeyTooLong);
    }
    let mut at = scan::measurement_end(bytes);
    if at == 0 {
        return Err(Reason::MissingMeasurement);
    }
    let measurement = scan::unescape(&key[..at], scan::IN_MEASUREMENT);
    let mut tags: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    while at < bytes.len() {
        // At a comma: the measurement or a value ended here.
        let name_start = at + 1;
        let name_end = scan::name_end(bytes, name_start);
        let name = scan::unescape(&key[name_start..name_end], scan::IN_NAME);
        if name.is_empty() {
            return Err(Reason::MissingTagKey);
        }
        let value_start = name_end + 1;
        let value_end = scan::name_end(bytes, value_start.min(bytes.len()));
        if bytes.get(name_end) != Some(&b'=') || value_end == value_start {
            return Err(Reason::MissingTagValue(scan::short(&name)));
        }
        if bytes.get(value_end) == Some(&b'=') {
            return Err(Reason::MissingTagValue(scan::short(&name)));
        }
        let value = scan::unescape(&key[value_start..value_end], scan::IN_NAME);
        if tags.len() == MAX_TAGS {
            return Err(Reason::TooManyTags);
        }
        tags.push((name, value));
        at = value_end;
    }
    tags.sort_unstable();
    if let Some(pair) = tags.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Reason::DuplicateTag(scan::short(&pair[0].0)));
    }
    Ok((measurement, tags))
}

/// Reads what follows the fields: a time or nothing. Returns the time and where the line ends.
pub(super) fn time(text: &str, at: usize, context: &Context<'_>) -> Result<(Nanos, usize), Reason> {
    let bytes = text.as_bytes();
    let start = scan::skip_spaces(bytes, at);
    if scan::at_line_end(bytes, start) {
        return Ok((
            context.now - context.now.rem_euclid(context.unit),
            scan::past_return(bytes, start),
        ));
    }
    let negative = bytes[start] == b'-';
    let first = start + usize::from(negative);
    let mut value = 0_i64;
    let mut end = first;
    while let Some(digit) = bytes
        .get(end)
        .map(|byte| byte.wrapping_sub(b'0'))
        .filter(|digit| *digit < 10)
    {
        // The sum saturates far beyond what any unit can hold, so that a range error follows.
        value = value.saturating_mul(10).saturating_add(i64::from(digit));
        end += 1;
    }
    let after = scan::skip_spaces(bytes, end);
    if end == first || !scan::at_line_end(bytes, after) {
        let length = number::token_length(&bytes[start..]);
        return Err(Reason::BadTimestamp(scan::short(
            &text[start..start + length],
        )));
    }
    let value = if negative { -value } else { value };
    let in_range = value != i64::MAX && value != -i64::MAX;
    let time = value.checked_mul(context.unit).filter(|_| in_range);
    Ok((
        time.ok_or(Reason::TimestampRange(value))?,
        scan::past_return(bytes, after),
    ))
}
