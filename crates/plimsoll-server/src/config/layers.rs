//! Defaults, file, environment, flags: the later wins, and each value remembers where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use plimsoll::config::{Places, join};
use serde::Serialize;
use toml::{Table, Value};

use super::raw::{self, Raw};
use super::thresholds::{self, OfEnvironment};
use super::{environment, hidden};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody said otherwise.
    Default,
    /// A line of the configuration file.
    File(PathBuf, usize),
    /// A name in the environment.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(f, "default"),
            Self::File(path, line) => write!(f, "{} line {line}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// One effective value.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The value.
    pub value: Value,
    /// Who set it.
    pub source: Source,
}

impl Setting {
    /// The value of a key as it may be printed.
    pub fn shown(&self, key: &str) -> Value {
        hidden::shown(key, &self.value)
    }
}

/// All effective values by key (`store.raw_days`).
#[derive(Clone, Debug)]
pub struct Layers {
    settings: BTreeMap<String, Setting>,
    /// What the environment says of the standards.
    pub(super) thresholds: OfEnvironment,
    /// What is odd, but no error.
    pub notices: Vec<String>,
}

/// What is wrong with the configuration, in a sentence with key, value and place.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl Layers {
    /// Every key with its default.
    pub fn defaults() -> Self {
        let table = Table::try_from(Raw::default()).expect("the defaults are plain values");
        let mut settings = BTreeMap::new();
        flatten("", &table, &mut |key, value| {
            let source = Source::Default;
            settings.insert(key, Setting { value, source });
        });
        Self {
            settings,
            thresholds: OfEnvironment::default(),
            notices: Vec::new(),
        }
    }

    /// Lays a file over it.
    ///
    /// # Errors
    /// Text that is no TOML, unknown keys and wrong types, with their line.
    pub fn file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let at = |error: &toml::de::Error| {
            let line = plimsoll::config::line_of_error(text, error);
            format!("{} line {line}", path.display())
        };
        let wrong =
            |error: toml::de::Error| ConfigError(format!("{}: {}", at(&error), error.message()));
        let places = Places::of(text).map_err(wrong)?;
        let raw = toml::from_str::<Raw>(text);
        if let Err(error) = &raw {
            let words = self.settings.keys().flat_map(|key| key.split('.'));
            let hint = plimsoll::config::hint(error, words);
            let key = places.key_of(error);
            let key = key.map(|key| format!("`{key}`: ")).unwrap_or_default();
            let reason = error.message();
            return Err(ConfigError(format!("{}: {key}{reason}{hint}", at(error))));
        }
        let mut table: Table = toml::from_str(text).map_err(wrong)?;
        if let Ok(raw) = raw {
            // Of a list the defaults of each entry are shown, too.
            complete_list(&mut table, "scrape", raw.scrape, raw::Scrape::complete);
            complete_list(&mut table, "notify", raw.notify, raw::Notify::complete);
        }
        flatten("", &table, &mut |key, value| {
            let source = Source::File(path.to_owned(), places.line(&key));
            self.settings.insert(key, Setting { value, source });
        });
        Ok(())
    }

    /// Lays the environment over it. Unknown names under our prefix are notices, not errors: other programs may own them.
    ///
    /// # Errors
    /// A value of the wrong type, with its name.
    pub fn environment(
        &mut self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        let mut names: BTreeMap<String, String> = self
            .settings
            .iter()
            .filter(|(_, setting)| !is_list_of_tables(&setting.value))
            .map(|(key, _)| (environment::name_of(key), key.clone()))
            .collect();
        for (alias, key) in environment::ALIASES {
            names.insert(alias.to_owned(), key.to_owned());
        }
        // What has two names is as our own says.
        let is_alias = |name: &str| environment::ALIASES.iter().any(|(alias, _)| *alias == name);
        let (mut ordered, own): (Vec<_>, Vec<_>) = variables.partition(|(name, _)| is_alias(name));
        ordered.extend(own);
        self.thresholds = OfEnvironment::of(ordered.iter().map(|(name, text)| (name, text)))?;
        for (name, text) in ordered {
            if thresholds::NAMES.contains(&name.as_str()) {
                continue;
            }
            if let Some(key) = names.get(&name) {
                let text = self.meant_by(&name, text);
                self.set(key, &text, Source::Environment(name.clone()))?;
            } else if environment::OF_SERVICES.contains(&name.as_str()) {
                self.notices.push(format!(
                    "{name} in the environment means something to a service, but nothing to the server"
                ));
            } else if name.starts_with(environment::PREFIX)
                && !environment::OTHERS.contains(&name.as_str())
            {
                let hint = nearest(&name, names.keys().map(String::as_str))
                    .map(|known| format!("; did you mean {known}?"))
                    .unwrap_or_default();
                self.notices
                    .push(format!("{name} in the environment is no setting{hint}"));
            }
        }
        Ok(())
    }

    /// The value in the server's terms.
    fn meant_by(&mut self, name: &str, text: String) -> String {
        if name != environment::COLLECTION_INTERVAL {
            return text;
        }
        match environment::interval_for(&text).map(|secs| secs.to_string()) {
            Some(secs) if secs != text => {
                let notice =
                    format!("{name}={text} is taken as {secs} s for the server's own windows");
                self.notices.push(notice);
                secs
            }
            _ => text,
        }
    }

    /// Lays one value over it.
    ///
    /// # Errors
    /// A value of another type than the key's.
    pub fn set(&mut self, key: &str, text: &str, source: Source) -> Result<(), ConfigError> {
        let setting = self
            .settings
            .get_mut(key)
            .ok_or_else(|| ConfigError(format!("there is no setting `{key}`")))?;
        let wrong = |wanted: &str| {
            ConfigError(format!(
                "`{key}` must be {wanted}, but {source} is {text:?}"
            ))
        };
        let value = match setting.value {
            Value::Integer(_) => Value::Integer(text.parse().map_err(|_| wrong("a whole number"))?),
            Value::Float(_) => Value::Float(text.parse().map_err(|_| wrong("a number"))?),
            Value::Boolean(_) => Value::Boolean(match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => true,
                "false" | "0" | "no" | "off" => false,
                _ => return Err(wrong("true or false")),
            }),
            Value::Array(_) => Value::Array(listed(text)),
            _ => Value::String(text.to_owned()),
        };
        *setting = Setting { value, source };
        Ok(())
    }

    /// All effective values in the order of their keys; [`Setting::shown`] leaves out what is secret.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.settings
            .iter()
            .map(|(key, setting)| (key.as_str(), setting))
    }

    /// Who set `key`.
    pub fn source(&self, key: &str) -> &Source {
        self.settings
            .get(key)
            .map_or(&Source::Default, |setting| &setting.source)
    }

    /// The effective values together.
    ///
    /// # Errors
    /// A value that does not fit its key's type (a negative number of days).
    pub fn raw(&self) -> Result<Raw, ConfigError> {
        for (key, setting) in &self.settings {
            // One key at a time, so that the message names it.
            let alone = nest([(key.as_str(), &setting.value)]).and_then(Raw::try_from_table);
            alone.map_err(|reason| {
                let (value, source) = (hidden::shown(key, &setting.value), &setting.source);
                ConfigError(format!("`{key}` cannot be {value} ({source}): {reason}"))
            })?;
        }
        let values = self.settings.iter();
        nest(values.map(|(key, setting)| (key.as_str(), &setting.value)))
            .and_then(Raw::try_from_table)
            .map_err(ConfigError)
    }
}

