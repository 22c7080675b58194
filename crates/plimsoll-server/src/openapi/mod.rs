//! The description of the interface, made from the handlers themselves: `/openapi.json`, and `/docs` for people.
//!
//! A handler carries `#[utoipa::path(…)]`; the line that gives it its path in [`crate::router`] puts it into the
//! document, too, so that the two cannot differ.

pub mod answers;
mod described;
mod document;
pub mod http;
mod page;
mod problem;
mod sweep;
#[cfg(test)]
mod tests;

pub use described::Described;
pub use document::Document;

/// Areas of the interface, in the order in which they are read.
pub mod tag {
    /// Whether the server and its parts are well.
    pub const HEALTH: &str = "health";
    /// Who sends, and how their requests and resources do.
    pub const PERFORMANCE: &str = "performance";
    /// What is judged of them: load line, score, findings, alerts, standards.
    pub const JUDGEMENT: &str = "judgement";
    /// Rows as they were written.
    pub const DATA: &str = "data";
    /// Things that happened.
    pub const EVENTS: &str = "events";
    /// What changes, while it does.
    pub const STREAM: &str = "stream";
    /// Ways in.
    pub const INGEST: &str = "ingest";
    /// Looking after the server.
    pub const OPERATION: &str = "operation";
    /// This description.
    pub const ABOUT: &str = "about";

    /// All of them with what they hold.
    pub(super) const ALL: [(&str, &str); 9] = [
        (
            PERFORMANCE,
            "Who sends, and how their requests and resources do",
        ),
        (
            JUDGEMENT,
            "What is judged: load line, score, findings, alerts, standards",
        ),
        (STREAM, "What changes, while it does"),
        (
            DATA,
            "Rows as they were written, and what there is to ask for",
        ),
        (EVENTS, "Things that happened"),
        (INGEST, "Ways in: OpenTelemetry, InfluxDB line protocol"),
        (HEALTH, "Whether the server and its parts are well"),
        (OPERATION, "Looking after the server"),
        (ABOUT, "This description"),
    ];
}
