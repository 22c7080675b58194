//! Pages as they are answered, and the rows that they become.

mod remembered;

use std::sync::Arc;

use plimsoll::histogram::Layout;
use tempfile::TempDir;

use super::context::{Context, Format};
use super::page::{Answer, Page};
use crate::config::scrape::ScrapeTarget;
use crate::store::table::{Kind, Nanos, Table, Values};
use crate::store::{Store, StoreConfig};

const SECOND: Nanos = 1_000_000_000;
const NOW: Nanos = 1_766_000_000 * SECOND;

/// A store and a page of one target.
struct Scraped {
    store: Arc<Store>,
    page: Page,
    time: Nanos,
    _dir: TempDir,
}

impl Scraped {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut ScrapeTarget)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreConfig::new(dir.path()), NOW).unwrap();
        let mut target = ScrapeTarget {
            job: "j".into(),
            service: "s".into(),
            instance: "i".into(),
            url: String::new(),
            host: String::new(),
            tls: None,
            port: 0,
            path: String::new(),
            interval: std::time::Duration::from_secs(1),
            timeout: std::time::Duration::from_secs(1),
            body_max: 0,
            series_max: 1_000,
            labels: Vec::new(),
            bearer_token_file: None,
        };
        change(&mut target);
        let page = Page::new(&target);
        Self {
            store,
            page,
            time: NOW,
            _dir: dir,
        }
    }

    fn read_as(&mut self, format: Format, text: &[u8]) -> Answer {
        self.time += SECOND;
        let (store, time) = (&*self.store, self.time);
        self.page.read(&Context {
            store,
            text,
            format,
            time,
            now: time,
        })
    }

    fn read(&mut self, text: &str) -> Vec<String> {
        let answer = self.read_as(Format::Text, text.as_bytes());
        assert_eq!(answer.refusals.reasons, []);
        self.rows(&answer)
    }

    /// `measurement{tags} field=value @seconds`, those of the target's tags left out; sorted.
    fn rows(&self, answer: &Answer) -> Vec<String> {
        let tables = answer.tables.iter();
        let mut rows: Vec<String> = tables.flat_map(|table| self.rows_of(table)).collect();
        rows.sort();
        rows
    }

    fn rows_of(&self, table: &Table) -> Vec<String> {
        let mut rows = Vec::new();
        for (row, (series, time)) in table.series.iter().zip(&table.times).enumerate() {
            let series = self.store.series().resolve(*series);
            let own = |tag: &str| ["job", "instance", "service"].contains(&tag);
            let tags = series.tags.iter().filter(|(tag, _)| !own(tag));
            let tags: Vec<String> = tags.map(|(tag, value)| format!("{tag}={value}")).collect();
            for column in &table.columns {
                if column.present.as_ref().is_some_and(|present| !present[row]) {
                    continue;
                }
                let kind = if column.kind == Kind::Cumulative {
                    ""
                } else {
                    "~"
                };
                let value = match &column.values {
                    Values::F64(values) => values[row].to_string(),
                    Values::U64(values) => format!("{}u", values[row]),
                    Values::Histogram(values) => {
                        let histogram = &values[row];
                        let Layout::Explicit(explicit) = &histogram.layout else {
                            panic!("another layout")
                        };
                        format!(
                            "{:?}{:?} sum {}",
                            explicit.bounds, explicit.counts, histogram.sum
                        )
                    }
                    _ => panic!("no such values"),
                };
                let (name, measurement) = (&column.name, &table.measurement);
                let seconds = (time - NOW) as f64 / 1e9;
                rows.push(format!(
                    "{measurement}{{{}}} {kind}{name}={value} @{seconds}",
                    tags.join(",")
                ));
            }
        }
        rows
    }
}

