//! Where the values of a series go: measurement, tags, field, and the row for them.

use std::sync::Arc;

use super::buckets::Buckets;
use super::context::{Context, nanos};
use super::family::{Family, Role};
use super::lexer::{self, Malformed};
use super::page::Page;
use super::sample::{NEW_REQUESTS, OLD_REQUESTS, Sample, exposed_as};
use super::tables::{CellValues, NOBODY, Rows};
use crate::store::key;
use crate::store::table::Nanos;

/// Where a value goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) rows: u32,
    pub(super) row: u32,
    column: u32,
    part: Part,
    /// Who must have its cell for it to be put there: the sample, or of a histogram the family.
    owner: u32,
}

/// What of the field a value is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// All of it.
    Number,
    /// What lacks to 1.
    Complement,
    /// The bucket with this number.
    Bucket(u32),
    Sum,
    Count,
    /// Nothing: it tells when the row's totals began.
    Start,
}

/// Why a series has no place.
pub(super) enum Refused {
    Malformed(Malformed),
    /// For the store's limit of series.
    SeriesLimit(String),
    Other(String),
}

impl From<Malformed> for Refused {
    fn from(reason: Malformed) -> Self {
        Self::Malformed(reason)
    }
}

impl Place {
    /// Puts a value into its cell. NaN is no value.
    #[inline]
    pub(super) fn put(self, rows: &mut Rows, value: f64, scrape: u32) -> Result<(), &'static str> {
        if !value.is_finite() {
            // A total of nothing yet, a quantile without values: left out.
            if value.is_nan() && matches!(self.part, Part::Number | Part::Complement | Part::Sum) {
                return Ok(());
            }
            return Err("has a value that is not finite");
        }
        let cell = |rows: &mut Rows, put: &dyn Fn(&mut Buckets)| {
            let cells = &mut rows.columns[self.column as usize];
            if let CellValues::Histogram(all) = &mut cells.values
                && let Some(buckets) = &mut all[self.row as usize]
            {
                put(buckets);
            }
        };
        match self.part {
            Part::Number => return rows.set_number(self.column, self.row, value, scrape),
            Part::Complement => return rows.set_number(self.column, self.row, 1.0 - value, scrape),
            Part::Bucket(bucket) => cell(rows, &|all| all.put(bucket as usize, value, scrape)),
            Part::Sum => cell(rows, &|all| all.put_sum(value, scrape)),
            Part::Count => cell(rows, &|all| all.put_count(value, scrape)),
            Part::Start => {
                if let Some(start) = nanos(value).filter(|&start| start > 0) {
                    rows.set_start(self.row as usize, start);
                }
            }
        }
        Ok(())
    }
}

impl Page {
    /// Finds or makes the place of the series with this text; `number` is its entry's.
    pub(super) fn place(
        &mut self,
        text: &[u8],
        number: u32,
        family: &Family,
        context: &Context<'_>,
        before: Option<Nanos>,
    ) -> Result<Place, Refused> {
        let (name, labels) = lexer::series(text)?;
        let role = family.role(name, |label| {
            labels.iter().any(|(known, _)| *known == label)
        });
        let exposed = exposed_as(name, role, family, &labels, context);
        if let Some(exposed) = exposed {
            self.note_convention(exposed.rule.metric);
            // Two names of one thing on one page: the first is taken for it, the other stands for itself.
            let sample = Sample {
                name,
                role,
                family,
                labels: &labels,
                exposed: Some(exposed),
                number,
            };
            if let Some(place) = self.place_of(&sample, context, before)? {
                return Ok(place);
            }
        }
        let sample = Sample {
            name,
            role,
            family,
            labels: &labels,
            exposed: None,
            number,
        };
        let place = self.place_of(&sample, context, before)?;
        place.ok_or_else(|| {
            Refused::Other("is there twice, with its labels in another order".to_owned())
        })
    }

    /// `None` when another sample of this scrape has that place.
    fn place_of(
        &mut self,
        sample: &Sample<'_>,
        context: &Context<'_>,
        before: Option<Nanos>,
    ) -> Result<Option<Place>, Refused> {
        let field = sample.field();
        let kind = context.store.schema().fix(
            &field.measurement,
            &field.name,
            field.value_type,
            field.kind,
        );
        match kind {
            Ok(kind) if kind == field.kind => {}
            Ok(_) => {
                let reason = format!(
                    "is of another kind than `{}` of `{}`",
                    field.name, field.measurement
                );
                return Err(Refused::Other(reason));
            }
            Err(error) => return Err(Refused::Other(error.to_string())),
        }
        let key = key::encode(&field.measurement, &sample.tags(&self.tags));
        let series = context.store.series().intern_series(&key, true);
        let series = series.map_err(|limit| Refused::SeriesLimit(format!("makes {limit}")))?;
        let (at, row) = match self.by_series.get(&*series.key) {
            Some(&known) => known,
            None => {
                let at = self.rows_of(&field.measurement, sample.exposed.is_some());
                let row =
                    self.rows[at as usize].add_row(series.id(), before.is_some(), before) as u32;
                self.by_series.insert(series.key.clone(), (at, row));
                (at, row)
            }
        };
        let rows = &mut self.rows[at as usize];
        let column = rows.column(&field.name, field.kind, field.value_type) as u32;
        let cells = &mut rows.columns[column as usize];
        if sample.role == Role::Created {
            let (part, owner) = (Part::Start, NOBODY);
            return Ok(Some(Place {
                rows: at,
                row,
                column,
                part,
                owner,
            }));
        }
        // The lines of a histogram share its cell; another family's have no place there.
        let owner = match cells.values {
            CellValues::Histogram(_) => sample.family_number(),
            _ => sample.number,
        };
        let is_other = cells.owners[row as usize] != owner;
        if is_other && cells.is_put(row as usize, self.scrape) {
            return Ok(None);
        }
        cells.owners[row as usize] = owner;
        let part = sample.part(cells, row, is_other)?;
        Ok(Some(Place {
            rows: at,
            row,
            column,
            part,
            owner,
        }))
    }

    /// Whether a place still is its sample's: another spelling of the same series takes it over.
    #[inline]
    pub(super) fn is_home(&self, place: &Place) -> bool {
        let cells = &self.rows[place.rows as usize].columns[place.column as usize];
        place.owner == NOBODY || cells.owners[place.row as usize] == place.owner
    }

    /// Requests that were told by the old convention alone are told twice from here on: the next page is read anew.
    fn note_convention(&mut self, metric: &str) {
        match metric {
            OLD_REQUESTS => self.has_old_requests = true,
            NEW_REQUESTS if self.has_old_requests => self.read_anew(),
            _ => {}
        }
    }

    fn rows_of(&mut self, measurement: &str, from_zero: bool) -> u32 {
        if let Some(&known) = self.by_measurement.get(measurement) {
            return known;
        }
        let at = self.rows.len() as u32;
        let name: Arc<str> = measurement.into();
        self.rows.push(Rows::new(name.clone(), from_zero));
        self.by_measurement.insert(name, at);
        at
    }
}
