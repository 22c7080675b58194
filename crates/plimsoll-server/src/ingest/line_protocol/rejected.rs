//! The lines that were not taken.

use axum::http::StatusCode;
use serde_json::json;

use crate::http::problem::Problem;

use super::reason::Reason;

/// The lines that were not taken: all are counted, the first ones named.
#[derive(Debug, Default)]
pub struct Rejected {
    /// Number of the line in the request, and why.
    pub named: Vec<(usize, Reason)>,
    /// How many in all.
    pub count: usize,
    /// Of these, how many only for their time.
    pub out_of_time: usize,
    /// Of these, how many for the series limit.
    pub over_series_limit: usize,
    /// All of them by kind of reason.
    pub kinds: Vec<Kind>,
}

/// Lines that were not taken for the same kind of reason.
#[derive(Debug)]
pub struct Kind {
    /// Why the first one was not.
    pub reason: Reason,
    /// How many there are.
    pub count: usize,
    /// The first one's text, cut to [`EXAMPLE_BYTES`].
    pub example: String,
}

/// So much of a line is kept as an example.
pub const EXAMPLE_BYTES: usize = 1_024;

impl Rejected {
    /// Most lines that are named.
    pub const MOST_NAMED: usize = 20;

    pub(super) fn add(&mut self, line: usize, reason: Reason, text: &str) {
        self.count += 1;
        let known = self
            .kinds
            .iter_mut()
            .find(|kind| kind.reason.is_like(&reason));
        match known {
            Some(kind) => kind.count += 1,
            None => self.kinds.push(Kind {
                reason: reason.clone(),
                count: 1,
                example: text[..text.floor_char_boundary(EXAMPLE_BYTES)].to_owned(),
            }),
        }
        match reason {
            Reason::InFuture(_) | Reason::TooOld(_) => self.out_of_time += 1,
            Reason::Series(_) => self.over_series_limit += 1,
            _ => {}
        }
        if self.named.len() < Self::MOST_NAMED {
            self.named.push((line, reason));
        }
    }

    /// The answer when lines were refused and `written` others are on disk.
    ///
    /// Besides RFC 9457's members it has InfluxDB's (`error` of 1.x, `message` of 2.x), so that stock clients show it.
    pub fn problem(&self, written: usize) -> Problem {
        let first: Vec<String> = self
            .named
            .iter()
            .take(3)
            .map(|(line, reason)| format!("line {line}: {reason}"))
            .collect();
        let more = match self.count - first.len() {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        // The words by which older clients know that sending it again is of no use.
        let what = if written == 0 {
            "unable to parse or keep any line, nothing written"
        } else {
            "partial write"
        };
        let detail = format!("{what}: {}{more} dropped={}", first.join("; "), self.count);
        let errors: Vec<_> = self
            .named
            .iter()
            .map(|(line, reason)| json!({"line": line, "reason": reason.to_string()}))
            .collect();
        Problem::new(StatusCode::BAD_REQUEST, "invalid", detail.clone())
            .with("error", detail.clone())
            .with("message", detail)
            .with("written", written)
            .with("dropped", self.count)
            .with("errors", errors)
    }
}
