//! What a report says, in sentences and tables, whatever it is written in.

mod changes;
mod service;
mod spent;

use super::charts::{self, Chart};
use super::contents::Report;
use super::words;

/// A document.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) title: String,
    /// Below the title.
    pub(crate) lead: Vec<String>,
    pub(crate) sections: Vec<Section>,
}

/// A part with a heading.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// Names it within the document.
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) parts: Vec<Part>,
}

/// Something in a section.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// A paragraph that begins with words that stand out; these may be empty.
    Text(String, String),
    /// Lines.
    List(Vec<String>),
    /// A table.
    Table(Table),
    /// To be copied.
    Code(String),
    /// Charts, and the same in a table where nothing can be drawn.
    Charts(Vec<Chart>, Option<Table>),
    /// A smaller heading.
    Heading(String),
}

/// Rows of cells.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// Numbers stand right.
    pub(crate) is_number: bool,
}

/// A text in a table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// Whether it is past its line.
    pub(crate) is_past: bool,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self {
            text,
            is_past: false,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Cell {
    fn past(text: String, is_past: bool) -> Self {
        Self { text, is_past }
    }
}

impl Table {
    /// A table whose columns that begin with `#` are of numbers.
    fn new(columns: &[&str]) -> Self {
        let columns = columns.iter().map(|name| Column {
            name: name.trim_start_matches('#').to_owned(),
            is_number: name.starts_with('#'),
        });
        Self {
            columns: columns.collect(),
            rows: Vec::new(),
        }
    }

    fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        debug_assert_eq!(N, self.columns.len());
        self.rows.push(cells.into());
    }
}

/// A paragraph.
fn text(words: impl Into<String>) -> Part {
    Part::Text(String::new(), words.into())
}

/// What a report says.
pub(crate) fn document(report: &Report) -> Document {
    let sections = [
        Some(service::now(report)),
        Some(service::scores(report)),
        service::course(report),
        service::table(report),
        Some(service::standards(report)),
        Some(spent::routes(report)),
        Some(spent::statements(report)),
        Some(spent::calls(report)),
        Some(spent::resources(report)),
        Some(changes::alerts(report)),
        Some(changes::deploys(report)),
        Some(changes::trends(report)),
        Some(changes::forecast(report)),
        Some(changes::recommendations(report)),
        Some(changes::missing(report)),
    ];
    Document {
        title: format!("{}: report", report.service),
        lead: lead(report),
        sections: sections.into_iter().flatten().collect(),
    }
}

fn lead(report: &Report) -> Vec<String> {
    let seconds = (report.end.0 - report.start.0) as f64 / 1e9;
    let versions = match report.versions.as_slice() {
        [] => "No version was told.".to_owned(),
        [one] => format!("Version {one}."),
        [before @ .., newest] => format!("Versions {} and {newest}.", before.join(", ")),
    };
    vec![
        format!(
            "{} to {}, {}.",
            words::time(report.start),
            words::time(report.end),
            words::length(seconds)
        ),
        versions,
    ]
}

fn all_charts(report: &Report) -> Vec<Chart> {
    charts::charts(report)
}
