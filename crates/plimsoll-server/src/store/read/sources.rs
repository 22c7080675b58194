//! The sources of a query's rows, and what is known of its hours.

use std::ops::Range;
use std::sync::Arc;

use super::blocks::BlockSource;
use super::catalog::{Catalog, Matching, Place};
use super::merge::Rows;
use super::plan::Hours;
use super::source::{MemorySource, Source, scan};
use crate::store::Store;
use crate::store::aggregate::cumulative::LONGEST_HOLE;
use crate::store::calendar::{Buckets, DAY, HOUR};
use crate::store::commit::{Commit, Hour};
use crate::store::damage::Damage;
use crate::store::error::StoreError;
use crate::store::rollup::density;
use crate::store::schema::Type;
use crate::store::table::{Kind, Nanos};
use crate::store::tier::Tier;

/// Rows of which measurement and columns are to be read, and when.
pub(crate) struct Wanted<'a> {
    pub(crate) measurement: &'a str,
    pub(crate) columns: &'a [Arc<str>],
    pub(crate) times: Range<Nanos>,
}

impl Store {
    /// Shows `visit` the rows of matching series in a tier, with the number of the series; tells what was missing. Raw rows come day by day, so that no more than a day of a series is in memory at once.
    pub(crate) fn read_rows(
        &self,
        tier: Tier,
        wanted: &Wanted<'_>,
        catalog: &mut Catalog<'_>,
        mut visit: impl FnMut(Place, &Matching, &Rows<'_>),
    ) -> Result<Vec<Damage>, StoreError> {
        let mut damage = Vec::new();
        for times in parts(tier, self.with_rows(&wanted.times)) {
            let wanted = Wanted {
                times: times.clone(),
                ..*wanted
            };
            let sources = self.sources(tier, &wanted, catalog)?;
            let series = catalog.matching().to_vec();
            scan(&sources, catalog.places_by_key(), times, |place, rows| {
                visit(place, &series[place as usize], rows);
            });
            damage.extend(sources.into_iter().flat_map(Source::into_damage));
        }
        Ok(damage)
    }

    /// In the order of their writing.
    fn sources<'a>(
        &self,
        tier: Tier,
        wanted: &Wanted<'a>,
        catalog: &mut Catalog<'_>,
    ) -> Result<Vec<Source<'a>>, StoreError> {
        let Wanted {
            measurement,
            columns,
            times,
        } = wanted;
        let last = times.end.saturating_sub(1);
        // Memory before files: rows that are sealed in between are seen twice rather than never.
        let runs = if tier == Tier::Raw {
            self.runs(measurement, times.start, last)
        } else {
            Vec::new()
        };
        let memory = runs.into_iter().map(|run| {
            (
                run.seal,
                Source::Memory(MemorySource::new(run, columns, &self.series, catalog)),
            )
        });
        let mut sources: Vec<(u64, Source<'a>)> = memory.collect();
        for file in self.files.overlapping(tier, times.start, last) {
            let view = file.view()?;
            for run in view
                .runs
                .iter()
                .filter(|run| &*run.measurement == *measurement)
            {
                if let Some(blocks) = BlockSource::new(&view, run, columns, times.clone(), catalog)
                {
                    sources.push((run.seal, Source::Blocks(blocks)));
                }
            }
        }
        sources.sort_by_key(|(seal, _)| *seal);
        Ok(sources.into_iter().map(|(_, source)| source).collect())
    }

    /// The part of a range in which there can be rows or rollups.
    pub(crate) fn with_rows(&self, times: &Range<Nanos>) -> Range<Nanos> {
        let files = self.files.all();
        let files = files
            .iter()
            .map(|file| (file.period.start(), file.period.end()));
        let runs = self
            .memory
            .all()
            .into_iter()
            .filter_map(|memtable| memtable.time_range());
        let runs = runs.map(|(first, last)| (first, last.saturating_add(1)));
        let all = files
            .chain(runs)
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        // Daily rollups begin at the time zone's midnight: up to a day from the file's.
        let (first, end) = all.unwrap_or((times.end, times.end));
        let first = Buckets::Fixed(HOUR).around(first.saturating_sub(DAY)).0;
        times.start.max(first)..times.end.min(end.saturating_add(DAY))
    }

