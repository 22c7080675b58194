//! The rows of the bench: made from a seed, with the shapes that services, machines and homes write.

use std::fmt::Write as _;

use crate::shape::Shape;

/// A measurement and its fields.
#[derive(Debug)]
pub struct Measurement {
    pub name: &'static str,
    pub fields: &'static [Field],
}

/// A field, written with so many decimals.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub decimals: u32,
}

const fn field(name: &'static str, decimals: u32) -> Field {
    Field { name, decimals }
}

/// What the server itself writes for every endpoint.
pub static PERFORMANCE: Measurement = Measurement {
    name: "performance_metrics",
    fields: &[
        field("response_time_ms", 2),
        field("requests_per_minute", 0),
        field("events_per_minute", 0),
        field("cpu_usage_percent", 2),
        field("memory_usage_mb", 2),
        field("disk_usage_percent", 2),
        field("error_rate_percent", 2),
        field("queue_size", 0),
        field("active_connections", 0),
    ],
};

/// What an agent on a machine writes.
pub static MACHINE: Measurement = Measurement {
    name: "machine",
    fields: &[
        field("cpu_percent", 1),
        field("memory_percent", 1),
        field("disk_percent", 1),
        field("load", 2),
        field("network_received_bytes", 0),
    ],
};

/// What a thermometer of a home writes, when it changes.
pub static SENSOR: Measurement = Measurement {
    name: "sensor",
    fields: &[field("value", 1)],
};

/// The most fields that a measurement has.
pub const MOST_FIELDS: usize = 9;

/// One row. Values are integers, to be divided by ten to the field's decimals.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub series: usize,
    pub time_ns: i64,
    pub scaled: [i64; MOST_FIELDS],
}

/// A series and how its values go on.
#[derive(Debug)]
pub struct Series {
    pub measurement: &'static Measurement,
    /// Sorted by name.
    pub tags: Vec<(&'static str, String)>,
    /// Seconds between two rows; of a [`SENSOR`], in the mean.
    every_secs: u32,
    next_secs: f64,
    shape: Shape,
}

/// Series and their rows, in the order in which they would arrive.
#[derive(Debug)]
pub struct Rows {
    pub series: Vec<Series>,
    start_ns: i64,
    tick: u32,
    ticks: u32,
}

const TICK_SECS: u32 = 10;
const NANOS: i64 = 1_000_000_000;

impl Rows {
    /// Time between two calls of [`Rows::next_tick`].
    pub const TICK_NS: i64 = TICK_SECS as i64 * NANOS;

    /// 1,000 endpoints, each with a row every 10 s: 25 services of 20 endpoints with two methods.
    pub fn table(start_ns: i64, seconds: u32) -> Self {
        let series = (0..1_000).map(|number| endpoint(number, 40)).collect();
        Self {
            series,
            start_ns,
            tick: 0,
            ticks: seconds / TICK_SECS,
        }
    }

    /// Mixed rates: 100 endpoints every 10 s, 300 machines every 60 s, 400 sensors whenever they change, every 5 minutes in the mean.
    pub fn mixed(start_ns: i64, seconds: u32) -> Self {
        let endpoints = (0..100).map(|number| endpoint(number, 10));
        let machines = (0..300).map(|number| Series {
            measurement: &MACHINE,
            tags: vec![
                ("host", format!("machine-{number:03}")),
                ("site", format!("site-{}", number % 7)),
            ],
            every_secs: 60,
            next_secs: f64::from(number % 6 * TICK_SECS),
            shape: Shape::new(1_000_000 + u64::from(number)),
        });
        let sensors = (0..400_u32).map(|number| Series {
            measurement: &SENSOR,
            tags: vec![
                ("area", format!("area-{}", number % 12)),
                ("entity_id", format!("sensor.thermometer_{number}")),
            ],
            every_secs: 300,
            next_secs: f64::from(number) * 0.7,
            shape: Shape::new(2_000_000 + u64::from(number)),
        });
        let series = endpoints.chain(machines).chain(sensors).collect();
        Self {
            series,
            start_ns,
            tick: 0,
            ticks: seconds / TICK_SECS,
        }
    }

