mod reference;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::parser::{self, Context, Parsed};
use super::reason::Reason;
use crate::store::schema::Schema;
use crate::store::series::SeriesIndex;
use crate::store::table::{Nanos, Values};
use reference::{Outcome, Plain};

const NOW: Nanos = 1_000_000;
const BOUNDS: std::ops::RangeInclusive<Nanos> = 0..=2_000_000;

struct Known {
    series: SeriesIndex,
    schema: Schema,
}

impl Known {
    fn new(max_series: usize) -> Self {
        Self {
            series: SeriesIndex::new(max_series),
            schema: Schema::default(),
        }
    }

    fn read(&self, text: &[u8]) -> Parsed {
        self.read_as(text, 1)
    }

    fn read_as(&self, text: &[u8], unit: Nanos) -> Parsed {
        let context = Context {
            series: &self.series,
            schema: &self.schema,
            now: NOW,
            unit,
            bounds: &|_| BOUNDS,
        };
        parser::parse(text, &context)
    }

    fn outcome(&self, parsed: &Parsed) -> Outcome {
        let mut outcome = Outcome::default();
        for table in parsed.batches.iter().flat_map(|batch| &batch.tables) {
            for (row, series) in table.series.iter().enumerate() {
                let series = self.series.resolve(*series);
                assert_eq!(series.measurement, table.measurement);
                let tags = series
                    .tags
                    .iter()
                    .map(|(k, v)| (k.to_string(), v.to_string()))
                    .collect();
                let key = (table.measurement.to_string(), tags, table.times[row]);
                let fields: &mut BTreeMap<_, _> = outcome.rows.entry(key).or_default();
                for column in &table.columns {
                    if column.present.as_ref().is_none_or(|present| present[row]) {
                        fields.insert(column.name.to_string(), plain(&column.values, row));
                    }
                }
            }
        }
        outcome.refused = parsed
            .rejected
            .named
            .iter()
            .map(|(line, _)| *line)
            .collect();
        outcome
    }
}

fn plain(values: &Values, row: usize) -> Plain {
    match values {
        Values::F64(values) => Plain::Float(values[row]),
        Values::I64(values) => Plain::Integer(values[row]),
        Values::U64(values) => Plain::Unsigned(values[row]),
        Values::Bool(values) => Plain::Bool(values[row]),
        Values::String(values) => Plain::Text(values[row].to_string()),
        Values::Histogram(_) => panic!("lines carry no histograms"),
    }
}

fn read(text: &str) -> Outcome {
    let known = Known::new(100);
    known.outcome(&known.read(text.as_bytes()))
}

fn reason(text: &str) -> String {
    let parsed = Known::new(100).read(text.as_bytes());
    assert_eq!(parsed.rejected.count, 1, "{text}: {:?}", parsed.rejected);
    parsed.rejected.named[0].1.to_string()
}

#[test]
fn a_line_with_everything_is_read() {
    let outcome = read(concat!(
        "# a comment\n",
        r#"my\ cpu,host\,x=a\=b,zone=z f=1.5,i=-3i,u=7u,b=true,s="say \"hi"#,
        "\\\" \\\\ \nnext line\",odd\\ name=2 1500\r\n",
        "\n",
    ));
    assert_eq!(outcome.refused, [0_usize; 0]);
    let (key, fields) = outcome.rows.first_key_value().unwrap();
    assert_eq!(key.0, "my cpu");
    assert_eq!(
        key.1,
        [("host,x".into(), "a=b".into()), ("zone".into(), "z".into())]
    );
    assert_eq!(key.2, 1_500);
    assert_eq!(fields["f"], Plain::Float(1.5));
    assert_eq!(fields["i"], Plain::Integer(-3));
    assert_eq!(fields["u"], Plain::Unsigned(7));
    assert_eq!(fields["b"], Plain::Bool(true));
    assert_eq!(fields["s"], Plain::Text("say \"hi\" \\ \nnext line".into()));
    assert_eq!(fields["odd name"], Plain::Float(2.0));
}

#[test]
fn refused_lines_are_named_by_number_and_the_others_kept() {
    let outcome = read("m a=1 1\nm a=\"x\ny\" 2\nm a=\nm a=3 3\n\nm\nm a=4 4");
    // The string of the second line spans two, and the field is a float by then.
    assert_eq!(outcome.refused, [2, 4, 7]);
    assert_eq!(outcome.rows.len(), 3);
}

#[test]
fn reasons_name_what_is_wrong() {
    assert_eq!(reason("m,a=1"), "missing fields");
    assert_eq!(reason(",a=1 x=1"), "missing measurement");
    assert_eq!(reason("m,a x=1"), "missing tag value of `a`");
    assert_eq!(reason("m,a= x=1"), "missing tag value of `a`");
    assert_eq!(reason("m,=b x=1"), "missing tag key");
    assert_eq!(reason("m,a=1,a=2 x=1"), "duplicate tag `a`");
    assert_eq!(reason("m =1"), "missing field key");
    assert_eq!(reason("m x= 5"), "missing value of field `x`");
    assert_eq!(
        reason("m x=\"open"),
        "field `x`: the closing double quote is missing"
    );
    assert_eq!(reason("m x=NaN"), "field `x` is not a finite number");
    assert_eq!(
        reason("m x=9223372036854775808i"),
        "field `x`: 9223372036854775808 does not fit 64 bits".replace("808 ", "808i ")
    );
    assert_eq!(reason("m x=1 soon"), "bad timestamp `soon`");
    assert_eq!(
        reason("m x=1 99999999999999999999"),
        "timestamp 9223372036854775807 is out of range for the precision"
    );
    assert!(reason("m x=1 2000001").starts_with("the time lies 0 s in the future"));
    assert!(reason("m x=1 -1").starts_with("the time lies 0 s in the past"));
    assert!(reason("m x=yes").starts_with("field `x` has the value `yes`"));
}

