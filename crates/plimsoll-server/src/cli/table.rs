//! Lists as people read them: columns side by side.

use serde_json::Value;

/// The `columns` of each row, under their names; a value that is not there is `-`.
pub(super) fn table<const N: usize>(rows: &[Value], columns: [&str; N]) -> String {
    let mut cells = vec![columns.map(str::to_owned)];
    cells.extend(rows.iter().map(|row| {
        columns.map(|column| match &row[column] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        })
    }));
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut out = String::new();
    for row in &cells {
        let padded = row.iter().zip(&widths);
        let padded: Vec<String> = padded.map(|(cell, width)| format!("{cell:<width$}")).collect();
        out.push_str(padded.join("  ").trim_end());
        out.push('\n');
    }
    out
}
