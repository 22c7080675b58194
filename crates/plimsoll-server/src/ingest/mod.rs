//! Ways by which rows come in.

pub mod otlp;
