//! How much is measured, as the environment says.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;

use crate::rows::Rows;
use crate::subject::Subject;

/// How much is measured.
#[derive(Debug)]
pub struct Scale {
    /// Hours of the table of 1,000 series.
    hours: f64,
    /// Days of mixed rates.
    pub days: f64,
    peers: bool,
    pub ours: bool,
    /// Parts that are measured; empty: all.
    parts: String,
    /// The full hour at which the simulated days end.
    end_secs: i64,
}

const HOURS: f64 = 8.0;
const DAYS: f64 = 7.0;

impl Scale {
    /// `BENCH_HOURS`, `BENCH_DAYS`: less than 8 and 7 is a quick pass. `BENCH_ONLY=plimsoll` or `peers` leaves the others out,
    /// `BENCH_PARTS=ingest,start,week` all parts that are not named.
    pub fn from_environment() -> anyhow::Result<Self> {
        let number = |name: &str, full: f64| match std::env::var(name) {
            Ok(text) => text
                .parse()
                .with_context(|| format!("{name} must be a number, but is `{text}`")),
            Err(_) => Ok(full),
        };
        let only = std::env::var("BENCH_ONLY").unwrap_or_default();
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        Ok(Self {
            hours: number("BENCH_HOURS", HOURS)?,
            days: number("BENCH_DAYS", DAYS)?,
            peers: only != "plimsoll",
            ours: only != "peers",
            parts: std::env::var("BENCH_PARTS").unwrap_or_default(),
            end_secs: i64::try_from(now / 3_600 * 3_600)?,
        })
    }

    /// Whether the results are those that are published.
    pub fn is_full(&self) -> bool {
        self.hours >= HOURS && self.days >= DAYS && self.peers && self.ours && self.parts.is_empty()
    }

    /// Whether a part is measured.
    pub fn does(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.split(',').any(|named| named == part)
    }

    /// Who is measured, ours first.
    pub fn subjects(&self) -> Vec<Subject> {
        Subject::ALL
            .into_iter()
            .filter(|&subject| {
                if subject == Subject::Plimsoll {
                    self.ours
                } else {
                    self.peers
                }
            })
            .collect()
    }

    /// 1,000 series every 10 s, the last 8 hours.
    pub fn table(&self) -> Rows {
        self.last(self.hours * 3_600.0, Rows::table)
    }

    /// A quarter of the table: small requests take long where each one is synced.
    pub fn small_table(&self) -> Rows {
        self.last(self.hours * 900.0, Rows::table)
    }

    /// The days of mixed rates.
    pub fn week(&self) -> Rows {
        self.last(self.days * 86_400.0, Rows::mixed)
    }

    /// Rows enough to fill the memory of a server a few times over.
    pub fn flood(&self) -> Rows {
        self.table()
    }

    /// First nanosecond of the days.
    pub fn week_start_ns(&self) -> i64 {
        self.end_ns() - (self.days * 86_400e9) as i64
    }

    /// First nanosecond after the rows.
    pub fn end_ns(&self) -> i64 {
        self.end_secs * 1_000_000_000
    }

    fn last(&self, seconds: f64, make: fn(i64, u32) -> Rows) -> Rows {
        make(self.end_ns() - (seconds * 1e9) as i64, seconds as u32)
    }
}
