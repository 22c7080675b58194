//! A recipe before and after a server's address was put into it.

use serde::Serialize;
use utoipa::ToSchema;

use super::address::Address;

/// Longest name of a service in a recipe, in bytes.
const MAX_SERVICE_BYTES: usize = 100;

/// What a recipe is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    address: Address,
    service: String,
}

/// A name that would not be one name in a shell or in a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the name of a service in a recipe is 1 to {MAX_SERVICE_BYTES} letters, digits, `.`, `_`, `-` and `/`, but is {0:?}"
)]
pub struct BadService(String);

impl Connection {
    /// `service` sends to `address`.
    ///
    /// # Errors
    /// [`BadService`] for a name that a shell would not take as it is.
    pub fn new(address: Address, service: &str) -> Result<Self, BadService> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
        // A hyphen at the start would be a flag.
        let good = (1..=MAX_SERVICE_BYTES).contains(&service.len())
            && service.bytes().all(plain)
            && !service.starts_with('-');
        if !good {
            return Err(BadService(service.to_owned()));
        }
        let service = service.to_owned();
        Ok(Self { address, service })
    }

    /// The server's address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The sender's name.
    pub fn service(&self) -> &str {
        &self.service
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{url}", &self.address.to_string())
            .replace("{host}", self.address.host())
            .replace("{port}", &self.address.port().to_string())
            .replace("{tls}", &self.address.tls().to_string())
            .replace("{service}", &self.service)
    }
}

/// A recipe with `{url}`, `{host}`, `{port}`, `{tls}` and `{service}` in its code.
pub(super) struct Template {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) when: &'static str,
    pub(super) steps: &'static [TemplateStep],
}

/// A step of a [`Template`].
pub(super) struct TemplateStep {
    pub(super) text: &'static str,
    pub(super) language: &'static str,
    pub(super) file: Option<&'static str>,
    pub(super) code: &'static str,
}

impl Template {
    pub(super) fn filled(&self, connection: &Connection) -> Recipe {
        let step = |step: &TemplateStep| Step {
            text: step.text,
            language: step.language,
            file: step.file,
            code: connection.fill(step.code.trim_matches('\n')),
        };
        Recipe {
            name: self.name,
            title: self.title,
            when: self.when,
            steps: self.steps.iter().map(step).collect(),
        }
    }
}

/// What to do so that one kind of sender sends here. The last step shows what has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Recipe {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// When to use it, in a sentence.
    pub when: &'static str,
    /// In this order.
    pub steps: Vec<Step>,
}

/// One step of a [`Recipe`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Step {
    /// What to do with the code, in a sentence.
    pub text: &'static str,
    /// `sh`, or the language of the file.
    pub language: &'static str,
    /// The file in which the code belongs; null: it is for the shell.
    pub file: Option<&'static str>,
    /// The lines to paste, without a newline at the end.
    pub code: String,
}

#[cfg(test)]
mod tests {
    use super::super::{DEFAULT_SERVICE, recipes};
    use super::*;

    fn connection(service: &str) -> Result<Connection, BadService> {
        Connection::new(Address::of_url("http://[::1]:2876").unwrap(), service)
    }

    #[test]
    fn every_recipe_names_the_server_and_no_placeholder_is_left() {
        for recipe in recipes(&connection("shop/eu-1").unwrap()) {
            let name = recipe.name;
            let code: Vec<&str> = recipe.steps.iter().map(|step| &*step.code).collect();
            let code = code.join("\n");
            assert!(code.contains("http://[::1]:2876"), "{name}: {code}");
            for left in ["{url}", "{host}", "{port}", "{tls}", "{service}"] {
                assert!(!code.contains(left), "{name}: {left}");
            }
            let last = recipe.steps.last().expect("a step");
            assert!(last.code.starts_with("curl "), "{name}: {}", last.code);
        }
    }

    #[test]
    fn a_name_that_a_shell_would_not_take_as_one_is_refused() {
        assert!(connection(DEFAULT_SERVICE).is_ok());
        for service in ["", "a b", "a;b", "$(a)", "'", "-a", "ü", &"a".repeat(101)] {
            assert!(connection(service).is_err(), "{service}");
        }
    }
}
