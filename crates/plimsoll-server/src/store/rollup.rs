//! Rollups: what the raw rows of 10 minutes, an hour or a day come to, computed once and again when rows come late.
//!
//! Which hours need it follows from what the files say of themselves: a raw commit names the hours it touched and by
//! which seal, a rollup commit the hours it covers and up to which seal. An hour that a later seal touched is computed
//! again from its raw rows; the later commit's rows overwrite those before.

pub(crate) mod density;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::Store;
use super::aggregate::Aggregation;
use super::aggregate::cell::Needs;
use super::calendar::{Buckets, HOUR, MINUTE};
use super::commit::Hour;
use super::damage::Damage;
use super::day_file::DayFile;
use super::error::StoreError;
use super::read::catalog::{Catalog, Grouping, Place};
use super::read::filter::SeriesFilter;
use super::read::plan::{Hours, hours};
use super::read::sources::Wanted;
use super::read::support::{rolled_histogram, rolled_last};
use super::schema::Field;
use super::table::Nanos;
use super::tier::{Period, Tier};
use writer::RollupWriter;

/// Scale of the histograms that rollups make of single values: 8 buckets per power of two, a percentile within ±4.3 %.
/// One finer (±2.2 %) would fill up to twice as many buckets, and histograms are most of an hour's rollup.
pub(crate) const GAUGE_SCALE: i8 = 3;

/// After the end of an hour or day its rollup waits so long for rows that are under way.
const GRACE: Nanos = 2 * MINUTE;

/// An hour whose rows keep coming is not waited for longer than this.
const LONGEST_WAIT: Nanos = 6 * HOUR;

pub(crate) type Fields = Vec<(Arc<str>, Field)>;

impl Store {
    /// Computes the rollups of the hours and days that are over and sealed and have rows which theirs do not know.
    /// Returns how many hours were computed. Blocking.
    ///
    /// # Errors
    /// When a file cannot be read or written; what was computed before stays, the rest is computed next time.
    pub(crate) fn roll_up(&self, now: Nanos) -> Result<usize, StoreError> {
        let all = self.with_rows(&(Nanos::MIN..Nanos::MAX));
        let mut known = Hours::default();
        for measurement in self
            .memory
            .all()
            .iter()
            .flat_map(|memtable| memtable.measurements())
        {
            self.add_unsealed_hours(&mut known, &measurement, &all);
        }
        self.add_sealed_hours(&mut known, None, &all);
        let mut computed = 0;
        let dirty = dirty_hours(&known, now);
        for (hour, seal) in dirty
            .into_iter()
            .filter(|&(hour, seal)| self.is_readable(hour, seal))
        {
            let was_covered = known.is_covered(Tier::Hourly, hour);
            if self.roll_up_hour(hour, seal, was_covered)? {
                known.cover(Tier::TenMinutes, hour, seal);
                known.cover(Tier::Hourly, hour, seal);
                computed += 1;
            }
        }
        let days = Buckets::Days(self.config.time_zone.clone());
        for day in dirty_days(&known, &days, now) {
            self.roll_up_day(&known, day)?;
        }
        Ok(computed)
    }

    /// Whether all raw rows of a time are in clean hourly rollups, so that they may go.
    pub(crate) fn is_rolled_up(&self, times: &Range<Nanos>) -> bool {
        let mut known = Hours::default();
        self.add_sealed_hours(&mut known, None, times);
        hours(times)
            .all(|hour| known.touched_by(hour).is_none() || known.is_clean(Tier::Hourly, hour))
    }

