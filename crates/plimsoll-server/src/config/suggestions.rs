//! `[suggestions]`, checked: an endpoint that can be asked.

use std::path::PathBuf;

use super::entry::MAX_TEXT_BYTES;
use super::hidden::{Kept, NOT_SHOWN};
use super::layers::{ConfigError, Layers};
use super::raw;
use crate::outward::Address;
use crate::suggestions::Shared;

/// Most questions an hour: one every six seconds.
const MOST_AN_HOUR: u32 = 600;

/// Who is asked, and what is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuggestionsConfig {
    /// Where questions go: the URL of the configuration with `/chat/completions`.
    pub url: String,
    /// Which model is asked.
    pub model: String,
    /// What is shown as `Authorization: Bearer`.
    pub api_key: Option<Kept>,
    /// The authorities that are believed instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// What is told beside names and numbers.
    pub shared: Shared,
    /// Most questions an hour, of all services together.
    pub max_per_hour: usize,
}

impl Layers {
    /// Checks the section; `None` where it names no URL.
    pub(super) fn suggestions(
        &self,
        raw: &raw::Suggestions,
    ) -> Result<Option<SuggestionsConfig>, ConfigError> {
        let api_key = self.api_key(raw)?;
        let most = self.at_least_one("suggestions.max_per_hour", raw.max_per_hour.into())?;
        if raw.max_per_hour > MOST_AN_HOUR {
            let must = format!("be at most {MOST_AN_HOUR}");
            return Err(self.wrong("suggestions.max_per_hour", &must, &most));
        }
        if raw.url.is_empty() {
            return Ok(None);
        }
        let is_name = (1..=MAX_TEXT_BYTES).contains(&raw.model.len());
        if !is_name || raw.model.chars().any(char::is_control) {
            let must = format!(
                "name a model in 1 to {MAX_TEXT_BYTES} bytes where `suggestions.url` is set"
            );
            return Err(self.wrong("suggestions.model", &must, &format!("{:?}", raw.model)));
        }
        Ok(Some(SuggestionsConfig {
            url: self.endpoint(&raw.url)?,
            model: raw.model.clone(),
            api_key,
            ca_file: (!raw.ca_file.is_empty()).then(|| PathBuf::from(&raw.ca_file)),
            shared: Shared {
                statements: raw.share_statements,
                entities: raw.share_entities,
            },
            max_per_hour: usize::try_from(most).unwrap_or(1),
        }))
    }

    fn endpoint(&self, url: &str) -> Result<String, ConfigError> {
        // A user, or what follows the path, may be a secret: neither is taken, nor shown.
        let has_more = url.contains(['@', '?', '#']);
        if has_more || Address::parse(url).is_err() {
            let must = "be a URL such as http://127.0.0.1:11434/v1, without user and query";
            let shown = if has_more { NOT_SHOWN } else { url };
            return Err(self.wrong("suggestions.url", must, &shown));
        }
        Ok(format!("{}/chat/completions", url.trim_end_matches('/')))
    }

    fn api_key(&self, raw: &raw::Suggestions) -> Result<Option<Kept>, ConfigError> {
        match (raw.api_key.text(), raw.api_key_file.as_str()) {
            ("", "") => Ok(None),
            ("", file) => Ok(Some(Kept::File(PathBuf::from(file)))),
            (key, "") if key.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Ok(Some(Kept::Here(raw.api_key.clone())))
            }
            (_, "") => {
                let must = "have visible characters of ASCII only";
                Err(self.wrong("suggestions.api_key", must, &NOT_SHOWN))
            }
            _ => {
                let must = "be left out where `suggestions.api_key_file` is set";
                Err(self.wrong("suggestions.api_key", must, &NOT_SHOWN))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Source;

    fn layers(text: &str) -> Layers {
        let mut layers = Layers::defaults();
        layers.file(Path::new("plimsoll.toml"), text).unwrap();
        layers
    }

    fn error(text: &str) -> String {
        layers(text).config().unwrap_err().to_string()
    }

    #[test]
    fn without_a_url_nobody_is_asked() {
        for text in ["", "[suggestions]\nmodel = \"m\"\nmax_per_hour = 3\n"] {
            assert_eq!(layers(text).config().unwrap().suggestions, None, "{text}");
        }
    }

    #[test]
    fn an_endpoint_gets_the_path_of_chats_and_tells_nothing_unless_it_is_said() {
        let text = "[suggestions]\nurl = \"https://models.example/v1/\"\nmodel = \"small\"\napi_key_file = \"/run/key\"\n";
        let found = layers(text).config().unwrap().suggestions.unwrap();
        assert_eq!(found.url, "https://models.example/v1/chat/completions");
        assert_eq!(found.api_key, Some(Kept::File("/run/key".into())));
        assert_eq!((found.shared, found.max_per_hour), (Shared::default(), 12));
        assert!(!found.shared.statements && !found.shared.entities);
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_value_unless_that_may_be_a_secret() {
        let with = |more: &str| {
            format!("[suggestions]\nurl = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n{more}\n")
        };
        for (text, expected) in [
            (
                "[suggestions]\nurl = \"ollama\"\nmodel = \"m\"\n".to_owned(),
                "`suggestions.url` must be a URL such as http://127.0.0.1:11434/v1, without user and query, but is ollama (plimsoll.toml line 2)",
            ),
            (
                "[suggestions]\nurl = \"http://a/v1\"\n".to_owned(),
                "`suggestions.model` must name a model in 1 to 256 bytes where `suggestions.url` is set, but is \"\" (default)",
            ),
            (
                with("max_per_hour = 0"),
                "`suggestions.max_per_hour` must be at least 1, but is 0 (plimsoll.toml line 4)",
            ),
            (
                with("max_per_hour = 601"),
                "`suggestions.max_per_hour` must be at most 600, but is 601 (plimsoll.toml line 4)",
            ),
        ] {
            assert_eq!(error(&text), expected);
        }
        for url in [
            "http://u:geheim@a/v1",
            "http://a/v1?key=geheim",
            "http://a/v1#geheim",
        ] {
            let told = error(&format!("[suggestions]\nurl = \"{url}\"\nmodel = \"m\"\n"));
            assert!(told.starts_with("`suggestions.url` must"), "{told}");
            assert!(!told.contains("geheim"), "{told}");
        }
        for more in [
            "api_key = \"geheim\"\napi_key_file = \"x\"",
            "api_key = \"geheim\\n\"",
        ] {
            let told = error(&with(more));
            assert!(told.starts_with("`suggestions.api_key` must"), "{told}");
            assert!(!told.contains("geheim"), "{told}");
        }
    }

    #[test]
    fn the_key_comes_from_the_environment_too_and_is_not_shown() {
        let mut layers = layers("[suggestions]\nurl = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\n");
        let variables = [(
            "PLIMSOLL_SUGGESTIONS_API_KEY".to_owned(),
            "geheim".to_owned(),
        )];
        layers.environment(variables.into_iter()).unwrap();
        let found = layers.config().unwrap().suggestions.unwrap();
        assert_eq!(found.api_key, Some(Kept::Here("geheim".into())));
        let (_, setting) = layers
            .settings()
            .find(|(key, _)| *key == "suggestions.api_key")
            .unwrap();
        assert_eq!(
            setting.shown("suggestions.api_key").as_str(),
            Some(NOT_SHOWN)
        );
        assert!(matches!(&setting.source, Source::Environment(_)));
        assert!(!format!("{found:?}").contains("geheim"));
    }
}
