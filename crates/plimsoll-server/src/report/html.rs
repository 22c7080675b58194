//! A report as a page: whole in itself, with charts as SVG; it runs nothing and asks nobody.

use super::charts::Chart;
use super::contents::Report;
use super::document::{Cell, Document, Part, Table, document};
use super::svg::{is_limit_far, svg};
use crate::http::html::{Html, escaped};

/// The styles, which stand in the page.
const STYLE: &str = include_str!("report.css");

/// The report.
pub(crate) fn page(report: &Report) -> String {
    let document = document(report);
    let mut html = Html::default();
    html.push("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    html.push("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    html.element("title", &document.title);
    html.push(&format!("<style>{STYLE}</style></head><body><header>"));
    html.element("h1", &document.title);
    document
        .lead
        .iter()
        .for_each(|line| html.element("p", line));
    html.push("</header>");
    contents(&mut html, &document);
    html.push("<main>");
    for section in &document.sections {
        html.push(&format!("<section id=\"{}\">", section.id));
        html.element("h2", &section.title);
        section.parts.iter().for_each(|part| write(&mut html, part));
        html.push("</section>");
    }
    html.push("</main></body></html>\n");
    html.done()
}

fn contents(html: &mut Html, document: &Document) {
    html.push("<nav aria-label=\"Contents\">");
    for section in &document.sections {
        let title = escaped(&section.title);
        html.push(&format!("<a href=\"#{}\">{title}</a> ", section.id));
    }
    html.push("</nav>");
}

fn write(html: &mut Html, part: &Part) {
    match part {
        Part::Text(bold, rest) => {
            html.push("<p>");
            if !bold.is_empty() {
                html.element("strong", bold);
                html.push(" ");
            }
            html.push(&format!("{}</p>", escaped(rest)));
        }
        Part::Heading(words) => html.element("h3", words),
        Part::List(lines) => {
            html.push("<ul>");
            lines.iter().for_each(|line| html.element("li", line));
            html.push("</ul>");
        }
        Part::Code(text) => html.element("pre", text),
        Part::Table(found) => table(html, found),
        Part::Charts(charts, _) => charts.iter().for_each(|chart| figure(html, chart)),
    }
}

fn table(html: &mut Html, table: &Table) {
    html.push("<div class=\"wide\"><table><thead><tr>");
    for column in &table.columns {
        let class = match column.is_number {
            true => " class=\"number\"",
            false => "",
        };
        let name = escaped(&column.name);
        html.push(&format!("<th scope=\"col\"{class}>{name}</th>"));
    }
    html.push("</tr></thead><tbody>");
    for row in &table.rows {
        html.push("<tr>");
        for (column, cell) in table.columns.iter().zip(row) {
            html.push(&format!(
                "<td{}>{}</td>",
                class(column.is_number, cell),
                escaped(&cell.text)
            ));
        }
        html.push("</tr>");
    }
    html.push("</tbody></table></div>");
}

fn class(is_number: bool, cell: &Cell) -> &'static str {
    match (is_number, cell.is_past) {
        (true, true) => " class=\"number past\"",
        (true, false) => " class=\"number\"",
        (false, true) => " class=\"past\"",
        (false, false) => "",
    }
}

fn figure(html: &mut Html, chart: &Chart) {
    html.push("<figure><figcaption>");
    html.push(&escaped(&chart.title));
    if chart.lines.len() > 1 {
        let styles = ["solid", "dashed"];
        let lines = chart.lines.iter().zip(styles);
        let names = lines.map(|(line, style)| format!("{} {style}", line.name));
        html.element("span", &names.collect::<Vec<_>>().join(", "));
    }
    if let Some(limit) = chart.limit.as_ref().filter(|_| is_limit_far(chart)) {
        html.element("span", &format!("{}, far above", limit.name));
    }
    let fired = chart
        .alerts
        .iter()
        .map(|alert| alert.end - alert.start)
        .sum::<i64>();
    if fired > 0 {
        html.element("span", "alerts shaded");
    }
    html.push("</figcaption>");
    html.push(&svg(chart));
    html.push("</figure>");
}
