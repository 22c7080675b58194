//! `plimsoll query`.

use std::collections::BTreeSet;
use std::io::Write;

use anyhow::{Context, anyhow};
use clap::Args;
use serde_json::Value;

use super::Unprinted;
use super::client::query_string;
use super::target::{Target, TargetFlags, block_on};
use crate::api::v1::query;
use crate::api::v1::request::QueryRequest;
use crate::tick;

/// Asks for stored rows or their aggregates.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll query http_requests --field duration:p95 --group-by route --start -1h
  plimsoll query http_requests --field duration:count --filter service=shop --step 5m --json
  plimsoll query events --field state --order desc --limit 20
  plimsoll query cpu --field idle:mean --filter 'host=~web.*' --start 2026-11-20T00:00:00Z --end now

Aggregates: count sum mean min max last rate peak p50 … p999; none (the default) gives the rows as they are.
Filters: tag=value, tag!=value, tag=~regex, tag!~regex. Times: RFC 3339, epoch milliseconds, now, -1h.")]
pub(super) struct QueryCommand {
    /// The measurement.
    measurement: String,
    /// A field, with its aggregate after a colon; may be repeated.
    #[arg(long, value_name = "NAME[:AGGREGATE]", required = true)]
    field: Vec<String>,
    /// A condition on a tag; may be repeated, all must hold.
    #[arg(long, value_name = "FILTER")]
    filter: Vec<String>,
    /// A tag whose values tell series apart; may be repeated.
    #[arg(long, value_name = "TAG")]
    group_by: Vec<String>,
    /// First time [default: -1h].
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    start: Option<String>,
    /// First time after the range [default: now].
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    end: Option<String>,
    /// Width of a bucket, such as 1m.
    #[arg(long, value_name = "DURATION")]
    step: Option<String>,
    /// Most rows [default: 1000].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// asc or desc.
    #[arg(long, value_name = "ORDER")]
    order: Option<String>,
    /// The server's JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetFlags,
}

pub(super) fn run(command: &QueryCommand) -> anyhow::Result<()> {
    let params = command.params();
    let answer = match command.target.open()? {
        Target::Server(remote) => block_on(async {
            let path = format!("/api/v1/query?{}", query_string(&params));
            Ok(remote.fetch("GET", &path).await?.to_vec())
        })?,
        Target::Store(store) => {
            let request =
                QueryRequest::from_params(params).and_then(|request| request.resolve(tick::now()));
            let found = request.and_then(|asked| query::found(&store, &asked));
            found.map_err(|problem| anyhow!(problem.in_words()))?
        }
    };
    let mut out = std::io::stdout().lock();
    if command.json {
        let printed = out.write_all(&answer).and_then(|()| writeln!(out));
        return Ok(printed.map_err(Unprinted)?);
    }
    let answer: Value = serde_json::from_slice(&answer).context("the answer is no JSON")?;
    let table = table(&answer);
    Ok(write!(out, "{table}").map_err(Unprinted)?)
}

impl QueryCommand {
    fn params(&self) -> Vec<(String, String)> {
        let mut params = vec![("measurement".to_owned(), self.measurement.clone())];
        let mut add = |name: &str, value: String| params.push((name.to_owned(), value));
        self.field
            .iter()
            .for_each(|field| add("field", field.clone()));
        self.filter
            .iter()
            .for_each(|filter| add("filter", filter.clone()));
        self.group_by
            .iter()
            .for_each(|tag| add("group_by", tag.clone()));
        let limit = self.limit.map(|limit| limit.to_string());
        let given = [
            ("start", &self.start),
            ("end", &self.end),
            ("step", &self.step),
            ("order", &self.order),
            ("limit", &limit),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                add(name, value.clone());
            }
        }
        if !self.json {
            add("times", "rfc3339".to_owned());
        }
        params
    }
}

/// Aligned columns: the tags, the time, the values.
fn table(answer: &Value) -> String {
    let empty = Vec::new();
    let series = answer["series"].as_array().unwrap_or(&empty);
    let tags_of = |one: &Value| one["tags"].as_object().cloned().unwrap_or_default();
    // Series of rows as they are have tags of their own each.
    let names: BTreeSet<String> = series
        .iter()
        .flat_map(|one| tags_of(one).keys().cloned().collect::<Vec<_>>())
        .collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for one in series {
        if rows.is_empty() {
            let columns = one["columns"].as_array().unwrap_or(&empty).iter().map(text);
            rows.push(names.iter().cloned().chain(columns).collect());
        }
        let tags = tags_of(one);
        let tags: Vec<String> = names
            .iter()
            .map(|name| text(tags.get(name).unwrap_or(&Value::Null)))
            .collect();
        for row in one["values"].as_array().unwrap_or(&empty) {
            let values = row.as_array().unwrap_or(&empty).iter().map(text);
            rows.push(tags.iter().cloned().chain(values).collect());
        }
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let mut out = String::new();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    if rows.is_empty() {
        out.push_str("nothing found\n");
    }
    if answer["truncated"] == true {
        out.push_str("… more rows than --limit\n");
    }
    for missing in answer["missing"].as_array().unwrap_or(&empty) {
        out.push_str(&format!("missing: {}\n", text(missing)));
    }
    out
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_tags_time_and_values_side_by_side() {
        let answer = json!({"series": [
            {"tags": {"host": "a"}, "columns": ["time", "mean_x"], "values": [["2026-01-01T00:00:00Z", 1.5]]},
            {"tags": {"host": "longer", "zone": "z"}, "columns": ["time", "mean_x"], "values": [["2026-01-01T00:00:00Z", null]]},
        ], "truncated": true, "missing": ["raw/x"]});
        let expected = "\
host    zone  time                  mean_x
a       -     2026-01-01T00:00:00Z  1.5
longer  z     2026-01-01T00:00:00Z  -
… more rows than --limit
missing: raw/x
";
        assert_eq!(table(&answer), expected);
    }
}
