//! Line protocol into tables.
//!
//! The usual line (a known series, the fields of the line before) is read once, left to right, without allocating. Whatever is
//! new about a line (its series, a field) makes it checked as a whole first, so that a line that is refused leaves no trace in
//! the series index or the schema.

use std::ops::RangeInclusive;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::store::schema::{Schema, Type};
use crate::store::series::SeriesIndex;
use crate::store::table::{Batch, Kind, Nanos, SeriesId};

use super::line::{Line, time};
use super::reason::Reason;
use super::rejected::Rejected;
use super::scan;
use super::tables::{OtherType, TableBuilder};

/// A batch is cut at so many rows …
const BATCH_ROWS: usize = 50_000;
/// … or so many values and gaps, whichever comes first: few rows may have many fields each of its own.
const BATCH_CELLS: usize = 4_000_000;

/// What lines are read against.
pub struct Context<'a> {
    /// Known series.
    pub series: &'a SeriesIndex,
    /// Known fields.
    pub schema: &'a Schema,
    /// Time of lines that have none, and the middle of the times that are taken.
    pub now: Nanos,
    /// Nanoseconds of one unit of the times.
    pub unit: Nanos,
    /// Times that rows of a measurement may have.
    pub bounds: &'a (dyn Fn(&str) -> RangeInclusive<Nanos> + Sync),
}

/// What was read.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The good lines.
    pub batches: Vec<Batch>,
    /// Number of good lines.
    pub rows: usize,
    /// The others.
    pub rejected: Rejected,
}

/// Reads all lines of `text`.
pub fn parse(text: &[u8], context: &Context<'_>) -> Parsed {
    let mut parser = Parser {
        context,
        tables: Vec::new(),
        by_raw: HashMap::default(),
        current: 0,
        line: 1,
        bytes_left: text.len(),
        parsed: Parsed::default(),
    };
    match std::str::from_utf8(text) {
        Ok(text) => parser.lines(text),
        // Somebody's line is no text; the others are good.
        Err(_) => parser.lines_one_by_one(text),
    }
    parser.cut_batch();
    parser.parsed
}

struct Parser<'a> {
    context: &'a Context<'a>,
    tables: Vec<TableBuilder>,
    /// Where the table of a measurement is, by its text.
    by_raw: HashMap<Box<[u8]>, usize, RandomState>,
    /// The table of the line before.
    current: usize,
    /// Number of the line that is being read.
    line: usize,
    bytes_left: usize,
    parsed: Parsed,
}

