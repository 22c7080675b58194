//! What the documents are like, whatever is in them.

use super::sample::{HOSTILE, report};
use crate::report::contents::{Report, ReportCourse};
use crate::report::{html, markdown};

/// Elements that have no end.
const VOID: [&str; 1] = ["meta"];

#[test]
fn markdown_says_all_of_it() {
    insta::assert_snapshot!(markdown::page(&report()).replace('\u{a0}', " "));
}

#[test]
fn every_row_of_a_markdown_table_has_as_many_cells_as_its_head_and_no_markup_comes_from_outside() {
    let page = markdown::page(&report());
    let cells = |line: &str| {
        line.replace("\\\\", "")
            .replace("\\|", "")
            .matches('|')
            .count()
    };
    let (mut head, mut tables) = (None, 0);
    for line in page.lines() {
        match (line.starts_with('|'), head) {
            (false, _) => head = None,
            (true, None) => {
                head = Some(cells(line));
                tables += 1;
            }
            (true, Some(head)) => assert_eq!(cells(line), head, "{line}"),
        }
    }
    assert_eq!(tables, 12);
    let fenced = page.split("````").nth(1).unwrap();
    assert!(fenced.contains("<b>"));
    let rest = page.replace(fenced, "");
    assert!(!rest.contains('<'), "{rest}");
}

/// Checks that elements end where they began, and returns their names.
fn elements(page: &str) -> Vec<String> {
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    let mut rest = page.strip_prefix("<!doctype html>").unwrap();
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        let name = tag
            .trim_start_matches('/')
            .split([' ', '/'])
            .next()
            .unwrap();
        match tag {
            tag if tag.starts_with('/') => assert_eq!(open.pop().as_deref(), Some(name)),
            tag if tag.ends_with('/') || VOID.contains(&name) => {}
            _ => open.push(name.to_owned()),
        }
        seen.push(name.to_owned());
        rest = &rest[end + 1..];
    }
    assert_eq!(open, [] as [&str; 0]);
    seen
}

#[test]
fn the_page_is_whole_in_itself_and_what_comes_from_outside_is_only_text() {
    let page = html::page(&report());
    let elements = elements(&page);
    let count = |name: &str| elements.iter().filter(|one| *one == name).count() / 2;
    // Score, requests, errors, read, memory; nothing is known of the processors.
    assert_eq!((count("svg"), count("figure"), count("table")), (5, 5, 11));
    assert_eq!(count("style"), 1);
    assert_eq!(count("script"), 0);
    for outside in ["src=", "url(", "@import", " style=", "http:", "https:"] {
        assert!(!page.contains(outside), "{outside}");
    }
    // Links lead to parts of the page itself.
    let links = page.split("href=\"").skip(1);
    assert!(links.clone().count() > 0);
    assert!(links.into_iter().all(|link| link.starts_with('#')));
    assert!(!page.contains(HOSTILE));
    assert!(page.contains("/a|b/&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("|| '&lt;script&gt;'"));
    assert!(page.contains("@media print") && page.contains("prefers-color-scheme: dark"));
}

#[test]
fn charts_have_the_line_the_deploys_and_the_alerts() {
    let page = html::page(&report());
    let charts: Vec<&str> = page.split("<figure>").skip(1).collect();
    let of_read = charts
        .iter()
        .find(|chart| chart.contains("Response time of read"))
        .unwrap();
    assert!(of_read.contains("class=\"line l0\"") && of_read.contains("class=\"line l1\""));
    assert!(of_read.contains(">line 500\u{a0}ms</text>"), "{of_read}");
    assert!(of_read.contains("<title>deploy v2</title>"));
    assert!(of_read.contains("<title>high alert class:read</title>"));
    // A step of which nothing is known breaks the line.
    let path = of_read
        .split("d=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert_eq!(path.matches('M').count(), 2, "{path}");
    assert!(!page.contains("NaN") && !page.contains("inf"));
}

#[test]
fn a_service_of_which_nothing_is_known_has_a_report_all_the_same() {
    let whole = report();
    let empty = Report {
        versions: Vec::new(),
        requests: 0,
        error_rate: None,
        scores: Default::default(),
        classes: Vec::new(),
        routes: Vec::new(),
        routes_total: 0,
        statements: Vec::new(),
        calls: Vec::new(),
        resources: Vec::new(),
        alerts: Default::default(),
        deploys: Vec::new(),
        deploys_total: 0,
        forecast: Vec::new(),
        recommendations: Vec::new(),
        table: None,
        course: ReportCourse::default(),
        missing: Vec::new(),
        ..whole
    };
    let page = markdown::page(&empty);
    for told in [
        "No version was told.",
        "Nothing is remembered of it",
        "No requests came in this period.",
        "Nothing fired.",
        "No other version began to run.",
        "Nothing is to be done.",
        "Nothing is known to be missing.",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    elements(&html::page(&empty));
}