impl Raw {
    fn try_from_table(table: Table) -> Result<Self, String> {
        table
            .try_into()
            .map_err(|error: toml::de::Error| error.message().to_owned())
    }
}

fn complete_list<T: Serialize>(
    table: &mut Table,
    key: &str,
    entries: Vec<T>,
    complete: impl Fn(T) -> T,
) {
    if let Some(list) = table.get_mut(key) {
        let entries: Vec<T> = entries.into_iter().map(complete).collect();
        *list = Value::try_from(entries).expect("what was read is plain values");
    }
}

/// Whether it is as `[[scrape]]`, which no text of the environment can say.
fn is_list_of_tables(value: &Value) -> bool {
    let items = value.as_array();
    items.is_some_and(|items| items.iter().any(Value::is_table))
}

/// The texts of a list such as `a.example, b.example`.
fn listed(text: &str) -> Vec<Value> {
    let parts = text.split(',').map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(Value::from).collect()
}

fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn flatten(prefix: &str, table: &Table, each: &mut impl FnMut(String, Value)) {
    for (name, value) in table {
        let key = join(prefix, name);
        match value {
            Value::Table(inner) => flatten(&key, inner, each),
            value => each(key, value.clone()),
        }
    }
}

/// The tables that keys such as `store.raw_days` speak of.
fn nest<'a>(values: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Result<Table, String> {
    let lines = values
        .into_iter()
        .map(|(key, value)| format!("{key} = {value}\n"));
    let nested = lines.collect::<String>().parse::<Table>();
    nested.map_err(|error| error.message().to_owned())
}
