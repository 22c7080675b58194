//! The columns that a query asks for: fields and how their values become one.

use serde_json::Value as Json;

use crate::http::problem::{Answer, Problem};
use crate::store::Store;
use crate::store::query::{Aggregate, FieldQuery};
use crate::store::schema::{Field, Type};
use crate::store::table::Kind;

/// A column as it is sent: `"name"` or `{"name": …, "aggregate": …}`. Tells the column's name, too.
///
/// # Errors
/// 400, naming field and value.
pub(super) fn column(sent: Json) -> Answer<(String, FieldQuery)> {
    let shape = |sent: Json| {
        let detail = r#"a field must be a name or {"name": …, "aggregate": …}"#;
        Problem::bad_field("fields", sent, detail)
    };
    let (name, aggregate) = match &sent {
        Json::String(name) => (name, None),
        Json::Object(members) => {
            let known = |name: &String| matches!(name.as_str(), "name" | "aggregate");
            if !members.keys().all(known) {
                return Err(shape(sent));
            }
            let aggregate = match members.get("aggregate") {
                None | Some(Json::Null) => None,
                Some(Json::String(text)) => Some(text.as_str()),
                Some(other) => return Err(bad_aggregate(other.clone())),
            };
            match members.get("name") {
                Some(Json::String(name)) => (name, aggregate),
                _ => return Err(shape(sent)),
            }
        }
        _ => return Err(shape(sent)),
    };
    let (column, aggregate) = match aggregate {
        None | Some("none") => (name.clone(), Aggregate::None),
        Some(text) => (format!("{text}_{name}"), named(text)?),
    };
    let name = name.clone();
    Ok((column, FieldQuery { name, aggregate }))
}

/// A column as a parameter: `name` or `name:aggregate`.
pub(super) fn param(text: &str) -> Json {
    match text.rsplit_once(':') {
        Some((name, aggregate)) => serde_json::json!({"name": name, "aggregate": aggregate}),
        None => Json::from(text),
    }
}

/// Refuses an aggregate that the field's values cannot have. A field that nobody has written may get any.
///
/// # Errors
/// 400, naming the field and its type.
pub(super) fn check(
    store: &Store,
    measurement: &str,
    asked: &FieldQuery,
    column: &str,
) -> Answer<()> {
    let Some(field) = store.schema().field(measurement, &asked.name) else {
        return Ok(());
    };
    let Field { value_type, kind } = field;
    let name = &asked.name;
    let detail = match asked.aggregate {
        Aggregate::Count | Aggregate::Last | Aggregate::None => return Ok(()),
        _ if value_type == Type::String => {
            format!("field `{name}` is {field}: it has count, last and none only")
        }
        Aggregate::Peak if kind == Kind::Gauge => {
            format!("field `{name}` is {field} that tells a state: it has no peak rate, but a max")
        }
        _ => return Ok(()),
    };
    Err(Problem::bad_field("fields", column, detail).with("type", field.to_string()))
}

fn named(text: &str) -> Answer<Aggregate> {
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
            None => return Err(bad_aggregate(Json::from(other))),
        },
    })
}

fn bad_aggregate(value: Json) -> Problem {
    let detail = "aggregate must be count, sum, mean, min, max, last, rate, peak, p50 … p999, distribution or none";
    Problem::bad_field("aggregate", value, detail)
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
