//! Answers in InfluxDB's shape.

use std::sync::Arc;

use serde_json::{Value, json};

use super::statement::{Limits, Statement};
use crate::state::AppState;
use crate::store::key;
use crate::store::schema::Type;
use crate::store::table::Nanos;

/// Most values of an answer, unless it is limited to fewer.
const MOST: usize = 10_000;

/// The series of a statement's result, or why there are none.
pub(super) fn answer(app: &AppState, statement: &Statement) -> Result<Vec<Value>, String> {
    let store = &app.store;
    let nothing = Vec::new;
    Ok(match statement {
        Statement::ShowDatabases => {
            let names = app.databases.names().into_iter().map(|name| json!([name]));
            vec![series("databases", &["name"], names.collect())]
        }
        Statement::CreateDatabase(name) => {
            app.databases.create(name);
            nothing()
        }
        Statement::DropDatabase(name) => {
            // Its rows are those of the one store, and stay.
            app.databases.drop(name);
            nothing()
        }
        Statement::SetRetentionPolicy => nothing(),
        Statement::ShowRetentionPolicies => {
            let hours = app.config.store.raw_retention.as_secs() / 3_600;
            let policy = json!(["autogen", format!("{hours}h0m0s"), "24h0m0s", 1, true]);
            let columns = [
                "name",
                "duration",
                "shardGroupDuration",
                "replicaN",
                "default",
            ];
            vec![json!({"columns": columns, "values": [policy]})]
        }
        Statement::ShowMeasurements(limits) => {
            let names = cut(limits, measurements(app, limits).into_iter());
            let names: Vec<Value> = names.map(|name| json!([&*name])).collect();
            match names.is_empty() {
                true => nothing(),
                false => vec![series("measurements", &["name"], names)],
            }
        }
        Statement::ShowTagKeys(limits) => each(app, limits, "tagKey", |name| {
            let keys = store.tag_keys(name, 0..Nanos::MAX).into_iter();
            cut(limits, keys).map(|key| json!([key])).collect()
        }),
        Statement::ShowTagValues(tag, limits) => {
            let values = |name: &str| -> Vec<Value> {
                let most = limits.offset.saturating_add(MOST);
                let (values, _) = store.tag_values(name, tag, 0..Nanos::MAX, most);
                cut(limits, values.into_iter())
                    .map(|value| json!([tag, value]))
                    .collect()
            };
            named(app, limits, &["key", "value"], values)
        }
        Statement::ShowFieldKeys(limits) => {
            let fields = |name: &str| -> Vec<Value> {
                let fields = cut(limits, store.fields(name).into_iter());
                fields
                    .map(|(name, field)| json!([&*name, type_name(field.value_type)]))
                    .collect()
            };
            named(app, limits, &["fieldKey", "fieldType"], fields)
        }
        Statement::ShowSeries(limits) => {
            let names = measurements(app, limits).into_iter();
            let keys = names.flat_map(|name| store.series_keys(&name, 0..Nanos::MAX));
            let keys: Vec<Value> = cut(limits, keys)
                .map(|key| json!([line_key(&key)]))
                .collect();
            match keys.is_empty() {
                true => nothing(),
                false => vec![json!({"columns": ["key"], "values": keys})],
            }
        }
        Statement::ShowUsers => vec![json!({"columns": ["user", "admin"], "values": []})],
        Statement::Select => {
            return Err("data is not asked for in InfluxQL here: use /api/v1/query".to_owned());
        }
        Statement::Other(words) => return Err(format!("{words} is not understood here")),
    })
}

fn series(name: &str, columns: &[&str], values: Vec<Value>) -> Value {
    json!({"name": name, "columns": columns, "values": values})
}

fn each(
    app: &AppState,
    limits: &Limits,
    column: &str,
    values: impl Fn(&str) -> Vec<Value>,
) -> Vec<Value> {
    named(app, limits, &[column], values)
}

/// A series for each measurement that has values.
fn named(
    app: &AppState,
    limits: &Limits,
    columns: &[&str],
    values: impl Fn(&str) -> Vec<Value>,
) -> Vec<Value> {
    let mut left = MOST;
    let mut found = Vec::new();
    for name in measurements(app, limits) {
        let mut values = values(&name);
        values.truncate(left);
        left -= values.len();
        if !values.is_empty() {
            found.push(series(&name, columns, values));
        }
        if left == 0 {
            break;
        }
    }
    found
}

fn measurements(app: &AppState, limits: &Limits) -> Vec<Arc<str>> {
    let mut names = app.store.measurements();
    if let Some(wanted) = &limits.measurement {
        names.retain(|name| **name == **wanted);
    }
    names
}

fn cut<T>(limits: &Limits, all: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let limit = limits.limit.unwrap_or(MOST).min(MOST);
    all.skip(limits.offset).take(limit)
}

/// A series as line protocol begins its lines.
fn line_key(key: &[u8]) -> String {
    let (measurement, tags) = key::decode(key);
    let mut text = measurement.replace(',', "\\,").replace(' ', "\\ ");
    for (name, value) in tags {
        for (sign, part) in [(',', name), ('=', value)] {
            text.push(sign);
            let part = part
                .replace(',', "\\,")
                .replace('=', "\\=")
                .replace(' ', "\\ ");
            text.push_str(&part);
        }
    }
    text
}

fn type_name(value_type: Type) -> &'static str {
    match value_type {
        Type::F64 => "float",
        Type::I64 => "integer",
        Type::U64 => "unsigned",
        Type::Bool => "boolean",
        Type::String => "string",
        Type::Histogram => "histogram",
    }
}
