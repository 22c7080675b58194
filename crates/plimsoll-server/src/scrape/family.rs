//! What a sample is within its family.

/// What `# TYPE` says; as it matters here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Type {
    Counter,
    Histogram,
    Summary,
    /// Gauge, unknown, info, state set, a histogram of what is now: states all.
    #[default]
    State,
}

/// The family that the lines being read belong to.
#[derive(Clone, Debug, Default)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) kind: Type,
}

/// What a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The value of a gauge, and of all that belongs to no family.
    State,
    /// The total of a counter.
    Total,
    /// When the total, histogram or summary began, in seconds since the Unix epoch.
    Created,
    /// The count of values up to a bound.
    Bucket,
    /// The sum of a histogram's values.
    HistogramSum,
    /// How many values a histogram has.
    HistogramCount,
    /// A quantile of a summary.
    Quantile,
    /// The sum of a summary's values.
    SummarySum,
    /// How many values a summary has.
    SummaryCount,
}

impl Family {
    /// Reads `# TYPE name kind`; other comments change nothing.
    pub(super) fn comment(&mut self, line: &[u8]) {
        let mut words = line[1..]
            .split(|byte| byte.is_ascii_whitespace())
            .filter(|word| !word.is_empty());
        if words.next() != Some(b"TYPE") {
            return;
        }
        let (Some(name), Some(kind)) = (words.next(), words.next()) else {
            return;
        };
        self.name.clear();
        // A name that is no text matches no sample.
        self.name.push_str(&String::from_utf8_lossy(name));
        self.kind = match kind {
            b"counter" => Type::Counter,
            b"histogram" => Type::Histogram,
            b"summary" => Type::Summary,
            _ => Type::State,
        };
    }

    /// What the sample `name` is; `labels` tells whether it has a label.
    pub(super) fn role(&self, name: &str, labels: impl Fn(&str) -> bool) -> Role {
        let Some(suffix) = name.strip_prefix(self.name.as_str()) else {
            return Role::State;
        };
        match (self.kind, suffix) {
            (Type::Counter, "" | "_total") => Role::Total,
            (Type::Counter | Type::Histogram | Type::Summary, "_created") => Role::Created,
            (Type::Histogram, "_bucket") if labels("le") => Role::Bucket,
            (Type::Histogram, "_sum") => Role::HistogramSum,
            (Type::Histogram, "_count") => Role::HistogramCount,
            (Type::Summary, "") if labels("quantile") => Role::Quantile,
            (Type::Summary, "_sum") => Role::SummarySum,
            (Type::Summary, "_count") => Role::SummaryCount,
            _ => Role::State,
        }
    }

    /// The family's name without the ending that counters have in one of the formats.
    pub(super) fn base(&self) -> &str {
        match self.kind {
            Type::Counter => self.name.strip_suffix("_total").unwrap_or(&self.name),
            _ => &self.name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_what_its_family_says() {
        let role = |comment: &str, name: &str| {
            let mut family = Family::default();
            family.comment(comment.as_bytes());
            family.role(name, |label| label == "le")
        };
        for (comment, name, expected) in [
            ("# TYPE a counter", "a", Role::Total),
            ("#  TYPE  a_total\tcounter", "a_total", Role::Total),
            ("# TYPE a counter", "a_total", Role::Total),
            ("# TYPE a counter", "a_created", Role::Created),
            ("# TYPE a histogram", "a_bucket", Role::Bucket),
            ("# TYPE a histogram", "a_sum", Role::HistogramSum),
            ("# TYPE a summary", "a", Role::State),
            ("# TYPE a summary", "a_count", Role::SummaryCount),
            ("# TYPE a gauge", "a_count", Role::State),
            ("# TYPE a gaugehistogram", "a_bucket", Role::State),
            ("# TYPE a counter", "b_total", Role::State),
            ("# HELP a counter", "a", Role::State),
        ] {
            assert_eq!(role(comment, name), expected, "{comment}: {name}");
        }
    }
}
