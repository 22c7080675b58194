//! Rows as line protocol.

use std::io::{self, Write};

use crate::store::query::{Answer, AnswerSeries, Value};

/// Writes the rows of a page; returns their number.
///
/// A distribution has no form in line protocol: its count, sum and extremes are written as fields of their own. A newline in a
/// tag has none either and becomes a space.
pub(super) fn write(
    measurement: &str,
    fields: &[String],
    page: &Answer,
    out: &mut dyn Write,
) -> io::Result<u64> {
    let names: Vec<String> = fields.iter().map(|name| escaped(name, b", =")).collect();
    let mut line = Vec::new();
    let mut rows = 0;
    for series in &page.series {
        let key = key(measurement, series);
        for (row, time) in series.times.iter().enumerate() {
            line.clear();
            line.extend_from_slice(key.as_bytes());
            let mut separator = b' ';
            for (name, column) in names.iter().zip(&series.columns) {
                put(&mut line, &mut separator, name, &column[row])?;
            }
            if separator == b' ' {
                // Not one field: another row's time.
                continue;
            }
            writeln!(line, " {time}")?;
            out.write_all(&line)?;
            rows += 1;
        }
    }
    Ok(rows)
}

fn put(line: &mut Vec<u8>, separator: &mut u8, name: &str, value: &Value) -> io::Result<()> {
    let mut field = |suffix: &str| {
        line.push(*separator);
        *separator = b',';
        line.extend_from_slice(name.as_bytes());
        line.extend_from_slice(suffix.as_bytes());
        line.push(b'=');
    };
    match value {
        Value::Null => {}
        Value::F64(value) => {
            field("");
            write!(line, "{value:?}")?;
        }
        Value::I64(value) => {
            field("");
            write!(line, "{value}i")?;
        }
        Value::U64(value) => {
            field("");
            write!(line, "{value}u")?;
        }
        Value::Bool(value) => {
            field("");
            write!(line, "{value}")?;
        }
        Value::String(value) => {
            field("");
            write!(
                line,
                "\"{}\"",
                value.replace('\\', "\\\\").replace('"', "\\\"")
            )?;
        }
        Value::Histogram(histogram) => {
            field("_count");
            write!(line, "{}u", histogram.count)?;
            for (suffix, part) in [
                ("_sum", histogram.sum),
                ("_min", histogram.min),
                ("_max", histogram.max),
            ] {
                if part.is_finite() {
                    line.push(b',');
                    line.extend_from_slice(name.as_bytes());
                    write!(line, "{suffix}={part:?}")?;
                }
            }
        }
    }
    Ok(())
}

fn key(measurement: &str, series: &AnswerSeries) -> String {
    let mut key = escaped(measurement, b", ");
    for (tag, value) in &series.tags {
        key.push(',');
        key.push_str(&escaped(tag, b", ="));
        key.push('=');
        key.push_str(&escaped(value, b", ="));
    }
    key
}

fn escaped(text: &str, special: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => {
                out.push_str("\\ ");
                continue;
            }
            c if c.is_ascii() && special.contains(&(c as u8)) => out.push('\\'),
            _ => {}
        }
        out.push(c);
    }
    out
}
