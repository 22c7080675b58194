//! What of a request was not kept, and why.

/// How many different reasons an answer names.
const MAX_REASONS: usize = 5;
/// Longest reason, in bytes.
const MAX_REASON_BYTES: usize = 300;

/// Counts of refused points by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusals {
    /// Number of points refused.
    pub points: u64,
    /// Of these, how many for their time alone.
    pub out_of_time: u64,
    /// Of these, how many for the series limit.
    pub over_series_limit: u64,
    /// The first different reasons, with how many points each.
    reasons: Vec<(String, u64)>,
    /// The service that sent the first of the request; empty when nothing was refused.
    pub service: String,
}

impl Refusals {
    /// Counts `points` refused for `reason`.
    pub(super) fn add(&mut self, points: usize, mut reason: String) {
        if points == 0 {
            return;
        }
        let points = points as u64;
        self.points += points;
        if reason.len() > MAX_REASON_BYTES {
            let cut = (0..=MAX_REASON_BYTES)
                .rev()
                .find(|&at| reason.is_char_boundary(at))
                .unwrap_or(0);
            reason.truncate(cut);
        }
        match self.reasons.iter().position(|(known, _)| *known == reason) {
            Some(at) => self.reasons[at].1 += points,
            None if self.reasons.len() < MAX_REASONS => self.reasons.push((reason, points)),
            None => {}
        }
    }

    /// Each reason with a metric that has it and the number of points; points for other reasons stand under the last one.
    pub fn by_reason(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        let named: u64 = self.reasons.iter().map(|(_, points)| points).sum();
        let (unnamed, last) = (self.points.saturating_sub(named), self.reasons.len());
        self.reasons
            .iter()
            .zip(1..)
            .map(move |((text, points), number)| {
                let (metric, reason) = text.split_once(' ').unwrap_or(("", text));
                let more = if number == last { unnamed } else { 0 };
                (metric, reason, points + more)
            })
    }

    /// The reasons in words, for the sender; empty when nothing was refused.
    pub fn message(&self) -> String {
        let named: u64 = self.reasons.iter().map(|(_, points)| points).sum();
        let mut parts: Vec<_> = self
            .reasons
            .iter()
            .map(|(reason, points)| format!("{points} × {reason}"))
            .collect();
        if self.points > named {
            parts.push(format!("{} for other reasons", self.points - named));
        }
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_the_first_ones_named() {
        let mut refusals = Refusals::default();
        assert_eq!(refusals.message(), "");
        refusals.add(2, "a".into());
        refusals.add(1, "b".into());
        refusals.add(1, "a".into());
        assert_eq!(refusals.message(), "3 × a; 1 × b");
        for n in 0..10 {
            refusals.add(1, n.to_string());
        }
        assert_eq!(refusals.points, 14);
        assert!(refusals.message().ends_with("7 for other reasons"));
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let mut refusals = Refusals::default();
        refusals.add(1, "é".repeat(MAX_REASON_BYTES));
        assert!(refusals.message().len() < MAX_REASON_BYTES + 20);
    }
}
