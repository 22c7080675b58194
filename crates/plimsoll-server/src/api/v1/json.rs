//! Answers of the store as JSON, written straight to bytes.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::ToSchema;

use plimsoll::histogram::{Buckets, Histogram, Layout};

use crate::http::problem::Problem;
use crate::store::query::{Answer, AnswerSeries, Value};
use crate::store::table::Nanos;

use super::time;

/// The answer of a query, as [`write()`] writes it.
#[derive(Debug, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[schema(example = json!({
    "series": [{"tags": {"route": "/orders/{id}"}, "columns": ["time", "p95_duration"], "values": [[1766000000000_u64, 0.012]]}],
    "truncated": false, "error_bound": 0.0109, "missing": [],
}))]
pub struct QueryAnswer {
    /// One for each combination of the tags that tell series apart.
    pub series: Vec<QuerySeries>,
    /// Whether there are more rows than the limit.
    pub truncated: bool,
    /// How far a percentile can be from the true value, as a share of it; 0 when none was asked for.
    pub error_bound: f64,
    /// What damage is known to keep from the answer, in words with its extent.
    pub missing: Vec<String>,
}

/// Rows with the same tags.
#[derive(Debug, ToSchema)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub struct QuerySeries {
    /// The tags that the series were told apart by.
    pub tags: BTreeMap<String, String>,
    /// Names of the columns, the time first.
    pub columns: Vec<String>,
    /// Rows: a value for each column. A distribution is an object.
    pub values: Vec<Vec<serde_json::Value>>,
}

/// How the times of an answer are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// Epoch milliseconds.
    Milliseconds,
    /// Epoch nanoseconds.
    Nanoseconds,
    /// Text.
    Rfc3339,
}

impl TimeFormat {
    /// The format of this name.
    ///
    /// # Errors
    /// 400 when there is none.
    pub fn named(name: &str) -> Result<Self, Problem> {
        match name {
            "ms" => Ok(Self::Milliseconds),
            "ns" => Ok(Self::Nanoseconds),
            "rfc3339" => Ok(Self::Rfc3339),
            other => Err(Problem::bad_field(
                "times",
                other,
                "times must be ms, ns or rfc3339",
            )),
        }
    }
}

/// `{"series":[{"tags":{…},"columns":["time",…],"values":[[…],…]}],…}`.
pub fn write(answer: &Answer, columns: &[String], times: TimeFormat) -> Vec<u8> {
    let rows: usize = answer.series.iter().map(|series| series.times.len()).sum();
    let mut out = Vec::with_capacity(64 + rows * (16 + 12 * columns.len()));
    out.extend_from_slice(b"{\"series\":[");
    for (index, series) in answer.series.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_series(&mut out, series, columns, times);
    }
    out.push(b']');
    let rest = json!({
        "truncated": answer.truncated,
        "error_bound": answer.error_bound,
        "missing": answer.missing,
    });
    // The members of an object without its opening brace.
    out.push(b',');
    out.extend_from_slice(&rest.to_string().as_bytes()[1..]);
    out
}

fn write_series(out: &mut Vec<u8>, series: &AnswerSeries, columns: &[String], times: TimeFormat) {
    out.extend_from_slice(b"{\"tags\":{");
    for (index, (tag, value)) in series.tags.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_json(out, &**tag);
        out.push(b':');
        write_json(out, &**value);
    }
    out.extend_from_slice(b"},\"columns\":[\"time\"");
    for column in columns {
        out.push(b',');
        write_json(out, column);
    }
    out.extend_from_slice(b"],\"values\":[");
    for (row, time) in series.times.iter().enumerate() {
        out.extend_from_slice(if row > 0 { b",[" } else { b"[" });
        write_time(out, *time, times);
        for column in &series.columns {
            out.push(b',');
            write_value(out, &column[row]);
        }
        out.push(b']');
    }
    out.extend_from_slice(b"]}");
}

fn write_time(out: &mut Vec<u8>, time: Nanos, format: TimeFormat) {
    match format {
        TimeFormat::Milliseconds => write_json(out, &time.div_euclid(1_000_000)),
        TimeFormat::Nanoseconds => write_json(out, &time),
        TimeFormat::Rfc3339 => write_json(out, &time::rfc3339(time)),
    }
}

fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::F64(value) => write_json(out, value),
        Value::I64(value) => write_json(out, value),
        Value::U64(value) => write_json(out, value),
        Value::Bool(value) => write_json(out, value),
        Value::String(value) => write_json(out, &**value),
        Value::Histogram(value) => write_json(out, &histogram(value)),
    }
}

fn write_json(out: &mut Vec<u8>, value: &(impl serde::Serialize + ?Sized)) {
    serde_json::to_writer(out, value).expect("plain values can be written, and memory takes them");
}

/// A distribution: count, sum, extremes and its buckets as they are.
fn histogram(histogram: &Histogram) -> serde_json::Value {
    let finite = |value: f64| value.is_finite().then_some(value);
    let buckets = |buckets: &Buckets| {
        let (offset, counts) = buckets.to_counts();
        json!({"offset": offset, "counts": counts})
    };
    let layout = match &histogram.layout {
        Layout::Exponential(layout) => json!({
            "scale": layout.scale,
            "zero": layout.zero,
            "positive": buckets(&layout.positive),
            "negative": buckets(&layout.negative),
        }),
        Layout::Explicit(layout) => json!({"bounds": &*layout.bounds, "counts": layout.counts}),
    };
    json!({
        "count": histogram.count,
        "sum": histogram.sum,
        "min": finite(histogram.min),
        "max": finite(histogram.max),
        "buckets": layout,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_documented_shape() {
        let series = AnswerSeries {
            tags: vec![("route".into(), "/orders/{id}".into())],
            times: vec![1_766_000_000_000_000_000],
            columns: vec![vec![Value::F64(0.012)], vec![Value::Null]],
        };
        let answer = Answer {
            series: vec![series],
            ..Answer::default()
        };
        let columns = ["p95_duration".to_owned(), "state".to_owned()];
        let text = String::from_utf8(write(&answer, &columns, TimeFormat::Milliseconds)).unwrap();
        let expected = r#"{"series":[{"tags":{"route":"/orders/{id}"},"columns":["time","p95_duration","state"],"values":[[1766000000000,0.012,null]]}],"#;
        assert!(text.starts_with(expected), "{text}");
        let read: QueryAnswer = serde_json::from_str(&text).unwrap();
        assert_eq!(read.series[0].tags["route"], "/orders/{id}");
        assert_eq!(read.series[0].columns.len(), read.series[0].values[0].len());
        assert!(!read.truncated && read.error_bound.abs() < f64::EPSILON);
        assert!(read.missing.is_empty());
    }
}
