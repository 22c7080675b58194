//! What can go wrong before a monitor runs. Once it runs, it never fails its service.

/// Why a monitor cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting has a value that cannot be used.
    #[error("{name} must be {expected}, but is {value:?}")]
    InvalidSetting {
        /// Environment variable or builder method.
        name: String,
        /// The value as it was given.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}
