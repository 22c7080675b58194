//! Objects as a table for people.

use serde_json::Value;

/// A line of names and one for each object; what is null is a dash.
pub(super) fn table<const N: usize>(objects: &[Value], columns: &[&str; N]) -> String {
    let mut rows = vec![columns.map(str::to_owned)];
    rows.extend(objects.iter().map(|object| {
        columns.map(|column| match &object[column] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        })
    }));
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        out.push_str(cells.join("  ").trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            json!({"name": "ops", "waiting": 12, "error": null}),
            json!({"name": "überlang", "waiting": 0, "error": "x"}),
        ];
        assert_eq!(
            table(&rows, &["name", "waiting", "error"]),
            "name      waiting  error\nops       12       -\nüberlang  0        x\n"
        );
    }
}
