//! What is remembered of a page makes reading faster, and nothing else.

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use super::super::context::Format;
use super::Scraped;

/// Lines as pages have them, and some that they should not have.
const LINES: [&str; 22] = [
    "# TYPE a gauge",
    "# TYPE a counter",
    "# TYPE h histogram",
    "# HELP h what",
    "a",
    "a {x=\"1\"}",
    "a{x=\"1\"}",
    "a{x=\"1\",y=\"2\"}",
    "a{y=\"2\",x=\"1\"}",
    "ab",
    "a_total",
    "h_bucket{le=\"0.5\"}",
    "h_bucket{le=\"1\"}",
    "h_bucket{le=\"1.0\"}",
    "h_bucket{le=\"+Inf\"}",
    "h_bucket{q=\"\\\"}\",le=\"+Inf\"}",
    "h_sum",
    "h_count",
    "h_count{q=\"\\\"}\"}",
    "{x=\"1\"}",
    "a{x=\"1",
    "é",
];

/// A page of some of these lines with values.
fn page() -> impl Strategy<Value = String> {
    let lines = subsequence(LINES.to_vec(), 0..=LINES.len()).prop_shuffle();
    (lines, proptest::collection::vec(0..9_u32, LINES.len())).prop_map(|(lines, values)| {
        let mut page = String::new();
        for (line, value) in lines.iter().zip(values) {
            match line.starts_with('#') {
                true => page.push_str(line),
                false => page.push_str(&format!("{line} {value}")),
            }
            page.push('\n');
        }
        page
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_page_is_read_the_same_whatever_came_before(before in proptest::collection::vec(page(), 0..4), last in page()) {
        let mut fresh = Scraped::new();
        let mut remembering = Scraped::new();
        // Kinds of fields are the store's memory, not the page's: both have the same.
        for page in before.iter().chain([&last]) {
            fresh.read_as(Format::Text, page.as_bytes());
            remembering.read_as(Format::Text, page.as_bytes());
        }
        fresh.page = Scraped::new().page;
        let alone = fresh.read_as(Format::Text, last.as_bytes());
        let again = remembering.read_as(Format::Text, last.as_bytes());
        prop_assert_eq!(fresh.rows(&alone), remembering.rows(&again));
        prop_assert_eq!(alone.samples, again.samples);
        prop_assert_eq!(alone.refusals, again.refusals);
    }

    #[test]
    fn no_bytes_make_it_fail(page in page(), at in any::<Index>(), junk in proptest::collection::vec(any::<u8>(), 0..9)) {
        let mut bytes = page.into_bytes();
        let at = at.index(bytes.len() + 1);
        bytes.splice(at..at, junk);
        let mut scraped = Scraped::new();
        for format in [Format::Text, Format::OpenMetrics, Format::Text] {
            let answer = scraped.read_as(format, &bytes);
            let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
            prop_assert!(answer.samples <= lines);
        }
    }
}
