//! Stock clients against the real binary.
#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; clippy sees only functions marked as tests"
)]

mod influxdb;
mod library;
mod otlp;
#[cfg(feature = "parquet")]
mod parquet;
mod python;
mod schemathesis;
