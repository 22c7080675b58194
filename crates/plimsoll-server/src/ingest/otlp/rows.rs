//! From points to the batch that the store appends: one row for all fields of a series at one time.

use std::ops::RangeInclusive;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use plimsoll::histogram::Histogram;

use super::attributes::Tags;
use super::histograms::empty_like;
use super::places::Place;
use super::points::{Point, PointValue, Sink, field_of};
use super::refusals::Refusals;
use super::streams::{Start, StreamKey, Streams};
use crate::services::Seen;
use crate::store::Store;
use crate::store::aggregate::cumulative::LONGEST_HOLE;
use crate::store::schema::{FieldError, Schema, Type};
use crate::store::series::SeriesIndex;
use crate::store::table::{Batch, Column, Kind, Nanos, SeriesId, Table, Values};

/// Collects the points of one request.
pub(super) struct Rows<'a> {
    store: &'a Store,
    streams: &'a Streams,
    now: Nanos,
    /// Whether these are the server's own.
    own: bool,
    tables: Vec<TableRows>,
    by_name: HashMap<Arc<str>, usize, RandomState>,
    /// The table of the point before.
    latest: usize,
    /// How many starts the streams knew when this began.
    starts: u64,
    pub(super) refusals: Refusals,
    /// Streams whose zero is in this batch.
    pub(super) started: Vec<(StreamKey, Nanos)>,
    /// Who sends the points that come next, if it is one process for sure.
    sender: Option<u64>,
    /// The latest time of each sender's points.
    pub(super) exports: HashMap<u64, Nanos, RandomState>,
    /// The resources of the request.
    pub(super) seen: Vec<Seen>,
}

struct TableRows {
    measurement: Arc<str>,
    /// When its rows may have been taken.
    times_taken: RangeInclusive<Nanos>,
    series: Vec<SeriesId>,
    times: Vec<Nanos>,
    rows: HashMap<(SeriesId, Nanos), usize, RandomState>,
    columns: Vec<ColumnRows>,
}

struct ColumnRows {
    name: Arc<str>,
    /// The field without the ending of its kind, its kind and type as sent.
    sent: (&'static str, Kind, Type),
    /// The kind to write with, or why the store refuses this field.
    fixed: Result<Kind, String>,
    values: Vec<(usize, PointValue)>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(store: &'a Store, streams: &'a Streams, now: Nanos) -> Self {
        Self {
            store,
            streams,
            now,
            own: false,
            tables: Vec::new(),
            by_name: HashMap::default(),
            latest: 0,
            starts: streams.starts(),
            refusals: Refusals::default(),
            started: Vec::new(),
            sender: None,
            exports: HashMap::default(),
            seen: Vec::new(),
        }
    }

    /// The same for points of the server itself.
    pub(super) fn own(self) -> Self {
        Self { own: true, ..self }
    }

    /// The rows as columns.
    pub(super) fn into_batch(self) -> Batch {
        let tables = self.tables.into_iter();
        let tables = tables.filter(|table| !table.times.is_empty());
        Batch {
            tables: tables.map(TableRows::into_table).collect(),
        }
    }

    /// The table of a measurement: mostly that of the point before.
    fn table(&mut self, measurement: &str) -> usize {
        let latest = self.tables.get(self.latest);
        if latest.is_none_or(|table| *table.measurement != *measurement) {
            let known = self.by_name.get(measurement).copied();
            self.latest = known.unwrap_or_else(|| self.new_table(measurement.into()));
        }
        self.latest
    }

    fn new_table(&mut self, measurement: Arc<str>) -> usize {
        self.by_name.insert(measurement.clone(), self.tables.len());
        self.tables.push(TableRows {
            times_taken: self.store.time_bounds(&measurement, self.now),
            measurement,
            series: Vec::new(),
            times: Vec::new(),
            rows: HashMap::default(),
            columns: Vec::new(),
        });
        self.tables.len() - 1
    }

    fn check_time(&mut self, bounds: &RangeInclusive<Nanos>, time: Nanos) -> Result<(), String> {
        if bounds.contains(&time) {
            return Ok(());
        }
        self.refusals.out_of_time += 1;
        Err(match time < *bounds.start() {
            true => "is older than what is kept (`store.raw_days`)".to_owned(),
            false => {
                "is too far in the future (`store.clock_future_secs`): check the sender's clock"
                    .to_owned()
            }
        })
    }

    /// Takes a point in.
    ///
    /// # Errors
    /// Why it cannot be kept, for whoever sent it.
    pub(super) fn add(&mut self, place: &Place, point: Point) -> Result<(), String> {
        let at = self.table(&place.measurement);
        let bounds = self.tables[at].times_taken.clone();
        self.check_time(&bounds, point.time)?;
        let table = &mut self.tables[at];
        let column = table.column(self.store.schema(), place, &point)?;
        let key = &*place.key;
        let index = self.store.series();
        let known = match self.own {
            true => index.intern_own(key, SeriesIndex::OWN_ROOM),
            false => index.intern_series(key, true),
        };
        let series = known.map_err(|limit| {
            self.refusals.over_series_limit += 1;
            format!("makes {limit}")
        })?;
        let (series, key) = (series.id(), &series.key);
        if let Some(start) = point.start
            && !place.goes_on(self.starts, start)
        {
            let key = (key.clone(), place.field);
            match self.streams.check(&key, start, point.time) {
                Start::Known => place.note_start(self.starts, start),
                Start::New => {
                    // The start of a service that runs for longer than rows are kept stays unknown.
                    // Of one that lay still for long, the sender's export before tells that it stood at zero then.
                    let lay_still = point.time - start > LONGEST_HOLE;
                    let before = self.sender.and_then(|sender| self.streams.export(sender));
                    let before = before.filter(|&at| lay_still && at > start && at < point.time);
                    let zero = before.unwrap_or(start);
                    if bounds.contains(&zero) {
                        let row = table.row(series, zero);
                        table.columns[column]
                            .values
                            .push((row, zero_of(&point.value)));
                    }
                    self.started.push((key, start));
                }
                Start::Conflict => {
                    return Err(
                        "is reported by two senders at once: give each a service.instance.id"
                            .to_owned(),
                    );
                }
            }
        }
        let row = table.row(series, point.time);
        table.columns[column].values.push((row, point.value));
        if let Some(sender) = self.sender {
            let export = self.exports.entry(sender).or_insert(point.time);
            *export = point.time.max(*export);
        }
        Ok(())
    }
}

impl Sink for Rows<'_> {
    fn resource(&mut self, tags: &Tags<'_>, scope: &str, library: bool) {
        // Without an instance several processes would be taken for one.
        let is_one = tags.get("instance").is_some();
        self.sender = is_one.then(|| self.streams.sender(&tags.sorted(), scope));
        let tag = |name| tags.get(name).unwrap_or_default().to_owned();
        self.seen.push(Seen {
            service: tag("service"),
            instance: tag("instance"),
            version: tag("version"),
            revision: tag("revision"),
            environment: tag("environment"),
            source: if library { "library" } else { "metric" }.to_owned(),
        });
    }

