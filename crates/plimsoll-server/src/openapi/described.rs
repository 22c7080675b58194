//! A router that describes what it serves.

use axum::Router;
use axum::routing::MethodRouter;
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Paths, RefOr, Schema,
};

use super::{problem, tag};

/// What `utoipa_axum::routes!` makes of handlers: schemas they name, what they do, and the handlers themselves.
type Handlers<S> = (Schemas, Paths, MethodRouter<S>);
/// Shapes by name.
type Schemas = Vec<(String, RefOr<Schema>)>;

/// Paths being gathered, each with its handlers and their description.
pub struct Described<S> {
    router: Router<S>,
    paths: Paths,
    schemas: Schemas,
}

impl<S: Clone + Send + Sync + 'static> Default for Described<S> {
    fn default() -> Self {
        Self {
            router: Router::new(),
            paths: Paths::new(),
            schemas: vec![problem::named()],
        }
    }
}

impl<S: Clone + Send + Sync + 'static> Described<S> {
    /// Serves and describes `handlers` at `path`; what their attributes say of a path is left aside.
    #[must_use]
    pub fn path(mut self, path: &str, (schemas, paths, methods): Handlers<S>) -> Self {
        self.router = self.router.route(path, methods);
        self.describe(path, schemas, paths);
        self
    }

    /// Takes over routes that describe themselves.
    #[must_use]
    pub fn merge(mut self, router: Router<S>, described: Vec<(String, Schemas, Paths)>) -> Self {
        self.router = self.router.merge(router);
        for (path, schemas, paths) in described {
            self.describe(&path, schemas, paths);
        }
        self
    }

    fn describe(&mut self, path: &str, schemas: Schemas, paths: Paths) {
        for item in paths.paths.into_values() {
            match self.paths.paths.get_mut(path) {
                Some(there) => there.merge_operations(item),
                None => {
                    self.paths.paths.insert(path.to_owned(), item);
                }
            }
        }
        self.schemas.extend(schemas);
    }

    /// The router, and the document of all its paths.
    pub fn finish(self) -> (Router<S>, OpenApi) {
        let info = InfoBuilder::new()
            .title("Plimsoll")
            .version(env!("CARGO_PKG_VERSION"))
            .description(Some(
                "Times go in as RFC 3339, epoch milliseconds or relative to now (`-1h`). Durations are seconds and sizes \
                 bytes unless a name says otherwise. Errors are problem JSON (RFC 9457) that names the field and its value.",
            ));
        let tags = tag::ALL.iter().map(|(name, description)| {
            let tag = utoipa::openapi::tag::TagBuilder::new().name(*name);
            tag.description(Some(*description)).build()
        });
        let components = ComponentsBuilder::new().schemas_from_iter(self.schemas);
        let document = OpenApiBuilder::new()
            .info(info.build())
            .paths(self.paths)
            .components(Some(components.build()))
            .tags(Some(tags));
        (self.router, document.build())
    }
}
