//! Rows as comma-separated values (RFC 4180).

use std::io::{self, Write};
use std::ops::Range;

use crate::api::v1::time::rfc3339;
use crate::store::Store;
use crate::store::query::{Answer, Value};
use crate::store::table::Nanos;

/// The columns of a measurement.
pub(super) struct Csv {
    tags: Vec<String>,
}

impl Csv {
    /// Writes the header: `time`, the tags, the fields.
    pub(super) fn begin(
        store: &Store,
        measurement: &str,
        fields: &[String],
        range: Range<Nanos>,
        out: &mut dyn Write,
    ) -> io::Result<Self> {
        let tags = store.tag_keys(measurement, range);
        let names = std::iter::once("time").chain(tags.iter().chain(fields).map(String::as_str));
        let header: Vec<String> = names.map(quoted).collect();
        writeln!(out, "{}", header.join(","))?;
        Ok(Self { tags })
    }

    /// Writes the rows of a page; returns their number. A distribution is its count and sum (`count;sum`).
    pub(super) fn write(&mut self, page: &Answer, out: &mut dyn Write) -> io::Result<u64> {
        let mut rows = 0;
        for series in &page.series {
            let value_of = |tag: &String| {
                let found = series.tags.iter().find(|(name, _)| **name == **tag);
                found.map(|(_, value)| quoted(value)).unwrap_or_default()
            };
            let tags: Vec<String> = self.tags.iter().map(value_of).collect();
            for (row, time) in series.times.iter().enumerate() {
                write!(out, "{}", rfc3339(*time))?;
                for tag in &tags {
                    write!(out, ",{tag}")?;
                }
                for column in &series.columns {
                    write!(out, ",{}", text(&column[row]))?;
                }
                writeln!(out)?;
                rows += 1;
            }
        }
        Ok(rows)
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::F64(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::String(value) => quoted(value),
        Value::Histogram(histogram) => format!("{};{}", histogram.count, histogram.sum),
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
