//! A query as parameters of a URL.

use crate::http::problem::Problem;

use super::request::{
    FieldRequest, FilterRequest, FullField, OtherFilter, QueryRequest, bad_limit,
};

impl QueryRequest {
    /// The same as parameters of a URL: `measurement`, `field=duration:p95`, `filter=service=shop` (`!=`, `=~`, `!~`),
    /// `group_by=a,b`, `start`, `end`, `step`, `limit`, `order`, `times`.
    ///
    /// # Errors
    /// 400, naming the parameter.
    pub fn from_params(params: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut request = Self::default();
        for (name, value) in params {
            match name.as_str() {
                "measurement" => request.measurement = value,
                "field" | "fields" => request.fields.extend(value.split(',').map(field_param)),
                "filter" => {
                    let (tag, filter) = filter_param(&value).ok_or_else(|| {
                        let detail =
                            "filter must be tag=value, tag!=value, tag=~regex or tag!~regex";
                        Problem::bad_field("filter", value.as_str(), detail)
                    })?;
                    request.filter.insert(tag, filter);
                }
                "group_by" => request.group_by.extend(value.split(',').map(str::to_owned)),
                "start" => request.start = Some(value.into()),
                "end" => request.end = Some(value.into()),
                "step" => request.step = Some(value),
                "limit" => {
                    let limit = value
                        .parse()
                        .map_err(|_| bad_limit(value.as_str().into()))?;
                    request.limit = Some(limit);
                }
                "order" => request.order = Some(value),
                "times" => request.times = Some(value),
                other => {
                    let known = "measurement, field, filter, group_by, start, end, step, limit, order and times";
                    return Err(Problem::bad_field(
                        other,
                        value,
                        format!("unknown parameter; there are {known}"),
                    ));
                }
            }
        }
        Ok(request)
    }
}

/// `name` or `name:aggregate`.
fn field_param(text: &str) -> FieldRequest {
    match text.rsplit_once(':') {
        Some((name, aggregate)) => FieldRequest::Full(FullField {
            name: name.to_owned(),
            aggregate: Some(aggregate.to_owned()),
        }),
        None => FieldRequest::Name(text.to_owned()),
    }
}

fn filter_param(text: &str) -> Option<(String, FilterRequest)> {
    let at = text.find(['=', '!'])?;
    let (tag, rest) = text.split_at(at);
    let filter = if let Some(text) = rest.strip_prefix("=~") {
        FilterRequest::Other(OtherFilter::Re(text.to_owned()))
    } else if let Some(text) = rest.strip_prefix("!~") {
        FilterRequest::Other(OtherFilter::Nre(text.to_owned()))
    } else if let Some(value) = rest.strip_prefix("!=") {
        FilterRequest::Other(OtherFilter::Ne(value.to_owned()))
    } else {
        FilterRequest::Equal(rest.strip_prefix('=')?.to_owned())
    };
    Some((tag.to_owned(), filter))
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
