//! `[suggestions]` as it is written.

use serde::{Deserialize, Serialize};

use crate::config::hidden::Hidden;

/// `[suggestions]`: who turns findings into a paragraph. What is empty is not set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Suggestions {
    /// Where the interface of OpenAI's kind begins: `http://127.0.0.1:11434/v1`; empty: nobody is asked.
    pub url: String,
    /// Which model is asked.
    pub model: String,
    /// What is shown as `Authorization: Bearer`.
    pub api_key: Hidden,
    /// A file with it.
    pub api_key_file: String,
    /// A file with certificates (PEM) of the authorities that are believed instead of the system's.
    pub ca_file: String,
    /// Whether statements are told, without their literals.
    pub share_statements: bool,
    /// Whether entities of Home Assistant are told.
    pub share_entities: bool,
    /// Most questions an hour, of all services together.
    pub max_per_hour: u32,
}

impl Default for Suggestions {
    fn default() -> Self {
        Self {
            url: String::new(),
            model: String::new(),
            api_key: Hidden::default(),
            api_key_file: String::new(),
            ca_file: String::new(),
            share_statements: false,
            share_entities: false,
            max_per_hour: 12,
        }
    }
}
