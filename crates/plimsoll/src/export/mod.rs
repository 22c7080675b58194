//! Pushes windows as OTLP over HTTP (protobuf).
//!
//! Histograms are exponential ones, everything that counts has delta temporality. `docs/data-model.md` lists the names.
//! Only `http://` is spoken: TLS is the business of a collector or of a proxy nearby.

mod mapping;
mod points;
mod resource;

pub use mapping::request;
pub use resource::Resource;
