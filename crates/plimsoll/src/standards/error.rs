//! What is wrong with a file of standards.

/// The first thing that is wrong, with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {}{reason}", if key.is_empty() { String::new() } else { format!("`{key}`: ") })]
pub struct StandardsError {
    /// Counted from 1.
    pub line: usize,
    /// The key as in the file, with its table: `classes.read.target_ms`. Empty for text that is no TOML.
    pub key: String,
    /// In a sentence, with the value.
    pub reason: String,
}
