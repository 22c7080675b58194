//! The server behind the `plimsoll` command: `main → app → {router/api, ingest, tick} → {store, notify} → plimsoll`.

// Who reads about this crate works on it, and may follow a link to what is private.
#![allow(rustdoc::private_intra_doc_links)]

pub mod api;
pub mod app;
pub mod cli;
pub mod config;
pub mod connect;
pub mod doctor;
pub mod doors;
pub mod export;
pub mod http;
pub mod ingest;
pub mod judge;
pub mod meta;
pub mod notify;
pub mod openapi;
pub mod outward;
pub mod page;
pub mod performance;
pub mod reading;
pub mod report;
pub mod router;
pub mod scrape;
pub mod sd;
pub mod self_monitor;
pub mod services;
pub mod state;
pub mod store;
pub mod stream;
pub mod suggestions;
pub mod tasks;
pub mod tick;
pub mod trust;
