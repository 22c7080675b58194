//! Classes of operations and what is expected of each.

use std::sync::Arc;

use super::bands::Bands;

/// Operations that are expected to be alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// `read`, `write`, …
    pub name: Arc<str>,
    /// Limits of the p95.
    pub bands: Bands,
    /// What a load test has to reach, requests per second.
    pub throughput_per_second: Option<f64>,
    /// Fewer requests per minute mean that something is wrong.
    pub floor_per_minute: Option<f64>,
    /// Share of the requests that must be answered within [`Bands::investigate`].
    pub objective: f64,
}

impl Class {
    /// The classes that there always are, in the order in which they are shown.
    ///
    /// Milliseconds of `investigate` and requests per second. `device` and `event` are queries of a home; their target
    /// and acceptable times are the documents' own, those of the others follow from [`Bands::below`].
    pub(super) fn built_in(objective: f64) -> Vec<Self> {
        let class = |name: &str, bands: Bands, throughput_per_second: Option<f64>| Self {
            name: name.into(),
            bands,
            throughput_per_second,
            floor_per_minute: None,
            objective,
        };
        let ms = |target: f64, acceptable: f64, investigate: f64| Bands {
            target: target / 1e3,
            acceptable: acceptable / 1e3,
            investigate: investigate / 1e3,
        };
        vec![
            class(HEALTH, ms(10.0, 50.0, 100.0), Some(1000.0)),
            class(READ, Bands::below(0.5), Some(500.0)),
            class(WRITE, Bands::below(1.0), Some(100.0)),
            class(DELETE, Bands::below(0.8), Some(200.0)),
            class(COMPLEX, Bands::below(2.0), Some(50.0)),
            class(AGGREGATION, Bands::below(3.0), Some(20.0)),
            class(EXPORT, Bands::below(5.0), Some(5.0)),
            class(DEVICE, ms(10.0, 50.0, 100.0), None),
            class(EVENT, ms(100.0, 200.0, 500.0), None),
            class(EXTERNAL, Bands::below(5.0), None),
            class(PAGE_LOAD, ms(2_000.0, 5_000.0, 10_000.0), None),
        ]
    }
}

/// Probes: whether a service is there.
pub const HEALTH: &str = "health";
/// GET and HEAD.
pub const READ: &str = "read";
/// POST, PUT and PATCH.
pub const WRITE: &str = "write";
/// DELETE.
pub const DELETE: &str = "delete";
/// Searches, and whatever else takes more than reading a few rows.
pub const COMPLEX: &str = "complex";
/// Statistics over many rows.
pub const AGGREGATION: &str = "aggregation";
/// Files of everything.
pub const EXPORT: &str = "export";
/// Devices and entities of a home.
pub const DEVICE: &str = "device";
/// Events of a home.
pub const EVENT: &str = "event";
/// What waits for somebody else, such as a language model.
pub const EXTERNAL: &str = "external";
/// A page in a browser, until it can be used.
pub const PAGE_LOAD: &str = "page_load";

/// Which built-in class a method is of by itself.
pub(super) fn of_method(method: &str) -> &'static str {
    match method {
        "POST" | "PUT" | "PATCH" => WRITE,
        "DELETE" => DELETE,
        _ => READ,
    }
}

/// Which routes are of which built-in class by themselves, wherever nobody said otherwise.
pub(super) const ROUTES: &[(&str, &[&str])] = &[
    (
        HEALTH,
        &[
            "/health",
            "/healthz",
            "/livez",
            "/readyz",
            "/status",
            "/ping",
            "/metrics",
            "/**/health",
        ],
    ),
    (COMPLEX, &["/**/search", "/**/search/*", "/**/query"]),
    (
        AGGREGATION,
        &[
            "/**/stats",
            "/**/statistics",
            "/**/summary",
            "/**/report",
            "/**/reports",
            "/reports/**",
        ],
    ),
    (
        EXPORT,
        &[
            "/**/export",
            "/**/exports",
            "/export/**",
            "/**/export/*",
            "/**/download",
        ],
    ),
];

/// The same for a home.
pub(super) const ROUTES_OF_A_HOME: &[(&str, &[&str])] = &[
    (
        DEVICE,
        &[
            "/**/devices",
            "/**/devices/*",
            "/**/entities",
            "/**/entities/*",
        ],
    ),
    (EVENT, &["/**/events", "/**/events/*"]),
];
