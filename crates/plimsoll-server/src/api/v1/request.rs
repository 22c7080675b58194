//! A query as it is sent, and what it means.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::http::problem::{Answer, Problem};
use crate::store::Store;
use crate::store::query::{Order, Query};
use crate::store::table::Nanos;

use super::event::moment;
use super::filter::{Filter, conditions};
use super::json::TimeFormat;
use super::{column, listing, time};

/// Rows of an answer when the request names no limit.
const DEFAULT_LIMIT: usize = 1_000;
/// Most rows that can be asked for.
pub const MAX_LIMIT: usize = 100_000;
/// Most columns of an answer.
const MAX_FIELDS: usize = 100;
/// Most tags that tell series apart.
const MAX_TAGS: usize = 32;

/// `POST /api/v1/query`, as it is sent: each member is judged by itself, so that an error can name it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(expecting = "an object with measurement and fields")]
#[schema(example = json!({
    "measurement": "http_requests", "fields": [{"name": "duration", "aggregate": "p95"}], "filter": {"service": "shop"},
    "group_by": ["route"], "start": "-1h", "end": "now", "step": "1m", "limit": 1000,
}))]
pub struct QueryRequest {
    /// What to read; `/api/v1/measurements` lists them.
    #[schema(value_type = String, required, min_length = 1)]
    #[serde(default)]
    pub(super) measurement: Json,
    /// Fields, each alone or with an aggregate.
    #[schema(value_type = Vec<QueryField>, required, min_items = 1, max_items = 100)]
    #[serde(default)]
    pub(super) fields: Json,
    /// By tag, what it must be.
    #[schema(schema_with = conditions, required = false)]
    #[serde(default)]
    pub(super) filter: Filter,
    /// Tags that tell series apart.
    #[schema(value_type = Option<Vec<String>>, max_items = 32)]
    #[serde(default)]
    pub(super) group_by: Json,
    /// First time.
    #[schema(schema_with = first_time, required = false)]
    #[serde(default)]
    pub(super) start: Json,
    /// First time after.
    #[schema(schema_with = first_time_after, required = false)]
    #[serde(default)]
    pub(super) end: Json,
    /// Length of the buckets that values are aggregated in, such as `1m`; without it one.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    pub(super) step: Json,
    /// Most rows; default 1,000.
    #[schema(value_type = Option<usize>, minimum = 1, maximum = 100_000)]
    #[serde(default)]
    pub(super) limit: Json,
    /// Whether the first or the last rows come first.
    #[schema(value_type = Option<RowOrder>)]
    #[serde(default)]
    pub(super) order: Json,
    /// How times are written.
    #[schema(value_type = Option<Times>)]
    #[serde(default)]
    pub(super) times: Json,
    #[schema(ignore)]
    #[serde(flatten)]
    pub(super) unknown: BTreeMap<String, Json>,
}

/// The shape of a start.
fn first_time() -> Object {
    moment("First time, default `-1h`")
}

/// The shape of an end.
fn first_time_after() -> Object {
    moment("First time after, default `now`")
}

/// Which rows come first.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum RowOrder {
    /// The first (default).
    Asc,
    /// The last.
    Desc,
}

/// How times are written.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum Times {
    /// Epoch milliseconds (default).
    Ms,
    /// Epoch nanoseconds.
    Ns,
    /// Text.
    Rfc3339,
}

