//! What each path needs.
//!
//! The router says which path a request is for, however it was spelled, so there is no second reading of it that could
//! differ. A path or method that does not stand here needs an admin: forgetting a line opens nothing.

use std::collections::HashMap;

use axum::http::Method;

use crate::meta::tokens::Scope;

use super::Who;

/// Who may have a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Everybody.
    Nothing,
    /// A token of any scope.
    Any,
    /// One that may ask.
    Read,
    /// One that may send.
    Write,
    /// One that may do everything.
    Admin,
}

/// Every path of [`crate::router`] by method; `HEAD` is as `GET`.
pub const TABLE: &[(&str, &str, Need)] = &[
    // Whether the server is up: asked by what cannot hold a token.
    ("GET", "/health", Need::Nothing),
    ("GET", "/healthz", Need::Nothing),
    ("GET", "/livez", Need::Nothing),
    ("GET", "/readyz", Need::Nothing),
    ("GET", "/api/v1/health", Need::Nothing),
    ("GET", "/ping", Need::Nothing),
    // The page: what it shows it asks for, under the reader's own rights.
    ("GET", "/assets/{*path}", Need::Nothing),
    // How to ask.
    ("GET", "/openapi.json", Need::Nothing),
    ("GET", "/docs", Need::Nothing),
    ("GET", "/docs/style.css", Need::Nothing),
    // To get in, and out.
    ("GET", "/login", Need::Nothing),
    ("GET", "/logout", Need::Nothing),
    ("POST", "/logout", Need::Nothing),
    ("POST", "/api/v1/login-links", Need::Any),
    // What services send.
    ("POST", "/v1/metrics", Need::Write),
    ("POST", "/v1/traces", Need::Write),
    ("POST", "/v1/logs", Need::Write),
    ("POST", "/write", Need::Write),
    ("POST", "/api/v2/write", Need::Write),
    ("POST", "/api/v1/events", Need::Write),
    // InfluxDB's clients ask before they write.
    ("GET", "/query", Need::Any),
    ("POST", "/query", Need::Any),
    // Who may not read sees how to log in instead.
    ("GET", "/", Need::Read),
    ("GET", "/connect", Need::Read),
    ("GET", "/services", Need::Read),
    ("GET", "/services/{name}", Need::Read),
    ("GET", "/services/{name}/standards", Need::Read),
    ("GET", "/alerts", Need::Read),
    ("GET", "/standards", Need::Read),
    // What is asked.
    ("GET", "/status", Need::Read),
    ("GET", "/metrics", Need::Read),
    ("GET", "/api/v1/services", Need::Read),
    ("GET", "/api/performance/metrics", Need::Read),
    ("GET", "/api/performance/routes", Need::Read),
    ("GET", "/api/performance/resources", Need::Read),
    ("GET", "/api/performance/totals", Need::Read),
    ("GET", "/api/performance/series", Need::Read),
    ("GET", "/api/performance/queries", Need::Read),
    ("GET", "/api/performance/calls", Need::Read),
    ("GET", "/api/performance/exemplars", Need::Read),
    ("GET", "/api/performance/load-line", Need::Read),
    ("GET", "/api/performance/load-lines", Need::Read),
    ("GET", "/api/performance/analytics", Need::Read),
    ("GET", "/api/performance/summary", Need::Read),
    ("GET", "/api/performance/bottlenecks", Need::Read),
    ("GET", "/api/performance/trends", Need::Read),
    ("GET", "/api/performance/forecast", Need::Read),
    ("GET", "/api/performance/standards", Need::Read),
    ("GET", "/api/performance/thresholds", Need::Read),
    ("POST", "/api/performance/thresholds/replay", Need::Read),
    ("GET", "/api/performance/alerts", Need::Read),
    ("GET", "/api/performance/silences", Need::Read),
    ("GET", "/api/performance/deploys", Need::Read),
    ("GET", "/api/performance/deploys/compared", Need::Read),
    ("GET", "/api/performance/channels", Need::Read),
    ("GET", "/api/performance/outbox", Need::Read),
    ("GET", "/api/performance/report", Need::Read),
    ("GET", "/api/performance/aggregates", Need::Read),
    ("GET", "/api/v1/suggestions", Need::Read),
    ("GET", "/api/v1/refused", Need::Read),
    ("GET", "/api/v1/connect", Need::Read),
    ("GET", "/api/v1/targets", Need::Read),
    ("GET", "/api/stream", Need::Read),
    ("GET", "/api/v1/query", Need::Read),
    ("POST", "/api/v1/query", Need::Read),
    ("GET", "/api/v1/export", Need::Read),
    ("GET", "/api/v1/events", Need::Read),
    ("GET", "/api/v1/events/stats", Need::Read),
    ("GET", "/api/v1/stats", Need::Read),
    ("GET", "/api/v1/measurements", Need::Read),
    ("GET", "/api/v1/measurements/{measurement}", Need::Read),
    (
        "GET",
        "/api/v1/measurements/{measurement}/tags/{tag}",
        Need::Read,
    ),
    // Continuous integration tells what it puts into production.
    ("POST", "/api/performance/deploys", Need::Write),
    // What only its owner does.
    ("PUT", "/api/performance/thresholds", Need::Admin),
    ("POST", "/api/performance/alerts/{id}/resolve", Need::Admin),
    (
        "POST",
        "/api/performance/alerts/{id}/acknowledge",
        Need::Admin,
    ),
    ("POST", "/api/performance/silences", Need::Admin),
    ("DELETE", "/api/performance/silences/{id}", Need::Admin),
    ("POST", "/api/performance/channels/{name}/test", Need::Admin),
    ("POST", "/api/v1/suggestions", Need::Admin),
    ("POST", "/api/v1/backup", Need::Admin),
    ("GET", "/api/v1/tokens", Need::Admin),
    ("POST", "/api/v1/tokens", Need::Admin),
    ("DELETE", "/api/v1/tokens/{token}", Need::Admin),
];

