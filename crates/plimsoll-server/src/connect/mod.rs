//! How a sender is pointed at this server: recipes with its address in them, for the command and for the page.

mod address;
mod otel;
mod others;
mod recipe;

pub use address::{Address, BadAddress};
pub use recipe::{BadService, Connection, Recipe, Step};

use recipe::Template;

/// The service in a recipe when nobody names one.
pub const DEFAULT_SERVICE: &str = "my-service";

/// All recipes, in the order in which they are listed.
const ALL: [&Template; 9] = [
    &otel::PYTHON,
    &otel::NODE,
    &otel::JAVA,
    &otel::GO,
    &otel::DOTNET,
    &others::RUST,
    &others::HOME_ASSISTANT,
    &others::PROMETHEUS,
    &others::TELEGRAF,
];

/// Every recipe for a connection.
pub fn recipes(connection: &Connection) -> Vec<Recipe> {
    ALL.iter()
        .map(|template| template.filled(connection))
        .collect()
}

/// The recipe of a name; `None`: there is none.
pub fn recipe(name: &str, connection: &Connection) -> Option<Recipe> {
    let template = ALL.iter().find(|template| template.name == name);
    template.map(|template| template.filled(connection))
}

/// The names of all recipes.
pub fn names() -> [&'static str; ALL.len()] {
    ALL.map(|template| template.name)
}