    /// Whether the hour was computed: one that has a rollup already is not, when raw rows turn out to be damaged.
    fn roll_up_hour(&self, hour: Hour, seal: u64, was_covered: bool) -> Result<bool, StoreError> {
        let times = hour * HOUR..(hour + 1) * HOUR;
        let tiers = [(Tier::TenMinutes, 10 * MINUTE), (Tier::Hourly, HOUR)];
        let files = tiers.map(|(tier, _)| self.files.file(Period::of(tier, times.start)));
        let [mut ten_minutes, mut hourly] = [files[0].append(seal), files[1].append(seal)];
        for measurement in self.sealed_measurements(Tier::Raw, &times)? {
            let fields = self.schema.fields(&measurement);
            let columns: Vec<Arc<str>> = fields.iter().map(|(name, _)| name.clone()).collect();
            let with_before = times.start - self.look_back(&measurement)..times.end;
            let wanted = Wanted {
                measurement: &measurement,
                columns: &columns,
                times: with_before,
            };
            let mut appenders = vec![(&mut hourly, 1)];
            if self.wants_ten_minutes(&measurement, hour, &files[0])? {
                appenders.push((&mut ten_minutes, 0));
            }
            let writer = |(appender, at): (_, usize)| {
                let (tier, width) = tiers[at];
                let rollup = aggregation(tier, &fields, Buckets::Fixed(width), &times);
                let (file, measurement) = (files[at].clone(), measurement.clone());
                RollupWriter::new(appender, file, measurement, fields.clone(), rollup)
            };
            let mut writers: Vec<RollupWriter<'_, '_>> =
                appenders.into_iter().map(writer).collect();
            let damage = self.write_rollup(Tier::Raw, &wanted, &mut writers, true)?;
            if was_covered && !damage.is_empty() {
                self.unreadable_hours.lock().insert(hour, seal);
                return Ok(false);
            }
        }
        ten_minutes
            .commit([(hour, seal)])
            .map_err(|error| write_error(&files[0], error))?;
        hourly
            .commit([(hour, seal)])
            .map_err(|error| write_error(&files[1], error))?;
        Ok(true)
    }

    /// From hourly rollups where the day's hours are the clock's, else (time zones off by half an hour) from raw rows.
    fn roll_up_day(&self, known: &Hours, times: Range<Nanos>) -> Result<(), StoreError> {
        let source = source_of_day(&times);
        let touched = hours(&times).filter_map(|hour| Some((hour, known.touched_by(hour)?)));
        let covers: BTreeMap<Hour, u64> = touched.collect();
        let seal = covers.values().copied().max().unwrap_or(0);
        let file = self.files.file(Period::of(Tier::Daily, times.start));
        let mut appender = file.append(seal);
        for measurement in self.sealed_measurements(source, &times)? {
            let fields = self.schema.fields(&measurement);
            let days = Buckets::Days(self.config.time_zone.clone());
            let rollup = aggregation(Tier::Daily, &fields, days, &times);
            let columns = match source {
                Tier::Raw => rollup.field_names(),
                _ => rollup
                    .rollup_names(|name| Some(self.schema.field(&measurement, name)?.value_type)),
            };
            let look_back = if source == Tier::Raw {
                self.look_back(&measurement)
            } else {
                0
            };
            let with_before = times.start - look_back..times.end;
            let wanted = Wanted {
                measurement: &measurement,
                columns: &columns,
                times: with_before,
            };
            let mut writer = [RollupWriter::new(
                &mut appender,
                file.clone(),
                measurement.clone(),
                fields,
                rollup,
            )];
            // A day of raw rows is read in two parts: no series is complete before both are.
            self.write_rollup(source, &wanted, &mut writer, source != Tier::Raw)?;
        }
        appender
            .commit(covers)
            .map_err(|error| write_error(&file, error))
    }

    /// Reads rows series by series, adds them to each writer, and lets it write what a series came to: as soon as the
    /// next begins, or at the end. Tells what could not be read.
    fn write_rollup(
        &self,
        source: Tier,
        wanted: &Wanted<'_>,
        writers: &mut [RollupWriter<'_, '_>],
        series_by_series: bool,
    ) -> Result<Vec<Damage>, StoreError> {
        let no_filter = SeriesFilter::new(&[]).expect("no conditions, no expression");
        let mut catalog = Catalog::new(no_filter, Grouping::By(&[]));
        let mut current: Option<Place> = None;
        let mut written: Result<(), StoreError> = Ok(());
        let damage = self.read_rows(source, wanted, &mut catalog, |place, series, rows| {
            let next = current.replace(place) != Some(place);
            for writer in writers.iter_mut() {
                if next && series_by_series && written.is_ok() {
                    written = writer.write_finished();
                }
                writer.add(source, place, series, rows);
            }
        })?;
        written?;
        writers.iter_mut().try_for_each(RollupWriter::finish)?;
        Ok(damage)
    }