/// The table of a server, with the paths that its configuration moved.
#[derive(Clone, Debug)]
pub struct Paths {
    needs: HashMap<String, Vec<(Method, Need)>>,
}

/// Paths that can be moved by configuration, each by its default.
#[derive(Clone, Debug)]
pub struct Moved<'a> {
    /// Instead of `/health`.
    pub health: &'a str,
    /// Instead of `/status`.
    pub status: &'a str,
    /// Instead of `/metrics`.
    pub metrics: &'a str,
}

impl Paths {
    /// The table.
    pub fn new(moved: &Moved<'_>) -> Self {
        let mut needs: HashMap<String, Vec<(Method, Need)>> = HashMap::new();
        for (method, path, need) in TABLE {
            let path = match *path {
                "/health" => moved.health,
                "/status" => moved.status,
                "/metrics" => moved.metrics,
                path => path,
            };
            let method = Method::from_bytes(method.as_bytes()).expect("a method's name");
            let of_path = needs.entry(path.to_owned()).or_default();
            // Where two were moved to one path, the first is served.
            if of_path.iter().all(|(known, _)| *known != method) {
                of_path.push((method, *need));
            }
        }
        Self { needs }
    }

    /// What a request needs. `route` is the path as the router has it, none for one that it does not know: only who may ask
    /// learns that there is nothing.
    pub fn need(&self, method: &Method, route: Option<&str>) -> Need {
        let Some(route) = route else {
            return Need::Any;
        };
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let of_path = self.needs.get(route);
        let found = of_path.and_then(|all| all.iter().find(|(known, _)| known == method));
        found.map_or(Need::Admin, |(_, need)| *need)
    }
}

impl Need {
    /// Whether `who` has it.
    pub fn is_met_by(self, who: Who) -> bool {
        let scope = match who {
            Who::Local => return true,
            Who::Stranger(_) => return self == Self::Nothing,
            Who::Token { scope, .. } | Who::Session { scope, .. } => scope,
        };
        match self {
            Self::Nothing | Self::Any => true,
            Self::Read => matches!(scope, Scope::Read | Scope::Admin),
            Self::Write => matches!(scope, Scope::Write | Scope::Admin),
            Self::Admin => scope == Scope::Admin,
        }
    }

    /// The scope that would do.
    pub fn scope(self) -> &'static str {
        match self {
            Self::Nothing | Self::Any | Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// Whether everybody who reaches an insecure server has it: to ask and to send, but not to change who may.
    pub fn is_met_without_doors(self) -> bool {
        self != Self::Admin
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DEFAULT: Moved<'_> = Moved {
        health: "/health",
        status: "/status",
        metrics: "/metrics",
    };

    #[test]
    fn no_line_stands_there_twice() {
        let lines: BTreeSet<_> = TABLE
            .iter()
            .map(|(method, path, _)| (method, path))
            .collect();
        assert_eq!(lines.len(), TABLE.len());
    }

    #[test]
    fn what_is_not_listed_needs_an_admin() {
        let paths = Paths::new(&DEFAULT);
        let need = |method, route| paths.need(&method, Some(route));
        assert_eq!(need(Method::DELETE, "/api/v1/query"), Need::Admin);
        assert_eq!(need(Method::GET, "/api/v9/secrets"), Need::Admin);
        assert_eq!(need(Method::HEAD, "/ping"), Need::Nothing);
        assert_eq!(paths.need(&Method::GET, None), Need::Any);
    }

    #[test]
    fn moved_paths_keep_their_needs() {
        let paths = Paths::new(&Moved {
            metrics: "/own/metrics",
            ..DEFAULT
        });
        assert_eq!(paths.need(&Method::GET, Some("/own/metrics")), Need::Read);
        assert_eq!(paths.need(&Method::GET, Some("/metrics")), Need::Admin);
    }
}
