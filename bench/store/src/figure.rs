//! Lines of results: `figure NAME VALUE UNIT`, and `… vs PEER VALUE ratio X.XX`, where the ratio says how many times better ours is.

/// Which of two values is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Higher,
    Lower,
}

/// Prints results.
#[derive(Debug)]
pub struct Figures {
    /// Printed first in each line.
    word: &'static str,
}

impl Figures {
    /// `full`: whether everything was measured at its full size; otherwise no line claims to be a figure.
    pub fn new(full: bool) -> Self {
        Self {
            word: if full {
                "figure"
            } else {
                "quick-pass-not-a-figure"
            },
        }
    }

    pub fn ours(&self, name: &str, value: f64, unit: &str) {
        println!("{} {name} {} {unit}", self.word, short(value));
    }

    pub fn beside(
        &self,
        name: &str,
        value: f64,
        unit: &str,
        peer: &str,
        peers: f64,
        better: Better,
    ) {
        let ratio = match better {
            Better::Higher => value / peers,
            Better::Lower => peers / value,
        };
        println!(
            "{} {name} {} {unit} vs {peer} {} ratio {ratio:.2}",
            self.word,
            short(value),
            short(peers)
        );
    }
}

/// Three significant digits or more.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        assert_eq!(
            [0.9234, 1.372, 12.34, 4_123_456.7].map(short),
            ["0.923", "1.37", "12.3", "4123457"]
        );
    }
}
