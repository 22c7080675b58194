//! What the probes answer, in OpenAPI's format.

use axum::Router;
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::Path;
use utoipa::openapi::path::Paths;
use utoipa::openapi::{RefOr, Schema};

use super::{health, metrics, status};
use crate::monitor::Monitor;

/// A path, the shapes that its answers name, and what it does.
pub(super) type PathDescription = (String, Vec<(String, RefOr<Schema>)>, Paths);

impl Monitor {
    /// [`Monitor::probes`], and each of its paths described. Errors have the shape `Problem`, which the document must have.
    pub fn probes_described<S: Clone + Send + Sync + 'static>(
        &self,
    ) -> (Router<S>, Vec<PathDescription>) {
        let paths = &self.config().paths;
        let mut same = describe::<health::__path_health>("/healthz");
        for item in same.2.paths.values_mut() {
            if let Some(operation) = &mut item.get {
                operation.operation_id = Some("getHealthz".to_owned());
            }
        }
        let described = vec![
            describe::<health::__path_health>(&paths.health),
            same,
            describe::<health::__path_live>("/livez"),
            describe::<health::__path_ready>("/readyz"),
            describe::<status::__path_status>(&paths.status),
            describe::<metrics::__path_metrics>(&paths.metrics),
        ];
        (self.probes(), described)
    }
}

fn describe<P: Path + SchemaReferences + for<'t> Tags<'t>>(path: &str) -> PathDescription {
    let mut schemas = Vec::new();
    P::schemas(&mut schemas);
    let mut paths = Paths::new();
    let mut operation = P::operation();
    operation.tags = Some(P::tags().into_iter().map(str::to_owned).collect());
    paths.add_path_operation(path, P::methods(), operation);
    (path.to_owned(), schemas, paths)
}
