//! The server behind the `plimsoll` command: store, ingest, API.

pub mod store;
