//! Stock clients against the real binary.

mod influxdb;
mod library;
mod otlp;
mod python;