const PAGE: &str = "# HELP up_time Help \"text\" with { and }\n# TYPE up_time gauge\nup_time 12.5\n\
    # TYPE jobs_total counter\njobs_total{queue=\"a\\\"b\"} 3\njobs_total{queue=\"c\"} 4e2\n\
    # TYPE wait_seconds histogram\nwait_seconds_bucket{le=\"0.1\"} 1\nwait_seconds_bucket{le=\"1\"} 3\n\
    wait_seconds_bucket{le=\"+Inf\"} 4\nwait_seconds_sum 2.5\nwait_seconds_count 4\n\
    # TYPE size summary\nsize{quantile=\"0.5\"} 7\nsize{quantile=\"0.9\"} NaN\nsize_sum 21\nsize_count 3\n\
    loose{x=\"y\"} 1\n";

#[test]
fn every_type_becomes_its_field() {
    let rows = Scraped::new().read(PAGE);
    let expected = [
        "jobs_total{queue=a\"b} value_cumulative=3 @1",
        "jobs_total{queue=c} value_cumulative=400 @1",
        "loose{x=y} ~value=1 @1",
        "size{quantile=0.5} ~value=7 @1",
        "size{} count_cumulative=3u @1",
        "size{} sum_cumulative=21 @1",
        "up_time{} ~value=12.5 @1",
        "wait_seconds{} distribution_cumulative=[0.1, 1.0][1, 2, 1] sum 2.5 @1",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn a_page_that_comes_again_gives_the_same_series_with_its_new_values() {
    let mut scraped = Scraped::new();
    let first = scraped.read(PAGE);
    let again = scraped.read(
        &PAGE
            .replace(" 12.5", " 13")
            .replace("{le=\"+Inf\"} 4", "{le=\"+Inf\"} 9"),
    );
    let moved = |row: &String| {
        row.replace("@1", "@2")
            .replace("=12.5", "=13")
            .replace("[1, 2, 1]", "[1, 2, 6]")
    };
    assert_eq!(again, first.iter().map(moved).collect::<Vec<_>>());
    // Another order, a line more, a line less: what is there counts.
    let mut lines: Vec<&str> = PAGE
        .lines()
        .filter(|line| !line.contains("queue=\"c\""))
        .collect();
    lines.rotate_left(3);
    lines.push("# TYPE more gauge\nmore 1\n");
    let other = scraped.read(&lines.join("\n"));
    assert_eq!(other.len(), first.len());
    assert!(
        other.contains(&"more{} ~value=1 @3".to_owned()),
        "{other:?}"
    );
    assert!(
        !other.iter().any(|row| row.contains("queue=c")),
        "{other:?}"
    );
}

#[test]
fn a_type_that_changes_makes_another_field() {
    let mut scraped = Scraped::new();
    scraped.read("# TYPE a gauge\na 1\n");
    assert_eq!(
        scraped.read("# TYPE a counter\na 2\n"),
        ["a{} value_cumulative=2 @2"]
    );
    assert_eq!(scraped.read("a 3\n"), ["a{} ~value=3 @3"]);
}

#[test]
fn open_metrics_tells_when_totals_began() {
    let mut scraped = Scraped::new();
    let began = (NOW / SECOND - 50).to_string();
    let text = format!(
        "# TYPE jobs counter\njobs_total{{q=\"a\"}} 17 # {{trace_id=\"x\"}} 1.0\njobs_created{{q=\"a\"}} {began}.5\n\
         # TYPE h histogram\nh_bucket{{le=\"1.0\"}} 2\nh_bucket{{le=\"+Inf\"}} 3\nh_count 3\nh_sum 4.0\nh_created {began}\n\
         # TYPE i info\ni_info{{v=\"1\"}} 1\n# EOF\n"
    );
    let answer = scraped.read_as(Format::OpenMetrics, text.as_bytes());
    assert_eq!(answer.refusals.reasons, []);
    let expected = [
        "h{} distribution_cumulative=[1.0][0, 0] sum 0 @-50",
        "h{} distribution_cumulative=[1.0][2, 1] sum 4 @1",
        "i_info{v=1} ~value=1 @1",
        "jobs_total{q=a} value_cumulative=0 @-49.5",
        "jobs_total{q=a} value_cumulative=17 @1",
    ];
    assert_eq!(scraped.rows(&answer), expected);
    let again = scraped.read_as(Format::OpenMetrics, text.as_bytes());
    assert_eq!(scraped.rows(&again).len(), 3);
    let cut = scraped.read_as(Format::OpenMetrics, b"# TYPE a gauge\na 1\n");
    assert!(cut.refusals.reasons[0].reason.contains("# EOF"));
}

#[test]
fn requests_of_known_names_are_requests() {
    let page = "# TYPE http_server_request_duration_seconds histogram\n\
        http_server_request_duration_seconds_bucket{http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/a\",le=\"0.1\"} 1\n\
        http_server_request_duration_seconds_bucket{http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/a\",le=\"+Inf\"} 2\n\
        http_server_request_duration_seconds_sum{http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/a\"} 0.7\n\
        # TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 1e6\n\
        # TYPE plimsoll_http_server_outcomes_total counter\n\
        plimsoll_http_server_outcomes_total{http_request_method=\"GET\",http_response_status_code=\"200\",http_route=\"/a\",outcome=\"failed\"} 3\n";
    let mut scraped = Scraped::new();
    let expected = [
        "http_requests{method=GET,route=/a,source=scrape,status=200} duration_cumulative=[0.1][1, 1] sum 0.7 @1",
        "http_requests{method=GET,route=/a,source=scrape,status=200} failed_cumulative=3u @1",
        "process{source=scrape} ~memory_rss=1000000 @1",
    ];
    assert_eq!(scraped.read(page), expected);
    // A route that was not there the time before had no requests then.
    let next = format!(
        "{page}{}",
        page.replace("/a", "/b").replace(
            "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 1e6\n",
            ""
        )
    );
    let rows = scraped.read(&next);
    let of_b: Vec<&String> = rows.iter().filter(|row| row.contains("/b")).collect();
    assert_eq!(of_b.len(), 4, "{rows:?}");
    assert!(
        of_b[0].ends_with("duration_cumulative=[0.1][0, 0] sum 0 @1"),
        "{rows:?}"
    );
    // After a silence nobody knows.
    scraped.page.missed();
    let rows = scraped.read(&page.replace("/a", "/c"));
    assert_eq!(
        rows.iter().filter(|row| row.contains("/c")).count(),
        2,
        "{rows:?}"
    );
}

#[test]
fn requests_told_in_two_conventions_count_once() {
    let new = "# TYPE http_server_request_duration_seconds histogram\nhttp_server_request_duration_seconds_bucket{http_route=\"/a\",le=\"+Inf\"} 2\n";
    let old = "# TYPE http_server_duration_milliseconds histogram\n\
        http_server_duration_milliseconds_bucket{http_target=\"/a?b\",le=\"5\"} 1\nhttp_server_duration_milliseconds_bucket{http_target=\"/a?b\",le=\"+Inf\"} 2\n";
    let alone = Scraped::new().read(old);
    assert_eq!(
        alone,
        ["http_requests{route=/a,source=scrape} duration_cumulative=[0.005][1, 1] sum NaN @1"]
    );
    let both = Scraped::new().read(&format!("{old}{new}"));
    let requests = both.iter().filter(|row| row.starts_with("http_requests"));
    assert_eq!(requests.count(), 1, "{both:?}");
    // The new one comes when the old one is known already.
    let mut scraped = Scraped::new();
    scraped.read(old);
    scraped.read(&format!("{old}{new}"));
    let later = scraped.read(&format!("{old}{new}"));
    assert_eq!(
        later
            .iter()
            .map(|row| row.replace("@3", "@1"))
            .collect::<Vec<_>>(),
        both
    );
}

#[test]
fn two_names_of_one_thing_do_not_overwrite_each_other() {
    let page = "# TYPE process_memory_usage_bytes gauge\nprocess_memory_usage_bytes 5\n# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 6\n";
    let mut scraped = Scraped::new();
    let expected = [
        "process_resident_memory_bytes{} ~value=6 @1",
        "process{source=scrape} ~memory_rss=5 @1",
    ];
    assert_eq!(scraped.read(page), expected);
}

#[test]
fn numbers_keep_every_bit() {
    let rows = Scraped::new().read("a 110.49300000000001\nb 1.7957734189910717e+09\n");
    let expected = [
        "a{} ~value=110.49300000000001 @1",
        "b{} ~value=1795773418.9910717 @1",
    ];
    assert_eq!(rows, expected);
}

#[test]
fn labels_of_the_page_that_the_target_has_are_renamed() {
    let mut scraped = Scraped::with(|target| target.labels = vec![("zone".into(), "z".into())]);
    let rows = scraped.read("a{job=\"x\",zone=\"y\",empty=\"\"} 1\n");
    assert_eq!(
        rows,
        ["a{exported_job=x,exported_zone=y,zone=z} ~value=1 @1"]
    );
}

#[test]
fn timestamps_are_honoured_and_repeated_ones_make_no_row() {
    let mut scraped = Scraped::new();
    let page = |millis: i64, value: u32| format!("# TYPE a gauge\na {value} {millis}\nb 1\n");
    let at = NOW / 1_000_000 - 5_000;
    assert_eq!(
        scraped.read(&page(at, 1)),
        ["a{} ~value=1 @-5", "b{} ~value=1 @1"]
    );
    assert_eq!(scraped.read(&page(at, 2)), ["b{} ~value=1 @2"]);
    assert_eq!(
        scraped.read(&page(at + 500, 3)),
        ["a{} ~value=3 @-4.5", "b{} ~value=1 @3"]
    );
    let answer = scraped.read_as(Format::Text, page(1, 1).as_bytes());
    assert_eq!((answer.refusals.count, answer.refusals.out_of_time), (1, 1));
}

#[test]
fn what_is_wrong_is_counted_and_the_rest_is_kept() {
    let mut scraped = Scraped::new();
    let text = b"good 1\nbad\nbad{x=\"1\" 2\ngood 2\ninf +Inf\n\xff\xfe 1\nw{x=\"\xff\"} 1\n\nd{a=\"1\",b=\"2\"} 1\nd{b=\"2\",a=\"1\"} 1\nlast 3\n\
        # TYPE h histogram\nh_bucket{le=\"1\"} 5\nh_bucket{le=\"+Inf\"} 4\n";
    for time in 1..3 {
        let answer = scraped.read_as(Format::Text, text);
        let expected = ["d{a=1,b=2} ~value=1", "good{} ~value=1", "last{} ~value=3"];
        let expected = expected.map(|row| format!("{row} @{time}"));
        assert_eq!(scraped.rows(&answer), expected);
        let reasons: Vec<&str> = answer
            .refusals
            .reasons
            .iter()
            .map(|one| &*one.reason)
            .collect();
        let expected = [
            "has no value that is a number",
            "has labels that are not written as name=\"value\"",
            "is there twice",
            "has a value that is not finite",
            "does not begin with a metric's name",
            "is not UTF-8",
            "is there twice, with its labels in another order",
            "is a histogram whose counts fall from one bound to the next",
        ];
        assert_eq!(reasons, expected);
        assert_eq!(answer.refusals.reasons[1].example, "bad{x=\"1\" 2");
    }
}

#[test]
fn series_beyond_the_limit_are_refused_until_others_are_gone() {
    let mut scraped = Scraped::with(|target| target.series_max = 2);
    let limited = |scraped: &mut Scraped, text: &str| {
        let answer = scraped.read_as(Format::Text, text.as_bytes());
        (scraped.rows(&answer).len(), answer.refusals.count)
    };
    assert_eq!(limited(&mut scraped, "a 1\nb 1\nc 1\nd 1\n"), (2, 2));
    assert_eq!(limited(&mut scraped, "c 1\nd 1\n"), (0, 2));
    // They had the room of those before, which are forgotten now.
    assert_eq!(limited(&mut scraped, "c 1\nd 1\n"), (2, 0));
}

#[test]
fn what_goes_and_comes_under_ever_new_names_is_forgotten() {
    let mut scraped = Scraped::with(|target| target.series_max = 100_000);
    for round in 0..40 {
        let text: String = (0..100)
            .map(|n| format!("a{{n=\"{round}-{n}\"}} 1\n"))
            .collect();
        assert_eq!(scraped.read(&text).len(), 100);
    }
    assert!(
        scraped.page.entries.len() < 1_500,
        "{}",
        scraped.page.entries.len()
    );
}
