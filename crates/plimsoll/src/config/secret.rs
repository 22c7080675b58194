//! Text that is never shown.

use std::fmt;

/// A secret: its `Debug` and its entry of `config print` are stars.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Fewest characters of one: shorter ones can be guessed.
    pub const SHORTEST: usize = 16;

    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether it is `other`, in a time that does not tell how much of it is.
    pub(crate) fn is(&self, other: &str) -> bool {
        let (mine, other) = (self.0.as_bytes(), other.as_bytes());
        let differences = mine.iter().zip(other).map(|(one, other)| one ^ other);
        mine.len() == other.len() && differences.fold(0, |all, one| all | one) == 0
    }

    pub(crate) fn is_short(&self) -> bool {
        self.0.chars().count() < Self::SHORTEST
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_text_is_the_secret_and_it_is_never_shown() {
        let secret = Secret::new("correct-horse-battery");
        assert!(secret.is("correct-horse-battery"));
        for other in [
            "",
            "correct-horse-batterY",
            "correct-horse",
            "correct-horse-battery-",
        ] {
            assert!(!secret.is(other), "{other}");
        }
        assert_eq!(format!("{secret:?}"), "***");
    }
}
