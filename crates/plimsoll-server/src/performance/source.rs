//! Who is believed when several measured the same requests.
//!
//! A service may send what our library measured, metrics of another SDK, spans, and be scraped, too. Of a period every service is read from
//! one source; only where a better one begins or ends within the period, the other fills the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::{MINUTE, Period, Scope, count, field, query, tag, tag_of};
use crate::reading::Reading;
use crate::store::Store;
use crate::store::key;
use crate::store::query::{Aggregate, Condition, TagFilter};
use crate::store::read::error::QueryError;
use crate::store::schema::CUMULATIVE;
use crate::store::table::Nanos;

/// Sources, the best first; rows that name none were written by hand.
const RANKING: [&str; 5] = ["library", "metric", "scrape", "span", ""];
/// Those that tell totals, among the [`RANKING`]. Rows that were scraped long ago have the source `metric`.
const TOTALS: [usize; 2] = [1, 2];
/// In how many steps a period is looked at.
const STEPS: Nanos = 60;

/// A part of a period in which matching series come from one source each.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) filter: Vec<TagFilter>,
    pub(super) period: Period,
}

/// The pieces to read so that every request in `period` counts once.
pub(super) fn pieces(
    reading: &mut Reading<'_>,
    scope: &Scope,
    period: Period,
) -> Result<Vec<Piece>, QueryError> {
    let mixed = mixed(reading.store(), period);
    let mut rest = scope.filter();
    rest.extend(
        mixed
            .iter()
            .map(|service| tag("service", Condition::NotEqual(service.clone()))),
    );
    let mut pieces = vec![Piece {
        filter: rest,
        period,
    }];
    for service in mixed.iter().filter(|service| scope.includes(service)) {
        let spans = spans(reading, service, period)?;
        let shares = shares(spans.into_iter(), period);
        pieces.extend(shares.into_iter().map(|(rank, period)| Piece {
            filter: vec![
                tag("service", Condition::Equal(service.clone())),
                tag("source", Condition::Equal(RANKING[rank].to_owned())),
            ],
            period,
        }));
    }
    Ok(pieces)
}

/// The services that more than one source may have measured in `period`; reads indexes only.
fn mixed(store: &Store, period: Period) -> BTreeSet<String> {
    let mut sources: BTreeMap<String, String> = BTreeMap::new();
    let mut mixed = BTreeSet::new();
    for series in store.series_keys("http_requests", period.start..period.end) {
        let service = key::tag_value(&series, "service");
        let source = key::tag_value(&series, "source");
        match sources.get(&*service) {
            Some(known) if *known != source => {
                mixed.insert(service.into_owned());
            }
            Some(_) => {}
            None => {
                sources.insert(service.into_owned(), source.into_owned());
            }
        }
    }
    mixed
}

/// When each source of a service counted anything, the best first.
fn spans(
    reading: &mut Reading<'_>,
    service: &str,
    period: Period,
) -> Result<BTreeMap<usize, Period>, QueryError> {
    let step = ((period.end - period.start) / STEPS).max(MINUTE);
    let filter = vec![tag("service", Condition::Equal(service.to_owned()))];
    let mut ask = query("http_requests", period, &["source"], filter);
    ask.fields = vec![field("duration", Aggregate::Count)];
    ask.step = Some(step);
    let mut spans = BTreeMap::new();
    for series in reading.ask(&ask)? {
        let source = tag_of(&series.tags, "source");
        let Some(rank) = RANKING.iter().position(|known| *known == source) else {
            continue;
        };
        let counted = |row: usize| count(&series.columns[0][row]) > 0;
        let mut rows = (0..series.times.len()).filter(|&row| counted(row));
        let Some(first) = rows.next() else { continue };
        let last = rows.next_back().unwrap_or(first);
        let span = Period {
            start: series.times[first],
            end: series.times[last].saturating_add(step),
        };
        spans.insert(rank, span);
    }
    for rank in TOTALS {
        let Some(totals) = spans.get_mut(&rank) else {
            continue;
        };
        let before = Period {
            start: period.start,
            end: totals.start,
        };
        let begin = begin_of_totals(reading, service, RANKING[rank], before)?;
        totals.start = begin.unwrap_or(totals.start);
    }
    Ok(spans)
}

/// When the first total in a period began to grow, which is where its zero stands: it counts what came since then.
fn begin_of_totals(
    reading: &mut Reading<'_>,
    service: &str,
    source: &str,
    period: Period,
) -> Result<Option<Nanos>, QueryError> {
    if period.start >= period.end {
        return Ok(None);
    }
    let filter = vec![
        tag("service", Condition::Equal(service.to_owned())),
        tag("source", Condition::Equal(source.to_owned())),
    ];
    let mut ask = query("http_requests", period, &[], filter);
    let name = format!("duration{CUMULATIVE}");
    if reading
        .store()
        .schema()
        .field("http_requests", &name)
        .is_none()
    {
        return Ok(None);
    }
    ask.fields = vec![field(&name, Aggregate::None)];
    let found = reading.ask(&ask)?;
    Ok(found
        .iter()
        .filter_map(|series| series.times.first().copied())
        .min())
}

/// Which source is read when; `sources` come best first, each with the time in which it sent.
fn shares(sources: impl Iterator<Item = (usize, Period)>, period: Period) -> Vec<(usize, Period)> {
    let mut free = vec![period];
    let mut shares = Vec::new();
    for (rank, span) in sources {
        let mut left = Vec::new();
        for gap in free {
            let taken = Period {
                start: gap.start.max(span.start),
                end: gap.end.min(span.end),
            };
            if taken.start >= taken.end {
                left.push(gap);
                continue;
            }
            shares.push((rank, taken));
            left.extend([
                Period {
                    end: taken.start,
                    ..gap
                },
                Period {
                    start: taken.end,
                    ..gap
                },
            ]);
        }
        free = left.into_iter().filter(|gap| gap.start < gap.end).collect();
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(start: Nanos, end: Nanos) -> Period {
        Period { start, end }
    }

    #[test]
    fn a_better_source_wins_where_it_sent_and_the_other_fills_the_rest() {
        let sources = [(0, period(20, 40)), (1, period(0, 60))];
        let shares = shares(sources.into_iter(), period(5, 50));
        assert_eq!(
            shares,
            [(0, period(20, 40)), (1, period(5, 20)), (1, period(40, 50))]
        );
    }

    #[test]
    fn three_sources_never_overlap() {
        let sources = [
            (0, period(10, 20)),
            (1, period(15, 40)),
            (2, period(0, 100)),
        ];
        let mut shares = shares(sources.into_iter(), period(0, 100));
        shares.sort_by_key(|(_, period)| period.start);
        let expected = [
            (2, period(0, 10)),
            (0, period(10, 20)),
            (1, period(20, 40)),
            (2, period(40, 100)),
        ];
        assert_eq!(shares, expected);
    }
}
