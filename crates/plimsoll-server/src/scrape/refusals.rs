//! What of an answer was not kept, and why.

use serde::Serialize;
use utoipa::ToSchema;

/// How many different reasons are told.
const MAX_REASONS: usize = 8;
/// So much of the first line with each.
const MAX_EXAMPLE_CHARS: usize = 200;

/// Samples that were not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SamplesRefused)]
pub struct Refusals {
    /// How many.
    pub count: u64,
    /// The first different reasons.
    pub reasons: Vec<Refusal>,
    /// Of these, how many for their time alone.
    #[serde(skip)]
    pub out_of_time: u64,
    /// Of these, how many for the store's series limit.
    #[serde(skip)]
    pub over_series_limit: u64,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SampleRefused)]
pub struct Refusal {
    /// What is wrong with the samples.
    pub reason: String,
    /// How many have it.
    pub count: u64,
    /// The first one's line, or its beginning.
    pub example: String,
}

impl Refusals {
    /// Counts one sample.
    pub(super) fn add(&mut self, reason: &str, line: &[u8]) {
        self.count += 1;
        if let Some(known) = self.reasons.iter_mut().find(|known| known.reason == reason) {
            known.count += 1;
        } else if self.reasons.len() < MAX_REASONS {
            // Characters have at most four bytes.
            let start = &line[..line.len().min(4 * MAX_EXAMPLE_CHARS)];
            let text = String::from_utf8_lossy(start);
            let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
            self.reasons.push(Refusal {
                reason: reason.to_owned(),
                count: 1,
                example: text.chars().map(plain).take(MAX_EXAMPLE_CHARS).collect(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_few_are_told() {
        let mut refusals = Refusals::default();
        for n in 0..20 {
            refusals.add(&format!("reason {n}"), &vec![b'x'; 10_000]);
            refusals.add("reason 0", b"y");
        }
        assert_eq!(refusals.count, 40);
        assert_eq!(refusals.reasons.len(), MAX_REASONS);
        assert_eq!(refusals.reasons[0].count, 21);
        assert_eq!(refusals.reasons[1].example.len(), MAX_EXAMPLE_CHARS);
    }
}
