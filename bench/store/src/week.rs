//! Days of mixed rates, written through the store itself while its clock is turned by hand.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use plimsoll_server::store::series::SeriesIndex;
use plimsoll_server::store::table::{Batch, Column, Kind, SeriesId, Table, Values};
use plimsoll_server::store::{Store, StoreConfig};

use crate::figure::Figures;
use crate::process;
use crate::rows::{MOST_FIELDS, Measurement, Row, Rows};
use crate::scale::Scale;

/// Prints `store_week_bytes_per_value` and `store_write_amplification`, and leaves the days in `folder`.
pub fn run(folder: &Path, scale: &Scale, figures: &Figures) -> anyhow::Result<()> {
    let started = Instant::now();
    let (cpu_before, written_before) = (process::own_cpu_secs()?, process::own_device_bytes()?);
    let mut rows = scale.week();
    let config = StoreConfig::new(folder);
    let seal_age_ns = i64::try_from(config.seal_age.as_nanos())?;
    let store = Store::open(config, scale.week_start_ns())?;
    let ids = intern(store.series(), &rows)?;
    let mut now = scale.week_start_ns();
    let mut seal_due = now + seal_age_ns;
    let (mut tick, mut values, mut row_count) = (Vec::new(), 0, 0);
    while rows.next_tick(&mut tick) {
        now += Rows::TICK_NS;
        row_count += tick.len();
        values += tick
            .iter()
            .map(|row| rows.series[row.series].measurement.fields.len())
            .sum::<usize>();
        // One collector gathers everything and sends it together.
        store.append_blocking(Batch {
            tables: tables(&rows, &ids, &tick),
        })?;
        // The age of what is in memory is taken from a clock that nobody can turn, so the seals that it brings are asked for.
        if now >= seal_due {
            store.flush()?;
            seal_due = now + seal_age_ns;
        }
        store.maintain(now)?;
    }
    store.flush()?;
    store.maintain(now)?;
    store.close();
    drop(store);

    let kept_bytes = process::disk_bytes(folder)?;
    let written_bytes = process::own_device_bytes()? - written_before;
    eprintln!(
        "plimsoll: {row_count} rows, {values} values of {} days in {:.0} s ({:.1} s of CPU, making the rows included): {} MB kept, {} MB written",
        scale.days,
        started.elapsed().as_secs_f64(),
        process::own_cpu_secs()? - cpu_before,
        kept_bytes / 1_000_000,
        written_bytes / 1_000_000,
    );
    figures.ours(
        "store_week_bytes_per_value",
        kept_bytes as f64 / values as f64,
        "B",
    );
    figures.ours(
        "store_write_amplification",
        written_bytes as f64 / kept_bytes as f64,
        "x",
    );
    Ok(())
}

fn intern(index: &SeriesIndex, rows: &Rows) -> anyhow::Result<Vec<SeriesId>> {
    rows.series
        .iter()
        .map(|series| Ok(index.intern(series.measurement.name, &series.tags)?))
        .collect()
}

/// The rows of a tick as tables, one for each measurement.
fn tables(rows: &Rows, ids: &[SeriesId], tick: &[Row]) -> Vec<Table> {
    let mut tables: Vec<(&'static Measurement, Table, [Vec<f64>; MOST_FIELDS])> = Vec::new();
    for row in tick {
        let measurement = rows.series[row.series].measurement;
        let place = tables
            .iter()
            .position(|(of, ..)| std::ptr::eq(*of, measurement))
            .unwrap_or_else(|| {
                let table = Table {
                    measurement: measurement.name.into(),
                    series: Vec::new(),
                    times: Vec::new(),
                    columns: Vec::new(),
                };
                tables.push((measurement, table, Default::default()));
                tables.len() - 1
            });
        let (_, table, columns) = &mut tables[place];
        table.series.push(ids[row.series]);
        table.times.push(row.time_ns);
        for (number, field) in measurement.fields.iter().enumerate() {
            columns[number].push(row.scaled[number] as f64 / 10_f64.powi(field.decimals as i32));
        }
    }
    let finish =
        |(measurement, mut table, columns): (&Measurement, Table, [Vec<f64>; MOST_FIELDS])| {
            table.columns = measurement
                .fields
                .iter()
                .zip(columns)
                .map(|(field, values)| Column {
                    name: Arc::from(field.name),
                    kind: Kind::Gauge,
                    values: Values::F64(values),
                    present: None,
                })
                .collect();
            table
        };
    tables.into_iter().map(finish).collect()
}
