//! A query as it is sent, and what it means.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::http::problem::Problem;
use crate::store::query::{Aggregate, Condition, FieldQuery, Order, Query, TagFilter};
use crate::store::table::Nanos;

use super::json::TimeFormat;
use super::time;

/// Rows of an answer when the request names no limit.
const DEFAULT_LIMIT: usize = 1_000;
/// Most rows that can be asked for.
pub const MAX_LIMIT: usize = 100_000;

/// `POST /api/v1/query`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueryRequest {
    pub(super) measurement: String,
    pub(super) fields: Vec<FieldRequest>,
    pub(super) filter: BTreeMap<String, FilterRequest>,
    pub(super) group_by: Vec<String>,
    pub(super) start: Option<Json>,
    pub(super) end: Option<Json>,
    pub(super) step: Option<String>,
    pub(super) limit: Option<usize>,
    pub(super) order: Option<String>,
    pub(super) times: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum FieldRequest {
    Name(String),
    Full(FullField),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FullField {
    pub(super) name: String,
    pub(super) aggregate: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum FilterRequest {
    Equal(String),
    Other(OtherFilter),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OtherFilter {
    Ne(String),
    Re(String),
    Nre(String),
}

/// What is asked, and how the answer is to look.
#[derive(Debug)]
pub struct Asked {
    /// For the store.
    pub query: Query,
    /// Names of the answer's columns after the time.
    pub columns: Vec<String>,
    /// How times are written.
    pub times: TimeFormat,
}

impl QueryRequest {
    /// What it means now.
    ///
    /// # Errors
    /// 400, naming field and value.
    pub fn resolve(self, now: Nanos) -> Result<Asked, Problem> {
        if self.measurement.is_empty() {
            return Err(Problem::bad_field(
                "measurement",
                "",
                "measurement is missing; see /api/v1/measurements",
            ));
        }
        if self.fields.is_empty() {
            let detail = "fields must name at least one field; see /api/v1/measurements";
            return Err(Problem::bad_field(
                "fields",
                Json::Array(Vec::new()),
                detail,
            ));
        }
        let end = self
            .end
            .as_ref()
            .map_or(Ok(now), |end| time::of_field("end", end, now))?;
        let hour_ago = Json::from("-1h");
        let start = time::of_field("start", self.start.as_ref().unwrap_or(&hour_ago), now)?;
        if start >= end {
            let shown = self.start.unwrap_or(hour_ago);
            return Err(Problem::bad_field(
                "start",
                shown,
                "start must lie before end",
            ));
        }
        let step = self.step.map(|text| match time::duration(&text) {
            Some(step) if step > 0 => Ok(step),
            _ => Err(Problem::bad_field(
                "step",
                text,
                "step must be a duration such as 1m",
            )),
        });
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if limit == 0 || limit > MAX_LIMIT {
            return Err(bad_limit(limit.into()));
        }
        let order = match self.order.as_deref() {
            None | Some("asc") => Order::Ascending,
            Some("desc") => Order::Descending,
            Some(other) => {
                return Err(Problem::bad_field(
                    "order",
                    other,
                    "order must be asc or desc",
                ));
            }
        };
        let times = self.times.map_or(Ok(TimeFormat::Milliseconds), |name| {
            TimeFormat::named(&name)
        })?;
        let mut columns = Vec::new();
        let mut fields = Vec::new();
        for field in self.fields {
            let (name, aggregate) = match field {
                FieldRequest::Name(name) => (name, None),
                FieldRequest::Full(FullField { name, aggregate }) => (name, aggregate),
            };
            let (column, aggregate) = match aggregate.as_deref() {
                None | Some("none") => (name.clone(), Aggregate::None),
                Some(text) => (format!("{text}_{name}"), self::aggregate(text)?),
            };
            columns.push(column);
            fields.push(FieldQuery { name, aggregate });
        }
        let filter = self.filter.into_iter().map(|(tag, filter)| {
            let condition = filter.condition(&tag)?;
            Ok(TagFilter { tag, condition })
        });
        let query = Query {
            measurement: self.measurement,
            fields,
            filter: filter.collect::<Result<_, Problem>>()?,
            group_by: self.group_by,
            start,
            end,
            step: step.transpose()?,
            limit,
            order,
        };
        Ok(Asked {
            query,
            columns,
            times,
        })
    }
}

impl FilterRequest {
    fn condition(self, tag: &str) -> Result<Condition, Problem> {
        let regex = |text: &str| {
            // Built from untrusted text: the size bound keeps a small pattern from growing to a huge program.
            regex::RegexBuilder::new(text)
                .size_limit(1 << 20)
                .build()
                .map_err(|error| {
                    Problem::bad_field(
                        &format!("filter.{tag}"),
                        text,
                        format!("bad regular expression: {error}"),
                    )
                })
        };
        Ok(match self {
            Self::Equal(value) => Condition::Equal(value),
            Self::Other(OtherFilter::Ne(value)) => Condition::NotEqual(value),
            Self::Other(OtherFilter::Re(text)) => Condition::Match(regex(&text)?),
            Self::Other(OtherFilter::Nre(text)) => Condition::NoMatch(regex(&text)?),
        })
    }
}

fn aggregate(text: &str) -> Result<Aggregate, Problem> {
    Ok(match text {
        "count" => Aggregate::Count,
        "sum" => Aggregate::Sum,
        "mean" => Aggregate::Mean,
        "min" => Aggregate::Min,
        "max" => Aggregate::Max,
        "last" => Aggregate::Last,
        "rate" => Aggregate::Rate,
        "peak" => Aggregate::Peak,
        "distribution" => Aggregate::Distribution,
        other => match other.strip_prefix('p').and_then(percentile) {
            Some(share) => Aggregate::Percentile(share),
            None => {
                let detail = "aggregate must be count, sum, mean, min, max, last, rate, peak, p50 … p999, \
                              distribution or none";
                return Err(Problem::bad_field("aggregate", other, detail));
            }
        },
    })
}

/// `50` → 0.5, `99` → 0.99, `999` → 0.999, `99.9` → 0.999.
fn percentile(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let percent: f64 = text.parse().ok().filter(|_| plain)?;
    let share = match text.len() {
        // Beyond two digits the rest are decimals: nobody means the 999th of a hundred.
        3.. if !text.contains('.') => format!("0.{text}")
            .parse()
            .ok()
            .filter(|_| text.starts_with('9'))?,
        _ => percent / 100.0,
    };
    (0.0..=1.0).contains(&share).then_some(share)
}

pub(super) fn bad_limit(value: Json) -> Problem {
    Problem::bad_field("limit", value, format!("limit must be 1 to {MAX_LIMIT}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Nanos = 1_766_000_000_000_000_000;

    fn resolve(text: &str) -> Result<Asked, String> {
        let request: QueryRequest =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        request
            .resolve(NOW)
            .map_err(|problem| problem.detail().to_owned())
    }

    #[test]
    fn the_documented_query_is_understood() {
        let asked = resolve(
            r#"{"measurement":"http_requests","fields":[{"name":"duration","aggregate":"p95"}],"filter":{"service":"shop"},
            "group_by":["route"],"start":"-1h","end":"now","step":"1m","limit":1000}"#,
        )
        .unwrap();
        assert_eq!(asked.columns, ["p95_duration"]);
        assert_eq!(asked.query.end - asked.query.start, 3_600_000_000_000);
        assert_eq!(asked.query.step, Some(60_000_000_000));
        assert_eq!(asked.query.fields[0].aggregate, Aggregate::Percentile(0.95));
        assert!(
            matches!(&asked.query.filter[0].condition, Condition::Equal(value) if value == "shop")
        );
    }

    #[test]
    fn percentiles_of_every_length() {
        for (text, share) in [
            ("50", 0.5),
            ("5", 0.05),
            ("99", 0.99),
            ("999", 0.999),
            ("99.9", 0.999),
            ("9999", 0.9999),
        ] {
            let read = percentile(text).unwrap();
            assert!((read - share).abs() < 1e-12, "{text}: {read}");
        }
        for text in ["", "100", "101", "x", "1e1", "-5", "NaN"] {
            assert_eq!(percentile(text), None, "{text}");
        }
    }

    #[test]
    fn a_bad_value_is_named() {
        let bad = |text: &str| resolve(text).unwrap_err();
        assert!(
            bad(r#"{"measurement":"m","fields":["a"],"start":"soon"}"#)
                .starts_with("start must be")
        );
        assert!(
            bad(r#"{"measurement":"m","fields":["a"],"step":"0s"}"#).starts_with("step must be")
        );
        assert!(
            bad(r#"{"measurement":"m","fields":["a"],"limit":0}"#).starts_with("limit must be")
        );
        assert!(
            bad(r#"{"measurement":"m","fields":["a"],"filter":{"t":{"re":"("}}}"#)
                .starts_with("bad regular")
        );
        assert!(
            bad(r#"{"measurement":"m","fields":[{"name":"a","aggregate":"median"}]}"#)
                .starts_with("aggregate")
        );
        assert!(
            bad(r#"{"measurement":"m","fields":["a"],"wher":1}"#).contains("unknown field `wher`")
        );
    }
}