impl Parser<'_> {
    fn lines_one_by_one(&mut self, text: &[u8]) {
        let mut start = 0;
        while start < text.len() {
            let end = scan::line_end(text, start);
            let line = &text[start..end];
            match std::str::from_utf8(line) {
                Ok(line) => self.lines(line),
                Err(_) => {
                    let text = String::from_utf8_lossy(line);
                    self.parsed.rejected.add(self.line, Reason::NotText, &text);
                    self.line += newlines(line);
                }
            }
            self.line += 1;
            start = end + 1;
        }
    }

    fn lines(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        loop {
            at = scan::skip_spaces(bytes, at);
            match bytes.get(at) {
                None => return,
                Some(b'\n') => {
                    at += 1;
                    self.line += 1;
                    continue;
                }
                Some(b'\r') if matches!(bytes.get(at + 1), None | Some(b'\n')) => {
                    at += 1;
                    continue;
                }
                Some(b'#') => {
                    at = memchr::memchr(b'\n', &bytes[at..])
                        .map_or(bytes.len(), |length| at + length);
                    continue;
                }
                Some(_) => {}
            }
            self.bytes_left = bytes.len() - at;
            let end = match self.read(text, at) {
                Ok(end) => {
                    self.parsed.rows += 1;
                    end
                }
                Err(reason) => {
                    for table in &mut self.tables {
                        table.undo_row();
                    }
                    let end = scan::line_end(bytes, at);
                    self.parsed.rejected.add(self.line, reason, &text[at..end]);
                    end
                }
            };
            // Only strings hold newlines, and only they make a line long enough to be worth a look.
            self.line += newlines(&bytes[at..end]);
            at = end;
        }
    }

    /// Reads the line at `start`; returns where it ends.
    fn read(&mut self, text: &str, start: usize) -> Result<usize, Reason> {
        let bytes = text.as_bytes();
        let key_end = scan::key_end(bytes, start);
        let key = &bytes[start..key_end];
        let mut checked = false;
        let series = match self.context.series.cached(key) {
            Some(series) => series,
            None => self.new_series(text, start, key, &mut checked)?,
        };
        self.find_table(&text[start..key_end]);

        let mut at = scan::skip_spaces(bytes, key_end);
        let mut guess = 0;
        loop {
            let (column, value_at) = self.column(text, start, at, guess, &mut checked)?;
            let table = &mut self.tables[self.current];
            let (value, after) =
                scan::value(text, value_at, || table.columns[column].name.to_string())?;
            if let Err(OtherType) = table.put(column, value) {
                let (measurement, field) = (&table.measurement, &table.columns[column].name);
                // The schema makes the better sentence; if it disagrees, the field is new in this very line.
                self.context
                    .schema
                    .fix(measurement, field, value.value_type(), Kind::Gauge)?;
                let field = field.to_string();
                return Err(Reason::BadValue {
                    field,
                    value: scan::short(&text[value_at..after]),
                });
            }
            guess = column + 1;
            at = after;
            if bytes.get(at) != Some(&b',') {
                break;
            }
            at += 1;
        }
        let (time, end) = time(text, at, self.context)?;
        let table = &mut self.tables[self.current];
        self.context.check_time(time, &table.bounds)?;
        table.end_row(series, time);
        if table.rows() >= BATCH_ROWS || table.cells() >= BATCH_CELLS {
            self.cut_batch();
        }
        Ok(end)
    }

    /// The column whose name stands at `at`, and where its value starts.
    #[inline]
    fn column(
        &mut self,
        text: &str,
        start: usize,
        at: usize,
        guess: usize,
        checked: &mut bool,
    ) -> Result<(usize, usize), Reason> {
        let table = &self.tables[self.current];
        let rest = &text.as_bytes()[at..];
        // Lines of a measurement name their fields in the same order, nearly always.
        if let Some(column) = table.columns.get(guess)
            && rest.starts_with(&column.raw)
        {
            return Ok((guess, at + column.raw.len()));
        }
        let found = table
            .columns
            .iter()
            .position(|column| rest.starts_with(&column.raw));
        if let Some(found) = found {
            return Ok((found, at + table.columns[found].raw.len()));
        }
        self.new_column(text, start, at, checked)
    }

    #[cold]
    fn new_column(
        &mut self,
        text: &str,
        start: usize,
        at: usize,
        checked: &mut bool,
    ) -> Result<(usize, usize), Reason> {
        if !*checked {
            Line::read(text, start, self.context)?.check(self.context)?;
            *checked = true;
        }
        let bytes = text.as_bytes();
        let name_end = scan::name_end(bytes, at);
        let value_at = name_end + 1;
        let name: Arc<str> = scan::unescape(&text[at..name_end], scan::IN_NAME).into();
        let (value, _) = scan::value(text, value_at, || name.to_string())?;
        let table = &mut self.tables[self.current];
        // Two spellings of one name (`a\b` needs none) would make two columns of one field.
        if let Some(known) = table.columns.iter().position(|column| column.name == name) {
            return Ok((known, value_at));
        }
        if table.columns.len() >= Schema::MAX_FIELDS_EACH {
            return Err(Reason::TooManyFields(scan::short(&name)));
        }
        let value_type = value.value_type();
        let kind = self
            .context
            .schema
            .fix(&table.measurement, &name, value_type, Kind::Gauge)?;
        let column = table.add_column(&bytes[at..value_at], name, kind, value_type);
        Ok((column, value_at))
    }

    #[cold]
    fn new_series(
        &mut self,
        text: &str,
        start: usize,
        key: &[u8],
        checked: &mut bool,
    ) -> Result<SeriesId, Reason> {
        let line = Line::read(text, start, self.context)?;
        line.check(self.context)?;
        *checked = true;
        let series = self.context.series.intern(&line.measurement, &line.tags)?;
        self.context.series.remember(key, series);
        Ok(series)
    }

    /// Makes the table of the line with this key the current one.
    #[inline]
    fn find_table(&mut self, key: &str) {
        let bytes = key.as_bytes();
        let is_of = |table: &TableBuilder| {
            bytes.starts_with(&table.raw) && matches!(bytes.get(table.raw.len()), None | Some(b','))
        };
        if self.tables.get(self.current).is_some_and(is_of) {
            return;
        }
        let raw = &key[..scan::measurement_end(bytes)];
        self.current = match self.by_raw.get(raw.as_bytes()) {
            Some(known) => *known,
            None => self.new_table(raw),
        };
    }

    #[cold]
    fn new_table(&mut self, raw: &str) -> usize {
        let measurement: Arc<str> = scan::unescape(raw, scan::IN_MEASUREMENT).into();
        let bounds = (self.context.bounds)(&measurement);
        // The first table mostly is the only one: 100 bytes a line is little.
        let capacity = if self.tables.is_empty() {
            (self.bytes_left / 100).clamp(1, BATCH_ROWS / 10)
        } else {
            0
        };
        self.tables.push(TableBuilder::new(
            raw.as_bytes(),
            measurement,
            bounds,
            capacity,
        ));
        let index = self.tables.len() - 1;
        self.by_raw.insert(raw.as_bytes().into(), index);
        index
    }

    fn cut_batch(&mut self) {
        self.by_raw.clear();
        let full = self.tables.drain(..).filter(|table| table.rows() > 0);
        let tables: Vec<_> = full.map(TableBuilder::finish).collect();
        if !tables.is_empty() {
            self.parsed.batches.push(Batch { tables });
        }
    }
}

impl Context<'_> {
    pub(super) fn check_time(
        &self,
        time: Nanos,
        bounds: &RangeInclusive<Nanos>,
    ) -> Result<(), Reason> {
        const SECOND: Nanos = 1_000_000_000;
        if time > *bounds.end() {
            return Err(Reason::InFuture(time.saturating_sub(self.now) / SECOND));
        }
        if time < *bounds.start() {
            return Err(Reason::TooOld(self.now.saturating_sub(time) / SECOND));
        }
        Ok(())
    }

    /// Whether a field could take a value of this type.
    pub(super) fn check_type(
        &self,
        measurement: &str,
        field: &str,
        value_type: Type,
    ) -> Result<(), Reason> {
        match self.schema.field(measurement, field) {
            Some(stored) if stored.value_type != value_type => {
                self.schema
                    .fix(measurement, field, value_type, Kind::Gauge)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn newlines(text: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', text).count()
}
