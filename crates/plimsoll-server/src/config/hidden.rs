//! Values that nobody is shown: secrets, passwords, and URLs that are as good as a password.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};
use toml::Value;

/// Instead of a value that is not shown.
pub const NOT_SHOWN: &str = "(not shown)";
/// Largest file with a secret.
const MAX_BYTES: u64 = 64 << 10;
/// Keys of `[[notify]]` whose values are not shown.
const KEYS: [&str; 3] = ["url", "secret", "password"];
/// The key whose value is not shown and that is in no list.
const ALONE: &str = "suggestions.api_key";

/// Text that is written into no log. Serialized it is in the clear, for [`super::Layers`] puts values together again.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    /// In the clear.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The reason would have the value in it.
        String::deserialize(deserializer)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("its value must be text in quotes"))
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NOT_SHOWN)
    }
}

/// Where a secret is: in the configuration, or in a file that is read anew for each use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the configuration.
    Here(Hidden),
    /// In a file, alone.
    File(PathBuf),
}

impl Kept {
    /// The secret. Reads a file: blocking.
    ///
    /// # Errors
    /// A file that cannot be read, is empty or has several lines, in a sentence that names it.
    pub fn read(&self) -> Result<Hidden, String> {
        match self {
            Self::Here(text) => Ok(text.clone()),
            Self::File(path) => {
                of_file(path).map_err(|reason| format!("cannot use {}: {reason}", path.display()))
            }
        }
    }
}

fn of_file(path: &Path) -> Result<Hidden, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    file.take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    match text.trim() {
        "" => Err("it is empty".to_owned()),
        text if text.contains(char::is_control) => Err("it has more than one line".to_owned()),
        text => Ok(Hidden(text.to_owned())),
    }
}

/// The value of a key as it may be seen.
pub(super) fn shown(key: &str, value: &Value) -> Value {
    let mut value = value.clone();
    match (key, &mut value) {
        ("notify", Value::Array(channels)) => channels.iter_mut().for_each(hide),
        ("notify", other) => *other = Value::from(NOT_SHOWN),
        (ALONE, key) if key.as_str() != Some("") => *key = Value::from(NOT_SHOWN),
        _ => {}
    }
    value
}

fn hide(channel: &mut Value) {
    let Value::Table(keys) = channel else {
        *channel = Value::from(NOT_SHOWN);
        return;
    };
    for (key, value) in keys {
        if KEYS.contains(&key.as_str()) && value.as_str() != Some("") {
            *value = Value::from(NOT_SHOWN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown_by_debug_nor_by_an_error() {
        let secret = Hidden::from("geheim");
        assert_eq!(
            format!("{secret:?} {:?}", Kept::Here(secret.clone())),
            "(not shown) Here((not shown))"
        );
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "it is not read")]
        struct Table {
            password: Hidden,
        }
        let error = toml::from_str::<Table>("password = 4711").unwrap_err();
        assert!(error.message().contains("must be text"), "{error}");
        assert!(!error.message().contains("4711"), "{error}");
    }

    #[test]
    fn a_file_has_one_secret_and_is_read_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let kept = Kept::File(path.clone());
        let error = kept.read().unwrap_err();
        assert!(error.contains("secret: No such file"), "{error}");
        for (text, expected) in [
            ("one\n", Some("one")),
            ("two", Some("two")),
            (" \n", None),
            ("a\nb\n", None),
        ] {
            std::fs::write(&path, text).unwrap();
            let read = kept.read().ok();
            assert_eq!(read.as_ref().map(Hidden::text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_what_is_secret_is_left_out() {
        let table: toml::Table = "[[notify]]\nname = \"ops\"\nurl = \"https://hooks.example/T0/secret\"\nsecret = \"\"\nurl_file = \"/run/u\""
            .parse()
            .unwrap();
        let text = shown("notify", &table["notify"]).to_string();
        assert!(
            text.contains("\"ops\"") && text.contains("/run/u"),
            "{text}"
        );
        assert!(
            text.contains("url = \"(not shown)\"") && text.contains("secret = \"\""),
            "{text}"
        );
        let words = Value::from(vec!["geheim"]);
        assert!(!shown("notify", &words).to_string().contains("geheim"));
        assert_eq!(shown("server.hosts", &words), words);
    }
}