#[test]
fn the_tags_of_a_line_are_bounded() {
    let line = |tags: usize| {
        let tags: String = (0..tags).map(|tag| format!(",t{tag}=x")).collect();
        format!("m{tags} v=1")
    };
    assert_eq!(reason(&line(257)), "there are more than 256 tags");
    let parsed = Known::new(100).read(line(256).as_bytes());
    assert_eq!((parsed.rows, parsed.rejected.count), (1, 0));
}

#[test]
fn a_refused_line_leaves_no_trace() {
    let known = Known::new(100);
    let parsed = known.read(b"m,host=a x=1,y=oops 1\nm,host=b z=1 99999999");
    assert_eq!(parsed.rejected.count, 2);
    assert!(parsed.batches.is_empty());
    assert_eq!(known.series.len(), 0);
    assert_eq!(known.schema.measurements().len(), 0);
}

#[test]
fn over_the_series_limit_known_series_go_on() {
    let known = Known::new(1);
    let parsed = known.read(b"m,host=a x=1 1\nm,host=b x=1 1\nm,host=a x=2 2");
    assert_eq!(parsed.rows, 2);
    assert_eq!(parsed.rejected.over_series_limit, 1);
    assert!(matches!(parsed.rejected.named[0], (2, Reason::Series(_))));
}

#[test]
fn a_field_that_comes_later_is_absent_before() {
    let outcome = read("m a=1 1\nm a=1,b=2 2\nm b=3 3\nm a=5 4");
    let fields: Vec<usize> = outcome.rows.values().map(BTreeMap::len).collect();
    assert_eq!(fields, [1, 2, 1, 1]);
}

#[test]
fn units_and_missing_times() {
    let known = Known::new(10);
    let parsed = known.read_as(b"m a=1 2\nm a=2", 1_000);
    assert_eq!(parsed.batches[0].tables[0].times, [2_000, 1_000_000]);
    let parsed = known.read_as(b"m a=1 9223372036854775", 1_000_000);
    assert!(matches!(
        parsed.rejected.named[0].1,
        Reason::TimestampRange(_)
    ));
}

#[test]
fn a_line_that_is_no_text_costs_only_itself() {
    let known = Known::new(10);
    let parsed = known.read(b"m a=1 1\nm a=\"\xff\n\" 2\nm a=3 3");
    assert_eq!(parsed.rows, 2);
    assert_eq!(parsed.rejected.named, [(2, Reason::NotText)]);
}

#[test]
fn many_fields_of_few_rows_make_several_batches() {
    let mut text = String::new();
    for row in 0..6_000 {
        text.push_str(&format!("m f{}=1 {row}\n", row % 1_000));
    }
    let known = Known::new(10);
    let parsed = known.read(text.as_bytes());
    assert_eq!(parsed.rows, 6_000);
    assert!(parsed.batches.len() > 1);
    assert_eq!(known.outcome(&parsed).rows.len(), 6_000);
}

/// Text that is line protocol nearly always.
fn nearly_lines() -> impl Strategy<Value = String> {
    let name = "[a-c]|a\\\\ b|\\\\=x|ü\\\\,";
    let value = "[0-9]{1,3}(\\.[0-9]{1,3})?|-[0-9]{1,20}i|[0-9]{1,20}u|t|False|\"[a\\\\\" =,\n]{0,4}\"|1e[0-9]{1,3}|-?nan";
    let line = (
        name,
        proptest::collection::vec((name, name), 0..3),
        proptest::collection::vec((name, value), 1..4),
        proptest::option::of("-?[0-9]{1,8}"),
        proptest::option::weighted(
            0.2,
            (any::<proptest::sample::Index>(), "[,= \\\\\"\n\r#\ta]"),
        ),
    );
    let line = line.prop_map(|(measurement, tags, fields, time, damage)| {
        let mut text = measurement;
        for (tag, value) in tags {
            text.push_str(&format!(",{tag}={value}"));
        }
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        text.push(' ');
        text.push_str(&fields.join(","));
        if let Some(time) = time {
            text.push_str(&format!(" {time}"));
        }
        if let Some((index, damage)) = damage {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            text.insert_str(places[index.index(places.len())], &damage);
        }
        text
    });
    proptest::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_plain_reading_agrees(text in nearly_lines()) {
        let plain = reference::read(&text, NOW, *BOUNDS.start(), *BOUNDS.end());
        prop_assert_eq!(read(&text), plain);
    }

    #[test]
    fn any_text_reads_alike(text in "[mab,= \n\"\\\\1.i#\r\t-]{0,40}") {
        let plain = reference::read(&text, NOW, *BOUNDS.start(), *BOUNDS.end());
        prop_assert_eq!(read(&text), plain);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        Known::new(10).read(&bytes);
    }
}