    /// What is known of the hours of a range, for rows of a measurement.
    pub(crate) fn hours(&self, measurement: &str, times: &Range<Nanos>) -> Hours {
        let mut hours = Hours::default();
        self.add_unsealed_hours(&mut hours, measurement, times);
        self.add_sealed_hours(&mut hours, Some(measurement), times);
        hours
    }

    /// Whether a field is a number that stands for a state, or for a total whose sender does not say so.
    pub(crate) fn is_state(&self, measurement: &str, field: &str) -> bool {
        let field = self.schema.field(measurement, field);
        field.is_some_and(|field| {
            field.kind == Kind::Gauge
                && matches!(field.value_type, Type::F64 | Type::I64 | Type::U64)
        })
    }

    /// How far before a range to look for the sample from which a cumulative field counts on.
    pub(crate) fn look_back(&self, measurement: &str) -> Nanos {
        let fields = self.schema.fields(measurement);
        let accumulates = fields
            .iter()
            .any(|(_, field)| field.kind == Kind::Cumulative);
        if accumulates { LONGEST_HOLE } else { 0 }
    }

    /// Hours of a range in which a measurement has rows that are not sealed, and those that count on from them.
    pub(crate) fn add_unsealed_hours(
        &self,
        hours: &mut Hours,
        measurement: &str,
        times: &Range<Nanos>,
    ) {
        let last = times.end.saturating_sub(1);
        let after = self.look_back(measurement) / HOUR;
        for run in self.runs(measurement, times.start.saturating_sub(HOUR), last) {
            let (first, last) = (run.first.div_euclid(HOUR), run.last.div_euclid(HOUR));
            if last - first < 2 {
                (first..=last + after).for_each(|hour| hours.mark_unsealed(hour));
            } else {
                let mut known = Hour::MIN;
                for hour in run.table.times.iter().map(|time| time.div_euclid(HOUR)) {
                    if hour != known {
                        (hour..=hour + after).for_each(|hour| hours.mark_unsealed(hour));
                        known = hour;
                    }
                }
            }
        }
    }

    /// Hours of a range as the files know them; of one measurement, or of all together.
    pub(crate) fn add_sealed_hours(
        &self,
        hours: &mut Hours,
        measurement: Option<&str>,
        times: &Range<Nanos>,
    ) {
        // A day of the time zone reaches into the hours around the range.
        let (first, last) = (
            times.start.saturating_sub(DAY),
            times.end.saturating_add(DAY),
        );
        let mut next = Vec::new();
        for tier in Tier::ALL {
            for file in self.files.overlapping(tier, first, last) {
                if tier == Tier::Raw {
                    hours.keep_raw_day(file.period.start().div_euclid(HOUR));
                }
                let begins = match measurement {
                    Some(measurement) if tier == Tier::TenMinutes => {
                        density::begins(&file, measurement)
                    }
                    _ => Hour::MIN,
                };
                for commit in file.commits().iter() {
                    for (&hour, &seal) in commit.touched.iter().filter(|_| tier == Tier::Raw) {
                        hours.touch(hour, seal);
                        // The hour after counts on from the last sample of this one.
                        next.extend(accumulates(commit).then_some((hour + 1, seal)));
                    }
                    let covers = commit.covers.iter().filter(|(hour, _)| **hour >= begins);
                    covers.for_each(|(&hour, &seal)| hours.cover(tier, hour, seal));
                }
            }
        }
        for (hour, seal) in next {
            if hours.touched_by(hour).is_some() {
                hours.touch(hour, seal);
            }
        }
    }
}

fn accumulates(commit: &Commit) -> bool {
    commit
        .fields
        .values()
        .flat_map(|fields| fields.values())
        .any(|field| field.kind == Kind::Cumulative)
}

/// Raw rows are read day by day.
fn parts(tier: Tier, times: Range<Nanos>) -> impl Iterator<Item = Range<Nanos>> {
    let mut at = times.start;
    std::iter::from_fn(move || {
        let start = at;
        at = if tier == Tier::Raw {
            Buckets::Fixed(DAY).around(start).1.min(times.end)
        } else {
            times.end
        };
        (start < times.end).then_some(start..at)
    })
}