    /// Replaces `rows` by those of the next 10 s; `false` at the end.
    pub fn next_tick(&mut self, rows: &mut Vec<Row>) -> bool {
        rows.clear();
        if self.tick == self.ticks {
            return false;
        }
        let until = f64::from((self.tick + 1) * TICK_SECS);
        for (number, series) in self.series.iter_mut().enumerate() {
            while series.next_secs < until {
                let time_ns = self.start_ns + (series.next_secs * 1e3) as i64 * (NANOS / 1_000);
                let row = Row {
                    series: number,
                    time_ns,
                    scaled: series.values(),
                };
                rows.push(row);
                series.next_secs += series.step_secs();
            }
        }
        self.tick += 1;
        true
    }

    /// Appends `row` as a line of InfluxDB's line protocol.
    pub fn write_line(&self, row: &Row, text: &mut String) {
        let series = &self.series[row.series];
        text.push_str(series.measurement.name);
        for (name, value) in &series.tags {
            let _ = write!(text, ",{name}={value}");
        }
        for (number, field) in series.measurement.fields.iter().enumerate() {
            text.push(if number == 0 { ' ' } else { ',' });
            text.push_str(field.name);
            text.push('=');
            write_decimal(row.scaled[number], field.decimals, text);
        }
        let _ = writeln!(text, " {}", row.time_ns);
    }
}

impl Series {
    fn values(&mut self) -> [i64; MOST_FIELDS] {
        let secs = self.next_secs;
        if std::ptr::eq(self.measurement, &PERFORMANCE) {
            self.shape.endpoint(secs)
        } else if std::ptr::eq(self.measurement, &MACHINE) {
            self.shape.machine(secs)
        } else {
            self.shape.sensor(secs)
        }
    }

    fn step_secs(&mut self) -> f64 {
        if std::ptr::eq(self.measurement, &SENSOR) {
            self.shape.gap(f64::from(self.every_secs))
        } else {
            f64::from(self.every_secs)
        }
    }
}

fn endpoint(number: u32, of_service: u32) -> Series {
    let (service, path) = (number / of_service, number % of_service);
    let method = if path % 2 == 0 { "GET" } else { "POST" };
    Series {
        measurement: &PERFORMANCE,
        tags: vec![
            ("endpoint", format!("/api/v1/resource-{:02}", path / 2)),
            ("method", method.into()),
            ("service", format!("service-{service:02}")),
        ],
        every_secs: TICK_SECS,
        next_secs: 0.0,
        shape: Shape::new(u64::from(number)),
    }
}

fn write_decimal(scaled: i64, decimals: u32, text: &mut String) {
    let one = 10_i64.pow(decimals);
    let sign = if scaled < 0 { "-" } else { "" };
    let (whole, rest) = (scaled.abs() / one, scaled.abs() % one);
    let _ = match decimals {
        0 => write!(text, "{sign}{whole}"),
        _ => write!(
            text,
            "{sign}{whole}.{rest:0width$}",
            width = decimals as usize
        ),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_of_each_series_every_ten_seconds() {
        let mut table = Rows::table(0, 60);
        let mut rows = Vec::new();
        let mut ticks = 0;
        while table.next_tick(&mut rows) {
            assert_eq!(rows.len(), 1_000);
            assert!(rows.iter().all(|row| row.time_ns == ticks * 10 * NANOS));
            ticks += 1;
        }
        assert_eq!(ticks, 6);
    }

    #[test]
    fn the_same_rows_are_made_again() {
        let make = || {
            let mut mixed = Rows::mixed(0, 600);
            let (mut rows, mut text) = (Vec::new(), String::new());
            while mixed.next_tick(&mut rows) {
                rows.iter().for_each(|row| mixed.write_line(row, &mut text));
            }
            text
        };
        assert_eq!(make(), make());
    }

    #[test]
    fn decimals_are_written_in_full() {
        let mut text = String::new();
        for scaled in [1205, -7, 0] {
            write_decimal(scaled, 2, &mut text);
            text.push(' ');
        }
        assert_eq!(text, "12.05 -0.07 0.00 ");
    }
}