/// A column that is asked for.
#[derive(Clone, Debug, ToSchema)]
#[serde(untagged)]
pub enum QueryField {
    /// The field's name.
    Name(String),
    /// A field and how its values become one.
    Aggregated {
        /// The field's name.
        name: String,
        /// `count`, `sum`, `mean`, `min`, `max`, `last`, `rate`, `peak`, `p50` … `p999`, `distribution` or `none`.
        #[schema(
            pattern = r"^(count|sum|mean|min|max|last|rate|peak|distribution|none|p[0-9][0-9.]*)$"
        )]
        aggregate: Option<String>,
    },
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
        if let Some((name, value)) = self.unknown.into_iter().next() {
            return Err(unknown(&name, value));
        }
        let measurement = text("measurement", self.measurement)?.unwrap_or_default();
        if measurement.is_empty() {
            return Err(Problem::bad_field(
                "measurement",
                "",
                "measurement is missing; see /api/v1/measurements",
            ));
        }
        let sent = list("fields", self.fields, MAX_FIELDS)?;
        if sent.is_empty() {
            let detail = "fields must name at least one field; see /api/v1/measurements";
            return Err(Problem::bad_field("fields", sent, detail));
        }
        let (start, end) = range(self.start, self.end, now)?;
        let step = match text("step", self.step)? {
            None => None,
            Some(text) => match time::duration(&text) {
                Some(step) if step > 0 => Some(step),
                _ => {
                    let detail = "step must be a duration such as 1m";
                    return Err(Problem::bad_field("step", text, detail));
                }
            },
        };
        let order = match text("order", self.order)?.as_deref() {
            None | Some("asc") => Order::Ascending,
            Some("desc") => Order::Descending,
            Some(other) => {
                let detail = "order must be asc or desc";
                return Err(Problem::bad_field("order", other, detail));
            }
        };
        let times = match text("times", self.times)? {
            None => TimeFormat::Milliseconds,
            Some(name) => TimeFormat::named(&name)?,
        };
        let columns = sent.into_iter().map(column::column);
        let (columns, fields) = columns.collect::<Answer<Vec<_>>>()?.into_iter().unzip();
        let query = Query {
            measurement,
            fields,
            filter: self.filter.conditions()?,
            group_by: tags(self.group_by)?,
            start,
            end,
            step,
            limit: limit(self.limit)?,
            order,
        };
        Ok(Asked {
            query,
            columns,
            times,
        })
    }
}

impl Asked {
    /// Refuses what can have no answer in this store: a measurement that nobody has written, an aggregate that the
    /// values of a field do not have.
    ///
    /// # Errors
    /// 404 and 400.
    pub fn check(&self, store: &Store) -> Answer<()> {
        let measurement = &self.query.measurement;
        listing::known(store, measurement)?;
        for (field, column) in self.query.fields.iter().zip(&self.columns) {
            column::check(store, measurement, field, column)?;
        }
        Ok(())
    }
}

/// A member or parameter that does not exist.
pub(super) fn unknown(name: &str, value: Json) -> Problem {
    let known = "measurement, fields, filter, group_by, start, end, step, limit, order and times";
    Problem::bad_field(name, value, format!("there is no `{name}`, but {known}"))
}

fn text(field: &str, value: Json) -> Answer<Option<String>> {
    match value {
        Json::Null => Ok(None),
        Json::String(text) => Ok(Some(text)),
        other => Err(Problem::bad_field(
            field,
            other,
            format!("{field} must be text"),
        )),
    }
}

fn list(field: &str, value: Json, most: usize) -> Answer<Vec<Json>> {
    match value {
        Json::Null => Ok(Vec::new()),
        Json::Array(entries) if entries.len() > most => {
            let detail = format!("{field} may have {most} entries");
            Err(Problem::bad_field(field, entries.len(), detail).with("limit", most))
        }
        Json::Array(entries) => Ok(entries),
        other => Err(Problem::bad_field(
            field,
            other,
            format!("{field} must be a list"),
        )),
    }
}

fn tags(value: Json) -> Answer<Vec<String>> {
    let tags = list("group_by", value, MAX_TAGS)?.into_iter();
    let tags = tags.map(|tag| match tag {
        Json::String(tag) if !tag.is_empty() => Ok(tag),
        other => {
            let detail = "group_by must be a list of tags, none of them empty";
            Err(Problem::bad_field("group_by", other, detail))
        }
    });
    tags.collect()
}

fn range(start: Json, end: Json, now: Nanos) -> Answer<(Nanos, Nanos)> {
    let start = match start {
        Json::Null => Json::from("-1h"),
        start => start,
    };
    let end = match end {
        Json::Null => now,
        end => time::of_field("end", &end, now)?,
    };
    let first = time::of_field("start", &start, now)?;
    if first >= end {
        let detail = "start must lie before end";
        return Err(Problem::bad_field("start", start, detail));
    }
    Ok((first, end))
}

fn limit(value: Json) -> Answer<usize> {
    let limit = match &value {
        Json::Null => Some(DEFAULT_LIMIT),
        value => value.as_u64().and_then(|limit| usize::try_from(limit).ok()),
    };
    limit
        .filter(|limit| (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| {
            let detail = format!("limit must be 1 to {MAX_LIMIT}");
            Problem::bad_field("limit", value, detail)
        })
}

#[cfg(test)]
mod tests {
    use crate::store::query::{Aggregate, Condition};

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
            bad(r#"{"measurement":"m","fields":["a"],"wher":1}"#).starts_with("there is no `wher`")
        );
    }
}
