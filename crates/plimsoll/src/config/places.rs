//! Where the keys of a TOML file stand, so that an error can name line and key.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeArray, DeTable, DeValue};

use super::nearest;

/// The keys of a file with the places of their values.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    text: &'a str,
    by_key: BTreeMap<String, Range<usize>>,
}

impl<'a> Places<'a> {
    /// Reads where everything stands.
    ///
    /// # Errors
    /// Text that is no TOML.
    pub fn of(text: &'a str) -> Result<Self, toml::de::Error> {
        let mut by_key = BTreeMap::new();
        place("", DeTable::parse(text)?.get_ref(), &mut by_key);
        Ok(Self { text, by_key })
    }

    /// The line of a key's value, counted from 1; 1 for a key that is not there.
    pub fn line(&self, key: &str) -> usize {
        let place = self.by_key.get(key);
        place.map_or(1, |place| line_of(self.text, place.start))
    }

    /// The key whose value an error is about.
    pub fn key_of(&self, error: &toml::de::Error) -> Option<&str> {
        let span = error.span()?;
        let exact = self.by_key.iter().find(|(_, place)| **place == span);
        exact.map(|(key, _)| key.as_str())
    }
}

/// The line that an error is about, counted from 1.
pub fn line_of_error(text: &str, error: &toml::de::Error) -> usize {
    error.span().map_or(1, |span| line_of(text, span.start))
}

/// "; did you mean `…`?" for an error about an unknown key, where one of `known` is like it.
pub fn hint<'k>(error: &toml::de::Error, known: impl IntoIterator<Item = &'k str>) -> String {
    let unknown = error.message().strip_prefix("unknown field `");
    let unknown = unknown.and_then(|rest| rest.split('`').next());
    unknown
        .and_then(|unknown| nearest(unknown, known.into_iter().filter(|known| *known != unknown)))
        .map(|known| format!("; did you mean `{known}`?"))
        .unwrap_or_default()
}

/// `store` and `raw_days` → `store.raw_days`, in TOML's spelling: a name with a dot of its own stands in quotes.
pub fn join(prefix: &str, name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let name = match !name.is_empty() && name.bytes().all(is_bare) {
        true => name.to_owned(),
        // JSON's escapes are TOML's, too.
        false => serde_json::Value::from(name).to_string(),
    };
    if prefix.is_empty() {
        name
    } else {
        format!("{prefix}.{name}")
    }
}

fn place(prefix: &str, table: &DeTable<'_>, places: &mut BTreeMap<String, Range<usize>>) {
    for (name, value) in table.iter() {
        let key = join(prefix, name.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) => {
                // An empty table has a place of its own only.
                places.insert(key.clone(), value.span());
                place(&key, inner, places);
            }
            value_of_key => {
                if let DeValue::Array(items) = value_of_key {
                    place_each(&key, items, places);
                }
                places.insert(key, value.span());
            }
        }
    }
}

/// Where the items of a list stand: `scrape[0].url`, `routes[1]`.
fn place_each(key: &str, items: &DeArray<'_>, places: &mut BTreeMap<String, Range<usize>>) {
    for (at, item) in items.iter().enumerate() {
        let key = format!("{key}[{at}]");
        if let DeValue::Table(inner) = item.get_ref() {
            place(&key, inner, places);
        }
        places.insert(key, item.span());
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}