    /// The measurements with sealed rows around a time, sorted.
    fn sealed_measurements(
        &self,
        tier: Tier,
        times: &Range<Nanos>,
    ) -> Result<BTreeSet<Arc<str>>, StoreError> {
        let mut measurements = BTreeSet::new();
        for file in self.files.overlapping(tier, times.start, times.end - 1) {
            measurements.extend(file.view()?.runs.iter().map(|run| run.measurement.clone()));
        }
        Ok(measurements)
    }

    /// Whether an hour's raw rows were not found damaged when they were read for this seal.
    fn is_readable(&self, hour: Hour, seal: u64) -> bool {
        self.unreadable_hours
            .lock()
            .get(&hour)
            .is_none_or(|&read| read < seal)
    }
}

/// The hours whose rollups are to be computed, and up to which seal: over, sealed, with rows that theirs do not know.
fn dirty_hours(known: &Hours, now: Nanos) -> Vec<(Hour, u64)> {
    let dirty = known.touched().filter(|&(hour, seal)| {
        let end = (hour + 1) * HOUR;
        let covered = [Tier::TenMinutes, Tier::Hourly]
            .iter()
            .all(|&tier| known.covers(tier, hour, seal));
        !covered && end + GRACE <= now && (!known.is_unsealed(hour) || end + LONGEST_WAIT <= now)
    });
    let mut dirty: Vec<(Hour, u64)> = dirty.collect();
    dirty.sort_unstable();
    dirty
}

/// The days of the time zone whose rollups are to be computed: over, with all hours computed, and one of them since.
fn dirty_days(known: &Hours, days: &Buckets, now: Nanos) -> Vec<Range<Nanos>> {
    let behind = known
        .touched()
        .filter(|&(hour, seal)| !known.covers(Tier::Daily, hour, seal));
    // An hour may lie in two days where the time zone is off by half an hour.
    let ends = behind.flat_map(|(hour, _)| [hour * HOUR, (hour + 1) * HOUR - 1]);
    let days: BTreeSet<(Nanos, Nanos)> = ends.map(|time| days.around(time)).collect();
    let ready = |&(start, end): &(Nanos, Nanos)| {
        let all_hours = || {
            hours(&(start..end)).all(|hour| {
                let computed = known
                    .touched_by(hour)
                    .is_none_or(|seal| known.covers(Tier::Hourly, hour, seal));
                let raw_is_there = known.has_raw(hour) || !known.is_covered(Tier::Daily, hour);
                computed && (source_of_day(&(start..end)) == Tier::Hourly || raw_is_there)
            })
        };
        end + GRACE <= now && all_hours()
    };
    days.into_iter()
        .filter(ready)
        .map(|(start, end)| start..end)
        .collect()
}

fn source_of_day(times: &Range<Nanos>) -> Tier {
    let of_hours = times.start % HOUR == 0 && times.end % HOUR == 0;
    if of_hours { Tier::Hourly } else { Tier::Raw }
}

/// What a tier keeps of each field.
fn aggregation(tier: Tier, fields: &Fields, buckets: Buckets, times: &Range<Nanos>) -> Aggregation {
    let needs = |field: Field| Needs {
        summary: true,
        last: rolled_last(tier, field),
        peak: true,
        values: false,
        histogram: rolled_histogram(tier, field),
    };
    let fields = fields
        .iter()
        .map(|(name, field)| (name.clone(), needs(*field)));
    Aggregation::for_rollup(fields, buckets, times.start, times.end, GAUGE_SCALE)
}

fn write_error(file: &DayFile, source: std::io::Error) -> StoreError {
    StoreError::io("write", file.path(), source)
}

#[cfg(test)]
mod tests;
