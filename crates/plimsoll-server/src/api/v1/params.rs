//! A query as parameters of a URL.

use serde_json::Value as Json;
use utoipa::IntoParams;

use crate::http::problem::Problem;

use super::column;
use super::request::{QueryRequest, RowOrder, Times, unknown};

/// The parameters as they are described; [`QueryRequest::from_params`] reads them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "parameters may come several times, so they are read as pairs"
)]
pub(super) struct QueryParams {
    /// What to read; `/api/v1/measurements` lists them.
    #[param(example = "http_requests", min_length = 1)]
    measurement: String,
    /// A field, alone or with an aggregate: `duration:p95`. Several by commas or by repetition.
    #[param(explode, min_items = 1, max_items = 100, example = json!(["duration:p95"]))]
    field: Vec<String>,
    /// `tag=value`, `tag!=value`, `tag=~regex` or `tag!~regex`; all must hold.
    #[param(explode, max_items = 64, example = json!(["service=shop"]))]
    filter: Option<Vec<String>>,
    /// Tags that tell series apart, by commas.
    #[param(example = "route")]
    group_by: Option<String>,
    /// First time.
    #[param(default = "-1h")]
    start: Option<String>,
    /// First time after.
    #[param(default = "now")]
    end: Option<String>,
    /// Length of the buckets that values are aggregated in; without it one.
    #[param(example = "1m")]
    step: Option<String>,
    /// Most rows.
    #[param(minimum = 1, maximum = 100_000, default = 1_000)]
    limit: Option<usize>,
    /// Whether the first or the last rows come first.
    #[param(inline)]
    order: Option<RowOrder>,
    /// How times are written.
    #[param(inline)]
    times: Option<Times>,
}

impl QueryRequest {
    /// The same as parameters of a URL: `measurement`, `field=duration:p95`, `filter=service=shop` (`!=`, `=~`, `!~`),
    /// `group_by=a,b`, `start`, `end`, `step`, `limit`, `order`, `times`.
    ///
    /// # Errors
    /// 400, naming the parameter.
    pub fn from_params(params: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut request = Self::default();
        let (mut fields, mut tags) = (Vec::new(), Vec::new());
        for (name, value) in params {
            let single = match name.as_str() {
                "field" | "fields" => {
                    fields.extend(value.split(',').map(column::param));
                    continue;
                }
                "filter" => {
                    request.filter.add_param(&value)?;
                    continue;
                }
                "group_by" => {
                    tags.extend(value.split(',').map(Json::from));
                    continue;
                }
                "measurement" => &mut request.measurement,
                "start" => &mut request.start,
                "end" => &mut request.end,
                "step" => &mut request.step,
                "limit" => &mut request.limit,
                "order" => &mut request.order,
                "times" => &mut request.times,
                other => return Err(unknown(other, value.into())),
            };
            if !single.is_null() {
                let detail = format!("{name} is there more than once");
                return Err(Problem::bad_field(&name, value, detail));
            }
            *single = match (name.as_str(), value.parse::<usize>()) {
                ("limit", Ok(limit)) => limit.into(),
                _ => value.into(),
            };
        }
        request.fields = fields.into();
        request.group_by = tags.into();
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use crate::store::query::Condition;

    use super::*;

    #[test]
    fn parameters_say_the_same_as_json() {
        let params = [
            ("measurement", "m"),
            ("field", "a:mean,b:p99"),
            ("filter", "x=1"),
            ("filter", "y!=2"),
            ("filter", "z=~3|4"),
            ("group_by", "x,y"),
        ];
        let params = params
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let asked = QueryRequest::from_params(params)
            .unwrap()
            .resolve(1_766_000_000_000_000_000)
            .unwrap();
        assert_eq!(asked.columns, ["mean_a", "p99_b"]);
        assert_eq!(asked.query.group_by, ["x", "y"]);
        assert!(
            matches!(&asked.query.filter[1].condition, Condition::NotEqual(value) if value == "2")
        );
        assert!(
            matches!(&asked.query.filter[2].condition, Condition::Match(regex) if regex.as_str() == "3|4")
        );
    }
}
