//! Stock clients against the real binary.
#![allow(
    clippy::unwrap_used,
    reason = "a test may panic; clippy sees only functions marked as tests"
)]

mod grpc;
mod influxdb;
mod library;
mod node;
mod otlp;
#[cfg(feature = "parquet")]
mod parquet;
mod prometheus;
pub(crate) mod python;
mod recipes;
mod schemathesis;
mod services;
mod twice;
