//! What is done for each request beyond counting it.

/// Switches of the recording. See the setters of [`Builder`](super::Builder).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) correlation: bool,
    pub(crate) server_timing: bool,
    pub(crate) exemplars: bool,
    pub(crate) load_tests: bool,
    pub(crate) answer_panics: bool,
    #[cfg(feature = "tower")]
    pub(crate) queue_header: Option<http::HeaderName>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            correlation: false,
            server_timing: false,
            exemplars: false,
            load_tests: true,
            answer_panics: false,
            #[cfg(feature = "tower")]
            queue_header: None,
        }
    }
}