    fn point(&mut self, metric: &str, place: &Place, point: Point) {
        if let Err(reason) = self.add(place, point) {
            self.refuse(metric, 1, reason);
        }
    }

    fn refuse(&mut self, metric: &str, points: usize, reason: String) {
        self.refusals.add(points, format!("{metric} {reason}"));
    }
}

impl TableRows {
    fn row(&mut self, series: SeriesId, time: Nanos) -> usize {
        *self.rows.entry((series, time)).or_insert_with(|| {
            self.series.push(series);
            self.times.push(time);
            self.times.len() - 1
        })
    }

    /// The column of a point, made at its first value.
    fn column(&mut self, schema: &Schema, place: &Place, point: &Point) -> Result<usize, String> {
        let sent = (place.field, point.kind, point.value.value_type());
        let known = self.columns.iter().position(|column| column.sent == sent);
        let at = known.unwrap_or_else(|| {
            let name = field_of(place.field, point.kind);
            let fixed = schema
                .fix(&place.measurement, &name, sent.2, point.kind)
                .map_err(|refused| match refused {
                    FieldError::Type(conflict) => format!("changes its type: {conflict}"),
                    other => other.to_string(),
                });
            self.columns.push(ColumnRows {
                name: name.as_ref().into(),
                sent,
                fixed,
                values: Vec::new(),
            });
            self.columns.len() - 1
        });
        let ColumnRows { name, fixed, .. } = &self.columns[at];
        match fixed {
            // A field takes one kind for good.
            Ok(kind) if *kind == point.kind => Ok(at),
            Ok(kind) => Err(format!(
                "is {}, but {name} holds {}",
                words(point.kind),
                words(*kind)
            )),
            Err(reason) => Err(reason.clone()),
        }
    }

    fn into_table(self) -> Table {
        let rows = self.times.len();
        let columns = self
            .columns
            .into_iter()
            .filter(|column| !column.values.is_empty());
        let columns = columns.map(|column| column.into_column(rows)).collect();
        Table {
            measurement: self.measurement,
            series: self.series,
            times: self.times,
            columns,
        }
    }
}

impl ColumnRows {
    fn into_column(self, rows: usize) -> Column {
        let mut present = vec![false; rows];
        for (row, _) in &self.values {
            present[*row] = true;
        }
        let values = match self.sent.2 {
            Type::U64 => Values::U64(spread(self.values, rows, 0, |value| match value {
                PointValue::U64(value) => Some(value),
                _ => None,
            })),
            Type::Histogram => {
                let empty = Arc::new(Histogram::default());
                Values::Histogram(spread(self.values, rows, empty, |value| match value {
                    PointValue::Histogram(value) => Some(Arc::new(value)),
                    _ => None,
                }))
            }
            _ => Values::F64(spread(self.values, rows, 0.0, |value| match value {
                PointValue::F64(value) => Some(value),
                _ => None,
            })),
        };
        let present = if present.iter().all(|&present| present) {
            None
        } else {
            Some(present)
        };
        Column {
            name: self.name,
            kind: self.fixed.unwrap_or_default(),
            values,
            present,
        }
    }
}

impl PointValue {
    fn value_type(&self) -> Type {
        match self {
            PointValue::F64(_) => Type::F64,
            PointValue::U64(_) => Type::U64,
            PointValue::Histogram(_) => Type::Histogram,
        }
    }
}

/// One value per row; a later value of a row replaces an earlier one.
fn spread<T: Clone>(
    values: Vec<(usize, PointValue)>,
    rows: usize,
    default: T,
    unwrap: impl Fn(PointValue) -> Option<T>,
) -> Vec<T> {
    let one_each = values.len() == rows && (0..).zip(&values).all(|(at, (row, _))| at == *row);
    if one_each {
        let values = values.into_iter().filter_map(|(_, value)| unwrap(value));
        return values.collect();
    }
    let mut spread = vec![default; rows];
    for (row, value) in values {
        if let Some(value) = unwrap(value) {
            spread[row] = value;
        }
    }
    spread
}

fn zero_of(value: &PointValue) -> PointValue {
    match value {
        PointValue::F64(_) => PointValue::F64(0.0),
        PointValue::U64(_) => PointValue::U64(0),
        PointValue::Histogram(histogram) => PointValue::Histogram(empty_like(histogram)),
    }
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Gauge => "a state",
        Kind::Delta => "a difference",
        Kind::Cumulative => "a total",
    }
}
