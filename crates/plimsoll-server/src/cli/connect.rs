//! `plimsoll connect`.

use anyhow::{Context, bail};
use clap::Args;

use super::place::server_address;
use super::{Place, say};
use crate::connect::{self, Connection, DEFAULT_SERVICE, Recipe, Step};

/// Prints what to paste so that a service sends here.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  plimsoll connect                                   lists what can be connected
  plimsoll connect python --service orders
  plimsoll connect node --url http://127.0.0.1:2876
  plimsoll connect telegraf --json

The address is --url, else that of the server that has the data folder open, else that of the configuration.")]
pub(super) struct ConnectCommand {
    /// What sends: python, node, java, go, dotnet, rust, home-assistant, prometheus or telegraf.
    #[arg(value_name = "WHAT")]
    what: Option<String>,
    /// Where senders reach the server.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// The sender's name [default: my-service].
    #[arg(long, value_name = "NAME", default_value = DEFAULT_SERVICE, hide_default_value = true)]
    service: String,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(command: &ConnectCommand) -> anyhow::Result<()> {
    let address = server_address(&command.place, command.url.as_deref())?;
    let connection = Connection::new(address, &command.service)?;
    let Some(what) = &command.what else {
        let recipes = connect::recipes(&connection);
        return match command.json {
            true => say(&serde_json::to_string_pretty(&recipes)?),
            false => say(&list(&recipes)),
        };
    };
    let Some(recipe) = connect::recipe(what, &connection) else {
        let known = connect::names();
        let near = known
            .iter()
            .max_by(|a, b| strsim::jaro(a, what).total_cmp(&strsim::jaro(b, what)))
            .filter(|near| strsim::jaro(near, what) > 0.7);
        let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
        bail!(
            "there is no recipe for {what:?}{hint}; there are {}",
            known.join(", ")
        );
    };
    match command.json {
        true => say(&serde_json::to_string_pretty(&recipe).context("cannot write JSON")?),
        false => say(&text(&recipe)),
    }
}

fn list(recipes: &[Recipe]) -> String {
    let line = |recipe: &Recipe| format!("plimsoll connect {:<16} {}", recipe.name, recipe.title);
    recipes.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// All but the code is a comment, so that lines can be pasted as they stand.
fn text(recipe: &Recipe) -> String {
    let mut text = format!("# {}. {}\n", recipe.title, recipe.when);
    for (step, number) in recipe.steps.iter().zip(1..) {
        let Step {
            text: what, code, ..
        } = step;
        let file = match step.file {
            Some(file) => format!(" ({file})"),
            None => String::new(),
        };
        text += &format!("\n# {number}. {what}{file}:\n{code}\n");
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::Address;

    #[test]
    fn every_line_that_is_no_code_is_a_comment() {
        let address = Address::of_url("http://127.0.0.1:1876").unwrap();
        let connection = Connection::new(address, "shop").unwrap();
        for recipe in connect::recipes(&connection) {
            let mut rest = text(&recipe);
            for step in &recipe.steps {
                let at = rest.find(&format!("\n{}", step.code)).expect("as it is");
                rest.replace_range(at..=at + step.code.len(), "");
            }
            assert!(
                rest.lines()
                    .all(|line| line.is_empty() || line.starts_with("# ")),
                "{rest}"
            );
        }
    }
}
